//! What people see of a label: certificate, badge, press text and reminder, also of other agencies' labels.

use parangon_protocol::label::status::State;

use super::super::{Context, Error, register};
use super::{bundle, parse_id};
use crate::carriers::{self, CarrierError, Facts, Language, Settings};

/// A certificate's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// PDF/A-3a and PDF/UA-1.
    Pdf,
    /// SVG.
    Svg,
}

/// What the label says, unless it was taken back: nothing is made that says it holds.
fn facts(context: &Context, id: &str) -> Result<Facts, Error> {
    let id = parse_id(id)?;
    let state = register::row(&context.store().read()?, &id)?.label.state;
    if matches!(state, State::Withdrawn | State::Suspended) {
        return Err(Error::State { what: "label", state: state.as_str().into(), needed: "nothing is made that says it holds" });
    }
    Facts::read(&bundle(context, &id)?).map_err(refused)
}

fn settings(context: &Context, language: Option<Language>) -> Settings {
    Settings { language, public_url: context.policy().public_url.clone() }
}

/// What was asked for wrongly is the caller's; that our own label cannot be drawn is not.
fn refused(error: CarrierError) -> Error {
    match error {
        CarrierError::Size { .. } => Error::field("size", error),
        CarrierError::Language(_) => Error::field("language", error),
        error => {
            tracing::error!(%error, "a label cannot be drawn");
            Error::Damaged { what: "label" }
        }
    }
}

/// The certificate, and a name for its file.
///
/// # Errors
/// [`Error::NotFound`] when the label is not known here; [`Error::State`] when it was withdrawn or suspended; [`Error::Damaged`] when the store cannot give what it holds.
pub fn certificate(context: &Context, id: &str, form: Certificate, language: Option<Language>) -> Result<(Vec<u8>, String), Error> {
    let (facts, settings) = (facts(context, id)?, settings(context, language));
    let (bytes, ending) = match form {
        Certificate::Pdf => (carriers::certificate_pdf(&facts, &settings).map_err(refused)?, "pdf"),
        Certificate::Svg => (carriers::certificate_svg(&facts, &settings).into_bytes(), "svg"),
    };
    Ok((bytes, format!("{}.certificate.{ending}", facts.file_stem())))
}

/// The badge, as PNG where a size in pixels is given and as SVG otherwise, and a name for its file.
///
/// # Errors
/// As [`certificate`]; [`Error::Field`] for a size that a badge cannot have.
pub fn badge(context: &Context, id: &str, size: Option<u16>) -> Result<(Vec<u8>, String), Error> {
    let facts = facts(context, id)?;
    let (bytes, ending) = match size {
        Some(size) => (carriers::badge_png(&facts, size).map_err(refused)?, "png"),
        None => (carriers::badge_svg(&facts).into_bytes(), "svg"),
    };
    Ok((bytes, format!("{}.badge.{ending}", facts.file_stem())))
}

/// A few sentences for the press.
///
/// # Errors
/// As [`certificate`].
pub fn press(context: &Context, id: &str, language: Option<Language>) -> Result<(Vec<u8>, String), Error> {
    let facts = facts(context, id)?;
    Ok((carriers::press(&facts, &settings(context, language)).into_bytes(), format!("{}.press.txt", facts.file_stem())))
}

/// A calendar file that reminds of the label's end.
///
/// # Errors
/// As [`certificate`].
pub fn reminder(context: &Context, id: &str, language: Option<Language>) -> Result<(Vec<u8>, String), Error> {
    let facts = facts(context, id)?;
    Ok((carriers::reminder(&facts, &settings(context, language)).into_bytes(), format!("{}.reminder.ics", facts.file_stem())))
}
