//! Bars divided by level, all of one length: shares are what can be compared.

use super::paper::{MARGIN, Paper, WIDTH, cut};
use super::rows::Row;

const BAR: f64 = 580.0;
const HEIGHT: f64 = 18.0;
const CLASSES: [&str; 6] = ["l0", "l1", "l2", "l3", "l4", "lu"];
const WORDS: [&str; 6] = ["mid t0", "mid t1", "mid t2", "mid t3", "mid t4", "mid"];

pub(super) fn draw(paper: &mut Paper, rows: &[Row]) {
    for row in rows {
        let y = paper.y + 14.0;
        paper.text(MARGIN, y, "", &cut(&row.label, 100));
        bar(paper, row, y + 5.0);
        paper.y = y + 5.0 + HEIGHT + 4.0;
    }
}

fn bar(paper: &mut Paper, row: &Row, y: f64) {
    let hidden = row.hidden();
    let whole = row.clusters.max(row.visible());
    let tail = if hidden > 0 { format!("n = {}, {hidden} hidden", row.clusters) } else { format!("n = {}", row.clusters) };
    paper.text(WIDTH - MARGIN, y + 13.0, "end", &tail);
    if whole == 0 {
        paper.text(MARGIN, y + 13.0, "", "no clusters");
        return;
    }
    let width = |count: u64| BAR * (count as f64) / (whole as f64);
    let mut x = MARGIN;
    for (at, known) in row.all().enumerate() {
        let count = known.and_then(|known| known.count).unwrap_or(0);
        if count == 0 {
            continue;
        }
        paper.rect(CLASSES[at], x, y, width(count), HEIGHT);
        if width(count) > 22.0 {
            paper.text(x + width(count) / 2.0, y + 13.0, WORDS[at], &count.to_string());
        }
        x += width(count);
    }
    if hidden > 0 {
        paper.rect("hid", x, y, width(hidden), HEIGHT);
        if width(hidden) > 48.0 {
            paper.text(x + width(hidden) / 2.0, y + 13.0, "mid halo", "hidden");
        }
    }
}
