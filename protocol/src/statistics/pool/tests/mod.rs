//! Small worlds for pools: plans, counters, keys.

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

mod board;
mod earlier;
mod field;
mod lies;
mod messages;
mod plan;
mod privacy;
mod records;
mod rounds;
mod world;

use super::*;
use crate::catalogue::Catalogue;
use crate::charter::Disclosure;
use crate::id::{Fingerprint, Hash};
use crate::keys::{PublicKey, SecretKey};
use crate::review::{Signed, Statement};
use crate::statistics::Period;
use crate::time::Timestamp;

/// Counters of one row.
const CELLS: usize = 6;
/// Indicators of a plan here.
const INDICATORS: [&str; 2] = ["1.1", "1.2"];

fn agency(number: usize) -> AgencyId {
    format!("agency-{number}").parse().unwrap()
}

fn federation() -> Fingerprint {
    Fingerprint(Hash::of(&[b"federation"]))
}

fn key(agency: &AgencyId) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[b"issue", agency.as_str().as_bytes()]).0)
}

fn issue(agency: &AgencyId) -> Vec<PublicKey> {
    vec![key(agency).public()]
}

fn keys() -> Keys<'static> {
    static FEDERATION: std::sync::LazyLock<Fingerprint> = std::sync::LazyLock::new(federation);
    Keys { federation: &FEDERATION, issue: &issue }
}

fn signed<T: Statement>(body: T) -> Signed<T> {
    let key = key(body.author());
    Signed::sign(body, &federation(), &key).unwrap()
}

/// Bytes that follow from a seed: SHA-256 in counter mode.
struct Stream {
    seed: u64,
    block: u64,
    left: Vec<u8>,
}

impl Stream {
    fn new(seed: u64) -> Self {
        Self { seed, block: 0, left: vec![] }
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                self.left = Hash::of(&[&self.seed.to_le_bytes(), &self.block.to_le_bytes()]).0.to_vec();
                self.block += 1;
            }
            *byte = self.left.pop().unwrap();
        }
    }

    /// From 0 to `below` - 1.
    fn draw(&mut self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes) % below
    }
}

fn period() -> Period {
    "2026-Q4".parse().unwrap()
}

fn rule() -> Disclosure {
    Disclosure::new(3, 1)
}

/// One group; each agency has so many units, of which one is known to stand at level 2 or above.
fn plan_of(units: &[u32]) -> Plan {
    let floors = |units: u32| [units.saturating_sub(1), 0, 0, 1.min(units), 0, 0];
    let seat = |(at, units): (usize, &u32)| Seat {
        agency: agency(at + 1),
        groups: vec![Known { units: *units, floors: vec![floors(*units); INDICATORS.len()] }],
    };
    let seats = units.iter().enumerate().map(seat).collect();
    let indicators = INDICATORS.iter().map(|code| code.parse().unwrap()).collect();
    Plan::new(Catalogue::ecei().reference(), period(), vec![Group { value: None }], indicators, seats, &rule()).unwrap()
}

/// `count` agencies with 2 to 4 units.
fn plan(count: usize) -> Plan {
    plan_of(&(0..count).map(|at| 2 + u32::try_from(at % 3).unwrap()).collect::<Vec<_>>())
}

/// The true counters of an agency of [`plan`]: some at each level, one at level 2 at least.
fn counters(number: usize) -> Vec<u64> {
    let units = 2 + (number - 1) % 3;
    let row = |shift: usize| {
        let mut cells = [0; CELLS];
        (0..units).for_each(|unit| cells[if unit == 0 { 3 } else { (number + unit + shift) % CELLS }] += 1);
        cells
    };
    (0..INDICATORS.len()).flat_map(row).collect()
}

fn seconds(days: u64) -> u64 {
    days * 86_400
}
