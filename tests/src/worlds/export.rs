//! One line of JSON a federation with all that is public, and one with what is true.

use parangon_protocol::assessment::Answer;
use parangon_protocol::catalogue::Indicator;
use serde::Serialize;
use serde_json::{Value, json};

use super::draw::Agency;
use super::{Draw, Unit, Without, pool, publish};
use crate::sim::rng::Rng;

/// A federation, written down.
pub struct Lines {
    /// What everybody knows: charter, register, releases and totals. Without a line break.
    pub public: String,
    /// The level of each cluster on each indicator. Without a line break.
    pub truth: String,
}

/// Draws the federation of this seed and has it publish.
///
/// # Panics
/// When the protocol refuses what honest agencies do.
#[must_use]
pub fn lines(seed: u64, without: Without) -> Lines {
    let draw = Draw::new(seed).with_noise(seed);
    let agencies: Vec<_> = draw.alone.iter().chain(&draw.pooled).collect();
    let mut first = Vec::new();
    let mut count = 0;
    for agency in &agencies {
        first.push(count);
        count += agency.units.len();
    }
    let register: Vec<_> = agencies.iter().flat_map(|agency| agency.units.iter().map(|unit| label(agency, unit))).collect();
    let mut releases = Vec::new();
    for (at, agency) in draw.alone.iter().enumerate() {
        let mut rng = Rng::part(seed, 100 + u64::try_from(at).unwrap_or(0));
        for mut issued in publish::publish(&draw, agency, without, &mut rng) {
            if without == Without::Noise {
                // What an attacker sees are true counts, whatever they are said to be.
                issued.release.perturbation = None;
            }
            let sets: Vec<Vec<_>> = issued.sets.iter().map(|set| set.iter().map(|unit| first[at] + unit).collect()).collect();
            releases.push(json!({ "agency": agency.id, "record": record(&issued.release), "sets": sets, "step": issued.step }));
        }
    }
    let mut totals = Vec::new();
    if !draw.pooled.is_empty() {
        for pooled in pool::publish(&draw, without, &mut Rng::part(seed, 99)) {
            let unit = |member: &usize, at: &usize| first[draw.alone.len() + member] + at;
            let set = |set: &Vec<(usize, Vec<usize>)>| -> Vec<_> {
                set.iter().flat_map(|(member, of)| of.iter().map(move |at| unit(member, at))).collect()
            };
            let sets: Vec<Vec<_>> = pooled.sets.iter().map(set).collect();
            totals.push(json!({ "record": record(&pooled.total), "sets": sets }));
        }
    }
    let indicators: Vec<_> = draw.catalogue.indicators.iter().map(|i| json!({ "code": i.code, "minimum": i.minimum })).collect();
    let rule = json!({ "minimum": draw.rule.minimum, "protection": draw.rule.protection, "tables": draw.rule.tables });
    let public =
        json!({ "seed": seed, "rule": rule, "indicators": indicators, "register": register, "releases": releases, "totals": totals });
    let cells = |unit: &Unit| -> Vec<_> { draw.catalogue.indicators.iter().map(|indicator| cell(unit, indicator)).collect() };
    let truth: Vec<_> = agencies.iter().flat_map(|agency| agency.units.iter().map(cells)).collect();
    Lines { public: public.to_string(), truth: json!({ "seed": seed, "cells": truth }).to_string() }
}

/// The canonical text of a record, as JSON.
fn record<T: Serialize>(body: &T) -> Value {
    let text = parangon_protocol::canonical::encode(body, parangon_protocol::limits::DOCUMENT_BYTES).expect("a record");
    serde_json::from_slice(&text).expect("canonical text is JSON")
}

/// What the register says of a label.
fn label(agency: &Agency, unit: &Unit) -> Value {
    let Unit { cluster, level, implied, .. } = unit;
    json!({
        "agency": agency.id, "cluster": cluster.id, "country": cluster.country, "field": cluster.field, "nuts": cluster.nuts, "level": level,
        "implied": implied,
    })
}

/// 0 unknown, 1 to 5 level 0 to 4.
fn cell(unit: &Unit, indicator: &Indicator) -> usize {
    unit.scores.get(&indicator.code).and_then(Answer::level).map_or(0, |level| level.index() + 1)
}
