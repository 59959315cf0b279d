//! What is stored about a person: every place of the agency's private items in which a name stands, and taking it out of those that are
//! under no signature. The text that is looked for, and what is found, go into the answer and nowhere else.

mod kinds;
mod person;
mod text;
mod walk;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use person::erase;

use super::{Context, Error};
use kinds::KINDS;
use text::Needle;

/// Letters and digits of what is looked for, at least.
const LETTERS: usize = 3;

/// Characters of it, at most.
const CHARS: usize = 200;

/// Whom, or what text, to look for.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// A name or another text, 3 letters at least; upper and lower case, and how letters are composed, make no difference.
    pub text: String,
}

/// A person whose name is to be taken out.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unwanted {
    /// The name or text.
    pub text: String,
    /// The same once more: it cannot be undone. Not needed for a dry run.
    #[serde(default)]
    pub confirm: Option<String>,
    /// Only say what would be changed.
    #[serde(default)]
    pub dry_run: bool,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
    }
}

impl std::fmt::Debug for Unwanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unwanted")
    }
}

/// One place where it stands. Confidential.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlaceView {
    /// Number of the kind of item; 0 for tokens.
    pub kind: u8,
    /// What that is.
    pub what: String,
    /// The item's id.
    pub id: String,
    /// Where in it: a JSON pointer.
    pub field: String,
    /// The text with a little around it.
    pub excerpt: String,
    /// Whether it can be taken out alone.
    pub free: bool,
    /// What has to be done where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
}

impl std::fmt::Debug for PlaceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlaceView({} {})", self.what, self.id)
    }
}

/// A kind of data that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptView {
    /// What.
    pub what: String,
    /// What for.
    pub why: String,
    /// How long.
    pub how_long: String,
}

/// What is stored about somebody. Confidential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccessView {
    /// Every place.
    pub places: Vec<PlaceView>,
    /// What could not be looked into, in words.
    pub unsearched: Vec<String>,
    /// What kinds of data are kept, why, and how long.
    pub kept: Vec<KeptView>,
}

/// What became of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErasedPersonView {
    /// Whether anything was changed.
    pub dry_run: bool,
    /// Places where `[erased]` stands now, or would.
    pub erased: Vec<PlaceView>,
    /// Places that go only as a whole, each with what has to be done.
    pub left: Vec<PlaceView>,
}

fn needle(text: &str) -> Result<Needle, Error> {
    let needle = Needle::new(text);
    if needle.letters() < LETTERS {
        return Err(Error::field("/text", format!("{LETTERS} letters or digits at least: less stands everywhere")));
    }
    if text.chars().count() > CHARS {
        return Err(Error::field("/text", format!("{CHARS} characters at most")));
    }
    Ok(needle)
}

/// Looks through everything that can be opened here.
///
/// # Errors
/// [`Error::Field`] for a text that is too short or too long; [`Error::Store`] or [`Error::Damaged`].
pub fn report(context: &Context, wanted: &Wanted) -> Result<AccessView, Error> {
    let needle = needle(&wanted.text)?;
    let tx = context.store().read()?;
    let places = walk::places(context, &tx, &needle)?;
    let charter = context.charter();
    let of = |kind: &kinds::Kind| KeptView {
        what: kind.what.to_owned(),
        why: kind.why.to_owned(),
        how_long: kind.kept.said(charter.retention.as_ref()),
    };
    let mut kept: Vec<KeptView> = KINDS.iter().map(of).collect();
    kept.push(KeptView {
        what: "token".to_owned(),
        why: "who or what may use the API, by the name that it was given".to_owned(),
        how_long: "until it is revoked".to_owned(),
    });
    Ok(AccessView { places, unsearched: unsearched(&tx)?, kept })
}

fn unsearched(tx: &crate::store::ReadTx) -> Result<Vec<String>, Error> {
    let waiting: u64 = tx.outbox_counts()?.into_iter().map(|(_, count)| count).sum();
    let mut said = vec![
        "backups: they hold what stood here when they were made, for 90 days at most".to_owned(),
        "what other agencies hold: ask them".to_owned(),
        "images, and texts that files of evidence keep packed, as PDF and XLSX do".to_owned(),
    ];
    if waiting > 0 {
        said.insert(0, format!("{waiting} messages that wait for other agencies: they are sealed to these"));
    }
    Ok(said)
}
