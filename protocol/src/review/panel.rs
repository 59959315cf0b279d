//! Who may review whom, from the charter alone (cases R1 and R2). What history adds (swaps, ties) comes on top.

use std::collections::{BTreeMap, BTreeSet};

use crate::charter::{Charter, LevelRule, Member};
use crate::id::{AgencyId, Country, Name};

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

/// Whether `candidate` may be asked, may accept and may endorse for `owner`. Countries exclude nobody: they count in
/// [`check`].
///
/// # Errors
/// The first reason of [`Ineligible`].
pub fn eligible(charter: &Charter, owner: &AgencyId, candidate: &AgencyId) -> Result<(), Ineligible> {
    let ours = charter.member(owner).ok_or_else(|| Ineligible::UnknownOwner { owner: owner.clone() })?;
    let theirs = charter.member(candidate).ok_or(Ineligible::NotAMember)?;
    if owner == candidate {
        return Err(Ineligible::Owner);
    }
    match shared_parent(charter, ours, theirs) {
        Some(parent) => Err(Ineligible::SameParent { parent }),
        None => Ok(()),
    }
}

/// Every member with the answer of [`eligible`], in the charter's order.
#[must_use]
pub fn explain(charter: &Charter, owner: &AgencyId) -> Vec<(AgencyId, Result<(), Ineligible>)> {
    charter.members.iter().map(|member| (member.id.clone(), eligible(charter, owner, &member.id))).collect()
}

/// Whether these endorsers carry a label of this rule: each may endorse, and there are enough independent ones, and
/// enough of them from abroad. Agencies under one parent count once.
///
/// # Errors
/// The first rule broken, with who breaks it.
pub fn check(charter: &Charter, rule: &LevelRule, owner: &AgencyId, endorsers: &[AgencyId]) -> Result<(), PanelError> {
    let conflict = |agency: &AgencyId, cause| PanelError::Conflict { agency: agency.clone(), owner: owner.clone(), cause };
    let country = match charter.member(owner) {
        Some(member) => &member.country,
        None => return Err(conflict(owner, Ineligible::NotAMember)),
    };
    let mut groups: BTreeMap<String, bool> = BTreeMap::new();
    let (mut seen, mut sharing, mut domestic) = (BTreeSet::new(), vec![], vec![]);
    for agency in endorsers {
        eligible(charter, owner, agency).map_err(|cause| conflict(agency, cause))?;
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
