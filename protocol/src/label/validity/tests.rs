//! The arithmetic against a table written by hand from the published rules, and properties that hold for all months.

use proptest::prelude::*;

use super::*;
use crate::charter::ecei_scheme;

fn month(text: &str) -> Month {
    text.parse().expect("month")
}

fn rule(level: Level) -> LevelRule {
    ecei_scheme().rules.into_iter().find(|rule| rule.level == level).expect("every level has a rule")
}

/// `BRONZE 2024-01 2026-01`: level, assessed, valid until.
fn held(text: &str) -> Vec<Held> {
    let one = |label: &str| {
        let words: Vec<_> = label.split_whitespace().collect();
        Held { level: words[0].parse().expect("level"), assessed: month(words[1]), valid_until: month(words[2]) }
    };
    text.split(',').filter(|label| !label.trim().is_empty()).map(one).collect()
}

/// Level sought; what was held; month of the assessment; last month of the award, or the beginning of why not.
const BY_HAND: [(&str, &str, &str, &str); 32] = [
    // A first award: 24 months from the month of the assessment, GOLD too.
    ("BRONZE", "", "2024-01", "2026-01"),
    ("GOLD", "", "2024-01", "2026-01"),
    ("GOLD", "", "2024-12", "2026-12"),
    ("GOLD", "", "2024-02", "2026-02"),
    // Renewed before the expiry: from the expiry, without a gap and without a loss.
    ("GOLD", "GOLD 2024-01 2026-01", "2025-10", "2029-01"),
    ("GOLD", "GOLD 2024-01 2026-01", "2026-01", "2029-01"),
    ("BRONZE", "BRONZE 2024-01 2026-01", "2025-12", "2029-01"),
    // In the grace of twelve months after it: from the expiry still, so that nothing is gained by waiting.
    ("GOLD", "GOLD 2024-01 2026-01", "2026-02", "2029-01"),
    ("GOLD", "GOLD 2024-01 2026-01", "2026-12", "2029-01"),
    ("GOLD", "GOLD 2024-01 2026-01", "2027-01", "2029-01"),
    // Outside the grace: a first award again.
    ("GOLD", "GOLD 2024-01 2026-01", "2027-02", "2029-02"),
    ("GOLD", "GOLD 2024-01 2026-01", "2031-07", "2033-07"),
    // A renewal of a renewal.
    ("GOLD", "GOLD 2024-01 2026-01, GOLD 2025-10 2029-01", "2028-11", "2032-01"),
    ("GOLD", "GOLD 2025-10 2029-01, GOLD 2024-01 2026-01", "2030-01", "2032-01"),
    ("GOLD", "GOLD 2024-01 2026-01, GOLD 2025-10 2029-01", "2030-02", "2032-02"),
    // Another level's expiry is none to renew from.
    ("GOLD", "BRONZE 2024-01 2026-01", "2025-12", "2027-12"),
    ("GOLD", "SILVER 2024-01 2026-01", "2026-01", "2028-01"),
    ("BRONZE", "GOLD 2020-01 2022-01", "2024-05", "2026-05"),
    // SILVER: the second benchmarking, a year and a half to two years after the first.
    ("SILVER", "", "2025-07", "no: it needs a BRONZE label first"),
    ("SILVER", "GOLD 2024-01 2026-01", "2025-07", "no: it needs a BRONZE label first"),
    ("SILVER", "BRONZE 2024-01 2026-01", "2025-06", "no: assessed 17 months after BRONZE (2024-01); 18 to 24"),
    ("SILVER", "BRONZE 2024-01 2026-01", "2025-07", "2027-07"),
    ("SILVER", "BRONZE 2024-01 2026-01", "2026-01", "2028-01"),
    ("SILVER", "BRONZE 2024-01 2026-01", "2026-02", "no: assessed 25 months after BRONZE (2024-01); 18 to 24"),
    ("SILVER", "BRONZE 2024-01 2026-01", "2024-01", "no: assessed 0 months after BRONZE"),
    // After a renewed BRONZE either of the two counts.
    ("SILVER", "BRONZE 2024-01 2026-01, BRONZE 2025-12 2029-01", "2025-12", "2027-12"),
    ("SILVER", "BRONZE 2024-01 2026-01, BRONZE 2025-12 2029-01", "2027-06", "2029-06"),
    ("SILVER", "BRONZE 2024-01 2026-01, BRONZE 2025-12 2029-01", "2026-06", "no: assessed 6 months after BRONZE (2025-12)"),
    // A SILVER stands on itself when it is renewed, and on a BRONZE again when it lapsed.
    ("SILVER", "BRONZE 2020-01 2022-01, SILVER 2021-10 2023-10", "2023-09", "2026-10"),
    ("SILVER", "BRONZE 2020-01 2022-01, SILVER 2021-10 2023-10", "2024-10", "2026-10"),
    ("SILVER", "BRONZE 2020-01 2022-01, SILVER 2021-10 2023-10", "2024-11", "no: assessed 58 months after BRONZE"),
    // Nobody collects awards by renewing again and again.
    (
        "GOLD",
        "GOLD 2024-01 2026-01, GOLD 2024-02 2029-01",
        "2024-03",
        "no: the label before runs to 2029-01: renewed now, it would run to 2032-01",
    ),
];

