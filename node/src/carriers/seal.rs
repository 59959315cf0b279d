//! A level as people see it: a shape, bars, and a word; never colour alone.

use std::f32::consts::{PI, TAU};

use parangon_protocol::charter::Level;

use super::drawing::{Colour, Item, Shape, Step, Text, circle, rectangle};
use super::lettering::{Face, Style};

/// The level's colour; white letters on it have a contrast of 6 to 1 or more.
pub(super) const fn colour(level: Level) -> Colour {
    match level {
        Level::Bronze => Colour(0x7A, 0x4A, 0x22),
        Level::Silver => Colour(0x5B, 0x63, 0x6D),
        Level::Gold => Colour(0x7D, 0x5A, 0x00),
    }
}

/// Bars of a level.
pub(super) const fn bars(level: Level) -> u8 {
    match level {
        Level::Bronze => 1,
        Level::Silver => 2,
        Level::Gold => 3,
    }
}

/// Circle, octagon, or twelve-point seal of a radius.
pub(super) fn outline(level: Level, x: f32, y: f32, radius: f32) -> Vec<Step> {
    match level {
        Level::Bronze => circle(x, y, radius),
        Level::Silver => polygon(x, y, 8, |_| radius, PI / 8.0),
        Level::Gold => polygon(x, y, 24, |corner| if corner % 2 == 0 { radius } else { radius * 0.885 }, 0.0),
    }
}

fn polygon(x: f32, y: f32, corners: u8, radius: impl Fn(u8) -> f32, turn: f32) -> Vec<Step> {
    let corner = |number: u8| {
        let angle = TAU * f32::from(number) / f32::from(corners) + turn - PI / 2.0;
        (x + radius(number) * angle.cos(), y + radius(number) * angle.sin())
    };
    let mut steps: Vec<Step> = (0..corners).map(|number| Step::Line(corner(number).0, corner(number).1)).collect();
    let first = corner(0);
    steps[0] = Step::Move(first.0, first.1);
    steps.push(Step::Close);
    steps
}

/// The seal with its bars and `word`.
pub(super) fn draw(level: Level, word: &str, x: f32, y: f32, radius: f32) -> Vec<Item> {
    let main = colour(level);
    let mut items = vec![Item::Shape(Shape::filled(outline(level, x, y, radius), main))];
    let rim = |part: f32, width: f32| Item::Shape(Shape::stroked(outline(level, x, y, radius * part), Colour::WHITE, radius * width));
    items.push(rim(0.92, 0.012));
    items.push(rim(0.885, 0.005));
    // Bars stand over the word, as stripes do over a name.
    let count = bars(level);
    let (bar, gap, width) = (radius * 0.115, radius * 0.085, radius * 0.86);
    let height = f32::from(count) * bar + f32::from(count - 1) * gap;
    let size = radius * 0.36;
    let whole = height + radius * 0.16 + size * 0.67;
    let top = y - whole / 2.0;
    for number in 0..count {
        let from = top + f32::from(number) * (bar + gap);
        items.push(Item::Shape(Shape::filled(rectangle(x - width / 2.0, from, width, bar, bar * 0.12), Colour::WHITE)));
    }
    let line = Style::tracked(Face::SansSemibold, 0.06).line(word);
    let size = size.min(radius * 1.5 / line.width.max(0.1));
    items.push(Item::Text(Text { x: x - line.width * size / 2.0, y: top + whole, size, colour: Colour::WHITE, line }));
    items
}
