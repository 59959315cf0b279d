//! Reviewers are drawn between nodes (protocol, "Draws").

use std::sync::Arc;

use parangon_protocol::anchor::DAY_SECONDS;
use parangon_protocol::charter::Charter;
use parangon_protocol::review::State;
use parangon_protocol::time::Timestamp;

use super::support::{Agency, Who, federation_on, level, until};
use crate::clock::{Clock, ManualClock};
use crate::service::draws::{self, DrawView, NewDraw};
use crate::service::offers::{self, NewOffer, OfferView};
use crate::service::register::Standing;
use crate::service::{Error, anchors, inbox, labels};

const SIX: [Who; 6] = [
    ("stuttgart", "DE", None),
    ("lyon", "FR", None),
    ("berlin", "DE", None),
    ("porto", "PT", None),
    ("wien", "AT", None),
    ("oslo", "NO", None),
];

fn midday() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().expect("time")
}

struct World {
    clock: Arc<ManualClock>,
    agencies: Vec<Agency>,
}

impl World {
    async fn of(who: &[Who], change: impl Fn(&mut Charter)) -> Self {
        let clock = Arc::new(ManualClock::new(midday()));
        let agencies = federation_on(who, || clock.clone() as Arc<dyn Clock>, change).await;
        let world = Self { clock, agencies };
        world.rounds().await;
        world
    }

    fn agency(&self, name: &str) -> &Agency {
        self.agencies.iter().find(|agency| agency.name() == name).expect("a member")
    }

    async fn rounds(&self) {
        for agency in &self.agencies {
            anchors::round(&agency.context).await.expect("a round");
            agency.context.run(draws::round).await.expect("a round");
            agency.context.queued().notify_one();
        }
    }

    /// Sets the clock to midday of a day after the first one.
    fn day(&self, number: u64) {
        self.clock.set(midday().plus(number * DAY_SECONDS));
    }

    /// Until a draw of stuttgart's is in that state, with everybody doing what is due.
    async fn draw_until(&self, id: &str, state: &str) -> DrawView {
        until(state, || async {
            self.rounds().await;
            let view = self.draw(id).await;
            (view.state == state).then_some(view)
        })
        .await
    }

    async fn draw(&self, id: &str) -> DrawView {
        let id = id.to_owned();
        self.agency("stuttgart").context.run(move |context| draws::show(context, &id)).await.expect("a draw")
    }

    async fn calls(&self, assessment: &str, level: &str) -> Result<DrawView, Error> {
        let new = NewDraw { assessment: assessment.to_owned(), scheme: None, level: level.to_owned() };
        self.agency("stuttgart").context.run(move |context| draws::call(context, &new)).await
    }

    async fn asks(&self, assessment: &str, level: &str, reviewers: &[&str]) -> Result<OfferView, Error> {
        let new = NewOffer {
            assessment: assessment.to_owned(),
            scheme: None,
            level: level.to_owned(),
            reviewers: reviewers.iter().map(ToString::to_string).collect(),
            due: None,
            languages: vec!["de".into()],
            comments: Some(false),
        };
        self.agency("stuttgart").context.run(move |context| offers::create(context, new)).await
    }
}

