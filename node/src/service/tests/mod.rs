//! Use cases between real nodes in one process: store, engine and network, over the memory transport.

mod access;
mod appeal;
mod clock;
mod decision;
mod erasure;
mod evidence;
mod exchange;
mod invitation;
mod objections;
mod panel;
mod refusals;
mod rotation;
mod statistics;
pub(crate) mod support;
mod witness;
mod work;
