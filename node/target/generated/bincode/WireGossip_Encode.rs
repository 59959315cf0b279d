impl :: bincode :: Encode for WireGossip
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        match self
        {
            Self ::Grown { head, start, records }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (0u32), encoder) ?
                ; :: bincode :: Encode :: encode(head, encoder) ?; :: bincode
                :: Encode :: encode(start, encoder) ?; :: bincode :: Encode ::
                encode(records, encoder) ?; core :: result :: Result :: Ok(())
            }, Self ::Fork { proof }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (1u32), encoder) ?
                ; :: bincode :: Encode :: encode(proof, encoder) ?; core ::
                result :: Result :: Ok(())
            },
        }
    }
}