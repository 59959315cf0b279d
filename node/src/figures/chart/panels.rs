//! Small charts side by side, each with its n. A column's hatched part is what hidden figures may add.

use super::paper::{MARGIN, Paper, cut};
use super::rows::Row;

const CLASSES: [&str; 6] = ["l0", "l1", "l2", "l3", "l4", "lu"];
const NAMES: [&str; 6] = ["0", "1", "2", "3", "4", "?"];
const ACROSS: usize = 4;
const WIDE: f64 = 182.0;
const TALL: f64 = 152.0;
const COLUMN: f64 = 22.0;
const HIGHEST: f64 = 80.0;

pub(super) fn draw(paper: &mut Paper, rows: &[Row]) {
    // One scale for all, so that shares can be compared: the largest share has the whole height.
    let whole = rows.iter().map(|row| row.all().flatten().map(|known| share(row, known.upper)).fold(0.0, f64::max)).fold(0.0, f64::max);
    for line in rows.chunks(ACROSS) {
        let top = paper.y + 8.0;
        for (at, row) in line.iter().enumerate() {
            panel(paper, row, whole, MARGIN + WIDE * (at as f64), top);
        }
        paper.y = top + TALL;
    }
}

/// What part of its clusters a count is.
fn share(row: &Row, count: u64) -> f64 {
    if row.clusters == 0 { 0.0 } else { (count.min(row.clusters) as f64) / (row.clusters as f64) }
}

fn panel(paper: &mut Paper, row: &Row, whole: f64, left: f64, top: f64) {
    paper.text(left, top + 10.0, "small", &cut(&row.label, 31));
    paper.text(left, top + 23.0, "small", &format!("n = {}", row.clusters));
    let floor = top + 38.0 + HIGHEST;
    let height = |count: u64| if whole > 0.0 { HIGHEST * share(row, count) / whole } else { 0.0 };
    for (at, known) in row.all().enumerate() {
        let x = left + (COLUMN + 4.0) * (at as f64);
        paper.text(x + COLUMN / 2.0, floor + 12.0, "small mid", NAMES[at]);
        let Some(known) = known else { continue };
        let count = known.count.unwrap_or(0);
        if count > 0 {
            paper.rect(CLASSES[at], x, floor - height(count), COLUMN, height(count));
        }
        if known.is_hidden() {
            paper.rect("hid", x, floor - height(known.upper), COLUMN, height(known.upper) - height(count));
            paper.upright(x + COLUMN / 2.0 + 4.0, floor - 4.0, "small halo", "hidden");
        } else {
            paper.text(x + COLUMN / 2.0, floor - height(count) - 3.0, "small mid halo", &count.to_string());
        }
    }
    paper.line("axis", (left, floor), (left + (COLUMN + 4.0) * 6.0 - 4.0, floor));
}
