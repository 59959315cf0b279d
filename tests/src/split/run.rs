//! One run: who lies, who is shown what, and in which order it arrives.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use parangon_protocol::check::{self, CheckedFork, CheckedHead, CheckedRecord};
use parangon_protocol::id::AgencyId;
use parangon_protocol::log::checkpoint::Checkpoint;
use parangon_protocol::message::{Gossip, Head, Range, Request};
use parangon_protocol::replica::{Effect, Event, Keys, Replica, Settings, Write, serve};
use parangon_protocol::time::Timestamp;

use super::story::Story;
use super::world::World;
use crate::sim::disk::{Reader, Row};
use crate::sim::federation::{now, secret};
use crate::sim::rng::Rng;
use crate::sim::work::anchor;

/// Messages after which a run does not end by itself.
const ENDLESS: usize = 100_000;

/// Ticks that each witness gets while messages are on their way.
pub(super) const TICKS: usize = 2;

/// Whom the owner shows which story first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Agencies under one parent see the same one.
    Groups,
    /// Each agency sees what the owner likes.
    Agencies,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The largest quorum by which a file of each story would have been accepted.
    pub split: usize,
    /// Witnesses that froze the log in the end.
    pub frozen: usize,
    /// What was broken, if anything.
    pub breach: Option<String>,
}

/// What is on its way to an honest witness.
pub(super) enum Mail {
    /// The owner shows the records of a story up to this size.
    Show {
        story: usize,
        size: u64,
    },
    /// The owner, or somebody for it, shows a head with all its lines.
    Note {
        story: usize,
        size: u64,
    },
    Gossip(Gossip),
    Request(Request),
    Heads(Vec<Head>),
    Range(Request, Option<Range>),
    Tick,
}

pub(super) struct Post {
    pub(super) to: usize,
    pub(super) from: usize,
    pub(super) mail: Mail,
}

pub(super) struct Witness {
    pub(super) replica: Replica,
    pub(super) rows: Vec<Arc<Row>>,
    /// The story that it is shown.
    pub(super) story: usize,
}

pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) rng: Rng,
    pub(super) now: Timestamp,
    pub(super) post: Vec<Post>,
    /// Records that both stories have.
    pub(super) common: u64,
    pub(super) stories: [Story; 2],
    pub(super) honest: BTreeMap<usize, Witness>,
    /// What an honest witness held as final.
    pub(super) finals: Vec<(usize, Checkpoint)>,
    /// Heads that were checked, by their notes: everybody has the same keys.
    pub(super) checked: HashMap<String, CheckedHead>,
    /// Records that were checked, by index and text.
    pub(super) records: HashMap<(u64, Vec<u8>), CheckedRecord>,
    /// Proofs that were checked.
    pub(super) forks: HashMap<Vec<u8>, CheckedFork>,
}

/// Plays the run of `seed` in which the witnesses of so many groups collude.
#[must_use]
pub fn play(world: &World, colluders: usize, audience: Audience, seed: u64) -> Outcome {
    let mut run = Run::draw(world, colluders, audience, seed);
    let breach = run.deliver().err();
    let split = run.largest_split();
    let k = world.witnesses().threshold();
    let breach = breach.or_else(|| run.judge().err()).or_else(|| {
        let text = || format!("two files of {} are accepted with {split} groups, which is the quorum of {k}", world.log);
        (split >= k).then(text)
    });
    let frozen = run.honest.values().filter(|witness| witness.replica.frozen(&world.log)).count();
    Outcome { split, frozen, breach }
}

