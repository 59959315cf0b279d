//! The columns that all tables have: CSV, workbook, Parquet and JSON. Their names are stable.

use super::codes;
use super::{Dataset, Observation};

/// A value in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text that is never empty, or empty where there is none.
    Text(String),
    /// A number.
    Number(u64),
    /// Not published. It is written as nothing, or as a word, never as 0.
    Hidden,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Whole numbers from 0.
    Number,
    /// The same, absent where hidden.
    Count,
}

/// A column with its meaning in a sentence.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
}

const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, meaning }
}

/// All of them, in order.
pub(super) const COLUMNS: [Column; 20] = [
    column("catalogue", Kind::Text, "id of the catalogue of indicators"),
    column("catalogue_hash", Kind::Text, "SHA-256 of its text: levels are comparable within one hash only"),
    column("period", Kind::Text, "quarter, such as 2026-Q3; clusters are counted at its end"),
    column("dimension", Kind::Text, "what the table divides by: all, country, region, field or level"),
    column("group", Kind::Text, "which clusters: all, a value of the dimension, or rest"),
    column("indicator", Kind::Text, "code of the indicator"),
    column("indicator_name", Kind::Text, "its name"),
    column("level", Kind::Text, "0 to 4, or unknown"),
    column("count", Kind::Count, "published number of clusters; empty where hidden"),
    column("lower", Kind::Number, "the true number is this or more"),
    column("upper", Kind::Number, "the true number is this or less"),
    column("status", Kind::Text, "exact, at-least, perturbed or hidden"),
    column("reasons", Kind::Text, "why agencies or pools hide theirs, joined by +; empty where none does"),
    column("clusters", Kind::Number, "clusters of the group, whatever their level: n"),
    column("agencies", Kind::Number, "agencies counted"),
    column("pooled", Kind::Number, "of these, agencies counted in the total of a pool only"),
    column("hidden_in", Kind::Number, "agencies and pools that hide their number"),
    column("obs_status", Kind::Text, "observation status, SDMX code"),
    column("conf_status", Kind::Text, "confidentiality status, SDMX code"),
    column("demonstration", Kind::Text, "true when the figures are made up"),
];

/// The values of a row, as many as there are columns.
pub(super) fn values(data: &Dataset, row: &Observation) -> [Value; COLUMNS.len()] {
    let text = |text: &str| Value::Text(text.to_owned());
    [
        text(row.catalogue.id.as_str()),
        Value::Text(row.catalogue.hash.to_string()),
        Value::Text(row.period.to_string()),
        text(row.dimension.as_str()),
        text(&row.group.word()),
        text(row.indicator.as_str()),
        text(data.indicator_name(row)),
        Value::Text(row.level_word()),
        row.count.map_or(Value::Hidden, Value::Number),
        Value::Number(row.lower),
        Value::Number(row.upper),
        text(row.status().as_str()),
        Value::Text(row.reasons_word()),
        Value::Number(row.clusters),
        Value::Number(row.agencies.into()),
        Value::Number(row.pooled.into()),
        Value::Number(row.hidden_in.into()),
        text(codes::obs_status(row)),
        text(codes::conf_status(row)),
        text(if data.about().demonstration { "true" } else { "false" }),
    ]
}
