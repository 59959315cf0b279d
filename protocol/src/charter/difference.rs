//! What one version of a charter changes of the one before, for people to read before they vote, and for the rules
//! that depend on it.

use std::fmt;

use super::{Charter, ConflictRules, Level, Member, PoolRule, Rekeying, Resumption, Retention, Tie, rekeying, resumption, retention, tie};
use crate::id::{AgencyId, CatalogueId, Name, SchemeId};
use crate::keys::PublicKey;
use crate::statistics::{Dimension, Perturbation};
use crate::time::Month;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A new member.
    Joins(Box<Member>),
    /// A member less.
    Leaves(AgencyId, Name),
    /// Another identity key; whether it is the successor that the old one committed to.
    Identity {
        /// Whose.
        agency: AgencyId,
        /// The new one.
        key: PublicKey,
        /// Whether the member had committed to it.
        committed: bool,
    },
    /// Another successor of the identity key.
    Successor(AgencyId),
    /// An identity key by the members' decision is announced.
    RekeyingAnnounced(Rekeying),
    /// One that was announced comes to nothing.
    RekeyingDropped(AgencyId),
    /// One that was announced takes the place of the agency's own.
    Rekeyed(Rekeying),
    /// An agency's log goes on behind a fork.
    Resumed(Resumption),
    /// Another body above it: who counts as one voice and one witness changes.
    Parent {
        /// Whose.
        agency: AgencyId,
        /// The body before.
        from: Option<Name>,
        /// The body from now on.
        to: Option<Name>,
    },
    /// May issue this from now on.
    Gains(AgencyId, SchemeId, Level),
    /// May issue this no more.
    Loses(AgencyId, SchemeId, Level),
    /// Another name or country.
    Described(AgencyId),
    /// Other addresses.
    Contacts(AgencyId),
    /// A scheme is new.
    SchemeAdded(SchemeId),
    /// A scheme is gone.
    SchemeRemoved(SchemeId),
    /// A level of a scheme takes something else than before, or exists from now on, or no more.
    Rule(SchemeId, Level),
    /// A scheme has another name.
    SchemeNamed(SchemeId),
    /// A catalogue is new, gone or another one.
    Catalogue(CatalogueId),
    /// Whether labels need a draw of their reviewers.
    Drawn(bool),
    /// Who may review whom.
    Conflicts,
    /// A tie is declared, or what was declared of it changes.
    Tied(Tie),
    /// A tie is taken out.
    Untied(Tie),
    /// What statistics must hide: the smallest count before and from now on.
    Disclosure(u32, u32),
    /// How statistics change the counts that they publish, from now on.
    Perturbation(Option<Perturbation>),
    /// What statistics divide clusters by, from now on.
    Tables(Vec<Dimension>),
    /// Who adds up in pools: before, and from now on.
    Pool(Option<PoolRule>, Option<PoolRule>),
    /// How long members keep what is confidential: before, and from now on.
    Retention(Option<Retention>, Option<Retention>),
    /// Days after which a status is too old: before and from now on.
    StatusAge(u32, u32),
    /// The month after which the charter is stale.
    ReviewBy(Month),
    /// The federation's name.
    Named(Name),
}

impl Difference {
    /// Whether two thirds must agree: members, identity keys, who counts as a witness, what witnesses hold against a log; and rights
    /// that end, for with fewer voters those who look at a log last could be outvoted on where it ends.
    #[must_use]
    pub fn needs_two_thirds(&self) -> bool {
        self.changes_keys() || self.changes_witnesses() || self.cuts().is_some() || matches!(self, Self::Resumed(_))
    }

    /// Whether an identity key changes, or the promise of its successor.
    #[must_use]
    pub fn changes_keys(&self) -> bool {
        matches!(self, Self::Identity { .. } | Self::Successor(_) | Self::RekeyingAnnounced(_) | Self::Rekeyed(_))
    }

    /// Whether it changes who witnesses, or who counts as one witness.
    #[must_use]
    pub fn changes_witnesses(&self) -> bool {
        matches!(self, Self::Joins(_) | Self::Leaves(..) | Self::Parent { .. })
    }

    /// The agency whose logs end or narrow by it, and need a cut-off.
    #[must_use]
    pub fn cuts(&self) -> Option<&AgencyId> {
        match self {
            Self::Leaves(agency, _) | Self::Loses(agency, ..) => Some(agency),
            _ => None,
        }
    }
}

