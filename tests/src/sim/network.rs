//! The simulated network: messages that are lost, late, twice or cut off, and an announcement that floods.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use parangon_protocol::check::{self, CheckError};
use parangon_protocol::message::{Gossip, Head, Request, Response};
use parangon_protocol::replica::{Event, serve};

use super::audit::{Breach, breach};
use super::disk::Reader;
use super::federation::Seat;
use super::memo::{Checked, digest};
use super::message::{Answer, Short, kind};
use super::node::index;
use super::plan::Weather;
use super::{Happening, Sim};

/// Neighbours that an announcement is passed on to: the mesh of a real node has eight.
const FAN: usize = 6;

/// The outcome of a check, shared by everybody who gets the same message.
type Remembered = Rc<Option<Result<Checked, CheckError>>>;

/// An announcement on its way.
pub(super) struct Post {
    id: u32,
    pub(super) gossip: Gossip,
    /// Made by a liar so that nobody may take anything from it.
    pub(super) bogus: bool,
    digest: u64,
    checked: RefCell<BTreeMap<u64, Remembered>>,
}

/// The state of the network.
pub(super) struct Net {
    pub(super) weather: Weather,
    pub(super) reachable: Vec<bool>,
    /// Which part of a cut network each is in.
    side: Vec<bool>,
    /// Whose connections broke: they meet everybody anew.
    hung_up: Vec<bool>,
    posts: u32,
    /// Old notes of each log, for whoever wants to replay them.
    pub(super) archive: Vec<Vec<String>>,
}

impl Net {
    pub(super) fn new(weather: Weather, count: usize) -> Self {
        Self {
            weather,
            reachable: vec![true; count],
            side: vec![false; count],
            hung_up: vec![false; count],
            posts: 0,
            archive: vec![vec![]; count],
        }
    }
}

