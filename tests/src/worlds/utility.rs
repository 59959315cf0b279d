//! What of the figures can be used: at what share of cells they are known, and how far off they are.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::assessment::Answer;
use parangon_protocol::id::{AgencyId, IndicatorId, Name};
use parangon_protocol::statistics::{CellKey, CellSecret, Counts, Dimension, PerturbationTable, Row, Table};

use super::draw::Agency;
use super::publish::{Issued, publish, tally};
use super::{Draw, Unit, Without, pool};
use crate::sim::rng::Rng;

/// Cells of a row.
const CELLS: usize = 6;

/// How well figures are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Cells.
    pub cells: u64,
    /// Of them those whose count is known exactly.
    pub exact: u64,
    /// Of them those that are known to within a tenth of the clusters: between two numbers no further apart.
    pub near: u64,
    /// The sum of the errors, in 1,000ths of a percent of the clusters: the published count, or the middle of what is known, against the truth.
    pub error: u64,
    /// Cells whose true count lies outside of what is known. There must be none.
    pub wrong: u64,
}

impl Known {
    fn add(&mut self, (low, high, twice): Guess, truth: u64, population: u64) {
        self.cells += 1;
        self.exact += u64::from(low == high);
        self.near += u64::from((high - low) * 10 <= population);
        self.error += twice.abs_diff(2 * truth) * 100_000 / (2 * population.max(1));
        self.wrong += u64::from(!(low..=high).contains(&truth));
    }

    /// The same of two sets of figures together.
    pub fn join(&mut self, other: &Self) {
        self.cells += other.cells;
        self.exact += other.exact;
        self.near += other.near;
        self.error += other.error;
        self.wrong += other.wrong;
    }
}

/// What was measured of a federation in its last quarter.
#[derive(Debug, Clone, Default)]
pub struct Utility {
    /// Agencies that publish alone, by indicator and cell.
    pub national: Known,
    /// All clusters, by indicator and cell.
    pub european: Known,
    /// All clusters of each field, by indicator and cell.
    pub by_field: Known,
    /// Cells of country (agency) and field that hold anybody; no field is one of them.
    pub held: BTreeSet<(AgencyId, Option<Name>)>,
    /// Of them those with three clusters at least.
    pub of_three: usize,
    /// Of them those that are in a figure by field which shows a count: of their agency, or of the pool.
    pub contributing: usize,
    /// Of them those whose clusters are in the rest of the pool's table by field, which shows a count.
    pub in_rest: usize,
    /// Whether pools gave a total.
    pub has_total: bool,
}

/// What is known of a count: the fewest, the most, and twice the best guess.
type Guess = (u64, u64, u64);

/// What a set of clusters tells: by indicator, as the table is sorted.
struct Told {
    guesses: Vec<[Guess; CELLS]>,
    truth: Table,
    /// Whether any count is shown.
    shows: bool,
}

/// Noise for shown counts, as the cell-key method draws it.
pub struct Noise {
    table: PerturbationTable,
    secret: CellSecret,
}

impl Noise {
    /// At most `maximum`, with a variance of `tenths / 10`. None where there is no such table.
    #[must_use]
    pub fn new(maximum: u8, tenths: u32) -> Option<Self> {
        Some(Self { table: PerturbationTable::new(maximum, tenths).ok()?, secret: CellSecret::new([7; 32]) })
    }

    /// A shown count of these clusters.
    fn guess<'a>(&self, units: impl Iterator<Item = &'a Unit>, minimum: u32, population: u64) -> Guess {
        let keys: Vec<_> = units.map(|unit| self.secret.record_key(&unit.cluster.id)).collect();
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let published = self.table.perturb(count, &CellKey::of(&keys));
        // What is shown was zero, or the minimum at least.
        let (low, high) = match self.table.truths(published) {
            Some((_, high)) if published == 0 && high < minimum => (0, 0),
            Some((low, high)) if published > 0 => (low.max(minimum), high),
            Some(known) => known,
            None => (published, published),
        };
        (u64::from(low), u64::from(high).min(population), 2 * u64::from(published))
    }
}

