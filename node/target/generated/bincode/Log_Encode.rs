impl :: bincode :: Encode for Log
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.agency, encoder) ?; :: bincode ::
        Encode :: encode(&self.epoch, encoder) ?; core :: result :: Result ::
        Ok(())
    }
}