//! The press text: a few sentences that are true as they stand.

use super::code::PublicUrl;
use super::facts::Facts;
use super::words::{Language, fill};

/// The text, one paragraph a line.
pub(super) fn write(facts: &Facts, language: Language, url: Option<&PublicUrl>) -> String {
    let words = &language.words().press;
    let endorsers: Vec<String> = facts.endorsers.iter().map(|agency| language.agency(agency)).collect();
    let mut lines = Vec::new();
    if facts.demonstration {
        lines.push(format!("DEMONSTRATION. {}", language.words().demonstration));
    }
    let mut first = fill(
        words.awarded,
        &[
            ("cluster", &facts.cluster),
            ("country", &language.country(&facts.country)),
            ("scheme", &facts.scheme),
            ("level", language.level(facts.level)),
            ("until", &language.date(facts.valid_until.last_second())),
            ("issuer", &language.agency(&facts.issuer)),
            ("issued", &language.date(facts.issued)),
            ("assessed", &language.month(facts.assessed)),
            ("catalogue", &facts.catalogue),
        ],
    );
    if !endorsers.is_empty() {
        let template = if endorsers.len() == 1 { words.endorsed_by_one } else { words.endorsed_by };
        first.push(' ');
        first.push_str(&fill(template, &[("endorsers", &language.list(&endorsers))]));
    }
    lines.push(first);
    lines.push(words.limits.to_owned());
    let page = url.map(ToString::to_string).map(|url| fill(words.place, &[("url", &format!("{url}/verify"))]));
    let place = page.as_deref().unwrap_or(words.any_place);
    let named = [("place", place), ("federation", facts.federation_name.as_str()), ("words", &facts.federation.words())];
    lines.push(fill(words.check, &named));
    lines.push(fill(words.id, &[("id", &facts.id.to_string())]));
    let mut text = lines.join("\n\n");
    text.push('\n');
    text
}
