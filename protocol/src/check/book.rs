//! The keys known so far: what the logs said, checked against the charter's identity keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::memo::Memo;
use crate::charter::{Chain, Charter};
use crate::id::{AgencyId, Fingerprint, LogId, witness_name};
use crate::keys::{KeyError, KeySet, KeySetError, Place, PublicKey, SignedKeySet};
use crate::log::note::{Algorithm, NoteSignature, key_id};

/// A member as a witness, by the name its keys have.
#[derive(Debug, Clone)]
struct Witness {
    agency: AgencyId,
    /// Its witness keys, the newest last.
    keys: Vec<WitnessKey>,
}

#[derive(Debug, Clone)]
struct WitnessKey {
    id: [u8; 4],
    key: PublicKey,
    /// The first key set that states it.
    place: (LogId, u64),
}

/// A key set in its log.
#[derive(Debug, Clone)]
struct Placed {
    index: u64,
    set: KeySet,
    /// The first charter version that lists the identity key which signed it.
    since: u32,
    /// The epoch that it begins, where it may have another log key.
    epoch: Option<u32>,
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

    /// Checks shape and signature of a key set of `log`'s owner without adding it.
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

    /// Adds the key set that stands at `index` of `log`. What does not follow the sets before it is void: it stands in the log
    /// and has no effect, so that an old set which somebody repeats brings no stolen key back.
    ///
    /// # Errors
    /// As [`KeyBook::verify_set`], and what [`KeySet::follows`] refuses.
    pub fn insert(&mut self, log: &LogId, index: u64, set: &SignedKeySet) -> Result<(), KeySetError> {
        self.place(log, index, set, None)
    }

    /// Adds the key set of the record at `index` of `log` that begins epoch `number`: it may have another log key.
    ///
    /// # Errors
    /// As [`KeyBook::insert`].
    pub fn begin_epoch(&mut self, log: &LogId, index: u64, number: u32, set: &SignedKeySet) -> Result<(), KeySetError> {
        self.place(log, index, set, Some(number))
    }

    fn place(&mut self, log: &LogId, index: u64, set: &SignedKeySet, epoch: Option<u32>) -> Result<(), KeySetError> {
        if self.set_at(log, index) == Some(&set.body) {
            return Ok(());
        }
        let (since, set) = (self.signed_since(log, set)?, set.body.clone());
        let sets = self.sets.entry(log.clone()).or_default();
        if sets.last().is_none_or(|last| last.index < index) {
            let place = match (index, epoch) {
                (0, _) => Place::First,
                (_, None) => Place::Within,
                (_, Some(_)) => Place::Epoch,
            };
            set.follows(place, sets.iter().map(|placed| &placed.set))?;
            let name = witness_name(self.chain.fingerprint(), &log.agency);
            let id = key_id(&name, Algorithm::Cosignature, &set.witness);
            let witness = self.witnesses.entry(name).or_insert_with(|| Witness { agency: log.agency.clone(), keys: vec![] });
            if witness.keys.last().is_none_or(|last| last.key != set.witness) {
                witness.keys.push(WitnessKey { id, key: set.witness, place: (log.clone(), index) });
            }
            sets.push(Placed { index, set, since, epoch });
        }
        Ok(())
    }

    /// Forgets what stood in a stretch of a log that its later epoch does not hold: from this index on.
    pub fn cut(&mut self, log: &LogId, from: u64) {
        if let Some(sets) = self.sets.get_mut(log) {
            sets.retain(|placed| placed.index < from);
        }
        for witness in self.witnesses.values_mut() {
            witness.keys.retain(|known| known.place.0 != *log || known.place.1 < from);
        }
    }

