//! How the figures are cited: in words, as BibTeX and as CSL-JSON.

use serde_json::json;

use super::{Dataset, FiguresError};

/// In a sentence, with what finds exactly these figures again.
pub(super) fn words(data: &Dataset) -> String {
    let about = data.about();
    format!(
        "{} ({}): {}. As of {}, {}. Federation {}. {}.",
        about.federation,
        year(data),
        data.title(),
        day(data),
        data.coverage_words(),
        about.fingerprint,
        about.licence.spdx
    )
}

/// The day that the figures are about, `2026-09-30`.
pub(super) fn day(data: &Dataset) -> String {
    data.about().as_of.to_string().chars().take(10).collect()
}

fn year(data: &Dataset) -> u16 {
    data.about().as_of.month().year()
}

/// A name for the reference: letters and digits only.
fn key(data: &Dataset) -> String {
    format!("parangon-{}-{}", &data.about().fingerprint.to_string()[..8], day(data))
}

/// BibTeX.
pub(super) fn bibtex(data: &Dataset) -> String {
    let about = data.about();
    format!(
        "@misc{{{},\n  author = {{{{{}}}}},\n  title = {{{{{}}}}},\n  year = {{{}}},\n  note = {{As of {}, {}. Federation {}. {}}}\n}}\n",
        key(data),
        tex(about.federation.as_str()),
        tex(&data.title()),
        year(data),
        day(data),
        tex(&data.coverage_words()),
        about.fingerprint,
        about.licence.spdx
    )
}

/// What TeX would take for a command is written as a letter.
fn tex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' => out.push_str("\\{"),
            '}' => out.push_str("\\}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// CSL-JSON, as citation managers read it.
pub(super) fn csl(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let about = data.about();
    let date: Vec<u32> = day(data).split('-').filter_map(|part| part.parse().ok()).collect();
    let entry = json!([{
        "id": key(data),
        "type": "dataset",
        "title": data.title(),
        "author": [{ "literal": about.federation.as_str() }],
        "issued": { "date-parts": [date] },
        "number": about.fingerprint.to_string(),
        "note": format!("As of {}, {}", day(data), data.coverage_words()),
        "license": about.licence.url,
    }]);
    let mut text = serde_json::to_vec_pretty(&entry)?;
    text.push(b'\n');
    Ok(text)
}
