//! Comma-separated values (RFC 4180): a header, then a line a row. Lines end with CRLF.

use parangon_protocol::statistics::csv_field;

use super::Dataset;
use super::columns::{COLUMNS, Value, values};

/// The table.
pub(super) fn write(data: &Dataset) -> String {
    let mut out = String::new();
    line(&mut out, COLUMNS.iter().map(|column| column.name.to_owned()));
    for row in data.observations() {
        line(
            &mut out,
            values(data, row).into_iter().map(|value| match value {
                Value::Text(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Hidden => String::new(),
            }),
        );
    }
    out
}

/// One line. What a spreadsheet would run as a formula gets an apostrophe.
pub(super) fn line(out: &mut String, fields: impl IntoIterator<Item = String>) {
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&csv_field(&field));
    }
    out.push_str("\r\n");
}
