//! Registers and scores, drawn from a seed: who has a label when, what the label proves, and what is behind it.

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::{Catalogue, Document, Indicator};
use parangon_protocol::charter::{Disclosure, Level, Noise};
use parangon_protocol::id::{AgencyId, ClusterId, Name};
use parangon_protocol::label::ClusterFacts;
use parangon_protocol::statistics::{Dimension, Period};

use crate::sim::rng::Rng;

/// How many quarters a federation may have, as often as it stands here.
const QUARTERS: [usize; 12] = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8];
/// Technology fields; the first ones are drawn more often.
const FIELDS: [&str; 8] = ["ICT", "Biotechnology", "Energy", "Food", "Construction", "Health", "Mobility", "Optics"];
/// NUTS 3 regions of each country, of three NUTS 2 regions.
const REGIONS: [[&str; 4]; 4] = [
    ["DE111", "DE112", "DE211", "DE300"],
    ["FR101", "FR102", "FRK21", "FRL01"],
    ["AT111", "AT112", "AT221", "AT310"],
    ["ES111", "ES211", "ES300", "ES511"],
];

/// A label with the assessment behind it.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What its label says of the cluster.
    pub cluster: ClusterFacts,
    /// The level of the label.
    pub level: Level,
    /// The level that the label proves on each indicator with a minimum.
    pub implied: Option<u8>,
    /// Confidential.
    pub scores: Scores,
    /// Valid at the end of these quarters, from the first on, without the second.
    pub valid: (usize, usize),
}

/// An agency with every label that it ever issued.
#[derive(Debug, Clone)]
pub(super) struct Agency {
    pub(super) id: AgencyId,
    pub(super) units: Vec<Unit>,
}

impl Agency {
    /// The places of the labels that are valid at the end of this quarter.
    pub(super) fn valid(&self, quarter: usize) -> Vec<usize> {
        let is_valid = |unit: &Unit| (unit.valid.0..unit.valid.1).contains(&quarter);
        self.units.iter().enumerate().filter(|(_, unit)| is_valid(unit)).map(|(at, _)| at).collect()
    }
}

/// A federation: its charter's rule, its catalogue, its agencies.
#[derive(Debug, Clone)]
pub struct Draw {
    pub(super) rule: Disclosure,
    pub(super) catalogue: Catalogue,
    pub(super) quarters: Vec<Period>,
    /// Those that publish alone.
    pub(super) alone: Vec<Agency>,
    /// Those that are pooled, in all quarters.
    pub(super) pooled: Vec<Agency>,
    /// Of 1,000 releases as many are corrected.
    pub(super) corrected: u64,
}

/// How the levels of an indicator are spread.
#[derive(Clone, Copy)]
enum Spread {
    /// Nearly all at one level.
    Nearly(u8),
    Even,
    Middle,
    Ends,
    /// By field: within a field nearly all at one level.
    ByField,
}

impl Draw {
    /// The same agencies where nobody is pooled: each publishes what it can.
    #[must_use]
    pub fn all_alone(mut self) -> Self {
        self.alone.append(&mut self.pooled);
        self
    }

    /// The same where in a third of all federations published counts have noise.
    #[must_use]
    pub fn with_noise(mut self, seed: u64) -> Self {
        self.rule.noise = Rng::part(seed, 98).chance(333).then_some(Noise { maximum: 2, tenths: 10 });
        self
    }

    /// Whether some agencies are pooled.
    #[must_use]
    pub fn has_pool(&self) -> bool {
        !self.pooled.is_empty()
    }

