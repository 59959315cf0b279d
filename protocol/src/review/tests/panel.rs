use super::super::panel::{Case, Ineligible, PanelError, check, eligible};
use super::*;
use crate::charter::Tie;

fn gold(endorsers: &[&str]) -> Result<(), PanelError> {
    let endorsers: Vec<_> = endorsers.iter().map(|id| agency(id)).collect();
    check(&charter(), &rule(Level::Gold), offer().case(), &endorsers)
}

#[test]
fn r1_nobody_reviews_its_own_cluster() {
    assert_eq!(eligible(&charter(), offer().case(), &owner()), Err(Ineligible::Owner));
    let refused = PanelError::Conflict { agency: owner(), owner: owner(), cause: Ineligible::Owner };
    assert_eq!(gold(&["lyon", "stuttgart"]), Err(refused));
}

#[test]
fn r2_one_parent_is_one_voice() {
    let parent = "Land".parse().unwrap();
    let refused = PanelError::Conflict { agency: agency("freiburg"), owner: owner(), cause: Ineligible::SameParent { parent } };
    assert_eq!(gold(&["freiburg", "lyon"]), Err(refused));
    let shared = PanelError::TooFew { needed: 2, found: 1, sharing: vec![agency("sevilla")] };
    assert_eq!(gold(&["madrid", "sevilla"]), Err(shared.clone()));
    assert_eq!(shared.to_string(), "1 of 2 reviewing agencies (sevilla not counted: same parent)");
    // A third, independent voice makes two; two under one parent do no harm.
    assert_eq!(gold(&["madrid", "munich", "sevilla"]), Ok(()));
}

#[test]
fn gold_takes_two_agencies_and_one_from_abroad() {
    assert_eq!(gold(&["lyon", "munich"]), Ok(()));
    assert_eq!(gold(&["lyon", "oslo"]), Ok(()));
    assert_eq!(gold(&[]), Err(PanelError::TooFew { needed: 2, found: 0, sharing: vec![] }));
    assert_eq!(gold(&["lyon"]), Err(PanelError::TooFew { needed: 2, found: 1, sharing: vec![] }));
    assert_eq!(gold(&["lyon", "lyon"]), Err(PanelError::Twice(agency("lyon"))));
    let stranger = PanelError::Conflict { agency: agency("paris"), owner: owner(), cause: Ineligible::NotAMember };
    assert_eq!(gold(&["lyon", "paris"]), Err(stranger));

    let mut charter = charter();
    charter.members[1].country = "DE".parse().unwrap();
    let all_at_home = check(&charter, &rule(Level::Gold), offer().case(), &[agency("lyon"), agency("munich")]);
    let expected =
        PanelError::TooFewForeign { needed: 1, found: 0, country: "DE".parse().unwrap(), domestic: vec![agency("lyon"), agency("munich")] };
    assert_eq!(all_at_home, Err(expected.clone()));
    assert_eq!(expected.to_string(), "0 of 1 reviewing agencies from outside DE (lyon, munich at home)");
}

#[test]
fn an_owner_outside_the_charter_has_no_reviewers() {
    let (nobody, asked) = (agency("paris"), offer());
    let case = Case { owner: &nobody, ..asked.case() };
    assert_eq!(eligible(&charter(), case, &agency("lyon")), Err(Ineligible::UnknownOwner { owner: nobody.clone() }));
    assert!(check(&charter(), &rule(Level::Silver), case, &[agency("lyon")]).is_err());
}

#[test]
fn every_member_is_explained() {
    let (charter, asked) = (charter(), offer());
    let allowed: Vec<_> = charter.members.iter().filter(|member| eligible(&charter, asked.case(), &member.id).is_ok()).collect();
    assert_eq!(allowed.iter().map(|member| member.id.as_str()).collect::<Vec<_>>(), ["lyon", "madrid", "munich", "oslo", "sevilla"]);
}

fn tie(agency_id: &str, to: &str, until: Option<&str>) -> Tie {
    Tie { agency: agency(agency_id), to: to.parse().unwrap(), until: until.map(|month| month.parse().unwrap()) }
}

/// Who may review the offer's cluster, and another one of its owner's, under these ties.
fn allowed(ties: &[Tie]) -> [Vec<String>; 2] {
    let mut charter = charter();
    charter.ties = ties.to_vec();
    let (asked, other) = (offer(), ClusterId::new(&owner(), [8; 12]));
    [asked.case(), Case { cluster: Some(&other), ..asked.case() }].map(|case| {
        let members = charter.members.iter().filter(|member| eligible(&charter, case, &member.id).is_ok());
        members.map(|member| member.id.to_string()).collect()
    })
}

#[test]
fn a_declared_tie_binds_both_sides_and_all_under_one_parent() {
    let all = ["lyon", "madrid", "munich", "oslo", "sevilla"];
    let without = |gone: &[&str]| all.iter().filter(|id| !gone.contains(id)).map(ToString::to_string).collect::<Vec<_>>();
    let cluster = offer().cluster.id.to_string();
    for (tied, gone, of_all) in [
        // To the owner, to one under its parent, and by the owner.
        (tie("lyon", "stuttgart", None), &["lyon"][..], true),
        (tie("lyon", "freiburg", None), &["lyon"], true),
        (tie("stuttgart", "oslo", None), &["oslo"], true),
        (tie("freiburg", "oslo", None), &["oslo"], true),
        // The Junta is one.
        (tie("madrid", "stuttgart", None), &["madrid", "sevilla"], true),
        // To one cluster only.
        (tie("munich", &cluster, None), &["munich"], false),
        (tie("sevilla", &cluster, None), &["madrid", "sevilla"], false),
        // Between others.
        (tie("lyon", "oslo", None), &[], true),
    ] {
        let expected = [without(gone), if of_all { without(gone) } else { without(&[]) }];
        assert_eq!(allowed(std::slice::from_ref(&tied)), expected, "{tied:?}");
    }
    let mut charter = charter();
    charter.ties = vec![tie("lyon", "stuttgart", Some("2026-01"))];
    let refused = eligible(&charter, offer().case(), &agency("lyon")).unwrap_err();
    assert_eq!(refused.to_string(), "tied by what lyon declared: lyon to stuttgart, until 2026-01");
    let panel = check(&charter, &rule(Level::Gold), offer().case(), &[agency("lyon"), agency("munich")]);
    assert!(matches!(panel, Err(PanelError::Conflict { cause: Ineligible::Tied(_), .. })), "{panel:?}");
}

#[test]
fn a_tie_weighs_for_24_months_after_its_last_one() {
    // The offer's assessment is of October 2026.
    for (until, free) in [("2026-10", false), ("2027-06", false), ("2024-10", false), ("2024-09", true), ("2020-01", true)] {
        let [of_cluster, _] = allowed(&[tie("lyon", "stuttgart", Some(until))]);
        assert_eq!(of_cluster.contains(&"lyon".to_owned()), free, "until {until}");
    }
}
