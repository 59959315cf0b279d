//! A drawing as SVG. Letters are outlines: printing houses, browsers and mail programs then show the same, without any font. The text
//! itself stands in `<title>` and `<desc>`. The label's file and its credential are elements of their own.

use std::fmt::Write;

use parangon_protocol::carrier::svg::{BUNDLE, BUNDLE_SPACE, CREDENTIAL, CREDENTIAL_SPACE, element};

use super::drawing::{Colour, Drawing, Item, Shape, Step};
use super::facts::Facts;

/// The drawing with the label in it.
pub(super) fn write(drawing: &Drawing, facts: &Facts) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"");
    let unit = if drawing.paper.is_some() { "mm" } else { "" };
    let (width, height) = drawing.paper.unwrap_or((drawing.width, drawing.height));
    let _ = write!(out, " width=\"{}{unit}\" height=\"{}{unit}\"", number(width), number(height));
    let _ =
        write!(out, " viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"title desc\">", number(drawing.width), number(drawing.height));
    out.push_str(&element(CREDENTIAL, CREDENTIAL_SPACE, &facts.credential));
    out.push_str(&element(BUNDLE, BUNDLE_SPACE, &facts.text));
    let _ = write!(
        out,
        "\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n",
        escaped(&drawing.title),
        escaped(drawing.description.trim_end())
    );
    for item in drawing.parts.iter().flat_map(|part| &part.items) {
        match item {
            Item::Shape(shape) => path(&mut out, shape),
            Item::Text(text) => {
                let mut steps = Vec::new();
                for (face, glyph, x, y) in text.line.placed(text.x, text.y, text.size) {
                    face.outline(glyph, x, y, text.size, &mut steps);
                }
                path(&mut out, &Shape::filled(steps, text.colour));
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

fn path(out: &mut String, shape: &Shape) {
    if shape.steps.is_empty() {
        return;
    }
    out.push_str("<path");
    match shape.fill {
        Some(colour) => {
            let _ = write!(out, " fill=\"{}\"", hex(colour));
        }
        None => out.push_str(" fill=\"none\""),
    }
    if let Some((colour, width)) = shape.stroke {
        let _ = write!(out, " stroke=\"{}\" stroke-width=\"{}\"", hex(colour), number(width));
    }
    out.push_str(" d=\"");
    // Whole hundredths, each step from where the one before ended: short, and nothing is rounded twice.
    let (mut here, mut start) = ((0, 0), (0, 0));
    for step in &shape.steps {
        let (letter, points): (char, &[f32]) = match step {
            Step::Move(x, y) => ('m', &[*x, *y]),
            Step::Line(x, y) => ('l', &[*x, *y]),
            Step::Quad(points) => ('q', points),
            Step::Cubic(points) => ('c', points),
            Step::Close => ('z', &[]),
        };
        out.push(letter);
        let mut end = if points.is_empty() { start } else { here };
        for (at, point) in points.chunks_exact(2).enumerate() {
            end = (hundredths(point[0]), hundredths(point[1]));
            offset(out, end.0 - here.0, at > 0);
            offset(out, end.1 - here.1, true);
        }
        here = end;
        if letter == 'm' {
            start = here;
        }
    }
    out.push_str("\"/>\n");
}

#[allow(clippy::cast_possible_truncation)] // a drawing is some hundred units wide
fn hundredths(value: f32) -> i32 {
    (value * 100.0).round() as i32
}

/// A number of hundredths behind another one.
fn offset(out: &mut String, value: i32, follows: bool) {
    if value >= 0 && follows {
        out.push(' ');
    }
    let (sign, whole, part) = (if value < 0 { "-" } else { "" }, value.abs() / 100, value.abs() % 100);
    let _ = match (whole, part) {
        (_, 0) => write!(out, "{sign}{whole}"),
        (0, _) if part % 10 == 0 => write!(out, "{sign}.{}", part / 10),
        (0, _) => write!(out, "{sign}.{part:02}"),
        _ if part % 10 == 0 => write!(out, "{sign}{whole}.{}", part / 10),
        _ => write!(out, "{sign}{whole}.{part:02}"),
    };
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Hundredths, without zeros at the end.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([number(1.0), number(0.5), number(-0.001), number(12.345), number(100.0)], ["1", "0.5", "0", "12.35", "100"]);
    }

    #[test]
    fn paths_are_relative_and_exact() {
        let steps = vec![Step::Move(10.004, 5.0), Step::Line(9.5, 5.05), Step::Close, Step::Line(10.0, 15.1)];
        let mut out = String::new();
        path(&mut out, &Shape::filled(steps, Colour::BLACK));
        assert_eq!(out, "<path fill=\"#000000\" d=\"m10 5l-.5 .05zl0 10.1\"/>\n");
    }
}
