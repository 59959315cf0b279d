//! Dots by level with a box of the quartiles. Where hidden figures leave a quartile open, it is said between which levels it is.

use parangon_protocol::catalogue::LEVELS;

use super::paper::{MARGIN, Paper, WIDTH, cut};
use super::rows::Row;

const CLASSES: [&str; LEVELS] = ["l0", "l1", "l2", "l3", "l4"];
const LEFT: f64 = MARGIN + 24.0;
const STEP: f64 = 100.0;
const LARGEST: f64 = 11.0;

pub(super) fn draw(paper: &mut Paper, rows: &[Row]) {
    for row in rows {
        let y = paper.y + 14.0;
        paper.text(MARGIN, y, "", &cut(&row.label, 100));
        strip(paper, row, y + 20.0);
        paper.y = y + 38.0;
    }
    for level in 0..LEVELS {
        paper.text(place(level), paper.y + 12.0, "mid", &level.to_string());
    }
    paper.y += 16.0;
}

fn place(level: usize) -> f64 {
    LEFT + STEP * (level as f64)
}

fn strip(paper: &mut Paper, row: &Row, y: f64) {
    let counts = row.levels.map(|known| known.and_then(|known| known.count).unwrap_or(0));
    let hidden = row.hidden();
    paper.line("axis", (place(0), y), (place(LEVELS - 1), y));
    let largest = counts.iter().copied().max().unwrap_or(0);
    for (level, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        paper.dot(CLASSES[level], place(level), y, LARGEST * ((count as f64) / (largest as f64)).sqrt().max(0.15));
    }
    let [first, median, third] = [1, 2, 3].map(|quarter| quartile(&counts, hidden, quarter));
    if let (Some((a, b)), Some((c, d))) = (first, third)
        && a == b
        && c == d
    {
        paper.rect("box", place(a) - 14.0, y - 13.0, place(c) - place(a) + 28.0, 26.0);
    }
    let words = match median {
        Some((low, high)) if low == high => {
            paper.line("median", (place(low), y - 13.0), (place(low), y + 13.0));
            format!("median {low}")
        }
        Some((low, high)) => {
            paper.rect("hid", place(low), y - 5.0, place(high) - place(low), 10.0);
            format!("median hidden, {low} to {high}")
        }
        None => "no level known".to_owned(),
    };
    let tail =
        if hidden > 0 { format!("{words}; n = {}, {hidden} hidden", row.clusters) } else { format!("{words}; n = {}", row.clusters) };
    paper.text(WIDTH - MARGIN, y + 4.0, "end", &tail);
}

/// The lowest and the highest level that a quartile can be, when `hidden` clusters may be anywhere or have no known level.
fn quartile(counts: &[u64; LEVELS], hidden: u64, quarter: u128) -> Option<(usize, usize)> {
    let at = |extra_at: usize| {
        let mut counts = counts.map(u128::from);
        counts[extra_at] += u128::from(hidden);
        let all: u128 = counts.iter().sum();
        let mut below = 0;
        counts.iter().position(|count| {
            below += count;
            all > 0 && below * 4 >= quarter * all
        })
    };
    Some((at(0)?, at(LEVELS - 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quartile_is_open_only_as_far_as_what_is_hidden_moves_it() {
        assert_eq!(quartile(&[1, 2, 3, 2, 1], 0, 2), Some((2, 2)));
        assert_eq!(quartile(&[4, 0, 0, 0, 0], 0, 3), Some((0, 0)));
        assert_eq!(quartile(&[2, 2, 0, 0, 0], 0, 2), Some((0, 0)), "the lower of two middles");
        assert_eq!(quartile(&[0, 0, 9, 0, 0], 2, 2), Some((2, 2)));
        assert_eq!(quartile(&[0, 0, 9, 0, 0], 20, 2), Some((0, 4)));
        assert_eq!(quartile(&[0; LEVELS], 0, 2), None);
        assert_eq!(quartile(&[u64::MAX; LEVELS], u64::MAX, 1), Some((0, 1)));
    }
}
