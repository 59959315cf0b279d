impl < __Context > :: bincode :: Decode < __Context > for WireRequest
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
                known : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), 1u32 =>core :: result :: Result ::
            Ok(Self ::Range
            {
                log : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?, start : :: bincode :: Decode ::< __D ::
                Context >:: decode(decoder) ?, count : :: bincode :: Decode
                ::< __D :: Context >:: decode(decoder) ?,
            }), 2u32 =>core :: result :: Result ::
            Ok(Self ::Tell
            {
                0 : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), 3u32 =>core :: result :: Result ::
            Ok(Self ::Cosigned
            {
                log : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?, size : :: bincode :: Decode ::< __D ::
                Context >:: decode(decoder) ?, line : :: bincode :: Decode ::<
                __D :: Context >:: decode(decoder) ?,
            }), 4u32 =>core :: result :: Result ::
            Ok(Self ::Fork
            {
                proof : :: bincode :: Decode ::< __D :: Context >::
                decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireRequest", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 4 }
            })
        }
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for WireRequest
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
                known : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 1u32 =>core :: result :: Result ::
            Ok(Self ::Range
            {
                log : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?, start : :: bincode :: BorrowDecode
                ::< __D :: Context >:: borrow_decode(decoder) ?, count : ::
                bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 2u32 =>core :: result :: Result ::
            Ok(Self ::Tell
            {
                0 : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 3u32 =>core :: result :: Result ::
            Ok(Self ::Cosigned
            {
                log : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?, size : :: bincode :: BorrowDecode
                ::< __D :: Context >:: borrow_decode(decoder) ?, line : ::
                bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), 4u32 =>core :: result :: Result ::
            Ok(Self ::Fork
            {
                proof : :: bincode :: BorrowDecode ::< __D :: Context >::
                borrow_decode(decoder) ?,
            }), variant =>core :: result :: Result ::
            Err(:: bincode :: error :: DecodeError :: UnexpectedVariant
            {
                found : variant, type_name : "WireRequest", allowed : &::
                bincode :: error :: AllowedEnumVariants :: Range
                { min: 0, max: 4 }
            })
        }
    }
}