#[test]
fn awards_follow_the_table() {
    for (level, before, assessed, expected) in BY_HAND {
        let rule = rule(level.parse().expect("level"));
        let found = award(&rule, month(assessed), &held(before)).map_or_else(|cause| format!("no: {cause}"), |until| until.to_string());
        assert!(found.starts_with(expected), "{level} assessed {assessed} after {before:?}: {found}, by hand {expected}");
    }
}

fn any_held() -> impl Strategy<Value = Vec<Held>> {
    let level = prop_oneof![Just(Level::Bronze), Just(Level::Silver), Just(Level::Gold)];
    let one = (level, 0u16..240, prop_oneof![Just(24u16), Just(36)]).prop_map(|(level, from, months)| {
        let assessed = month("2010-01").plus(from);
        Held { level, assessed, valid_until: assessed.plus(months) }
    });
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn an_award_is_a_first_one_or_follows_from_an_expiry(held in any_held(), from in 0u16..300, level in 0usize..3) {
        let rule = ecei_scheme().rules[level].clone();
        let assessed = month("2009-01").plus(from);
        let expiries: Vec<_> = held.iter().filter(|held| held.level == rule.level).map(|held| held.valid_until).collect();
        match award(&rule, assessed, &held) {
            Ok(until) => {
                prop_assert!(until > assessed, "it is valid when it is given");
                prop_assert!(until <= latest(&rule, assessed));
                let renews = expiries.iter().any(|expiry| expiry.plus(36) == until && assessed.since(*expiry) <= 12);
                prop_assert!(until == assessed.plus(24) || renews);
                // Whoever has nothing to renew gets a first award.
                prop_assert!(!expiries.is_empty() || until == assessed.plus(24));
            }
            Err(Unfounded::Early { expiry, .. }) => prop_assert!(expiries.contains(&expiry)),
            Err(Unfounded::Predecessor { predecessor } | Unfounded::Distance { predecessor, .. }) => {
                prop_assert_eq!(rule.level, Level::Silver);
                prop_assert_eq!(predecessor, Level::Bronze);
                let fits = held.iter().any(|held| held.level == Level::Bronze && (18..=24).contains(&assessed.since(held.assessed)));
                prop_assert!(!fits);
            }
        }
    }

    #[test]
    fn waiting_never_makes_an_award_longer_by_more_than_the_wait(from in 0u16..60, wait in 0u16..30) {
        let rule = rule(Level::Gold);
        let before = held("GOLD 2024-01 2026-01");
        let assessed = month("2024-06").plus(from);
        if let (Ok(now), Ok(later)) = (award(&rule, assessed, &before), award(&rule, assessed.plus(wait), &before)) {
            prop_assert!(later.since(now) <= i32::from(wait));
        }
    }
}
