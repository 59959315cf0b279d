//! The rules from history, by hand and against brute force on all small federations.

use super::super::history::{Answer, Objection, Past, answer, explain};
use super::super::panel::{self, Case};
use super::*;
use crate::charter::Tie;
use crate::time::Month;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn cluster(owner: &str, number: u8) -> ClusterId {
    ClusterId::new(&agency(owner), [number; 12])
}

fn past(endorser: &str, owner: &str, number: u8, issued: &str) -> Past {
    let scheme = "ecei".parse().unwrap();
    Past { issued: month(issued), owner: agency(owner), cluster: cluster(owner, number), scheme, endorser: agency(endorser) }
}

fn ask(history: &[Past], level: Level, number: u8, at: &str, candidate: &str) -> Answer {
    let (owner, cluster, scheme) = (owner(), cluster("stuttgart", number), "ecei".parse().unwrap());
    let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: month(at) };
    answer(&charter(), &rule(level), history, case, &agency(candidate))
}

#[test]
fn a_swap_is_forgotten_after_twelve_calendar_months() {
    // Freiburg is under stuttgart's parent: what it reviewed counts as stuttgart's.
    for endorser in ["stuttgart", "freiburg"] {
        let history = [past(endorser, "lyon", 1, "2026-03")];
        let swap = Objection::Swap { owner: owner(), issued: month("2026-03"), months: 12 };
        // Four groups are left without lyon: munich, oslo, the Junta's two, and that is one too few.
        assert_eq!(ask(&history, Level::Gold, 7, "2027-02", "lyon"), Answer::Waived(swap.clone()));
        let mut charter = charter();
        charter.conflicts.swap_floor = 3;
        let (owner, cluster, scheme) = (owner(), cluster("stuttgart", 7), "ecei".parse().unwrap());
        let at = |text: &str| {
            let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: month(text) };
            answer(&charter, &rule(Level::Gold), &history, case, &agency("lyon"))
        };
        assert_eq!(at("2027-02"), Answer::Objected(swap));
        assert_eq!(at("2027-03"), Answer::Eligible);
    }
    // The other way round is no swap: lyon reviewed for stuttgart, another cluster.
    assert_eq!(ask(&[past("lyon", "stuttgart", 1, "2026-03")], Level::Gold, 7, "2026-06", "lyon"), Answer::Eligible);
}

#[test]
fn nobody_reviews_a_cluster_twice_in_a_row() {
    let twice = |issued: &str| Objection::Twice { issued: month(issued) };
    let history = [past("lyon", "stuttgart", 7, "2022-05"), past("madrid", "stuttgart", 7, "2024-05")];
    assert_eq!(ask(&history, Level::Gold, 7, "2026-05", "madrid"), Answer::Objected(twice("2024-05")));
    assert_eq!(ask(&history, Level::Gold, 7, "2026-05", "sevilla"), Answer::Objected(twice("2024-05")), "one parent is one voice");
    assert_eq!(ask(&history, Level::Gold, 7, "2026-05", "lyon"), Answer::Eligible, "the time before last is long ago");
    assert_eq!(ask(&history, Level::Gold, 8, "2026-05", "madrid"), Answer::Eligible, "another cluster");
    // Where the others cannot fill the panel, it is waived, and said.
    let everybody: Vec<_> = ["lyon", "munich", "oslo", "madrid"].iter().map(|who| past(who, "stuttgart", 7, "2024-05")).collect();
    assert_eq!(ask(&everybody, Level::Gold, 7, "2026-05", "oslo"), Answer::Waived(twice("2024-05")));
    assert!(matches!(ask(&everybody, Level::Gold, 7, "2026-05", "freiburg"), Answer::Ineligible(panel::Ineligible::SameParent { .. })));
    assert_eq!(ask(&[], Level::Gold, 7, "2026-05", "paris"), Answer::Ineligible(panel::Ineligible::NotAMember));
}

