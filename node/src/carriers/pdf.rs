//! A drawing as PDF/A-3a and PDF/UA-1: letters as text, every part tagged, the label's file attached.

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{Path, PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Paint, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, ListNumbering, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use parangon_protocol::time::Timestamp;

use super::CarrierError;
use super::drawing::{Colour, Drawing, Item, Part, Role, Step, Text};
use super::facts::Facts;
use super::lettering::{Face, Run};

/// What is refused by PDF/A-3a in a text layer, and what stands there for it.
const UNKNOWN: &str = "\u{FFFD}";

/// The document, with the label's file in it as `NAME.label.json`.
pub(super) fn write(drawing: &Drawing, facts: &Facts) -> Result<Vec<u8>, CarrierError> {
    let refused = |what: &'static str| move || CarrierError::Pdf(what.to_owned());
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| CarrierError::Pdf(format!("{error:?}")))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let fonts = Face::ALL.map(|face| Font::new(face.bytes().into(), 0));
    let page = PageSettings::from_wh(drawing.width, drawing.height).ok_or_else(refused("page"))?;
    let mut page = document.start_page_with(page);
    let mut surface = page.surface();
    let mut tags = Vec::new();
    for part in &drawing.parts {
        tags.extend(tagged(&mut surface, part, &fonts));
    }
    surface.finish();
    page.finish();
    document.set_tag_tree(tree(tags));
    document.set_metadata(metadata(drawing, facts));
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(drawing.title.clone(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    let file = EmbeddedFile {
        path: format!("{}.label.json", facts.file_stem()),
        mime_type: MimeType::new("application/json"),
        description: Some("The signed label, which parangon verify checks".to_owned()),
        association_kind: AssociationKind::Source,
        data: facts.text.clone().into_bytes().into(),
        modification_date: Some(date(facts.issued)),
        compress: Some(true),
        location: None,
    };
    document.embed_file(file).ok_or_else(refused("attachment"))?;
    document.finish().map_err(|error| CarrierError::Pdf(format!("{error:?}")))
}

fn metadata(drawing: &Drawing, facts: &Facts) -> Metadata {
    Metadata::new()
        .title(drawing.title.clone())
        .description(format!("{} {}", facts.federation_name, facts.id))
        .language("en".to_owned())
        .creator("parangon".to_owned())
        .authors(vec![facts.issuer.name.clone()])
        .creation_date(date(facts.issued))
        .document_id(facts.id.to_string())
}

/// A time in UTC.
fn date(at: Timestamp) -> DateTime {
    let month = at.month();
    let since = at.since(month.first_second());
    let part = |value: u64, of: u64| u8::try_from(value % of).unwrap_or(0);
    DateTime::new(month.year())
        .month(month.month())
        .day(part(since / 86_400, 31) + 1)
        .hour(part(since / 3_600, 24))
        .minute(part(since / 60, 60))
        .second(part(since, 60))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// Draws a part; its leaves in the document's structure, none for ornament.
fn tagged<'a>(surface: &mut Surface<'_>, part: &'a Part, fonts: &[Option<Font>]) -> Option<(&'a Part, Vec<Node>)> {
    let language = (part.language != "en").then_some(part.language);
    match &part.role {
        Role::Ornament => {
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
            part.items.iter().for_each(|item| draw(surface, item, fonts));
            surface.end_tagged();
            None
        }
        Role::Figure(_) => {
            let leaf = surface.start_tagged(ContentTag::Other);
            part.items.iter().for_each(|item| draw(surface, item, fonts));
            surface.end_tagged();
            Some((part, vec![leaf.into()]))
        }
        Role::Heading | Role::Paragraph | Role::Term | Role::Detail => {
            let mut leaves = Vec::new();
            for item in &part.items {
                leaves.push(surface.start_tagged(ContentTag::Span(SpanTag::empty().with_lang(language))).into());
                draw(surface, item, fonts);
                surface.end_tagged();
            }
            Some((part, leaves))
        }
    }
}

/// The structure: a term with its details is an item of a list, everything else stands for itself.
fn tree(parts: Vec<(&Part, Vec<Node>)>) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    let mut list: Vec<Node> = Vec::new();
    let mut entry: Option<(Node, Vec<Node>)> = None;
    let close = |entry: &mut Option<(Node, Vec<Node>)>, list: &mut Vec<Node>| {
        if let Some((term, details)) = entry.take() {
            let body = TagGroup::with_children(Tag::LBody, details);
            list.push(TagGroup::with_children(Tag::LI, vec![term, body.into()]).into());
        }
    };
    for (part, leaves) in parts {
        let language = (part.language != "en").then(|| part.language.to_owned());
        let paragraph = |leaves| TagGroup::with_children(Tag::P.with_lang(language.clone()), leaves);
        match (&part.role, &mut entry) {
            (Role::Detail, Some((_, details))) => details.push(paragraph(leaves).into()),
            (Role::Term, _) => {
                close(&mut entry, &mut list);
                entry = Some((TagGroup::with_children(Tag::Lbl, leaves).into(), Vec::new()));
            }
            (role, _) => {
                close(&mut entry, &mut list);
                if !list.is_empty() {
                    tree.push(TagGroup::with_children(Tag::L(ListNumbering::None), std::mem::take(&mut list)));
                }
                tree.push(match role {
                    Role::Heading => TagGroup::with_children(Tag::Hn(NonZeroU16::MIN, Some(heard(part))), leaves),
                    Role::Figure(words) => TagGroup::with_children(Tag::Figure(Some(words.clone())), leaves),
                    _ => paragraph(leaves),
                });
            }
        }
    }
    close(&mut entry, &mut list);
    if !list.is_empty() {
        tree.push(TagGroup::with_children(Tag::L(ListNumbering::None), list));
    }
    tree
}

fn heard(part: &Part) -> String {
    part.items.iter().map(|item| if let Item::Text(text) = item { text.line.text() } else { String::new() }).collect()
}

fn draw(surface: &mut Surface<'_>, item: &Item, fonts: &[Option<Font>]) {
    match item {
        Item::Shape(shape) => {
            let Some(path) = path(&shape.steps) else { return };
            surface.set_fill(shape.fill.map(fill));
            surface.set_stroke(shape.stroke.map(|(colour, width)| Stroke { paint: paint(colour), width, ..Stroke::default() }));
            surface.draw_path(&path);
        }
        Item::Text(text) => write_line(surface, text, fonts),
    }
}

fn write_line(surface: &mut Surface<'_>, text: &Text, fonts: &[Option<Font>]) {
    surface.set_fill(Some(fill(text.colour)));
    surface.set_stroke(None);
    let mut x = text.x;
    for run in &text.line.runs {
        let (layer, glyphs) = layer(run);
        if let Some(font) = fonts.get(run.face as usize).cloned().flatten() {
            surface.draw_glyphs(Point::from_xy(x, text.y), &glyphs, font, &layer, text.size, false);
        }
        x += run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>() * text.size;
    }
}

/// The text behind the glyphs, and the glyphs. Characters of private use mean nothing to others, and PDF/A-3a refuses them.
fn layer(run: &Run) -> (String, Vec<KrillaGlyph>) {
    let is_private = |c: char| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..);
    let mut layer = String::new();
    // Where a byte of the run's text stands in the layer.
    let mut places = vec![0; run.text.len() + 1];
    for (at, c) in run.text.char_indices() {
        places[at] = layer.len();
        if is_private(c) { layer.push_str(UNKNOWN) } else { layer.push(c) }
    }
    places[run.text.len()] = layer.len();
    let glyph = |glyph: &super::lettering::Glyph| {
        let range = places[glyph.range.start]..places[glyph.range.end];
        KrillaGlyph::new(GlyphId::new(glyph.id), glyph.advance, glyph.dx, glyph.dy, 0.0, range, None)
    };
    let glyphs = run.glyphs.iter().map(glyph).collect();
    (layer, glyphs)
}

fn paint(Colour(red, green, blue): Colour) -> Paint {
    rgb::Color::new(red, green, blue).into()
}

fn fill(colour: Colour) -> Fill {
    Fill { paint: paint(colour), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
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
