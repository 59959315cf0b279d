//! Who may review whom, from the charter alone (cases R1 and R2). What history adds (swaps, second reviews in a row) comes on top.

use std::collections::{BTreeMap, BTreeSet};

use crate::charter::{Charter, LevelRule, Member, Tie};
use crate::id::{AgencyId, ClusterId, Country, Name, SchemeId};
use crate::time::Month;

/// What is to be reviewed: all that the rules need to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who asks.
    pub owner: &'a AgencyId,
    /// For which cluster. Without one the answer is what holds for all of the owner's.
    pub cluster: Option<&'a ClusterId>,
    /// In which scheme.
    pub scheme: &'a SchemeId,
    /// The month of the assessment, which stands in the label: so everybody reckons from the same one.
    pub at: Month,
}

/// Why an agency cannot review an owner's cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ineligible {
    /// The charter does not list it.
    #[error("not a member of the federation")]
    NotAMember,
    /// It is the owner: nobody reviews its own cluster.
    #[error("the cluster's own agency")]
    Owner,
    /// Owner and candidate answer to one body.
    #[error("under the same parent as the owner ({parent})")]
    SameParent {
        /// That body.
        parent: Name,
    },
    /// The charter lists a tie.
    #[error("tied by what {} declared: {} to {}{}", .0.agency, .0.agency, .0.to, .0.until.map(|month| format!(", until {month}")).unwrap_or_default())]
    Tied(Tie),
    /// The owner itself is not listed, so nobody can review for it.
    #[error("the owner {owner} is not a member of the federation")]
    UnknownOwner {
        /// The owner.
        owner: AgencyId,
    },
}

/// Why a set of endorsers does not carry a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PanelError {
    /// One of them may not review for this owner.
    #[error("{agency} may not endorse for {owner}: {cause}")]
    Conflict {
        /// Who.
        agency: AgencyId,
        /// For whom.
        owner: AgencyId,
        /// Why not.
        cause: Ineligible,
    },
    /// One agency twice.
    #[error("{0} endorses twice")]
    Twice(AgencyId),
    /// Fewer independent voices than the level needs.
    #[error("{found} of {needed} reviewing agencies{}", together(.sharing))]
    TooFew {
        /// Distinct groups the level needs.
        needed: usize,
        /// Distinct groups found.
        found: usize,
        /// Agencies that did not count, because another of their parent's already did.
        sharing: Vec<AgencyId>,
    },
    /// Fewer voices from abroad than the level needs.
    #[error("{found} of {needed} reviewing agencies from outside {country} ({})", list(.domestic))]
    TooFewForeign {
        /// Distinct groups from abroad that the level needs.
        needed: usize,
        /// Distinct groups from abroad found.
        found: usize,
        /// The owner's country.
        country: Country,
        /// The endorsers from that country.
        domestic: Vec<AgencyId>,
    },
}

fn list(agencies: &[AgencyId]) -> String {
    match agencies {
        [] => "nobody else".to_owned(),
        _ => agencies.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(", ") + " at home",
    }
}

fn together(sharing: &[AgencyId]) -> String {
    match sharing {
        [] => String::new(),
        _ => format!(" ({} not counted: same parent)", sharing.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(", ")),
    }
}

/// Whether `candidate` may be asked, may accept and may endorse. Countries exclude nobody: they count in [`check`].
///
/// # Errors
/// The first reason of [`Ineligible`].
pub fn eligible(charter: &Charter, case: Case<'_>, candidate: &AgencyId) -> Result<(), Ineligible> {
    let Case { owner, cluster, at, .. } = case;
    let ours = charter.member(owner).ok_or_else(|| Ineligible::UnknownOwner { owner: owner.clone() })?;
    let theirs = charter.member(candidate).ok_or(Ineligible::NotAMember)?;
    if owner == candidate {
        return Err(Ineligible::Owner);
    }
    if let Some(parent) = shared_parent(charter, ours, theirs) {
        return Err(Ineligible::SameParent { parent });
    }
    match charter.tie(owner, cluster, candidate, at) {
        Some(tie) => Err(Ineligible::Tied(tie.clone())),
        None => Ok(()),
    }
}

/// Whether these endorsers carry a label of this rule: each may endorse, and there are enough independent ones, and
/// enough of them from abroad. Agencies under one parent count once.
///
/// # Errors
/// The first rule broken, with who breaks it.
pub fn check(charter: &Charter, rule: &LevelRule, case: Case<'_>, endorsers: &[AgencyId]) -> Result<(), PanelError> {
    let owner = case.owner;
    let conflict = |agency: &AgencyId, cause| PanelError::Conflict { agency: agency.clone(), owner: owner.clone(), cause };
    let country = match charter.member(owner) {
        Some(member) => &member.country,
        None => return Err(conflict(owner, Ineligible::NotAMember)),
    };
    let mut groups: BTreeMap<String, bool> = BTreeMap::new();
    let (mut seen, mut sharing, mut domestic) = (BTreeSet::new(), vec![], vec![]);
    for agency in endorsers {
        eligible(charter, case, agency).map_err(|cause| conflict(agency, cause))?;
        if !seen.insert(agency) {
            return Err(PanelError::Twice(agency.clone()));
        }
        let abroad = charter.member(agency).is_some_and(|member| &member.country != country);
        if !abroad {
            domestic.push(agency.clone());
        }
        let group = charter.group(agency);
        if groups.contains_key(&group) {
            sharing.push(agency.clone());
        }
        // A group counts as foreign once one of its endorsers is: a further endorser never makes a panel worse.
        groups.entry(group).and_modify(|foreign| *foreign |= abroad).or_insert(abroad);
    }
    let needed = usize::from(rule.reviewers);
    if groups.len() < needed {
        return Err(PanelError::TooFew { needed, found: groups.len(), sharing });
    }
    let (needed, found) = (usize::from(rule.foreign), groups.values().filter(|foreign| **foreign).count());
    if found < needed {
        return Err(PanelError::TooFewForeign { needed, found, country: country.clone(), domestic });
    }
    Ok(())
}

fn shared_parent(charter: &Charter, a: &Member, b: &Member) -> Option<Name> {
    (charter.group(&a.id) == charter.group(&b.id)).then(|| a.parent.clone()).flatten()
}
