//! Rounds as they are shown: where they stand, never a counter.

use parangon_protocol::statistics::Period;
use parangon_protocol::statistics::pool::{Named, Outcome, Party, Plan, outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::{board, catalogue_refs, plan};
use crate::service::{Context, Error};
use crate::store::{Source, Tx};

/// Periods that are shown.
const SHOWN: usize = 4;

/// Who is named, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedView {
    /// Who; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// `share`, `hash`, `ready`, `opening`, `mismatch` or `levels`.
    pub fault: &'static str,
}

/// A round of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundView {
    /// Its id.
    pub round: String,
    /// On which catalogue.
    pub catalogue: String,
    /// For which quarter.
    pub period: String,
    /// The agencies that are pooled and have clusters.
    pub agencies: Vec<String>,
    /// Whether this agency is one of them.
    pub ours: bool,
    /// The attempt it is in, or ended in; 0 when it did not open.
    pub attempt: u32,
    /// `waiting`, `sharing`, `readying`, `opening`, `restarting`, `total`, `failed`, `closed` or `contradiction`.
    pub state: String,
    /// Who has not yet done what the state asks for.
    pub awaited: Vec<String>,
    /// Whose shares have not come here, while that can still be mended.
    pub lacking: Vec<String>,
    /// Who is named.
    pub named: Vec<NamedView>,
    /// Why there is no total, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn named(named: &[Named]) -> Vec<NamedView> {
    let one = |named: &Named| NamedView { agency: named.agency.as_ref().map(ToString::to_string), fault: named.fault.as_str() };
    named.iter().map(one).collect()
}

/// The rounds of the last periods, newest first.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<RoundView>, Error> {
    let tx = context.store().read()?;
    let mut rounds = Vec::new();
    if let Some(last) = Period::of(context.now()).previous() {
        let first = (1..SHOWN).try_fold(last, |period, _| period.previous()).unwrap_or(last);
        for reference in catalogue_refs(context) {
            let made = plan::made(context, &tx, &reference, last, false)?;
            for made in made.into_iter().filter(|made| made.plan.period() >= first) {
                rounds.push((made.plan.period(), view(context, &tx, &made.plan, made.party.as_ref())?));
            }
        }
    }
    rounds.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(rounds.into_iter().map(|(_, view)| view).collect())
}

fn view<S: Source>(context: &Context, tx: &Tx<S>, plan: &Plan, ours: Option<&Party>) -> Result<RoundView, Error> {
    let texts = |agencies: &[parangon_protocol::id::AgencyId]| agencies.iter().map(ToString::to_string).collect::<Vec<_>>();
    let agencies: Vec<_> = plan.agencies().cloned().collect();
    let mut view = RoundView {
        round: plan.round().to_string(),
        catalogue: plan.catalogue().id.to_string(),
        period: plan.period().to_string(),
        ours: agencies.contains(context.me()),
        agencies: texts(&agencies),
        attempt: 0,
        state: String::new(),
        awaited: vec![],
        lacking: vec![],
        named: vec![],
        reason: None,
    };
    let (board, now) = (board(context, tx, plan.round())?, context.now());
    if let Some(party) = ours {
        view.lacking = texts(&party.lacks(plan, &board, now)?);
    }
    match outcome(plan, &board, now) {
        Outcome::Closed { attempts, reason, named: who } => {
            view.attempt = attempts;
            view.state = "closed".into();
            view.named = named(&who);
            view.reason = Some(reason.to_string());
        }
        Outcome::Running { attempt, phase, awaited } => {
            view.attempt = attempt;
            view.state = phase.as_str().into();
            view.awaited = texts(&awaited);
        }
        Outcome::Total(total) => {
            view.attempt = total.attempt;
            view.state = "total".into();
        }
        Outcome::Failed { attempt, named: who } => {
            view.attempt = attempt;
            view.state = "failed".into();
            view.named = named(&who);
            view.reason = Some("it ended without a total, and a period has no second one".into());
        }
        Outcome::Contradiction { agencies } => {
            view.state = "contradiction".into();
            view.awaited = texts(&agencies);
            view.reason = Some("its members published different totals, so none counts".into());
        }
    }
    Ok(view)
}
