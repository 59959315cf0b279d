//! Why an invite did not work, and what to do about each reason.

use parangon_node::network::VisitError;
use parangon_protocol::invitation::{Invitation, Refusal};

use crate::exit::Exit;
use crate::failure::Failure;

/// The other node cannot be asked.
pub(super) fn not_reached(error: &VisitError, invitation: &Invitation) -> Failure {
    let agency = &invitation.agency;
    let (exit, step) = match error {
        VisitError::Name { .. } => (Exit::Unreachable, "look at this computer's name server; then run the same command again".to_owned()),
        VisitError::Closed { .. } => (
            Exit::Unreachable,
            format!("ask {agency} whether the node runs and its firewall lets the port in; then run the same command again"),
        ),
        VisitError::OtherNode { .. } => (Exit::Refused, format!("ask {agency} for a new invite: its node may have another key by now")),
        VisitError::TurnedAway => (Exit::Refused, format!("run the same command again; if it stays, ask {agency} for a new invite")),
        VisitError::Network(_) | VisitError::OtherAnswer | VisitError::Busy => (Exit::Unreachable, "run the same command again".to_owned()),
    };
    Failure::new(exit, error).next(step)
}

/// The other node says no.
pub(super) fn declined(refusal: Refusal, invitation: &Invitation) -> Failure {
    let agency = &invitation.agency;
    let step = match refusal {
        Refusal::OtherName => {
            let to = crate::output::clean(invitation.to.as_str()).into_owned();
            format!("it is for \"{to}\"; ask {agency} for one with the name on your membership card")
        }
        Refusal::Used => format!("if it was not you: tell {agency} at once; then ask for a new one"),
        Refusal::Member => "if it is this agency, made again from its recovery sheet: parangon federation join TRUSTFILE; else choose \
                            another short name (parangon init --id)"
            .to_owned(),
        Refusal::Card | Refusal::Nonce | Refusal::NotAsked | Refusal::Ended => format!("ask {agency} for a new invite"),
    };
    Failure::new(Exit::Refused, refusal).next(step)
}

/// An answer to something else.
pub(super) fn expected() -> Failure {
    Failure::failed(VisitError::OtherAnswer)
}
