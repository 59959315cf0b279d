//! The schemes a new federation can start with. They are starting points: what counts is what the charter says.

use super::{CatalogueRef, Level, LevelRule, MonthSpan, Scheme};
use crate::assessment::{EligibilityRule, Requirements};
use crate::catalogue::Catalogue;

/// The European Cluster Excellence Initiative's levels, as published (protocol, "Label rules").
///
/// # Panics
/// Never: the names are constants of the right grammar.
#[must_use]
pub fn ecei_scheme() -> Scheme {
    let eligibility = EligibilityRule { eccp_listed: true, management_fte_hundredths: 50, members: 15, member_types: 2 };
    let rule = |level, requirements, reviewers, foreign, predecessor| LevelRule {
        level,
        catalogue: if level == Level::Bronze { Catalogue::ecei_bronze() } else { Catalogue::ecei() }.id.clone(),
        reviewers,
        foreign,
        requirements,
        eligibility: eligibility.clone(),
        first_months: 24,
        renewal_months: 36,
        renewal_window_months: 12,
        predecessor,
        predecessor_months: predecessor.map(|_| MonthSpan { from: 18, to: 24 }),
    };
    let interview = Requirements { threshold_bp: None, minimum_level: None, complete: true, improvements: 0 };
    let silver = Requirements { threshold_bp: None, minimum_level: Some(2), complete: true, improvements: 3 };
    let gold = Requirements { threshold_bp: Some(8_000), minimum_level: Some(2), complete: true, improvements: 0 };
    Scheme {
        id: "ecei".parse().expect("a constant"),
        name: "European Cluster Excellence Initiative".parse().expect("a constant"),
        rules: vec![
            rule(Level::Bronze, interview, 1, 0, None),
            rule(Level::Silver, silver, 1, 0, Some(Level::Bronze)),
            rule(Level::Gold, gold, 2, 1, None),
        ],
    }
}

/// The scheme of a demonstration: the same levels on the 31 indicators, but none needs a predecessor.
///
/// # Panics
/// Never: the names are constants of the right grammar.
#[must_use]
pub fn demo_scheme() -> Scheme {
    let mut scheme = ecei_scheme();
    scheme.id = "demo".parse().expect("a constant");
    scheme.name = "Demonstration (scores are made up)".parse().expect("a constant");
    for rule in &mut scheme.rules {
        (rule.predecessor, rule.predecessor_months) = (None, None);
        rule.catalogue = Catalogue::ecei().id.clone();
        rule.requirements.complete = rule.level != Level::Bronze;
        rule.requirements.improvements = 0;
    }
    scheme
}

/// The bundled catalogues that a scheme's rules name, for the charter's list.
#[must_use]
pub fn bundled_catalogues(scheme: &Scheme) -> Vec<CatalogueRef> {
    let named = |catalogue: &&Catalogue| scheme.rules.iter().any(|rule| rule.catalogue == catalogue.id);
    Catalogue::bundled().into_iter().filter(named).map(Catalogue::reference).collect()
}
