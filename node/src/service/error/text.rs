//! Codes, HTTP status and next steps of every refusal, in one table each.

use parangon_protocol::charter::AmendmentError;
use parangon_protocol::label::validity::Unfounded;
use parangon_protocol::review::decision::Unmet;
use parangon_protocol::review::history::Objection;
use parangon_protocol::review::panel::{Ineligible, PanelError};
use parangon_protocol::review::{ExchangeError, ReviewError};

use super::super::labels::ObjectionError;
use super::Error;
use crate::backup::BackupError;
use crate::engine::EngineError;
use crate::figures::FiguresError;
use parangon_protocol::replica::Refusal;

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(_) | Self::Engine(EngineError::Store(_)) => "PGN-0101",
            Self::Engine(EngineError::Stopped) | Self::Stopping => "PGN-0102",
            Self::Backup(BackupError::NoRecipient(_) | BackupError::BadRecipient(_)) => "PGN-0613",
            Self::Backup(BackupError::OtherKeys(_)) => "PGN-0614",
            Self::Backup(_) => "PGN-0108",
            Self::Random(_) => "PGN-0103",
            Self::Damaged { .. } => "PGN-0104",
            Self::Dataset(_) | Self::Canonical(_) | Self::Credential(_) | Self::Engine(EngineError::Record(_) | EngineError::Check(_)) => {
                "PGN-0105"
            }
            Self::Carrier(_) | Self::Crowded => "PGN-0106",
            Self::ClockBehind { .. } => "PGN-0107",
            Self::Unauthenticated => "PGN-0401",
            Self::Role { .. } => "PGN-0403",
            Self::MoreRights => "PGN-0404",
            Self::NotFound { .. } => "PGN-0501",
            Self::NoTwoHeads { .. } => "PGN-0504",
            Self::NoTable { .. } => "PGN-0505",
            Self::Figures(error) if matches!(**error, FiguresError::NoParquet) => "PGN-0506",
            Self::Figures(_) => "PGN-0105",
            Self::State { .. } | Self::Engine(EngineError::Refused(Refusal::Standing)) => "PGN-0601",
            Self::Exists { .. } => "PGN-0602",
            Self::BehindLabel { .. } => "PGN-0635",
            Self::KeysUnknown(_) | Self::Engine(EngineError::Refused(Refusal::Waiting)) => "PGN-0603",
            Self::Engine(EngineError::Refused(Refusal::Behind)) => "PGN-0604",
            Self::Engine(EngineError::Refused(Refusal::Frozen)) => "PGN-0605",
            Self::Changed { .. } => "PGN-0612",
            Self::Unconditional { .. } => "PGN-0628",
            Self::Field { .. } | Self::Assessment(_) => "PGN-0702",
            Self::Catalogue(_) => "PGN-0706",
            Self::Translation(_) => "PGN-0707",
            Self::Table(problems) => problems.first().map_or("PGN-0716", |problem| problem.kind.code()),
            Self::Message { .. } | Self::Envelope(_) | Self::Sealing(_) | Self::Forged | Self::Anchor(_) => "PGN-0731",
            Self::Review(error) => review(error),
            Self::Exchange(error) => exchange(error),
            Self::Draw(_) => "PGN-0874",
            Self::Pool(_) => "PGN-0920",
            Self::OtherRound(_) => "PGN-0921",
            Self::Pooled { .. } => "PGN-0922",
            Self::Early { .. } => "PGN-0876",
            Self::Undrawn { .. } => "PGN-0875",
            Self::Endorse(_) => "PGN-0806",
            Self::Reviewer { cause, .. } => ineligible(cause),
            Self::Objected { objection: Objection::Swap { .. }, .. } => "PGN-0814",
            Self::Objected { objection: Objection::Twice { .. }, .. } => "PGN-0815",
            Self::Unwanted { .. } => "PGN-0819",
            Self::Ineligible { .. } => "PGN-0830",
            Self::Unfounded { cause, .. } => match cause {
                Unfounded::Predecessor { .. } => "PGN-0831",
                Unfounded::Distance { .. } => "PGN-0816",
                Unfounded::Early { .. } => "PGN-0817",
            },
            Self::Unmet { reasons, .. } => reasons.first().map_or("PGN-0820", unmet),
            Self::Unendorsed { .. } => "PGN-0832",
            Self::Judged { .. } => "PGN-0872",
            Self::SealingKey(_) => "PGN-0890",
            Self::SamePerson { .. } => "PGN-0870",
            Self::OtherContent => "PGN-0640",
            Self::VoidDecision { .. } => "PGN-0641",
            Self::NotIssuer => "PGN-0833",
            Self::Objection(error) => error.code(),
            Self::Engine(EngineError::Refused(Refusal::Objection)) => ObjectionError::Issuer.code(),
            Self::Tally(_) | Self::Release(_) | Self::Perturbation(_) | Self::Aggregate(_) => "PGN-0840",
            Self::NoiseLost { .. } => "PGN-0885",
            Self::PeriodOpen { .. } => "PGN-0841",
            Self::Unsettled { .. } => "PGN-0842",
            Self::Engine(EngineError::Refused(Refusal::Proposal)) => "PGN-0501",
            Self::Engine(EngineError::Refused(Refusal::Voted)) => "PGN-0606",
            Self::Engine(EngineError::Refused(Refusal::Heads)) => "PGN-0607",
            Self::Engine(EngineError::Refused(Refusal::RekeyingWaits { .. })) => "PGN-0615",
            Self::Engine(EngineError::Refused(Refusal::RekeyingObjected)) => "PGN-0616",
            Self::Engine(EngineError::Refused(Refusal::RekeyingDate { .. })) => "PGN-0617",
            Self::Engine(EngineError::Refused(Refusal::ResumptionEpoch { .. })) => "PGN-0618",
            Self::Engine(EngineError::Refused(Refusal::Rival)) => "PGN-0619",
            Self::Engine(EngineError::Refused(Refusal::Recovering)) => "PGN-0620",
            Self::KeySetNumber { .. } => "PGN-0609",
            Self::KeyFiles(_) => "PGN-0610",
            Self::Alone => "PGN-0611",
            Self::KeySet(_) => "PGN-0733",
            Self::Amendment(AmendmentError::Version { .. } | AmendmentError::Previous(_)) => "PGN-0608",
            Self::Engine(EngineError::Refused(Refusal::Ballot)) => "PGN-0732",
            Self::Amendment(_) | Self::Proposal(_) => "PGN-0860",
            Self::OtherVersion { .. } => "PGN-0861",
            Self::Engine(EngineError::Refused(Refusal::Left)) => "PGN-0862",
            Self::Engine(EngineError::Refused(Refusal::Void(_))) => "PGN-0850",
            Self::Engine(EngineError::Refused(_)) => "PGN-0851",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.code() {
            "PGN-0102" | "PGN-0603" | "PGN-0604" => 503,
            "PGN-0401" => 401,
            "PGN-0403" | "PGN-0404" => 403,
            "PGN-0612" => 412,
            "PGN-0628" => 428,
            "PGN-0713" => 413,
            "PGN-0920" | "PGN-0921" | "PGN-0922" => 409,
            code => match code.get(4..6) {
                Some("05") => 404,
                Some("06" | "08") => 409,
                Some("07") => 422,
                _ => 500,
            },
        }
    }

    /// What to do now, one sentence.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self.code() {
            "PGN-0101" => "Look at the node's log; free disk space or restart the node, then try again.",
            "PGN-0102" => "Try again when the node runs.",
            "PGN-0103" => "Restart the node; if it stays, the operating system gives no random numbers.",
            "PGN-0104" => "Stop the node, check the disk, and restore the newest backup into a new directory: parangon restore.",
            "PGN-0105" => "This is a fault of the program: report it with its code.",
            "PGN-0106" => "Nothing: it is delivered once the other node answers.",
            "PGN-0107" => "Switch on time synchronisation (sudo timedatectl set-ntp true), then try again.",
            "PGN-0108" => "Look at the node's log and at the disk, then make the backup again.",
            "PGN-0401" => "Send a valid token (Authorization: Bearer pgn_…), or use the Unix socket. parangon token create makes one.",
            "PGN-0403" => "Use a token that has this role (parangon token create --role), or ask somebody who has one.",
            "PGN-0404" => "Ask somebody who has these roles to make the token, or make it on the node's own machine.",
            "PGN-0501" => "Check the name; lists show what is there.",
            "PGN-0504" => "Speak with that agency: whoever holds its log can count the status after and finds it untrue.",
            "PGN-0505" => {
                "Ask without it (--by, in the API by): there may be figures over all clusters. Releases by themselves: parangon stats list."
            }
            "PGN-0506" => "Ask for another format, or build the program with --features parquet.",
            "PGN-0601" => "Look at its present state and decide anew.",
            "PGN-0602" => "Use the one that is there.",
            "PGN-0603" => "Wait until the other agency's log has arrived, then try again: parangon peer list.",
            "PGN-0604" => "Others hold more of our log: make sure that no second copy of this node runs, then restart it.",
            "PGN-0605" => "Our log is frozen: speak with the other members.",
            "PGN-0606" => "Nothing: a vote stands. One agency has one vote for a text of each version.",
            "PGN-0607" => "Ask for a new ballot and sign that: parangon federation accept does both.",
            "PGN-0608" => "Look at the charter in effect, and propose the change again on top of it: parangon federation show.",
            "PGN-0609" => "Look at the key sets (parangon key show) and make the next one: parangon key rotate.",
            "PGN-0610" => {
                "Run parangon key rotate on this node's own data directory: it writes node.keys.next there, and the node opens that as it opens node.keys."
            }
            "PGN-0611" => "Wait until another member is connected (parangon peer list), then run the same command again.",
            "PGN-0613" => "Make backup.recipient with the identity key: parangon backup recipient.",
            "PGN-0614" => "Restart the node, then make the backup again.",
            "PGN-0615" => "Run the same command again then; to say no works at once: parangon federation reject.",
            "PGN-0616" => "Speak with that agency; drop what was announced: parangon federation propose --keep-key AGENCY.",
            "PGN-0617" => "Look at both clocks; whoever proposed it proposes it again: parangon federation propose --rekey CARD.",
            "PGN-0618" => {
                "Speak with that agency: whoever has its log key names epochs at will; expel it, or propose an epoch within reach."
            }
            "PGN-0619" => "Stop one of the two for good, then start the other one again.",
            "PGN-0620" => "Wait until it knows what it had signed: parangon status says what is missing.",
            "PGN-0612" => "Fetch the current version and decide which to keep.",
            "PGN-0635" => "Have its issuer withdraw the label first, or say that the label stays with nothing behind it: --with-label.",
            "PGN-0628" => "Fetch it first, and send its ETag as If-Match.",
            "PGN-0640" | "PGN-0641" => "Look at it again (parangon label issue OFFER --dry-run) and decide anew; nothing was published.",
            "PGN-0870" => "Ask a colleague who has the role approver and a token of their own, or take it back: --take-back.",
            "PGN-0874" => "Look at the draw (parangon review draw show), or ask the sender to send it again.",
            "PGN-0875" => "Ask those, or nobody by name: parangon review ask ASSESSMENT --level LEVEL.",
            "PGN-0890" => "Nothing was sent. Ask that agency for another key (parangon key rotate --role sealing), or ask another agency.",
            "PGN-0872" => "Ask other agencies: parangon review eligible --assessment ASSESSMENT.",
            "PGN-0702" => "Correct the field and send it again; nothing was saved.",
            "PGN-0731" => "Ask the sender to send it again.",
            "PGN-0801" | "PGN-0802" => "Choose a level and scheme that the charter lets this agency issue.",
            "PGN-0803" => "Only the agency that registered the cluster can do this.",
            "PGN-0811" | "PGN-0812" | "PGN-0813" | "PGN-0814" | "PGN-0815" | "PGN-0818" | "PGN-0819" => {
                "Choose another agency: parangon review eligible CLUSTER shows who may review it, and why the others may not."
            }
            "PGN-0820" | "PGN-0821" | "PGN-0822" => "The reviews stand. Improve what they name, then assess and ask again.",
            "PGN-0828" | "PGN-0829" => "Wait for more reviews, or ask more agencies in a new offer.",
            "PGN-0830" => "The cluster cannot be assessed for this level yet; correct the entry if it is wrong.",
            "PGN-0831" => "Ask for the lower level first.",
            "PGN-0816" => "Ask for this level with an assessment of a month between; `parangon federation show` has the rule.",
            "PGN-0817" => "Renew the label nearer to its expiry: nothing is lost by waiting.",
            "PGN-0832" => "Speak with the reviewing agency.",
            "PGN-0833" => "Ask the agency that issued the label.",
            "PGN-0880" => "Its issuer withdraws or suspends it: parangon label withdraw, suspend.",
            "PGN-0881" => "Choose another ground, or speak with the agencies whose endorsements it carries: parangon label show.",
            "PGN-0882" => "Lift it first, where the ground has changed: parangon label object LABEL --lift.",
            "PGN-0883" => "Look at who objects to it: parangon label show.",
            "PGN-0884" => "Speak with the agency that issued it, and with the other members.",
            "PGN-0840" => "Nothing was published. Look at the preview: parangon stats prepare.",
            "PGN-0885" => "Restore a backup that has it: parangon restore. Without one nothing more is released on this catalogue.",
            "PGN-0841" => "Wait until the quarter is over.",
            "PGN-0842" => {
                "Wait until the members have confirmed them (parangon label list --standing provisional); after two weeks they are left out."
            }
            "PGN-0920" => "Look at the rounds: parangon stats pools.",
            "PGN-0921" => "Nothing: it comes again, until the round has begun here.",
            "PGN-0922" => "Nothing: the node takes part in the pool by itself. Where its round stands: parangon stats pools.",
            "PGN-0732" => "Sign the ballot of this node with this agency's identity key: parangon federation accept.",
            "PGN-0733" => "Nothing was changed. Make the key set with this agency's present identity key: parangon key rotate.",
            "PGN-0861" => "Speak with the other members: one federation cannot follow both texts.",
            "PGN-0862" => "Nothing can be stated any more. What was stated before the end of the membership stays.",
            "PGN-0850" => "Nothing was published. The federation's rules do not allow this record.",
            code => match code.get(4..6) {
                Some("07") => "Correct the file and send it again; nothing was saved.",
                Some("08") => "The federation's rules do not allow this; see the charter: parangon federation show.",
                _ => "Try again later.",
            },
        }
    }
}

