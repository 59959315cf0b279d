//! The members' replicas in one process, with a queue for a network. Each node has its rows in memory and keeps the
//! driver's promise: everything persisted is there before it is called durable, and nothing else happens before that.

mod node;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use parangon_protocol::canonical;
use parangon_protocol::charter::{Amendment, Ballot, Chain, Charter, Vote};
use parangon_protocol::check::{self, CheckError, KeyBook, Soundness};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::keys::SignedKeySet;
use parangon_protocol::label::LabelId;
use parangon_protocol::limits;
use parangon_protocol::log::checkpoint;
use parangon_protocol::log::last_seen::LastSeen;
use parangon_protocol::message::{Gossip, Head, Range, Request};
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::replica::{Change, Effect, Event, Keys, LabelRow, LogSnapshot, Refusal, Replica, Settings, serve};
use parangon_protocol::time::Timestamp;

use super::federation::{Federation, key};
use super::ledger::Ledger;
use super::scene::Scene;
use super::{agency, log, time};

pub struct Node {
    pub replica: Replica,
    pub logs: BTreeMap<LogId, Ledger>,
    /// The newest head of each log that had its quorum.
    pub kept: BTreeMap<LogId, String>,
    answers: BTreeMap<u64, Result<Vec<u64>, Refusal>>,
    /// Whether each label keeps the rules, as written last.
    pub labels: BTreeMap<LabelId, Soundness>,
    /// What else is written down: of each log, of each label, versions with the time they took effect, and proposals.
    snapshots: BTreeMap<LogId, LogSnapshot>,
    rows: BTreeMap<LabelId, LabelRow>,
    amendments: BTreeMap<u32, (Amendment, Timestamp)>,
    torn: Option<u32>,
    proposals: BTreeMap<Hash, (u32, Vec<u8>)>,
    /// Whether it is unclear what was signed.
    recovering: bool,
    /// Its disk may lack what it signed.
    lost: bool,
    /// The latest time that others vouched for.
    pub vouched: Timestamp,
    /// The key set that the node's next epoch begins with.
    succession: Option<Box<SignedKeySet>>,
    /// The role of the key that the node signs its log with.
    log_role: &'static str,
    /// What the node said has changed.
    pub news: Vec<Change>,
}

/// What a node had written down at some time.
#[derive(Clone)]
pub struct Backup {
    logs: BTreeMap<LogId, Ledger>,
    kept: BTreeMap<LogId, String>,
    labels: BTreeMap<LabelId, Soundness>,
    snapshots: BTreeMap<LogId, LogSnapshot>,
    rows: BTreeMap<LabelId, LabelRow>,
}

/// What is on its way: to whom, from whom.
enum Message {
    Gossip(Gossip),
    Request(Request),
    Range(Request, Option<Range>),
    Heads(Vec<Head>),
    Amendments(Request, Vec<Vec<u8>>),
    LastSeen(Request, Box<LastSeen>),
}

pub struct Network {
    pub federation: Federation,
    pub nodes: BTreeMap<AgencyId, Node>,
    pub now: Timestamp,
    offline: BTreeSet<AgencyId>,
    queue: VecDeque<(AgencyId, AgencyId, Message)>,
    ticket: u64,
    /// Whether a log may tell two stories: elsewhere that would be a fault of the test.
    pub forks: bool,
}

impl Network {
    /// All members connected; each has begun its log.
    pub fn founded(federation: Federation) -> Self {
        let ids = federation.ids();
        let node = |id: &AgencyId| {
            let keys = keys(id);
            let book = KeyBook::new(federation.chain.clone());
            let replica = Replica::new(id.clone(), Settings::default(), keys, book, vec![], []);
            (
                id.clone(),
                Node {
                    replica,
                    logs: BTreeMap::new(),
                    kept: BTreeMap::new(),
                    answers: BTreeMap::new(),
                    labels: BTreeMap::new(),
                    snapshots: BTreeMap::new(),
                    rows: BTreeMap::new(),
                    amendments: BTreeMap::new(),
                    torn: None,
                    proposals: BTreeMap::new(),
                    recovering: false,
                    lost: false,
                    vouched: Timestamp::default(),
                    succession: None,
                    log_role: "log",
                    news: vec![],
                },
            )
        };
        let nodes = ids.iter().map(node).collect();
        let now = time("2026-11-01T00:00:00Z");
        let mut network = Self { federation, nodes, now, offline: BTreeSet::new(), queue: VecDeque::new(), ticket: 0, forks: false };
        for id in &ids {
            for peer in &ids {
                network.step(id, Event::Connected(peer.clone()));
            }
        }
        for id in &ids {
            for record in network.federation.first_records(id.as_str()) {
                network.append(id.as_str(), &[record]).unwrap();
            }
        }
        network.settle();
        network
    }