/// From the call to a label that anybody recounts; who declines is passed over, and the same draw goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_draw_names_whom_to_ask_and_everybody_recounts_it() {
    let world = World::of(&SIX, |charter| charter.conflicts.drawn = true).await;
    let stuttgart = world.agency("stuttgart");
    let assessment = stuttgart.assessed("Drawn", 4).await;
    let error = world.asks(&assessment, "gold", &["lyon", "wien"]).await.expect_err("not drawn yet");
    assert!(matches!(error, Error::State { .. }), "{error}");
    let called = world.calls(&assessment, "gold").await.expect("called");
    assert_eq!((called.state, called.ranking.len(), called.contributors.len()), ("called", 0, 4));
    let again = world.calls(&assessment, "gold").await.expect_err("one ranking for a cycle");
    assert!(matches!(again, Error::Exists { .. }), "{again}");
    // Nothing of it leaves before it is anchored.
    world.rounds().await;
    assert_eq!(world.draw(&called.id).await.state, "called");
    world.day(1);
    let drawn = world.draw_until(&called.id, "drawn").await;
    assert_eq!(drawn.contributors.iter().filter(|part| part.state == "opened").count(), 2, "{:?}", drawn.contributors);
    let mut sorted = drawn.ranking.clone();
    sorted.sort();
    assert_eq!(sorted, ["berlin", "lyon", "oslo", "porto", "wien"], "everybody eligible, once");
    assert_eq!(drawn.ask, drawn.ranking[..2], "GOLD takes two");

    let others: Vec<&str> = drawn.ranking[2..4].iter().map(String::as_str).collect();
    let error = world.asks(&assessment, "gold", &others).await.expect_err("others than drawn");
    assert_eq!(error.code(), "PGN-0875", "{error}");
    let offer = world.asks(&assessment, "gold", &[]).await.expect("asked");
    let mut asked: Vec<_> = offer.reviewers.iter().map(|reviewer| reviewer.agency.clone()).collect();
    asked.sort_by_key(|agency| drawn.ranking.iter().position(|other| other == agency));
    assert_eq!(asked, drawn.ask);

    // The first one declines: the next offer moves down the ranking.
    let first = world.agency(&drawn.ranking[0]);
    let show = || {
        first.context.run({
            let id = offer.id.clone();
            move |context| inbox::show(context, &id)
        })
    };
    until("the offer", || async { show().await.ok() }).await;
    let id = offer.id.clone();
    first
        .context
        .run(move |context| inbox::decline(context, &id, parangon_protocol::review::DeclineReason::NoCapacity))
        .await
        .expect("declined");
    stuttgart.offer_until(&offer.id, "the decline", |view| view.reviewers.iter().any(|party| party.state == State::Declined)).await;
    offers::withdraw(&stuttgart.context, &offer.id).await.expect("withdrawn");
    assert_eq!(world.draw(&called.id).await.ask, drawn.ranking[1..3]);
    let offer = world.asks(&assessment, "gold", &[]).await.expect("asked again");
    for name in &drawn.ranking[1..3] {
        assert!(world.agency(name).reviews(&offer.id, level(4)).await.recommended);
    }
    stuttgart.offer_until(&offer.id, "enough reviews", |view| view.ready).await;
    let preview = stuttgart.preview(&offer.id).await;
    assert_eq!(preview.draw.expect("shown before it is signed")["call"]["body"]["owner"], "stuttgart");
    let label = stuttgart.issues(&offer.id).await.expect("issued").id;

    // Another country's node recounts it from what is public.
    let oslo = world.agency("oslo");
    oslo.label_until(&label, Standing::Valid).await;
    let recount = oslo.context.run(move |context| labels::recount(context, &label)).await.expect("recounted");
    let rule = recount.rules.iter().find(|rule| rule.rule == "draw").expect("the draw");
    assert_eq!(rule.outcome, "kept", "{}", rule.detail);
    let [first, second, third] = [0, 1, 2].map(|at| drawn.ranking[at].as_str());
    for said in [
        format!("{second} is number 2 of 5"),
        format!("{third} is number 3 of 5"),
        format!("{first}, number 1 of the draw, did not review"),
    ] {
        assert!(rule.detail.contains(&said), "{}", rule.detail);
    }
}

/// A contributor that commits and then never opens its value: those who hold shares of it do. Another one never commits, and is left out when the
/// time is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_withheld_is_opened_by_others() {
    let world = World::of(&SIX, |_| ()).await;
    let stuttgart = world.agency("stuttgart");
    let assessment = stuttgart.assessed("Withheld", 4).await;
    let called = world.calls(&assessment, "bronze").await.expect("called");
    let asked: Vec<_> = called.contributors.iter().map(|part| part.agency.clone()).collect();
    assert_eq!(asked.len(), 4);
    world.agency(&asked[3]).part(stuttgart).await;
    world.day(1);
    let ready = |view: &DrawView| view.contributors[..3].iter().all(|part| part.state == "ready");
    until("three are ready", || async {
        world.rounds().await;
        ready(&world.draw(&called.id).await).then_some(())
    })
    .await;
    assert_eq!(world.draw(&called.id).await.state, "committing", "there is time for the fourth");
    let gone = world.agency(&asked[0]);
    for other in world.agencies.iter().filter(|other| other.name() != gone.name()) {
        gone.part(other).await;
    }
    world.day(5);
    let view = world.draw_until(&called.id, "opening").await;
    assert_eq!(view.contributors[3].state, "asked");
    // Six hours later it counts as withheld.
    world.clock.set(midday().plus(5 * DAY_SECONDS + 7 * 3_600));
    let drawn = world.draw_until(&called.id, "drawn").await;
    let states: Vec<_> = drawn.contributors.iter().map(|part| part.state).collect();
    assert_eq!(states, ["recovered", "opened", "ready", "asked"]);
    assert_eq!(drawn.ranking.len(), 5, "it may review all the same");
    assert_eq!(drawn.ask, drawn.ranking[..1]);
}

