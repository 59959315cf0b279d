use super::*;
use crate::charter::LevelRule;
use crate::review::draw::choice::{Followed, PassedOver, follows, next};
use crate::review::panel::{self, Case, PanelError};

/// The owner is stuttgart, in Germany. Junta is a body with one agency in Spain and one in Germany.
fn charter() -> Charter {
    super::charter(&[
        ("berlin", "DE", Some("Junta")),
        ("freiburg", "DE", Some("Land")),
        ("lyon", "FR", None),
        ("madrid", "ES", Some("Junta")),
        ("munich", "DE", None),
        ("oslo", "NO", None),
        ("potsdam", "DE", None),
        ("stuttgart", "DE", Some("Land")),
    ])
}

fn rule(level: Level) -> LevelRule {
    charter().rule(&"ecei".parse().unwrap(), level).unwrap().clone()
}

fn case_of(owner: &AgencyId) -> (ClusterId, crate::id::SchemeId) {
    (ClusterId::new(owner, [7; 12]), "ecei".parse().unwrap())
}

/// Whom the owner asks next for this level.
fn asks(level: Level, ranking: &[&str], asked: &[&str], declined: &[&str]) -> Result<Vec<AgencyId>, PanelError> {
    let owner = agency("stuttgart");
    let (cluster, scheme) = case_of(&owner);
    let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: "2026-10".parse().unwrap() };
    next(&charter(), &rule(level), case, &agencies(ranking), &agencies(asked), &agencies(declined))
}

fn followed(ranking: &[&str], endorsers: &[&str]) -> Followed {
    let owner = agency("stuttgart");
    let (cluster, scheme) = case_of(&owner);
    let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: "2026-10".parse().unwrap() };
    follows(&charter(), &rule(Level::Gold), case, &agencies(ranking), &agencies(endorsers))
}

#[test]
fn the_first_who_can_complete_the_panel_is_asked() {
    // GOLD: two groups, one of them from abroad.
    for (ranking, expected) in [
        (&["lyon", "munich", "oslo"][..], &["lyon", "munich"][..]),
        (&["munich", "potsdam", "lyon", "oslo"], &["munich", "lyon"]),
        (&["oslo", "lyon", "munich"], &["oslo", "lyon"]),
        // One voice for each body; with its agency at home in place, its agency abroad helps nobody.
        (&["madrid", "berlin", "munich"], &["madrid", "munich"]),
        (&["berlin", "madrid", "lyon"], &["berlin", "lyon"]),
        (&["berlin", "munich", "madrid"], &["munich", "madrid"]),
    ] {
        assert_eq!(asks(Level::Gold, ranking, &[], &[]), Ok(agencies(expected)), "{ranking:?}");
    }
    let short = asks(Level::Gold, &["munich", "potsdam"], &[], &[]);
    assert!(matches!(short, Err(PanelError::TooFew { .. } | PanelError::TooFewForeign { .. })), "{short:?}");
    assert!(matches!(asks(Level::Gold, &[], &[], &[]), Err(PanelError::TooFew { .. })));
    assert_eq!(asks(Level::Silver, &["potsdam", "lyon"], &[], &[]), Ok(agencies(&["potsdam"])));
}

#[test]
fn declines_only_move_down() {
    let ranking = &["munich", "potsdam", "lyon", "oslo"];
    assert_eq!(asks(Level::Gold, ranking, &["munich", "lyon"], &[]), Ok(vec![]));
    assert_eq!(asks(Level::Gold, ranking, &["munich", "lyon"], &["munich"]), Ok(agencies(&["potsdam"])));
    assert_eq!(asks(Level::Gold, ranking, &["munich", "lyon"], &["lyon"]), Ok(agencies(&["oslo"])));
    assert_eq!(asks(Level::Gold, ranking, &["munich", "lyon"], &["munich", "lyon"]), Ok(agencies(&["potsdam", "oslo"])));
    // Asked again and again, nobody who declined comes back.
    assert!(asks(Level::Gold, ranking, &["munich", "lyon", "oslo"], &["lyon", "oslo"]).is_err());
    // Without anybody from abroad on the first place the second one has to be.
    assert_eq!(asks(Level::Gold, ranking, &["munich"], &[]), Ok(agencies(&["lyon"])));
}