    /// The federation of this seed.
    ///
    /// # Panics
    /// Never: all names are constants that parse.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::part(seed, 0);
        let quarters = *rng.pick(&QUARTERS);
        // A year of a pool has four quarters, and totals of two years are not compared (docs/protocol.md, "Statistics").
        let has_pool = rng.chance(300) && quarters <= 4;
        let mut rule = *rng.pick(&[(5, 2), (5, 2), (5, 2), (5, 3), (4, 2), (3, 1), (3, 2)]);
        if rng.chance(50) {
            rule.1 = 4;
        }
        let mut rule = Disclosure::new(rule.0, rule.1);
        let tables = match rng.below(100) {
            0..25 => 0,
            25..65 => 1,
            65..90 => 2,
            90..97 => 3,
            _ => 4,
        };
        rule.tables = rng.several(&Dimension::EVERY, tables);
        let catalogue = catalogue(&mut rng);
        let churn = *rng.pick(&[0, 20, 60, 120, 300]);
        let spreads: Vec<_> = catalogue.indicators.iter().map(|_| spread(&mut rng)).collect();
        let mut maker = Maker { catalogue: &catalogue, churn, quarters, spreads, rng: Rng::part(seed, 1), gold: *rng.pick(&[2, 3]) };
        let alone = if quarters > 4 { 1 } else { rng.between(1, 2) };
        let alone = (0..alone)
            .map(|at| {
                let size = match rng.below(20) {
                    0 => rng.between(3, 4),
                    1..11 => rng.between(5, 12),
                    11..17 => rng.between(13, 25),
                    _ => rng.between(26, 40),
                };
                maker.agency(&format!("alone-{at}"), size)
            })
            .collect();
        let pooled = if has_pool { rng.between(5, 7) } else { 0 };
        let pooled = (0..pooled).map(|at| maker.agency(&format!("pooled-{at}"), rng.between(1, 4))).collect();
        let start = 4 * 2026;
        let quarter = |at: usize| {
            let at = start + at;
            let (year, quarter) = (u16::try_from(at / 4).expect("a year"), u8::try_from(at % 4 + 1).expect("a quarter"));
            Period::new(year, quarter).expect("a quarter")
        };
        let quarters = (0..quarters).map(quarter).collect();
        let corrected = *rng.pick(&[0, 100, 400]);
        Self { rule, catalogue, quarters, alone, pooled, corrected }
    }
}

/// A few of the bundled catalogue's indicators, with minimums as they are there: a whole one takes ten times as long and shows nothing more,
/// since each indicator is audited and attacked by itself.
fn catalogue(rng: &mut Rng) -> Catalogue {
    let ecei = Catalogue::ecei();
    let of = |with: bool| ecei.indicators.iter().filter(|i| i.minimum.is_some() == with).cloned().collect::<Vec<Indicator>>();
    let mut indicators = vec![rng.pick(&of(true)).clone()];
    indicators.push(rng.pick(&of(false)).clone());
    if rng.chance(500) {
        indicators.extend(of(true).into_iter().find(|other| *other != indicators[0]));
    }
    subset(indicators)
}

/// A catalogue of these indicators of the bundled one.
pub(super) fn subset(mut indicators: Vec<Indicator>) -> Catalogue {
    let document: &Document = Catalogue::ecei();
    indicators.sort_by(|a, b| a.code.cmp(&b.code));
    let max_points = indicators.iter().map(Indicator::max_points).sum();
    let document = Document { indicators, max_points, ..document.clone() };
    let text = serde_json::to_vec(&document).expect("a document is JSON");
    Catalogue::read(&text).expect("a part of a sound catalogue")
}

fn spread(rng: &mut Rng) -> Spread {
    match rng.below(6) {
        0 | 1 => Spread::Nearly(u8::try_from(rng.below(5)).unwrap_or(0)),
        2 => Spread::Even,
        3 => Spread::Middle,
        4 => Spread::Ends,
        _ => Spread::ByField,
    }
}

struct Maker<'a> {
    catalogue: &'a Catalogue,
    /// Of 1,000 labels as many end in each quarter, and as many come.
    churn: u64,
    quarters: usize,
    spreads: Vec<Spread>,
    rng: Rng,
    /// What a GOLD label asks for.
    gold: u8,
}