/// Too few commit: the draw came to nothing, and the owner asks without one where the charter lets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_draw_without_values_fails_and_is_not_repeated() {
    let world = World::of(&SIX, |_| ()).await;
    let stuttgart = world.agency("stuttgart");
    let assessment = stuttgart.assessed("Alone", 4).await;
    for other in world.agencies.iter().filter(|other| other.name() != "stuttgart") {
        stuttgart.part(other).await;
    }
    let called = world.calls(&assessment, "bronze").await.expect("called");
    world.day(1);
    world.rounds().await;
    // Its anchor has no quorum while everybody is away, so nobody is asked: that waits, it does not fail.
    assert_eq!(world.draw(&called.id).await.state, "called");
    world.day(6);
    for other in world.agencies.iter().filter(|other| other.name() != "stuttgart") {
        stuttgart.rejoin(other).await;
    }
    let view = world.draw_until(&called.id, "failed").await;
    assert!(view.next_step.contains("its anchor came when the time for values was over"), "{}", view.next_step);
    let again = world.calls(&assessment, "bronze").await.expect_err("not repeated");
    assert!(matches!(again, Error::Exists { .. }), "{again}");
    world.asks(&assessment, "bronze", &["lyon"]).await.expect("without a draw");
}

/// A contributor that deals its shares to nobody but the owner could keep its value until it knows the others: it does not count.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_others_could_not_open_does_not_count() {
    let world = World::of(&SIX, |_| ()).await;
    let stuttgart = world.agency("stuttgart");
    let assessment = stuttgart.assessed("Kept back", 4).await;
    let called = world.calls(&assessment, "bronze").await.expect("called");
    let asked: Vec<_> = called.contributors.iter().map(|part| part.agency.clone()).collect();
    let alone = world.agency(&asked[0]);
    for other in world.agencies.iter().filter(|other| ![alone.name(), stuttgart.name()].contains(&other.name())) {
        alone.part(other).await;
    }
    world.day(1);
    until("the others are ready", || async {
        world.rounds().await;
        let states: Vec<_> = world.draw(&called.id).await.contributors.iter().map(|part| part.state).collect();
        (states == ["committed", "ready", "ready", "ready"]).then_some(())
    })
    .await;
    assert_eq!(world.draw(&called.id).await.state, "committing", "it has time until then");
    world.day(5);
    let drawn = world.draw_until(&called.id, "drawn").await;
    let states: Vec<_> = drawn.contributors.iter().map(|part| part.state).collect();
    assert_eq!(states, ["committed", "opened", "opened", "ready"]);
}

/// Nobody is bothered with a draw that cannot make up the panel, whoever comes first.
#[tokio::test(flavor = "multi_thread")]
async fn a_draw_that_could_name_nobody_is_refused_before_it_begins() {
    let world = World::of(&[("stuttgart", "DE", None), ("lyon", "FR", None)], |_| ()).await;
    let assessment = world.agency("stuttgart").assessed("Two of us", 4).await;
    let error = world.calls(&assessment, "gold").await.expect_err("GOLD takes two");
    assert!(matches!(&error, Error::State { state, .. } if state.contains("of no use")), "{error}");
    assert_eq!(world.calls(&assessment, "bronze").await.expect("BRONZE takes one").state, "called");
}
