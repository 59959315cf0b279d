//! The API's own JSON: what the table is about, then its rows. Field names are those of the columns, and stable.

use serde::Serialize;

use super::{Dataset, Dimension, FiguresError, Group, Reason, Status, citation, codes};

#[derive(Serialize)]
struct Document<'a> {
    title: String,
    federation: Federation<'a>,
    as_of: String,
    periods: String,
    demonstration: bool,
    licence: Licence<'a>,
    citation: String,
    catalogues: Vec<Catalogue<'a>>,
    coverage: Vec<Covered>,
    observations: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Federation<'a> {
    name: &'a str,
    fingerprint: String,
}

#[derive(Serialize)]
struct Licence<'a> {
    name: &'a str,
    spdx: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Catalogue<'a> {
    id: &'a str,
    hash: String,
    title: &'a str,
    indicators: Vec<Indicator<'a>>,
}

#[derive(Serialize)]
struct Indicator<'a> {
    code: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Covered {
    period: String,
    agencies: u32,
    members: u32,
    clusters: u64,
    registered: u64,
    missing: Vec<String>,
    void: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    catalogue: &'a str,
    catalogue_hash: String,
    period: String,
    dimension: Dimension,
    group: &'a Group,
    indicator: &'a str,
    level: String,
    /// `null` where hidden.
    count: Option<u64>,
    lower: u64,
    upper: u64,
    status: Status,
    reasons: &'a [Reason],
    clusters: u64,
    agencies: u32,
    pooled: u32,
    hidden_in: u32,
    obs_status: &'static str,
    conf_status: &'static str,
}

/// The table, on one line.
pub(super) fn write(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let about = data.about();
    let names = |ids: &[parangon_protocol::id::AgencyId]| ids.iter().map(ToString::to_string).collect();
    let document = Document {
        title: data.title(),
        federation: Federation { name: about.federation.as_str(), fingerprint: about.fingerprint.to_string() },
        as_of: about.as_of.to_string(),
        periods: data.periods(),
        demonstration: about.demonstration,
        licence: Licence { name: about.licence.name, spdx: about.licence.spdx, url: about.licence.url },
        citation: citation::words(data),
        catalogues: data
            .catalogues()
            .iter()
            .map(|info| Catalogue {
                id: info.reference.id.as_str(),
                hash: info.reference.hash.to_string(),
                title: info.title.as_str(),
                indicators: info.indicators.iter().map(|(code, name)| Indicator { code: code.as_str(), name: name.as_str() }).collect(),
            })
            .collect(),
        coverage: data
            .coverage()
            .iter()
            .map(|covered| Covered {
                period: covered.period.to_string(),
                agencies: covered.agencies,
                members: covered.members,
                clusters: covered.clusters,
                registered: covered.registered,
                missing: names(&covered.missing),
                void: names(&covered.void),
            })
            .collect(),
        observations: data
            .observations()
            .iter()
            .map(|row| Row {
                catalogue: row.catalogue.id.as_str(),
                catalogue_hash: row.catalogue.hash.to_string(),
                period: row.period.to_string(),
                dimension: row.dimension,
                group: &row.group,
                indicator: row.indicator.as_str(),
                level: row.level_word(),
                count: row.count,
                lower: row.lower,
                upper: row.upper,
                status: row.status(),
                reasons: &row.reasons,
                clusters: row.clusters,
                agencies: row.agencies,
                pooled: row.pooled,
                hidden_in: row.hidden_in,
                obs_status: codes::obs_status(row),
                conf_status: codes::conf_status(row),
            })
            .collect(),
    };
    let mut text = serde_json::to_vec(&document)?;
    text.push(b'\n');
    Ok(text)
}
