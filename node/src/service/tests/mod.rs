//! Use cases between real nodes in one process: store, engine and network, over the memory transport.

mod access;
mod anchors;
mod appeal;
mod clock;
mod decision;
mod draws;
mod erasure;
mod evidence;
mod exchange;
mod invitation;
mod objections;
mod own_review;
mod panel;
mod pools;
mod refusals;
mod reminders;
mod rotation;
mod statistics;
mod status_list;
pub(crate) mod support;
mod tables;
mod witness;
mod work;
