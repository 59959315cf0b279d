//! Regions as Eurostat numbers them: a NUTS code means something only with the version of the classification.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::Country;

/// The versions of the classification, by the year that names them.
pub const VERSIONS: [u16; 8] = [2003, 2006, 2008, 2010, 2013, 2016, 2021, 2024];

/// Why a text is no NUTS region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NutsError {
    /// Another form.
    #[error("a NUTS code is the country and one to three of 0-9 and A-Z, such as DE11")]
    Code,
    /// No version, or one that does not exist.
    #[error("the version of NUTS is one of 2003, 2006, 2008, 2010, 2013, 2016, 2021 and 2024, such as DE11/2024")]
    Version,
    /// A region of another country than the cluster's.
    #[error("{code} is not in {country}")]
    Country {
        /// The code.
        code: String,
        /// The cluster's country.
        country: Country,
    },
}

/// A NUTS region of one version of the classification. Whether the classification lists the code is left to those who
/// draw maps: its lists change, and a code that was good once must not be lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Nuts {
    code: String,
    version: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    version: u16,
}

impl TryFrom<Written> for Nuts {
    type Error = NutsError;
    fn try_from(written: Written) -> Result<Self, NutsError> {
        Self::new(&written.code, written.version)
    }
}

impl Nuts {
    /// A region of this code in that version.
    ///
    /// # Errors
    /// [`NutsError::Code`] or [`NutsError::Version`].
    pub fn new(code: &str, version: u16) -> Result<Self, NutsError> {
        let (country, rest) = code.split_at_checked(2).ok_or(NutsError::Code)?;
        let fits = country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=3).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        match (fits, VERSIONS.contains(&version)) {
            (false, _) => Err(NutsError::Code),
            (true, false) => Err(NutsError::Version),
            (true, true) => Ok(Self { code: code.to_owned(), version }),
        }
    }

    /// The code, such as `DE11`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The year that names the version.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Whether it lies in `country`. Eurostat writes EL and UK where ISO 3166 has GR and GB.
    ///
    /// # Errors
    /// [`NutsError::Country`].
    pub fn check_country(&self, country: &Country) -> Result<(), NutsError> {
        let prefix = match country.as_str() {
            "GR" => "EL",
            "GB" => "UK",
            other => other,
        };
        if self.code.starts_with(prefix) { Ok(()) } else { Err(NutsError::Country { code: self.code.clone(), country: country.clone() }) }
    }
}

impl fmt::Display for Nuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code, self.version)
    }
}

impl FromStr for Nuts {
    type Err = NutsError;
    fn from_str(text: &str) -> Result<Self, NutsError> {
        let (code, version) = text.split_once('/').ok_or(NutsError::Version)?;
        Self::new(code, version.parse().map_err(|_| NutsError::Version)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_needs_its_version_and_its_country() {
        let read = |text: &str| text.parse::<Nuts>();
        assert_eq!(read("DE11/2024").map(|nuts| (nuts.code().to_owned(), nuts.version())), Ok(("DE11".to_owned(), 2024)));
        for bad in ["", "DE", "DE1111", "de11", "D11", "ÄB1", "DE1!"] {
            assert_eq!(Nuts::new(bad, 2024), Err(NutsError::Code), "{bad}");
        }
        for bad in ["DE11", "DE11/2023", "DE11/", "DE11/x", "DE11/20240"] {
            assert_eq!(read(bad), Err(NutsError::Version), "{bad}");
        }
        let within = |code: &str, country: &str| Nuts::new(code, 2024).and_then(|n| n.check_country(&country.parse().expect("a country")));
        assert_eq!(within("EL30", "GR"), Ok(()));
        assert_eq!(within("UKI3", "GB"), Ok(()));
        assert_eq!(within("DE11", "DE"), Ok(()));
        assert!(matches!(within("FRK2", "DE"), Err(NutsError::Country { .. })));
        let json = r#"{"code":"DE11","version":2024}"#;
        assert_eq!(serde_json::to_string(&read("DE11/2024").expect("read")).ok().as_deref(), Some(json));
        assert!(serde_json::from_str::<Nuts>(r#"{"code":"DE11","version":2000}"#).is_err());
    }
}
