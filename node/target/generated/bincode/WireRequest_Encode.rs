impl :: bincode :: Encode for WireRequest
{
    fn encode < __E : :: bincode :: enc :: Encoder >
    (& self, encoder : & mut __E) ->core :: result :: Result < (), :: bincode
    :: error :: EncodeError >
    {
        match self
        {
            Self ::Heads { known }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (0u32), encoder) ?
                ; :: bincode :: Encode :: encode(known, encoder) ?; core ::
                result :: Result :: Ok(())
            }, Self ::Range { log, start, count }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (1u32), encoder) ?
                ; :: bincode :: Encode :: encode(log, encoder) ?; :: bincode
                :: Encode :: encode(start, encoder) ?; :: bincode :: Encode ::
                encode(count, encoder) ?; core :: result :: Result :: Ok(())
            }, Self ::Tell(field_0)
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (2u32), encoder) ?
                ; :: bincode :: Encode :: encode(field_0, encoder) ?; core ::
                result :: Result :: Ok(())
            }, Self ::Cosigned { log, size, line }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (3u32), encoder) ?
                ; :: bincode :: Encode :: encode(log, encoder) ?; :: bincode
                :: Encode :: encode(size, encoder) ?; :: bincode :: Encode ::
                encode(line, encoder) ?; core :: result :: Result :: Ok(())
            }, Self ::Fork { proof }
            =>{
                < u32 as :: bincode :: Encode >:: encode(& (4u32), encoder) ?
                ; :: bincode :: Encode :: encode(proof, encoder) ?; core ::
                result :: Result :: Ok(())
            },
        }
    }
}