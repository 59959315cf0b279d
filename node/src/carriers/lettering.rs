//! Lines of text: the bundled fonts, shaping, and breaking into lines.
//!
//! A letter that a face lacks comes from the sans face; what that one lacks too is drawn as an empty square, and the text behind it
//! stays what it was.

use std::ops::Range;
use std::sync::LazyLock;

use harfrust::{Feature, FontRef, ShapeOptions, ShaperData, Tag, UnicodeBuffer};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::{LocationRef, Size};
use skrifa::{GlyphId, MetadataProvider};

use super::drawing::Step;

/// What is drawn for a letter that no face has.
const REPLACEMENT: char = '\u{25A1}';

/// The bundled faces (node/data/fonts/README.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Serif,
    SerifSemibold,
    SerifItalic,
    Sans,
    SansSemibold,
}

struct Font {
    bytes: &'static [u8],
    font: FontRef<'static>,
    data: ShaperData,
    units: f32,
}

static FONTS: LazyLock<[Font; 5]> = LazyLock::new(|| {
    let files: [&'static [u8]; 5] = [
        include_bytes!("../../data/fonts/serif-regular.ttf"),
        include_bytes!("../../data/fonts/serif-semibold.ttf"),
        include_bytes!("../../data/fonts/serif-italic.ttf"),
        include_bytes!("../../data/fonts/sans-regular.ttf"),
        include_bytes!("../../data/fonts/sans-semibold.ttf"),
    ];
    files.map(|bytes| {
        let font = FontRef::new(bytes).expect("the bundled fonts are fonts: a test opens each");
        let data = ShaperData::new(&font);
        let units = f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        Font { bytes, font, data, units }
    })
});

impl Face {
    pub(super) const ALL: [Self; 5] = [Self::Serif, Self::SerifSemibold, Self::SerifItalic, Self::Sans, Self::SansSemibold];

    fn font(self) -> &'static Font {
        &FONTS[self as usize]
    }

    /// The font file.
    pub(super) fn bytes(self) -> &'static [u8] {
        self.font().bytes
    }

    fn has(self, c: char) -> bool {
        self.font().font.charmap().map(c).is_some_and(|glyph| glyph != GlyphId::NOTDEF)
    }

    /// The face that has more letters, in about this weight.
    fn fallback(self) -> Self {
        match self {
            Self::SerifSemibold | Self::SansSemibold => Self::SansSemibold,
            Self::Serif | Self::SerifItalic | Self::Sans => Self::Sans,
        }
    }

    /// Appends a glyph's outline at `x`, `y` in `size`.
    pub(super) fn outline(self, glyph: u32, x: f32, y: f32, size: f32, out: &mut Vec<Step>) {
        let font = self.font();
        if let Some(outline) = font.font.outline_glyphs().get(GlyphId::new(glyph)) {
            let mut pen = Pen { x, y, scale: size / font.units, out };
            // A glyph that cannot be drawn stays white; the bundled ones can, a test draws all.
            let _ = outline.draw(DrawSettings::unhinted(Size::unscaled(), LocationRef::default()), &mut pen);
        }
    }
}

struct Pen<'a> {
    x: f32,
    y: f32,
    scale: f32,
    out: &'a mut Vec<Step>,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.out.push(Step::Move(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.out.push(Step::Line(x, y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let ((cx, cy), (x, y)) = (self.at(cx, cy), self.at(x, y));
        self.out.push(Step::Quad([cx, cy, x, y]));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let ((ax, ay), (bx, by), (x, y)) = (self.at(ax, ay), self.at(bx, by), self.at(x, y));
        self.out.push(Step::Cubic([ax, ay, bx, by, x, y]));
    }

    fn close(&mut self) {
        self.out.push(Step::Close);
    }
}

/// A glyph; lengths are parts of the type size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) id: u32,
    /// The bytes of the run's text that it stands for.
    pub(super) range: Range<usize>,
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
}

/// Glyphs of one face.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) face: Face,
    pub(super) text: String,
    pub(super) glyphs: Vec<Glyph>,
}

/// One shaped line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// As a part of the type size, without a space at its end.
    pub(super) width: f32,
}

impl Line {
    /// What it says.
    pub(super) fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// Each glyph with its face and where it stands, for a line that begins at `x`, `y`.
    pub(super) fn placed(&self, x: f32, y: f32, size: f32) -> impl Iterator<Item = (Face, u32, f32, f32)> {
        let glyphs = self.runs.iter().flat_map(|run| run.glyphs.iter().map(|glyph| (run.face, glyph)));
        glyphs.scan(x, move |pen, (face, glyph)| {
            let at = *pen;
            *pen += glyph.advance * size;
            Some((face, glyph.id, at + glyph.dx * size, y - glyph.dy * size))
        })
    }
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) face: Face,
    /// Space added after each letter, as a part of the type size.
    pub(super) tracking: f32,
}

impl Style {
    pub(super) const fn new(face: Face) -> Self {
        Self { face, tracking: 0.0 }
    }

    pub(super) const fn tracked(face: Face, tracking: f32) -> Self {
        Self { face, tracking }
    }

