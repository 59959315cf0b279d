//! Frames on request streams: version byte, length (big-endian, 4 bytes), body. Reading happens in the connection's own task, never
//! in the swarm's loop; bodies are decoded there, too.
//!
//! What is wrong with a peer's frame is a value here, not an I/O error: so it can be counted by name and
//! answered, and the connection stays.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use parangon_protocol::invitation::{Answer as Told, Question};
use parangon_protocol::message::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::FrameError;
use super::limits;
use super::wire::{self, Answer, invitation};

/// What one protocol carries.
pub(super) trait Exchange: Clone + Send + Sync + 'static {
    /// The decoded request.
    type Request: Send + 'static;
    /// The decoded answer.
    type Response: Send + 'static;
    /// Bytes of a request's body.
    const REQUEST_BYTES: usize;
    /// Bytes of an answer's body.
    const RESPONSE_BYTES: usize;
    fn request(body: Vec<u8>) -> Result<Self::Request, FrameError>;
    fn response(body: &[u8]) -> Result<Answer<Self::Response>, FrameError>;
}

/// `/parangon/<fingerprint>/log/1`: heads, ranges, cosignatures.
#[derive(Debug, Clone)]
pub(super) struct LogExchange;

impl Exchange for LogExchange {
    type Request = Request;
    type Response = Response;
    const REQUEST_BYTES: usize = limits::LOG_REQUEST_BYTES;
    const RESPONSE_BYTES: usize = limits::LOG_RESPONSE_BYTES;

    fn request(body: Vec<u8>) -> Result<Request, FrameError> {
        wire::decode_request(&body)
    }

    fn response(body: &[u8]) -> Result<Answer<Response>, FrameError> {
        wire::decode_response(body)
    }
}

/// `/parangon/<fingerprint>/private/1`: one sealed message, as it is, and its acknowledgement.
#[derive(Debug, Clone)]
pub(super) struct PrivateExchange;

impl Exchange for PrivateExchange {
    type Request = Vec<u8>;
    type Response = ();
    const REQUEST_BYTES: usize = limits::PRIVATE_BYTES;
    const RESPONSE_BYTES: usize = limits::ACK_BYTES;

    fn request(body: Vec<u8>) -> Result<Vec<u8>, FrameError> {
        Ok(body)
    }

    fn response(body: &[u8]) -> Result<Answer<()>, FrameError> {
        wire::decode_ack(body)
    }
}

/// `/parangon/<fingerprint>/invitation/1`: what an invited agency asks before it is a member.
#[derive(Debug, Clone)]
pub(super) struct InvitationExchange;

impl Exchange for InvitationExchange {
    type Request = Question;
    type Response = Told;
    const REQUEST_BYTES: usize = limits::QUESTION_BYTES;
    const RESPONSE_BYTES: usize = limits::ANSWER_BYTES;

    fn request(body: Vec<u8>) -> Result<Question, FrameError> {
        invitation::decode_question(&body)
    }

    fn response(body: &[u8]) -> Result<Answer<Told>, FrameError> {
        invitation::decode_answer(body)
    }
}

/// What passes between the behaviour and a stream.
pub(super) enum Parcel<T> {
    /// Ours: a whole frame, ready to be written.
    Frame(Vec<u8>),
    /// Theirs, decoded, with its share of the bytes in flight.
    Read(Result<T, FrameError>, Option<OwnedSemaphorePermit>),
}

/// Never shows what it carries.
impl<T> std::fmt::Debug for Parcel<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(frame) => write!(f, "Frame({} bytes)", frame.len()),
            Self::Read(Ok(_), _) => f.write_str("Read"),
            Self::Read(Err(error), _) => write!(f, "Read({error:?})"),
        }
    }
}

/// A whole frame around `body`.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("every body was checked against a bound far below 4 GiB");
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.push(limits::WIRE_VERSION);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

const HEADER: usize = 5;

/// Reads and writes the frames of one protocol.
pub(super) struct Frames<E> {
    /// KiB that inbound requests of all connections may hold until the application is done with them.
    budget: Arc<Semaphore>,
    exchange: PhantomData<E>,
}

impl<E> Frames<E> {
    pub(super) fn new(budget: Arc<Semaphore>) -> Self {
        Self { budget, exchange: PhantomData }
    }
}

impl<E> Clone for Frames<E> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.budget))
    }
}

impl<E: Exchange> request_response::Codec for Frames<E> {
    type Protocol = StreamProtocol;
    type Request = Parcel<E::Request>;
    type Response = Parcel<Answer<E::Response>>;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Self::Request> {
        Ok(match read_frame(io, E::REQUEST_BYTES, Some(&self.budget)).await? {
            Ok((body, permit)) => Parcel::Read(E::request(body), permit),
            Err(error) => Parcel::Read(Err(error), None),
        })
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Self::Response> {
        let body = read_frame(io, E::RESPONSE_BYTES, None).await?;
        Ok(Parcel::Read(body.and_then(|(body, _)| E::response(&body)), None))
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        parcel: Self::Request,
    ) -> io::Result<()> {
        write_frame(io, parcel).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        parcel: Self::Response,
    ) -> io::Result<()> {
        write_frame(io, parcel).await
    }
}

async fn write_frame<T: AsyncWrite + Unpin + Send, P>(io: &mut T, parcel: Parcel<P>) -> io::Result<()> {
    match parcel {
        Parcel::Frame(frame) => io.write_all(&frame).await,
        Parcel::Read(..) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

type Body = (Vec<u8>, Option<OwnedSemaphorePermit>);

/// The body of one frame. Memory grows with what arrives, never with what the length promises; the outer error is the
/// stream's, the inner one the peer's.
async fn read_frame<T: AsyncRead + Unpin + Send>(
    io: &mut T,
    limit: usize,
    budget: Option<&Arc<Semaphore>>,
) -> io::Result<Result<Body, FrameError>> {
    let mut header = [0; HEADER];
    match io.read_exact(&mut header).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Err(FrameError::Cut)),
        Err(error) => return Err(error),
    }
    let [version, length @ ..] = header;
    if version != limits::WIRE_VERSION {
        return Ok(Err(FrameError::Version { theirs: version, ours: limits::WIRE_VERSION }));
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > limit {
        return Ok(Err(FrameError::TooLarge { bytes: length, limit }));
    }
    let mut body = Vec::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    while body.len() < length {
        let chunk = (length - body.len()).min(limits::READ_BYTES);
        if let Some(budget) = budget {
            let kib = u32::try_from(chunk.div_ceil(1024)).expect("a chunk is at most READ_BYTES");
            let Ok(permit) = Arc::clone(budget).try_acquire_many_owned(kib) else { return Ok(Err(FrameError::Busy)) };
            match &mut held {
                Some(held) => held.merge(permit),
                None => held = Some(permit),
            }
        }
        let most = u64::try_from(chunk).expect("a chunk is at most READ_BYTES");
        if (&mut *io).take(most).read_to_end(&mut body).await? < chunk {
            return Ok(Err(FrameError::Cut));
        }
    }
    Ok(Ok((body, held)))
}

#[cfg(test)]
mod tests;
