use super::super::decision::{Decision, Unmet, decide, shortfalls};
use super::super::panel::{Ineligible, PanelError};
use super::*;
use crate::assessment::Shortfall;

fn decide_as(level: Level, reviews: &[&ReviewContent]) -> Result<Decision, Vec<Unmet>> {
    decide(&charter(), &rule(level), Catalogue::ecei(), offer().case(), reviews)
}

fn gold(reviews: &[&ReviewContent]) -> Result<Decision, Vec<Unmet>> {
    decide_as(Level::Gold, reviews)
}

#[test]
fn gold_passes_at_120_points_and_not_at_119() {
    let (lyon, oslo) = (review("lyon", 0), review("oslo", 2));
    let decision = gold(&[&oslo, &lyon]).unwrap();
    assert_eq!((decision.level, decision.dossier), (Level::Gold, lyon.dossier));
    assert_eq!(
        decision.to_string(),
        "lyon: 120 of 150 points = 80.0 %, GOLD needs 80 % (120 points); oslo: 122 of 150 points = 81.3 %, GOLD needs 80 % (120 points)"
    );

    let below = ReviewContent { scores: scores(0), ..lyon };
    let unmet = gold(&[&below, &oslo]).unwrap_err();
    let expected = Unmet::Points { reviewer: agency("lyon"), level: Level::Gold, points: 119, max: 150, needed: 120, threshold_bp: 8_000 };
    assert_eq!(unmet, [expected]);
    assert_eq!(unmet[0].to_string(), "lyon: 119 of 150 points = 79.3 %, GOLD needs 80 % (120 points)");
}

#[test]
fn every_review_must_carry_the_level_by_itself() {
    // 119 and 150 are 134.5 on average: that is no GOLD.
    let top = Catalogue::ecei().indicators.iter().map(|i| (i.code.clone(), Answer::of_level(4).unwrap())).collect();
    let (below, top) = (ReviewContent { scores: scores(0), ..review("lyon", 0) }, ReviewContent { scores: top, ..review("oslo", 0) });
    assert_eq!(gold(&[&below, &top]).unwrap_err().len(), 1);

    let mut open = review("lyon", 3);
    let missing = "5.3".parse().unwrap();
    open.scores.clear(&missing);
    let cause = Shortfall::Incomplete { missing: 1 };
    assert!(shortfalls(&rule(Level::Gold), Catalogue::ecei(), &open).contains(&Unmet::Scores { reviewer: agency("lyon"), cause }));

    let mut weak = review("lyon", 10);
    let (silver_minimum, one) = ("4.1.3".parse().unwrap(), Answer::of_level(1).unwrap());
    weak.scores.set(Catalogue::ecei(), &silver_minimum, one).unwrap();
    let cause = Shortfall::Minimum { indicator: silver_minimum, needed: 2 };
    assert_eq!(shortfalls(&rule(Level::Gold), Catalogue::ecei(), &weak), [Unmet::Scores { reviewer: agency("lyon"), cause }]);
}

#[test]
fn silver_looks_at_improvements_and_eligibility() {
    let silver = |improvements, eligible| decide_as(Level::Silver, &[&ReviewContent { improvements, eligible, ..review("munich", 0) }]);
    let decision = silver(3, true).unwrap();
    assert_eq!(decision.to_string(), "munich: 120 of 150 points = 80.0 %, SILVER asks for no points");
    let reviewer = agency("munich");
    let cause = Shortfall::Improvements { proven: 2, needed: 3 };
    assert_eq!(silver(2, true), Err(vec![Unmet::Scores { reviewer: reviewer.clone(), cause }]));
    assert_eq!(silver(3, false), Err(vec![Unmet::NotEligible { reviewer }]));
}

#[test]
fn the_panel_is_part_of_the_decision() {
    let own = review("stuttgart", 0);
    let cause = Ineligible::Owner;
    let refused = PanelError::Conflict { agency: owner(), owner: owner(), cause };
    assert_eq!(gold(&[&review("lyon", 0), &own]), Err(vec![refused.into()]));
    let one = PanelError::TooFew { needed: 2, found: 1, sharing: vec![] };
    let lyon = review("lyon", 0);
    // A review that was delivered twice counts once.
    assert_eq!(gold(&[&lyon, &lyon]), Err(vec![one.into()]));
    assert_eq!(gold(&[]).unwrap_err().len(), 1);
    let nothing_asked = LevelRule { reviewers: 0, foreign: 0, ..rule(Level::Gold) };
    assert!(decide(&charter(), &nothing_asked, Catalogue::ecei(), offer().case(), &[]).is_err());
}

#[test]
fn r4_reviews_of_another_offer_dossier_or_catalogue_do_not_count() {
    let (lyon, oslo) = (review("lyon", 0), review("oslo", 0));
    let other = Hash::of(&[b"last year"]);
    let mixed = |part| Err(vec![Unmet::Mixed { reviewer: agency("oslo"), part, first: agency("lyon") }]);
    assert_eq!(gold(&[&lyon, &ReviewContent { offer: other, ..oslo.clone() }]), mixed("offer"));
    assert_eq!(gold(&[&lyon, &ReviewContent { dossier: other, ..oslo.clone() }]), mixed("dossier"));
    let catalogue = Catalogue::ecei().id.clone();
    let refused = Err(vec![Unmet::OtherCatalogue { reviewer: agency("oslo"), catalogue }]);
    assert_eq!(gold(&[&lyon, &ReviewContent { catalogue: other, ..oslo.clone() }]), refused);

    let mut charter = charter();
    charter.catalogues = vec![CatalogueRef { id: Catalogue::ecei().id.clone(), hash: other }];
    let stale = decide(&charter, &rule(Level::Gold), Catalogue::ecei(), offer().case(), &[&lyon, &oslo]);
    assert!(matches!(stale.unwrap_err()[..], [Unmet::WrongCatalogue { .. }]));
}

#[test]
fn r6_two_different_reviews_of_one_reviewer_are_none() {
    let (lyon, oslo) = (review("lyon", 0), review("oslo", 0));
    let second = ReviewContent { findings: "Weak team".into(), ..lyon.clone() };
    for reviews in [[&lyon, &second, &oslo, &lyon], [&second, &oslo, &lyon, &second]] {
        let unmet = gold(&reviews).unwrap_err();
        let too_few = PanelError::TooFew { needed: 2, found: 1, sharing: vec![] };
        assert_eq!(unmet, [Unmet::Contradiction { reviewer: agency("lyon") }, too_few.into()]);
    }
    // Enough others carry the label only when the contradiction is left out: it is never passed over in silence.
    assert!(gold(&[&lyon, &second, &oslo, &review("munich", 0)]).is_err());
}

#[test]
fn shares_are_written_without_rounding_up() {
    let rule = |threshold_bp| {
        let mut rule = rule(Level::Gold);
        rule.requirements.threshold_bp = Some(threshold_bp);
        rule
    };
    let words = |threshold_bp| shortfalls(&rule(threshold_bp), Catalogue::ecei(), &review("lyon", 0))[0].to_string();
    assert_eq!(words(8_001), "lyon: 120 of 150 points = 80.0 %, GOLD needs 80.01 % (121 points)");
    assert_eq!(words(8_050), "lyon: 120 of 150 points = 80.0 %, GOLD needs 80.5 % (121 points)");
}
