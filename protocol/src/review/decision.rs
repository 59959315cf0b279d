//! Whether reviews carry a level, in integers and in words. Every review that counts must meet the rule by itself:
//! nothing is averaged.

use std::collections::BTreeSet;
use std::fmt;

use super::ReviewContent;
use super::panel::{self, Case, PanelError};
use crate::assessment::Shortfall;
use crate::catalogue::Catalogue;
use crate::charter::{CatalogueRef, Charter, Level, LevelRule};
use crate::id::{AgencyId, CatalogueId, Hash};

/// What one review amounts to under the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Who reviewed.
    pub reviewer: AgencyId,
    /// Points given.
    pub points: u32,
    /// The catalogue's points; zero for a questionnaire.
    pub max: u32,
}

/// The reviews carry the level. As confidential as they are: its words name points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The level carried.
    pub level: Level,
    /// The offer that all reviews answer.
    pub offer: Hash,
    /// The dossier that all reviews judged.
    pub dossier: Hash,
    /// What the rule asks, in basis points, if it looks at points.
    pub threshold_bp: Option<u32>,
    /// One a review, sorted by reviewer: the endorsers.
    pub tallies: Vec<Tally>,
}

/// One reason why the level is not carried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// Too few points in one review.
    #[error("{reviewer}: {}", words(*.points, *.max, *.level, Some((*.threshold_bp, *.needed))))]
    Points {
        /// Whose review.
        reviewer: AgencyId,
        /// The level sought.
        level: Level,
        /// Points given.
        points: u32,
        /// The catalogue's points.
        max: u32,
        /// The smallest number that passes.
        needed: u64,
        /// The rule's share, in basis points.
        threshold_bp: u32,
    },
    /// Something else in the scores of one review.
    #[error("{reviewer}: {cause}")]
    Scores {
        /// Whose review.
        reviewer: AgencyId,
        /// What is missing.
        cause: Shortfall,
    },
    /// One reviewer does not confirm that the cluster is eligible.
    #[error("{reviewer}: the cluster is not confirmed as eligible")]
    NotEligible {
        /// Whose review.
        reviewer: AgencyId,
    },
    /// A review on another catalogue, or another text of it (case R4).
    #[error("{reviewer}: reviewed on another catalogue than {catalogue}")]
    OtherCatalogue {
        /// Whose review.
        reviewer: AgencyId,
        /// What the rule asks for.
        catalogue: CatalogueId,
    },
    /// A review of another offer or dossier than the first one's (case R4).
    #[error("{reviewer}: reviewed another {part} than {first}")]
    Mixed {
        /// Whose review.
        reviewer: AgencyId,
        /// `offer` or `dossier`.
        part: &'static str,
        /// Whose review it was compared with.
        first: AgencyId,
    },
    /// Two different reviews by one agency: neither counts (case R6).
    #[error("{reviewer} signed two different reviews; neither counts")]
    Contradiction {
        /// Who.
        reviewer: AgencyId,
    },
    /// The catalogue at hand is not the rule's, or not the charter's.
    #[error("the rule asks for catalogue {needed}, which is not the one at hand ({given})", given = .given.id)]
    WrongCatalogue {
        /// What the rule asks for.
        needed: CatalogueId,
        /// What was given.
        given: CatalogueRef,
    },
    /// The reviewers are too few, too near or of one voice.
    #[error(transparent)]
    Panel(#[from] PanelError),
}

/// Whether `reviews` carry the level of `rule`. A review given twice counts once.
///
/// # Errors
/// Every reason against it, never an empty list.
pub fn decide(
    charter: &Charter,
    rule: &LevelRule,
    catalogue: &Catalogue,
    case: Case<'_>,
    reviews: &[&ReviewContent],
) -> Result<Decision, Vec<Unmet>> {
    let mut unmet = Vec::new();
    let given = catalogue.reference();
    if rule.catalogue != given.id || charter.catalogue(&rule.catalogue) != Some(&given) {
        unmet.push(Unmet::WrongCatalogue { needed: rule.catalogue.clone(), given });
    }
    let reviews = counted(reviews, &mut unmet);
    for review in &reviews {
        unmet.extend(shortfalls(rule, catalogue, review));
        unmet.extend(mixed(reviews[0], review));
    }
    let endorsers: Vec<_> = reviews.iter().map(|review| review.reviewer.clone()).collect();
    unmet.extend(panel::check(charter, rule, case, &endorsers).err().map(Unmet::from));
    match reviews.first() {
        Some(first) if unmet.is_empty() => Ok(Decision {
            level: rule.level,
            offer: first.offer,
            dossier: first.dossier,
            threshold_bp: rule.requirements.threshold_bp,
            tallies: reviews.iter().map(|review| tally(catalogue, review)).collect(),
        }),
        Some(_) => Err(unmet),
        None => {
            // A rule that asks for no reviewer still cannot be decided on nothing.
            if unmet.is_empty() {
                unmet.push(PanelError::TooFew { needed: 1, found: 0, sharing: vec![] }.into());
            }
            Err(unmet)
        }
    }
}

