//! What people see of a label: certificate, badge, QR code, press text and calendar file. All of it is made from the label's file and
//! the charter in it, by pure functions: dates are the label's, and the same file gives the same bytes. Nothing is verified here.
//!
//! A label of a demonstration says so on each of them.

mod badge;
mod calendar;
mod certificate;
mod code;
mod drawing;
mod facts;
mod guilloche;
mod layout;
mod lettering;
mod pdf;
mod press;
mod raster;
mod seal;
mod svg;
mod words;

#[cfg(test)]
mod tests;

use parangon_protocol::carrier;
use parangon_protocol::label::bundle::BundleError;

pub use code::{Code, PublicUrl};
pub use facts::{Agency, Facts};
pub use words::Language;

/// Pixels of a PNG badge's side.
pub const BADGE_SIZE: u16 = 600;

/// The least and the most of them.
pub const BADGE_SIZES: std::ops::RangeInclusive<u16> = 24..=4_096;

/// Why there is no carrier.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// Not a label's file.
    #[error("not a label file: {0}")]
    NoBundle(BundleError),
    /// A label's file that does not have what it names.
    #[error("the label file lacks its {0}")]
    Incomplete(&'static str),
    /// A language that carriers do not have.
    #[error("{0:?} is not a language of certificates: en, de, es or fr")]
    Language(String),
    /// A size that a badge cannot have.
    #[error("a badge is {} to {} pixels wide, not {size}", BADGE_SIZES.start(), BADGE_SIZES.end())]
    Size {
        /// What was asked for.
        size: u16,
    },
    /// An address that cannot stand on a certificate.
    #[error("{0:?} is no address for carriers: https:// and a host, without a path")]
    PublicUrl(String),
    /// The PDF could not be written as PDF/A-3a and PDF/UA-1.
    #[error("the certificate could not be written: {0}")]
    Pdf(String),
    /// The PNG could not be written.
    #[error("the badge could not be written: {0}")]
    Png(png::EncodingError),
}

/// How the carriers of one node, or of one call, are made.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Besides English; the country's own where it is absent.
    pub language: Option<Language>,
    /// Where people check labels.
    pub public_url: Option<PublicUrl>,
}

impl Settings {
    fn language(&self, facts: &Facts) -> Language {
        self.language.unwrap_or_else(|| facts.language())
    }

    /// The code of a label, with as many endorsers' signatures as version 16 holds. A very long name takes a larger version, without any.
    /// None of a label that has no code (protocol, "Carriers").
    #[must_use]
    pub fn code(&self, facts: &Facts) -> Option<Code> {
        let prefix = self.public_url.as_ref().map(PublicUrl::prefix).unwrap_or_default();
        [code::LARGEST, code::LARGEST_OF_ALL].into_iter().find_map(|version| {
            let room = code::room(version, &prefix)?;
            let digits = carrier::code::Code::of(&facts.chain, &facts.label, room).ok()?.to_digits();
            Code::new(version, &prefix, &digits)
        })
    }
}

/// The certificate as PDF/A-3a with PDF/UA-1, A4.
///
/// # Errors
/// [`CarrierError::Pdf`].
pub fn certificate_pdf(facts: &Facts, settings: &Settings) -> Result<Vec<u8>, CarrierError> {
    pdf::write(&certificate_drawing(facts, settings), facts)
}

/// The certificate as SVG, A4.
#[must_use]
pub fn certificate_svg(facts: &Facts, settings: &Settings) -> String {
    svg::write(&certificate_drawing(facts, settings), facts)
}

fn certificate_drawing(facts: &Facts, settings: &Settings) -> drawing::Drawing {
    certificate::draw(facts, settings.language(facts), settings.public_url.as_ref(), settings.code(facts).as_ref())
}

/// The badge as SVG.
#[must_use]
pub fn badge_svg(facts: &Facts) -> String {
    svg::write(&badge::draw(facts), facts)
}

/// The badge as PNG, `size` pixels wide.
///
/// # Errors
/// [`CarrierError::Size`] outside [`BADGE_SIZES`]; [`CarrierError::Png`].
pub fn badge_png(facts: &Facts, size: u16) -> Result<Vec<u8>, CarrierError> {
    if !BADGE_SIZES.contains(&size) {
        return Err(CarrierError::Size { size });
    }
    raster::write(&badge::draw(facts), facts, size)
}

/// A few sentences for the press, in one language.
#[must_use]
pub fn press(facts: &Facts, settings: &Settings) -> String {
    press::write(facts, settings.language(facts), settings.public_url.as_ref())
}

/// A reminder ninety days before the label's end, as a calendar file.
#[must_use]
pub fn reminder(facts: &Facts, settings: &Settings) -> String {
    calendar::write(facts, settings.language(facts))
}
