//! The words of carriers, in four languages. Names are never translated; names of countries, levels and months are.

mod countries;
mod english;
mod french;
mod german;
mod spanish;

use std::fmt;
use std::str::FromStr;

use parangon_protocol::charter::Level;
use parangon_protocol::id::Country;
use parangon_protocol::time::{Month, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::CarrierError;
use super::facts::Agency;

pub(super) use english::WORDS as ENGLISH;

/// A language of carriers. A certificate has English and, where it is another one, this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// French.
    #[serde(rename = "fr")]
    French,
}

/// What carriers say in one language. Braces name what is filled in.
pub(super) struct Words {
    pub(super) certificate: &'static str,
    pub(super) awarded: &'static str,
    pub(super) issuer: &'static str,
    pub(super) endorsers: &'static str,
    pub(super) assessed: &'static str,
    pub(super) issued: &'static str,
    pub(super) valid_until: &'static str,
    pub(super) catalogue: &'static str,
    pub(super) check: &'static str,
    /// `{url}`
    pub(super) check_at: &'static str,
    pub(super) check_anywhere: &'static str,
    /// `{federation}`
    pub(super) known_by: &'static str,
    pub(super) label_id: &'static str,
    pub(super) code: &'static str,
    pub(super) demonstration: &'static str,
    pub(super) levels: [&'static str; 3],
    pub(super) months: [&'static str; 12],
    /// `{day}`, `{month}`, `{year}`
    pub(super) date: &'static str,
    /// `{month}`, `{year}`
    pub(super) month: &'static str,
    /// Between the last two of several.
    pub(super) and: &'static str,
    pub(super) press: Press,
    pub(super) reminder: Reminder,
}

/// The press text.
pub(super) struct Press {
    /// `{cluster}`, `{country}`, `{scheme}`, `{level}`, `{until}`, `{issuer}`, `{issued}`, `{assessed}`, `{catalogue}`
    pub(super) awarded: &'static str,
    /// `{endorsers}`, one of them.
    pub(super) endorsed_by_one: &'static str,
    /// `{endorsers}`, several.
    pub(super) endorsed_by: &'static str,
    pub(super) limits: &'static str,
    /// `{place}`, `{federation}`, `{words}`
    pub(super) check: &'static str,
    /// `{url}`
    pub(super) place: &'static str,
    pub(super) any_place: &'static str,
    /// `{id}`
    pub(super) id: &'static str,
}

/// The calendar file.
pub(super) struct Reminder {
    /// `{cluster}`, `{level}`, `{until}`
    pub(super) summary: &'static str,
    /// `{cluster}`, `{scheme}`, `{level}`, `{until}`, `{issuer}`, `{id}`
    pub(super) description: &'static str,
}

impl Language {
    pub(super) const ALL: [Self; 4] = [Self::English, Self::German, Self::Spanish, Self::French];

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
        }
    }

    /// The one of these in which a country's administration writes; English for all others.
    #[must_use]
    pub fn of(country: &str) -> Self {
        match country {
            "DE" | "AT" | "CH" | "LI" => Self::German,
            "ES" | "AD" | "MX" => Self::Spanish,
            "FR" | "BE" | "LU" | "MC" => Self::French,
            _ => Self::English,
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::German => &german::WORDS,
            Self::Spanish => &spanish::WORDS,
            Self::French => &french::WORDS,
        }
    }

    pub(super) fn level(self, level: Level) -> &'static str {
        let [bronze, silver, gold] = self.words().levels;
        match level {
            Level::Bronze => bronze,
            Level::Silver => silver,
            Level::Gold => gold,
        }
    }

    pub(super) fn country(self, country: &Country) -> String {
        let names = countries::NAMES.iter().find(|(code, _)| *code == country.as_str());
        names.map_or_else(|| country.as_str().to_owned(), |(_, names)| names[self as usize].to_owned())
    }

    fn month_name(self, month: Month) -> &'static str {
        self.words().months[usize::from(month.month().clamp(1, 12)) - 1]
    }

    /// `March 2026`.
    pub(super) fn month(self, month: Month) -> String {
        fill(self.words().month, &[("month", self.month_name(month)), ("year", &month.year().to_string())])
    }

    /// `1 March 2026`, in UTC.
    pub(super) fn date(self, at: Timestamp) -> String {
        let month = at.month();
        let number = at.since(month.first_second()) / 86_400 + 1;
        let day = if self == Self::French && number == 1 { "1er".to_owned() } else { number.to_string() };
        fill(self.words().date, &[("day", &day), ("month", self.month_name(month)), ("year", &month.year().to_string())])
    }

    /// `Barcelona agency (Spain)`.
    pub(super) fn agency(self, agency: &Agency) -> String {
        format!("{} ({})", agency.name, self.country(&agency.country))
    }

    /// `A, B and C`.
    pub(super) fn list(self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} {} {last}", first.join(", "), self.words().and),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = CarrierError;

    fn from_str(text: &str) -> Result<Self, CarrierError> {
        let found = Self::ALL.into_iter().find(|language| language.tag() == text);
        found.ok_or_else(|| CarrierError::Language(text.chars().take(40).collect()))
    }
}

/// The template with its braces filled in. What is filled in is not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::with_capacity(template.len() * 2), template);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