/// The rules said once more, as sentences over sets and without the order of the other text.
fn brute(charter: &Charter, rule: &LevelRule, history: &[Past], case: Case<'_>, candidate: &AgencyId) -> bool {
    let group = |id: &AgencyId| charter.member(id).and_then(|m| m.parent.clone()).map_or(id.to_string(), |p| format!("parent {p}"));
    // Ties in the test are of one member to the owner, and have no end.
    let tied = |id: &AgencyId| charter.ties.iter().any(|tie| group(&tie.agency) == group(id));
    let stranger = |id: &AgencyId| group(id) != group(case.owner) && !tied(id);
    let swapped = |id: &AgencyId| {
        history.iter().any(|p| {
            group(&p.endorser) == group(case.owner)
                && group(&p.owner) == group(id)
                && case.at.since(p.issued) < i32::from(charter.conflicts.swap_months)
        })
    };
    let of_cluster: Vec<_> = history.iter().filter(|p| Some(&p.cluster) == case.cluster && p.scheme == *case.scheme).collect();
    let last = of_cluster.iter().map(|p| p.issued).max();
    let again = |id: &AgencyId| of_cluster.iter().any(|p| Some(p.issued) == last && group(&p.endorser) == group(id));
    let members: Vec<&AgencyId> = charter.members.iter().map(|m| &m.id).collect();
    let clean: Vec<_> = members.iter().filter(|id| stranger(id) && !swapped(id) && !again(id)).collect();
    let mut groups: Vec<_> = clean.iter().map(|id| group(id)).collect();
    groups.sort();
    groups.dedup();
    let swaps_pass = groups.len() < usize::from(charter.conflicts.swap_floor);
    let fill: Vec<AgencyId> =
        members.iter().filter(|id| stranger(id) && !again(id) && (swaps_pass || !swapped(id))).map(|id| (*id).clone()).collect();
    let again_passes = panel::check(charter, rule, case, &fill).is_err();
    stranger(candidate) && (swaps_pass || !swapped(candidate)) && (again_passes || !again(candidate))
}

#[test]
fn every_small_federation_agrees_with_brute_force() {
    let names = ["freiburg", "lyon", "madrid", "munich", "oslo", "stuttgart"];
    let mut checked = 0u32;
    for size in 2..=5usize {
        // Every choice of members that has the owner, with and without a common parent of the first two others.
        for chosen in 0u32..32 {
            let ids: Vec<&str> = names[..5].iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, id)| *id).collect();
            if ids.len() + 1 != size {
                continue;
            }
            let mut federation = charter();
            federation.members.retain(|member| ids.contains(&member.id.as_str()) || member.id == owner());
            for parents in [false, true] {
                if !parents {
                    federation.members.iter_mut().for_each(|member| member.parent = None);
                }
                // Every subset of six past endorsements among them.
                let others: Vec<&str> = ids.iter().copied().take(2).collect();
                let mut all = Vec::new();
                for other in &others {
                    all.push(past("stuttgart", other, 1, "2026-01"));
                    all.push(past(other, "stuttgart", 7, "2024-05"));
                    all.push(past(other, "stuttgart", 7, "2023-05"));
                }
                for subset in 0u32..1 << all.len() {
                    let history: Vec<_> = all.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, p)| p.clone()).collect();
                    for (floor, level, tied) in [(0, Level::Gold, false), (2, Level::Silver, false), (4, Level::Gold, true)] {
                        federation.conflicts.swap_floor = floor;
                        let tie = Tie { agency: agency(ids[0]), to: "stuttgart".parse().unwrap(), until: None };
                        federation.ties = if tied { vec![tie] } else { vec![] };
                        let (owner, cluster, scheme) = (owner(), cluster("stuttgart", 7), "ecei".parse().unwrap());
                        let case = Case { owner: &owner, cluster: Some(&cluster), scheme: &scheme, at: month("2026-06") };
                        for (candidate, answer) in explain(&federation, &rule(level), &history, case) {
                            let expected = brute(&federation, &rule(level), &history, case, &candidate);
                            assert_eq!(answer.is_eligible(), expected, "{candidate} of {ids:?}, {floor}, {history:?}: {answer:?}");
                            checked += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
}
