//! Drawings of figures as SVG, without a script. Text is text, tones of one colour go from light to dark so that they survive a
//! black-and-white printer, and what is hidden is hatched and called hidden.

mod levels;
mod panels;
mod paper;
mod rows;
mod spread;

use super::Dataset;
use paper::Paper;
use rows::rows;

/// Rows or panels of one drawing at most: more are unreadable, and the table has them all.
const MOST: usize = 400;

/// Which drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// A bar a row, divided by level.
    Levels,
    /// A strip of dots with a box of the quartiles a row.
    Spread,
    /// A small chart each, with its n.
    Panels,
}

impl Chart {
    /// What it shows.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Levels => "a bar for each indicator, divided by level",
            Self::Spread => "median, quartiles and dots for each indicator",
            Self::Panels => "a small chart for each indicator, with its n",
        }
    }
}

/// The drawing.
pub(super) fn draw(data: &Dataset, chart: Chart) -> String {
    let all = rows(data);
    let shown = &all[..all.len().min(MOST)];
    let mut paper = Paper::new(data, chart.about(), shown);
    if shown.is_empty() {
        paper.note("There are no figures.");
    }
    match chart {
        Chart::Levels => levels::draw(&mut paper, shown),
        Chart::Spread => spread::draw(&mut paper, shown),
        Chart::Panels => panels::draw(&mut paper, shown),
    }
    if shown.len() < all.len() {
        paper.note(&format!("The first {} of {} rows. The table has all.", shown.len(), all.len()));
    }
    paper.end()
}
