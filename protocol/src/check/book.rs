//! The keys known so far: what the logs said, checked against the charter's identity keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::memo::Memo;
use crate::charter::Chain;
use crate::id::{AgencyId, Fingerprint, LogId, witness_name};
use crate::keys::{KeyError, KeySet, KeySetError, PublicKey, SignedKeySet};
use crate::log::note::{Algorithm, NoteSignature, key_id};

/// A member as a witness, by the name its keys have.
#[derive(Debug, Clone)]
struct Witness {
    agency: AgencyId,
    /// Its witness keys with their ids, the newest last.
    keys: Vec<([u8; 4], PublicKey)>,
}

/// A key set in its log.
#[derive(Debug, Clone)]
struct Placed {
    index: u64,
    set: KeySet,
    /// The first charter version that lists the identity key which signed it.
    since: u32,
}

/// Key sets by log and index. Cloned when it changes and shared otherwise.
#[derive(Debug, Clone)]
pub struct KeyBook {
    chain: Arc<Chain>,
    sets: BTreeMap<LogId, Vec<Placed>>,
    witnesses: BTreeMap<String, Witness>,
    memo: Arc<Memo>,
}

impl KeyBook {
    /// No keys yet.
    #[must_use]
    pub fn new(chain: Arc<Chain>) -> Self {
        Self { chain, sets: BTreeMap::new(), witnesses: BTreeMap::new(), memo: Arc::default() }
    }

    /// The charter chain that the keys are checked against.
    #[must_use]
    pub fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// Takes a longer chain. Key sets that were signed under an earlier version stay.
    pub fn extend(&mut self, chain: Arc<Chain>) {
        self.chain = chain;
    }

    /// The federation's fingerprint.
    #[must_use]
    pub fn federation(&self) -> &Fingerprint {
        self.chain.fingerprint()
    }

    /// Checks a key set of `log`'s owner without adding it.
    ///
    /// # Errors
    /// [`KeySetError`], also when it is another agency's.
    pub fn verify_set<'a>(&self, log: &LogId, set: &'a SignedKeySet) -> Result<&'a KeySet, KeySetError> {
        self.signed_since(log, set).map(|_| &set.body)
    }

    /// The first charter version that lists the identity key which signed this set. Once a key set is known that a later
    /// identity key signed, an earlier one, lost or stolen by then, signs no more.
    fn signed_since(&self, log: &LogId, set: &SignedKeySet) -> Result<u32, KeySetError> {
        let mut outcome = Err(KeySetError::Key(KeyError::Forged));
        if set.body.agency != log.agency {
            return outcome;
        }
        let earliest = self.sets.get(log).and_then(|sets| sets.last()).map_or(0, |placed| placed.since);
        let mut tried: Option<PublicKey> = None;
        for charter in self.chain.versions() {
            let Some(member) = charter.member(&log.agency).filter(|member| tried != Some(member.identity)) else { continue };
            tried = Some(member.identity);
            match set.verify(self.federation(), &member.identity) {
                Ok(_) if charter.version >= earliest => return Ok(charter.version),
                Ok(_) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// Signatures that verified under keys of this book or of one that it was cloned from.
    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Adds the key set that stands at `index` of `log`; a second one at the same index is ignored.
    ///
    /// # Errors
    /// As [`KeyBook::verify_set`].
    pub fn insert(&mut self, log: &LogId, index: u64, set: &SignedKeySet) -> Result<(), KeySetError> {
        if self.set_at(log, index) == Some(&set.body) {
            return Ok(());
        }
        let (since, set) = (self.signed_since(log, set)?, set.body.clone());
        let sets = self.sets.entry(log.clone()).or_default();
        if sets.last().is_none_or(|last| last.index < index) {
            let name = witness_name(self.chain.fingerprint(), &log.agency);
            let id = key_id(&name, Algorithm::Cosignature, &set.witness);
            let witness = self.witnesses.entry(name).or_insert_with(|| Witness { agency: log.agency.clone(), keys: vec![] });
            witness.keys.push((id, set.witness));
            sets.push(Placed { index, set, since });
        }
        Ok(())
    }

    /// The key that signs this log's checkpoints: an epoch keeps its first.
    #[must_use]
    pub fn log_key(&self, log: &LogId) -> Option<PublicKey> {
        Some(self.sets.get(log)?.first()?.set.log)
    }

    /// The issue key that stands at exactly this index of the agency's log.
    #[must_use]
    pub fn issue_key(&self, log: &LogId, index: u64) -> Option<PublicKey> {
        self.set_at(log, index).map(|set| set.issue)
    }

    /// The key set that stands at exactly this index.
    #[must_use]
    pub fn set_at(&self, log: &LogId, index: u64) -> Option<&KeySet> {
        self.sets.get(log)?.iter().find(|placed| placed.index == index).map(|placed| &placed.set)
    }

    /// The index of the key set that holds for a record at `index`: the last one before it, of those known here.
    #[must_use]
    pub fn in_force(&self, log: &LogId, index: u64) -> Option<u64> {
        self.sets.get(log)?.iter().map(|placed| placed.index).take_while(|at| *at < index).last()
    }

    /// The newest key set of an agency, with its index.
    #[must_use]
    pub fn current(&self, agency: &AgencyId) -> Option<(u64, &KeySet)> {
        let newest = self.sets.iter().filter(|(log, _)| log.agency == *agency).max_by_key(|(log, _)| log.epoch);
        newest.and_then(|(_, sets)| sets.last()).map(|placed| (placed.index, &placed.set))
    }

    /// The member whose witness key has this name, and the newest such key.
    #[must_use]
    pub fn witness_named(&self, name: &str) -> Option<(AgencyId, PublicKey)> {
        let witness = self.witnesses.get(name)?;
        witness.keys.last().map(|(_, key)| (witness.agency.clone(), *key))
    }

    /// The member and the one of its witness keys that this line says it is by. An earlier key of a member still
    /// counts: those who know the later one must count the same cosignatures as those who do not.
    #[must_use]
    pub fn witness_of(&self, line: &NoteSignature) -> Option<(AgencyId, PublicKey)> {
        let witness = self.witnesses.get(&line.name)?;
        witness.keys.iter().find(|(id, _)| *id == line.id).map(|(_, key)| (witness.agency.clone(), *key))
    }
}
