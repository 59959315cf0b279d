//! The distribution of one indicator, drawn with characters. What agencies hide is said to be hidden.

use serde_json::Value;

/// Width of the longest bar.
const BAR: u64 = 40;

/// A heading, then one line a level: its bar, the count, and in how many agencies it is hidden.
pub(super) fn lines(statistics: &Value) -> Vec<String> {
    let cells = statistics["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
    let most = cells.iter().map(|cell| number(cell, "count")).max().unwrap_or(0).max(1);
    let heading = format!(
        "Indicator {}, {}: {} of {} (scores are made up)",
        statistics["indicator"].as_str().unwrap_or_default(),
        statistics["name"].as_str().unwrap_or_default(),
        several(number(statistics, "clusters"), "cluster", "clusters"),
        several(number(statistics, "agencies"), "agency", "agencies"),
    );
    let line = |(level, cell): (usize, &Value)| {
        let bar = "#".repeat(usize::try_from(number(cell, "count") * BAR / most).unwrap_or(0));
        format!("  level {level}  {bar:<40}  {}", words(cell))
    };
    [heading].into_iter().chain(cells.iter().enumerate().map(line)).collect()
}

/// The count of one cell, as far as it is published.
fn words(cell: &Value) -> String {
    let hidden = several(number(cell, "hidden_in"), "agency", "agencies");
    match (number(cell, "count"), number(cell, "hidden_in")) {
        (count, 0) => count.to_string(),
        (0, _) => format!("hidden (in {hidden})"),
        (count, _) => format!("{count} or more (hidden in {hidden})"),
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or(0)
}

/// A number with its noun.
pub(super) fn several(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_cells_look_like_no_number() {
        let cell = |count, hidden_in| words(&json!({ "count": count, "hidden_in": hidden_in, "upper": 9 }));
        assert_eq!(cell(0, 0), "0");
        assert_eq!(cell(7, 0), "7");
        assert_eq!(cell(0, 1), "hidden (in 1 agency)");
        assert_eq!(cell(7, 2), "7 or more (hidden in 2 agencies)");
    }

    #[test]
    fn the_longest_bar_has_the_whole_width() {
        let cells = json!([{ "count": 10, "hidden_in": 0 }, { "count": 5, "hidden_in": 0 }, { "count": 0, "hidden_in": 1 }]);
        let lines = lines(&json!({ "indicator": "2.5", "name": "Contacts", "clusters": 17, "agencies": 1, "cells": cells }));
        let bars: Vec<_> = lines.iter().map(|line| line.matches('#').count()).collect();
        assert_eq!(bars, [0, 40, 20, 0]);
        assert_eq!(lines[0], "Indicator 2.5, Contacts: 17 clusters of 1 agency (scores are made up)");
    }
}
