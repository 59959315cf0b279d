//! The bodies of frames: private mirrors of `protocol::message`, with every bound checked both ways, so that we never send what
//! others must refuse. The order of variants and fields is the wire format of version 1.

pub(super) mod invitation;

use bincode::{Decode, Encode};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::limits as bounds;
use parangon_protocol::message::{Gossip, Head, Range, Request, Response, VERSIONS};

use super::error::{FrameError, Refusal};
use super::limits;
use crate::codec;

#[derive(Encode, Decode)]
struct Log {
    agency: String,
    epoch: u32,
}

#[derive(Encode, Decode)]
struct WireHead {
    log: Log,
    note: String,
}

#[derive(Encode, Decode)]
enum WireGossip {
    Grown { head: WireHead, start: u64, records: Vec<Vec<u8>> },
    Fork { proof: Vec<u8> },
}

#[derive(Encode, Decode)]
enum WireRequest {
    Heads { known: Vec<(Log, u64, u16)> },
    Range { log: Log, start: u64, count: u64 },
    Tell(WireHead),
    Cosigned { log: Log, size: u64, line: String },
    Fork { proof: Vec<u8> },
    Proposal { hash: [u8; 32] },
    Charter { after: u32 },
    LastSeen { nonce: [u8; 32] },
}

#[derive(Encode, Decode)]
enum WireResponse {
    Heads(Vec<WireHead>),
    Range { log: Log, start: u64, records: Vec<Vec<u8>>, note: String, proof: Vec<[u8; 32]> },
    Done,
    Missing,
    Refused(WireRefusal),
    Amendments(Vec<Vec<u8>>),
    LastSeen(Vec<u8>),
}

#[derive(Encode, Decode)]
enum WireAck {
    Accepted,
    Refused(WireRefusal),
}

#[derive(Encode, Decode)]
enum WireRefusal {
    Malformed,
    TooLarge,
    Busy,
    UnsupportedVersion,
    NoAnswer,
    Application(u16),
}

/// What an answer says: what was asked for, or why not.
pub(super) type Answer<T> = Result<T, Refusal>;

pub(super) fn encode_gossip(message: Gossip) -> Result<Vec<u8>, FrameError> {
    let wire = match message {
        Gossip::Grown { head, start, records } => WireGossip::Grown { head: head.into(), start, records },
        Gossip::Fork { proof } => WireGossip::Fork { proof },
    };
    let mut bytes = vec![limits::WIRE_VERSION];
    bytes.append(&mut codec::encode(&wire));
    wire.check()?;
    at_most(bytes, limits::GOSSIP_BYTES)
}

pub(super) fn decode_gossip(bytes: &[u8]) -> Result<Gossip, FrameError> {
    let (version, body) = bytes.split_first().ok_or(FrameError::Cut)?;
    if *version != limits::WIRE_VERSION {
        return Err(FrameError::Version { theirs: *version, ours: limits::WIRE_VERSION });
    }
    let wire: WireGossip = decode::<_, { limits::GOSSIP_BYTES }>(body)?;
    wire.check()?;
    Ok(match wire {
        WireGossip::Grown { head, start, records } => Gossip::Grown { head: head.try_into()?, start, records },
        WireGossip::Fork { proof } => Gossip::Fork { proof },
    })
}

pub(super) fn encode_request(request: Request) -> Result<Vec<u8>, FrameError> {
    let wire = match request {
        Request::Heads { known } => {
            WireRequest::Heads { known: known.into_iter().map(|(log, size, held)| (log.into(), size, held)).collect() }
        }
        Request::Range { log, start, count } => WireRequest::Range { log: log.into(), start, count },
        Request::Tell(head) => WireRequest::Tell(head.into()),
        Request::Cosigned { log, size, line } => WireRequest::Cosigned { log: log.into(), size, line },
        Request::Fork { proof } => WireRequest::Fork { proof },
        Request::Proposal { hash } => WireRequest::Proposal { hash: hash.0 },
        Request::Charter { after } => WireRequest::Charter { after },
        Request::LastSeen { nonce } => WireRequest::LastSeen { nonce: nonce.0 },
    };
    wire.check()?;
    at_most(codec::encode(&wire), limits::LOG_REQUEST_BYTES)
}

