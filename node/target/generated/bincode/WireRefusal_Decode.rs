impl < __Context > :: bincode :: Decode < __Context > for WireRefusal
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result :: Ok(Self ::Malformed {}), 1u32
            =>core :: result :: Result :: Ok(Self ::TooLarge {}), 2u32 =>core
            :: result :: Result :: Ok(Self ::Busy {}), 3u32 =>core :: result
            :: Result :: Ok(Self ::UnsupportedVersion {}), 4u32 =>core ::
            result :: Result :: Ok(Self ::NoAnswer {}), 5u32 =>core :: result
            :: Result ::
            Ok(Self ::Application
            {
                0 : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireRefusal", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 5 }
            })
        }
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for WireRefusal
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result :: Ok(Self ::Malformed {}), 1u32
            =>core :: result :: Result :: Ok(Self ::TooLarge {}), 2u32 =>core
            :: result :: Result :: Ok(Self ::Busy {}), 3u32 =>core :: result
            :: Result :: Ok(Self ::UnsupportedVersion {}), 4u32 =>core ::
            result :: Result :: Ok(Self ::NoAnswer {}), 5u32 =>core :: result
            :: Result ::
            Ok(Self ::Application
            {
                0 : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireRefusal", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 5 }
            })
        }
    }
}