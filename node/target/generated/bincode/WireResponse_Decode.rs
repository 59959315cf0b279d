impl < __Context > :: bincode :: Decode < __Context > for WireResponse
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result ::
            Ok(Self ::Heads
            {
                0 : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), 1u32 =>core :: result :: Result ::
            Ok(Self ::Range
            {
                log : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?, start : :: bincode :: Decode ::< __D ::
                Context >:: decode(decoder) ?, records : :: bincode :: Decode
                ::< __D :: Context >:: decode(decoder) ?, note : :: bincode ::
                Decode ::< __D :: Context >:: decode(decoder) ?, proof : ::
                bincode :: Decode ::< __D :: Context >:: decode(decoder) ?,
            }), 2u32 =>core :: result :: Result :: Ok(Self ::Done {}), 3u32
            =>core :: result :: Result :: Ok(Self ::Missing {}), 4u32 =>core
            :: result :: Result ::
            Ok(Self ::Refused
            {
                0 : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireResponse", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 4 }
            })
        }
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for WireResponse
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        let variant_index = < u32 as :: bincode :: Decode ::< __D :: Context
        >>:: decode(decoder) ?; match variant_index
        {
            0u32 =>core :: result :: Result ::
            Ok(Self ::Heads
            {
                0 : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 1u32 =>core :: result :: Result ::
            Ok(Self ::Range
            {
                log : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?, start : :: bincode :: BorrowDecode
                ::< __D :: Context >:: borrow_decode(decoder) ?, records : ::
                bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?, note : :: bincode :: BorrowDecode
                ::< __D :: Context >:: borrow_decode(decoder) ?, proof : ::
                bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 2u32 =>core :: result :: Result :: Ok(Self ::Done {}), 3u32
            =>core :: result :: Result :: Ok(Self ::Missing {}), 4u32 =>core
            :: result :: Result ::
            Ok(Self ::Refused
            {
                0 : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireResponse", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 4 }
            })
        }
    }
}