/// Against brute force: every ranking, and every set of those who declined.
#[test]
fn whoever_is_asked_completes_a_panel_and_nobody_before_could() {
    let owner = agency("stuttgart");
    let (cluster, scheme) = case_of(&owner);
    let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: "2026-10".parse().unwrap() };
    let (charter, rule) = (charter(), rule(Level::Gold));
    let all = agencies(&["berlin", "lyon", "madrid", "munich", "oslo", "potsdam"]);
    let mut random = Random(5);
    let is_panel = |some: &[AgencyId]| panel::check(&charter, &rule, case, some).is_ok();
    for _ in 0..2_000 {
        let ranking = rank(&Hash(random.bytes()), &all);
        let mask = random.next();
        let declined: Vec<_> = all.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, agency)| agency.clone()).collect();
        let left: Vec<_> = ranking.iter().filter(|agency| !declined.contains(agency)).collect();
        // The first pair in the order of the ranking, the first place before the second.
        let pairs =
            left.iter().enumerate().flat_map(|(at, one)| left[at + 1..].iter().map(move |other| vec![(*one).clone(), (*other).clone()]));
        let expected = pairs.clone().find(|pair| is_panel(pair));
        let found = next(&charter, &rule, case, &ranking, &[], &declined);
        assert_eq!(found.clone().ok(), expected, "{ranking:?} without {declined:?}");
    }
}

#[test]
fn a_label_shows_who_was_passed_over() {
    let ranking = &["munich", "potsdam", "lyon", "oslo", "madrid"];
    let places = |places: &[(&str, usize)]| places.iter().map(|(id, at)| (agency(id), *at)).collect::<Vec<_>>();
    let none = followed(ranking, &["munich", "lyon"]);
    assert_eq!(none, Followed { positions: places(&[("munich", 1), ("lyon", 3)]), passed_over: vec![], unranked: vec![] });
    let one = followed(ranking, &["oslo", "munich"]);
    assert_eq!(one.positions, places(&[("munich", 1), ("oslo", 4)]));
    assert_eq!(one.passed_over, [PassedOver { agency: agency("lyon"), position: 3 }], "potsdam could not have taken that place");
    assert_eq!(one.passed_over[0].to_string(), "lyon, number 3 of the draw, did not review (declined or not available, says the owner)");
    let two = followed(ranking, &["potsdam", "madrid"]);
    let over: Vec<_> = two.passed_over.iter().map(|passed| (passed.agency.as_str(), passed.position)).collect();
    assert_eq!(over, [("munich", 1), ("lyon", 3), ("oslo", 4)]);
    // More endorsers than places, and one whom the ranking does not have.
    let more = followed(ranking, &["munich", "lyon", "madrid", "paris"]);
    assert_eq!((more.passed_over, more.unranked), (vec![], agencies(&["paris"])));
    assert_eq!(more.positions, places(&[("munich", 1), ("lyon", 3), ("madrid", 5)]));
    assert_eq!(followed(ranking, &[]).positions, []);
}

/// An owner that asks as [`next`] says is never shown as passing over anybody who did not decline.
#[test]
fn whoever_follows_the_ranking_passes_over_those_who_declined_only() {
    let all = ["berlin", "lyon", "madrid", "munich", "oslo", "potsdam"];
    let mut random = Random(11);
    let mut finished = 0;
    for _ in 0..500 {
        let ranking = rank(&Hash(random.bytes()), &agencies(&all));
        let names: Vec<_> = ranking.iter().map(AgencyId::as_str).collect();
        let (mut asked, mut declined) = (vec![], vec![]);
        while let Ok(more) = asks(Level::Gold, &names, &asked, &declined) {
            let Some(first) = more.first() else { break };
            let first = *names.iter().find(|name| **name == first.as_str()).unwrap();
            asked.push(first);
            if random.next().is_multiple_of(3) {
                declined.push(first);
            }
        }
        let endorsers: Vec<_> = asked.iter().filter(|name| !declined.contains(name)).copied().collect();
        if endorsers.len() == 2 {
            finished += 1;
            let passed = followed(&names, &endorsers).passed_over;
            assert!(passed.iter().all(|passed| declined.contains(&passed.agency.as_str())), "{names:?} {endorsers:?} {declined:?}");
        }
    }
    assert!(finished > 300, "{finished}");
}
