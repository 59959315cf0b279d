//! What a verification says, and what that rests on.

use serde::Serialize;

use crate::charter::{Chain, Level};
use crate::check::Flaw;
use crate::id::{AgencyId, ClusterId, Country, Fingerprint, Name, SchemeId};
use crate::label::{ClusterFacts, LabelId};
use crate::region::Nuts;
use crate::time::{Month, Timestamp};

/// The outcome, one word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Authentic and valid.
    Valid,
    /// Authentic, valid from later on.
    NotYetValid,
    /// Authentic, and its last month is over.
    Expired,
    /// Authentic, replaced by a newer label.
    Replaced,
    /// Withdrawn for good.
    Withdrawn,
    /// Suspended for now.
    Suspended,
    /// Content and signatures do not fit together: nothing of the content is shown.
    NotAuthentic,
    /// Signed in a federation that the reader does not trust.
    UnknownSigner,
    /// Something is missing.
    CannotTell,
    /// Signed, but the rules do not allow it.
    NotEntitled,
    /// No label in the input.
    NoLabel,
}

impl Outcome {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
            Self::Suspended => "suspended",
            Self::NotAuthentic => "not-authentic",
            Self::UnknownSigner => "unknown-signer",
            Self::CannotTell => "cannot-tell",
            Self::NotEntitled => "not-entitled",
            Self::NoLabel => "no-label",
        }
    }

    /// The exit code of `parangon verify`.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::NotAuthentic => 10,
            Self::NotYetValid | Self::Expired => 11,
            Self::Withdrawn | Self::Suspended => 12,
            Self::Replaced => 13,
            Self::UnknownSigner => 14,
            Self::CannotTell => 15,
            Self::NoLabel => 16,
            Self::NotEntitled => 17,
        }
    }
}

/// Why the outcome is not *valid*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "code")]
pub enum Cause {
    /// The input is larger than any label file.
    #[error("the input is larger than any label file")]
    TooLarge,
    /// The input is something else.
    #[error("there is no label in this input")]
    NotALabel,
    /// Two different labels in one file.
    #[error("there is more than one label in this input: give the one that you mean")]
    Several,
    /// A proof of inclusion, and not what it is about.
    #[error("a proof without its record: give the label file")]
    ProofAlone,
    /// A credential whose signature holds, without any proof that it stands in a log.
    #[error("signed, but nothing shows that it stands in the log of {agency}: give the label file")]
    NotInLog {
        /// The agency that it names as its issuer.
        agency: AgencyId,
    },
    /// Signed by a key that the agency named does not have.
    #[error("the signature is by no key that {agency} has stated")]
    UnknownKey {
        /// The agency that it names as its issuer.
        agency: AgencyId,
    },
    /// A printed code: its signatures hold, and it holds nothing else.
    #[error("signed by the issuer and {signed} of {endorsers} endorsers; log and withdrawal are not checked here: give the label file")]
    CodeAlone {
        /// Endorsers whose signatures are in the code.
        signed: usize,
        /// Endorsers of the label.
        endorsers: usize,
    },
    /// The version of the charter that a code names is not known to the reader.
    #[error("it takes version {version} of the charter, which your trust file does not have: import a newer one")]
    CharterUnknown {
        /// The version.
        version: u32,
    },
    /// It begins like a label file but cannot be read to its end, or was changed.
    #[error("this was a label file, but it is damaged or was changed")]
    Damaged,
    /// A format that this program does not read.
    #[error("a label file of version {version}, and this program reads version {known}")]
    OtherVersion {
        /// The file's.
        version: u32,
        /// Ours.
        known: u32,
    },
    /// Signatures or hashes do not fit the content.
    #[error("content and signatures do not match ({part})")]
    Mismatch {
        /// Which part.
        part: &'static str,
    },
    /// The file's charter chain and the reader's part ways.
    #[error("the file follows another version {version} of the charter than the one you know")]
    OtherCharter {
        /// The first version that differs.
        version: u32,
    },
    /// Another federation.
    #[error("signed, but not by a member of a federation that you trust")]
    OtherFederation,
    /// Another federation, which says that it continues one that the reader trusts.
    #[error("signed by a member of a federation that says it continues one that you trust ({former}); you have not accepted it ({words})")]
    Refounded {
        /// Words of the one trusted.
        former: String,
        /// Words of the other one.
        words: String,
    },
    /// Nothing is pinned.
    #[error("consistent with the federation {words}, which you have not pinned")]
    Unpinned {
        /// Its eight words.
        words: String,
    },
    /// The quorum is not there.
    #[error("provisional: {have} of {needed} members have confirmed the log of {agency}")]
    NoQuorum {
        /// Whose log.
        agency: AgencyId,
        /// Cosignatures counted.
        have: usize,
        /// Cosignatures needed.
        needed: usize,
    },
    /// An endorser has not confirmed in its own log, or the file does not carry it.
    #[error("provisional: {endorser} has not confirmed its endorsement in its log")]
    Unconfirmed {
        /// Who.
        endorser: AgencyId,
    },
    /// Two heads in the file cannot both be true.
    #[error("the log of {agency} told two stories: both are in this file, and nothing of it counts until the members decide")]
    Forked {
        /// Whose log.
        agency: AgencyId,
    },
    /// Keys are missing, in the file or in what the reader knows.
    #[error("the keys of {agency} are missing")]
    MissingKeys {
        /// Whose.
        agency: AgencyId,
    },
    /// No status in the file.
    #[error("the file says nothing about withdrawal")]
    NoStatus,
    /// The status is too old for the date asked for.
    #[error("not known to be withdrawn as of {as_of}, which is too long ago")]
    StaleStatus {
        /// When it was last confirmed.
        as_of: Timestamp,
    },
    /// The status was stated before the label was issued.
    #[error("the status in the file was stated before the label was issued")]
    EarlierStatus,
    /// A rule is broken.
    #[error("{flaw}")]
    Rule {
        /// Which.
        flaw: Flaw,
    },
    /// The issuer's log had not adopted the charter version that the label names.
    #[error("the issuer had not adopted the charter version that the label names")]
    NotAdopted,
    /// The issuer's own status says that it never issued this.
    #[error("the issuer's status does not know this label")]
    NotListed,
    /// The date asked for is before the award.
    #[error("valid from {from}")]
    Early {
        /// When it was issued.
        from: Timestamp,
    },
    /// The date asked for is after the last month.
    #[error("expired at the end of {until}{}", if *renewable { ", renewable" } else { "" })]
    Late {
        /// The last month.
        until: Month,
        /// Whether an assessment now would still renew it.
        renewable: bool,
    },
    /// By its issuer.
    #[error("withdrawn, as of {as_of}")]
    Withdrawn {
        /// Date of the status.
        as_of: Timestamp,
    },
    /// By its issuer.
    #[error("suspended, as of {as_of}")]
    Suspended {
        /// Date of the status.
        as_of: Timestamp,
    },
    /// By a newer label.
    #[error("replaced by a newer label, as of {as_of}")]
    Replaced {
        /// Date of the status.
        as_of: Timestamp,
    },
}