fn counts(row: &Counts) -> [u64; CELLS] {
    let levels = row.levels().map(u64::from);
    [u64::from(row.unknown()), levels[0], levels[1], levels[2], levels[3], levels[4]]
}

/// 0 unknown, 1 to 5 level 0 to 4.
fn stands(unit: &Unit, indicator: &IndicatorId) -> usize {
    unit.scores.get(indicator).and_then(Answer::level).map_or(0, |level| level.index() + 1)
}

impl Told {
    /// Of these clusters, of which these rows are published, if any.
    fn new(draw: &Draw, units: &[Unit], rows: Option<&[Row]>, noise: Option<&Noise>) -> Self {
        let truth = tally(&draw.catalogue, units, &(0..units.len()).collect::<Vec<_>>());
        let population = u64::from(truth.population());
        let Some(rows) = rows else {
            return Self { guesses: vec![[(0, population, population); CELLS]; truth.rows().len()], truth, shows: false };
        };
        let guesses = rows.iter().map(|row| {
            let cells = [row.unknown, row.cells[0], row.cells[1], row.cells[2], row.cells[3], row.cells[4]];
            let hidden = population - row.visible();
            let of = |cell: usize| units.iter().filter(move |unit| stands(unit, &row.indicator) == cell);
            std::array::from_fn(|at| match (cells[at].count().map(u64::from), noise) {
                (None, _) => (0, hidden, hidden),
                (Some(count), None) => (count, count, 2 * count),
                (Some(_), Some(noise)) => noise.guess(of(at), draw.rule.minimum, population),
            })
        });
        Self { guesses: guesses.collect(), shows: rows.iter().any(|row| row.visible() > 0), truth }
    }
}

/// Adds up what several disjoint sets tell, and compares it with the truth.
fn compare(sets: &[&Told]) -> Known {
    let mut known = Known::default();
    let Some(first) = sets.first() else { return known };
    let population = sets.iter().map(|told| u64::from(told.truth.population())).sum();
    for row in 0..first.guesses.len() {
        for cell in 0..CELLS {
            let own = sets.iter().map(|told| told.guesses[row][cell]);
            let sum = own.fold((0, 0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1, sum.2 + own.2));
            let truth = sets.iter().map(|told| counts(&told.truth.rows()[row])[cell]).sum();
            known.add(sum, truth, population);
        }
    }
    known
}

/// Publishes the last quarter, and measures what everybody knows by it. With `by_field` the pool adds up a table by field as well.
#[must_use]
pub fn measure(draw: &Draw, seed: u64, by_field: bool, noise: Option<&Noise>) -> Utility {
    let mut measuring =
        Measuring { draw, noise, found: Utility::default(), whole: Vec::new(), fields: BTreeMap::new(), contributing: BTreeSet::new() };
    for (at, agency) in draw.alone.iter().enumerate() {
        measuring.alone(agency, &mut Rng::part(seed, 100 + u64::try_from(at).unwrap_or(0)));
    }
    if draw.pooled.iter().any(|agency| !agency.units.is_empty()) {
        measuring.pool(by_field, &mut Rng::part(seed, 99));
    }
    let Measuring { mut found, whole, fields, contributing, .. } = measuring;
    found.european = compare(&whole.iter().collect::<Vec<_>>());
    for told in fields.iter().filter(|(value, _)| value.is_some()).map(|(_, told)| told) {
        found.by_field.join(&compare(&told.iter().collect::<Vec<_>>()));
    }
    found.contributing = contributing.len();
    found
}

struct Measuring<'a> {
    draw: &'a Draw,
    noise: Option<&'a Noise>,
    found: Utility,
    /// Disjoint sets that are all clusters together.
    whole: Vec<Told>,
    /// The same for the clusters of each field.
    fields: BTreeMap<Option<Name>, Vec<Told>>,
    contributing: BTreeSet<(AgencyId, Option<Name>)>,
}

