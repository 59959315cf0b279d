//! A small federation in memory, for tests of everything that needs logs, witnesses and labels: its keys come from
//! seeds, its logs are vectors, its replicas are driven in this process.

#![allow(dead_code, unreachable_pub, missing_docs)] // each test target uses its part
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a test that cannot build its world fails

pub mod award;
pub mod federation;
pub mod ledger;
pub mod network;
pub mod scene;
pub mod vectors;

use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::time::Timestamp;

pub fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

pub fn log(id: &str) -> LogId {
    LogId::first(agency(id))
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
