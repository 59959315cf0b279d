//! Invited agencies: let in by the transport key of their invitation, for one conversation and nothing else (protocol,
//! "Invitation").

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use libp2p::PeerId;
use libp2p::request_response as rr;
use libp2p::swarm::ConnectionId;
use parangon_protocol::invitation::{Answer as Told, Question};
use tokio::sync::mpsc;
use tokio::sync::mpsc::OwnedPermit;

use super::actor::Actor;
use super::error::{FrameError, Refusal};
use super::frame::{self, Parcel};
use super::limits;
use super::quota::Quota;
use super::slots::{self, GuestSlot, Reply};
use super::wire::Answer;

/// A question of an invited agency.
#[derive(Debug)]
pub struct Visit {
    /// The invitation's key, as the connection proved.
    pub guest: PeerId,
    /// What it asks.
    pub question: Question,
    /// Where the answer goes, within 30 seconds.
    pub reply: GuestSlot,
}

/// Who is invited, and who answers them.
#[derive(Debug)]
pub(super) struct Guests {
    keys: HashSet<PeerId>,
    /// Their connections, the oldest first.
    connections: HashMap<PeerId, Vec<ConnectionId>>,
    answers: Option<mpsc::Sender<Visit>>,
}

pub(super) type InvitationEvent = rr::Event<Parcel<Question>, Parcel<Answer<Told>>>;

impl Guests {
    pub(super) fn new(answers: Option<mpsc::Sender<Visit>>) -> Self {
        Self { keys: HashSet::new(), connections: HashMap::new(), answers }
    }

    pub(super) fn contains(&self, peer: &PeerId) -> bool {
        self.keys.contains(peer)
    }

    /// Takes note of a connection; the one to be closed for it.
    pub(super) fn opened(&mut self, peer: PeerId, id: ConnectionId) -> Option<ConnectionId> {
        let ids = self.connections.entry(peer).or_default();
        ids.push(id);
        (ids.len() > limits::GUEST_CONNECTIONS).then(|| ids.remove(0))
    }

    pub(super) fn closed(&mut self, peer: &PeerId, id: ConnectionId) {
        if let Some(ids) = self.connections.get_mut(peer) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.connections.remove(peer);
            }
        }
    }
}

impl Actor {
    /// Lets these in, and nobody else who is no member.
    pub(super) fn set_guests(&mut self, guests: &[PeerId]) {
        let new: HashSet<PeerId> = guests.iter().take(limits::GUESTS).copied().collect();
        let stranger = |peer: &&PeerId| self.roster.agency(peer).is_none();
        let gone: Vec<PeerId> = self.guests.keys.difference(&new).filter(stranger).copied().collect();
        let come: Vec<PeerId> = new.difference(&self.guests.keys).filter(stranger).copied().collect();
        let strangers = new.iter().filter(stranger).copied().collect();
        for peer in &gone {
            self.turn_away(peer);
            self.quotas.remove(peer);
        }
        let behaviour = self.swarm.behaviour_mut();
        behaviour.set_guests(&strangers);
        for peer in &come {
            behaviour.allowed.allow_peer(*peer);
        }
        self.guests.keys = new;
    }

    pub(super) fn on_invitation(&mut self, event: InvitationEvent) {
        match event {
            rr::Event::Message { peer, message: rr::Message::Request { request: Parcel::Read(question, _), channel, .. }, .. } => {
                match self.welcome(&peer, question) {
                    Ok((question, answers, permit)) => {
                        let visit = Visit { guest: peer, question, reply: GuestSlot::new(channel, permit) };
                        if let Err(error) = answers.try_send(visit) {
                            self.metrics.dropped("question of a guest");
                            error.into_inner().reply.busy();
                        }
                    }
                    Err(refusal) => {
                        let answer = Parcel::Frame(frame::frame(&slots::guest_refusal(refusal)));
                        drop(self.swarm.behaviour_mut().invitation.send_response(channel, answer));
                    }
                }
            }
            rr::Event::InboundFailure { error, .. } => self.on_inbound_failure(&error),
            rr::Event::Message { .. } | rr::Event::ResponseSent { .. } | rr::Event::OutboundFailure { .. } => {}
        }
    }

    /// A question's way in: well-formed, from a guest, within its quota, and with room for its answer.
    fn welcome(
        &mut self,
        peer: &PeerId,
        question: Result<Question, FrameError>,
    ) -> Result<(Question, mpsc::Sender<Visit>, OwnedPermit<Reply>), Refusal> {
        let answers = self.guests.answers.clone().filter(|_| self.guests.contains(peer)).ok_or(Refusal::NoAnswer)?;
        let question = question.map_err(|error| {
            tracing::debug!(%peer, %error, "bad question of a guest");
            self.metrics.bad_frame(error);
            Refusal::from(error)
        })?;
        let permit = self.room(peer, Instant::now())?;
        Ok((question, answers, permit))
    }

    /// Room for the answer to one request more of this peer.
    pub(super) fn room(&mut self, peer: &PeerId, now: Instant) -> Result<OwnedPermit<Reply>, Refusal> {
        if !self.quotas.entry(*peer).or_insert_with(|| Quota::full(now)).take(now) {
            self.metrics.dropped("request over quota");
            return Err(Refusal::Busy);
        }
        self.replies.0.clone().try_reserve_owned().map_err(|_| {
            self.metrics.dropped("request");
            Refusal::Busy
        })
    }
}
