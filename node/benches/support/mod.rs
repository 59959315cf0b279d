//! What the benchmarks share: a federation from seeds, labels, logs, nodes, and a peer that serves logs from memory.

#![allow(dead_code, reason = "each benchmark uses its part")]
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

pub(crate) mod bundle;
pub(crate) mod federation;
pub(crate) mod feeder;
pub(crate) mod labels;
pub(crate) mod limit;
pub(crate) mod logs;
pub(crate) mod measure;
pub(crate) mod node;
