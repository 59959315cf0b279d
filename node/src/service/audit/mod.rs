//! Who did what through the API: a chain of entries, sealed like every private item, and never in a log. Nobody can change an
//! entry through the API; the oldest go when their time is over, and the chain remembers where it begins since.

mod entry;

use std::collections::BTreeMap;

use parangon_protocol::id::Hash;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use entry::{Broken, Entry, Place};

use super::item::{self, Item};
use super::roles::Roles;
use super::{Context, Error};
use crate::store::{Source, Tx, WriteTx};

/// Entries that go with one new one, when their time is over: the trail shrinks while it grows.
const PRUNED: usize = 16;

/// Entries that one request may look at before it has to come again with a cursor.
const SCAN: usize = 20_000;

const DAY: u64 = 86_400;

/// Where the chain lies among the items of its kind.
const CHAIN: &str = "chain";

/// Beginning and end of what is kept.
#[derive(Serialize, Deserialize)]
struct Chain {
    first: Place,
    end: Place,
}

impl Item for Chain {
    const KIND: u8 = 20;
    const WHAT: &'static str = "audit trail";
}

impl Item for Entry {
    const KIND: u8 = 21;
    const WHAT: &'static str = "entry of the audit trail";
}

/// A request, as far as the trail knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub actor: String,
    /// What they may do.
    pub roles: Roles,
    /// The HTTP method.
    pub method: String,
    /// The route.
    pub route: String,
    /// Ids in its path.
    pub ids: BTreeMap<String, String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// The code of a refusal.
    pub code: Option<String>,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose: `uid 1000`, or a token by the beginning of its id.
    pub actor: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// The oldest first.
    pub oldest_first: bool,
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        let is_theirs = |actor: &String| entry.actor == *actor || (actor.starts_with("token ") && entry.actor.starts_with(actor.as_str()));
        self.actor.as_ref().is_none_or(is_theirs) && self.since.is_none_or(|since| entry.at >= since)
    }
}

/// The chain, recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainView {
    /// Whose.
    pub agency: String,
    /// Number of the first entry that is kept.
    pub first: u64,
    /// Hash of the one before it, which is kept no more; zeros when it is the first of all.
    #[schema(value_type = String)]
    pub before: Hash,
    /// Number of the entry that comes next.
    pub next: u64,
    /// Hash of the last one: whoever notes it can tell later that nothing before it was altered.
    #[schema(value_type = String)]
    pub last: Hash,
    /// What is broken, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

fn id(number: u64) -> String {
    format!("{number:020}")
}

fn chain<S: Source>(tx: &Tx<S>) -> Result<Chain, Error> {
    let first = Place { next: 1, last: Hash::default() };
    Ok(item::find(tx, CHAIN)?.unwrap_or(Chain { first, end: first }))
}

/// Notes that a change is asked for. It is on disk when this returns, so that no change begins without it.
///
/// # Errors
/// [`Error::Store`]: then the change must not begin.
pub fn begin(context: &Context, asked: &Asked) -> Result<u64, Error> {
    append(context, asked, None, None)
}

/// Notes how a change ended, that `begin` gave this number.
///
/// # Errors
/// [`Error::Store`].
pub fn end(context: &Context, begun: u64, asked: &Asked, outcome: &Outcome) -> Result<(), Error> {
    append(context, asked, Some(outcome), Some(begun)).map(drop)
}

/// Notes what changes nothing: a reading, or a refusal.
///
/// # Errors
/// [`Error::Store`].
pub fn note(context: &Context, asked: &Asked, outcome: &Outcome) -> Result<(), Error> {
    append(context, asked, Some(outcome), None).map(drop)
}

fn append(context: &Context, asked: &Asked, outcome: Option<&Outcome>, answers: Option<u64>) -> Result<u64, Error> {
    let Asked { actor, roles, method, route, ids } = asked.clone();
    let at = context.now();
    context.transact(|tx| {
        let mut chain = chain(tx)?;
        let number = chain.end.next;
        let entry = Entry {
            actor,
            answers,
            at,
            code: outcome.and_then(|outcome| outcome.code.clone()),
            ids,
            method,
            number,
            previous: chain.end.last,
            roles,
            route,
            status: outcome.map(|outcome| outcome.status),
        };
        chain.end.follow(&entry).map_err(|_| Error::Damaged { what: Chain::WHAT })?;
        item::put(tx, &id(number), &entry)?;
        prune(tx, &mut chain, before(context, at))?;
        item::put(tx, CHAIN, &chain)?;
        Ok(number)
    })
}

/// What is older than this is not kept.
fn before(context: &Context, now: Timestamp) -> Timestamp {
    let kept = u64::from(context.policy().audit_days) * DAY;
    Timestamp::from_seconds(now.seconds().saturating_sub(kept)).unwrap_or_default()
}

/// Forgets the oldest entries, and remembers what the first one left names.
fn prune(tx: &mut WriteTx, chain: &mut Chain, before: Timestamp) -> Result<(), Error> {
    for _ in 0..PRUNED {
        // The newest always stays: it is what the next one names.
        if chain.first.next + 1 >= chain.end.next {
            return Ok(());
        }
        let oldest: Entry = item::get(tx, &id(chain.first.next))?;
        if oldest.at >= before {
            return Ok(());
        }
        chain.first.follow(&oldest).map_err(|_| Error::Damaged { what: Chain::WHAT })?;
        tx.delete_private(Entry::KIND, &id(oldest.number))?;
    }
    Ok(())
}

/// Up to `limit` entries from the one with the number `cursor` on, and the number from which the next page goes on.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context, filter: &Filter, cursor: Option<u64>, limit: usize) -> Result<(Vec<Entry>, Option<u64>), Error> {
    let tx = context.store().read()?;
    let Chain { first, end } = chain(&tx)?;
    let (oldest, newest) = (first.next, end.next.saturating_sub(1));
    let numbers: Box<dyn Iterator<Item = u64>> = if filter.oldest_first {
        Box::new(cursor.unwrap_or(oldest).max(oldest)..=newest)
    } else {
        Box::new((oldest..=cursor.unwrap_or(newest).min(newest)).rev())
    };
    let mut entries = Vec::new();
    for (scanned, number) in numbers.enumerate() {
        if entries.len() == limit || scanned == SCAN {
            return Ok((entries, Some(number)));
        }
        let entry: Entry = item::get(&tx, &id(number))?;
        if filter.fits(&entry) {
            entries.push(entry);
        }
    }
    Ok((entries, None))
}

/// Recomputes the chain, one entry after the other.
///
/// # Errors
/// [`Error::Store`] when the store cannot be read. What is broken is in the view.
pub fn check(context: &Context) -> Result<ChainView, Error> {
    let tx = context.store().read()?;
    let Chain { first, end } = chain(&tx)?;
    let mut place = first;
    let mut broken = None;
    while broken.is_none() && place.next < end.next {
        broken = match item::find::<Entry, _>(&tx, &id(place.next))? {
            Some(entry) => place.follow(&entry).err().map(|broken| broken.to_string()),
            None => Some(format!("entry {} is not there", place.next)),
        };
    }
    broken = broken.or_else(|| place.ends_at(&end).err().map(|broken| broken.to_string()));
    let (agency, before) = (context.me().to_string(), first.last);
    Ok(ChainView { agency, first: first.next, before, next: end.next, last: end.last, broken })
}

#[cfg(test)]
mod tests;
