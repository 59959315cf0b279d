//! Setting texts in columns, and stacking what was set.

use super::drawing::{Colour, Item, Part, Role, Shape, Step, Text};
use super::lettering::{Face, Style};

/// How the lines of a text stand in their column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
}

/// Type: face, size, colour and line height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub(super) style: Style,
    pub(super) size: f32,
    pub(super) colour: Colour,
    /// From baseline to baseline, as a part of the size.
    pub(super) leading: f32,
    pub(super) align: Align,
}

impl Type {
    pub(super) const fn new(face: Face, size: f32, colour: Colour) -> Self {
        Self { style: Style::new(face), size, colour, leading: 1.3, align: Align::Left }
    }

    pub(super) const fn tracked(self, tracking: f32) -> Self {
        Self { style: Style::tracked(self.style.face, tracking), ..self }
    }

    pub(super) const fn centred(self) -> Self {
        Self { align: Align::Centre, ..self }
    }

    pub(super) const fn leading(self, leading: f32) -> Self {
        Self { leading, ..self }
    }

    /// The largest size from `self.size` down to `least` in which the text needs at most `lines` lines; `least` where none does.
    pub(super) fn fitted(self, text: &str, width: f32, lines: usize, least: f32) -> Self {
        let mut size = self.size;
        while size > least && self.style.lines(text, width / size).len() > lines {
            size = (size * 0.94).max(least);
        }
        Self { size, ..self }
    }

    /// The text in a column that begins at `x`, its first line's top at 0, and its height.
    pub(super) fn set(self, text: &str, x: f32, width: f32) -> (Vec<Item>, f32) {
        let mut items = Vec::new();
        let mut y = 0.0;
        let lines = match self.align {
            Align::Left => self.style.lines(text, width / self.size),
            Align::Centre => self.style.balanced_lines(text, width / self.size),
        };
        for line in lines {
            let at = match self.align {
                Align::Left => x,
                Align::Centre => x + (width - line.width * self.size) / 2.0,
            };
            // The letters stand in the middle of their line.
            let baseline = y + self.size * (0.5 * self.leading + 0.34);
            items.push(Item::Text(Text { x: at, y: baseline, size: self.size, colour: self.colour, line }));
            y += self.size * self.leading;
        }
        (items, y)
    }
}

/// Parts that are moved as one; its top is at 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) parts: Vec<Part>,
    pub(super) height: f32,
}

impl Section {
    /// Puts a text below what is there.
    pub(super) fn text(&mut self, role: Role, language: &'static str, text: &str, kind: Type, x: f32, width: f32) {
        let (items, height) = kind.set(text, x, width);
        self.push(Part { role, language, items }, height);
    }

    /// Puts a part with its top at 0 below what is there.
    pub(super) fn push(&mut self, mut part: Part, height: f32) {
        part.shift(0.0, self.height);
        self.parts.push(part);
        self.height += height;
    }

    pub(super) fn space(&mut self, height: f32) {
        self.height += height;
    }

    /// Puts another section beside what is there, at a height of its own.
    pub(super) fn beside(&mut self, other: Self, y: f32) {
        let bottom = y + other.height;
        self.parts.extend(other.moved(0.0, y));
        self.height = self.height.max(bottom);
    }

    pub(super) fn moved(self, dx: f32, dy: f32) -> Vec<Part> {
        let mut parts = self.parts;
        for part in &mut parts {
            part.shift(dx, dy);
        }
        parts
    }
}

impl Part {
    pub(super) fn ornament(items: Vec<Item>) -> Self {
        Self { role: Role::Ornament, language: "en", items }
    }

    pub(super) fn shift(&mut self, dx: f32, dy: f32) {
        for item in &mut self.items {
            match item {
                Item::Text(text) => {
                    text.x += dx;
                    text.y += dy;
                }
                Item::Shape(Shape { steps, .. }) => steps.iter_mut().for_each(|step| step.shift(dx, dy)),
            }
        }
    }
}

impl Step {
    fn points(&mut self, mut change: impl FnMut(&mut f32, &mut f32)) {
        match self {
            Self::Move(x, y) | Self::Line(x, y) => change(x, y),
            Self::Quad([a, b, x, y]) => {
                change(a, b);
                change(x, y);
            }
            Self::Cubic([a, b, c, d, x, y]) => {
                change(a, b);
                change(c, d);
                change(x, y);
            }
            Self::Close => {}
        }
    }

    pub(super) fn shift(&mut self, dx: f32, dy: f32) {
        self.points(|x, y| (*x, *y) = (*x + dx, *y + dy));
    }

    /// Turns it around 0, 0, against the clock.
    pub(super) fn turn(&mut self, angle: f32) {
        let (sin, cos) = angle.sin_cos();
        self.points(|x, y| (*x, *y) = (*x * cos + *y * sin, *y * cos - *x * sin));
    }
}
