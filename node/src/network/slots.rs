//! What the application owes the network: a verdict on gossip, an answer to a request, an acknowledgement. Each is settled
//! exactly once; a dropped one settles itself. Room for the settlement is reserved beforehand, so none of
//! them waits and none is lost.

use libp2p::PeerId;
use libp2p::gossipsub::{MessageAcceptance, MessageId};
use libp2p::request_response::ResponseChannel;
use parangon_protocol::invitation::Answer as Told;
use parangon_protocol::message::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::OwnedPermit;

use super::error::{FrameError, Refusal};
use super::frame::{self, Parcel};
use super::wire::{self, Answer, invitation};

/// A decision on one gossiped message, on its way to the swarm.
pub(super) struct Decision {
    pub(super) id: MessageId,
    pub(super) source: PeerId,
    pub(super) acceptance: MessageAcceptance,
}

/// Owed for one gossiped message, within about ten seconds: later it is not forwarded any more. Dropping it ignores the message.
pub struct Verdict {
    id: MessageId,
    source: PeerId,
    permit: Option<OwnedPermit<Decision>>,
}

impl Verdict {
    pub(super) fn new(id: MessageId, source: PeerId, permit: OwnedPermit<Decision>) -> Self {
        Self { id, source, permit: Some(permit) }
    }

    /// Checked and good: it is forwarded.
    pub fn accept(mut self) {
        self.settle(MessageAcceptance::Accept);
    }

    /// Not forwarded, nobody blamed: known already, or not to be judged yet.
    pub fn ignore(mut self) {
        self.settle(MessageAcceptance::Ignore);
    }

    /// Not forwarded, and whoever forwarded it loses standing: a signature that fails, a text outside the grammar.
    pub fn reject(mut self) {
        self.settle(MessageAcceptance::Reject);
    }

    fn settle(&mut self, acceptance: MessageAcceptance) {
        if let Some(permit) = self.permit.take() {
            permit.send(Decision { id: self.id.clone(), source: self.source, acceptance });
        }
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        self.settle(MessageAcceptance::Ignore);
    }
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdict").field("source", &self.source).finish_non_exhaustive()
    }
}

pub(super) type LogChannel = ResponseChannel<Parcel<Answer<Response>>>;
pub(super) type PrivateChannel = ResponseChannel<Parcel<Answer<()>>>;
pub(super) type InvitationChannel = ResponseChannel<Parcel<Answer<Told>>>;

/// A whole answer frame, on its way to the swarm.
pub(super) enum Reply {
    Log(LogChannel, Vec<u8>),
    Private(PrivateChannel, Vec<u8>),
    Invitation(InvitationChannel, Vec<u8>),
}

/// Owed for one request, within 30 seconds. Dropping it tells the asker that there is no answer.
pub struct ReplySlot(Option<(LogChannel, OwnedPermit<Reply>)>);

impl ReplySlot {
    pub(super) fn new(channel: LogChannel, permit: OwnedPermit<Reply>) -> Self {
        Self(Some((channel, permit)))
    }

    /// Answers. Heads that do not fit one answer are left out: the asker still lacks them at its next question.
    ///
    /// # Errors
    /// [`FrameError`] when the response is over a bound; the asker is told that there is no answer.
    pub fn send(mut self, response: Response) -> Result<(), FrameError> {
        let body = wire::encode_response(Ok(response))?;
        self.settle(&body);
        Ok(())
    }

    /// Asks to try again later.
    pub(super) fn busy(mut self) {
        self.settle(&refusal(Refusal::Busy));
    }

    fn settle(&mut self, body: &[u8]) {
        if let Some((channel, permit)) = self.0.take() {
            permit.send(Reply::Log(channel, frame::frame(body)));
        }
    }
}

impl Drop for ReplySlot {
    fn drop(&mut self) {
        self.settle(&refusal(Refusal::NoAnswer));
    }
}

impl std::fmt::Debug for ReplySlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplySlot")
    }
}

/// The body of an answer that refuses.
pub(super) fn refusal(reason: Refusal) -> Vec<u8> {
    wire::encode_response(Err(reason)).expect("a refusal is a few bytes")
}

/// Owed for one private message, within 30 seconds and only once it is durable. Dropping it tells the sender that there is no answer, so it
/// will try again.
pub struct AckSlot {
    owed: Option<(PrivateChannel, OwnedPermit<Reply>)>,
    /// The message's share of the bytes in flight.
    _held: Option<OwnedSemaphorePermit>,
}

impl AckSlot {
    pub(super) fn new(channel: PrivateChannel, permit: OwnedPermit<Reply>, held: Option<OwnedSemaphorePermit>) -> Self {
        Self { owed: Some((channel, permit)), _held: held }
    }

    /// The message is here to stay: the sender forgets it.
    pub fn accept(mut self) {
        self.settle(Ok(()));
    }

    /// The message is not wanted, for the application's reason `code`; the sender sees [`Refusal::Application`].
    pub fn refuse(mut self, code: u16) {
        self.settle(Err(Refusal::Application(code)));
    }

    /// Asks to try again later.
    pub(super) fn busy(mut self) {
        self.settle(Err(Refusal::Busy));
    }

    fn settle(&mut self, answer: Answer<()>) {
        if let Some((channel, permit)) = self.owed.take() {
            permit.send(Reply::Private(channel, frame::frame(&wire::encode_ack(answer))));
        }
    }
}

impl Drop for AckSlot {
    fn drop(&mut self) {
        self.settle(Err(Refusal::NoAnswer));
    }
}

impl std::fmt::Debug for AckSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AckSlot")
    }
}

/// Owed for one question of an invited agency, within 30 seconds. Dropping it tells the guest that there is no answer.
pub struct GuestSlot(Option<(InvitationChannel, OwnedPermit<Reply>)>);

impl GuestSlot {
    pub(super) fn new(channel: InvitationChannel, permit: OwnedPermit<Reply>) -> Self {
        Self(Some((channel, permit)))
    }

    /// Answers.
    ///
    /// # Errors
    /// [`FrameError`] when the answer is over a bound; the guest is told that there is none.
    pub fn send(mut self, answer: Told) -> Result<(), FrameError> {
        let body = invitation::encode_answer(Ok(answer))?;
        self.settle(body);
        Ok(())
    }

    /// Asks to try again later.
    pub(super) fn busy(mut self) {
        self.settle(guest_refusal(Refusal::Busy));
    }

    fn settle(&mut self, body: Vec<u8>) {
        if let Some((channel, permit)) = self.0.take() {
            permit.send(Reply::Invitation(channel, frame::frame(&body)));
        }
    }
}

impl Drop for GuestSlot {
    fn drop(&mut self) {
        self.settle(guest_refusal(Refusal::NoAnswer));
    }
}

impl std::fmt::Debug for GuestSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestSlot")
    }
}

/// The body of an answer that refuses a guest.
pub(super) fn guest_refusal(reason: Refusal) -> Vec<u8> {
    invitation::encode_answer(Err(reason)).expect("a refusal is a few bytes")
}
