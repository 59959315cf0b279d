impl :: bincode :: Encode for HeadRow
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        :: bincode :: Encode :: encode(&self.agency, encoder) ?; :: bincode ::
        Encode :: encode(&self.epoch, encoder) ?; :: bincode :: Encode ::
        encode(&self.size, encoder) ?; :: bincode :: Encode ::
        encode(&self.root, encoder) ?; core :: result :: Result :: Ok(())
    }
}