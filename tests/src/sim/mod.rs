//! A federation in one thread: fifty replicas of the protocol, a network that loses, delays and repeats, crashes at
//! every moment, clocks that jump, and members that lie. Everything is drawn from one seed; nothing else decides.
//!
//! [`run`] draws a plan (`plan`) from the seed and plays it on an event queue ordered by time. Nodes (`node`) keep
//! the contract between a replica and its driver over a disk (`disk`) that survives crashes; liars (`liar`) keep
//! no contract. An auditor (`audit`, `model`) that knows everything compares what nodes do with what is true.

mod audit;
pub(crate) mod disk;
pub(crate) mod federation;
mod forge;
mod labels;
mod liar;
mod memo;
mod message;
mod model;
mod network;
mod node;
mod objections;
mod plan;
mod quiet;
pub(crate) mod rng;
mod shrink;
mod trace;
pub(crate) mod work;

use std::collections::{BTreeMap, BinaryHeap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use parangon_protocol::message::{Request, Response};
use parangon_protocol::replica::Event;

pub use self::audit::Breach;
pub use self::federation::Federation;
pub use self::shrink::shrink;

use self::audit::{Audit, breach};
use self::liar::Liar;
use self::memo::Memo;
use self::network::Post;
use self::node::Node;
use self::plan::{Op, Plan};
use self::rng::Rng;
use self::trace::Trace;

/// Happenings after which a run does not end by itself: many times what the longest take.
const ENDLESS: u64 = 1_000_000;

/// The size of a run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Agencies.
    pub replicas: usize,
    /// Things that honest agencies do.
    pub work: u64,
    /// Lies of each active liar, at most.
    pub lies: u64,
    /// Whether everything that happens is written to stderr.
    pub trace: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { replicas: 50, work: 5, lies: 3, trace: false }
    }
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// SHA-256 over all events: equal for equal seeds.
    pub trace: [u8; 32],
    /// How many events there were.
    pub events: u64,
    /// Things that were to happen.
    pub steps: usize,
    /// Simulated seconds until everything was quiet.
    pub seconds: u64,
    /// How often what was counted, for the summary.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was broken, if anything.
    pub breach: Option<Breach>,
}

/// Something that happens at a time.
enum Happening {
    /// A step of the plan.
    Step(usize),
    /// A message arrives.
    Gossip { to: usize, from: usize, post: Rc<Post> },
    /// A question arrives.
    Asked { to: usize, from: usize, call: u32, request: Rc<Request> },
    /// A question that a liar asks without expecting an answer.
    Told { to: usize, from: usize, request: Rc<Request>, bogus: bool },
    /// An answer arrives.
    Answered { to: usize, from: usize, call: u32, response: Rc<Response>, bogus: bool },
    /// A question has failed.
    Failed { who: usize, life: u32, call: u32 },
    /// A commit is on disk.
    Commit { who: usize, life: u32 },
    /// A node looks at its timers.
    Tick { who: usize, life: u32 },
    /// Something that a node found out by itself.
    Local { who: usize, life: u32, event: Box<Event> },
    /// A node comes up again.
    Start { who: usize },
    /// A node can be reached again.
    Back { who: usize },
    /// A node tries what it has to do.
    Chores { who: usize, life: u32 },
    /// A liar confirms what it endorsed.
    Confirm { who: usize, issued: usize },
    /// The auditor looks whether all is quiet.
    Look,
}

/// A happening with its place in time. Of two at once the one first scheduled comes first.
struct Entry {
    at: u64,
    number: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    /// The earliest is the greatest: the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// One run.
struct Sim<'a> {
    federation: &'a Federation,
    plan: &'a Plan,
    now: u64,
    queue: BinaryHeap<Entry>,
    scheduled: u64,
    rng: Rng,
    nodes: Vec<Node>,
    liars: BTreeMap<usize, Liar>,
    net: network::Net,
    memo: Memo,
    audit: Audit,
    trace: Trace,
    counts: BTreeMap<&'static str, u64>,
    issued: Vec<work::Issued>,
    quiet: bool,
    done: bool,
}

/// Plays the run of `seed`.
#[must_use]
pub fn run(seed: u64, config: &Config, federation: &Federation) -> Outcome {
    let federation = federation.of_run(seed);
    play(&Plan::draw(seed, config, federation), config, federation)
}

/// Plays the run of `seed` with only these of its steps.
#[must_use]
pub fn run_only(seed: u64, keep: &[usize], config: &Config, federation: &Federation) -> Outcome {
    let federation = federation.of_run(seed);
    let mut plan = Plan::draw(seed, config, federation);
    plan.steps = keep.iter().filter_map(|at| plan.steps.get(*at).cloned()).collect();
    play(&plan, config, federation)
}

fn play(plan: &Plan, config: &Config, federation: &Federation) -> Outcome {
    let mut sim = Sim::new(federation, plan, config);
    let played = catch_unwind(AssertUnwindSafe(|| sim.play()));
    let breach = match played {
        Ok(Ok(())) => None,
        Ok(Err(breach)) => Some(breach),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(Breach { invariant: "R3 no panic", what: text.unwrap_or_default() })
        }
    };
    Outcome {
        seed: plan.seed,
        trace: sim.trace.finish(),
        events: sim.trace.events(),
        steps: plan.steps.len(),
        seconds: sim.now / 1000,
        counts: std::mem::take(&mut sim.counts),
        breach,
    }
}

