//! Real swarms in one process. Conditions are awaited with a bound, never slept for.

mod crowd;
mod exchange;
mod gossip;
mod guests;
mod refused;
mod restart;
