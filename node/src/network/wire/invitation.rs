//! The bodies of an invited agency's conversation, as in [`super`].

use bincode::{Decode, Encode};
use parangon_protocol::id::Hash;
use parangon_protocol::invitation::{self, Question, Standing};
use parangon_protocol::limits as bounds;
use parangon_protocol::time::Timestamp;

use super::super::error::FrameError;
use super::super::limits;
use super::{Answer, WireRefusal, at_most, decode, within};
use crate::codec;

#[derive(Encode, Decode)]
enum WireQuestion {
    Look,
    Ask { card: Vec<u8>, commitment: [u8; 32] },
    Reveal { nonce: [u8; 32] },
    Standing,
}

#[derive(Encode, Decode)]
enum WireAnswer {
    Federation { chain: Vec<u8>, now: u64, records: u64 },
    Nonce([u8; 32]),
    Standing(WireStanding),
    Declined(WireDeclined),
    Refused(WireRefusal),
}

#[derive(Encode, Decode)]
enum WireStanding {
    Asked,
    Proposed { have: u32, needed: u32 },
    Rejected,
    Admitted,
}

#[derive(Encode, Decode)]
enum WireDeclined {
    Card,
    OtherName,
    Used,
    Member,
    Nonce,
    NotAsked,
    Ended,
}

pub(in super::super) fn encode_question(question: Question) -> Result<Vec<u8>, FrameError> {
    let wire = match question {
        Question::Look => WireQuestion::Look,
        Question::Ask { card, commitment } => WireQuestion::Ask { card, commitment: commitment.0 },
        Question::Reveal { nonce } => WireQuestion::Reveal { nonce: nonce.0 },
        Question::Standing => WireQuestion::Standing,
    };
    wire.check()?;
    at_most(codec::encode(&wire), limits::QUESTION_BYTES)
}

pub(in super::super) fn decode_question(body: &[u8]) -> Result<Question, FrameError> {
    let wire: WireQuestion = decode::<_, { limits::QUESTION_BYTES }>(body)?;
    wire.check()?;
    Ok(match wire {
        WireQuestion::Look => Question::Look,
        WireQuestion::Ask { card, commitment } => Question::Ask { card, commitment: Hash(commitment) },
        WireQuestion::Reveal { nonce } => Question::Reveal { nonce: Hash(nonce) },
        WireQuestion::Standing => Question::Standing,
    })
}

pub(in super::super) fn encode_answer(answer: Answer<invitation::Answer>) -> Result<Vec<u8>, FrameError> {
    let wire = match answer {
        Ok(invitation::Answer::Federation { chain, now, records }) => WireAnswer::Federation { chain, now: now.seconds(), records },
        Ok(invitation::Answer::Nonce(nonce)) => WireAnswer::Nonce(nonce.0),
        Ok(invitation::Answer::Standing(standing)) => WireAnswer::Standing(standing.into()),
        Ok(invitation::Answer::Refused(refusal)) => WireAnswer::Declined(refusal.into()),
        Err(refusal) => WireAnswer::Refused(refusal.into()),
    };
    wire.check()?;
    at_most(codec::encode(&wire), limits::ANSWER_BYTES)
}

pub(in super::super) fn decode_answer(body: &[u8]) -> Result<Answer<invitation::Answer>, FrameError> {
    let wire: WireAnswer = decode::<_, { limits::ANSWER_BYTES }>(body)?;
    wire.check()?;
    Ok(Ok(match wire {
        WireAnswer::Federation { chain, now, records } => {
            let now = Timestamp::from_seconds(now).ok_or(FrameError::Field("a time after the year 9999"))?;
            invitation::Answer::Federation { chain, now, records }
        }
        WireAnswer::Nonce(nonce) => invitation::Answer::Nonce(Hash(nonce)),
        WireAnswer::Standing(standing) => invitation::Answer::Standing(standing.into()),
        WireAnswer::Declined(refusal) => invitation::Answer::Refused(refusal.into()),
        WireAnswer::Refused(refusal) => return Ok(Err(refusal.into())),
    }))
}

impl WireQuestion {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Ask { card, .. } => within(card.len(), bounds::RECORD_BYTES),
            Self::Look | Self::Reveal { .. } | Self::Standing => Ok(()),
        }
    }
}

impl WireAnswer {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Federation { chain, .. } => within(chain.len(), bounds::DOCUMENT_BYTES),
            Self::Nonce(_) | Self::Standing(_) | Self::Declined(_) | Self::Refused(_) => Ok(()),
        }
    }
}

impl From<Standing> for WireStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Asked => Self::Asked,
            Standing::Proposed { have, needed } => Self::Proposed { have, needed },
            Standing::Rejected => Self::Rejected,
            Standing::Admitted => Self::Admitted,
        }
    }
}

impl From<WireStanding> for Standing {
    fn from(standing: WireStanding) -> Self {
        match standing {
            WireStanding::Asked => Self::Asked,
            WireStanding::Proposed { have, needed } => Self::Proposed { have, needed },
            WireStanding::Rejected => Self::Rejected,
            WireStanding::Admitted => Self::Admitted,
        }
    }
}

impl From<invitation::Refusal> for WireDeclined {
    fn from(refusal: invitation::Refusal) -> Self {
        match refusal {
            invitation::Refusal::Card => Self::Card,
            invitation::Refusal::OtherName => Self::OtherName,
            invitation::Refusal::Used => Self::Used,
            invitation::Refusal::Member => Self::Member,
            invitation::Refusal::Nonce => Self::Nonce,
            invitation::Refusal::NotAsked => Self::NotAsked,
            invitation::Refusal::Ended => Self::Ended,
        }
    }
}

impl From<WireDeclined> for invitation::Refusal {
    fn from(refusal: WireDeclined) -> Self {
        match refusal {
            WireDeclined::Card => Self::Card,
            WireDeclined::OtherName => Self::OtherName,
            WireDeclined::Used => Self::Used,
            WireDeclined::Member => Self::Member,
            WireDeclined::Nonce => Self::Nonce,
            WireDeclined::NotAsked => Self::NotAsked,
            WireDeclined::Ended => Self::Ended,
        }
    }
}
