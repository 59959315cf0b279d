//! One cluster beside others, for its manager: no ranks, and no figure narrower than what is published.

use serde_json::Value;

use super::{PATH, resolve};
use crate::client::encode;
use crate::commands::Context;
use crate::failure::Failure;
use crate::fields::{items, text};
use crate::output::clean;

/// Runs `parangon assess benchmark`.
pub(super) fn run(id: &str, period: Option<&str>, context: &Context<'_>) -> Result<(), Failure> {
    let query = period.map(|period| format!("?period={}", encode(period))).unwrap_or_default();
    let view = context.client.get(&format!("{PATH}/{}/benchmark{query}", resolve(id, context)?))?;
    context.out.result(&view, |page| {
        for name in ["cluster", "catalogue", "period"] {
            page.field(name, clean(&text(&view, name)));
        }
        if view["demonstration"] == true {
            page.remark("From a DEMONSTRATION: the scores are made up.");
        }
        for (at, group) in items(&view, "groups").iter().enumerate() {
            page.line("");
            page.line(clean(&title(group)));
            let rows = items(&view, "rows").iter().map(|row| line(row, &row["positions"][at]));
            page.table(["INDICATOR", "OWN", "MEDIAN", "BELOW", "SAME", "ABOVE", "NAME"], rows);
        }
        page.remark("Two numbers: agencies hide theirs; the true one is one of these or between. Own levels are confidential.");
    })
}

fn title(group: &Value) -> String {
    let named = group["value"].as_str().map_or_else(|| "all clusters".to_owned(), |value| format!("{} {value}", text(group, "by")));
    format!("{named}: {} clusters of {} agencies", text(group, "clusters"), text(group, "agencies"))
}

fn line(row: &Value, position: &Value) -> [String; 7] {
    let own = row["own"].as_u64().map_or_else(|| "-".to_owned(), |level| level.to_string());
    let numbers = ["median", "below", "same", "above"].map(|name| between(&position[name]));
    let [median, below, same, above] = numbers;
    [text(row, "indicator"), own, median, below, same, above, text(row, "name")]
}

/// One number, or the two between which it lies.
fn between(of: &Value) -> String {
    match (of["low"].as_u64(), of["high"].as_u64()) {
        (Some(low), Some(high)) if low == high => low.to_string(),
        (Some(low), Some(high)) => format!("{low}-{high}"),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_is_two_numbers() {
        let row = json!({ "indicator": "2.5", "name": "Services", "own": 3 });
        let position = json!({ "median": { "low": 2, "high": 3 }, "below": { "low": 4, "high": 4 }, "same": { "low": 0, "high": 6 } });
        assert_eq!(line(&row, &position), ["2.5", "3", "2-3", "4", "0-6", "-", "Services"].map(str::to_owned));
        assert_eq!(line(&json!({ "indicator": "2.5", "name": "Services" }), &json!({}))[1..3], ["-", "-"]);
        let group = json!({ "by": "country", "value": "FR", "clusters": 17, "agencies": 2 });
        assert_eq!(title(&group), "country FR: 17 clusters of 2 agencies");
    }
}
