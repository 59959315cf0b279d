//! Rows of a spreadsheet that cannot be used.

use serde_json::Value;

use crate::failure::Failure;
use crate::fields::{items, text};
use crate::output::Page;

/// Lists what is wrong with a file, if anything.
pub(crate) fn write(answer: &Value, page: &mut Page) {
    let problems = items(answer, "problems");
    if !problems.is_empty() {
        let row = |problem: &Value| ["row", "column", "value", "problem"].map(|name| text(problem, name));
        page.table(["ROW", "COLUMN", "VALUE", "PROBLEM"], problems.iter().map(row));
    }
}

/// Data with problems does not validate, also when it was only looked at.
pub(crate) fn refuse(answer: &Value) -> Result<(), Failure> {
    match items(answer, "problems").len() {
        0 => Ok(()),
        1 => Err(Failure::invalid("one row cannot be used; nothing was changed")),
        count => Err(Failure::invalid(format!("{count} rows cannot be used; nothing was changed"))),
    }
}
