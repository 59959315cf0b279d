//! Who is in charge of what, who reviews whom, and scores made up from a seed.

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Requirements, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Level, demo_scheme};
use parangon_protocol::id::{AgencyId, Country, Hash, Name};

use super::data::DemoCluster;

/// One agency of the demonstration.
#[derive(Debug, Clone)]
pub(super) struct AgencyPlan {
    pub(super) id: AgencyId,
    pub(super) name: Name,
    pub(super) country: Country,
    pub(super) clusters: Vec<ClusterPlan>,
}

/// One cluster with what its agency will do.
#[derive(Debug, Clone)]
pub(super) struct ClusterPlan {
    pub(super) cluster: DemoCluster,
    /// Made up.
    pub(super) scores: BTreeMap<String, u8>,
    pub(super) reviewers: Vec<AgencyId>,
}

/// Countries that stand in when the file has fewer than there are agencies.
const MORE: [&str; 12] = ["LU", "SE", "NL", "CZ", "IE", "GR", "HU", "SI", "SK", "BG", "HR", "EE"];

/// Gives each of the `agencies` most frequent countries an agency, and every other country to the agency with the
/// fewest clusters so far.
pub(super) fn agencies(clusters: Vec<DemoCluster>, agencies: usize, seed: u64) -> Vec<AgencyPlan> {
    let mut by_country: BTreeMap<Country, Vec<DemoCluster>> = BTreeMap::new();
    for cluster in clusters {
        by_country.entry(cluster.country.clone()).or_default().push(cluster);
    }
    let mut countries: Vec<_> = by_country.into_iter().collect();
    countries.sort_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then(a.cmp(b)));
    let mut spare = MORE.iter().map(|code| code.parse::<Country>().expect("a constant")).collect::<Vec<_>>().into_iter();
    while countries.len() < agencies {
        let Some(country) = spare.next() else { break };
        if countries.iter().all(|(known, _)| *known != country) {
            countries.push((country, vec![]));
        }
    }
    let rest = countries.split_off(agencies.min(countries.len()));
    let mut plans: Vec<(Country, Vec<DemoCluster>)> = countries;
    for (_, clusters) in rest {
        if let Some((_, fewest)) = plans.iter_mut().min_by_key(|(_, clusters)| clusters.len()) {
            fewest.extend(clusters);
        }
    }
    let ids: Vec<AgencyId> = plans.iter().map(|(country, _)| id(country)).collect();
    let plan = |(at, (country, clusters)): (usize, (Country, Vec<DemoCluster>))| AgencyPlan {
        id: id(&country),
        name: format!("Demo agency {country}").parse().expect("a name"),
        clusters: clusters.into_iter().enumerate().map(|(n, cluster)| one(cluster, at, n, &ids, seed)).collect(),
        country,
    };
    plans.into_iter().enumerate().map(plan).collect()
}

fn id(country: &Country) -> AgencyId {
    format!("demo-{}", country.as_str().to_ascii_lowercase()).parse().expect("a slug")
}

fn one(cluster: DemoCluster, owner: usize, nth: usize, ids: &[AgencyId], seed: u64) -> ClusterPlan {
    let rule = demo_scheme().rules.into_iter().find(|rule| rule.level == cluster.level);
    let (count, requirements) = rule.map_or((1, None), |rule| (usize::from(rule.reviewers), Some(rule.requirements)));
    let others = ids.len().saturating_sub(1).max(1);
    let reviewers = (0..count.min(others)).map(|n| ids[(owner + 1 + (nth + n) % others) % ids.len()].clone()).collect();
    let mut dice = Dice::new(seed, cluster.name.as_str());
    let scores = make_up(cluster.level, requirements.as_ref(), &mut dice);
    ClusterPlan { cluster, scores, reviewers }
}

/// Levels that fit the published result: drawn around what the level suggests, then raised until its rule is met.
fn make_up(level: Level, requirements: Option<&Requirements>, dice: &mut Dice) -> BTreeMap<String, u8> {
    let catalogue = Catalogue::ecei();
    let floor = match level {
        Level::Bronze => 1,
        Level::Silver => 2,
        Level::Gold => 3,
    };
    let mut levels: Vec<u8> =
        catalogue.indicators.iter().map(|_| (floor + dice.below(3)).saturating_sub(u8::from(dice.below(4) == 0)).min(4)).collect();
    if let Some(requirements) = requirements {
        let mut round = 0;
        while !passes(catalogue, &levels, requirements) && round < 4 * levels.len() {
            let at = usize::from(dice.below(u8::MAX)) % levels.len();
            levels[at] = (levels[at] + 1).min(4);
            round += 1;
        }
        if !passes(catalogue, &levels, requirements) {
            levels.fill(4);
        }
    }
    catalogue.indicators.iter().zip(levels).map(|(indicator, level)| (indicator.code.to_string(), level)).collect()
}

fn passes(catalogue: &Catalogue, levels: &[u8], requirements: &Requirements) -> bool {
    let mut scores = Scores::default();
    for (indicator, level) in catalogue.indicators.iter().zip(levels) {
        let Ok(answer) = Answer::of_level(*level) else { return false };
        if scores.set(catalogue, &indicator.code, answer).is_err() {
            return false;
        }
    }
    scores.outcome(catalogue, requirements, u8::MAX).passes
}

/// Repeatable numbers: SHA-256 of seed, name and a counter.
pub(super) struct Dice {
    seed: Vec<u8>,
    counter: u64,
}

impl Dice {
    pub(super) fn new(seed: u64, name: &str) -> Self {
        Self { seed: [&seed.to_be_bytes()[..], name.as_bytes()].concat(), counter: 0 }
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u8) -> u8 {
        self.counter += 1;
        Hash::of(&[&self.seed, &self.counter.to_be_bytes()]).0[0] % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::data;

    #[test]
    fn the_plan_covers_every_cluster_once_and_is_repeatable() {
        let read = || data::read(data::BUNDLED.as_bytes()).expect("the bundled file").clusters;
        let plan = agencies(read(), 5, 7);
        assert_eq!(plan.len(), 5);
        assert_eq!(plan.iter().map(|agency| agency.clusters.len()).sum::<usize>(), read().len());
        for agency in &plan {
            for cluster in &agency.clusters {
                assert!(!cluster.reviewers.contains(&agency.id));
                let gold = cluster.cluster.level == Level::Gold;
                assert_eq!(cluster.reviewers.len(), if gold { 2 } else { 1 });
            }
        }
        let again = agencies(read(), 5, 7);
        assert_eq!(plan[0].clusters[0].scores, again[0].clusters[0].scores);
        assert_ne!(plan[0].clusters[0].scores, agencies(read(), 5, 8)[0].clusters[0].scores);
    }

    #[test]
    fn made_up_scores_meet_the_rule_of_their_level() {
        let plan = agencies(data::read(data::BUNDLED.as_bytes()).expect("the bundled file").clusters, 5, 1);
        for cluster in plan.iter().flat_map(|agency| &agency.clusters) {
            let rule = demo_scheme().rules.into_iter().find(|rule| rule.level == cluster.cluster.level).expect("a rule");
            let levels: Vec<u8> = Catalogue::ecei().indicators.iter().map(|i| cluster.scores[i.code.as_str()]).collect();
            assert!(passes(Catalogue::ecei(), &levels, &rule.requirements), "{}", cluster.cluster.name);
        }
    }
}