impl Sim<'_> {
    fn linked(&self, a: usize, b: usize) -> bool {
        let net = &self.net;
        net.reachable[a] && net.reachable[b] && net.side[a] == net.side[b]
    }

    fn up(&self, who: usize) -> bool {
        self.is_liar(who) || self.nodes[who].replica.is_some()
    }

    fn delay(&mut self) -> u64 {
        let typical = self.net.weather.delay;
        let most = if self.rng.chance(50) { typical * 40 } else { typical * 2 };
        self.rng.between(1, most)
    }

    fn lost(&mut self) -> bool {
        let loss = self.net.weather.loss;
        self.rng.chance(loss)
    }

    pub(super) fn post(&mut self, gossip: Gossip, bogus: bool) -> Rc<Post> {
        self.net.posts += 1;
        let digest = match &gossip {
            Gossip::Grown { head, start, records } => {
                let texts = digest(&records.iter().map(Vec::as_slice).collect::<Vec<_>>());
                digest(&[head.note.as_bytes(), &start.to_be_bytes(), &texts.to_be_bytes()])
            }
            Gossip::Fork { proof } => digest(&[proof]),
        };
        Rc::new(Post { id: self.net.posts, gossip, bogus, digest, checked: RefCell::default() })
    }

    /// An honest node announces.
    pub(super) fn publish(&mut self, who: usize, gossip: Gossip) -> Result<(), Breach> {
        if let Gossip::Grown { head, .. } = &gossip {
            if head.log.agency == self.federation.seats[who].id {
                self.audit.own_head(self.federation, who, &head.note, &self.nodes[who].disk)?;
                self.net.archive[who].push(head.note.clone());
            }
        } else {
            self.count("forks announced");
        }
        if self.plan.gossip {
            let post = self.post(gossip, false);
            self.nodes[who].seen.insert(post.id);
            self.trace.note(self.now, "publish", &[index(who), post.digest]);
            self.flood(who, &post, FAN + 2);
        }
        Ok(())
    }

    fn flood(&mut self, from: usize, post: &Rc<Post>, count: usize) {
        for _ in 0..count {
            let to = self.rng.index(self.nodes.len());
            if to != from {
                self.throw(from, to, post);
            }
        }
    }

    /// One announcement to one neighbour.
    pub(super) fn throw(&mut self, from: usize, to: usize, post: &Rc<Post>) {
        if !self.plan.gossip {
            return;
        }
        let copies = if self.rng.chance(self.net.weather.twice) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.lost() {
                let delay = self.delay();
                self.schedule(delay, Happening::Gossip { to, from, post: post.clone() });
            }
        }
    }

    pub(super) fn gossip_arrives(&mut self, to: usize, from: usize, post: &Rc<Post>) -> Result<(), Breach> {
        if !self.linked(from, to) || !self.up(to) {
            return Ok(());
        }
        if self.is_liar(to) {
            self.liar_hears(to, &post.gossip);
            return Ok(());
        }
        if !self.nodes[to].seen.insert(post.id) {
            return Ok(());
        }
        self.trace.note(self.now, "gossip", &[index(to), index(from), post.digest]);
        let node = &self.nodes[to];
        let Some(replica) = &node.replica else { return Ok(()) };
        let (tag, book) = (node.tag, replica.book());
        let known = post.checked.borrow().get(&tag).cloned();
        let checked = known.unwrap_or_else(|| {
            let checked = Rc::new(self.memo.gossip(tag, book, &post.gossip));
            post.checked.borrow_mut().insert(tag, checked.clone());
            checked
        });
        let from_id = self.federation.seats[from].id.clone();
        let event = match checked.as_ref() {
            Some(Ok(Checked::Head(head))) => Event::Head { from: from_id, head: head.clone() },
            Some(Ok(Checked::Span(span))) => Event::Span { from: from_id, span: span.clone() },
            Some(Ok(Checked::Fork(fork))) => Event::Fork(fork.clone()),
            Some(Err(CheckError::UnknownKey(log))) => {
                let event = Event::Stranger { from: from_id, log: log.clone() };
                return self.step(to, event);
            }
            Some(Err(error)) => {
                self.trace.say(self.now, format_args!("agency {to} refuses gossip of agency {from}: {error}"));
                self.count("gossip refused");
                return Ok(());
            }
            None => return Ok(()),
        };
        self.flood(to, post, FAN);
        self.take(to, event, post.bogus)
    }

    /// Takes what passed the checks. What a liar made so that nothing may be taken from it changes nothing (I8).
    fn take(&mut self, who: usize, event: Event, bogus: bool) -> Result<(), Breach> {
        if !bogus {
            return self.step(who, event);
        }
        self.count("bogus input");
        let before = self.nodes[who].digest(self.federation, &self.audit.forked);
        self.step(who, event)?;
        let after = self.nodes[who].digest(self.federation, &self.audit.forked);
        // What nobody has confirmed of an epoch that is over is given up, and pulled anew, as soon as somebody says that it does not lead
        // to the later one: that may be a lie, and costs the pull.
        let forgotten = |log: usize| {
            let awaits = |seat: &Seat| self.nodes[who].replica.as_ref().is_some_and(|replica| replica.awaits_epoch(&seat.log));
            before[log].0 > 0 && after[log].0 == 0 && self.federation.seats.get(log).is_some_and(awaits)
        };
        let again: Vec<usize> = (0..before.len().min(after.len())).filter(|log| forgotten(*log)).collect();
        let labels = self.federation.seats.len();
        let counts = |log: usize| !again.contains(&log) && (log != labels || again.is_empty());
        match before.iter().zip(&after).enumerate().find(|(log, (before, after))| before != after && counts(*log)) {
            None => Ok(()),
            Some((log, (before, after))) => {
                let what = format!("agency {who} changed its state by what a liar made up: log {log} was {before:?}, is {after:?}");
                breach("I8 refused input changes nothing", what)
            }
        }
    }

    /// An honest node asks, as its replica wants.
    pub(super) fn ask(&mut self, who: usize, to: usize, request: Request) -> Result<(), Breach> {
        if let Request::Cosigned { log, size, .. } = &request {
            let owner = self.federation.who(&log.agency);
            self.audit.cosigned(self.federation, who, owner, *size, &self.nodes[who].disk)?;
        }
        self.send(who, to, request);
        Ok(())
    }

    pub(super) fn send(&mut self, who: usize, to: usize, request: Request) {
        let request = Rc::new(request);
        let call = self.nodes[who].call(to, request.clone());
        if self.quiet {
            self.count("asked when quiet");
        }
        if self.lost() {
            return self.forgotten(who, call);
        }
        let delay = self.delay();
        self.schedule(delay, Happening::Asked { to, from: who, call, request });
    }

    /// A question or its answer is lost: mostly somebody notices.
    fn forgotten(&mut self, who: usize, call: u32) {
        let life = self.nodes[who].life;
        if self.rng.chance(700) {
            self.schedule(3_000, Happening::Failed { who, life, call });
        }
    }

    pub(super) fn question_failed(&mut self, who: usize, life: u32, call: u32) -> Result<(), Breach> {
        if self.nodes[who].life != life {
            return Ok(());
        }
        let Some((to, request)) = self.nodes[who].calls.remove(&call) else { return Ok(()) };
        self.failed(who, to, &request)
    }

    fn failed(&mut self, who: usize, to: usize, request: &Rc<Request>) -> Result<(), Breach> {
        let from = self.federation.seats[to].id.clone();
        self.step(who, Event::Failed { from, request: request.as_ref().clone() })
    }

    pub(super) fn question_arrives(&mut self, to: usize, from: usize, call: u32, request: &Rc<Request>) -> Result<(), Breach> {
        if !self.linked(from, to) || !self.up(to) {
            self.forgotten(from, call);
            return Ok(());
        }
        self.trace.note(self.now, "asked", &[index(to), index(from), u64::from(call), kind(request)]);
        self.trace.say(self.now, format_args!("agency {from} asks agency {to}: {}", Short(request)));
        let (response, bogus) =
            if self.is_liar(to) { self.liar_answers(to, from, request) } else { (Some(self.answer(to, from, request)?), false) };
        match response {
            Some(response) if !self.lost() => {
                let delay = self.delay();
                self.schedule(delay, Happening::Answered { to: from, from: to, call, response: Rc::new(response), bogus });
            }
            _ => self.forgotten(from, call),
        }
        Ok(())
    }

    /// An honest node answers, as a real one's intake does.
    fn answer(&mut self, who: usize, from: usize, request: &Request) -> Result<Response, Breach> {
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return Ok(Response::Missing) };
        Ok(match request {
            Request::Heads { known } => Response::Heads(replica.answer_heads(known)),
            Request::Range { log, start, count } => {
                let Some(head) = replica.newest_head(log) else { return Ok(Response::Missing) };
                let (size, _) = replica.held(log).unwrap_or_default();
                let rows = &node.disk.logs[self.federation.who(&log.agency)].rows;
                match serve::range(&Reader(rows), log, head.note, size, *start, (*count).min(self.plan.answer)) {
                    Ok(Some(range)) => Response::Range(range),
                    Ok(None) | Err(_) => Response::Missing,
                }
            }
            // The first time the promise is still to be written; the next question has its answer.
            Request::LastSeen { nonce } => {
                let agency = self.federation.seats[from].id.clone();
                self.step(who, Event::Asked { agency })?;
                let Some(replica) = &self.nodes[who].replica else { return Ok(Response::Missing) };
                replica.answer_last_seen(&self.federation.seats[from].id, *nonce).map_or(Response::Missing, Response::LastSeen)
            }
            Request::Proposal { hash } => replica.answer_proposal(hash).map_or(Response::Missing, |text| Response::Amendments(vec![text])),
            Request::Charter { after } => match serve::versions(replica.book().chain(), *after) {
                texts if texts.is_empty() => Response::Missing,
                texts => Response::Amendments(texts),
            },
            Request::Tell(_) | Request::Cosigned { .. } | Request::Fork { .. } => {
                self.told(who, from, request, false)?;
                Response::Done
            }
        })
    }

    /// Something that needs no answer.
    pub(super) fn told(&mut self, who: usize, from: usize, request: &Request, bogus: bool) -> Result<(), Breach> {
        if self.is_liar(who) {
            if let Request::Cosigned { log, size, line } = request {
                self.liar_collects(who, from, log, *size, line);
            }
            return Ok(());
        }
        if !self.linked(from, who) {
            return Ok(());
        }
        let node = &self.nodes[who];
        let Some(replica) = &node.replica else { return Ok(()) };
        match request {
            Request::Tell(head) => {
                if let Some(event) = self.head_event(who, from, head) {
                    self.take(who, event, bogus)?;
                }
            }
            Request::Cosigned { log, size, line } => {
                let Some(head) = replica.checkpoint(log, *size) else { return Ok(()) };
                match check::cosignature(replica.book(), log, head, line) {
                    Ok(checked) => self.take(who, Event::Cosignature(checked), bogus)?,
                    Err(_) => self.count("cosignatures refused"),
                }
            }
            Request::Fork { proof } => {
                let gossip = Gossip::Fork { proof: proof.clone() };
                match self.memo.gossip(node.tag, replica.book(), &gossip) {
                    Some(Ok(Checked::Fork(fork))) => self.take(who, Event::Fork(fork), bogus)?,
                    Some(Err(CheckError::UnknownKey(log))) => {
                        let from = self.federation.seats[from].id.clone();
                        self.take(who, Event::Stranger { from, log }, bogus)?;
                    }
                    _ => self.count("evidence refused"),
                }
            }
            Request::Heads { .. }
            | Request::Range { .. }
            | Request::LastSeen { .. }
            | Request::Proposal { .. }
            | Request::Charter { .. } => {}
        }
        Ok(())
    }

    /// A head as an event; one whose keys are not known yet leads to a pull from the start.
    fn head_event(&mut self, who: usize, from: usize, head: &Head) -> Option<Event> {
        let node = &self.nodes[who];
        let replica = node.replica.as_ref()?;
        let from_id = self.federation.seats[from].id.clone();
        match self.memo.head(node.tag, replica.book(), head).as_ref() {
            Ok(head) => Some(Event::Head { from: from_id, head: head.clone() }),
            Err(CheckError::UnknownKey(log)) => Some(Event::Stranger { from: from_id, log: log.clone() }),
            Err(error) => {
                self.trace.say(self.now, format_args!("agency {who} refuses a head of agency {from}: {error}"));
                self.count("heads refused");
                None
            }
        }
    }

    pub(super) fn answer_arrives(&mut self, to: usize, from: usize, call: u32, response: &Response, bogus: bool) -> Result<(), Breach> {
        if !self.linked(from, to) || self.nodes[to].replica.is_none() {
            return Ok(());
        }
        let Some((_, request)) = self.nodes[to].calls.remove(&call) else { return Ok(()) };
        self.trace.note(self.now, "answer", &[index(to), index(from), u64::from(call)]);
        self.trace.say(self.now, format_args!("agency {to} hears from agency {from}: {}", Answer(response)));
        match response {
            Response::Heads(heads) => {
                for head in heads {
                    if let Some(event) = self.head_event(to, from, head) {
                        self.take(to, event, bogus)?;
                    }
                }
                Ok(())
            }
            Response::Range(range) => {
                let asked = matches!(request.as_ref(), Request::Range { log, start, .. } if *log == range.log && *start == range.start);
                let node = &self.nodes[to];
                let Some(replica) = node.replica.as_ref().filter(|_| asked && !range.records.is_empty()) else {
                    return self.failed(to, from, &request);
                };
                match self.memo.span(node.tag, replica.book(), range).as_ref() {
                    Ok(span) => {
                        let event = Event::Span { from: self.federation.seats[from].id.clone(), span: span.clone() };
                        self.take(to, event, bogus)
                    }
                    Err(error) => {
                        self.trace.say(self.now, format_args!("agency {to} refuses records of agency {from}: {error}"));
                        self.count("ranges refused");
                        self.failed(to, from, &request)
                    }
                }
            }
            Response::Amendments(texts) => {
                let Some(replica) = &self.nodes[to].replica else { return Ok(()) };
                match Event::amendments(replica.book(), &request, texts.clone()) {
                    Ok(event) => self.take(to, event, bogus),
                    Err(error) => {
                        self.trace.say(self.now, format_args!("agency {to} refuses a charter of agency {from}: {error}"));
                        self.count("charters refused");
                        self.failed(to, from, &request)
                    }
                }
            }
            Response::LastSeen(seen) => {
                let Request::LastSeen { nonce } = request.as_ref() else { return Ok(()) };
                let Some(replica) = &self.nodes[to].replica else { return Ok(()) };
                match check::last_seen(replica.book(), replica.me(), &self.federation.seats[from].id, nonce, seen) {
                    Ok(seen) => self.take(to, Event::LastSeen(seen), bogus),
                    Err(error) => {
                        self.trace.say(self.now, format_args!("agency {to} refuses what agency {from} saw last: {error}"));
                        self.count("sightings refused");
                        Ok(())
                    }
                }
            }
            Response::Done => Ok(()),
            Response::Missing => self.failed(to, from, &request),
        }
    }

    /// Everybody notices that a node is gone.
    pub(super) fn hang_up(&mut self, who: usize) {
        self.net.hung_up[who] = true;
        for peer in self.honest() {
            if peer != who && self.nodes[peer].replica.is_some() {
                let after = self.rng.between(10, 1_000);
                let (life, event) = (self.nodes[peer].life, Event::Disconnected(self.federation.seats[who].id.clone()));
                self.schedule(after, Happening::Local { who: peer, life, event: Box::new(event) });
            }
        }
    }

    /// A node meets all that it can reach, and they it.
    pub(super) fn greet(&mut self, who: usize) -> Result<(), Breach> {
        self.net.hung_up[who] = false;
        let id = self.federation.seats[who].id.clone();
        for peer in 0..self.nodes.len() {
            if peer == who || !self.up(peer) {
                continue;
            }
            if !self.linked(who, peer) {
                self.net.hung_up[who] = true;
                continue;
            }
            self.step(who, Event::Connected(self.federation.seats[peer].id.clone()))?;
            if !self.is_liar(peer) {
                self.step(peer, Event::Connected(id.clone()))?;
            }
        }
        Ok(())
    }

    /// As if all had met long ago: nobody has news, so nothing is asked. A newcomer asks.
    pub(super) fn acquaint(&mut self, who: usize) -> Result<(), Breach> {
        for peer in (0..self.nodes.len()).filter(|peer| *peer != who) {
            let (now, id) = (self.clock(who), self.federation.seats[peer].id.clone());
            if self.plan.newcomers.contains(&who) {
                self.step(who, Event::Connected(id))?;
            } else if let Some(replica) = self.nodes[who].replica.as_mut() {
                let _unsaid = replica.step(now, Event::Connected(id));
            }
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, second: &[usize], loud: bool) {
        for who in second {
            self.net.side[*who] = true;
        }
        for who in second.iter().take(if loud { 8 } else { 0 }) {
            self.hang_up(*who);
        }
    }

    /// The network is whole again; whose connections broke meets the others anew.
    pub(super) fn heal(&mut self) -> Result<(), Breach> {
        self.net.side.fill(false);
        for who in self.honest() {
            if self.net.hung_up[who] && self.nodes[who].replica.is_some() {
                self.greet(who)?;
            }
        }
        Ok(())
    }

    pub(super) fn back(&mut self, who: usize) -> Result<(), Breach> {
        self.net.reachable[who] = true;
        if !self.is_liar(who) && self.nodes[who].replica.is_some() { self.greet(who) } else { Ok(()) }
    }
}
