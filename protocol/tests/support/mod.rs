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

use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;

pub fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

pub fn log(id: &str) -> LogId {
    LogId::first(agency(id))
}

/// A record like any other: the acts of a day, of which each number has its own.
pub fn anchor(acts: u8) -> Record {
    Record::Anchor(Anchor { day: time("2026-11-02T00:00:00Z"), root: Hash::of(&[&[acts]]) })
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
