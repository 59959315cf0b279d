use std::sync::Arc;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::service::tests::support::{Agency, ONE_PERSON, federation_of};

async fn agency(clock: &Arc<ManualClock>, audit_days: u32) -> Agency {
    let shared = clock.clone();
    let policy = crate::service::Policy { audit_days, ..ONE_PERSON };
    federation_of(&[("stuttgart", "DE", None)], move || shared.clone() as Arc<dyn Clock>, policy).await.remove(0)
}

fn asked() -> Asked {
    let (method, route) = ("POST".to_owned(), "/api/v1/labels".to_owned());
    Asked { actor: "uid 7".into(), roles: Roles::all(), method, route, ids: BTreeMap::new() }
}

fn done() -> Outcome {
    Outcome { status: 201, code: None }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000).expect("in range")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_go_when_their_time_is_over_and_the_chain_still_holds() {
    let clock = clock();
    let agency = agency(&clock, 30).await;
    let context = &agency.context;
    for _ in 0..40 {
        note(context, &asked(), &done()).expect("noted");
        clock.advance(DAY);
    }
    let view = check(context).expect("readable");
    assert_eq!((view.broken.as_deref(), view.first, view.next), (None, 10, 41), "the first nine are older than 30 days");
    assert_ne!(view.before, Hash::default());
    let (entries, next) = list(context, &Filter { oldest_first: true, ..Filter::default() }, None, 1_000).expect("a list");
    assert_eq!((entries.first().map(|entry| entry.number), entries.len(), next), (Some(10), 31, None));
    assert_eq!(entries[0].previous, view.before);
    // A long pause: they go a few at a time, and one always stays.
    clock.advance(400 * DAY);
    for _ in 0..3 {
        note(context, &asked(), &done()).expect("noted");
    }
    let view = check(context).expect("readable");
    assert_eq!((view.broken, view.first, view.next), (None, 41, 44));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_the_store_lost_or_altered_shows() {
    let clock = clock();
    let agency = agency(&clock, 30).await;
    let context = &agency.context;
    let begun = begin(context, &asked()).expect("noted");
    end(context, begun, &asked(), &done()).expect("noted");
    note(context, &asked(), &done()).expect("noted");
    assert_eq!(check(context).expect("readable").broken, None);
    let held: Entry = item::get(&context.store().read().expect("a snapshot"), &id(2)).expect("there");
    assert_eq!((held.answers, held.status), (Some(1), Some(201)));
    let put = |entry: &Entry| context.transact(|tx| item::put(tx, &id(2), entry)).expect("written");
    put(&Entry { status: Some(409), ..held.clone() });
    assert!(check(context).expect("readable").broken.is_some_and(|text| text.contains("entry 3 names another entry")));
    put(&held);
    context.transact(|tx| Ok(tx.delete_private(Entry::KIND, &id(3))?)).expect("deleted");
    assert_eq!(check(context).expect("readable").broken.as_deref(), Some("entry 3 is not there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_make_one_chain() {
    let clock = clock();
    let agency = agency(&clock, 30).await;
    let all = (0..100).map(|_| agency.context.run(|context| begin(context, &asked())));
    let mut numbers: Vec<u64> = futures::future::join_all(all).await.into_iter().map(|number| number.expect("noted")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<u64>>());
    assert_eq!(check(&agency.context).expect("readable").broken, None);
}
