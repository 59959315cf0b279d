//! Anchors: one record a day dates what an agency did in private, and tells nobody that it did (protocol, "Anchors").
//!
//! What is dated is the hash of a signed statement: an offer, an answer, a review, a part of a draw. Each has a place in a tree of
//! fixed size, salted; the other places are filled with hashes that look the same. Only the root stands in the log. Later, whoever
//! needs to know is shown one [`Place`], with the record under a head that witnesses cosigned ([`Dated`]): their times say by when
//! the statement existed, whenever it arrives.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::check::KeyBook;
use crate::id::{AgencyId, Hash, LogId};
use crate::label::bundle::{BundleError, Proven};
use crate::limits;
use crate::log::merkle::{self, HashReader};
use crate::record::{Anchor, Record};
use crate::time::Timestamp;

/// Seconds of a day, as anchors count them: from midnight to midnight, UTC.
pub const DAY_SECONDS: u64 = 86_400;

/// Places in a day's tree. An agency that did more in one day dates the rest with the next day's.
pub const PLACES: u16 = 1 << DEPTH;

const DEPTH: u8 = 12;

/// Why something is not dated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The record is not in the agency's log under a head that its key signed.
    #[error("the anchor is not proven: {0}")]
    Unproven(#[from] BundleError),
    /// The record is another one.
    #[error("the record is no anchor of a day")]
    NoAnchor,
    /// The statement is not at that place of the day's tree.
    #[error("the anchor does not cover it")]
    NotCovered,
    /// The head has not its quorum, so nobody vouches for a time.
    #[error("too few witnesses vouch for the anchor's time")]
    Unwitnessed,
    /// More statements than there are places.
    #[error("at most {PLACES} statements have a place in one day's tree")]
    Full,
}

/// The first second of the day in which `time` lies.
#[must_use]
pub fn day_of(time: Timestamp) -> Timestamp {
    Timestamp::default().plus(time.seconds() - time.seconds() % DAY_SECONDS)
}

/// A statement to be dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// The statement's hash.
    pub statement: Hash,
    /// Random, for this statement only: nobody can try out what was stated.
    pub salt: Hash,
}

impl Act {
    fn leaf(&self) -> Hash {
        merkle::leaf_hash(&[&b"parangon/anchor-act\n"[..], &self.salt.0, &self.statement.0].concat())
    }
}

/// Where a statement stands in a day's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its number, from 0.
    pub index: u16,
    /// From the leaf's sibling up, one hash a level.
    pub path: Vec<Hash>,
    /// The statement's salt.
    pub salt: Hash,
}

impl Place {
    /// Whether `statement` stands here in the day's tree.
    ///
    /// # Errors
    /// [`AnchorError::NoAnchor`] for a day that does not begin at midnight, or [`AnchorError::NotCovered`].
    pub fn check(&self, statement: &Hash, anchor: &Anchor) -> Result<(), AnchorError> {
        if anchor.day != day_of(anchor.day) {
            return Err(AnchorError::NoAnchor);
        }
        let leaf = Act { statement: *statement, salt: self.salt }.leaf();
        let holds = merkle::verify_inclusion(&leaf, self.index.into(), PLACES.into(), &self.path, &anchor.root);
        holds.map_err(|_| AnchorError::NotCovered)
    }
}

/// The tree of one day.
#[derive(Debug)]
pub struct Tree {
    /// The leaves, then each level above, the root last.
    levels: Vec<Vec<Hash>>,
    places: Vec<(u16, Hash)>,
}

impl Tree {
    /// Gives each act a place that nothing tells beforehand, and fills the others. `secret` is random and used for one tree only; whoever has
    /// it can tell which places are filled.
    ///
    /// # Errors
    /// [`AnchorError::Full`].
    pub fn new(acts: &[Act], secret: &Hash) -> Result<Self, AnchorError> {
        if acts.len() > PLACES.into() {
            return Err(AnchorError::Full);
        }
        let derived = |tag: &[u8], index: u16| Hash::of(&[tag, &secret.0, &index.to_be_bytes()]);
        let mut order: Vec<u16> = (0..PLACES).collect();
        order.sort_by_cached_key(|index| derived(b"parangon/anchor-order\n", *index));
        let mut leaves: Vec<Hash> = (0..PLACES).map(|index| derived(b"parangon/anchor-blank\n", index)).collect();
        let mut places = Vec::with_capacity(acts.len());
        for (act, index) in acts.iter().zip(order) {
            leaves[usize::from(index)] = act.leaf();
            places.push((index, act.salt));
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(below.chunks(2).map(|pair| merkle::node_hash(&pair[0], &pair[1])).collect());
        }
        Ok(Self { levels, places })
    }

    /// What stands in the log.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.levels[usize::from(DEPTH)][0]
    }

    /// The places of the acts, in their order.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.places.iter().map(|(index, salt)| {
            let Ok(path) = merkle::inclusion_proof(self, (*index).into(), PLACES.into());
            Place { index: *index, path, salt: *salt }
        })
    }
}

impl HashReader for Tree {
    type Error = Infallible;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(self.levels.get(usize::from(level)).and_then(|level| level.get(index)).copied().unwrap_or_default())
    }
}

/// That a statement existed, for whoever knows the statement: its place, and the day's anchor under a cosigned head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dated {
    /// The anchor.
    pub entry: Proven,
    /// The statement's place in it.
    pub place: Place,
    /// The statement's hash.
    pub statement: Hash,
}

/// What is known of a statement's time. Only [`Dated::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    statement: Hash,
    existed_by: Timestamp,
}

impl Date {
    /// The statement's hash.
    #[must_use]
    pub fn statement(&self) -> &Hash {
        &self.statement
    }

    /// By when the statement surely existed, although some witnesses may lie.
    #[must_use]
    pub fn existed_by(&self) -> Timestamp {
        self.existed_by
    }
}

/// Whether what existed by then kept a deadline: by the end of the day after, for a day's anchor follows when the day is over, and has a day to
/// find its witnesses.
#[must_use]
pub fn kept(existed_by: Timestamp, due: Timestamp) -> bool {
    existed_by < day_of(due).plus(2 * DAY_SECONDS)
}

impl Dated {
    /// Checks it against the log of `agency`, which made the statement, by the keys that are known here.
    ///
    /// # Errors
    /// Everything in [`AnchorError`] but [`AnchorError::Full`].
    pub fn check(&self, book: &KeyBook, agency: &AgencyId) -> Result<Date, AnchorError> {
        let (record, place) = self.entry.open(book, &LogId::first(agency.clone()))?;
        let Record::Anchor(anchor) = &record else { return Err(AnchorError::NoAnchor) };
        self.place.check(&self.statement, anchor)?;
        let times = || place.head.cosignatures().iter().map(|(witness, line)| (witness.clone(), line.time));
        // A head may be of just before the newest version took effect in its log.
        let versions = book.chain().versions().rev().filter(|charter| charter.member(agency).is_some()).take(2);
        let existed_by = versions.filter_map(|charter| charter.witnesses(agency).tally(times()).existed_by()).max();
        let existed_by = existed_by.ok_or(AnchorError::Unwitnessed)?;
        Ok(Date { statement: self.statement, existed_by })
    }

    /// Bounds that hold before anything is looked at.
    pub(crate) fn is_bounded(&self) -> bool {
        let fits = canonical::encode(&self.entry, limits::DATED_BYTES).is_ok();
        fits && self.place.path.len() == usize::from(DEPTH) && self.place.index < PLACES
    }
}

#[cfg(test)]
mod tests;