/// What keeps one review from carrying the level: a reviewer asks this before it endorses.
#[must_use]
pub fn shortfalls(rule: &LevelRule, catalogue: &Catalogue, review: &ReviewContent) -> Vec<Unmet> {
    let reviewer = || review.reviewer.clone();
    if review.catalogue != catalogue.hash() {
        return vec![Unmet::OtherCatalogue { reviewer: reviewer(), catalogue: rule.catalogue.clone() }];
    }
    let mut unmet = Vec::new();
    if !review.eligible {
        unmet.push(Unmet::NotEligible { reviewer: reviewer() });
    }
    let outcome = review.scores.outcome(catalogue, &rule.requirements, review.improvements);
    unmet.extend(outcome.reasons.into_iter().map(|cause| match (cause, rule.requirements.threshold_bp) {
        (Shortfall::Points { points, max, needed }, Some(threshold_bp)) => {
            Unmet::Points { reviewer: reviewer(), level: rule.level, points, max, needed, threshold_bp }
        }
        (cause, _) => Unmet::Scores { reviewer: reviewer(), cause },
    }));
    unmet
}

/// Sorted by reviewer, each once; whoever signed two different ones is named and dropped.
fn counted<'a>(reviews: &[&'a ReviewContent], unmet: &mut Vec<Unmet>) -> Vec<&'a ReviewContent> {
    let mut sorted = reviews.to_vec();
    sorted.sort_by(|a, b| a.reviewer.cmp(&b.reviewer));
    let pairs = sorted.windows(2).filter(|pair| pair[0].reviewer == pair[1].reviewer && pair[0] != pair[1]);
    let contradicting: BTreeSet<_> = pairs.map(|pair| pair[0].reviewer.clone()).collect();
    sorted.dedup();
    sorted.retain(|review| !contradicting.contains(&review.reviewer));
    unmet.extend(contradicting.into_iter().map(|reviewer| Unmet::Contradiction { reviewer }));
    sorted
}

fn mixed(first: &ReviewContent, review: &ReviewContent) -> Option<Unmet> {
    let parts = [("offer", review.offer == first.offer), ("dossier", review.dossier == first.dossier)];
    let (part, _) = parts.into_iter().find(|(_, same)| !same)?;
    Some(Unmet::Mixed { reviewer: review.reviewer.clone(), part, first: first.reviewer.clone() })
}

fn tally(catalogue: &Catalogue, review: &ReviewContent) -> Tally {
    Tally { reviewer: review.reviewer.clone(), points: review.scores.points(catalogue), max: catalogue.max_points }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Tally { reviewer, points, max }) in self.tallies.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            let asked = self.threshold_bp.map(|share| (share, needed(share, *max)));
            write!(f, "{separator}{reviewer}: {}", words(*points, *max, self.level, asked))?;
        }
        Ok(())
    }
}

fn needed(threshold_bp: u32, max: u32) -> u64 {
    (u64::from(threshold_bp) * u64::from(max)).div_ceil(10_000)
}

/// `122 of 150 points = 81.3 %, GOLD needs 80 % (120 points)`. The share is rounded down, so what does not pass never
/// reads as if it did.
fn words(points: u32, max: u32, level: Level, asked: Option<(u32, u64)>) -> String {
    let share = match (u64::from(points) * 1_000).checked_div(u64::from(max)) {
        Some(permille) => format!("{points} of {max} points = {}.{} %", permille / 10, permille % 10),
        None => "no points are given on this catalogue".to_owned(),
    };
    match asked {
        Some((threshold_bp, needed)) => format!("{share}, {level} needs {} % ({needed} points)", percent(threshold_bp)),
        None => format!("{share}, {level} asks for no points"),
    }
}

fn percent(threshold_bp: u32) -> String {
    let (whole, rest) = (threshold_bp / 100, threshold_bp % 100);
    match rest {
        0 => whole.to_string(),
        _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}