    /// Appends to the agency's own log, and lets the news travel.
    pub fn append(&mut self, id: &str, records: &[Record]) -> Result<Vec<u64>, Refusal> {
        let (me, log) = (agency(id), log(id));
        let node = &self.nodes[&me];
        let mut book = (**node.replica.book()).clone();
        let start = node.logs.get(&log).map_or(0, Ledger::size);
        let checked = records.iter().zip(start..).map(|(record, index)| {
            if let (Record::KeySet(set), 0) = (record, index) {
                book.insert(&log, 0, set).unwrap();
            }
            check::record(&book, &log, index, record.to_text().unwrap()).unwrap()
        });
        let records = checked.collect();
        self.ask_own(&me, |ticket| Event::Append { ticket, records })
    }

    /// The agency states the standing of its labels.
    pub fn append_status(&mut self, id: &str) -> Result<Vec<u64>, Refusal> {
        self.ask_own(&agency(id), |ticket| Event::AppendStatus { ticket })
    }

    fn ask_own(&mut self, me: &AgencyId, event: impl FnOnce(u64) -> Event) -> Result<Vec<u64>, Refusal> {
        self.ticket += 1;
        let ticket = self.ticket;
        self.step(me, event(ticket));
        let answer = self.nodes.get_mut(me).unwrap().answers.remove(&ticket).unwrap();
        self.settle();
        answer
    }

    /// The agency takes this text, and votes on it.
    pub fn vote(&mut self, id: &str, charter: &Charter, accept: bool) -> Result<Vec<u64>, Refusal> {
        let vote = self.ballot(id, charter, accept)?;
        self.cast(id, charter, vote)
    }

    /// The vote that the agency would cast now.
    pub fn ballot(&self, id: &str, charter: &Charter, accept: bool) -> Result<Vote, Refusal> {
        let heads = if accept { self.nodes[&agency(id)].replica.last_heads(self.now, charter)? } else { vec![] };
        let ballot = Ballot { version: charter.version, charter: charter.hash().unwrap(), agency: agency(id), accept, heads };
        Ok(ballot.sign(self.federation.fingerprint(), &key("identity", id)).unwrap())
    }

    /// Puts a vote into the agency's log.
    pub fn cast(&mut self, id: &str, charter: &Charter, vote: Vote) -> Result<Vec<u64>, Refusal> {
        let bare = Amendment { charter: charter.clone(), votes: vec![] };
        let text = canonical::encode(&bare, limits::AMENDMENTS_BYTES).unwrap();
        self.step(&agency(id), Event::Proposal(check::proposal(text).unwrap()));
        self.append(id, &[Record::Vote(Box::new(vote))])
    }

    /// The agency's log adopts the version that is in effect at its node.
    pub fn adopt(&mut self, id: &str) -> Result<Vec<u64>, Refusal> {
        let chain = self.nodes[&agency(id)].replica.book().chain().clone();
        let charter = chain.newest();
        self.append(id, &[Record::Charter(Adoption { version: charter.version, hash: charter.hash().unwrap() })])
    }

    /// The version in effect at a node.
    pub fn version(&self, id: &str) -> u32 {
        self.nodes[&agency(id)].replica.book().chain().newest().version
    }

    /// Something happens to one node, and the news travel.
    pub fn happen(&mut self, id: &str, event: Event) {
        self.step(&agency(id), event);
        self.settle();
    }

