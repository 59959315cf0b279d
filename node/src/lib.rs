//! A node: adapters of disk, network, clock and HTTP around the protocol's rules.

pub mod api;
pub mod backup;
pub mod carriers;
pub mod clock;
pub mod codec;
pub mod config;
pub mod engine;
pub mod figures;
pub mod ical;
pub mod keystore;
pub mod mirrors;
pub mod network;
pub mod outside;
mod run;
pub mod sealing;
pub mod service;
pub mod store;
pub mod web;

pub use run::{Node, NodeConfig, NodeError, NodeFiles};
