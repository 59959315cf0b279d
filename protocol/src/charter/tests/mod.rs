//! Charters and their chains.

mod amendment;

use super::*;
use crate::keys::KeyError;
use crate::keys::SecretKey;
use crate::statistics::{Dimension, Perturbation};

fn charter(seeds: &[u8]) -> Charter {
    let members = seeds
        .iter()
        .map(|seed| Member {
            id: format!("agency-{seed:03}").parse().expect("slug"),
            name: format!("Agency {seed}").parse().expect("name"),
            country: "DE".parse().expect("country"),
            parent: None,
            rights: vec![Right { scheme: "ecei".parse().expect("slug"), levels: vec![Level::Gold] }],
            identity: SecretKey::from_seed(&[*seed; 32]).public(),
            successor: SecretKey::from_seed(&[seed + 100; 32]).public().hash(),
            contacts: vec![],
        })
        .collect();
    Charter {
        version: 1,
        previous: None,
        name: "Test".parse().expect("name"),
        created: Timestamp::default(),
        review_by: Month::new(2030, 1).expect("month"),
        demonstration: false,
        members,
        schemes: vec![ecei_scheme()],
        catalogues: bundled_catalogues(&ecei_scheme()),
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(5, 2),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    }
}

fn signatures(charter: &Charter, seeds: &[u8]) -> Vec<FoundingSignature> {
    let sign = |seed: &u8| FoundingSignature {
        agency: format!("agency-{seed:03}").parse().expect("slug"),
        signature: charter.sign(&SecretKey::from_seed(&[*seed; 32])).expect("text"),
    };
    seeds.iter().map(sign).collect()
}

#[test]
fn all_founders_make_a_federation() {
    let charter = charter(&[1, 2, 3]);
    let founding = Founding { signatures: signatures(&charter, &[1, 2, 3]), charter };
    let chain = Chain::verify(founding.clone()).expect("signed by all");
    assert_eq!(chain.fingerprint().0, founding.charter.hash().expect("text"));
    let text = canonical::encode(&founding, limits::DOCUMENT_BYTES).expect("text");
    assert_eq!(Founding::read(&text).expect("reads"), founding);
    assert_eq!(Charter::read(&founding.charter.to_text().expect("text")).expect("reads"), founding.charter);
}

#[test]
fn a_missing_or_foreign_founder_is_named() {
    let charter = charter(&[1, 2, 3]);
    let founding = |by: &[u8]| Founding { charter: charter.clone(), signatures: signatures(&charter, by) };
    let three = "agency-003".parse::<AgencyId>().expect("slug");
    // Two signatures of one founder count once (case G2).
    assert_eq!(Chain::verify(founding(&[1, 2, 2])), Err(CharterError::Unsigned(vec![three.clone()]).into()));
    let stranger = Chain::verify(founding(&[1, 2, 3, 4]));
    assert_eq!(stranger, Err(CharterError::NotAMember("agency-004".parse().expect("slug")).into()));
    let mut swapped = founding(&[1, 2, 3]);
    swapped.signatures[2].signature = swapped.signatures[1].signature;
    assert_eq!(Chain::verify(swapped), Err(CharterError::Signature { agency: three, cause: KeyError::Forged }.into()));
}

#[test]
fn changing_any_rule_breaks_the_signatures() {
    let charter = charter(&[1, 2, 3]);
    let mut founding = Founding { signatures: signatures(&charter, &[1, 2, 3]), charter };
    founding.charter.disclosure.minimum = 3;
    assert!(matches!(Chain::verify(founding), Err(ChainError::Charter(CharterError::Signature { .. }))));
}

