//! The constitution: who is a member, with which rights, under which rules. Rules are data here; the code that
//! applies them lives with what they rule (protocol, "Charter").

mod amendment;
mod card;
mod chain;
mod counting;
mod difference;
mod disclosure;
mod error;
mod refounding;
mod rekeying;
mod resumption;
mod retention;
mod revision;
mod template;
mod tie;
mod vote;

use serde::{Deserialize, Serialize};

pub use amendment::{Amendment, AmendmentError, Standing};
pub use card::{CardBody, CardError, MemberCard, peer_id};
pub use chain::{Chain, ChainError, ChainText, Entitlement, Founding, FoundingSignature};
pub use counting::Counting;
pub use difference::{Difference, differences};
pub use disclosure::{BASES, Disclosure, Noise, PoolRule};
pub use error::CharterError;
pub use refounding::{FormerHead, Refounding};
pub use rekeying::{Rekeying, RekeyingError};
pub use resumption::{Resumption, ResumptionError};
pub use retention::Retention;
pub use revision::{Consent, Revision};
pub use template::{bundled_catalogues, demo_scheme, ecei_scheme};
pub use tie::{Tie, Tied};
pub use vote::{Ballot, LastHead, Vote, voices, voices_needed};

use crate::assessment::{EligibilityRule, Requirements};
use crate::canonical;
use crate::id::{AgencyId, CatalogueId, Country, Fingerprint, Hash, Name, SchemeId};
use crate::keys::{PublicKey, Purpose, SecretKey, Signature};
use crate::limits;
use crate::log::quorum::Witnesses;
use crate::time::{Month, Timestamp};

/// The three levels, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// A benchmark interview.
    Bronze,
    /// Proven improvement.
    Silver,
    /// Excellence, reviewed on site.
    Gold,
}

impl Level {
    /// `BRONZE`, `SILVER` or `GOLD`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bronze => "BRONZE",
            Self::Silver => "SILVER",
            Self::Gold => "GOLD",
        }
    }
}

impl std::str::FromStr for Level {
    type Err = crate::id::NameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_uppercase().as_str() {
            "BRONZE" => Ok(Self::Bronze),
            "SILVER" => Ok(Self::Silver),
            "GOLD" => Ok(Self::Gold),
            _ => Err(Self::Err { text: text.chars().take(40).collect(), kind: "a level", rule: "bronze, silver or gold" }),
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One version of the federation's rules. Its canonical text is what members sign; version 1's hash is the
/// fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// 1 for the founding document, one more for each amendment.
    pub version: u32,
    /// Hash of the version before; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Hash>,
    /// The federation's name.
    pub name: Name,
    /// When it was drafted: a claim.
    pub created: Timestamp,
    /// After this month it is stale: warned about, never a lock-out.
    pub review_by: Month,
    /// A federation for trying things out. Its labels say so everywhere and no real node trusts it.
    pub demonstration: bool,
    /// The agencies, sorted by id.
    pub members: Vec<Member>,
    /// The label systems.
    pub schemes: Vec<Scheme>,
    /// The catalogues in force, by hash.
    pub catalogues: Vec<CatalogueRef>,
    /// Who may review whom.
    pub conflicts: ConflictRules,
    /// What a statistics release must hide.
    pub disclosure: Disclosure,
    /// How long members keep what is confidential; without it no period is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Days after which a status is too old for a verdict of *valid*.
    pub status_max_age_days: u32,
    /// The federation that this one continues. It stays as it was founded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refounds: Option<Box<Refounding>>,
    /// Identity keys that were announced for members and wait, by agency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rekeyings: Vec<Rekeying>,
    /// Epochs of logs that the members declared over, by agency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumptions: Vec<Resumption>,
    /// Ties that members declared, by agency and by what each is tied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<Tie>,
}

/// One agency in the charter. Operational keys are not here: they are records in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its slug.
    pub id: AgencyId,
    /// Its name as printed on labels.
    pub name: Name,
    /// Where it is.
    pub country: Country,
    /// The body above it, if any: agencies under one parent count once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Name>,
    /// What it may issue.
    pub rights: Vec<Right>,
    /// The offline key that signs its key sets and votes.
    pub identity: PublicKey,
    /// Hash of the identity key that follows when this one is lost.
    pub successor: Hash,
    /// Multiaddresses with a PeerId: hints where to dial first.
    pub contacts: Vec<String>,
}

