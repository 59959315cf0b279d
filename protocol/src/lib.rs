//! The rules of Parangon, and nothing else.
//!
//! This crate has no clock, no randomness, no network and no disk: every function answers from its
//! arguments alone. A node is a set of adapters around [`replica::Replica`]; an offline verifier needs
//! only [`verify`].

pub mod anchor;
pub mod assessment;
pub mod canonical;
pub mod carrier;
pub mod catalogue;
pub mod charter;
pub mod check;
pub mod id;
pub mod invitation;
pub mod keys;
pub mod label;
pub mod limits;
pub mod log;
pub mod message;
pub mod record;
pub mod region;
pub mod replica;
pub mod review;
pub mod statistics;
pub mod time;
pub mod verify;