    /// Cuts an agency off.
    pub fn stop(&mut self, id: &str) {
        let id = agency(id);
        self.offline.insert(id.clone());
        for peer in self.federation.ids() {
            self.step(&peer, Event::Disconnected(id.clone()));
            self.step(&id, Event::Disconnected(peer));
        }
        self.settle();
    }

    /// Connects it again.
    pub fn start(&mut self, id: &str) {
        let id = agency(id);
        self.offline.remove(&id);
        for peer in self.federation.ids() {
            if peer != id && !self.offline.contains(&peer) {
                self.step(&peer, Event::Connected(id.clone()));
                self.step(&id, Event::Connected(peer));
            }
        }
        self.settle();
    }

    /// Something happens to a node, which ends when that is written down, before it does anything else.
    pub fn die(&mut self, id: &str, event: Event) {
        let (me, now) = (agency(id), self.now);
        let node = self.nodes.get_mut(&me).unwrap();
        for effect in node.replica.step(now, event) {
            if let Effect::Persist(write) = effect {
                node.keep(write);
            }
        }
    }

    /// What is written down of a node.
    pub fn backup(&self, id: &str) -> Backup {
        let Node { logs, kept, labels, snapshots, rows, .. } = &self.nodes[&agency(id)];
        Backup { logs: logs.clone(), kept: kept.clone(), labels: labels.clone(), snapshots: snapshots.clone(), rows: rows.clone() }
    }

    /// Ends a node and starts it again from what was written down earlier: it cannot know what it signed since.
    pub fn restore(&mut self, id: &str, backup: &Backup) {
        let node = self.nodes.get_mut(&agency(id)).unwrap();
        (node.recovering, node.lost) = (true, true);
        self.replace(id, backup);
    }

    /// Ends a node and starts it again with another log key, which its next epoch begins with.
    pub fn replace_log_key(&mut self, id: &str, set: SignedKeySet, role: &'static str) {
        let node = self.nodes.get_mut(&agency(id)).unwrap();
        (node.recovering, node.succession, node.log_role) = (true, Some(Box::new(set)), role);
        self.restart(id);
    }

    /// What the node will sign its log with, whatever the log states.
    pub fn log_role(&mut self, id: &str, role: &'static str) {
        self.nodes.get_mut(&agency(id)).unwrap().log_role = role;
    }

    /// The same without its knowing: a second node with the keys of the first one, as that one was.
    pub fn replace(&mut self, id: &str, backup: &Backup) {
        let node = self.nodes.get_mut(&agency(id)).unwrap();
        let Backup { logs, kept, labels, snapshots, rows } = backup.clone();
        (node.logs, node.kept, node.labels, node.snapshots, node.rows) = (logs, kept, labels, snapshots, rows);
        self.restart(id);
    }

    /// Ends a node and starts it again from what is written down; it finds the others by itself.
    pub fn restart(&mut self, id: &str) {
        self.boot(id);
        self.start(id);
    }

    /// As [`Network::restart`], but for the others, which it does not find.
    pub fn boot(&mut self, id: &str) {
        let me = agency(id);
        let mut chain = Chain::verify(self.federation.chain.founding().clone()).unwrap();
        let node = self.nodes.get_mut(&me).unwrap();
        for (amendment, _) in node.amendments.values() {
            chain = chain.extend(amendment.clone()).unwrap();
        }
        let (mut keys, book) = (keys(&me), KeyBook::new(Arc::new(chain)));
        keys.log = key(node.log_role, id);
        let (snapshots, rows) = (node.snapshots.values().cloned().collect(), node.rows.values().cloned());
        let since = node.amendments.iter().map(|(version, (_, since))| (*version, *since)).collect();
        let proposals: Vec<_> = node.proposals.values().map(|(_, text)| check::proposal(text.clone()).unwrap()).collect();
        self.ticket += 1;
        let recovery = node.recovering.then(|| Hash::of(&[id.as_bytes(), &self.ticket.to_be_bytes()]));
        let succession = node.succession.clone().filter(|_| node.recovering);
        let settings = Settings { recovery, succession, intact: node.recovering && !node.lost, ..Settings::default() };
        let replica = Replica::new(me.clone(), settings, keys, book, snapshots, rows);
        node.replica = replica.with_proposals(since, node.torn, proposals);
        self.step(&me, Event::Durable);
    }

