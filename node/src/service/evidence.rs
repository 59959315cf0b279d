//! The portable evidence that a member's log told two stories: made from what this node holds, readable without it.

use parangon_protocol::check;
use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::label::bundle::PlacedKeySet;
use parangon_protocol::log::checkpoint::{self, SignedCheckpoint};
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::record::Record;
use parangon_protocol::verify::fork::ForkFile;

use super::{Context, Error};
use crate::engine::{LogOverview, Overview, fork_proof};
use crate::store::ReadTx;

/// The text of `AGENCY.fork.json`.
///
/// # Errors
/// [`Error::NotFound`] when no log of this agency is frozen here; [`Error::NoTwoHeads`] when one is, for something else;
/// [`Error::Damaged`] when the store cannot give what it holds.
pub fn evidence(context: &Context, agency: &str) -> Result<Vec<u8>, Error> {
    let missing = || Error::missing("evidence against", agency);
    let id: AgencyId = agency.parse().map_err(|_| missing())?;
    let overview = context.engine().overview();
    let tx = context.store().read()?;
    let newest = overview.logs.iter().rfind(|(log, held)| log.agency == id && held.frozen);
    let Some((log, _)) = newest else { return Err(missing()) };
    let Some(proof) = fork_proof(&tx, log)? else { return Err(Error::NoTwoHeads { agency: id }) };
    file(context, &tx, &overview, log, &proof)?.to_text().map_err(|_| Error::Damaged { what: "proof of a fork" })
}

/// A log of which nothing new is taken.
pub(super) struct Frozen {
    pub(super) log: LogId,
    /// Why, in words.
    pub(super) reason: String,
    /// What to do.
    pub(super) next_step: String,
}

/// Every frozen log, with why it is and what to do.
pub(super) fn frozen(context: &Context) -> Result<Vec<Frozen>, Error> {
    let overview = context.engine().overview();
    let tx = context.store().read()?;
    let describe = |(log, held): (&LogId, &LogOverview)| {
        let agency = &log.agency;
        let forked = fork_proof(&tx, log)?.is_some();
        let cause = if forked {
            "frozen: it told two stories, two signed heads that cannot both be true"
        } else {
            "frozen: it stated the standing of its labels, and that was not true"
        };
        let reason = format!("{cause}; nothing new of it is taken, its first {} records, which had their quorum, stand", held.final_size);
        let next_step = match (forked, *agency == *context.me()) {
            (true, true) => format!(
                "find out whether a copy of this node ran or our key was stolen, and speak with the others: they can let the log go on (parangon federation propose --resume {agency})"
            ),
            (true, false) => format!(
                "speak with {agency} and the others, keep the proof (parangon peer evidence {agency}); then parangon federation propose --resume {agency}, or --expel"
            ),
            (false, true) => "speak with the other members: what was stated cannot be undone".to_owned(),
            (false, false) => format!("speak with {agency} and the other members: nothing new of it is taken until they have decided"),
        };
        Ok(Frozen { log: log.clone(), reason, next_step })
    };
    overview.logs.iter().filter(|(_, held)| held.frozen).map(describe).collect()
}

fn file(context: &Context, tx: &ReadTx, overview: &Overview, log: &LogId, proof: &ForkProof) -> Result<ForkFile, Error> {
    let book = context.engine().book();
    let damaged = || Error::Damaged { what: "key set" };
    let own = keyset(tx, log, 0)?.ok_or_else(damaged)?.keyset;
    let (key, claimed) = check::signer(&book, log, &proof.first).map_err(|_| damaged())?;
    let origin = claimed.origin(context.federation());
    // The proof is kept with the log's own signatures only; what else is held of the two heads tells who cosigned them.
    let settled = tx.last_kept_note(log)?.map(|(_, note)| note);
    let newest = overview.logs.get(log).and_then(|held| held.head.clone());
    let with_cosignatures = |bare: &str| -> Result<String, Error> {
        let open = |note: &str| checkpoint::open(note, &key, &origin);
        let mut head = open(bare).map_err(|_| Error::Damaged { what: "proof of a fork" })?;
        let size = head.checkpoint().size;
        let covering = size.checked_sub(1).map(|index| tx.note_covering(log, index)).transpose()?.flatten();
        let others = [settled.as_ref(), newest.as_ref(), covering.as_ref().map(|(_, note)| note)];
        others.into_iter().flatten().filter_map(|note| open(note).ok()).for_each(|other| merge(&mut head, &other));
        Ok(head.to_string())
    };
    let proof =
        ForkProof { first: with_cosignatures(&proof.first)?, second: with_cosignatures(&proof.second)?, evidence: proof.evidence.clone() };
    let mut witnesses = Vec::new();
    let chain = context.chain();
    let ever: std::collections::BTreeSet<&AgencyId> =
        chain.versions().flat_map(|charter| &charter.members).map(|member| &member.id).collect();
    for agency in ever.into_iter().filter(|agency| **agency != log.agency) {
        let Some((index, _)) = book.current(agency) else { continue };
        let log = LogId::first(agency.clone());
        let places: std::collections::BTreeSet<u64> = book.epochs(&log).chain([index]).collect();
        for index in places {
            witnesses.extend(keyset(tx, &log, index)?);
        }
    }
    Ok(ForkFile::new(&chain, own, witnesses, &proof, settled.as_deref()))
}

/// Adds the other's lines when it is the same head.
fn merge(head: &mut SignedCheckpoint, other: &SignedCheckpoint) {
    if head.checkpoint() == other.checkpoint()
        && let Err(error) = head.merge(other)
    {
        tracing::warn!(%error, "cosignatures of a head are left out of the evidence");
    }
}

/// The key set at this index of the log, when it is held here.
fn keyset(tx: &ReadTx, log: &LogId, index: u64) -> Result<Option<PlacedKeySet>, Error> {
    let Some(bytes) = tx.record(log, index)? else { return Ok(None) };
    Ok(Record::read(&bytes).ok().and_then(|record| PlacedKeySet::of(index, record)))
}
