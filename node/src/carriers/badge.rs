//! The badge: a light plate with the level's seal, the cluster, years and country. It is read from 24 pixels on.

use super::certificate::spoken;
use super::drawing::{Colour, Drawing, Item, Part, Role, Shape, circle, rectangle};
use super::facts::Facts;
use super::layout::{Section, Type};
use super::lettering::Face;
use super::words::Language;
use super::{guilloche, seal};

/// Units of a side.
const SIDE: f32 = 600.0;

/// The seal's middle and size.
const MIDDLE: (f32, f32) = (SIDE / 2.0, 226.0);
const RADIUS: f32 = 170.0;
const RING: f32 = 205.0;

/// Where texts begin, how wide they are, and where they end.
const TEXT: f32 = 440.0;
const MARGIN: f32 = 40.0;
const BOTTOM: f32 = 574.0;

/// A badge before it is a file.
pub(super) fn draw(facts: &Facts) -> Drawing {
    let level = facts.level;
    let colour = seal::colour(level);
    let plate = |inset: f32, radius: f32| rectangle(inset, inset, SIDE - 2.0 * inset, SIDE - 2.0 * inset, radius);
    let mut ground = vec![
        Item::Shape(Shape::filled(plate(0.0, 44.0), Colour::PAPER)),
        Item::Shape(Shape::stroked(plate(3.0, 41.0), colour, 6.0)),
        Item::Shape(Shape::stroked(plate(11.0, 34.0), colour, 1.2)),
    ];
    let (x, y) = MIDDLE;
    for (steps, percent) in guilloche::ring(&facts.id.0, x, y, RADIUS, RING, 7).into_iter().zip([70, 45]) {
        ground.push(Item::Shape(Shape::stroked(steps, colour.tint(percent), 0.9)));
    }
    ground.push(Item::Shape(Shape::filled(circle(x, y, RADIUS), Colour::PAPER)));
    ground.push(Item::Shape(Shape::stroked(circle(x, y, RING), colour, 1.2)));
    let words = format!("{} {}", facts.scheme, Language::English.level(level));
    let mark = Part { role: Role::Figure(words.clone()), language: "en", items: seal::draw(level, level.as_str(), x, y, RADIUS) };
    let mut parts = vec![Part::ornament(ground), mark];
    if facts.demonstration {
        parts.extend(strip());
    }
    parts.extend(texts(facts));
    let title = format!("{}: {words}", facts.cluster);
    let description = spoken(&parts);
    Drawing { width: SIDE, height: SIDE, paper: None, title, description, parts }
}

/// The cluster over years and country, in the middle of what is left below the seal.
fn texts(facts: &Facts) -> Vec<Part> {
    let width = SIDE - 2.0 * MARGIN;
    let mut section = Section::default();
    let name = Type::new(Face::SerifSemibold, 44.0, Colour::INK).centred().leading(1.12);
    let name = name.fitted(&facts.cluster, width, 2, 26.0).fitted(&facts.cluster, width, 4, 13.0);
    section.text(Role::Paragraph, "en", &facts.cluster, name, MARGIN, width);
    section.space(6.0);
    let (from, to) = (facts.issued.month().year(), facts.valid_until.year());
    let years = if from == to { from.to_string() } else { format!("{from}–{to}") };
    let line = Type::new(Face::SansSemibold, 27.0, seal::colour(facts.level)).tracked(0.04).centred();
    section.text(Role::Paragraph, "en", &format!("{years}  ·  {}", facts.country), line, MARGIN, width);
    let top = TEXT + ((BOTTOM - TEXT - section.height) / 2.0).max(0.0);
    section.moved(0.0, top)
}

/// Across the plate, so that nobody can crop it off and keep the seal.
fn strip() -> Vec<Part> {
    let height = 62.0;
    let mut section = Section::default();
    section.space(height * 0.06);
    let kind = Type::new(Face::SansSemibold, 44.0, Colour::WHITE).tracked(0.12).centred();
    section.text(Role::Paragraph, "en", "DEMONSTRATION", kind, 0.0, SIDE);
    section.parts.insert(0, Part::ornament(vec![Item::Shape(Shape::filled(rectangle(0.0, 0.0, SIDE, height, 0.0), Colour::WARNING))]));
    section.moved(0.0, MIDDLE.1 + RADIUS * 0.56)
}