/// What `next` changes of `present`, members first.
#[must_use]
pub fn differences(present: &Charter, next: &Charter) -> Vec<Difference> {
    let mut all = Vec::new();
    for member in &next.members {
        match present.member(&member.id) {
            None => all.push(Difference::Joins(Box::new(member.clone()))),
            Some(before) => {
                let rekeyed = rekeying::carried_out(present, next, &member.id).is_some();
                of_member(before, member, rekeyed, &mut all);
            }
        }
    }
    all.extend(rekeying::differences(present, next));
    all.extend(resumption::differences(present, next));
    let gone = present.members.iter().filter(|member| next.member(&member.id).is_none());
    all.extend(gone.map(|member| Difference::Leaves(member.id.clone(), member.name.clone())));
    of_schemes(present, next, &mut all);
    let mut catalogues: Vec<_> = present.catalogues.iter().chain(&next.catalogues).map(|catalogue| &catalogue.id).collect();
    catalogues.sort_unstable();
    catalogues.dedup();
    let other = |id: &&CatalogueId| present.catalogue(id) != next.catalogue(id);
    all.extend(catalogues.into_iter().filter(other).cloned().map(Difference::Catalogue));
    if present.conflicts.drawn != next.conflicts.drawn {
        all.push(Difference::Drawn(next.conflicts.drawn));
    }
    if present.conflicts != (ConflictRules { drawn: present.conflicts.drawn, ..next.conflicts.clone() }) {
        all.push(Difference::Conflicts);
    }
    all.extend(tie::differences(present, next));
    let (before, after) = (&present.disclosure, &next.disclosure);
    if before.perturbation() != after.perturbation() {
        all.push(Difference::Perturbation(after.perturbation()));
    }
    if before.tables != after.tables {
        all.push(Difference::Tables(after.tables.clone()));
    }
    if before.pool != after.pool {
        all.push(Difference::Pool(before.pool, after.pool));
    }
    if (before.minimum, before.protection) != (after.minimum, after.protection) {
        all.push(Difference::Disclosure(present.disclosure.minimum, next.disclosure.minimum));
    }
    if present.retention != next.retention {
        all.push(Difference::Retention(present.retention.clone(), next.retention.clone()));
    }
    if present.status_max_age_days != next.status_max_age_days {
        all.push(Difference::StatusAge(present.status_max_age_days, next.status_max_age_days));
    }
    if present.review_by != next.review_by {
        all.push(Difference::ReviewBy(next.review_by));
    }
    if present.name != next.name {
        all.push(Difference::Named(next.name.clone()));
    }
    all
}

fn of_member(before: &Member, after: &Member, rekeyed: bool, all: &mut Vec<Difference>) {
    let agency = &after.id;
    if before.identity != after.identity && !rekeyed {
        let committed = before.successor == after.identity.hash();
        all.push(Difference::Identity { agency: agency.clone(), key: after.identity, committed });
    }
    if before.successor != after.successor && !rekeyed {
        all.push(Difference::Successor(agency.clone()));
    }
    if before.parent != after.parent {
        all.push(Difference::Parent { agency: agency.clone(), from: before.parent.clone(), to: after.parent.clone() });
    }
    let rights = |member: &Member| -> Vec<(SchemeId, Level)> {
        let pairs = |right: &super::Right| right.levels.iter().map(|level| (right.scheme.clone(), *level)).collect::<Vec<_>>();
        let mut rights: Vec<_> = member.rights.iter().flat_map(pairs).collect();
        rights.sort_unstable();
        rights.dedup();
        rights
    };
    let (had, has) = (rights(before), rights(after));
    let gained = has.iter().filter(|right| !had.contains(right));
    all.extend(gained.map(|(scheme, level)| Difference::Gains(agency.clone(), scheme.clone(), *level)));
    let lost = had.iter().filter(|right| !has.contains(right));
    all.extend(lost.map(|(scheme, level)| Difference::Loses(agency.clone(), scheme.clone(), *level)));
    if (&before.name, &before.country) != (&after.name, &after.country) {
        all.push(Difference::Described(agency.clone()));
    }
    if before.contacts != after.contacts {
        all.push(Difference::Contacts(agency.clone()));
    }
}

