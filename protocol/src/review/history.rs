//! Who may review whom by what was published before: no direct swap, and not the same agency twice in a row (protocol, "Labels").
//! It comes on top of [`super::panel`], is computed from published endorsements alone, and so comes out the same for owner,
//! reviewer and everybody else who holds the same logs.

use std::collections::BTreeSet;

use super::panel::{self, Case, Ineligible};
use crate::charter::{Charter, LevelRule};
use crate::id::{AgencyId, ClusterId, SchemeId};
use crate::time::Month;

/// One published endorsement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Past {
    /// The month in which the label was issued, as its issuer says.
    pub issued: Month,
    /// Whose cluster it was.
    pub owner: AgencyId,
    /// Which cluster.
    pub cluster: ClusterId,
    /// In which scheme.
    pub scheme: SchemeId,
    /// Who endorsed.
    pub endorser: AgencyId,
}

/// What stands against an agency from what was published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The owner reviewed for it a short while ago: a direct swap.
    #[error("{owner} reviewed for it in {issued}: no direct swap within {months} months")]
    Swap {
        /// Who asks now.
        owner: AgencyId,
        /// When the owner's endorsement was published.
        issued: Month,
        /// The charter's months.
        months: u16,
    },
    /// It, or an agency under its parent, endorsed the cluster's last label of this scheme.
    #[error("it reviewed this cluster last time, in {issued}")]
    Twice {
        /// When that label was issued.
        issued: Month,
    },
}

/// What the rules say about one agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may review.
    Eligible,
    /// It may review although something stands against it, because too few others are left. Verdicts show this.
    Waived(Objection),
    /// It may not, by what was published.
    Objected(Objection),
    /// It may not, by the charter.
    Ineligible(Ineligible),
}

impl Answer {
    /// Whether it may be asked.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        matches!(self, Self::Eligible | Self::Waived(_))
    }
}

/// Every member with what the rules say, in the charter's order.
///
/// A swap is waived for all when fewer groups than the charter's floor are left without those whom anything excludes. After that, an
/// agency that reviewed last time is waived when the others cannot fill the rule's panel: a federation of three could renew no
/// GOLD otherwise.
#[must_use]
pub fn explain(charter: &Charter, rule: &LevelRule, history: &[Past], case: Case<'_>) -> Vec<(AgencyId, Answer)> {
    let judged: Vec<_> = charter.members.iter().map(|member| (&member.id, judge(charter, history, case, &member.id))).collect();
    // Agencies against which nothing stands but what `waived` lets pass.
    let left = |waived: &dyn Fn(&Objection) -> bool| -> Vec<AgencyId> {
        let free = judged.iter().filter(|(_, answer)| answer.as_ref().is_ok_and(|objections| objections.iter().all(waived)));
        free.map(|(agency, _)| (*agency).clone()).collect()
    };
    let is_swap = |objection: &Objection| matches!(objection, Objection::Swap { .. });
    let groups: BTreeSet<String> = left(&|_| false).iter().map(|agency| charter.group(agency)).collect();
    let swaps = groups.len() < usize::from(charter.conflicts.swap_floor);
    let twice = panel::check(charter, rule, case, &left(&|objection| swaps && is_swap(objection))).is_err();
    let waived = |objection: &Objection| if is_swap(objection) { swaps } else { twice };
    let answer = |objections: &Vec<Objection>| match (objections.iter().find(|objection| !waived(objection)), objections.first()) {
        (Some(objection), _) => Answer::Objected(objection.clone()),
        (None, Some(objection)) => Answer::Waived(objection.clone()),
        (None, None) => Answer::Eligible,
    };
    let answer =
        |judged: &Result<Vec<Objection>, Ineligible>| judged.as_ref().map_or_else(|cause| Answer::Ineligible(cause.clone()), answer);
    judged.iter().map(|(agency, judged)| ((*agency).clone(), answer(judged))).collect()
}

/// What the rules say about one agency.
#[must_use]
pub fn answer(charter: &Charter, rule: &LevelRule, history: &[Past], case: Case<'_>, candidate: &AgencyId) -> Answer {
    let found = explain(charter, rule, history, case).into_iter().find(|(agency, _)| agency == candidate);
    found.map_or(Answer::Ineligible(Ineligible::NotAMember), |(_, answer)| answer)
}

/// Everything that stands against an agency from what was published.
fn judge(charter: &Charter, history: &[Past], case: Case<'_>, candidate: &AgencyId) -> Result<Vec<Objection>, Ineligible> {
    panel::eligible(charter, case, candidate)?;
    Ok(twice(charter, history, case, candidate).into_iter().chain(swap(charter, history, case, candidate)).collect())
}

/// The owner's group endorsed for the candidate's group within the charter's months, counted in calendar months.
fn swap(charter: &Charter, history: &[Past], case: Case<'_>, candidate: &AgencyId) -> Option<Objection> {
    let (ours, theirs) = (charter.group(case.owner), charter.group(candidate));
    let months = charter.conflicts.swap_months;
    let reviewed = |past: &&Past| charter.group(&past.endorser) == ours && charter.group(&past.owner) == theirs;
    let recent = |past: &&Past| case.at.since(past.issued) < i32::from(months);
    let last = history.iter().filter(reviewed).filter(recent).map(|past| past.issued).max()?;
    Some(Objection::Swap { owner: case.owner.clone(), issued: last, months })
}

/// The candidate's group is among the endorsers of the cluster's last label in this scheme.
fn twice(charter: &Charter, history: &[Past], case: Case<'_>, candidate: &AgencyId) -> Option<Objection> {
    let same = |past: &&Past| Some(&past.cluster) == case.cluster && past.scheme == *case.scheme;
    let last = history.iter().filter(same).map(|past| past.issued).max()?;
    let group = charter.group(candidate);
    let endorsed = history.iter().filter(same).any(|past| past.issued == last && charter.group(&past.endorser) == group);
    endorsed.then_some(Objection::Twice { issued: last })
}