    /// The key sets of a log that count, with their indices, oldest first.
    pub fn sets<'a>(&'a self, log: &LogId) -> impl DoubleEndedIterator<Item = (u64, &'a KeySet)> + Clone + use<'a> {
        self.sets.get(log).map_or(&[][..], Vec::as_slice).iter().map(|placed| (placed.index, &placed.set))
    }

    /// Every issue key that the agency ever had, the newest first. One that was replaced says nothing new; what it said before
    /// may still be on its way.
    #[must_use]
    pub fn issue_keys(&self, agency: &AgencyId) -> Vec<PublicKey> {
        let logs = self.sets.iter().filter(|(log, _)| log.agency == *agency);
        let mut keys: Vec<_> = logs.flat_map(|(_, sets)| sets.iter().map(|placed| placed.set.issue)).collect();
        keys.reverse();
        keys.dedup();
        keys
    }

    /// The key that signs this log's checkpoints in an epoch: an epoch keeps its first. A head may state a later key set than those
    /// known here, by the owner's identity key: who lags behind cannot know it otherwise.
    #[must_use]
    pub fn log_key(&self, log: &LogId, epoch: u32, stated: Option<&SignedKeySet>) -> Option<PublicKey> {
        self.signer(log, epoch, stated).map(|(key, _)| key)
    }

    /// As [`KeyBook::log_key`], with the number of the key set that brought that key: what a later one says goes before what an
    /// earlier one says, whatever epoch either claims.
    #[must_use]
    pub fn signer(&self, log: &LogId, epoch: u32, stated: Option<&SignedKeySet>) -> Option<(PublicKey, u32)> {
        let sets = self.sets.get(log)?;
        let begins = |placed: &&Placed| placed.epoch.is_some_and(|number| number <= epoch);
        let known = &sets.iter().rev().find(begins).or(sets.first())?.set;
        let later = |set: &&SignedKeySet| {
            let new = sets.iter().all(|placed| placed.set.number != set.body.number || placed.set == set.body);
            set.body.number > known.number && new && self.verify_set(log, set).is_ok()
        };
        Some(stated.filter(later).map_or((known.log, known.number), |set| (set.body.log, set.body.number)))
    }

    /// Whether anything of this log's keys is known.
    #[must_use]
    pub fn knows(&self, log: &LogId) -> bool {
        self.sets.get(log).is_some_and(|sets| !sets.is_empty())
    }

    /// Where key sets stand that begin an epoch of this log: whoever reads a later one needs them.
    pub fn epochs<'a>(&'a self, log: &LogId) -> impl Iterator<Item = u64> + use<'a> {
        self.sets.get(log).map_or(&[][..], Vec::as_slice).iter().filter(|placed| placed.epoch.is_some()).map(|placed| placed.index)
    }

    /// The epoch that the first `size` records of a log lead into, as far as its key sets tell: a head over them names no earlier one.
    #[must_use]
    pub fn epoch_of(&self, log: &LogId, size: u64) -> u32 {
        let within = self.sets.get(log).map_or(&[][..], Vec::as_slice).iter().filter(|placed| placed.index < size);
        within.filter_map(|placed| placed.epoch).max().unwrap_or(1)
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

    /// The version that gave this agency another identity key, and the one before, while the key sets known are by an earlier key.
    #[must_use]
    pub fn awaits_keys(&self, agency: &AgencyId) -> Option<(&Charter, &Charter)> {
        let newest = self.sets.get(&LogId::first(agency.clone())).and_then(|sets| sets.last())?;
        let since = self.chain.identity_since(agency).filter(|since| newest.since < *since)?;
        self.chain.version(since).zip(self.chain.version(since.checked_sub(1)?))
    }

    /// The member whose witness key has this name, and the newest such key.
    #[must_use]
    pub fn witness_named(&self, name: &str) -> Option<(AgencyId, PublicKey)> {
        let witness = self.witnesses.get(name)?;
        witness.keys.last().map(|known| (witness.agency.clone(), known.key))
    }

    /// The member and the one of its witness keys that this line says it is by. An earlier key of a member still
    /// counts: those who know the later one must count the same cosignatures as those who do not.
    #[must_use]
    pub fn witness_of(&self, line: &NoteSignature) -> Option<(AgencyId, PublicKey)> {
        let (agency, known) = self.witness_key(line)?;
        Some((agency.clone(), known.key))
    }

    /// Where the key set stands that first states the witness key of this line: a reader of the line needs it.
    #[must_use]
    pub fn witness_set(&self, line: &NoteSignature) -> Option<&(LogId, u64)> {
        self.witness_key(line).map(|(_, known)| &known.place)
    }

    fn witness_key(&self, line: &NoteSignature) -> Option<(&AgencyId, &WitnessKey)> {
        let witness = self.witnesses.get(&line.name)?;
        witness.keys.iter().find(|known| known.id == line.id).map(|known| (&witness.agency, known))
    }
}
