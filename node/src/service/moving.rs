//! A new transport key takes over once the others know of it. They let a node in by the transport key of the newest key set that they
//! hold: a node that changed to its next key before anybody had that key set would be a stranger to all of them, and could not
//! hand it out any more. So the former key goes on, also across a start, until one honest member has the key set.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parangon_protocol::id::AgencyId;
use parangon_protocol::log::quorum;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::courier::{Link, LinkState};
use crate::engine::LogOverview;

/// Between two looks, while a key waits to take over.
const LOOK: Duration = Duration::from_millis(500);

/// Looks in a row at which a member closed what we dialled. One that only started anew meanwhile has let us in by then.
const TURNED_AWAY: u32 = 10;

/// After the files could not be changed.
const RETRY: Duration = Duration::from_secs(30);

/// Watches for a key set with another transport key than the one that the network was started with. Ends with `stop`.
pub(crate) async fn run(context: Context, stop: CancellationToken) {
    stop.run_until_cancelled(watch(&context)).await;
}

async fn watch(context: &Context) {
    let mut overview = context.engine().watch();
    loop {
        if moves(context).is_some() {
            until_known(context).await;
            match context.run(|context| Ok(context.key_files()?.finish()?)).await {
                Ok(()) => return context.rekey(),
                Err(error) => tracing::warn!(%error, "the new transport key cannot take over yet"),
            }
            tokio::time::sleep(RETRY).await;
        } else if overview.changed().await.is_err() {
            return;
        }
    }
}

/// The index of the key set in force, where we hold its transport key and connect with another one. A key that is lost cannot take over.
fn moves(context: &Context) -> Option<u64> {
    let book = context.engine().book();
    let (index, set) = book.current(context.me())?;
    let ours = context.keyring().newest().key_set(context.me().clone(), set.number);
    (ours.transport == set.transport && context.keyring().waiting(set).contains(&"transport")).then_some(index)
}

/// Resolves when so many members hold the key set that one of them is honest, and hands it on.
async fn until_known(context: &Context) {
    let mut turned_away = BTreeMap::new();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(index) = moves(context) {
        let members = context.charter().members.len();
        let needed = members.saturating_sub(1).min(quorum::tolerated(members) + 1);
        count(&mut turned_away, &context.carrier().links());
        let overview = context.engine().overview();
        let own = overview.logs.iter().find(|(log, _)| **log == context.own_log());
        let mut knows = own.map(|(_, log)| cosigners(log, index)).unwrap_or_default();
        knows.extend(turned_away.iter().filter(|(_, looks)| **looks >= TURNED_AWAY).map(|(agency, _)| agency.clone()));
        knows.remove(context.me());
        if knows.len() >= needed {
            return;
        }
        looks.tick().await;
    }
}

/// Who has cosigned a head that covers this index.
fn cosigners(log: &LogOverview, index: u64) -> BTreeSet<AgencyId> {
    let size: Option<u64> = log.head.as_deref().and_then(|head| head.lines().nth(1)).and_then(|size| size.parse().ok());
    if size.is_some_and(|size| size > index) { log.cosigned_by.iter().cloned().collect() } else { BTreeSet::new() }
}

/// Counts the looks in a row at which a member answered and closed the connection: it knows us by another key.
fn count(turned_away: &mut BTreeMap<AgencyId, u32>, links: &[Link]) {
    for link in links {
        match link.state {
            LinkState::Down { closed: true, .. } => *turned_away.entry(link.agency.clone()).or_default() += 1,
            _ => drop(turned_away.remove(&link.agency)),
        }
    }
}

/// Whether the key set in force waits for [`run`] before its files are put in place.
pub(crate) fn waits(context: &Context) -> bool {
    moves(context).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(agency: &str, state: LinkState) -> Link {
        Link { agency: agency.parse().expect("a slug"), state, addresses: vec![] }
    }

    #[test]
    fn who_only_started_anew_has_not_turned_us_away() {
        let closed = || LinkState::Down { reason: None, closed: true };
        let mut counted = BTreeMap::new();
        for _ in 0..TURNED_AWAY {
            count(&mut counted, &[link("lyon", closed()), link("oslo", closed())]);
        }
        assert!(counted.values().all(|looks| *looks == TURNED_AWAY), "{counted:?}");
        let refused = LinkState::Down { reason: Some("connection refused".to_owned()), closed: false };
        count(&mut counted, &[link("lyon", LinkState::Connected { seconds: 0 }), link("oslo", refused)]);
        assert!(counted.is_empty(), "{counted:?}");
    }

    #[test]
    fn cosignatures_of_an_earlier_head_say_nothing() {
        let log = |size: u64| LogOverview {
            head: Some(format!("parangon/x/oslo\n{size}\nroot\n")),
            cosigned_by: vec!["lyon".parse().expect("a slug")],
            ..LogOverview::default()
        };
        assert_eq!((cosigners(&log(4), 4).len(), cosigners(&log(5), 4).len()), (0, 1));
        assert!(cosigners(&LogOverview::default(), 0).is_empty());
    }
}