/// Leave to issue some levels of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Which scheme.
    pub scheme: SchemeId,
    /// Which of its levels.
    pub levels: Vec<Level>,
}

/// A label system: what each level takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Its slug.
    pub id: SchemeId,
    /// Its name as printed on labels.
    pub name: Name,
    /// One rule a level.
    pub rules: Vec<LevelRule>,
}

/// What one level of a scheme takes (protocol, "Label rules").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelRule {
    /// The level.
    pub level: Level,
    /// The catalogue its assessments use.
    pub catalogue: CatalogueId,
    /// How many agencies must endorse.
    pub reviewers: u8,
    /// How many of them from another country than the owner's.
    pub foreign: u8,
    /// What scores must amount to.
    pub requirements: Requirements,
    /// What the cluster must be.
    pub eligibility: EligibilityRule,
    /// Months of a first award, counted from the month of the assessment.
    pub first_months: u16,
    /// Months added to the previous expiry by a renewal.
    pub renewal_months: u16,
    /// Months after expiry within which an assessment still renews.
    pub renewal_window_months: u16,
    /// A level that must have been held before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Level>,
    /// How long after that one's assessment a first award of this level is assessed. Absent: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor_months: Option<MonthSpan>,
}

/// A number of calendar months, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthSpan {
    /// The least.
    pub from: u16,
    /// The most.
    pub to: u16,
}

impl MonthSpan {
    /// Whether that many months lie in it.
    #[must_use]
    pub fn contains(self, months: i32) -> bool {
        (i32::from(self.from)..=i32::from(self.to)).contains(&months)
    }
}

/// A catalogue by name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRef {
    /// SHA-256 of its canonical text.
    pub hash: Hash,
    /// Its name.
    pub id: CatalogueId,
}

/// Who may review whom (protocol, "Label rules").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictRules {
    /// Whether a label needs a draw of its reviewers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
    /// Months within which two agencies should not review each other.
    pub swap_months: u16,
    /// With fewer eligible agencies than this a swap is allowed and shown.
    pub swap_floor: u8,
    /// Months a declared tie weighs after it ended.
    pub tie_months: u16,
}

impl Charter {
    /// Reads and checks a charter's canonical text.
    ///
    /// # Errors
    /// Everything in [`CharterError`] but signatures.
    pub fn read(text: &[u8]) -> Result<Self, CharterError> {
        let charter: Self = canonical::decode(text, limits::DOCUMENT_BYTES)?;
        charter.check()?;
        Ok(charter)
    }

    /// Its canonical text.
    ///
    /// # Errors
    /// [`CharterError::Canonical`] when a field cannot be written.
    pub fn to_text(&self) -> Result<Vec<u8>, CharterError> {
        Ok(canonical::encode(self, limits::DOCUMENT_BYTES)?)
    }

    /// SHA-256 of its text.
    ///
    /// # Errors
    /// [`CharterError::Canonical`] when a field cannot be written.
    pub fn hash(&self) -> Result<Hash, CharterError> {
        Ok(Hash::of(&[&self.to_text()?]))
    }

    /// Consent of a founder: the identity key signs the text.
    ///
    /// # Errors
    /// [`CharterError::Canonical`] when a field cannot be written.
    pub fn sign(&self, identity: &SecretKey) -> Result<Signature, CharterError> {
        let text = self.to_text()?;
        Ok(identity.sign(Purpose::Charter, &Fingerprint(Hash::of(&[&text])), &text))
    }

    /// The member of that id.
    #[must_use]
    pub fn member(&self, id: &AgencyId) -> Option<&Member> {
        self.members.binary_search_by(|member| member.id.cmp(id)).ok().map(|at| &self.members[at])
    }

    /// The rule of a level.
    #[must_use]
    pub fn rule(&self, scheme: &SchemeId, level: Level) -> Option<&LevelRule> {
        self.schemes.iter().find(|s| &s.id == scheme)?.rules.iter().find(|rule| rule.level == level)
    }