#[test]
fn rules_that_protect_nobody_are_refused() {
    let broken = |change: fn(&mut Charter)| {
        let mut charter = charter(&[1, 2]);
        change(&mut charter);
        charter.check().expect_err("refused")
    };
    assert!(matches!(broken(|c| c.disclosure.minimum = 2), CharterError::Disclosure { .. }));
    let narrow = |c: &mut Charter| c.disclosure.pool = Some(PoolRule { below: 4, from: "2027-Q1".parse().expect("quarter") });
    assert_eq!(broken(narrow), CharterError::Pool { below: 4, minimum: 5 });
    assert!(matches!(broken(|c| c.catalogues.clear()), CharterError::UnknownCatalogue(_)));
    assert!(matches!(broken(|c| c.schemes.clear()), CharterError::UnknownScheme(_)));
    assert!(matches!(broken(|c| c.members.swap(0, 1)), CharterError::MemberOrder(_)));
    assert!(matches!(broken(|c| c.members[1].identity = c.members[0].identity), CharterError::SharedKey(_)));
    assert!(matches!(broken(|c| c.members[1].successor = c.members[0].identity.hash()), CharterError::SharedKey(_)));
    assert!(matches!(broken(|c| c.version = 2), CharterError::Version { .. }));
    assert!(matches!(broken(|c| c.members.clear()), CharterError::MemberCount { count: 0 }));
    assert!(matches!(broken(|c| c.status_max_age_days = 0), CharterError::StatusAge));
    assert!(matches!(broken(|c| c.schemes[0].rules[0].reviewers = 9), CharterError::Reviewers { .. }));
    assert!(matches!(broken(|c| c.schemes[0].rules[0].foreign = 2), CharterError::Reviewers { .. }));
    assert!(matches!(broken(|c| c.schemes.push(c.schemes[0].clone())), CharterError::Twice(_)));
    assert!(matches!(broken(|c| c.catalogues.push(c.catalogues[0].clone())), CharterError::Twice(_)));
    assert!(matches!(broken(|c| c.schemes[0].rules[0].level = Level::Gold), CharterError::Twice(_)));
}

#[test]
fn a_charter_says_in_its_place_how_counts_are_published() {
    let exact = charter(&[1, 2]);
    let text = |charter: &Charter| String::from_utf8(charter.to_text().expect("text")).expect("utf-8");
    assert!(text(&exact).contains(r#""disclosure":{"minimum":5,"protection":2}"#));
    let noise = Noise { maximum: 3, tenths: 20 };
    let (mut noisy, mut rounded, mut divided) = (exact.clone(), exact.clone(), exact.clone());
    (noisy.disclosure.noise, rounded.disclosure.rounding) = (Some(noise), Some(5));
    divided.disclosure.tables = vec![Dimension::Field, Dimension::Level];
    for (charter, written, change, said) in [
        (
            &noisy,
            r#""minimum":5,"noise":{"maximum":3,"tenths":20},"protection":2}"#,
            Difference::Perturbation(Some(Perturbation::Noise(noise))),
            "published counts get noise of at most 3 with a variance of 2.0",
        ),
        (
            &rounded,
            r#""protection":2,"rounding":5}"#,
            Difference::Perturbation(Some(Perturbation::Rounding(5))),
            "published counts are rounded to multiples of 5",
        ),
        (
            &divided,
            r#""protection":2,"tables":["field","level"]}"#,
            Difference::Tables(divided.disclosure.tables.clone()),
            "statistics divide clusters by field, level",
        ),
    ] {
        assert!(text(charter).contains(written), "{}", text(charter));
        assert_eq!(Charter::read(text(charter).as_bytes()).as_ref(), Ok(charter));
        assert_eq!((differences(&exact, charter), change.to_string()), (vec![change], said.to_owned()));
    }
    let back = [differences(&noisy, &exact), differences(&divided, &exact)].concat();
    assert_eq!(
        back.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["published counts are exact", "statistics divide clusters by nothing"]
    );
}

#[test]
fn a_charter_without_pools_keeps_its_text_and_one_with_them_says_so() {
    let without = charter(&[1, 2]);
    let text = String::from_utf8(without.to_text().expect("text")).expect("utf-8");
    assert!(text.contains(r#""disclosure":{"minimum":5,"protection":2}"#), "{text}");
    let rule = PoolRule { below: 15, from: "2027-Q1".parse().expect("quarter") };
    let mut with = without.clone();
    with.disclosure.pool = Some(rule);
    let text = String::from_utf8(with.to_text().expect("text")).expect("utf-8");
    assert!(text.contains(r#""pool":{"below":15,"from":"2027-Q1"},"protection":2"#), "{text}");
    assert_eq!(Charter::read(text.as_bytes()), Ok(with.clone()));
    assert_eq!(differences(&without, &with), [Difference::Pool(None, Some(rule))]);
    assert_eq!(differences(&with, &without), [Difference::Pool(Some(rule), None)]);
    let said = Difference::Pool(None, Some(rule)).to_string();
    assert_eq!(said, "agencies with fewer than 15 clusters add their statistics up in pools, from 2027-Q1 on");
    with.disclosure.minimum = 6;
    assert_eq!(differences(&without, &with), [Difference::Pool(None, Some(rule)), Difference::Disclosure(5, 6)]);
}
