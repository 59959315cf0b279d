//! A split view: an owner tells two stories of its log, and some of its witnesses help (case L3).
//!
//! Heads, trees and cosignatures are real. Every honest witness is a [`Replica`] that is shown one of the stories first and then
//! hears, in an order drawn from the seed, what the owner and the others have to say; colluding ones cosign both stories and
//! answer as the owner does. Nobody may come to believe two heads that contradict each other: no witness, and no reader of a
//! file. What a smaller quorum would have believed is counted as well, by the test alone, so that it is known to see it.
//!
//! [`Replica`]: parangon_protocol::replica::Replica

mod judge;
mod owner;
mod run;
mod story;
mod sweep;
mod world;

pub use self::run::{Audience, Outcome, play};
pub use self::sweep::{Row, sweep};
pub use self::world::World;
