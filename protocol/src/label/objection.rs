//! What other members say against a label, in their own logs (protocol, "Objections").

use serde::{Deserialize, Serialize};

use crate::id::Hash;
use crate::limits;
use crate::time::Timestamp;

/// Why an agency objects, as a code: logs hold no free text about people or reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The endorser does not stand by this endorsement, which the label carries, any more.
    EndorsementWithdrawn(Hash),
    /// Counted by the conflict rules, an endorser should not have been one.
    ConflictOfInterest,
    /// Another rule of the level was not kept.
    RuleBroken,
    /// It rests on false statements.
    Misrepresentation,
}

impl Ground {
    /// Every code.
    pub const CODES: [&'static str; 4] = ["endorsement-withdrawn", "conflict-of-interest", "rule-broken", "misrepresentation"];

    /// The code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EndorsementWithdrawn(_) => Self::CODES[0],
            Self::ConflictOfInterest => Self::CODES[1],
            Self::RuleBroken => Self::CODES[2],
            Self::Misrepresentation => Self::CODES[3],
        }
    }

    /// The ground of this code. An endorsement is named with `endorsement-withdrawn`, and with no other.
    #[must_use]
    pub fn of(code: &str, endorsement: Option<Hash>) -> Option<Self> {
        match (Self::CODES.iter().position(|known| *known == code)?, endorsement) {
            (0, Some(endorsement)) => Some(Self::EndorsementWithdrawn(endorsement)),
            (1, None) => Some(Self::ConflictOfInterest),
            (2, None) => Some(Self::RuleBroken),
            (3, None) => Some(Self::Misrepresentation),
            _ => None,
        }
    }
}

/// What one record says. The label is the one in `about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub enum Objection {
    /// The agency objects.
    Raise {
        /// Why.
        ground: Ground,
        /// When: a claim.
        at: Timestamp,
    },
    /// It takes back what it said last.
    Lift {
        /// When: a claim.
        at: Timestamp,
    },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Raise,
    Lift,
}

/// The body of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    action: Action,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endorsement: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ground: Option<String>,
}

impl TryFrom<Text> for Objection {
    type Error = &'static str;

    fn try_from(text: Text) -> Result<Self, Self::Error> {
        let Text { action, at, endorsement, ground } = text;
        let said = match (action, ground) {
            (Action::Lift, None) if endorsement.is_none() => Some(Self::Lift { at }),
            (Action::Raise, Some(code)) => Ground::of(&code, endorsement).map(|ground| Self::Raise { ground, at }),
            _ => None,
        };
        said.ok_or("an objection has a ground, with its endorsement where one is withdrawn; what lifts it has neither")
    }
}

impl From<Objection> for Text {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Lift { at } => Self { action: Action::Lift, at, endorsement: None, ground: None },
            Objection::Raise { ground, at } => {
                let endorsement = if let Ground::EndorsementWithdrawn(endorsement) = ground { Some(endorsement) } else { None };
                Self { action: Action::Raise, at, endorsement, ground: Some(ground.code().to_owned()) }
            }
        }
    }
}

/// An objection that was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// Its index in the log of the agency that objects.
    pub index: u64,
    /// Why.
    pub ground: Ground,
    /// When, as that agency says.
    pub at: Timestamp,
    /// Index of the record that lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<u64>,
}

/// All that one log says against one label: at most [`limits::OBJECTIONS`] objections, of which the last one may stand. It
/// follows from that log alone, so that it is the same whenever the label and other logs arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Objections(Vec<Raised>);

impl Objections {
    /// Takes the log's next record about the label. Says whether it has an effect: none has an objection beside one that stands or
    /// beyond the limit, nor what lifts nothing.
    pub fn take(&mut self, index: u64, objection: &Objection) -> bool {
        let may_raise = self.may_raise();
        match (objection, self.0.last_mut().filter(|last| last.lifted.is_none())) {
            (Objection::Lift { .. }, Some(last)) => last.lifted = Some(index),
            (Objection::Raise { ground, at }, None) if may_raise => {
                self.0.push(Raised { index, ground: *ground, at: *at, lifted: None });
            }
            _ => return false,
        }
        true
    }

    /// The one that stands, by the records below `end`: what a log holds at or above its end has no effect.
    #[must_use]
    pub fn standing(&self, end: u64) -> Option<&Raised> {
        let last = self.0.iter().rev().find(|raised| raised.index < end)?;
        last.lifted.is_none_or(|lifted| lifted >= end).then_some(last)
    }

    /// Whether the log can still raise one when none stands.
    #[must_use]
    pub fn may_raise(&self) -> bool {
        self.0.len() < limits::OBJECTIONS
    }
}

#[cfg(test)]
mod tests;
