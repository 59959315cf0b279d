//! JSON-stat 2.0: the table as a cube of catalogue, group, indicator, level, period and measure.
//!
//! Dimension and group are one axis here, since no group belongs to two dimensions: `all`, `country DE`, `field rest`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Dataset, FiguresError, Group, Observation, citation, codes};

/// The cells of a cube that is written whole, per row of the table; an emptier one names its cells.
const DENSE: usize = 16;

const MEASURES: [(&str, &str); 7] = [
    ("count", "published number of clusters"),
    ("lower", "the true number is this or more"),
    ("upper", "the true number is this or less"),
    ("clusters", "clusters of the group"),
    ("agencies", "agencies counted"),
    ("pooled", "of these, agencies counted in a pool only"),
    ("hidden_in", "agencies and pools that hide their number"),
];

/// One axis: codes with labels, in the order in which they were met.
#[derive(Default)]
struct Axis {
    labels: Vec<(String, String)>,
    places: BTreeMap<String, usize>,
}

impl Axis {
    fn place(&mut self, code: String, label: impl FnOnce() -> String) -> usize {
        if let Some(place) = self.places.get(&code) {
            return *place;
        }
        let place = self.labels.len();
        self.labels.push((code.clone(), label()));
        self.places.insert(code, place);
        place
    }

    fn to_json(&self, label: &str) -> Value {
        let index: Vec<_> = self.labels.iter().map(|(code, _)| code.clone()).collect();
        let labels: Map<_, _> = self.labels.iter().map(|(code, label)| (code.clone(), label.clone().into())).collect();
        json!({ "label": label, "category": { "index": index, "label": labels } })
    }
}

fn group(row: &Observation) -> String {
    if row.group == Group::All { row.group.to_string() } else { format!("{} {}", row.dimension, row.group) }
}

fn measures(row: &Observation) -> [Option<u64>; MEASURES.len()] {
    let Observation { count, lower, upper, clusters, agencies, pooled, hidden_in, .. } = row;
    [*count, Some(*lower), Some(*upper), Some(*clusters), Some((*agencies).into()), Some((*pooled).into()), Some((*hidden_in).into())]
}

/// The table.
pub(super) fn write(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let mut axes: [Axis; 5] = Default::default();
    let mut places = Vec::with_capacity(data.observations().len());
    for row in data.observations() {
        let catalogue = codes::catalogue(data, &row.catalogue);
        let title = || data.catalogue_of(row).map_or_else(|| catalogue.clone(), |info| info.title.to_string());
        let level = row.level_word();
        places.push([
            axes[0].place(catalogue.clone(), title),
            axes[1].place(group(row), || group(row)),
            axes[2].place(row.indicator.to_string(), || format!("{} {}", row.indicator, data.indicator_name(row))),
            axes[3].place(level.clone(), || level_label(row.level)),
            axes[4].place(row.period.to_string(), || row.period.to_string()),
        ]);
    }
    order_periods(&mut axes[4], &mut places);
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.labels.len()).chain([MEASURES.len()]).collect();
    let index = |place: &[usize; 5]| place.iter().zip(&sizes).fold(0_u64, |at, (place, size)| at * (*size as u64) + *place as u64);
    let cells = sizes.iter().try_fold(1_usize, |cells, size| cells.checked_mul(*size)).unwrap_or(usize::MAX);
    let rows = data.observations().len();
    let known = data.observations().iter().zip(&places).flat_map(|(row, place)| {
        let first = index(place) * MEASURES.len() as u64;
        (first..).zip(measures(row))
    });
    let value: Value = if cells <= rows.saturating_mul(MEASURES.len()).saturating_mul(DENSE) {
        let mut values = vec![Value::Null; cells];
        for (at, value) in known {
            if let Some(cell) = usize::try_from(at).ok().and_then(|at| values.get_mut(at)) {
                *cell = value.into();
            }
        }
        values.into()
    } else {
        known.filter_map(|(at, value)| Some((at.to_string(), value?.into()))).collect::<Map<_, _>>().into()
    };
    let status: Map<_, _> = data
        .observations()
        .iter()
        .zip(&places)
        .filter(|(row, _)| codes::obs_status(row) != "A")
        .map(|(row, place)| ((index(place) * MEASURES.len() as u64).to_string(), codes::obs_status(row).into()))
        .collect();
    let mut measure = Axis::default();
    for (code, label) in MEASURES {
        measure.place(code.to_owned(), || label.to_owned());
    }
    let names = ["catalogue", "group", "indicator", "level", "period", "measure"];
    let titles = ["Catalogue", "Group", "Indicator", "Level", "Period", "Measure"];
    let dimension: Map<_, _> = axes
        .iter()
        .chain([&measure])
        .zip(names.iter().zip(titles))
        .map(|(axis, (name, title))| ((*name).to_owned(), axis.to_json(title)))
        .collect();
    let about = data.about();
    let document = json!({
        "version": "2.0",
        "class": "dataset",
        "label": data.title(),
        "source": format!("{}, {}", about.federation, about.fingerprint),
        "updated": about.as_of.to_string(),
        "id": names,
        "size": sizes,
        "role": { "time": ["period"], "metric": ["measure"] },
        "dimension": dimension,
        "value": value,
        "status": status,
        "note": [citation::words(data), format!("{} {}", about.licence.asks, about.licence.url)],
        "extension": {
            "licence": about.licence.spdx,
            "demonstration": about.demonstration,
            "status": { "label": codes::OBS_STATUS.iter().map(|(code, name)| ((*code).to_owned(), (*name).into())).collect::<Map<_, _>>() },
        },
    });
    let mut text = serde_json::to_vec(&document)?;
    text.push(b'\n');
    Ok(text)
}

fn level_label(level: Option<u8>) -> String {
    level.map_or_else(|| "level not known".to_owned(), |level| format!("level {level}"))
}

/// Periods in the order of time, however they were met.
fn order_periods(axis: &mut Axis, places: &mut [[usize; 5]]) {
    let before = std::mem::take(&mut axis.labels);
    let rank: BTreeMap<_, _> = axis.places.keys().cloned().enumerate().map(|(rank, code)| (code, rank)).collect();
    let moved: Vec<usize> = before.iter().map(|(code, _)| rank.get(code).copied().unwrap_or_default()).collect();
    axis.labels = rank.keys().map(|code| (code.clone(), code.clone())).collect();
    axis.places = rank;
    for place in places {
        place[4] = moved.get(place[4]).copied().unwrap_or_default();
    }
}
