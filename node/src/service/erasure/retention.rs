//! The charter's periods, applied by the node itself: what a reviewer holds of a dossier and of its own review, and the owner's assessments.
//! A charter without periods deletes nothing.

use std::collections::BTreeMap;

use parangon_protocol::charter::Retention;
use parangon_protocol::review::Outcome;
use parangon_protocol::time::{Month, Timestamp};

use super::plan::Plan;
use super::{Target, carry};
use crate::engine;
use crate::service::assessments::Sheet;
use crate::service::inbox;
use crate::service::item;
use crate::service::offers::Offered;
use crate::service::{Context, Error, random_bytes};
use crate::store::ReadTx;

/// Seconds for which `status` looks ahead.
const AHEAD: u64 = 14 * 86_400;

/// Seconds by which our clock may be ahead of what the others vouch for: they do so once a day.
const AHEAD_OF_OTHERS: u64 = 2 * 86_400;

/// What goes when, by id.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) assessments: Vec<(String, Timestamp)>,
    pub(crate) dossiers: Vec<(String, Timestamp)>,
    pub(crate) reviews: Vec<(String, Timestamp)>,
}

impl Due {
    fn by(context: &Context, tx: &ReadTx, at: Timestamp) -> Result<Self, Error> {
        let charter = context.charter();
        let Some(retention) = &charter.retention else { return Ok(Self::default()) };
        let (mut dossiers, mut reviews) = inbox::due(tx, retention)?;
        let mut assessments = assessments(tx, retention)?;
        for list in [&mut assessments, &mut dossiers, &mut reviews] {
            list.retain(|(_, due)| *due <= at);
        }
        Ok(Self { assessments, dossiers, reviews })
    }

    /// The first of them.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        [&self.assessments, &self.dossiers, &self.reviews].into_iter().flatten().map(|(_, due)| *due).min()
    }
}

/// What will be deleted within two weeks.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub(crate) fn upcoming(context: &Context) -> Result<Due, Error> {
    Due::by(context, &context.store().read()?, context.now().plus(AHEAD))
}

/// When each assessment is to go: the later of its labels' expiries, its offers' ends and its last change, and the charter's months
/// more. What was never offered stays, and so does what is under review.
fn assessments(tx: &ReadTx, retention: &Retention) -> Result<Vec<(String, Timestamp)>, Error> {
    let mut ends: BTreeMap<String, Option<Month>> = BTreeMap::new();
    item::each::<Offered, _>(tx, |_, offered| {
        let end = match offered.exchange.outcome() {
            Outcome::Open => None,
            Outcome::Issued(_) => Some(offered.offer.body.valid_until),
            Outcome::Withdrawn => Some(offered.ended().month()),
        };
        ends.entry(offered.sheet().to_owned())
            .and_modify(|known| *known = known.zip(end).map(|(known, end)| known.max(end)))
            .or_insert(end);
        Ok(())
    })?;
    let mut due = Vec::new();
    item::each::<Sheet, _>(tx, |id, sheet| {
        let changed = sheet.changed().month();
        let end = match ends.get(&id) {
            Some(end) => end.map(|end| end.max(changed)),
            None => sheet.offer.map(|_| changed), // its offer was erased
        };
        due.extend(end.map(|end| (id, retention.assessment_until(end))));
        Ok(())
    })?;
    Ok(due)
}

/// The time by which something is deleted: ours, but not much later than what the others vouch for. Of a clock that runs years ahead
/// a certificate may recover; what was deleted does not come back. Who has nobody to vouch has its own clock alone.
pub(crate) fn trusted(context: &Context) -> Result<Timestamp, Error> {
    let now = context.now();
    if context.charter().members.len() == 1 {
        return Ok(now);
    }
    Ok(now.min(engine::vouched(&context.store().read()?)?.plus(AHEAD_OF_OTHERS)))
}

/// Deletes what is due. One that cannot go holds up no other.
pub(super) fn apply(context: &Context) -> Result<(), Error> {
    let now = trusted(context)?;
    let Due { assessments, dossiers, reviews } = Due::by(context, &context.store().read()?, now)?;
    if assessments.is_empty() && dossiers.is_empty() && reviews.is_empty() {
        return Ok(());
    }
    let mut failed = 0;
    let mut note = |outcome: Result<(), Error>| {
        if let Err(error) = outcome {
            failed += 1;
            tracing::warn!(code = error.code(), "something whose period has ended could not be deleted");
        }
    };
    for (id, _) in &assessments {
        note(context.transact(|tx| {
            let plan = Plan::of(tx, Target::Assessment, id)?;
            if plan.is_open() {
                return Ok(()); // offered again in this moment
            }
            let order = hex::encode(random_bytes::<12>()?);
            carry::out(context, tx, &order, plan, true).map(drop)
        }));
    }
    for (id, _) in &dossiers {
        note(inbox::let_go(context, id));
    }
    for (id, _) in &reviews {
        note(context.transact(|tx| inbox::forget_review(tx, id, now)));
    }
    context.queued().notify_one();
    context.counters().count_erased("retention", (dossiers.len() + reviews.len()) as u64);
    let (assessments, dossiers, reviews) = (assessments.len(), dossiers.len(), reviews.len());
    tracing::info!(assessments, dossiers, reviews, failed, "what the charter's periods of retention ended was deleted");
    Ok(())
}