impl Maker<'_> {
    fn agency(&mut self, name: &str, size: u64) -> Agency {
        let id: AgencyId = name.parse().expect("a constant");
        let home = self.rng.index(REGIONS.len());
        let mut units = Vec::new();
        let mut clusters = 0u64;
        for _ in 0..size {
            self.labels(&id, home, &mut clusters, 0, &mut units);
        }
        for quarter in 1..self.quarters {
            let coming = (0..size).filter(|_| self.rng.chance(self.churn)).count();
            for _ in 0..coming {
                self.labels(&id, home, &mut clusters, quarter, &mut units);
            }
        }
        Agency { id, units }
    }

    /// A new cluster with its labels, one after the other.
    fn labels(&mut self, agency: &AgencyId, home: usize, clusters: &mut u64, from: usize, units: &mut Vec<Unit>) {
        let mut cluster = self.cluster(agency, home, *clusters);
        *clusters += 1;
        let mut scores = None;
        let mut quarter = from;
        while quarter < self.quarters {
            let (level, implied) = self.level();
            let drawn = self.scores(&cluster, implied, scores.as_ref());
            let mut until = quarter + 1;
            while until < self.quarters && !self.rng.chance(self.churn) {
                until += 1;
            }
            units.push(Unit { cluster: cluster.clone(), level, implied, scores: drawn.clone(), valid: (quarter, until) });
            scores = Some(drawn);
            // Renewed at once, a quarter later, or never.
            match self.rng.below(3) {
                0 => break,
                pause => quarter = until + usize::try_from(pause - 1).unwrap_or(0),
            }
            if self.rng.chance(100) {
                cluster.field = Some(self.field());
            }
        }
    }

    fn cluster(&mut self, agency: &AgencyId, home: usize, number: u64) -> ClusterFacts {
        let home = if self.rng.chance(850) { home } else { self.rng.index(REGIONS.len()) };
        let nuts = *self.rng.pick(&REGIONS[home]);
        let mut random = [0; 12];
        random[..8].copy_from_slice(&number.to_be_bytes());
        ClusterFacts {
            country: nuts[..2].parse().expect("a country"),
            field: self.rng.chance(900).then(|| self.field()),
            id: ClusterId::new(agency, random),
            name: format!("Cluster {number}").parse().expect("a name"),
            nuts: self.rng.chance(900).then(|| format!("{nuts}/2024").parse().expect("a region")),
            region: None,
        }
    }

    fn field(&mut self) -> Name {
        // The lower of two: the first fields have most clusters.
        let at = self.rng.index(FIELDS.len()).min(self.rng.index(FIELDS.len()));
        FIELDS[at].parse().expect("a name")
    }

    fn level(&mut self) -> (Level, Option<u8>) {
        match self.rng.below(10) {
            0..5 => (Level::Bronze, None),
            5..8 => (Level::Silver, Some(2)),
            _ => (Level::Gold, Some(self.gold)),
        }
    }

    /// Scores that the label allows. After an earlier assessment most of them stay.
    fn scores(&mut self, cluster: &ClusterFacts, implied: Option<u8>, before: Option<&Scores>) -> Scores {
        let mut scores = Scores::new();
        for at in 0..self.catalogue.indicators.len() {
            let indicator = &self.catalogue.indicators[at];
            let asked = implied.and_then(|asked| indicator.minimum.map(|own| own.max(asked)));
            let kept = before.and_then(|scores| scores.get(&indicator.code)).filter(|_| self.rng.chance(700)).and_then(Answer::level);
            let mut level = kept.map(|level| u8::try_from(level.index()).unwrap_or(0));
            if level.is_none() && !self.rng.chance(50) {
                level = Some(self.spread(self.spreads[at], cluster));
            }
            let level = asked.map_or(level, |asked| Some(level.unwrap_or(0).max(asked)));
            let answer = level.map_or(Answer::NotKnown, |level| Answer::of_level(level).expect("0 to 4"));
            scores.set(self.catalogue, &indicator.code, answer).expect("an indicator of the catalogue");
        }
        scores
    }

    fn spread(&mut self, spread: Spread, cluster: &ClusterFacts) -> u8 {
        let mut below = |count: u64| u8::try_from(self.rng.below(count)).unwrap_or(0);
        match spread {
            Spread::Nearly(level) if below(10) > 0 => level,
            Spread::Nearly(_) | Spread::Even => below(5),
            Spread::Middle => below(3) + below(3),
            Spread::Ends => 4 * below(2),
            Spread::ByField if below(10) == 0 => below(5),
            Spread::ByField => {
                let field = cluster.field.as_ref().map_or("", Name::as_str);
                u8::try_from(field.len() % 5).unwrap_or(0)
            }
        }
    }
}