/// One thing that was checked, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub what: &'static str,
    /// With which result.
    pub result: String,
}

/// What the label says. Only there when it is authentic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The label's id.
    pub id: LabelId,
    /// The cluster.
    pub cluster: Cluster,
    /// The label system.
    pub scheme: SchemeId,
    /// The level.
    pub level: Level,
    /// The issuing agency's name.
    pub issuer: Name,
    /// The endorsing agencies' names.
    pub endorsers: Vec<Name>,
    /// Month of the assessment.
    pub assessed: Month,
    /// When it was issued, as the issuer says.
    pub issued: Timestamp,
    /// When enough members had seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<Timestamp>,
    /// Valid to the end of this month.
    pub valid_until: Month,
    /// From a demonstration: scores are made up.
    pub demonstration: bool,
    /// Issuer and endorsers whose identity key was replaced by the members' decision and not by their own commitment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rekeyed: Vec<Rekeyed>,
}

/// The cluster, as far as the input tells: a credential alone and a code have its id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Its technology field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Name>,
    /// Its stable id.
    pub id: ClusterId,
    /// Its name at the time of the award.
    pub name: Name,
    /// Its region by NUTS, with the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nuts: Option<Nuts>,
    /// Its region, as the agency writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Name>,
}

impl From<&ClusterFacts> for Cluster {
    fn from(facts: &ClusterFacts) -> Self {
        let ClusterFacts { country, field, id, name, nuts, region } = facts.clone();
        Self { country: Some(country), field, id, name, nuts, region }
    }
}

/// An identity key by the members' decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rekeyed {
    /// Whose.
    pub agency: AgencyId,
    /// The version of the charter that put it into place.
    pub version: u32,
}

/// The federation that the file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Federation {
    /// Its name. A credential alone does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Its fingerprint. A code tells the first 88 bits of it: none where the reader does not know the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// The fingerprint's first 88 bits in words.
    pub words: String,
    /// Whether the reader trusts it.
    pub pinned: bool,
}

impl Federation {
    /// That of a chain.
    pub(super) fn of(chain: &Chain, pinned: bool) -> Self {
        let fingerprint = *chain.fingerprint();
        Self { name: Some(chain.newest().name.clone()), fingerprint: Some(fingerprint), words: fingerprint.words(), pinned }
    }
}

/// The answer. Field names are stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The outcome.
    pub verdict: Outcome,
    /// The exit code that goes with it.
    pub code: u8,
    /// Why it is not *valid*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// One sentence for people.
    pub sentence: String,
    /// The date asked for.
    pub at: Timestamp,
    /// The date to which "not withdrawn" is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The federation, when the file names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federation: Option<Federation>,
    /// What the label says, when it is authentic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Facts>,
    /// What was checked.
    pub checked: Vec<Check>,
    /// What a single file cannot show.
    pub not_checked: Vec<&'static str>,
}

impl Verdict {
    pub(super) fn new(verdict: Outcome, cause: Option<Cause>, at: Timestamp) -> Self {
        Self {
            verdict,
            code: verdict.code(),
            cause,
            sentence: String::new(),
            at,
            as_of: None,
            federation: None,
            label: None,
            checked: vec![],
            not_checked: vec![],
        }
    }

    pub(super) fn say(mut self) -> Self {
        let word = match self.verdict {
            Outcome::Valid => "Authentic and valid",
            Outcome::NotYetValid | Outcome::Expired => "Authentic, but not valid at this date",
            Outcome::Replaced => "Authentic, replaced by a newer label",
            Outcome::Withdrawn => "Withdrawn",
            Outcome::Suspended => "Suspended",
            Outcome::NotAuthentic => "Not authentic",
            Outcome::UnknownSigner => "Signed by someone unknown to you",
            Outcome::CannotTell => "Cannot tell",
            Outcome::NotEntitled => "Signed, but not entitled",
            Outcome::NoLabel => "No label found",
        };
        self.sentence = match &self.cause {
            Some(cause) => format!("{word}: {cause}."),
            None => format!("{word}."),
        };
        self
    }
}
