//! Who is in charge of what, who reviews whom, and scores made up from a seed.

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Requirements, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Level, LevelRule, demo_scheme};
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
    /// For its last award.
    pub(super) reviewers: Vec<AgencyId>,
}

impl ClusterPlan {
    /// The reviewers of an award of this level.
    pub(super) fn reviewers_of(&self, level: Level) -> &[AgencyId] {
        &self.reviewers[..self.reviewers.len().min(reviewers(level))]
    }
}

/// The highest level of an indicator.
const HIGHEST: u8 = 4;

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
    let count = reviewers(cluster.level);
    let others = ids.len().saturating_sub(1).max(1);
    let reviewers = (0..count.min(others)).map(|n| ids[(owner + 1 + (nth + n) % others) % ids.len()].clone()).collect();
    let subject = subject(cluster.name.as_str(), cluster.country.as_str());
    let scores = by_code(make_up(cluster.level, &mut Dice::new(seed, &subject)));
    ClusterPlan { cluster, scores, reviewers }
}

/// What one reviewer finds, made up from the seed. All reviewers of a cluster see the same, which meets the rule of its
/// level; each is more generous on some indicators. So the lowest levels of all of them meet the rule as well.
pub(super) fn review(seed: u64, level: Level, cluster: &str, country: &str, reviewer: &AgencyId) -> BTreeMap<String, u8> {
    let subject = subject(cluster, country);
    let found = make_up(level, &mut Dice::new(seed, &format!("{subject}\0reviewed")));
    let mut dice = Dice::new(seed, &format!("{subject}\0{reviewer}"));
    let mut generous = |level: u8| (level + u8::from(dice.below(4) == 0)).min(HIGHEST);
    by_code(found.into_iter().map(&mut generous).collect())
}

/// The name under which a cluster's numbers are drawn.
fn subject(cluster: &str, country: &str) -> String {
    format!("{country}\0{cluster}")
}

fn reviewers(level: Level) -> usize {
    rule(level).map_or(1, |rule| usize::from(rule.reviewers))
}

fn rule(level: Level) -> Option<LevelRule> {
    demo_scheme().rules.into_iter().find(|rule| rule.level == level)
}

fn by_code(levels: Vec<u8>) -> BTreeMap<String, u8> {
    Catalogue::ecei().indicators.iter().zip(levels).map(|(indicator, level)| (indicator.code.to_string(), level)).collect()
}

/// Levels that fit the published result: drawn around what the level suggests, then raised until its rule is met.
fn make_up(level: Level, dice: &mut Dice) -> Vec<u8> {
    let floor = match level {
        Level::Bronze => 1,
        Level::Silver => 2,
        Level::Gold => 3,
    };
    let mut draw = || (floor + dice.below(3)).saturating_sub(u8::from(dice.below(4) == 0)).min(HIGHEST);
    let mut levels: Vec<u8> = Catalogue::ecei().indicators.iter().map(|_| draw()).collect();
    if let Some(rule) = rule(level) {
        raise(&mut levels, &rule.requirements, dice);
    }
    levels
}

/// Raises the levels below their minimum, then levels drawn by lot until there are enough points.
fn raise(levels: &mut [u8], requirements: &Requirements, dice: &mut Dice) {
    let catalogue = Catalogue::ecei();
    for (indicator, level) in catalogue.indicators.iter().zip(levels.iter_mut()) {
        let needed = requirements.minimum_level.and_then(|asked| indicator.minimum.map(|own| own.max(asked)));
        *level = needed.map_or(*level, |needed| needed.max(*level));
    }
    let mut rounds = 0;
    while !passes(catalogue, levels, requirements) && rounds < 4 * levels.len() {
        let at = usize::from(dice.below(u8::MAX)) % levels.len();
        levels[at] = (levels[at] + 1).min(HIGHEST);
        rounds += 1;
    }
    if !passes(catalogue, levels, requirements) {
        levels.fill(HIGHEST);
    }
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
    fn what_a_cluster_is_scored_with_meets_the_rule_of_each_of_its_awards() {
        let climbed: Vec<_> = reviewed(2026).into_iter().map(|(plan, _)| plan).filter(|plan| plan.cluster.awards().len() > 1).collect();
        assert_eq!(climbed.len(), 3);
        for plan in climbed {
            let first = rule(plan.cluster.awards()[0]).expect("a rule");
            assert!(passes(Catalogue::ecei(), &levels(&plan.scores), &first.requirements), "{}", plan.cluster.name);
            assert_eq!(plan.reviewers_of(first.level).len(), usize::from(first.reviewers));
        }
    }

    fn levels(scores: &BTreeMap<String, u8>) -> Vec<u8> {
        Catalogue::ecei().indicators.iter().map(|indicator| scores[indicator.code.as_str()]).collect()
    }

    /// The clusters of the bundled file, each with what its reviewers find.
    fn reviewed(seed: u64) -> Vec<(ClusterPlan, Vec<BTreeMap<String, u8>>)> {
        let plan = agencies(data::read(data::BUNDLED.as_bytes()).expect("the bundled file").clusters, 5, seed);
        let reviews = |plan: ClusterPlan| {
            let (cluster, reviewers) = (&plan.cluster, plan.reviewers.iter());
            let review = |by: &AgencyId| review(seed, cluster.level, cluster.name.as_str(), cluster.country.as_str(), by);
            let found = reviewers.map(review).collect();
            (plan, found)
        };
        plan.into_iter().flat_map(|agency| agency.clusters).map(reviews).collect()
    }

    /// The lowest level of all reviewers, as statistics count it.
    fn lowest(found: &[BTreeMap<String, u8>]) -> Vec<u8> {
        let all: Vec<_> = found.iter().map(levels).collect();
        (0..all[0].len()).map(|at| all.iter().map(|levels| levels[at]).min().expect("a review")).collect()
    }

    #[test]
    fn made_up_scores_and_reviews_meet_the_rule_of_their_level() {
        for seed in 1..4 {
            for (plan, found) in reviewed(seed) {
                let rule = rule(plan.cluster.level).expect("a rule");
                let sets = found.iter().map(levels).chain([levels(&plan.scores), lowest(&found)]);
                for set in sets {
                    assert!(passes(Catalogue::ecei(), &set, &rule.requirements), "{}: {set:?}", plan.cluster.name);
                }
            }
        }
    }

    #[test]
    fn reviews_follow_from_the_seed_and_are_spread_over_the_levels() {
        let counted = |seed| reviewed(seed).iter().map(|(_, found)| lowest(found)).collect::<Vec<_>>();
        assert_eq!(counted(7), counted(7));
        assert_ne!(counted(7), counted(8));
        let at = Catalogue::ecei().indicators.iter().position(|indicator| indicator.code.as_str() == "2.5").expect("is there");
        let mut cells = [0; 5];
        counted(2026).iter().for_each(|levels| cells[usize::from(levels[at])] += 1);
        assert!(cells.iter().filter(|count| **count > 5).count() >= 4, "{cells:?}");
    }
}