impl<'a> Sim<'a> {
    fn new(federation: &'a Federation, plan: &'a Plan, config: &Config) -> Self {
        let rng = Rng::part(plan.seed, 2);
        let liars: BTreeMap<usize, Liar> = plan.liars.iter().map(|(who, manner)| (*who, Liar::new(federation, *who, *manner))).collect();
        let nodes = (0..federation.len()).map(|who| Node::new(federation, who, plan.newcomers.contains(&who))).collect();
        Self {
            federation,
            plan,
            now: 0,
            queue: BinaryHeap::new(),
            scheduled: 0,
            rng,
            nodes,
            audit: Audit::new(federation, plan.liars.iter().map(|(who, _)| *who)),
            liars,
            net: network::Net::new(plan.weather, federation.len()),
            memo: Memo::default(),
            trace: Trace::new(config.trace),
            counts: BTreeMap::new(),
            issued: Vec::new(),
            quiet: false,
            done: false,
        }
    }

    fn schedule(&mut self, after: u64, what: Happening) {
        self.scheduled += 1;
        self.queue.push(Entry { at: self.now + after, number: self.scheduled, what });
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn is_liar(&self, who: usize) -> bool {
        self.liars.contains_key(&who)
    }

    fn honest(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|who| !self.is_liar(*who)).collect()
    }

    fn play(&mut self) -> Result<(), Breach> {
        for (number, (at, op)) in self.plan.steps.iter().enumerate() {
            self.trace.note(*at, "step", &[u64::try_from(number).unwrap_or(0), memo::digest(&[format!("{op:?}").as_bytes()])]);
            self.schedule(*at, Happening::Step(number));
        }
        for who in self.honest() {
            self.start(who)?;
        }
        for who in self.honest() {
            self.acquaint(who)?;
            let phase = self.rng.between(0, 2_000);
            self.schedule(phase, Happening::Tick { who, life: self.nodes[who].life });
        }
        self.schedule(plan::HEAL, Happening::Look);
        while let Some(entry) = self.queue.pop() {
            self.now = entry.at;
            if self.scheduled > ENDLESS {
                return breach("I9 work ends", format!("{} messages and timers are under way", self.queue.len()));
            }
            self.happen(entry.what)?;
            if self.done {
                return Ok(());
            }
        }
        Ok(())
    }

    fn happen(&mut self, what: Happening) -> Result<(), Breach> {
        match what {
            Happening::Step(number) => {
                let op = self.plan.steps[number].1.clone();
                self.trace.say(self.now, format_args!("{op:?}"));
                self.op(op)
            }
            Happening::Gossip { to, from, post } => self.gossip_arrives(to, from, &post),
            Happening::Asked { to, from, call, request } => self.question_arrives(to, from, call, &request),
            Happening::Told { to, from, request, bogus } => self.told(to, from, &request, bogus),
            Happening::Answered { to, from, call, response, bogus } => self.answer_arrives(to, from, call, &response, bogus),
            Happening::Failed { who, life, call } => self.question_failed(who, life, call),
            Happening::Commit { who, life } => self.commit(who, life),
            Happening::Tick { who, life } => {
                if self.nodes[who].life == life {
                    self.step(who, Event::Tick)?;
                    self.schedule(2_000, Happening::Tick { who, life });
                }
                Ok(())
            }
            Happening::Local { who, life, event } => {
                if self.nodes[who].life == life {
                    self.step(who, *event)
                } else {
                    Ok(())
                }
            }
            Happening::Start { who } => self.restart(who),
            Happening::Back { who } => self.back(who),
            Happening::Chores { who, life } => {
                if self.nodes[who].life == life {
                    self.chores(who)
                } else {
                    Ok(())
                }
            }
            Happening::Confirm { who, issued } => {
                self.liar_confirms(who, issued);
                Ok(())
            }
            Happening::Look => self.look(),
        }
    }

    fn op(&mut self, op: Op) -> Result<(), Breach> {
        match op {
            Op::Anchors { who, count } => self.anchors(who, count),
            Op::Label { who, level, endorsers, renews } => self.award(who, level, &endorsers, renews),
            Op::Standing { who, pick, action } => self.standing(who, pick, action),
            Op::Object { who, pick, lifts } => self.object(who, pick, lifts),
            Op::Status { who } => self.status(who),
            Op::Vote { who } => self.cast(who),
            Op::Crash { who, torn, down } => self.crash(who, torn, down),
            Op::Backup { who } => {
                self.nodes[who].backup = Some(Box::new(self.nodes[who].disk.clone()));
                Ok(())
            }
            Op::Restore { who, down } => self.lose(who, down),
            Op::Offline { who, down } => {
                self.net.reachable[who] = false;
                self.schedule(down, Happening::Back { who });
                Ok(())
            }
            Op::Clock { who, by } => {
                self.nodes[who].offset += by;
                Ok(())
            }
            Op::Cut { second, loud } => {
                self.cut(&second, loud);
                Ok(())
            }
            Op::Heal => self.heal(),
            Op::Weather(weather) => {
                self.net.weather = weather;
                Ok(())
            }
            Op::Lie { who, lie } => {
                self.count("lies");
                self.lie(who, lie);
                Ok(())
            }
        }
    }
}
