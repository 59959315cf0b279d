//! What a carrier shows, before it is a file: shapes and lines of text in reading order. SVG, PDF and PNG are made from one drawing, so
//! they cannot show different things.

use super::lettering::Line;

/// A colour of print and screen, sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

impl Colour {
    pub(super) const INK: Self = Self(0x1B, 0x1E, 0x23);
    pub(super) const MUTED: Self = Self(0x56, 0x5C, 0x66);
    pub(super) const PAPER: Self = Self(0xFB, 0xFA, 0xF7);
    pub(super) const WHITE: Self = Self(0xFF, 0xFF, 0xFF);
    pub(super) const BLACK: Self = Self(0, 0, 0);
    /// The one blue.
    pub(super) const BLUE: Self = Self(0x1F, 0x4E, 0x79);
    pub(super) const WARNING: Self = Self(0x8A, 0x4B, 0x00);

    /// This colour printed at `percent` on white.
    pub(super) fn tint(self, percent: u16) -> Self {
        let mix = |part: u8| {
            let white = 255 * (100 - percent.min(100)) + u16::from(part) * percent.min(100);
            u8::try_from(white / 100).unwrap_or(u8::MAX)
        };
        Self(mix(self.0), mix(self.1), mix(self.2))
    }
}

/// One step of an outline, in absolute coordinates; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Move(f32, f32),
    Line(f32, f32),
    Quad([f32; 4]),
    Cubic([f32; 6]),
    Close,
}

/// An outline that is filled, stroked, or both.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) steps: Vec<Step>,
    pub(super) fill: Option<Colour>,
    /// With the line's width.
    pub(super) stroke: Option<(Colour, f32)>,
}

impl Shape {
    pub(super) fn filled(steps: Vec<Step>, colour: Colour) -> Self {
        Self { steps, fill: Some(colour), stroke: None }
    }

    pub(super) fn stroked(steps: Vec<Step>, colour: Colour, width: f32) -> Self {
        Self { steps, fill: None, stroke: Some((colour, width)) }
    }
}

/// A line of text whose baseline begins at `x`, `y`.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) colour: Colour,
    pub(super) line: Line,
}

#[derive(Debug, Clone)]
pub(super) enum Item {
    Shape(Shape),
    Text(Text),
}

/// What a part is to somebody who does not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing: ornament.
    Ornament,
    Heading,
    Paragraph,
    /// The name of a fact; its [`Role::Detail`] follows.
    Term,
    Detail,
    /// A picture, in words.
    Figure(String),
}

/// Items that belong together, in the order in which they are read.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) role: Role,
    /// The language of its texts.
    pub(super) language: &'static str,
    pub(super) items: Vec<Item>,
}

/// A page, in its own units: points on a certificate, pixels of a badge's first size.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    pub(super) width: f32,
    pub(super) height: f32,
    /// Millimetres of its width, where it has a size on paper.
    pub(super) paper: Option<(f32, f32)>,
    pub(super) title: String,
    /// All that it says, as one text.
    pub(super) description: String,
    pub(super) parts: Vec<Part>,
}

/// The outline of a rectangle with rounded corners (`radius` 0: sharp ones).
pub(super) fn rectangle(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Vec<Step> {
    let (right, bottom) = (x + width, y + height);
    if radius <= 0.0 {
        return vec![Step::Move(x, y), Step::Line(right, y), Step::Line(right, bottom), Step::Line(x, bottom), Step::Close];
    }
    let (r, k) = (radius, radius * (1.0 - ARC));
    vec![
        Step::Move(x + r, y),
        Step::Line(right - r, y),
        Step::Cubic([right - k, y, right, y + k, right, y + r]),
        Step::Line(right, bottom - r),
        Step::Cubic([right, bottom - k, right - k, bottom, right - r, bottom]),
        Step::Line(x + r, bottom),
        Step::Cubic([x + k, bottom, x, bottom - k, x, bottom - r]),
        Step::Line(x, y + r),
        Step::Cubic([x, y + k, x + k, y, x + r, y]),
        Step::Close,
    ]
}

/// How far a quarter circle's control points lie from its ends, for radius 1.
const ARC: f32 = 0.552_284_8;

/// The outline of a circle.
pub(super) fn circle(x: f32, y: f32, radius: f32) -> Vec<Step> {
    rectangle(x - radius, y - radius, 2.0 * radius, 2.0 * radius, radius)
}
