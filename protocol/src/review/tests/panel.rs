use super::super::panel::{Ineligible, PanelError, check, eligible, explain};
use super::*;

fn gold(endorsers: &[&str]) -> Result<(), PanelError> {
    let endorsers: Vec<_> = endorsers.iter().map(|id| agency(id)).collect();
    check(&charter(), &rule(Level::Gold), &owner(), &endorsers)
}

#[test]
fn r1_nobody_reviews_its_own_cluster() {
    assert_eq!(eligible(&charter(), &owner(), &owner()), Err(Ineligible::Owner));
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
    let all_at_home = check(&charter, &rule(Level::Gold), &owner(), &[agency("lyon"), agency("munich")]);
    let expected =
        PanelError::TooFewForeign { needed: 1, found: 0, country: "DE".parse().unwrap(), domestic: vec![agency("lyon"), agency("munich")] };
    assert_eq!(all_at_home, Err(expected.clone()));
    assert_eq!(expected.to_string(), "0 of 1 reviewing agencies from outside DE (lyon, munich at home)");
}

#[test]
fn an_owner_outside_the_charter_has_no_reviewers() {
    let nobody = agency("paris");
    assert_eq!(eligible(&charter(), &nobody, &agency("lyon")), Err(Ineligible::UnknownOwner { owner: nobody.clone() }));
    assert!(check(&charter(), &rule(Level::Silver), &nobody, &[agency("lyon")]).is_err());
}

#[test]
fn every_member_is_explained() {
    let explained = explain(&charter(), &owner());
    let allowed: Vec<_> = explained.iter().filter(|(_, answer)| answer.is_ok()).map(|(id, _)| id.as_str()).collect();
    assert_eq!(allowed, ["lyon", "madrid", "munich", "oslo", "sevilla"]);
    assert_eq!(explained.len(), MEMBERS.len());
}
