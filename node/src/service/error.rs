//! Why a use case was refused: one cause, one stable code, one next step. Nothing was changed by what is refused.
//!
//! The two digits after `PGN-` are the command line's exit code: 01 failed, 04 not signed in, 05 not found, 06 changed
//! meanwhile, 07 did not validate, 08 refused by a rule of the federation. `Display` never names a score or a point;
//! [`Error::reasons`] may, for the one who asked.

mod text;

use parangon_protocol::anchor::AnchorError;
use parangon_protocol::assessment::{AssessmentError, Ineligible};
use parangon_protocol::canonical::CanonicalError;
use parangon_protocol::catalogue::{CatalogueError, TranslationError};
use parangon_protocol::charter::{AmendmentError, Level};
use parangon_protocol::check::ProposalError;
use parangon_protocol::id::{AgencyId, NameError, SchemeId};
use parangon_protocol::keys::KeySetError;
use parangon_protocol::label::credential::CredentialError;
use parangon_protocol::label::validity::Unfounded;
use parangon_protocol::review::decision::Unmet;
use parangon_protocol::review::draw::DrawError;
use parangon_protocol::review::history::Objection;
use parangon_protocol::review::{EndorseError, EnvelopeError, ExchangeError, ReviewError, panel};
use parangon_protocol::statistics::pool::PoolError;
use parangon_protocol::statistics::{AggregateError, PerturbationError, ReleaseError, TallyError};
use parangon_protocol::time::Timestamp;

use super::labels::ObjectionError;
use super::{CarrierError, spreadsheet};
use crate::backup::BackupError;
use crate::engine::EngineError;
use crate::figures::{DatasetError, FiguresError};
use crate::keystore::{KeyFilesError, RandomError};
use crate::sealing::SealingError;
use crate::store::StoreError;

