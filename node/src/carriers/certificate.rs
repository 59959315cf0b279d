//! The certificate: A4, upright, English and one other language.

mod sections;

use super::code::{Code, PublicUrl};
use super::drawing::{Colour, Drawing, Item, Part, Role, Shape, rectangle};
use super::facts::Facts;
use super::guilloche;
use super::layout::Section;
use super::lettering::{Face, Style};
use super::words::Language;
use sections::Sheet;

/// Points.
const WIDTH: f32 = 595.276;
const HEIGHT: f32 = 841.89;

/// Where the frame begins, and how wide its band is.
const FRAME: f32 = 22.0;
const BAND: f32 = 11.0;

/// Where content begins and ends.
const TOP: f32 = 56.0;
const BOTTOM: f32 = HEIGHT - 52.0;

/// A certificate before it is a file.
pub(super) fn draw(facts: &Facts, language: Language, url: Option<&PublicUrl>, code: Option<&Code>) -> Drawing {
    let local = (language != Language::English).then_some(language);
    let mut parts = vec![paper(), frame()];
    if facts.demonstration {
        parts.push(watermark());
    }
    parts.extend(content(facts, local, url, code));
    let words = Language::English.words();
    let title = format!("{}: {}, {} {}", words.certificate, facts.cluster, facts.scheme, Language::English.level(facts.level));
    let description = spoken(&parts);
    Drawing { width: WIDTH, height: HEIGHT, paper: Some((210.0, 297.0)), title, description, parts }
}

/// All texts, in order.
pub(super) fn spoken(parts: &[Part]) -> String {
    let mut out = String::new();
    for part in parts.iter().filter(|part| part.role != Role::Ornament) {
        if let Role::Figure(words) = &part.role {
            out.push_str(words);
        } else {
            let lines = part.items.iter().filter_map(|item| if let Item::Text(text) = item { Some(text.line.text()) } else { None });
            out.extend(lines);
        }
        out.push('\n');
    }
    out
}

/// The sections one below the other: what space is left goes between them. Where there is none, everything becomes smaller.
fn content(facts: &Facts, local: Option<Language>, url: Option<&PublicUrl>, code: Option<&Code>) -> Vec<Part> {
    let mut scale = 1.0;
    loop {
        let sheet = Sheet { facts, local, url, code, scale };
        // With how much of the free space follows each.
        let stack: Vec<(Section, f32)> = vec![
            (sheet.head(), 1.0),
            (sheet.seal(), 1.0),
            (sheet.name(), 0.8),
            (sheet.award(), 1.2),
            (sheet.agencies(), 1.0),
            (sheet.dates(), 1.2),
            (sheet.check(), 0.0),
        ];
        let used: f32 = stack.iter().map(|(section, _)| section.height).sum();
        let least = 9.0 * scale * 6.0;
        if used + least <= BOTTOM - TOP || scale < 0.45 {
            let free = (BOTTOM - TOP - used).max(0.0) / stack.iter().map(|(_, share)| share).sum::<f32>();
            let mut y = TOP;
            let mut parts = Vec::new();
            for (section, share) in stack {
                let height = section.height;
                parts.extend(section.moved(0.0, y));
                y += height + free * share;
            }
            return parts;
        }
        scale *= 0.96;
    }
}

fn paper() -> Part {
    Part::ornament(vec![Item::Shape(Shape::filled(rectangle(0.0, 0.0, WIDTH, HEIGHT, 0.0), Colour::WHITE))])
}

/// Two woven bands between fine lines, with a square in each corner.
fn frame() -> Part {
    let (width, height) = (WIDTH - 2.0 * FRAME, HEIGHT - 2.0 * FRAME);
    let line = |inset: f32, weight: f32| {
        let steps = rectangle(FRAME + inset, FRAME + inset, width - 2.0 * inset, height - 2.0 * inset, 0.0);
        Item::Shape(Shape::stroked(steps, Colour::BLUE, weight))
    };
    let woven = guilloche::frame(FRAME, FRAME, width, height, BAND, 6);
    let mut items = vec![Item::Shape(Shape::stroked(woven, Colour::BLUE.tint(62), 0.28))];
    items.extend([line(-2.2, 0.9), line(0.0, 0.3), line(BAND, 0.3), line(BAND + 2.2, 0.6)]);
    for (x, y) in
        [(FRAME, FRAME), (FRAME + width - BAND, FRAME), (FRAME, FRAME + height - BAND), (FRAME + width - BAND, FRAME + height - BAND)]
    {
        let corner = |inset: f32| rectangle(x + inset, y + inset, BAND - 2.0 * inset, BAND - 2.0 * inset, 0.0);
        items.push(Item::Shape(Shape { steps: corner(0.0), fill: Some(Colour::WHITE), stroke: Some((Colour::BLUE, 0.3)) }));
        items.push(Item::Shape(Shape::stroked(corner(2.0), Colour::BLUE, 0.3)));
        items.push(Item::Shape(Shape::filled(corner(3.8), Colour::BLUE)));
    }
    Part::ornament(items)
}

/// The word across the sheet, as outlines: it is no part of the text, which says it in words.
fn watermark() -> Part {
    let line = Style::tracked(Face::SansSemibold, 0.04).line("DEMONSTRATION");
    let (width, height) = (WIDTH * 0.74, HEIGHT * 0.56);
    let size = width.hypot(height) / line.width;
    let angle = height.atan2(width);
    let mut steps = Vec::new();
    for (face, glyph, x, y) in line.placed(-line.width * size / 2.0, size * 0.34, size) {
        face.outline(glyph, x, y, size, &mut steps);
    }
    for step in &mut steps {
        step.turn(angle);
        step.shift(WIDTH / 2.0, HEIGHT / 2.0);
    }
    Part::ornament(vec![Item::Shape(Shape::filled(steps, Colour(0xF2, 0xE8, 0xDD)))])
}