impl<'a> Run<'a> {
    fn draw(world: &'a World, colluders: usize, audience: Audience, seed: u64) -> Self {
        let mut rng = Rng::part(seed, 3);
        let now = now();
        let common: Vec<Vec<u8>> = world.beginning.iter().cloned().chain((0..rng.below(3)).map(|at| anchor(at, now))).collect();
        let length = rng.between(1, 3);
        let tell = |name: u64| {
            let own = (0..length).map(|at| anchor(1_000 * name + at, now));
            Story::tell(world, common.iter().cloned().chain(own))
        };
        let stories = [tell(1), tell(2)];
        let common = u64::try_from(common.len()).unwrap_or(u64::MAX);
        let (honest, checked, records, forks) = (BTreeMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        let mut run = Self { world, rng, now, post: vec![], common, stories, honest, finals: vec![], checked, records, forks };
        run.cast(colluders, audience);
        run.prepare();
        run
    }

    /// Who colludes; the others are shown one story or the other, most often in two halves.
    fn cast(&mut self, colluders: usize, audience: Audience) {
        let groups = self.rng.several(&(0..self.world.groups.len()).collect::<Vec<_>>(), self.world.groups.len());
        let (bad, good) = groups.split_at(colluders);
        let mut liars = BTreeSet::new();
        for group in bad {
            // One that lies makes its whole group worth nothing, whatever the others do.
            let seats = &self.world.groups[*group];
            let count = 1 + self.rng.index(seats.len());
            liars.extend(self.rng.several(seats, count));
        }
        let half = good.len() / 2 + self.rng.index(1 + good.len() % 2);
        let first = if self.rng.chance(700) { half } else { self.rng.index(good.len() + 1) };
        for (place, group) in good.iter().chain(bad).enumerate() {
            for seat in self.world.groups[*group].clone() {
                let together = place < good.len() && audience == Audience::Groups;
                let story = if together { usize::from(place >= first) } else { self.rng.index(2) };
                if !liars.contains(&seat) {
                    self.honest.insert(seat, self.witness(seat, story));
                }
            }
        }
        for (story, seat) in [0, 1].into_iter().flat_map(|story| liars.iter().map(move |seat| (story, *seat))) {
            let heads: Vec<Checkpoint> = self.stories[story].heads(0).cloned().collect();
            for head in heads {
                let line = self.world.cosign(seat, &head, self.now);
                self.stories[story].collect(head.size, seat, line);
            }
        }
    }

    fn witness(&self, seat: usize, story: usize) -> Witness {
        let keys = Keys { log: secret("log", seat), witness: secret("witness", seat) };
        let id = self.world.ids[seat].clone();
        let replica = Replica::new(id, Settings::default(), keys, self.world.book.clone(), vec![], []);
        Witness { replica, rows: vec![], story }
    }

    fn deliver(&mut self) -> Result<(), String> {
        // A patient owner has every witness see its story before anybody hears of the other one.
        let patient = self.rng.chance(500);
        for seat in self.honest.keys().copied().collect::<Vec<_>>() {
            for peer in &self.world.ids {
                self.step(seat, Event::Connected(peer.clone()))?;
            }
        }
        // In the end the owner shows everything it has to everybody, and everybody asks once more.
        for last in [false, true] {
            if last {
                self.show_all();
            }
            let mut delivered = 0;
            while !self.post.is_empty() {
                delivered += 1;
                if delivered > ENDLESS {
                    return Err("the witnesses talk without end".to_owned());
                }
                let shows = |post: &Post| matches!(post.mail, Mail::Show { story, .. } if self.honest[&post.to].story == story);
                let mut at = self.rng.index(self.post.len());
                if patient && !last && !shows(&self.post[at]) {
                    at = self.post.iter().position(shows).unwrap_or(at);
                }
                let post = self.post.swap_remove(at);
                self.now = self.now.plus(1);
                self.arrive(post)?;
            }
        }
        Ok(())
    }

    fn arrive(&mut self, Post { to, from, mail }: Post) -> Result<(), String> {
        let world = self.world;
        let id = world.ids[from].clone();
        match mail {
            Mail::Tick => {
                self.now = self.now.plus(11);
                self.step(to, Event::Tick)
            }
            Mail::Show { story, size } => {
                let note = self.stories[story].note(world, size);
                let range = serve::range(&Reader(&self.stories[story].rows), &world.log, note.note, size, 0, size);
                let range = range.ok().flatten().ok_or("a story without records")?;
                self.span(to, id, range)
            }
            Mail::Note { story, size } => {
                let head = self.stories[story].note(world, size);
                self.head(to, id, &head)
            }
            Mail::Heads(heads) => heads.iter().try_for_each(|head| self.head(to, id.clone(), head)),
            Mail::Range(request, None) => self.step(to, Event::Failed { from: id, request }),
            Mail::Range(_, Some(range)) => self.span(to, id, range),
            Mail::Gossip(Gossip::Fork { proof }) | Mail::Request(Request::Fork { proof }) => self.accused(to, &proof),
            Mail::Gossip(Gossip::Grown { head, .. }) | Mail::Request(Request::Tell(head)) => self.head(to, id, &head),
            Mail::Request(Request::Heads { known }) => {
                let heads = self.honest[&to].replica.answer_heads(&known);
                self.post.push(Post { to: from, from: to, mail: Mail::Heads(heads) });
                Ok(())
            }
            Mail::Request(Request::Range { log, start, count }) => {
                let witness = &self.honest[&to];
                let head = witness.replica.newest_head(&log);
                let size = u64::try_from(witness.rows.len()).unwrap_or(u64::MAX);
                let range = head.and_then(|head| serve::range(&Reader(&witness.rows), &log, head.note, size, start, count).ok().flatten());
                self.post.push(Post { to: from, from: to, mail: Mail::Range(Request::Range { log, start, count }, range) });
                Ok(())
            }
            Mail::Request(_) => Ok(()),
        }
    }

    pub(super) fn open(&mut self, head: &Head) -> Result<CheckedHead, String> {
        if let Some(checked) = self.checked.get(&head.note) {
            return Ok(checked.clone());
        }
        let checked = check::head(&self.world.book, head).map_err(|error| format!("a true note is refused: {error}"))?;
        self.checked.insert(head.note.clone(), checked.clone());
        Ok(checked)
    }

    fn head(&mut self, to: usize, from: AgencyId, head: &Head) -> Result<(), String> {
        let head = self.open(head)?;
        self.step(to, Event::Head { from, head })
    }

    fn span(&mut self, to: usize, from: AgencyId, range: Range) -> Result<(), String> {
        let head = self.open(&Head { log: range.log.clone(), note: range.note })?;
        let mut records = Vec::new();
        for named in (range.start..).zip(range.records) {
            if !self.records.contains_key(&named) {
                let checked = check::record(&self.world.book, &range.log, named.0, named.1.clone());
                self.records.insert(named.clone(), checked.map_err(|error| format!("a true record is refused: {error}"))?);
            }
            records.push(self.records[&named].clone());
        }
        let span = check::assemble(head, range.start, records, range.proof);
        self.step(to, Event::Span { from, span })
    }

    fn accused(&mut self, to: usize, proof: &[u8]) -> Result<(), String> {
        if !self.forks.contains_key(proof) {
            let read = serde_json::from_slice(proof).map_err(|error| error.to_string())?;
            let fork = check::fork(&self.world.book, read).map_err(|error| format!("a witness accuses falsely: {error}"))?;
            self.forks.insert(proof.to_vec(), fork);
        }
        self.step(to, Event::Fork(self.forks[proof].clone()))
    }

    /// A witness takes an event. What it writes is on its disk at once; what it says leaves after that.
    fn step(&mut self, seat: usize, event: Event) -> Result<(), String> {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let Some(witness) = self.honest.get_mut(&seat) else { return Ok(()) };
            let effects = witness.replica.step(self.now, event);
            let (writes, others): (Vec<_>, Vec<_>) = effects.into_iter().partition(|effect| matches!(effect, Effect::Persist(_)));
            if !writes.is_empty() {
                events.push(Event::Durable);
            }
            for write in writes {
                self.write(seat, write)?;
            }
            for effect in others {
                self.act(seat, effect, &mut events)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, seat: usize, effect: Effect) -> Result<(), String> {
        let log = &self.world.log;
        match effect {
            Effect::Persist(Write::Records { log: other, records, .. }) if other == *log => {
                let rows = records.into_iter().map(|(text, hashes)| Arc::new(Row { text, hashes }));
                self.honest.entry(seat).and_modify(|witness| witness.rows.extend(rows));
            }
            Effect::Persist(Write::Final { log, note, .. }) => {
                let head = self.open(&Head { log, note })?.checkpoint().clone();
                self.finals.push((seat, head));
            }
            _ => {}
        }
        Ok(())
    }

    fn act(&mut self, seat: usize, effect: Effect, events: &mut Vec<Event>) -> Result<(), String> {
        match effect {
            Effect::Publish(gossip) => {
                for to in self.honest.keys().copied().filter(|to| *to != seat) {
                    self.post.push(Post { to, from: seat, mail: Mail::Gossip(gossip.clone()) });
                }
            }
            Effect::Ask { to, request } => {
                let to = self.world.seat(&to);
                if self.honest.contains_key(&to) {
                    self.post.push(Post { to, from: seat, mail: Mail::Request(request) });
                } else {
                    self.liar_answers(to, seat, request)?;
                }
            }
            Effect::Compare { from, head } => {
                let witness = &self.honest[&seat];
                let Some(ours) = witness.replica.newest_head(head.log()) else { return Ok(()) };
                let ours = self.open(&ours)?;
                match serve::compare(&Reader(&self.honest[&seat].rows), ours.signed(), head.signed()) {
                    Ok(Some(proof)) => {
                        let fork = check::fork(&self.world.book, proof).map_err(|error| format!("a witness accuses falsely: {error}"))?;
                        events.push(Event::Fork(fork));
                    }
                    Ok(None) if head.checkpoint().size > ours.checkpoint().size => {
                        let request = Request::Tell(Head { log: head.log().clone(), note: ours.signed().to_string() });
                        let to = self.world.seat(&from);
                        if self.honest.contains_key(&to) {
                            self.post.push(Post { to, from: seat, mail: Mail::Request(request) });
                        }
                    }
                    Ok(None) | Err(_) => {}
                }
            }
            _ => {}
        }
        Ok(())
    }
}
