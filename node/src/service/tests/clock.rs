//! A clock that is behind what the other members vouch for (case D7).

use std::sync::Arc;

use parangon_protocol::time::Timestamp;

use super::support::{THREE, Who, federation_at, level, until};
use crate::clock::{Clock, ManualClock};
use crate::engine;
use crate::service::register::Standing;
use crate::service::{Error, members};

const FIVE: [Who; 5] =
    [("stuttgart", "DE", None), ("lyon", "FR", None), ("berlin", "DE", None), ("porto", "PT", None), ("wien", "AT", None)];

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_issues_nothing_and_says_so() {
    let start: Timestamp = "2026-11-29T00:00:00Z".parse().expect("time");
    let clock = Arc::new(ManualClock::new(start));
    let agencies = federation_at(&THREE, || clock.clone() as Arc<dyn Clock>).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("With a good clock", 4).await;
    let offer = stuttgart.offer(&assessment, "gold", &[berlin, lyon]).await.expect("an offer");
    for reviewer in [berlin, lyon] {
        reviewer.reviews(&offer.id, level(4)).await;
    }
    // Reviews travel; nothing but the clock may stand against the label.
    stuttgart.offer_until(&offer.id, "both reviews", |offer| offer.ready).await;
    // Without one record more, the heads are cosigned again: that is where the floor comes from.
    let later = start.plus(2 * 86_400);
    clock.set(later);
    let vouched = || engine::vouched(&stuttgart.context.store().read().expect("a snapshot")).expect("readable");
    until("the others vouch for the time", || async { (vouched() >= later).then_some(()) }).await;
    // The floor follows what is on disk: it stands where that says once the commit is over.
    stuttgart.context.engine().settled().await.expect("running");
    clock.set(start);
    assert_eq!(stuttgart.context.now(), vouched(), "what had expired stays expired");
    assert_eq!(stuttgart.context.clock_behind(), vouched().since(start));
    let error = stuttgart.issues(&offer.id).await.expect_err("dated wrongly");
    assert!(matches!(error, Error::ClockBehind { .. }), "{error}");
    let status = stuttgart.context.run(members::status).await.expect("a status");
    let line = status.lines.iter().find(|line| line.subject == "clock").expect("a line about the clock");
    assert_eq!(line.state, members::Severity::Fail);
    // A minute is no matter: two clocks that are right differ by less.
    clock.set(Timestamp::from_seconds(vouched().seconds() - 60).expect("in range"));
    assert_eq!(stuttgart.context.clock_behind(), 0);
    stuttgart.issues(&offer.id).await.expect("issued");
}

/// Nobody hears of an agency any more, or is kept from it: its labels are not valid for ever (case L8).
#[tokio::test(flavor = "multi_thread")]
async fn l8_a_label_that_nobody_confirms_any_more_is_stale() {
    let start: Timestamp = "2026-11-29T00:00:00Z".parse().expect("time");
    let clock = Arc::new(ManualClock::new(start));
    let agencies = federation_at(&FIVE, || clock.clone() as Arc<dyn Clock>).await;
    let [berlin, lyon, porto, stuttgart, wien] = &agencies[..] else { panic!("five") };
    let away = lyon.awards("Of an agency that goes away", "bronze", 4, &[porto]).await.id;
    let here = stuttgart.awards("Of one that stays", "bronze", 4, &[porto]).await.id;
    for label in [&away, &here] {
        berlin.label_until(label, Standing::Valid).await;
    }
    for other in [berlin, porto, stuttgart, wien] {
        lyon.part(other).await;
    }
    clock.set(start.plus(34 * 86_400));
    berlin.label_until(&away, Standing::Valid).await;
    clock.set(start.plus(36 * 86_400));
    let stale = berlin.label_until(&away, Standing::Stale).await;
    assert!(stale.reason.expect("a reason").contains("not confirmed since 2026-11-"), "it says since when");
    berlin.label_until(&here, Standing::Valid).await;
    for other in [berlin, porto, stuttgart, wien] {
        lyon.rejoin(other).await;
    }
    berlin.label_until(&away, Standing::Valid).await;
}