pub(super) fn decode_request(body: &[u8]) -> Result<Request, FrameError> {
    let wire: WireRequest = decode::<_, { limits::LOG_REQUEST_BYTES }>(body)?;
    wire.check()?;
    Ok(match wire {
        WireRequest::Heads { known } => Request::Heads {
            known: known.into_iter().map(|(log, size, held)| Ok((log.try_into()?, size, held))).collect::<Result<_, FrameError>>()?,
        },
        WireRequest::Range { log, start, count } => Request::Range { log: log.try_into()?, start, count },
        WireRequest::Tell(head) => Request::Tell(head.try_into()?),
        WireRequest::Cosigned { log, size, line } => Request::Cosigned { log: log.try_into()?, size, line },
        WireRequest::Fork { proof } => Request::Fork { proof },
        WireRequest::Proposal { hash } => Request::Proposal { hash: Hash(hash) },
        WireRequest::Charter { after } => Request::Charter { after },
        WireRequest::LastSeen { nonce } => Request::LastSeen { nonce: Hash(nonce) },
    })
}

/// Heads that do not fit are left out: the asker still lacks them at its next question.
pub(super) fn encode_response(answer: Answer<Response>) -> Result<Vec<u8>, FrameError> {
    let wire = match answer {
        Ok(Response::Heads(heads)) => WireResponse::Heads(fitting(heads)),
        Ok(Response::Range(Range { log, start, records, note, proof })) => {
            WireResponse::Range { log: log.into(), start, records, note, proof: proof.into_iter().map(|hash| hash.0).collect() }
        }
        Ok(Response::Amendments(texts)) => WireResponse::Amendments(texts),
        Ok(Response::LastSeen(seen)) => WireResponse::LastSeen(serde_json::to_vec(&seen).map_err(|_| FrameError::Field("an answer"))?),
        Ok(Response::Done) => WireResponse::Done,
        Ok(Response::Missing) => WireResponse::Missing,
        Err(refusal) => WireResponse::Refused(refusal.into()),
    };
    wire.check()?;
    at_most(codec::encode(&wire), limits::LOG_RESPONSE_BYTES)
}

pub(super) fn decode_response(body: &[u8]) -> Result<Answer<Response>, FrameError> {
    let wire: WireResponse = decode::<_, { limits::LOG_RESPONSE_BYTES }>(body)?;
    wire.check()?;
    Ok(Ok(match wire {
        WireResponse::Heads(heads) => Response::Heads(heads.into_iter().map(TryInto::try_into).collect::<Result<_, FrameError>>()?),
        WireResponse::Range { log, start, records, note, proof } => {
            Response::Range(Range { log: log.try_into()?, start, records, note, proof: proof.into_iter().map(Hash).collect() })
        }
        WireResponse::Amendments(texts) => Response::Amendments(texts),
        WireResponse::LastSeen(text) => {
            Response::LastSeen(serde_json::from_slice(&text).map_err(|_| FrameError::Field("not what a witness saw last"))?)
        }
        WireResponse::Done => Response::Done,
        WireResponse::Missing => Response::Missing,
        WireResponse::Refused(refusal) => return Ok(Err(refusal.into())),
    }))
}

pub(super) fn encode_ack(answer: Answer<()>) -> Vec<u8> {
    codec::encode(&match answer {
        Ok(()) => WireAck::Accepted,
        Err(refusal) => WireAck::Refused(refusal.into()),
    })
}

pub(super) fn decode_ack(body: &[u8]) -> Result<Answer<()>, FrameError> {
    Ok(match decode::<WireAck, { limits::ACK_BYTES }>(body)? {
        WireAck::Accepted => Ok(()),
        WireAck::Refused(refusal) => Err(refusal.into()),
    })
}

fn decode<T: Decode<()> + Encode, const LIMIT: usize>(body: &[u8]) -> Result<T, FrameError> {
    codec::decode::<T, LIMIT>(body).map_err(|error| match error {
        codec::CodecError::TooLarge { actual, limit } => FrameError::TooLarge { bytes: actual, limit },
        other => FrameError::Encoding(other),
    })
}

