//! The total as a table for people's tools: RFC 4180, one line a cell.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Aggregate, Sum};

const HEADER: &str = "catalogue,catalogue_hash,period,agencies,clusters,indicator,level,count,hidden_in,upper";

/// One field, quoted when RFC 4180 asks for it. A text that a spreadsheet would run as a formula gets a leading
/// apostrophe.
#[must_use]
pub fn csv_field(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.contains([',', '"', '\r', '\n']);
    if !formula && !quoted {
        return Cow::Borrowed(text);
    }
    let mut field = text.replace('"', "\"\"");
    if formula {
        field.insert(0, '\'');
    }
    Cow::Owned(if quoted { format!("\"{field}\"") } else { field })
}

/// The whole total: a header, then a line for each level of each indicator and one for `unknown`. Lines end with
/// CRLF. `count` is a lower bound where `hidden_in` is not 0.
#[must_use]
pub fn to_csv(aggregate: &Aggregate) -> String {
    let mut out = format!("{HEADER}\r\n");
    let source = [aggregate.catalogue.id.to_string(), aggregate.catalogue.hash.to_string(), aggregate.period.to_string()];
    let source = source.map(|field| csv_field(&field).into_owned()).join(",");
    let source = format!("{source},{},{}", aggregate.agencies, aggregate.clusters);
    let mut line = |indicator: &str, level: &str, sum: &Sum| {
        let Sum { count, hidden_in, upper, .. } = sum;
        writeln!(out, "{source},{},{level},{count},{hidden_in},{upper}\r", csv_field(indicator)).expect("a String takes everything");
    };
    for row in &aggregate.rows {
        for (level, sum) in row.cells.iter().enumerate() {
            line(row.indicator.as_str(), &level.to_string(), sum);
        }
        line(row.indicator.as_str(), "unknown", &row.unknown);
    }
    out
}
