//! SDMX 3.0: the data as SDMX-CSV 2.0, and the structure message that describes it as SDMX-ML 3.0.

mod structure;

pub(super) use structure::structure;

use super::{Dataset, codes, csv};

/// Who maintains the structure, and its identifiers.
const AGENCY: &str = "PARANGON";
const FLOW: &str = "FIGURES";
/// Changes with the columns and code lists that are fixed, not with the figures.
const VERSION: &str = "1.0.0";

/// Dimensions, in the order of the key; the last one is time.
const DIMENSIONS: [&str; 7] = ["FREQ", "CATALOGUE", "BREAKDOWN", "GROUP", "INDICATOR", "LEVEL", "TIME_PERIOD"];

/// The one measure.
const MEASURE: &str = "OBS_VALUE";

/// Attributes of an observation.
const ATTRIBUTES: [&str; 10] =
    ["OBS_STATUS", "CONF_STATUS", "OBS_LOWER", "OBS_UPPER", "CLUSTERS", "AGENCIES", "POOLED", "HIDDEN_IN", "REASONS", "DEMONSTRATION"];

/// The data. A hidden count is `NaN`: SDMX's word for a number that is missing on purpose.
pub(super) fn data(data: &Dataset) -> String {
    let mut out = String::new();
    let header = ["STRUCTURE", "STRUCTURE_ID", "ACTION"].into_iter().chain(DIMENSIONS).chain([MEASURE]).chain(ATTRIBUTES);
    csv::line(&mut out, header.map(str::to_owned));
    let flow = format!("{AGENCY}:{FLOW}({VERSION})");
    for row in data.observations() {
        csv::line(
            &mut out,
            [
                "dataflow".to_owned(),
                flow.clone(),
                "I".to_owned(),
                "Q".to_owned(),
                codes::catalogue(data, &row.catalogue),
                breakdown(row.dimension.as_str()),
                codes::group(&row.group),
                codes::indicator(row.indicator.as_str()),
                codes::level(row.level),
                row.period.to_string(),
                row.count.map_or_else(|| "NaN".to_owned(), |count| count.to_string()),
                codes::obs_status(row).to_owned(),
                codes::conf_status(row).to_owned(),
                row.lower.to_string(),
                row.upper.to_string(),
                row.clusters.to_string(),
                row.agencies.to_string(),
                row.pooled.to_string(),
                row.hidden_in.to_string(),
                row.reasons_word(),
                data.about().demonstration.to_string(),
            ],
        );
    }
    out
}

/// The code of a dimension.
fn breakdown(dimension: &str) -> String {
    if dimension == "all" { "_T".to_owned() } else { dimension.to_ascii_uppercase() }
}
