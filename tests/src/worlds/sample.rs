//! The real sample: labelled clusters as public lists show them, with scores made up from a seed, as one federation of one quarter.

use std::collections::BTreeMap;

use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Disclosure, Level};
use parangon_protocol::id::{AgencyId, ClusterId, Country, Name};
use parangon_protocol::label::ClusterFacts;
use parangon_protocol::statistics::{Dimension, Period};
use serde::Deserialize;

use super::draw::Agency;
use super::{Draw, Unit};
use crate::sim::rng::Rng;

/// Why the sample cannot be read.
#[derive(Debug)]
pub enum SampleError {
    /// Not the columns that it should have.
    Csv(csv::Error),
    /// A value that is no name, country or level.
    Value(String),
}

impl std::fmt::Display for SampleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Csv(error) => write!(f, "{error}"),
            Self::Value(value) => write!(f, "not a value of its column: {value}"),
        }
    }
}

impl std::error::Error for SampleError {}

#[derive(Deserialize)]
struct Line {
    name: String,
    country_iso2: String,
    technology_field: String,
    level: String,
}

/// Reads `name`, `country_iso2`, `technology_field` and `level`: an agency a country, a cluster once, with its highest label. Agencies with
/// fewer than `below` clusters are pooled.
///
/// # Errors
/// [`SampleError`].
///
/// # Panics
/// Never: a catalogue takes answers to its own indicators.
pub fn sample(text: &[u8], below: usize, rule: &Disclosure, seed: u64) -> Result<Draw, SampleError> {
    let mut clusters: BTreeMap<(Country, String), (Option<Name>, Level)> = BTreeMap::new();
    for line in csv::Reader::from_reader(text).deserialize::<Line>() {
        let Line { name, country_iso2, technology_field, level } = line.map_err(SampleError::Csv)?;
        let country: Country = country_iso2.parse().map_err(|_| SampleError::Value(country_iso2.clone()))?;
        let field = technology_field.trim();
        let field: Option<Name> =
            (!field.is_empty()).then(|| field.parse()).transpose().map_err(|_| SampleError::Value(field.to_owned()))?;
        let level = *[Level::Bronze, Level::Silver, Level::Gold]
            .iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(&level))
            .ok_or_else(|| SampleError::Value(level.clone()))?;
        let cluster = clusters.entry((country, name)).or_insert((None, level));
        *cluster = (field.or(cluster.0.take()), level.max(cluster.1));
    }
    let mut agencies: BTreeMap<Country, Agency> = BTreeMap::new();
    let mut rng = Rng::part(seed, 7);
    for (number, ((country, name), (field, level))) in (0u64..).zip(clusters) {
        let id = format!("agency-{}", country.as_str().to_ascii_lowercase());
        let id: AgencyId = id.parse().map_err(|_| SampleError::Value(country.to_string()))?;
        let mut random = [0; 12];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let name = name.trim().parse().map_err(|_| SampleError::Value(name.clone()))?;
        let cluster = ClusterFacts { country: country.clone(), field, id: ClusterId::new(&id, random), name, nuts: None, region: None };
        let implied = (level > Level::Bronze).then_some(2);
        let unit = Unit { cluster, level, implied, scores: scores(level, implied, &mut rng), valid: (0, 1) };
        agencies.entry(country).or_insert_with(|| Agency { id, units: Vec::new() }).units.push(unit);
    }
    let (pooled, alone) = agencies.into_values().partition(|agency| agency.units.len() < below);
    let mut rule = rule.clone();
    rule.tables = vec![Dimension::Field];
    let quarters = Period::new(2026, 4).into_iter().collect();
    Ok(Draw { rule, catalogue: Catalogue::ecei().clone(), quarters, alone, pooled, corrected: 0 })
}

/// Drawn around what the level of the label suggests, as in the demonstration.
fn scores(level: Level, implied: Option<u8>, rng: &mut Rng) -> Scores {
    let lowest = match level {
        Level::Bronze => 1,
        Level::Silver => 2,
        Level::Gold => 3,
    };
    let mut scores = Scores::new();
    for indicator in &Catalogue::ecei().indicators {
        let drawn = (lowest + rng.below(3) - u64::from(rng.chance(250))).min(4);
        let asked = implied.and_then(|asked| indicator.minimum.map(|own| own.max(asked))).unwrap_or(0);
        let level = u8::try_from(drawn).unwrap_or(4).max(asked);
        scores.set(Catalogue::ecei(), &indicator.code, Answer::of_level(level).expect("0 to 4")).expect("an indicator of the catalogue");
    }
    scores
}
