//! A drawing as PNG, with the label's file and its credential in `iTXt` chunks.

use parangon_protocol::carrier::png::{BUNDLE, CREDENTIAL, bake};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use super::CarrierError;
use super::drawing::{Colour, Drawing, Item, Shape, Step};
use super::facts::Facts;

/// The drawing, `size` pixels wide, with the label in it.
pub(super) fn write(drawing: &Drawing, facts: &Facts, size: u16) -> Result<Vec<u8>, CarrierError> {
    let scale = f32::from(size) / drawing.width;
    let mut pixels = Pixmap::new(size.into(), size.into()).ok_or(CarrierError::Size { size })?;
    for item in drawing.parts.iter().flat_map(|part| &part.items) {
        match item {
            Item::Shape(shape) => draw(&mut pixels, shape, scale),
            Item::Text(text) => {
                let mut steps = Vec::new();
                for (face, glyph, x, y) in text.line.placed(text.x, text.y, text.size) {
                    face.outline(glyph, x, y, text.size, &mut steps);
                }
                draw(&mut pixels, &Shape::filled(steps, text.colour), scale);
            }
        }
    }
    let picture = encode(&pixels, size).map_err(CarrierError::Png)?;
    bake(&picture, &[(CREDENTIAL, &facts.credential), (BUNDLE, &facts.text)]).ok_or(CarrierError::Size { size })
}

fn encode(pixels: &Pixmap, size: u16) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.into(), size.into());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    let colours = pixels.pixels().iter().flat_map(|pixel| {
        let colour = pixel.demultiply();
        [colour.red(), colour.green(), colour.blue(), colour.alpha()]
    });
    writer.write_image_data(&colours.collect::<Vec<u8>>())?;
    writer.finish()?;
    Ok(out)
}

fn draw(pixels: &mut Pixmap, shape: &Shape, scale: f32) {
    let Some(path) = path(&shape.steps) else { return };
    let transform = Transform::from_scale(scale, scale);
    if let Some(colour) = shape.fill {
        pixels.fill_path(&path, &paint(colour), FillRule::Winding, transform, None);
    }
    if let Some((colour, width)) = shape.stroke {
        pixels.stroke_path(&path, &paint(colour), &Stroke { width, ..Stroke::default() }, transform, None);
    }
}

fn paint(Colour(red, green, blue): Colour) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

fn path(steps: &[Step]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for step in steps {
        match *step {
            Step::Move(x, y) => path.move_to(x, y),
            Step::Line(x, y) => path.line_to(x, y),
            Step::Quad([cx, cy, x, y]) => path.quad_to(cx, cy, x, y),
            Step::Cubic([ax, ay, bx, by, x, y]) => path.cubic_to(ax, ay, bx, by, x, y),
            Step::Close => path.close(),
        }
    }
    path.finish()
}
