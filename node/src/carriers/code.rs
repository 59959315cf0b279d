//! The QR code: an address in bytes up to `#`, then digits (protocol, "Carriers").

use std::fmt;
use std::str::FromStr;

use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

use super::CarrierError;
use super::drawing::Step;

/// The largest version that prints well at the size of a certificate: 81 modules.
pub(super) const LARGEST: i16 = 16;

/// What a name of 200 characters outside the usual alphabets may take: 137 modules.
pub(super) const LARGEST_OF_ALL: i16 = 30;

/// White modules around a code.
pub(super) const QUIET: f32 = 4.0;

/// Where people check labels: `https://` and a host, perhaps with a port. Carriers print it and codes begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The page, as it is printed: `labels.example.eu/verify`.
    #[must_use]
    pub fn printed(&self) -> String {
        format!("{}/verify", self.0)
    }

    /// The page with what stands before a code's digits.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("https://{}/verify#", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = CarrierError;

    fn from_str(text: &str) -> Result<Self, CarrierError> {
        let refused = || CarrierError::PublicUrl(text.chars().take(80).collect());
        let place = text.strip_prefix("https://").ok_or_else(refused)?;
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
        let label = |label: &str| {
            let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        let fits =
            host.len() <= 100 && host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if fits { Ok(Self(place.to_owned())) } else { Err(refused()) }
    }
}

/// How many digits a version has room for at level M, behind an address of so many bytes.
pub(super) fn room(version: i16, prefix: &str) -> Option<usize> {
    let most = Bits::new(Version::Normal(version)).max_len(EcLevel::M).ok()?;
    let mut bits = Bits::new(Version::Normal(version));
    if !prefix.is_empty() {
        bits.push_byte_data(prefix.as_bytes()).ok()?;
    }
    bits.push_numeric_data(b"").ok()?;
    let rest = most.checked_sub(bits.len())?;
    // Ten bits hold three digits, seven two and four one.
    Some(rest / 10 * 3 + usize::from(rest % 10 >= 4) + usize::from(rest % 10 >= 7))
}

/// A code: its modules, row by row.
#[derive(Debug, Clone)]
pub struct Code {
    text: String,
    width: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The smallest code at level M, up to version `largest`, that holds `prefix` and `digits`.
    pub(super) fn new(largest: i16, prefix: &str, digits: &str) -> Option<Self> {
        (1..=largest).find_map(|version| {
            let version = Version::Normal(version);
            let mut bits = Bits::new(version);
            if !prefix.is_empty() {
                bits.push_byte_data(prefix.as_bytes()).ok()?;
            }
            bits.push_numeric_data(digits.as_bytes()).ok()?;
            bits.push_terminator(EcLevel::M).ok()?;
            let code = QrCode::with_bits(bits, EcLevel::M).ok()?;
            let (text, width) = (format!("{prefix}{digits}"), code.width());
            Some(Self { text, width, dark: code.into_colors().into_iter().map(|colour| colour == Color::Dark).collect() })
        })
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Modules of a side, without the white ones around.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // 137 at most
    pub fn modules(&self) -> f32 {
        self.width as f32
    }

    /// The dark modules as outlines, each `module` wide, from `x`, `y` on. Neighbours in a row are one outline: no hairlines between them.
    pub(super) fn outline(&self, x: f32, y: f32, module: f32) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut top = y;
        for row in self.dark.chunks(self.width) {
            let (mut left, mut start) = (x, None);
            for dark in row.iter().copied().chain([false]) {
                match (dark, start) {
                    (true, None) => start = Some(left),
                    (false, Some(from)) => {
                        let bottom = top + module;
                        let corners = [Step::Move(from, top), Step::Line(left, top), Step::Line(left, bottom), Step::Line(from, bottom)];
                        steps.extend(corners);
                        steps.push(Step::Close);
                        start = None;
                    }
                    _ => {}
                }
                left += module;
            }
            top += module;
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_and_a_host() {
        let url: PublicUrl = "https://labels.example.eu/".parse().expect("an address");
        assert_eq!((url.printed().as_str(), url.prefix().as_str()), ("labels.example.eu/verify", "https://labels.example.eu/verify#"));
        assert!("https://labels.example.eu:8443".parse::<PublicUrl>().is_ok());
        let bad = [
            "",
            "http://a.eu",
            "https://",
            "https://a.eu/x",
            "https://A.eu",
            "https://a..eu",
            "https://a.eu:0",
            "https://u@a.eu",
            "https://a.eu#",
        ];
        for bad in bad {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    /// ISO 18004: version 16 at level M holds 1,082 digits.
    #[test]
    fn the_smallest_version_is_taken_and_none_above_sixteen() {
        let modules = |prefix: &str, digits: usize| Code::new(LARGEST, prefix, &"7".repeat(digits)).map(|code| code.width);
        assert_eq!(modules("", 34), Some(21));
        assert_eq!(modules("", 35), Some(25));
        assert_eq!(modules("", 1082), Some(81));
        assert_eq!(modules("", 1083), None);
        assert_eq!(room(LARGEST, ""), Some(1082));
        let prefix = "https://labels.example.eu/verify#";
        let room = room(LARGEST, prefix).expect("room");
        assert_eq!((modules(prefix, room), modules(prefix, room + 1)), (Some(81), None));
    }
}
