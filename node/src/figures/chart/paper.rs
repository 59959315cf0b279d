//! The sheet that all drawings are made on: title, key, source, and a pen that knows no markup but its own.

use std::fmt::Write;

use super::rows::Row;
use crate::figures::{Dataset, citation};

/// Units of the whole width, and of what stands left and right of a drawing.
pub(super) const WIDTH: f64 = 760.0;
pub(super) const MARGIN: f64 = 16.0;

/// Characters of a line that fits the width at the usual size.
const LINE: usize = 104;

const STYLE: &str = "\
svg{background:#fff;color:#1b1f24;font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\
text{fill:currentColor;font-size:12px}.big{font-size:15px;font-weight:600}.small{font-size:10px}.mid{text-anchor:middle}.end{text-anchor:end}\
.l0,.l1,.l2,.l3,.l4,.lu,.hid{stroke:#1b1f24;stroke-width:.8}.lu{fill:none;stroke-dasharray:2 2}.hid{fill:url(#hatch)}\
.l0{fill:#dce9f5}.l1{fill:#a9c9e6}.l2{fill:#6c9fcd}.l3{fill:#3a70a8}.l4{fill:#173e6b}.t0,.t1,.t2{fill:#111}.t3,.t4{fill:#fff}\
.axis{stroke:#8a939c;stroke-width:1}.box{fill:none;stroke:#1b1f24;stroke-width:1.2}.median{stroke:#1b1f24;stroke-width:3}.line{stroke:#1b1f24;stroke-width:1}\
.halo{paint-order:stroke;stroke:#fff;stroke-width:3px}\
@media (prefers-color-scheme:dark){svg{background:#14181d;color:#e8edf2}.l0,.l1,.l2,.l3,.l4,.lu,.hid,.box,.median,.line{stroke:#e8edf2}\
.l0{fill:#24405c}.l1{fill:#3a648c}.l2{fill:#5a8fbe}.l3{fill:#93bde0}.l4{fill:#d6e9f8}.t0,.t1{fill:#fff}.t2,.t3,.t4{fill:#111}.halo{stroke:#14181d}}";

/// A sheet that grows downwards.
pub(super) struct Paper {
    head: String,
    body: String,
    source: String,
    /// Where the next thing goes.
    pub(super) y: f64,
}

impl Paper {
    /// A sheet with its title and key.
    pub(super) fn new(data: &Dataset, about: &str, rows: &[Row]) -> Self {
        let mut head = format!("<title id=\"title\">{}</title>\n<desc id=\"desc\">{}. ", escaped(&data.title()), escaped(about));
        for row in rows {
            let _ = write!(head, "{}. ", escaped(&row.words()));
        }
        head.push_str("</desc>\n");
        let licence = data.about().licence.spdx;
        let source = format!("As of {}. Federation {:.16}…, {licence}", citation::day(data), data.about().fingerprint.to_string());
        let mut paper = Self { head, body: String::new(), source, y: 26.0 };
        let demonstration = if data.about().demonstration { "DEMONSTRATION: the figures are made up. " } else { "" };
        paper.text(MARGIN, 26.0, "big", &format!("Clusters by level of each indicator, {}", data.periods()));
        paper.text(MARGIN, 44.0, "", &cut(&format!("{}: {}.", data.about().federation, data.coverage_words()), LINE));
        paper.text(MARGIN, 61.0, "", &cut(&format!("{demonstration}{}.", capital(about)), LINE));
        paper.key();
        paper
    }

    fn key(&mut self) {
        let words = [("l0", "level 0"), ("l1", "1"), ("l2", "2"), ("l3", "3"), ("l4", "4"), ("lu", "not known"), ("hid", "hidden")];
        let mut x = MARGIN;
        for (class, word) in words {
            self.rect(class, x, 73.0, 14.0, 12.0);
            self.text(x + 19.0, 83.0, "", word);
            x += if word.len() > 5 { 96.0 } else { 44.0 };
        }
        self.y = 101.0;
    }

    /// A rectangle.
    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(self.body, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>");
    }

    /// A line.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = writeln!(self.body, "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
    }

    /// A dot.
    pub(super) fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        let _ = writeln!(self.body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>");
    }

    /// Text on one line.
    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, words: &str) {
        let _ = writeln!(self.body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(words));
    }

    /// Text from below to above.
    pub(super) fn upright(&mut self, x: f64, y: f64, class: &str, words: &str) {
        let words = escaped(words);
        let _ = writeln!(self.body, "<text class=\"{class}\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{words}</text>");
    }

    /// A remark on a line of its own.
    pub(super) fn note(&mut self, words: &str) {
        self.y += 18.0;
        self.text(MARGIN, self.y, "", words);
        self.y += 6.0;
    }

    /// The whole file.
    pub(super) fn end(mut self) -> String {
        self.y += 22.0;
        let source = std::mem::take(&mut self.source);
        self.text(MARGIN, self.y, "small", &source);
        let height = self.y + 12.0;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-labelledby=\"title desc\">\n{}<style>{STYLE}</style>\n<defs><pattern id=\"hatch\" \
             width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"line\" x1=\"0\" y1=\"0\" x2=\"0\" \
             y2=\"6\"/></pattern></defs>\n{}</svg>\n",
            self.head, self.body
        )
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The start of a text, with a sign that it goes on.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Names have no control characters: these are all that means something in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
