//! One entry of the trail, and the chain that entries make: each names the hash of the one before. Pure, so that whoever has an
//! export can recompute it without a node.

use std::collections::BTreeMap;

use parangon_protocol::canonical::{self, CanonicalError};
use parangon_protocol::id::Hash;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::roles::Roles;

/// Bytes of an entry's text at most. It holds a token's name, a route, and ids.
const ENTRY_BYTES: usize = 8 * 1024;

/// What separates hashes of entries from all others.
const TAG: &[u8] = b"parangon/audit/v1\n";

/// What somebody did. It holds no body, no score, no free text but a token's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who: `token 5a6b… "its name"` or `uid 1000`.
    pub actor: String,
    /// The entry that this one tells the end of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// When, by the node's clock.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Ids in the path, by their place. What had not the form of an id is `?`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// The HTTP method.
    pub method: String,
    /// Counts from 1, without a gap.
    pub number: u64,
    /// SHA-256 of the entry before; zeros before the first.
    #[schema(value_type = String)]
    pub previous: Hash,
    /// What they were allowed to do.
    #[schema(value_type = Vec<crate::service::roles::Role>)]
    pub roles: Roles,
    /// The route, with the names of its ids.
    pub route: String,
    /// How it ended. Absent: it was asked for, and its end is another entry. Where that is missing, the node stopped in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Entry {
    /// The text that is hashed: one line.
    ///
    /// # Errors
    /// [`CanonicalError`] for an entry over its bound.
    pub fn text(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::encode(self, ENTRY_BYTES)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`CanonicalError`] for anything but the text of an entry.
    pub fn read(text: &[u8]) -> Result<Self, CanonicalError> {
        canonical::decode(text, ENTRY_BYTES)
    }

    /// The hash that the next entry names.
    ///
    /// # Errors
    /// As [`Entry::text`].
    pub fn hash(&self) -> Result<Hash, CanonicalError> {
        Ok(Hash::of(&[TAG, &self.text()?]))
    }
}

/// Where a chain stands: what comes next, and what that has to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of the entry that follows.
    pub next: u64,
    /// Hash of the entry before it.
    pub last: Hash,
}

/// Why entries are no chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// One is missing, or stands elsewhere.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Missing {
        /// Which should follow.
        expected: u64,
        /// Which does.
        found: u64,
    },
    /// One was altered, or another was put before it.
    #[error("entry {number} names another entry before it than the one that is there: one of the two was altered")]
    Altered {
        /// The one that names it.
        number: u64,
    },
    /// The end is not the one that was noted.
    #[error("the end is not the one that was noted: entries after {last} were cut off, or entry {last} was altered")]
    End {
        /// The last one that is there.
        last: u64,
    },
    /// No entry at all.
    #[error(transparent)]
    Text(#[from] CanonicalError),
}

impl Place {
    /// Takes the next entry.
    ///
    /// # Errors
    /// [`Broken`], and then nothing is taken.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Broken> {
        if entry.number != self.next {
            return Err(Broken::Missing { expected: self.next, found: entry.number });
        }
        if entry.previous != self.last {
            return Err(Broken::Altered { number: entry.number });
        }
        *self = Self { next: self.next + 1, last: entry.hash()? };
        Ok(())
    }

    /// Whether this is where it should end.
    ///
    /// # Errors
    /// [`Broken::End`].
    pub fn ends_at(&self, end: &Self) -> Result<(), Broken> {
        if self == end { Ok(()) } else { Err(Broken::End { last: self.next.saturating_sub(1) }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> Vec<Entry> {
        let mut place = Place { next: 1, last: Hash::default() };
        let entry = |place: &Place| Entry {
            actor: "uid 7".into(),
            answers: None,
            at: Timestamp::default(),
            code: None,
            ids: BTreeMap::new(),
            method: "POST".into(),
            number: place.next,
            previous: place.last,
            roles: Roles::all(),
            route: "/api/v1/labels".into(),
            status: Some(201),
        };
        let next = |_| {
            let entry = entry(&place);
            place.follow(&entry).expect("it follows");
            entry
        };
        (0..length).map(next).collect()
    }

    fn follow(entries: &[Entry]) -> Result<Place, Broken> {
        let mut place = Place { next: 1, last: Hash::default() };
        entries.iter().try_for_each(|entry| place.follow(entry)).map(|()| place)
    }

    #[test]
    fn every_alteration_and_every_cut_shows() {
        let whole = chain(5);
        let end = follow(&whole).expect("a chain");
        for (at, entry) in whole.iter().enumerate() {
            assert_eq!(Entry::read(&entry.text().expect("text")).as_ref(), Ok(entry));
            let mut altered = whole.clone();
            altered[at].status = Some(500);
            let broken = follow(&altered).and_then(|place| place.ends_at(&end)).expect_err("altered");
            let expected = if at == 4 { Broken::End { last: 5 } } else { Broken::Altered { number: entry.number + 1 } };
            assert_eq!(broken, expected);
            let mut cut = whole.clone();
            cut.remove(at);
            assert!(follow(&cut).and_then(|place| place.ends_at(&end)).is_err(), "without {at}");
        }
        let mut swapped = whole;
        swapped.swap(1, 2);
        assert_eq!(follow(&swapped), Err(Broken::Missing { expected: 2, found: 3 }));
    }
}