fn review(error: &ReviewError) -> &'static str {
    match error {
        ReviewError::NoRight { .. } => "PGN-0801",
        ReviewError::NoRule { .. } => "PGN-0802",
        ReviewError::OtherOwner { .. } => "PGN-0803",
        ReviewError::OtherCharter { .. } => "PGN-0804",
        ReviewError::Signature { .. } => "PGN-0731",
        _ => "PGN-0702",
    }
}

fn exchange(error: &ExchangeError) -> &'static str {
    match error {
        ExchangeError::Review(error) => review(error),
        ExchangeError::Ineligible { cause, .. } => ineligible(cause),
        // One answer for both: it does not tell whether there is such an offer (case R8).
        ExchangeError::NotAsked(_) | ExchangeError::OtherOffer => "PGN-0501",
        ExchangeError::OtherContent { .. } | ExchangeError::OtherLabel | ExchangeError::SecondDossier(_) => "PGN-0806",
        _ => "PGN-0601",
    }
}

fn ineligible(cause: &Ineligible) -> &'static str {
    match cause {
        Ineligible::NotAMember | Ineligible::UnknownOwner { .. } => "PGN-0811",
        Ineligible::Owner => "PGN-0812",
        Ineligible::SameParent { .. } => "PGN-0813",
        Ineligible::Tied(_) => "PGN-0818",
    }
}

fn unmet(reason: &Unmet) -> &'static str {
    match reason {
        Unmet::Points { .. } => "PGN-0820",
        Unmet::Scores { .. } => "PGN-0821",
        Unmet::NotEligible { .. } => "PGN-0822",
        Unmet::OtherCatalogue { .. } | Unmet::WrongCatalogue { .. } => "PGN-0823",
        Unmet::Mixed { .. } => "PGN-0824",
        Unmet::Contradiction { .. } => "PGN-0825",
        Unmet::Panel(PanelError::Conflict { cause, .. }) => ineligible(cause),
        Unmet::Panel(PanelError::Twice(_)) => "PGN-0827",
        Unmet::Panel(PanelError::TooFew { .. }) => "PGN-0828",
        Unmet::Panel(PanelError::TooFewForeign { .. }) => "PGN-0829",
    }
}