fn of_schemes(present: &Charter, next: &Charter, all: &mut Vec<Difference>) {
    for scheme in &next.schemes {
        let Some(before) = present.schemes.iter().find(|before| before.id == scheme.id) else {
            all.push(Difference::SchemeAdded(scheme.id.clone()));
            continue;
        };
        if before.name != scheme.name {
            all.push(Difference::SchemeNamed(scheme.id.clone()));
        }
        for level in [Level::Bronze, Level::Silver, Level::Gold] {
            if present.rule(&scheme.id, level) != next.rule(&scheme.id, level) {
                all.push(Difference::Rule(scheme.id.clone(), level));
            }
        }
    }
    let gone = present.schemes.iter().filter(|before| next.schemes.iter().all(|scheme| scheme.id != before.id));
    all.extend(gone.map(|scheme| Difference::SchemeRemoved(scheme.id.clone())));
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = |name: &Option<Name>| name.as_ref().map_or_else(|| "no body above it".to_owned(), |name| format!("\"{name}\""));
        match self {
            Self::Joins(member) => write!(f, "{} (\"{}\", {}) becomes a member", member.id, member.name, member.country),
            Self::Leaves(agency, name) => write!(f, "{agency} (\"{name}\") is no longer a member"),
            Self::Identity { agency, key, committed: true } => {
                write!(f, "{agency} has another identity key, the successor it had committed to: {key}")
            }
            Self::Identity { agency, key, committed: false } => {
                write!(f, "{agency} has another identity key, which it had NOT committed to: {key}")
            }
            Self::Successor(agency) => write!(f, "{agency} commits to another successor of its identity key"),
            Self::RekeyingAnnounced(Rekeying { agency, announced, identity, .. }) => {
                write!(
                    f,
                    "{agency} is to have another identity key by the members' decision, thirty days after {announced} unless its present key objects: {identity}"
                )
            }
            Self::RekeyingDropped(agency) => write!(f, "{agency} keeps its identity key: the one that was announced comes to nothing"),
            Self::Rekeyed(Rekeying { agency, announced, identity, .. }) => {
                write!(
                    f,
                    "{agency} has another identity key by the members' decision of {announced}, NOT by its own commitment: {identity}"
                )
            }
            Self::Resumed(Resumption { agency, epoch }) => {
                write!(f, "the log of {agency}, which told two stories, may go on in an epoch after epoch {epoch}")
            }
            Self::Parent { agency, from, to } => write!(f, "{agency} belongs to {} instead of {}", body(to), body(from)),
            Self::Gains(agency, scheme, level) => write!(f, "{agency} may issue {level} of the scheme {scheme}"),
            Self::Loses(agency, scheme, level) => write!(f, "{agency} may no longer issue {level} of the scheme {scheme}"),
            Self::Described(agency) => write!(f, "{agency} has another name or country"),
            Self::Contacts(agency) => write!(f, "{agency} has other addresses"),
            Self::SchemeAdded(scheme) => write!(f, "the scheme {scheme} is new"),
            Self::SchemeRemoved(scheme) => write!(f, "the scheme {scheme} ends"),
            Self::Rule(scheme, level) => write!(f, "{level} of the scheme {scheme} takes something else than before"),
            Self::SchemeNamed(scheme) => write!(f, "the scheme {scheme} has another name"),
            Self::Catalogue(catalogue) => write!(f, "the catalogue {catalogue} is new, ends, or is another one"),
            Self::Drawn(true) => f.write_str("reviewers are drawn by lot, and a label without a draw counts nowhere"),
            Self::Drawn(false) => f.write_str("labels need no draw of their reviewers"),
            Self::Conflicts => f.write_str("who may review whom"),
            Self::Tied(Tie { agency, to, until: None }) => write!(f, "{agency} is tied to {to} and does not review there"),
            Self::Tied(Tie { agency, to, until: Some(month) }) => write!(f, "the tie of {agency} to {to} is over since {month}"),
            Self::Untied(Tie { agency, to, .. }) => write!(f, "the tie of {agency} to {to} counts for nothing any more"),
            Self::Disclosure(from, to) if from != to => write!(f, "the smallest count that may be published is {to} instead of {from}"),
            Self::Disclosure(..) => f.write_str("how well hidden counts are protected"),
            Self::Perturbation(Some(how)) => write!(f, "published counts {how}"),
            Self::Perturbation(None) => f.write_str("published counts are exact"),
            Self::Tables(tables) if tables.is_empty() => f.write_str("statistics divide clusters by nothing"),
            Self::Tables(tables) => {
                let words: Vec<_> = tables.iter().map(|by| by.as_str()).collect();
                write!(f, "statistics divide clusters by {}", words.join(", "))
            }
            Self::Pool(_, Some(PoolRule { below, from })) => {
                write!(f, "agencies with fewer than {below} clusters add their statistics up in pools, from {from} on")
            }
            Self::Pool(_, None) => f.write_str("no agency adds its statistics up in a pool"),
            Self::Retention(from, to) => f.write_str(&retention::change(from.as_ref(), to.as_ref())),
            Self::StatusAge(from, to) => write!(f, "a label's status is good for {to} days instead of {from}"),
            Self::ReviewBy(month) => write!(f, "the charter is to be looked at again by {month}"),
            Self::Named(name) => write!(f, "the federation is called \"{name}\""),
        }
    }
}
