//! Agencies add up in a pool (protocol, "Pools"), between nodes.

use std::sync::Arc;

use parangon_protocol::charter::PoolRule;
use parangon_protocol::record::Record;
use parangon_protocol::statistics::Row;
use parangon_protocol::statistics::pool::{PoolError, PoolTotal};
use parangon_protocol::time::Timestamp;

use super::support::{Agency, Who, federation_on, until};
use crate::clock::{Clock, ManualClock};
use crate::service::pools::{self, RoundView};
use crate::service::register::Standing;
use crate::service::statistics::{self, NewRelease, Wanted};

const FIVE: [Who; 5] = [("stuttgart", "DE", None), ("lyon", "FR", None), ("porto", "PT", None), ("wien", "AT", None), ("oslo", "NO", None)];

fn time(text: &str) -> Timestamp {
    text.parse().expect("time")
}

struct World {
    clock: Arc<ManualClock>,
    agencies: Vec<Agency>,
}

impl World {
    /// Five agencies, each with one SILVER label of the fourth quarter.
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(time("2026-12-01T12:00:00Z")));
        let rule = PoolRule { below: 10, from: "2026-Q4".parse().expect("a period") };
        let agencies = federation_on(&FIVE, || clock.clone() as Arc<dyn Clock>, |charter| charter.disclosure.pool = Some(rule)).await;
        let world = Self { clock, agencies };
        for (at, agency) in world.agencies.iter().enumerate() {
            let reviewer = &world.agencies[(at + 1) % world.agencies.len()];
            let label = agency.awards(&format!("Cluster {at}"), "silver", 3, &[reviewer]).await;
            for other in &world.agencies {
                other.label_until(&label.id, Standing::Valid).await;
            }
        }
        world
    }

    /// Cuts one off from these, and waits until no connection is left that a share could still come over.
    async fn cut_off(&self, one: usize, there: &[usize]) {
        let lone = &self.agencies[one];
        for at in there {
            lone.part(&self.agencies[*at]).await;
        }
        let is_cut = |from: &Agency, to: &Agency| {
            from.context.carrier().links().iter().all(|link| link.agency != *to.context.me() || !link.is_connected())
        };
        until("the connections are cut", || async {
            there.iter().all(|at| is_cut(lone, &self.agencies[*at]) && is_cut(&self.agencies[*at], lone)).then_some(())
        })
        .await;
    }

    async fn rounds(&self, who: &[usize]) {
        for at in who {
            pools::round(&self.agencies[*at].context).await.expect("a round");
        }
    }

    async fn view(&self, at: usize) -> RoundView {
        self.view_of(at, "2026-Q4").await.expect("the round")
    }

    async fn view_of(&self, at: usize, period: &str) -> Option<RoundView> {
        let rounds = self.agencies[at].context.run(pools::list).await.expect("rounds");
        rounds.into_iter().find(|round| round.period == period)
    }

    /// One label more of this agency.
    async fn awards(&self, at: usize, name: &str) {
        let reviewer = &self.agencies[(at + 1) % self.agencies.len()];
        let label = self.agencies[at].awards(name, "silver", 3, &[reviewer]).await;
        for other in &self.agencies {
            other.label_until(&label.id, Standing::Valid).await;
        }
    }

    /// What all see of the round of a period at this time, once it is in that state.
    async fn ends(&self, period: &str, at: &str, state: &str) -> RoundView {
        self.clock.set(time(at));
        until(state, || async {
            self.rounds(&ALL).await;
            let mut last = None;
            for one in ALL {
                last = Some(self.view_of(one, period).await.filter(|view| view.state == state)?);
            }
            last
        })
        .await
    }

    /// Until the round is in that state at all of these, with these doing what is due.
    async fn until(&self, who: &[usize], state: &str) {
        self.until_view(who, state, |view| view.state == state).await;
    }

    /// Until all of these see the round like that, with these doing what is due.
    async fn until_view(&self, who: &[usize], what: &str, is: impl Fn(&RoundView) -> bool) {
        until(what, || async {
            self.rounds(who).await;
            for at in who {
                if !is(&self.view(*at).await) {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// The totals in an agency's log.
    async fn totals(&self, at: usize) -> Vec<PoolTotal> {
        let read = |context: &crate::service::Context| {
            let tx = context.store().read()?;
            let log = context.own_log();
            let mut found = vec![];
            for index in 0..tx.size(&log)? {
                if let Some(Record::PoolTotal(total)) = tx.record(&log, index)?.and_then(|bytes| Record::read(&bytes).ok()) {
                    found.push(*total);
                }
            }
            Ok(found)
        };
        self.agencies[at].context.run(read).await.expect("a log")
    }
}

const ALL: [usize; 5] = [0, 1, 2, 3, 4];

#[tokio::test(flavor = "multi_thread")]
async fn five_agencies_publish_one_exact_total() {
    let world = World::new().await;
    // Nobody publishes alone what is pooled.
    let error = statistics::release(&world.agencies[0].context, NewRelease::default()).await.expect_err("pooled");
    assert_eq!(error.code(), "PGN-0922", "{error}");
    world.clock.set(time("2027-01-02T00:00:00Z"));
    world.rounds(&ALL).await;
    let view = world.view(0).await;
    assert_eq!((view.state.as_str(), view.agencies.len(), view.ours), ("waiting", 5, true));
    world.clock.set(time("2027-01-04T00:01:00Z"));
    world.until(&ALL, "total").await;
    let totals = until("five totals", || async {
        world.rounds(&ALL).await;
        let mut totals = vec![];
        for at in ALL {
            totals.extend(world.totals(at).await);
        }
        (totals.len() == 5).then_some(totals)
    })
    .await;
    assert!(totals.windows(2).all(|pair| pair[0] == pair[1]));
    let group = &totals[0].groups[0];
    assert_eq!((totals[0].members.len(), group.population), (5, 5));
    // It stands in everybody's figures, once.
    let sum = until("the figures", || async {
        let wanted = Wanted { period: Some("2026-Q4"), ..Wanted::default() };
        world.agencies[3].context.run(move |context| statistics::aggregate(context, &wanted)).await.ok()
    })
    .await;
    assert_eq!((sum.agencies, sum.clusters, sum.registered, &sum.missing[..]), (5, 5, 5, &[][..]));
    assert!(
        sum.rows.iter().all(|row| (row.cells[3].upper, row.cells[3].hidden_in) == (5, 1)),
        "all stand at level 3, which nobody is told"
    );
    let shown: u64 = sum.rows.iter().flat_map(|row| row.cells.iter().chain([&row.unknown])).map(|cell| cell.count).sum();
    let total: u64 = totals[0].groups.iter().flat_map(|group| &group.rows).map(Row::visible).sum();
    assert_eq!(shown, total, "what the total shows, and nothing twice");
    // Once more changes nothing.
    world.rounds(&ALL).await;
    assert_eq!(world.totals(0).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_cut_off_for_a_while_is_in_the_total() {
    let world = World::new().await;
    let (late, there) = (2, [0, 1, 3, 4]);
    world.cut_off(late, &there).await;
    world.clock.set(time("2027-01-04T00:01:00Z"));
    world.until(&there, "sharing").await;
    assert_eq!(world.view(0).await.awaited.len(), 5, "nobody has all shares");
    world.clock.set(time("2027-01-06T00:01:00Z"));
    world.rounds(&ALL).await;
    for at in there {
        world.agencies[late].rejoin(&world.agencies[at]).await;
    }
    world.until(&ALL, "total").await;
    assert_eq!(world.view(late).await.attempt, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_one_of_five_there_is_no_total_and_it_is_named() {
    let world = World::new().await;
    let (gone, there) = (4, [0, 1, 2, 3]);
    world.cut_off(gone, &there).await;
    world.clock.set(time("2027-01-04T00:01:00Z"));
    let name = world.agencies[gone].name();
    // The clock here jumps over four days in which shares travel, and three in which votes become final.
    world.until_view(&there, "the other shares", |view| view.state == "sharing" && view.lacking == [name.as_str()]).await;
    world.clock.set(time("2027-01-08T00:01:00Z"));
    world.until_view(&there, "the votes", |view| view.state == "restarting" && view.awaited == [name.as_str()]).await;
    world.clock.set(time("2027-01-11T00:01:00Z"));
    world.until(&there, "closed").await;
    for at in there {
        let view = world.view(at).await;
        let named: Vec<_> = view.named.iter().map(|named| (named.agency.as_deref(), named.fault)).collect();
        assert_eq!(named, [(Some(name.as_str()), "share")]);
    }
    assert!(world.totals(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_labels_give_another_total_and_one_more_gives_none() {
    let world = World::new().await;
    world.ends("2026-Q4", "2027-01-04T00:01:00Z", "total").await;
    // In the next year, and again in the same year.
    world.ends("2027-Q1", "2027-04-04T00:01:00Z", "total").await;
    world.clock.set(time("2027-05-01T12:00:00Z"));
    world.awards(0, "One more").await;
    let view = world.ends("2027-Q2", "2027-07-04T00:01:00Z", "closed").await;
    assert_eq!((view.attempt, view.reason), (0, Some(PoolError::Close.to_string())));
    for at in ALL {
        assert!(world.totals(at).await.iter().all(|total| total.groups[0].population == 5), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_of_the_year_before_is_held_against_the_first_one_of_a_year() {
    let world = World::new().await;
    world.ends("2026-Q4", "2027-01-04T00:01:00Z", "total").await;
    world.clock.set(time("2027-02-01T12:00:00Z"));
    world.awards(2, "One more").await;
    let view = world.ends("2027-Q1", "2027-04-04T00:01:00Z", "closed").await;
    assert_eq!((view.attempt, view.reason), (0, Some(PoolError::Close.to_string())));
    // Once more of three others and two, the difference tells of no two agencies' clusters.
    world.clock.set(time("2027-05-01T12:00:00Z"));
    for at in [0, 1, 3, 4] {
        world.awards(at, "Another").await;
    }
    world.ends("2027-Q2", "2027-07-04T00:01:00Z", "total").await;
    let totals = world.totals(0).await;
    assert_eq!(totals.iter().map(|total| total.groups[0].population).collect::<Vec<_>>(), [5, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_comes_late_takes_everybody_to_the_same_round() {
    let world = World::new().await;
    let (late, there) = (2, [0, 1, 3, 4]);
    world.cut_off(late, &there).await;
    let label = world.agencies[0].awards("Of the last day", "silver", 3, &[&world.agencies[1]]).await;
    for at in there {
        world.agencies[at].label_until(&label.id, Standing::Valid).await;
    }
    world.clock.set(time("2027-01-04T00:01:00Z"));
    world.rounds(&ALL).await;
    assert_ne!(world.view(late).await.round, world.view(0).await.round);
    for at in there {
        world.agencies[late].rejoin(&world.agencies[at]).await;
    }
    world.until(&ALL, "total").await;
    assert_eq!(world.totals(late).await.last().map(|total| total.groups[0].population), Some(6));
}
