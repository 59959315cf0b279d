impl :: bincode :: Encode for WireHead
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.log, encoder) ?; :: bincode ::
        Encode :: encode(&self.note, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}