//! What a certificate says, from top to bottom.

use super::super::code::{Code, PublicUrl, QUIET};
use super::super::drawing::{Colour, Item, Part, Role, Shape, Step, circle, rectangle};
use super::super::facts::{Agency, Facts};
use super::super::layout::{Section, Type};
use super::super::lettering::Face;
use super::super::words::{ENGLISH, Language, Words, fill};
use super::super::{guilloche, seal};
use super::WIDTH;

/// Left edge and width of the text.
const LEFT: f32 = 72.0;
const MEASURE: f32 = WIDTH - 2.0 * LEFT;

/// Points of a millimetre.
const MM: f32 = 72.0 / 25.4;

/// Millimetres of a module: never less, or simple scanners fail; the code is no wider than this where it has few.
const LEAST_MODULE: f32 = 0.46;
const WIDEST_CODE: f32 = 38.0;

const EN: &Words = &ENGLISH;

/// One certificate's content at one scale.
pub(super) struct Sheet<'a> {
    pub(super) facts: &'a Facts,
    pub(super) local: Option<Language>,
    pub(super) url: Option<&'a PublicUrl>,
    pub(super) code: Option<&'a Code>,
    pub(super) scale: f32,
}

impl Sheet<'_> {
    fn kind(&self, face: Face, size: f32, colour: Colour) -> Type {
        Type::new(face, size * self.scale, colour)
    }

    fn gap(&self, height: f32) -> f32 {
        height * self.scale
    }

    /// English, then the other language in grey.
    fn both(&self, words: impl Fn(&'static Words) -> &'static str) -> Vec<(&'static str, &'static str, bool)> {
        let mut texts = vec![("en", words(EN), true)];
        if let Some(local) = self.local {
            texts.push((local.tag(), words(local.words()), false));
        }
        texts
    }

    /// The federation, what this is, and, of a demonstration, that it is one.
    pub(super) fn head(&self) -> Section {
        let mut section = Section::default();
        let facts = self.facts;
        if facts.demonstration {
            let mut strip = Section::default();
            let size = self.kind(Face::SansSemibold, 15.0, Colour::WHITE).tracked(0.3).centred();
            strip.space(self.gap(4.0));
            strip.text(Role::Paragraph, "en", "DEMONSTRATION", size, LEFT, MEASURE);
            for (language, text, _) in self.both(|words| words.demonstration) {
                strip.text(Role::Paragraph, language, text, self.kind(Face::Sans, 8.5, Colour::WHITE).centred(), LEFT, MEASURE);
            }
            strip.space(self.gap(6.0));
            let ground = rectangle(LEFT, 0.0, MEASURE, strip.height, 2.0);
            strip.parts.insert(0, Part::ornament(vec![Item::Shape(Shape::filled(ground, Colour::WARNING))]));
            section.beside(strip, 0.0);
            section.space(self.gap(12.0));
        }
        let federation = self.kind(Face::SansSemibold, 10.5, Colour::BLUE).tracked(0.05).centred();
        let federation = federation.fitted(&facts.federation_name, MEASURE, 2, 7.0 * self.scale);
        section.text(Role::Paragraph, "en", &facts.federation_name, federation, LEFT, MEASURE);
        section.space(self.gap(7.0));
        let title = self.kind(Face::Serif, 38.0, Colour::INK).tracked(0.015).centred().leading(1.12);
        section.text(Role::Heading, "en", EN.certificate, title, LEFT, MEASURE);
        if let Some(local) = self.local {
            let title = self.kind(Face::SerifItalic, 15.0, Colour::MUTED).centred();
            section.text(Role::Paragraph, local.tag(), local.words().certificate, title, LEFT, MEASURE);
        }
        section
    }

    /// The level in its ring.
    pub(super) fn seal(&self) -> Section {
        let level = self.facts.level;
        let (outer, inner, radius) = (self.gap(79.0), self.gap(54.0), self.gap(52.0));
        let (x, y) = (WIDTH / 2.0, outer);
        let colour = seal::colour(level);
        let mut items = Vec::new();
        for (steps, percent) in guilloche::ring(&self.facts.id.0, x, y, inner, outer, 9).into_iter().zip([70, 45]) {
            items.push(Item::Shape(Shape::stroked(steps, colour.tint(percent), 0.3)));
        }
        for (radius, weight) in [(outer + 1.6, 0.7), (outer, 0.25), (inner, 0.25)] {
            items.push(Item::Shape(Shape::stroked(circle(x, y, radius), colour, weight)));
        }
        items.push(Item::Shape(Shape::filled(circle(x, y, inner), Colour::WHITE)));
        let bars = seal::bars(level);
        let words = format!("Seal: {}, {bars} {}", Language::English.level(level), if bars == 1 { "bar" } else { "bars" });
        items.extend(seal::draw(level, level.as_str(), x, y, radius));
        Section { parts: vec![Part { role: Role::Figure(words), language: "en", items }], height: 2.0 * outer }
    }

    /// The cluster.
    pub(super) fn name(&self) -> Section {
        let mut section = Section::default();
        let facts = self.facts;
        let name = self.kind(Face::SerifSemibold, 30.0, Colour::INK).centred().leading(1.16);
        let name = name.fitted(&facts.cluster, MEASURE, 2, 19.0 * self.scale).fitted(&facts.cluster, MEASURE, 4, 11.0 * self.scale);
        section.text(Role::Paragraph, "en", &facts.cluster, name, LEFT, MEASURE);
        let country = Language::English.country(&facts.country);
        let place = facts.region.as_ref().map_or(country.clone(), |region| format!("{region}, {country}"));
        section.space(self.gap(2.0));
        section.text(Role::Paragraph, "en", &place, self.kind(Face::Sans, 10.5, Colour::MUTED).centred(), LEFT, MEASURE);
        section
    }

    /// What it was awarded.
    pub(super) fn award(&self) -> Section {
        let mut section = Section::default();
        let facts = self.facts;
        for (language, text, main) in self.both(|words| words.awarded) {
            let (size, colour) = if main { (13.0, Colour::INK) } else { (11.0, Colour::MUTED) };
            section.text(Role::Paragraph, language, text, self.kind(Face::SerifItalic, size, colour).centred(), LEFT, MEASURE);
        }
        section.space(self.gap(7.0));
        let scheme = self.kind(Face::Serif, 21.0, seal::colour(facts.level)).centred().leading(1.2);
        let scheme = scheme.fitted(&facts.scheme, MEASURE, 2, 10.0 * self.scale);
        section.text(Role::Paragraph, "en", &facts.scheme, scheme, LEFT, MEASURE);
        section.space(self.gap(3.0));
        let english = facts.level.as_str().to_owned();
        let local = self.local.map(|language| language.level(facts.level).to_uppercase()).filter(|local| *local != english);
        let level = local.map_or(english.clone(), |local| format!("{english}  ·  {local}"));
        let kind = self.kind(Face::SansSemibold, 13.0, seal::colour(facts.level)).tracked(0.22).centred();
        section.text(Role::Paragraph, "en", &level, kind, LEFT, MEASURE);
        section
    }

    /// Who awarded and who confirmed it, in two columns.
    pub(super) fn agencies(&self) -> Section {
        let mut section = Section::default();
        section.push(rule(), self.gap(11.0));
        let gutter = 26.0;
        let width = (MEASURE - gutter) / 2.0;
        let issuer = self.column(|words| words.issuer, std::slice::from_ref(&self.facts.issuer), LEFT, width);
        let y = section.height;
        section.beside(issuer, y);
        if !self.facts.endorsers.is_empty() {
            section.beside(self.column(|words| words.endorsers, &self.facts.endorsers, LEFT + width + gutter, width), y);
        }
        section
    }

    fn column(&self, term: impl Fn(&'static Words) -> &'static str, agencies: &[Agency], x: f32, width: f32) -> Section {
        let mut section = Section::default();
        self.term(&mut section, term, x, width);
        let size = if agencies.len() > 4 { 9.5 } else { 11.5 };
        for agency in agencies {
            let text = Language::English.agency(agency);
            let kind = self.kind(Face::Serif, size, Colour::INK).leading(1.28).fitted(&text, width, 2, 8.5 * self.scale);
            section.text(Role::Detail, "en", &text, kind, x, width);
            section.space(self.gap(1.5));
        }
        section
    }

    fn term(&self, section: &mut Section, term: impl Fn(&'static Words) -> &'static str, x: f32, width: f32) {
        let text = self.both(term).into_iter().map(|(_, text, _)| text).collect::<Vec<_>>().join("  ·  ");
        let kind = self.kind(Face::SansSemibold, 7.2, Colour::MUTED).tracked(0.05).fitted(&text, width, 1, 5.5 * self.scale);
        section.text(Role::Term, "en", &text, kind, x, width);
        section.space(self.gap(1.5));
    }

    /// Four facts in a row.
    pub(super) fn dates(&self) -> Section {
        let facts = self.facts;
        let mut section = Section::default();
        section.push(rule(), self.gap(11.0));
        let (y, gutter) = (section.height, 14.0);
        let width = (MEASURE - 3.0 * gutter) / 4.0;
        type Term = fn(&'static Words) -> &'static str;
        type Value<'a> = Box<dyn Fn(Language) -> String + 'a>;
        let columns: [(Term, Value<'_>); 4] = [
            (|words| words.assessed, Box::new(|language| language.month(facts.assessed))),
            (|words| words.issued, Box::new(|language| language.date(facts.issued))),
            (|words| words.valid_until, Box::new(|language| language.date(facts.valid_until.last_second()))),
            (|words| words.catalogue, Box::new(|_| facts.catalogue.clone())),
        ];
        let mut x = LEFT;
        for (term, value) in columns {
            let mut column = Section::default();
            self.term(&mut column, term, x, width);
            let english = value(Language::English);
            let kind = self.kind(Face::Serif, 12.0, Colour::INK).fitted(&english, width, 1, 7.5 * self.scale);
            column.text(Role::Detail, "en", &english, kind, x, width);
            if let Some((local, text)) = self.local.map(|local| (local, value(local))).filter(|(_, text)| *text != english) {
                let kind = self.kind(Face::Sans, 8.0, Colour::MUTED).fitted(&text, width, 1, 6.0 * self.scale);
                column.text(Role::Detail, local.tag(), &text, kind, x, width);
            }
            section.beside(column, y);
            x += width + gutter;
        }
        section
    }

    /// The code, and how to check.
    pub(super) fn check(&self) -> Section {
        let mut section = Section::default();
        section.push(rule(), self.gap(12.0));
        let y = section.height;
        let mut x = LEFT;
        if let Some(code) = self.code {
            // Its size follows the reading, not the sheet's scale.
            let module = MM * (WIDEST_CODE / code.modules()).clamp(LEAST_MODULE, 0.9);
            let side = module * code.modules();
            let items = vec![Item::Shape(Shape::filled(code.outline(x, 0.0, module), Colour::BLACK))];
            let part = Part { role: Role::Figure(EN.code.to_owned()), language: "en", items };
            section.beside(Section { parts: vec![part], height: side }, y);
            x += side + module * QUIET + 8.0;
        }
        let width = LEFT + MEASURE - x;
        let mut column = Section::default();
        for (language, text, main) in self.both(|words| words.check) {
            let (face, size, colour) = if main { (Face::SansSemibold, 9.0, Colour::INK) } else { (Face::Sans, 8.0, Colour::MUTED) };
            column.text(Role::Paragraph, language, text, self.kind(face, size, colour).leading(1.22), x, width);
        }
        column.space(self.gap(2.5));
        let page = self.url.map(PublicUrl::printed);
        let how =
            |words: &'static Words| page.as_ref().map_or(words.check_anywhere.to_owned(), |url| fill(words.check_at, &[("url", url)]));
        column.text(Role::Paragraph, "en", &how(EN), self.kind(Face::Sans, 7.8, Colour::INK), x, width);
        if let Some(local) = self.local {
            column.text(Role::Paragraph, local.tag(), &how(local.words()), self.kind(Face::Sans, 7.2, Colour::MUTED), x, width);
        }
        column.space(self.gap(4.0));
        let name = &self.facts.federation_name;
        for (language, text, main) in self.both(|words| words.known_by) {
            let (size, colour) = if main { (7.8, Colour::INK) } else { (7.2, Colour::MUTED) };
            column.text(Role::Paragraph, language, &fill(text, &[("federation", name)]), self.kind(Face::Sans, size, colour), x, width);
        }
        column.space(self.gap(2.0));
        self.words_of_the_federation(&mut column, x, width);
        column.space(self.gap(4.0));
        let short = format!("{} {}", EN.label_id, self.facts.short_id());
        column.text(Role::Paragraph, "en", &short, self.kind(Face::SansSemibold, 7.8, Colour::INK), x, width);
        let whole = self.facts.id.to_string();
        column.text(Role::Paragraph, "en", &whole, self.kind(Face::Sans, 6.4, Colour::MUTED), x, width);
        section.beside(column, y);
        section
    }

    /// Eight words on tinted ground.
    fn words_of_the_federation(&self, column: &mut Section, x: f32, width: f32) {
        let mut words = Section::default();
        words.space(self.gap(3.0));
        let text = self.facts.federation.words().replace('-', " ");
        let kind = self.kind(Face::SansSemibold, 10.0, Colour::BLUE).tracked(0.02).leading(1.35);
        words.text(Role::Paragraph, "en", &text, kind, x + 6.0, width - 12.0);
        words.space(self.gap(3.0));
        let ground = rectangle(x, 0.0, width, words.height, 2.0);
        words.parts.insert(0, Part::ornament(vec![Item::Shape(Shape::filled(ground, Colour::BLUE.tint(8)))]));
        let y = column.height;
        column.beside(words, y);
    }
}

fn rule() -> Part {
    let steps = vec![Step::Move(LEFT, 0.0), Step::Line(LEFT + MEASURE, 0.0)];
    Part::ornament(vec![Item::Shape(Shape::stroked(steps, Colour::BLUE.tint(45), 0.5))])
}