impl Measuring<'_> {
    /// Notes which cells of country and field an agency holds: its units by field.
    fn held(&mut self, agency: &Agency, of: &[usize]) -> BTreeMap<Option<Name>, Vec<usize>> {
        let by_value = by_value(agency, of);
        self.found.of_three += by_value.values().filter(|of| of.len() >= 3).count();
        self.found.held.extend(by_value.keys().map(|value| (agency.id.clone(), value.clone())));
        by_value
    }

    fn alone(&mut self, agency: &Agency, rng: &mut Rng) {
        let draw = self.draw;
        let last = draw.quarters[draw.quarters.len() - 1];
        let issued = publish(draw, agency, Without::Nothing, rng);
        let newest = |by| {
            let fits = |issued: &&Issued| issued.release.period == last && issued.release.by == by;
            issued.iter().filter(fits).max_by_key(|issued| issued.release.version)
        };
        let Some(all) = newest(None) else { return };
        let units = |of: &[usize]| of.iter().map(|unit| agency.units[*unit].clone()).collect::<Vec<_>>();
        let told = Told::new(draw, &units(&all.sets[0]), Some(&all.release.rows), self.noise);
        self.found.national.join(&compare(&[&told]));
        self.whole.push(told);
        let table = newest(Some(Dimension::Field));
        for (value, of) in self.held(agency, &all.sets[0]) {
            let mut parts = table.iter().flat_map(|table| table.release.parts().zip(&table.sets));
            let part = parts.find(|((name, ..), set)| *name == value.as_ref() && **set == of);
            let told = Told::new(draw, &units(&of), part.map(|((_, _, rows), _)| rows), self.noise);
            if told.shows {
                self.contributing.insert((agency.id.clone(), value.clone()));
            }
            self.fields.entry(value).or_default().push(told);
        }
    }

    /// What the pool adds: a total of all, and one by field.
    fn pool(&mut self, by_field: bool, rng: &mut Rng) {
        let draw = self.draw;
        let last = draw.quarters.len() - 1;
        let valid: Vec<_> = draw.pooled.iter().map(|agency| agency.valid(last)).collect();
        for (agency, of) in draw.pooled.iter().zip(&valid) {
            self.held(agency, of);
        }
        let tables = [None].into_iter().chain(by_field.then_some(Some(Dimension::Field)));
        for by in tables {
            let sets = pool::divided(&draw.pooled, &valid, by, draw.rule.minimum);
            let round = pool::round(draw, last, &sets, Without::Nothing, rng);
            self.found.has_total |= round.is_some();
            for (value, set) in &sets {
                let units = pool::units(draw, set);
                let group = round.as_ref().and_then(|round| round.total.groups.iter().find(|group| group.value == *value));
                let told = Told::new(draw, &units, group.map(|group| &group.rows[..]), None);
                match by {
                    None => self.whole.push(told),
                    Some(_) => self.field(value.as_ref(), set, told),
                }
            }
        }
    }

    /// A group of the pool's table by field. What went into the rest is in no figure of its field.
    fn field(&mut self, value: Option<&Name>, set: &[(usize, Vec<usize>)], told: Told) {
        let draw = self.draw;
        for (member, of) in set {
            let agency = &draw.pooled[*member];
            for (own, of) in by_value(agency, of) {
                if value.is_none() && told.shows {
                    self.found.in_rest += 1;
                }
                if own.as_ref() == value && told.shows && value.is_some() {
                    self.contributing.insert((agency.id.clone(), own));
                } else if own.as_ref() != value {
                    let units: Vec<_> = of.iter().map(|unit| agency.units[*unit].clone()).collect();
                    self.fields.entry(own).or_default().push(Told::new(draw, &units, None, None));
                }
            }
        }
        self.fields.entry(value.cloned()).or_default().push(told);
    }
}

fn by_value(agency: &Agency, of: &[usize]) -> BTreeMap<Option<Name>, Vec<usize>> {
    let mut found: BTreeMap<Option<Name>, Vec<usize>> = BTreeMap::new();
    of.iter().for_each(|unit| found.entry(agency.units[*unit].cluster.field.clone()).or_default().push(*unit));
    found
}