    /// One line, however long.
    pub(super) fn line(self, text: &str) -> Line {
        let mut line = Line::default();
        for (face, part, drawn) in itemised(self.face, text) {
            line.runs.push(if drawn { self.run(face, part) } else { self.squares(face, part) });
        }
        let advances = line.runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.advance);
        line.width = (advances.sum::<f32>() - self.tracking).max(0.0);
        if text.ends_with(' ') {
            let space = line.runs.last().and_then(|run| run.glyphs.last()).map_or(0.0, |glyph| glyph.advance);
            line.width = (line.width - space).max(0.0);
        }
        line
    }

    fn run(self, face: Face, text: String) -> Run {
        let font = face.font();
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        // Ligatures would swallow the space between tracked letters.
        let off = [Feature::new(Tag::new(b"liga"), 0, ..)];
        let features: &[Feature] = if self.tracking > 0.0 { &off } else { &[] };
        let shaped = font.data.shaper(&font.font).build().shape(buffer, ShapeOptions::new().features(features));
        #[allow(clippy::cast_precision_loss)] // font units are 16-bit numbers
        let part = |units: i32| units as f32 / font.units;
        let starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(|(info, place)| {
            let start = info.cluster as usize;
            let end = starts.iter().copied().filter(|other| *other > start).min().unwrap_or(text.len());
            let advance = part(place.x_advance) + self.tracking;
            Glyph { id: info.glyph_id, range: start..end, advance, dx: part(place.x_offset), dy: part(place.y_offset) }
        });
        let glyphs = glyphs.collect();
        Run { face, text, glyphs }
    }

    /// An empty square for each letter.
    fn squares(self, face: Face, text: String) -> Run {
        let font = face.font();
        let id = font.font.charmap().map(REPLACEMENT).unwrap_or(GlyphId::NOTDEF);
        let width = font.font.glyph_metrics(Size::unscaled(), LocationRef::default()).advance_width(id).unwrap_or(font.units);
        let advance = width / font.units + self.tracking;
        let glyph = |(at, c): (usize, char)| Glyph { id: id.to_u32(), range: at..at + c.len_utf8(), advance, dx: 0.0, dy: 0.0 };
        let glyphs = text.char_indices().map(glyph).collect();
        Run { face, text, glyphs }
    }

    /// Lines no wider than `width` (in type sizes), each as full as it gets. A word that is longer is broken.
    pub(super) fn lines(self, text: &str, width: f32) -> Vec<Line> {
        self.rows(&self.words(text, width), width)
    }

    /// Not more of these lines, but of about the same length.
    pub(super) fn balanced_lines(self, text: &str, width: f32) -> Vec<Line> {
        let words = self.words(text, width);
        let count = fill(&words, width).len();
        // The narrowest measure that needs no further line.
        let (mut low, mut high) = (0.0, width);
        for _ in 0..12 {
            let middle = f32::midpoint(low, high);
            let fits = words.iter().all(|word| word.width <= middle) && fill(&words, middle).len() <= count;
            if fits { high = middle } else { low = middle }
        }
        self.rows(&words, high)
    }

    fn rows(self, words: &[Word], width: f32) -> Vec<Line> {
        let rows = fill(words, width);
        let last = rows.len().saturating_sub(1);
        let line = |(number, row): (usize, Range<usize>)| {
            let text: String = words[row].iter().map(|word| word.text.as_str()).collect();
            // The space that a line break stands for stays in the text.
            self.line(if number == last { text.trim_end() } else { &text })
        };
        rows.into_iter().enumerate().map(line).collect()
    }

    fn words(self, text: &str, width: f32) -> Vec<Word> {
        let mut words = Vec::new();
        for word in breakable(text) {
            let line = self.line(word);
            if line.width <= width {
                words.push(Word { width: line.width, advance: self.advance(&line), text: word.to_owned() });
                continue;
            }
            let mut part = String::new();
            for c in word.chars() {
                let longer = self.line(&format!("{part}{c}"));
                if longer.width > width && !part.is_empty() {
                    words.push(self.word(std::mem::take(&mut part)));
                }
                part.push(c);
            }
            words.push(self.word(part));
        }
        words
    }

    fn word(self, text: String) -> Word {
        let line = self.line(&text);
        Word { width: line.width, advance: self.advance(&line), text }
    }

    fn advance(self, line: &Line) -> f32 {
        line.runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.advance).sum()
    }
}

struct Word {
    /// Without the space at its end.
    width: f32,
    advance: f32,
    text: String,
}

/// The text in parts between which a line may end: behind spaces and hyphens, but not behind an opening quotation mark, nor before what
/// must not begin a line.
fn breakable(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, ' ' | '-')) {
        let end = at + c.len_utf8();
        let opened = text[..at].ends_with(['«', '„', '‹', '(']);
        let stays = text[end..].starts_with(['»', '›', ':', ';', '?', '!', '–', '—', ')']);
        if !opened && !stays {
            parts.push(&text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// Which words stand in each line, filled from the first on.
fn fill(words: &[Word], width: f32) -> Vec<Range<usize>> {
    let (mut rows, mut start, mut used) = (Vec::new(), 0, 0.0);
    for (at, word) in words.iter().enumerate() {
        if at > start && used + word.width > width {
            rows.push(start..at);
            (start, used) = (at, 0.0);
        }
        used += word.advance;
    }
    rows.push(start..words.len());
    rows
}

/// The text in parts of one face each, and whether that face has its letters. What is invisible by itself is left out.
fn itemised(face: Face, text: &str) -> Vec<(Face, String, bool)> {
    let mut parts: Vec<(Face, String, bool)> = Vec::new();
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        let fallback = face.fallback();
        let (face, drawn) = if face.has(c) { (face, true) } else { (fallback, fallback.has(c)) };
        match parts.last_mut() {
            Some((last, part, had)) if *last == face && *had == drawn => part.push(c),
            _ => parts.push((face, c.to_string(), drawn)),
        }
    }
    parts
}

/// Joiners, variation selectors and the like, which only say how others are drawn.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E0FFF}')
}