fn at_most(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, FrameError> {
    if bytes.len() > limit { Err(FrameError::TooLarge { bytes: bytes.len(), limit }) } else { Ok(bytes) }
}

fn within(bytes: usize, limit: usize) -> Result<(), FrameError> {
    if bytes > limit { Err(FrameError::TooLarge { bytes, limit }) } else { Ok(()) }
}

fn ensure(holds: bool, field: &'static str) -> Result<(), FrameError> {
    if holds { Ok(()) } else { Err(FrameError::Field(field)) }
}

/// The longest prefix that an answer can carry, with 100 bytes of names and lengths for each head.
fn fitting(heads: Vec<Head>) -> Vec<WireHead> {
    let mut room = limits::LOG_RESPONSE_BYTES - HEAD_OVERHEAD;
    heads
        .into_iter()
        .take(limits::HEADS)
        .map_while(|head| {
            room = room.checked_sub(head.note.len() + HEAD_OVERHEAD)?;
            Some(head.into())
        })
        .collect()
}

const HEAD_OVERHEAD: usize = 100;

/// Records each within their bound, together within `total` unless it is a single one, and inside a log.
fn check_records(start: u64, records: &[Vec<u8>], total: usize) -> Result<(), FrameError> {
    let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
    ensure(count <= bounds::RANGE_RECORDS, "too many records")?;
    ensure(start.checked_add(count).is_some_and(|end| end <= bounds::LOG_SIZE), "records beyond the largest log")?;
    for record in records {
        within(record.len(), bounds::RECORD_BYTES)?;
    }
    if records.len() > 1 { within(records.iter().map(Vec::len).sum(), total) } else { Ok(()) }
}

impl WireGossip {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Grown { head, start, records } => {
                within(head.note.len(), bounds::NOTE_BYTES)?;
                within(records.iter().map(Vec::len).sum(), bounds::INLINE_BYTES)?;
                check_records(*start, records, bounds::INLINE_BYTES)
            }
            Self::Fork { proof } => within(proof.len(), limits::GOSSIP_BYTES),
        }
    }
}

impl WireRequest {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Heads { known } => ensure(known.len() <= limits::HEADS, "too many heads"),
            Self::Range { start, count, .. } => {
                ensure(*count >= 1 && *count <= bounds::RANGE_RECORDS, "count out of range")?;
                ensure(*start < bounds::LOG_SIZE, "start beyond the largest log")
            }
            Self::Tell(head) => within(head.note.len(), bounds::NOTE_BYTES),
            Self::Cosigned { size, line, .. } => {
                within(line.len(), limits::LINE_BYTES)?;
                ensure(*size <= bounds::LOG_SIZE, "size beyond the largest log")
            }
            Self::Fork { proof } => within(proof.len(), bounds::NOTE_BYTES),
            Self::Proposal { .. } | Self::Charter { .. } | Self::LastSeen { .. } => Ok(()),
        }
    }
}

impl WireResponse {
    fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Heads(heads) => {
                ensure(heads.len() <= limits::HEADS, "too many heads")?;
                heads.iter().try_for_each(|head| within(head.note.len(), bounds::NOTE_BYTES))
            }
            Self::Range { start, records, note, proof, .. } => {
                ensure(!records.is_empty(), "a range without records")?;
                check_records(*start, records, bounds::RANGE_BYTES)?;
                within(note.len(), bounds::NOTE_BYTES)?;
                ensure(proof.len() <= bounds::PROOF_HASHES, "proof too long")
            }
            Self::Amendments(texts) => {
                ensure(texts.len() <= VERSIONS, "too many versions")?;
                within(texts.iter().map(Vec::len).sum(), bounds::AMENDMENTS_BYTES)
            }
            Self::LastSeen(text) => within(text.len(), limits::LAST_SEEN_BYTES),
            Self::Done | Self::Missing | Self::Refused(_) => Ok(()),
        }
    }
}

impl From<LogId> for Log {
    fn from(log: LogId) -> Self {
        Self { agency: log.agency.into(), epoch: log.epoch }
    }
}

impl TryFrom<Log> for LogId {
    type Error = FrameError;
    fn try_from(log: Log) -> Result<Self, FrameError> {
        ensure(log.epoch >= 1, "epoch 0")?;
        Ok(Self { agency: log.agency.parse().map_err(|_| FrameError::Field("not an agency id"))?, epoch: log.epoch })
    }
}

impl From<Head> for WireHead {
    fn from(head: Head) -> Self {
        Self { log: head.log.into(), note: head.note }
    }
}

impl TryFrom<WireHead> for Head {
    type Error = FrameError;
    fn try_from(head: WireHead) -> Result<Self, FrameError> {
        Ok(Self { log: head.log.try_into()?, note: head.note })
    }
}

impl From<Refusal> for WireRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::Malformed,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::Busy => Self::Busy,
            Refusal::UnsupportedVersion => Self::UnsupportedVersion,
            Refusal::NoAnswer => Self::NoAnswer,
            Refusal::Application(code) => Self::Application(code),
        }
    }
}

impl From<WireRefusal> for Refusal {
    fn from(refusal: WireRefusal) -> Self {
        match refusal {
            WireRefusal::Malformed => Self::Malformed,
            WireRefusal::TooLarge => Self::TooLarge,
            WireRefusal::Busy => Self::Busy,
            WireRefusal::UnsupportedVersion => Self::UnsupportedVersion,
            WireRefusal::NoAnswer => Self::NoAnswer,
            WireRefusal::Application(code) => Self::Application(code),
        }
    }
}

#[cfg(test)]
mod tests;
