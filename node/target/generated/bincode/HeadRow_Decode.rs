impl < __Context > :: bincode :: Decode < __Context > for HeadRow
{
    fn decode < __D : :: bincode :: de :: Decoder < Context = __Context > >
    (decoder : & mut __D) ->core :: result :: Result < Self, :: bincode ::
    error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            agency : :: bincode :: Decode :: decode(decoder) ?, epoch : ::
            bincode :: Decode :: decode(decoder) ?, size : :: bincode ::
            Decode :: decode(decoder) ?, root : :: bincode :: Decode ::
            decode(decoder) ?,
        })
    }
} impl < '__de, __Context > :: bincode :: BorrowDecode < '__de, __Context >
for HeadRow
{
    fn borrow_decode < __D : :: bincode :: de :: BorrowDecoder < '__de,
    Context = __Context > > (decoder : & mut __D) ->core :: result :: Result <
    Self, :: bincode :: error :: DecodeError >
    {
        core :: result :: Result ::
        Ok(Self
        {
            agency : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?, epoch : :: bincode :: BorrowDecode ::<
            '_, __Context >:: borrow_decode(decoder) ?, size : :: bincode ::
            BorrowDecode ::< '_, __Context >:: borrow_decode(decoder) ?, root
            : :: bincode :: BorrowDecode ::< '_, __Context >::
            borrow_decode(decoder) ?,
        })
    }
}