    /// Carries messages until there are none, and lets every node poll a few times.
    pub fn settle(&mut self) {
        for _ in 0..4 {
            self.now = self.now.plus(11);
            for id in self.federation.ids() {
                self.step(&id, Event::Tick);
            }
            let mut carried = 0;
            while let Some((to, from, message)) = self.queue.pop_front() {
                carried += 1;
                assert!(carried < 100_000, "the nodes talk without end");
                if !self.offline.contains(&to) && !self.offline.contains(&from) {
                    self.deliver(&to, &from, message);
                }
            }
        }
    }

    /// What this node holds, to make files from: heads with their quorum where they show everything, else the newest.
    pub fn scene(&self, id: &str) -> Scene {
        let node = &self.nodes[&agency(id)];
        let note = |log: &LogId| {
            let complete = node.replica.final_size(log) == node.logs[log].size();
            if complete { node.kept.get(log).cloned() } else { node.replica.newest_head(log).map(|head| head.note) }
        };
        let notes = node.logs.keys().filter_map(|log| Some((log.clone(), note(log)?))).collect();
        Scene { federation: self.federation.clone(), logs: node.logs.clone(), notes }
    }

    fn step(&mut self, id: &AgencyId, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.now;
            let effects = self.nodes.get_mut(id).unwrap().replica.step(now, event);
            for effect in &effects {
                if let Effect::Reread { log, size } = effect {
                    let node = &self.nodes[id];
                    let ledger = node.logs.get(log).cloned().unwrap_or_default();
                    let read = |index| check::record(node.replica.book(), log, index, ledger.get(index).to_vec()).unwrap();
                    events.push_front(Event::Reread { log: log.clone(), records: (0..*size).map(read).collect() });
                }
            }
            let (writes, others): (Vec<_>, Vec<_>) = effects.into_iter().partition(|effect| matches!(effect, Effect::Persist(_)));
            let durable = !writes.is_empty();
            for effect in writes {
                if let Effect::Persist(write) = effect {
                    self.nodes.get_mut(id).unwrap().keep(write);
                }
            }
            if durable {
                events.push_back(Event::Durable);
            }
            for effect in others {
                self.carry_out(id, effect, &mut events);
            }
        }
    }

    fn carry_out(&mut self, me: &AgencyId, effect: Effect, events: &mut VecDeque<Event>) {
        match effect {
            Effect::Publish(gossip) => {
                for peer in self.federation.ids().into_iter().filter(|peer| peer != me) {
                    self.queue.push_back((peer, me.clone(), Message::Gossip(gossip.clone())));
                }
            }
            Effect::Ask { to, request } => self.queue.push_back((to, me.clone(), Message::Request(request))),
            Effect::Compare { head, .. } => {
                let node = &self.nodes[me];
                let Some(ours) = node.replica.newest_head(head.log()) else { return };
                let (key, claimed) = check::signer(node.replica.book(), head.log(), &ours.note).unwrap();
                let ours = checkpoint::open(&ours.note, &key, &claimed.origin(self.federation.fingerprint())).unwrap();
                let Ok(fork) = serve::compare(&node.logs[head.log()], &ours, head.signed());
                if let Some(proof) = fork {
                    assert!(self.forks, "nobody forks here: {:?}", head.log());
                    events.push_back(Event::Fork(check::fork(node.replica.book(), proof).unwrap()));
                }
            }
            Effect::Recheck { log, index } => {
                let node = &self.nodes[me];
                let record = check::record(node.replica.book(), &log, index, node.logs[&log].get(index).to_vec()).unwrap();
                assert!(matches!(record.record(), Record::Label(_)), "only labels are checked again");
                events.push_back(Event::Rechecked { log, index, record: Box::new(record) });
            }
            Effect::Answer { ticket, outcome } => drop(self.nodes.get_mut(me).unwrap().answers.insert(ticket, outcome)),
            Effect::Changed(change) => self.nodes.get_mut(me).unwrap().news.push(change),
            Effect::Persist(_) | Effect::Reread { .. } => {}
        }
    }

    fn deliver(&mut self, to: &AgencyId, from: &AgencyId, message: Message) {
        let me = &self.nodes[to];
        let (book, from) = (me.replica.book().clone(), from.clone());
        let event = match message {
            Message::Gossip(Gossip::Fork { proof }) | Message::Request(Request::Fork { proof }) => {
                assert!(self.forks, "nobody forks here");
                Event::Fork(check::fork(&book, serde_json::from_slice(&proof).unwrap()).unwrap())
            }
            Message::Gossip(Gossip::Grown { head, start, records }) if !records.is_empty() => {
                match check::span(&book, &head.log, &head.note, start, records, vec![]) {
                    Ok(span) => Event::Span { from, span },
                    Err(CheckError::UnknownKey(log)) => Event::Stranger { from, log },
                    Err(error) => panic!("{error}"),
                }
            }
            Message::Gossip(Gossip::Grown { head, .. }) | Message::Request(Request::Tell(head)) => seen(&book, from, &head),
            Message::Heads(heads) => {
                for head in heads {
                    self.step(to, seen(&book, from.clone(), &head));
                }
                return;
            }
            Message::Request(Request::Heads { known }) => {
                let heads = me.replica.answer_heads(&known);
                return self.queue.push_back((from, to.clone(), Message::Heads(heads)));
            }
            Message::Request(Request::Cosigned { log, size, line }) => {
                let Some(head) = me.replica.checkpoint(&log, size) else { return };
                match check::cosignature(&book, &log, head, &line) {
                    Ok(cosignature) => Event::Cosignature(cosignature),
                    // Lost, the next poll brings it; or of a head of this size that somebody else signed.
                    Err(CheckError::UnknownKey(_) | CheckError::Cosignature { .. }) => return,
                    Err(error) => panic!("{error}"),
                }
            }
            Message::Request(Request::Proposal { hash }) => {
                let texts = me.replica.answer_proposal(&hash).into_iter().collect();
                return self.queue.push_back((from, to.clone(), Message::Amendments(Request::Proposal { hash }, texts)));
            }
            Message::Request(Request::Charter { after }) => {
                let texts = serve::versions(book.chain(), after);
                return self.queue.push_back((from, to.clone(), Message::Amendments(Request::Charter { after }, texts)));
            }
            Message::Request(request @ Request::LastSeen { nonce }) => {
                self.step(to, Event::Asked { agency: from.clone() });
                let me = &self.nodes[to];
                if let Some(seen) = me.replica.answer_last_seen(&from, nonce) {
                    self.queue.push_back((from, to.clone(), Message::LastSeen(request, Box::new(seen))));
                }
                return;
            }
            Message::LastSeen(request, seen) => {
                let Request::LastSeen { nonce } = request else { panic!("asked for something else") };
                match check::last_seen(&book, to, &from, &nonce, &seen) {
                    Ok(seen) => Event::LastSeen(seen),
                    Err(CheckError::UnknownKey(log)) => Event::Stranger { from, log },
                    Err(error) => panic!("{error}"),
                }
            }
            Message::Amendments(_, texts) if texts.is_empty() => return,
            Message::Amendments(request, texts) => Event::amendments(&book, &request, texts).unwrap(),
            Message::Request(request) => {
                let range = me.range(&request);
                return self.queue.push_back((from, to.clone(), Message::Range(request, range)));
            }
            Message::Range(request, None) => Event::Failed { from, request },
            Message::Range(_, Some(range)) => {
                let span = check::span(&book, &range.log, &range.note, range.start, range.records, range.proof).unwrap();
                Event::Span { from, span }
            }
        };
        self.step(to, event);
    }
}

fn keys(id: &AgencyId) -> Keys {
    Keys { log: key("log", id.as_str()), witness: key("witness", id.as_str()) }
}

fn seen(book: &KeyBook, from: AgencyId, head: &Head) -> Event {
    match check::head(book, head) {
        Ok(head) => Event::Head { from, head },
        Err(CheckError::UnknownKey(log)) => Event::Stranger { from, log },
        Err(error) => panic!("{error}"),
    }
}
