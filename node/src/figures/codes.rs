//! Code lists: the words of our own columns, SDMX's cross-domain lists for status, and identifiers that SDMX allows.

use std::fmt::Write;

use parangon_protocol::charter::CatalogueRef;

use super::{Dataset, Group, Observation, Reason, Status};

/// A code with its meaning.
pub(super) type Code = (&'static str, &'static str);

/// Observation status: SDMX cross-domain list CL_OBS_STATUS, as Eurostat uses it. Figures have A, D, E and Q.
pub(super) const OBS_STATUS: [Code; 18] = [
    ("A", "Normal value"),
    ("B", "Time series break"),
    ("D", "Definition differs"),
    ("E", "Estimated value"),
    ("F", "Forecast value"),
    ("G", "Experimental value"),
    ("I", "Value imputed by a receiving agency"),
    ("K", "Data included in another category"),
    ("L", "Missing value; data exist but were not collected"),
    ("M", "Missing value; data cannot exist"),
    ("N", "Not significant"),
    ("O", "Missing value"),
    ("P", "Provisional value"),
    ("Q", "Missing value; suppressed"),
    ("S", "Strike and other special events"),
    ("U", "Low reliability"),
    ("V", "Unvalidated value"),
    ("W", "Includes data from another category"),
];

/// Confidentiality status: SDMX cross-domain list CL_CONF_STATUS, as Eurostat uses it. Figures have A, C, D and F.
pub(super) const CONF_STATUS: [Code; 12] = [
    ("A", "Primary confidentiality due to small counts"),
    ("C", "Confidential statistical information"),
    ("D", "Secondary confidentiality set by the sender, not for publication"),
    ("E", "Not for publication until the embargo time elapses, free after it"),
    ("F", "Free (free for publication)"),
    ("G", "Primary confidentiality due to dominance by one or two units"),
    ("M", "Primary confidentiality based on other measures of concentration"),
    ("N", "Not for publication, restricted for internal use only"),
    ("O", "Primary confidentiality due to dominance by one unit"),
    ("S", "Secondary confidentiality set and managed by the receiver, not for publication"),
    ("T", "Primary confidentiality due to dominance by two units"),
    ("X", "Confidentiality due to military secrecy"),
];

/// What the column `status` says.
pub(super) fn status_meaning(status: Status) -> &'static str {
    match status {
        Status::Exact => "count is the true number",
        Status::AtLeast => "count is the sum of those who publish; others hide theirs: the true number is count to upper",
        Status::Perturbed => "noise was added: the true number is lower to upper",
        Status::Hidden => "no number is published, or only zeros of some agencies: the true number is lower to upper",
    }
}

/// What the column `reasons` says.
pub(super) fn reason_meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::Population => "the agency has fewer clusters than the minimum",
        Reason::Small => "a cell of the row is too small; it is hidden, and those that would give it away",
        Reason::Group => "the whole row is hidden: it would tell the level of every cluster of a group, or no part of it is safe",
        Reason::Derivable => "the whole row is hidden: other published figures would give it away",
        Reason::Pool => "the agency is in a pool whose total cannot be published",
    }
}

/// The observation status of a row.
pub(super) fn obs_status(row: &Observation) -> &'static str {
    match row.status() {
        Status::Exact => "A",
        Status::AtLeast => "D",
        Status::Perturbed => "E",
        Status::Hidden => "Q",
    }
}

/// The confidentiality status of a row: of what is shown F; of what is hidden by one reason that reason's, else C.
pub(super) fn conf_status(row: &Observation) -> &'static str {
    match (row.count, row.reasons.as_slice()) {
        (Some(_), _) => "F",
        (None, [Reason::Population]) => "A",
        (None, [Reason::Derivable]) => "D",
        // Which cells of a row are small and which only protect them is kept back.
        (None, _) => "C",
    }
}

/// The code of a level in SDMX.
pub(super) fn level(level: Option<u8>) -> String {
    level.map_or_else(|| "_U".to_owned(), |level| format!("L{level}"))
}

/// The code of a group in SDMX: total and other by the conventions of its content guidelines.
pub(super) fn group(group: &Group) -> String {
    match group {
        Group::All => "_T".to_owned(),
        Group::Value(value) => identifier(value.as_str()),
        Group::Rest => "_O".to_owned(),
    }
}

/// The code of an indicator in SDMX: `4.1.3` is `I4_1_3`. Its own codes have no underscore, so two never meet.
pub(super) fn indicator(code: &str) -> String {
    format!("I{}", code.replace('.', "_"))
}

/// A text as an identifier of SDMX: letters and digits of ASCII and `-` as they are, everything else, and a first character
/// that is no letter, as its code point between underscores. Two texts never become one, and no spreadsheet runs it as a formula.
pub(super) fn identifier(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if c.is_ascii_alphabetic() || (at > 0 && (c.is_ascii_digit() || c == '-')) {
            out.push(c);
        } else {
            let _ = write!(out, "_{:x}_", u32::from(c));
        }
    }
    out
}

/// The code of a catalogue: its id; with the start of its hash where another text of the same id is in the table.
pub(super) fn catalogue(data: &Dataset, reference: &CatalogueRef) -> String {
    let several = data.catalogues().iter().filter(|info| info.reference.id == reference.id).count() > 1;
    let id = reference.id.to_string();
    if several { format!("{id}-{}", &reference.hash.to_string()[..8]) } else { id }
}