/// Everything a use case may be refused for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A backup cannot be made.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A document could not be written or read back.
    #[error("a stored {what} cannot be read")]
    Damaged {
        /// Which kind of item.
        what: &'static str,
    },
    /// A text that we make ourselves breaks its own grammar.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// A worker thread was stopped.
    #[error("the node is stopping")]
    Stopping,
    /// The clock is behind what others vouch for.
    #[error("the clock of this computer is {seconds} seconds behind the other members")]
    ClockBehind {
        /// By how much.
        seconds: u64,
    },
    /// No token, or not a good one. Which of the two is not said.
    #[error("no valid token")]
    Unauthenticated,
    /// None of the token's roles may do this.
    #[error("the token may not do this: it needs the role {needed}")]
    Role {
        /// Which would do.
        needed: String,
    },
    /// A token that would allow more than whoever makes it.
    #[error("a token never makes a token that allows more than itself")]
    MoreRights,
    /// There is no such thing here.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its name as asked for, shortened.
        id: String,
    },
    /// A log is frozen for something else than two heads.
    #[error(
        "the log of {agency} is frozen because it stated something untrue: it did not tell two stories, so there are no two heads to show"
    )]
    NoTwoHeads {
        /// Whose.
        agency: AgencyId,
    },
    /// Its state does not allow this.
    #[error("the {what} is {state}: {needed}")]
    State {
        /// What kind of thing.
        what: &'static str,
        /// Its state.
        state: String,
        /// What would be needed.
        needed: &'static str,
    },
    /// A label that is not over stands on it.
    #[error("the label {label} stands on it and is {state}")]
    BehindLabel {
        /// Which.
        label: String,
        /// What it is worth.
        state: &'static str,
    },
    /// So many messages wait for an agency that no more are made for it now.
    #[error("too many messages wait for that agency")]
    Crowded,
    /// It is there already.
    #[error("there is already {what}")]
    Exists {
        /// What.
        what: String,
    },
    /// `If-Match` names another version.
    #[error("the {what} was changed at {at}")]
    Changed {
        /// What kind of thing.
        what: &'static str,
        /// When.
        at: Timestamp,
    },
    /// `If-Match` is missing.
    #[error("the request does not say which version of the {what} it changes (If-Match)")]
    Unconditional {
        /// What kind of thing.
        what: &'static str,
    },
    /// One field is wrong.
    #[error("{pointer}: {problem}")]
    Field {
        /// JSON pointer of the field.
        pointer: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A spreadsheet with problems.
    #[error("{}", .0.first().map_or_else(|| "the file cannot be used".to_owned(), |first| format!("{}: {}", first.place(), first.problem)))]
    Table(Vec<spreadsheet::Problem>),
    /// A file that is no sound catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A file that is no translation of a catalogue that is here.
    #[error(transparent)]
    Translation(#[from] TranslationError),
    /// A note or a catalogue does not fit.
    #[error(transparent)]
    Assessment(#[from] AssessmentError),
    /// An offer, answer or review breaks a rule.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// A message that can be taken later only.
    #[error("the owner may still respond, until {until}")]
    Early {
        /// Until when.
        until: Timestamp,
    },
    /// A draw of reviewers, or a part of one, does not keep the rules.
    #[error("the draw: {0}")]
    Draw(#[from] DrawError),
    /// A pool, or a part of one, does not keep the rules.
    #[error("the pool: {0}")]
    Pool(#[from] PoolError),
    /// A part of a round of a pool that has not begun here.
    #[error("{0} means a round of a pool that has not begun here")]
    OtherRound(AgencyId),
    /// The charter pools this agency: it publishes nothing of that alone.
    #[error("this agency is pooled for {period}: its counts are published in the total of a pool only")]
    Pooled {
        /// Which period.
        period: String,
    },
    /// Other agencies than the draw says.
    #[error("the draw says to ask {}", .ask.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(" and "))]
    Undrawn {
        /// Whom it says to ask.
        ask: Vec<AgencyId>,
    },
    /// What another agency shows of its anchor does not hold.
    #[error("the date of a statement: {0}")]
    Anchor(#[from] AnchorError),
    /// A private message is not what it claims.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A private message breaks the form of the wire.
    #[error("not a private message: {rule}")]
    Message {
        /// What is wrong.
        rule: &'static str,
    },
    /// The agency's log has not arrived yet.
    #[error("the keys of {0} are not known here yet")]
    KeysUnknown(AgencyId),
    /// A message did not get through for now.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// Nothing can be sealed to the key that an agency published, or sent for a dossier: its checksum is wrong.
    #[error("nothing can be sealed to the key of {0}: its checksum is wrong")]
    SealingKey(AgencyId),
    /// It cannot be sealed or opened.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// The exchange does not allow this now.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// An endorsement does not fit.
    #[error(transparent)]
    Endorse(#[from] EndorseError),
    /// A proof of somebody else fails.
    #[error("the signature does not verify")]
    Forged,
    /// A credential cannot be made or does not verify.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The charter does not let this agency be asked.
    #[error("{agency} cannot review for us: {cause}")]
    Reviewer {
        /// Who.
        agency: AgencyId,
        /// Why.
        cause: panel::Ineligible,
    },
    /// What was published before stands against this agency.
    #[error("{agency} cannot review this cluster now: {objection}")]
    Objected {
        /// Who.
        agency: AgencyId,
        /// What stands against it.
        objection: Objection,
    },
    /// The cluster does not want this agency.
    #[error("the cluster objects to {agency}")]
    Unwanted {
        /// Whom.
        agency: AgencyId,
    },
    /// It reviewed this assessment before, and an appeal against that was upheld.
    #[error("{agency} reviewed this assessment before, and an appeal against that was upheld")]
    Judged {
        /// Who.
        agency: AgencyId,
    },
    /// The cluster does not meet the eligibility rule.
    #[error("the cluster is not eligible for {level}")]
    Ineligible {
        /// Which level.
        level: Level,
        /// Why.
        reasons: Vec<Ineligible>,
    },
    /// What the cluster held before does not carry this level, or not yet.
    #[error("{level} of {scheme} cannot be sought: {cause}")]
    Unfounded {
        /// Which scheme.
        scheme: SchemeId,
        /// What was sought.
        level: Level,
        /// Why not.
        cause: Unfounded,
    },
    /// The reviews do not carry the level.
    #[error("the reviews do not carry {level} ({} reasons)", .reasons.len())]
    Unmet {
        /// Which level.
        level: Level,
        /// Why, never empty.
        reasons: Vec<Unmet>,
    },
    /// A review meets the rule, but its agency sent no endorsement with it.
    #[error("{reviewer} did not endorse {level}")]
    Unendorsed {
        /// Who.
        reviewer: AgencyId,
        /// Which level.
        level: Level,
    },
    /// A key set that the identity key did not sign, or that cannot follow the one in force.
    #[error("the key set was not taken: {0}")]
    KeySet(#[from] KeySetError),
    /// Our key sets are numbered without a gap.
    #[error("this is key set {found}; the next one is {needed}")]
    KeySetNumber {
        /// Its number.
        found: u32,
        /// What would follow.
        needed: u32,
    },
    /// The keys that a key set states are not there.
    #[error("the keys that follow are not to be had: {0}")]
    KeyFiles(#[from] KeyFilesError),
    /// Nobody would learn the new PeerId.
    #[error("no other member is connected: nobody would learn the new PeerId and let this node in")]
    Alone,
    /// A second person has to confirm what the first one decided.
    #[error("you decided this yourself on {at}: another person of this agency confirms it")]
    SamePerson {
        /// When.
        at: Timestamp,
    },
    /// What would become public is not what was shown.
    #[error("what would become public has changed since it was shown")]
    OtherContent,
    /// What would become public is not what another one decided on.
    #[error("what would become public has changed since {by} decided on {at}: that decision is void")]
    VoidDecision {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Only the issuer changes a label's standing.
    #[error("another agency issued this label")]
    NotIssuer,
    /// An objection to a label that is not taken.
    #[error(transparent)]
    Objection(#[from] ObjectionError),
    /// The population cannot be counted.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// Counts cannot get their noise.
    #[error("the noise: {0}")]
    Perturbation(#[from] PerturbationError),
    /// Releases with noise were made with a secret that is not here: other noise would give the first one away.
    #[error("the secret of the noise in our releases on {catalogue} is lost")]
    NoiseLost {
        /// On which catalogue.
        catalogue: String,
    },
    /// A release of ours breaks a rule: it is not published.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A text of the charter does not follow the one in effect.
    #[error(transparent)]
    Amendment(AmendmentError),
    /// A version of the charter cannot be taken.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// Another text of a version that is in effect here. It is kept as evidence.
    #[error("this is another version {version} of the charter than the one in effect here; it is kept as evidence")]
    OtherVersion {
        /// Which.
        version: u32,
    },
    /// The releases cannot be added up.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// Labels of these weeks wait for their confirmation: a release could count them or not, and the register would say otherwise.
    #[error("{labels} of our labels {} not confirmed yet", if *.labels == 1 { "is" } else { "are" })]
    Unsettled {
        /// How many.
        labels: usize,
    },
    /// Nobody has released a table by this dimension.
    #[error("nobody has released figures by {by}, {of}")]
    NoTable {
        /// What it would be divided by.
        by: &'static str,
        /// For which quarter.
        of: String,
    },
    /// The figures are no table.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// A file of figures could not be written.
    #[error(transparent)]
    Figures(Box<FiguresError>),
    /// The period is not over, or lies before the federation.
    #[error("{period} is not over")]
    PeriodOpen {
        /// Which.
        period: String,
    },
}

impl From<DatasetError> for Error {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<FiguresError> for Error {
    fn from(error: FiguresError) -> Self {
        Self::Figures(Box::new(error))
    }
}

/// One entry of a refusal's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Where: a JSON pointer, or `row 3, column level`; empty when it is about the whole.
    pub pointer: String,
    /// What, in words.
    pub detail: String,
}

impl Error {
    /// A field with a wrong name or value.
    pub(crate) fn field(pointer: &'static str, problem: impl ToString) -> Self {
        Self::Field { pointer, problem: problem.to_string() }
    }

    /// A field that is not a name of its kind. The text itself is not repeated: it may be anything.
    pub(crate) fn name(pointer: &'static str) -> impl Fn(NameError) -> Self {
        move |error| Self::Field { pointer, problem: format!("not {}: {}", error.kind, error.rule) }
    }

    /// Something that is not here.
    pub(crate) fn missing(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string().chars().filter(|c| !c.is_control()).take(80).collect() }
    }

    /// The details for the one who asked. May name points: they go into the answer and nowhere else.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let plain = |detail: String| Reason { pointer: String::new(), detail };
        match self {
            Self::Field { pointer, problem } => vec![Reason { pointer: (*pointer).to_owned(), detail: problem.clone() }],
            Self::Table(problems) => problems.iter().map(|p| Reason { pointer: p.place(), detail: p.problem.clone() }).collect(),
            Self::Ineligible { reasons, .. } => reasons.iter().map(|reason| plain(reason.to_string())).collect(),
            Self::Unmet { reasons, .. } => reasons.iter().map(|reason| plain(reason.to_string())).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
