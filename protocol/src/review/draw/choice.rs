//! Following a ranking: whom to ask next, and what a label's endorsers say about the order in which they were asked.

use std::collections::BTreeSet;
use std::fmt;

use crate::charter::{Charter, LevelRule};
use crate::id::{AgencyId, Country};
use crate::review::panel::{self, Case, PanelError};

/// An agency that the ranking puts before an endorser, and that could have completed the panel. Declines are private, so this is
/// shown as what the owner says, never as a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Who.
    pub agency: AgencyId,
    /// Its place in the ranking, from 1.
    pub position: usize,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, number {} of the draw, did not review (declined or not available, says the owner)", self.agency, self.position)
    }
}

/// How a label's endorsers stand to the ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Each endorser's place in the ranking, from 1, in that order.
    pub positions: Vec<(AgencyId, usize)>,
    /// Who stands before one of them.
    pub passed_over: Vec<PassedOver>,
    /// Endorsers that the ranking does not have: they were not eligible when it was drawn.
    pub unranked: Vec<AgencyId>,
}

/// Compares a label's endorsers with the ranking. An agency that could not have completed the panel where it stands (another voice of
/// a group that is there, one at home where only a place for somebody from abroad is left) was not passed over.
#[must_use]
pub fn follows(charter: &Charter, rule: &LevelRule, case: Case<'_>, ranking: &[AgencyId], endorsers: &[AgencyId]) -> Followed {
    let endorses = |agency: &AgencyId| endorsers.contains(agency);
    let last = ranking.iter().rposition(endorses).map_or(0, |last| last + 1);
    let mut seats = Seats::of(charter, rule, case);
    let (mut positions, mut passed_over) = (vec![], vec![]);
    for (at, agency) in ranking[..last].iter().enumerate() {
        let position = at + 1;
        if endorses(agency) {
            seats.take(agency);
            positions.push((agency.clone(), position));
        } else if seats.can_take(agency, &ranking[position..]) {
            passed_over.push(PassedOver { agency: agency.clone(), position });
        }
    }
    let unranked = endorsers.iter().filter(|agency| !ranking.contains(agency)).cloned().collect();
    Followed { positions, passed_over, unranked }
}

/// Whom the owner asks now, in this order, when these were asked and have not declined, and those declined or gave no answer: for each place of
/// the panel that is free the first in the ranking with whom the panel can still be completed. None when all places are taken.
/// Whoever declined is not asked again, so repeated asking only moves down the ranking.
///
/// # Errors
/// [`PanelError`] when those who are left cannot complete the panel.
pub fn next(
    charter: &Charter,
    rule: &LevelRule,
    case: Case<'_>,
    ranking: &[AgencyId],
    asked: &[AgencyId],
    declined: &[AgencyId],
) -> Result<Vec<AgencyId>, PanelError> {
    let mut seats = Seats::of(charter, rule, case);
    let mut panel: Vec<_> = asked.iter().filter(|agency| !declined.contains(agency)).cloned().collect();
    panel.iter().for_each(|agency| seats.take(agency));
    let before = panel.len();
    let mut left: Vec<_> = ranking.iter().filter(|agency| !asked.contains(agency) && !declined.contains(agency)).cloned().collect();
    while let Some(at) = left.iter().position(|agency| seats.can_take(agency, &left)) {
        let agency = left.remove(at);
        seats.take(&agency);
        panel.push(agency);
    }
    panel::check(charter, rule, case, &panel)?;
    Ok(panel.split_off(before))
}

/// The places of a panel: one for each group, some of them for groups from abroad.
struct Seats<'a> {
    charter: &'a Charter,
    home: Option<&'a Country>,
    free: usize,
    foreign: usize,
    groups: BTreeSet<String>,
}

impl<'a> Seats<'a> {
    fn of(charter: &'a Charter, rule: &LevelRule, case: Case<'_>) -> Self {
        let home = charter.member(case.owner).map(|member| &member.country);
        Self { charter, home, free: rule.reviewers.into(), foreign: rule.foreign.into(), groups: BTreeSet::new() }
    }

    fn is_abroad(&self, agency: &AgencyId) -> bool {
        self.charter.member(agency).is_some_and(|member| Some(&member.country) != self.home)
    }

    fn take(&mut self, agency: &AgencyId) {
        if self.groups.insert(self.charter.group(agency)) {
            self.free = self.free.saturating_sub(1);
            self.foreign = self.foreign.saturating_sub(self.is_abroad(agency).into());
        }
    }

    /// Whether a place is free for it, and the others can be filled from `left`.
    fn can_take(&self, agency: &AgencyId, left: &[AgencyId]) -> bool {
        let own = self.charter.group(agency);
        if self.free == 0 || self.groups.contains(&own) {
            return false;
        }
        let (free, foreign) = (self.free - 1, self.foreign.saturating_sub(self.is_abroad(agency).into()));
        let groups = |keep: &dyn Fn(&AgencyId) -> bool| {
            let others = left.iter().filter(|other| keep(other)).map(|other| self.charter.group(other));
            others.filter(|group| *group != own && !self.groups.contains(group)).collect::<BTreeSet<_>>().len()
        };
        foreign <= free && groups(&|_| true) >= free && groups(&|other| self.is_abroad(other)) >= foreign
    }
}
