//! Rounds as they are shown: where they stand, never a counter.

use parangon_protocol::statistics::Period;
use parangon_protocol::statistics::pool::{Named, Outcome, Plan, outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Round, board, catalogue_refs, find, plan};
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
    let mut period = Period::of(context.now()).previous();
    for _ in 0..SHOWN {
        let Some(shown) = period else { break };
        for reference in catalogue_refs(context) {
            let ours = find(&tx, &reference, shown)?;
            let plan = match &ours {
                Some(round) => Some(round.plan()?),
                None => plan::plan(context, &tx, &reference, shown)?,
            };
            if let Some(plan) = plan {
                rounds.push(view(context, &tx, &plan, ours.as_ref())?);
            }
        }
        period = shown.previous();
    }
    Ok(rounds)
}

fn view<S: Source>(context: &Context, tx: &Tx<S>, plan: &Plan, ours: Option<&Round>) -> Result<RoundView, Error> {
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
    if let Some(round) = ours {
        view.lacking = texts(&round.party.lacks(plan, &board, now)?);
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