    /// The catalogue of that name, by content.
    #[must_use]
    pub fn catalogue(&self, id: &CatalogueId) -> Option<&CatalogueRef> {
        self.catalogues.iter().find(|catalogue| &catalogue.id == id)
    }

    /// What counts as one voice: the parent's name, or the agency itself.
    #[must_use]
    pub fn group(&self, id: &AgencyId) -> String {
        match self.member(id).and_then(|member| member.parent.as_ref()) {
            Some(parent) => format!("parent {parent}"),
            None => id.to_string(),
        }
    }

    /// Who watches a log: all other members, agencies under one parent counted once.
    #[must_use]
    pub fn witnesses(&self, owner: &AgencyId) -> Witnesses {
        Witnesses::new(owner, self.members.iter().map(|member| (member.id.clone(), member.parent.as_ref().map(ToString::to_string))))
    }

    fn check(&self) -> Result<(), CharterError> {
        if (self.version == 1) == self.previous.is_some() || self.version == 0 {
            return Err(CharterError::Version { version: self.version, previous: self.previous.is_some() });
        }
        if self.members.is_empty() || self.members.len() > limits::MEMBERS {
            return Err(CharterError::MemberCount { count: self.members.len() });
        }
        if let Some(pair) = self.members.windows(2).find(|pair| pair[0].id >= pair[1].id) {
            return Err(CharterError::MemberOrder(pair[1].id.clone()));
        }
        let mut keys = std::collections::HashSet::new();
        for member in &self.members {
            if !keys.insert(member.identity.hash()) || !keys.insert(member.successor) {
                return Err(CharterError::SharedKey(member.id.clone()));
            }
            if let Some(right) = member.rights.iter().find(|right| self.schemes.iter().all(|s| s.id != right.scheme)) {
                return Err(CharterError::UnknownScheme(right.scheme.clone()));
            }
        }
        self.check_rules()?;
        self.has_sound_rekeyings().map_err(CharterError::Rekeying)?;
        self.has_sound_resumptions().map_err(CharterError::Resumption)?;
        self.has_sound_ties().map_err(CharterError::Tie)?;
        if self.refounds.as_ref().is_some_and(|former| !former.is_well_formed()) {
            return Err(CharterError::Refounding);
        }
        self.retention.as_ref().map_or(Ok(()), Retention::check)?;
        self.disclosure.check()
    }

    /// Schemes, levels and catalogues: each once, and none that says nothing.
    fn check_rules(&self) -> Result<(), CharterError> {
        let mut names = std::collections::HashSet::new();
        let catalogues = self.catalogues.iter().map(|catalogue| format!("the catalogue {}", catalogue.id));
        let schemes = self.schemes.iter().map(|scheme| format!("the scheme {}", scheme.id));
        let rules = || self.schemes.iter().flat_map(|scheme| scheme.rules.iter().map(move |rule| (scheme, rule)));
        let levels = rules().map(|(scheme, rule)| format!("{} of the scheme {}", rule.level, scheme.id));
        if let Some(twice) = catalogues.chain(schemes).chain(levels).find(|name| !names.insert(name.clone())) {
            return Err(CharterError::Twice(twice));
        }
        for (scheme, rule) in rules() {
            if self.catalogue(&rule.catalogue).is_none() {
                return Err(CharterError::UnknownCatalogue(rule.catalogue.clone()));
            }
            if rule.foreign > rule.reviewers || usize::from(rule.reviewers) > limits::ENDORSEMENTS {
                return Err(CharterError::Reviewers { scheme: scheme.id.clone(), level: rule.level });
            }
            if rule.predecessor_months.is_some_and(|span| rule.predecessor.is_none() || span.from > span.to) {
                return Err(CharterError::Predecessor { scheme: scheme.id.clone(), level: rule.level });
            }
        }
        if self.status_max_age_days == 0 { Err(CharterError::StatusAge) } else { Ok(()) }
    }
}

impl Member {
    /// Whether it may issue this level of this scheme.
    #[must_use]
    pub fn may_issue(&self, scheme: &SchemeId, level: Level) -> bool {
        self.rights.iter().any(|right| &right.scheme == scheme && right.levels.contains(&level))
    }
}

#[cfg(test)]
mod tests;
