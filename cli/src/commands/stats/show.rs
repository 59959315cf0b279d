//! Figures for people: one row an indicator, or bars when there is one. What is hidden is `C`, never an empty bar.

use serde_json::Value;

use crate::fields::{items, text};
use crate::output::{Page, clean};

/// Characters of the longest bar.
const BAR: u64 = 40;

/// Writes the fields that the answer has, then its rows.
pub(super) fn write(answer: &Value, unicode: bool, page: &mut Page) {
    for name in ["agency", "catalogue", "period", "version", "population"] {
        if !answer[name].is_null() {
            page.field(name, text(answer, name));
        }
    }
    if !answer["registered"].is_null() {
        page.field("coverage", coverage(answer));
    }
    for name in ["suppressed", "missing"] {
        if !answer[name].is_null() {
            page.field(name, text(answer, name));
        }
    }
    for void in items(answer, "void") {
        page.field("not counted", format!("{}: {}", text(void, "agency"), clean(&text(void, "because"))));
    }
    if answer["demonstration"] == true {
        page.remark("From a DEMONSTRATION: the scores are made up.");
    }
    table(items(answer, "rows"), unicode, page);
    let mut is_hidden = hides(answer);
    for (by, group) in
        items(answer, "tables").iter().flat_map(|table| items(table, "groups").iter().map(move |group| (&table["by"], group)))
    {
        let value = group["value"].as_str().map_or_else(|| "the rest".into(), clean);
        page.line("");
        page.line(format!("{} {value}: {} clusters", by.as_str().unwrap_or_default(), text(group, "population")));
        table(items(group, "rows"), unicode, page);
        is_hidden |= hides(group);
    }
    if is_hidden {
        page.remark("C: hidden, because too few clusters stand behind it, or because it would give another hidden figure away.");
    }
}

/// Whether any cell of a table is hidden.
fn hides(answer: &Value) -> bool {
    items(answer, "rows").iter().flat_map(cells).any(|cell| shown(cell).contains('C'))
}

fn table(rows: &[Value], unicode: bool, page: &mut Page) {
    match rows {
        [] => {}
        [one] => bars(one, unicode, page),
        // A release has no medians.
        many if many.iter().all(|row| row["median"].is_null()) => {
            page.table(["INDICATOR", "0", "1", "2", "3", "4", "UNKNOWN", "NAME"], many.iter().map(row));
        }
        many => {
            let with_median = |of: &Value| {
                let [code, zero, one, two, three, four, unknown, name] = row(of);
                [code, median(of), zero, one, two, three, four, unknown, name]
            };
            page.table(["INDICATOR", "MEDIAN", "0", "1", "2", "3", "4", "UNKNOWN", "NAME"], many.iter().map(with_median));
        }
    }
}

/// How much of what there is was counted.
fn coverage(answer: &Value) -> String {
    let number = |name: &str| text(answer, name);
    format!(
        "{} of {} agencies, {} of {} clusters with a valid label",
        number("agencies"),
        number("members"),
        number("clusters"),
        number("registered")
    )
}

/// The level where the median lies, or the lowest and the highest that hidden cells allow.
fn median(row: &Value) -> String {
    match (row["median"]["low"].as_u64(), row["median"]["high"].as_u64()) {
        (Some(low), Some(high)) if low == high => low.to_string(),
        (Some(low), Some(high)) => format!("{low} to {high}"),
        _ => "-".to_owned(),
    }
}

fn cells(row: &Value) -> impl Iterator<Item = &Value> {
    items(row, "cells").iter().chain([&row["unknown"]])
}

fn row(row: &Value) -> [String; 8] {
    let cell = |at: usize| shown(&row["cells"][at]);
    [text(row, "indicator"), cell(0), cell(1), cell(2), cell(3), cell(4), shown(&row["unknown"]), text(row, "name")]
}

fn bars(row: &Value, unicode: bool, page: &mut Page) {
    page.field("indicator", format!("{} {}", text(row, "indicator"), text(row, "name")));
    let most = cells(row).filter_map(count).max().unwrap_or(0);
    for (level, cell) in items(row, "cells").iter().enumerate() {
        page.field(&format!("  level {level}"), bar(cell, most, unicode));
    }
    page.field("  not known", bar(&row["unknown"], most, unicode));
    if !row["median"].is_null() {
        page.field("median", format!("level {}", median(row)));
    }
}

/// A release's cell is a number, or the word of why it is hidden. A sum's cell has a count, and how many agencies hide
/// theirs.
fn count(cell: &Value) -> Option<u64> {
    cell.as_u64().or_else(|| cell["count"].as_u64())
}

fn shown(cell: &Value) -> String {
    let hidden = cell["hidden_in"].as_u64().unwrap_or(0);
    match count(cell) {
        _ if cell.is_null() => "-".to_owned(),
        Some(count) if hidden == 0 => count.to_string(),
        Some(0) => "C".to_owned(),
        Some(count) => format!("{count}+C"),
        None => "C".to_owned(),
    }
}

fn bar(cell: &Value, most: u64, unicode: bool) -> String {
    let length = match (count(cell), most) {
        (Some(count), 1..) => (count.saturating_mul(BAR).saturating_add(most - 1) / most).min(BAR),
        _ => 0,
    };
    let bar: String = (0..length).map(|_| if unicode { '█' } else { '#' }).collect();
    format!("{:>6}  {bar}", clean(&shown(cell))).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_hidden_is_no_empty_bar() {
        assert_eq!(shown(&json!("small")), "C");
        assert_eq!(shown(&json!(7)), "7");
        assert_eq!(shown(&json!({ "count": 7, "hidden_in": 2, "upper": 15 })), "7+C");
        assert_eq!(shown(&json!({ "count": 7, "hidden_in": 0, "upper": 7 })), "7");
        assert_eq!(shown(&json!({ "count": 0, "hidden_in": 1, "upper": 4 })), "C");
        assert_eq!(shown(&Value::Null), "-");
    }

    #[test]
    fn a_median_is_as_wide_as_what_is_hidden() {
        assert_eq!(median(&json!({ "median": { "low": 3, "high": 3 } })), "3");
        assert_eq!(median(&json!({ "median": { "low": 2, "high": 4 } })), "2 to 4");
        assert_eq!(median(&json!({})), "-");
    }

    #[test]
    fn bars_compare() {
        assert_eq!(bar(&json!(10), 10, false).matches('#').count(), 40);
        assert_eq!(bar(&json!(1), 1000, false).matches('#').count(), 1, "one is never invisible");
        for (cell, most) in [(json!(0), 10), (json!(0), 0), (json!("small"), 10)] {
            assert_eq!(bar(&cell, most, false).matches('#').count(), 0, "{cell}");
        }
    }
}
