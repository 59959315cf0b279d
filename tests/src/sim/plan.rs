//! What happens in a run, drawn from the seed as a list that can be shortened.

use parangon_protocol::charter::Level;
use parangon_protocol::record::Action;

use super::Config;
use super::federation::Federation;
use super::rng::Rng;

/// When the last disturbance ends. Milliseconds.
pub(super) const HEAL: u64 = 40_000;

/// The network between all nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// Of a thousand messages, how many are lost.
    pub(super) loss: u64,
    /// Of a thousand gossip messages, how many come twice.
    pub(super) twice: u64,
    /// Typical time on the way, milliseconds. One in twenty takes up to forty times as long.
    pub(super) delay: u64,
}

pub(super) const CALM: Weather = Weather { loss: 0, twice: 0, delay: 15 };

/// How a liar behaves all the time, each of a thousand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Cosigns others' heads.
    pub(super) cosigns: bool,
    /// Ranges that it withholds.
    pub(super) withholds: u64,
    /// Ranges that it alters.
    pub(super) alters: u64,
    /// Heads that it answers with old ones.
    pub(super) stale: u64,
}

/// A label that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flawed {
    /// Fewer endorsers than the level needs.
    Panel,
    /// An endorsement in an honest agency's name.
    Endorser,
    /// Not signed by the issuer's key.
    Issuer,
    /// A copy of another agency's label.
    Copy,
    /// The offer of a label before it.
    Offer,
    /// It replaces a label that is not its own.
    Supersedes,
    /// Valid for too long.
    Validity,
}

/// What a liar does once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Records in its own log, shown to all who see the log.
    Anchors(u64),
    /// From here on one half of the others sees another log.
    Fork,
    /// A record in the other half's log.
    Second,
    /// A status that is not so.
    Status,
    /// A head far beyond the records.
    Giant,
    /// A record that is none.
    Malformed,
    /// A record of a type that nobody knows.
    Unknown,
    /// A second key set with another witness key.
    Rotate,
    /// A label that keeps the rules.
    Label,
    /// A label that does not.
    Void(Flawed),
    /// Withdraws a label of its own and reinstates it.
    Reinstate,
    /// Withdraws another agency's label.
    Standing,
    /// Confirms an endorsement that it did not make.
    Confirm,
    /// Objects where it may not, or again and again.
    Object,
    /// Shows an old head of another log.
    OldHead,
    /// Cosignatures in others' names.
    Cosignatures,
    /// Evidence against a log that did not fork.
    Accuse,
    /// Spans that can never be used, for another log.
    Poison,
    /// An announcement of another log with an altered record.
    Altered,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// An agency appends records that say nothing.
    Anchors { who: usize, count: u64 },
    /// It issues a label.
    Label { who: usize, level: Level, endorsers: Vec<usize>, renews: bool },
    /// It changes the standing of one of its labels.
    Standing { who: usize, pick: u64, action: Action },
    /// It objects to a label of another one, or takes that back.
    Object { who: usize, pick: u64, lifts: bool },
    /// It states the standing of its labels.
    Status { who: usize },
    /// It adopts the next version of the charter.
    Vote { who: usize },
    /// It stops at once. `torn`: what was being written is there, but nobody was told.
    Crash { who: usize, torn: bool, down: u64 },
    /// A copy of what it has on disk is put aside.
    Backup { who: usize },
    /// It loses its disk and starts again from the copy put aside last.
    Restore { who: usize, down: u64 },
    /// It cannot be reached for a while.
    Offline { who: usize, down: u64 },
    /// Its clock jumps. Seconds.
    Clock { who: usize, by: i64 },
    /// The network falls into two parts. `loud`: connections break instead of going silent.
    Cut { second: Vec<usize>, loud: bool },
    /// And comes together again.
    Heal,
    /// The network gets worse or better.
    Weather(Weather),
    /// A liar lies.
    Lie { who: usize, lie: Lie },
}

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Whether announcements are flooded at all.
    pub(super) gossip: bool,
    /// Whether effects other than writes leave a node at once, or only with the next commit.
    pub(super) eager: bool,
    /// How long a commit takes at most, milliseconds.
    pub(super) commit: u64,
    /// Records in one answer, at most: fewer than are asked for, so that a catch-up takes several answers.
    pub(super) answer: u64,
    pub(super) weather: Weather,
    pub(super) liars: Vec<(usize, Manner)>,
    /// Agencies that start with nothing but their own log.
    pub(super) newcomers: Vec<usize>,
    /// Milliseconds and what happens then, in order.
    pub(super) steps: Vec<(u64, Op)>,
}

impl Plan {
    pub(super) fn draw(seed: u64, config: &Config, federation: &Federation) -> Self {
        let mut rng = Rng::part(seed, 1);
        let n = federation.len();
        let all: Vec<usize> = (0..n).collect();
        let liars = liars(&mut rng, federation);
        let honest: Vec<usize> = all.iter().copied().filter(|who| liars.iter().all(|(liar, _)| liar != who)).collect();
        let newcomers = if rng.chance(250) { rng.several(&honest, 1) } else { vec![] };
        let mut it = Self {
            seed,
            gossip: !rng.chance(125),
            eager: rng.chance(600),
            commit: rng.between(1, 40),
            answer: *rng.pick(&[2, 6, 16, 48, 128]),
            weather: weather(&mut rng),
            liars,
            newcomers,
            steps: vec![],
        };
        it.work(&mut rng, config, &honest, federation);
        it.objections();
        it.trouble(&mut rng, &all, &honest);
        it.lies(&mut rng, config);
        it.restore(&honest, federation);
        it.steps.sort_by_key(|(at, _)| *at);
        it
    }

    fn at(&mut self, at: u64, op: Op) {
        self.steps.push((at, op));
    }

    /// The work of honest agencies. Few of them write: what others hold of a log costs the same whoever wrote it.
    fn work(&mut self, rng: &mut Rng, config: &Config, honest: &[usize], federation: &Federation) {
        // One that will be expelled writes nothing that others would have to judge by where its log ends.
        let members: Vec<usize> = honest.iter().copied().filter(|who| federation.gone != Some(*who)).collect();
        let writers = rng.several(&members, 3);
        if let Some(gone) = federation.gone {
            for _ in 0..3 {
                let at = rng.between(500, HEAL - 5_000);
                self.at(at, Op::Anchors { who: gone, count: rng.between(1, 3) });
            }
        }
        for _ in 0..config.work {
            let at = rng.between(500, HEAL - 5_000);
            let who = *rng.pick(&writers);
            match rng.below(10) {
                0..=2 => {
                    let count = if rng.chance(60) { rng.between(130, 200) } else { rng.between(1, 4) };
                    self.at(at, Op::Anchors { who, count });
                }
                3..=6 => self.label(rng, at, who, federation),
                7 | 8 => {
                    let action = *rng.pick(&[Action::Withdraw, Action::Suspend, Action::Suspend, Action::Reinstate, Action::Reinstate]);
                    self.at(at, Op::Standing { who, pick: rng.next(), action });
                }
                _ => self.at(at, Op::Status { who }),
            }
        }
        // In one of fifty federations everybody votes for the second version of the charter, at some time: that grows, and has
        // cosigned, every log, which costs ten times as much as a run without.
        if rng.chance(20) || federation.gone.is_some() {
            for who in honest {
                self.at(rng.between(500, HEAL - 5_000), Op::Vote { who: *who });
            }
        }
    }

    /// In some runs those who write object to each other's labels, and a liar to whatever there is.
    fn objections(&mut self) {
        let mut rng = Rng::part(self.seed, 5);
        let writers: Vec<usize> =
            self.steps.iter().filter_map(|(_, op)| if let Op::Label { who, .. } = op { Some(*who) } else { None }).collect();
        if writers.is_empty() || !rng.chance(400) {
            return;
        }
        for _ in 0..rng.between(1, 5) {
            let at = rng.between(5_000, HEAL - 2_000);
            self.at(at, Op::Object { who: *rng.pick(&writers), pick: rng.next(), lifts: rng.chance(300) });
        }
        let liars: Vec<usize> = self.liars.iter().map(|(who, _)| *who).collect();
        if !liars.is_empty() && rng.chance(600) {
            self.at(rng.between(12_000, HEAL - 2_000), Op::Lie { who: *rng.pick(&liars), lie: Lie::Object });
        }
    }

    fn label(&mut self, rng: &mut Rng, at: u64, who: usize, federation: &Federation) {
        let last = who + 1 == federation.len();
        let level = if last { Level::Bronze } else { *rng.pick(&[Level::Bronze, Level::Silver, Level::Gold]) };
        let mut endorsers = panel(rng, who, level, federation);
        if rng.chance(400) {
            self.bribe(rng, who, &mut endorsers, federation);
        }
        self.at(at, Op::Label { who, level, endorsers, renews: rng.chance(300) });
    }

    /// A liar takes the place of one endorser, where the rules still allow the panel.
    fn bribe(&mut self, rng: &mut Rng, owner: usize, endorsers: &mut [usize], federation: &Federation) {
        let country = |who: usize| &federation.charter().members[who].country;
        let fits = |liar: &usize| !endorsers.contains(liar) && *liar != owner && country(*liar) != country(owner);
        let liars: Vec<usize> = self.liars.iter().map(|(who, _)| *who).filter(fits).collect();
        if !liars.is_empty() && !endorsers.is_empty() {
            let place = rng.index(endorsers.len());
            endorsers[place] = *rng.pick(&liars);
            endorsers.sort_unstable();
        }
    }

    fn trouble(&mut self, rng: &mut Rng, all: &[usize], honest: &[usize]) {
        for _ in 0..rng.between(0, 4) {
            let (at, down) = (rng.between(500, HEAL - 8_000), rng.between(200, 12_000));
            self.at(at, Op::Crash { who: *rng.pick(honest), torn: rng.chance(500), down });
        }
        // Who has just written is likelier to be caught in the middle of it.
        let writes: Vec<(u64, usize)> = self.steps.iter().filter_map(|(at, op)| writer(op).map(|who| (*at, who))).collect();
        for (at, who) in rng.several(&writes, 3) {
            let (after, down) = (rng.between(0, 60), rng.between(200, 8_000));
            self.at(at + after, Op::Crash { who, torn: rng.chance(500), down });
        }
        for _ in 0..rng.between(0, 2) {
            let (at, down) = (rng.between(500, HEAL - 15_000), rng.between(3_000, 25_000));
            self.at(at, Op::Offline { who: *rng.pick(honest), down });
        }
        for _ in 0..rng.between(0, 2) {
            let by = *rng.pick(&[3_600, -3_600, 86_400 * 3_650, -86_400 * 3_650, 40, -40]);
            self.at(rng.between(500, HEAL), Op::Clock { who: *rng.pick(honest), by });
        }
        if rng.chance(650) {
            let (from, size) = (rng.between(1_000, 25_000), rng.between(1, 500) * u64::try_from(all.len()).unwrap_or(0) / 1000 + 1);
            let second = rng.several(all, usize::try_from(size).unwrap_or(1));
            self.at(from, Op::Cut { second, loud: rng.chance(200) });
            self.at(from + rng.between(4_000, 20_000), Op::Heal);
        }
        if rng.chance(300) {
            self.at(rng.between(1_000, HEAL - 10_000), Op::Weather(weather(rng)));
        }
    }

    /// In one of eight runs a disk is lost. A restored witness does not know what it had cosigned, so it is one of those that may
    /// lie; a vote that nobody saw is lost with its disk.
    fn restore(&mut self, honest: &[usize], federation: &Federation) {
        let mut rng = Rng::part(self.seed, 3);
        let votes = self.steps.iter().any(|(_, op)| matches!(op, Op::Vote { .. }));
        if votes || self.liars.len() >= federation.tolerated() || !rng.chance(125) {
            return;
        }
        let writers: Vec<usize> = self.steps.iter().filter_map(|(_, op)| writer(op)).filter(|who| honest.contains(who)).collect();
        let who = if writers.is_empty() || rng.chance(200) { *rng.pick(honest) } else { *rng.pick(&writers) };
        let copied = rng.between(500, 20_000);
        self.at(copied, Op::Backup { who });
        let lost = rng.between(copied + 100, HEAL - 8_000);
        self.at(lost, Op::Restore { who, down: rng.between(200, 12_000) });
        if rng.chance(300) {
            self.at(rng.between(lost + 100, HEAL - 1_000), Op::Restore { who, down: rng.between(200, 12_000) });
        }
    }

    fn lies(&mut self, rng: &mut Rng, config: &Config) {
        // Of many liars most only behave badly: each head of a log costs as much as all the rest.
        let active: Vec<usize> = self.liars.iter().map(|(who, _)| *who).collect();
        for who in rng.several(&active, 3) {
            let mut at = rng.between(800, 15_000);
            let forks = rng.chance(450);
            for _ in 0..rng.between(1, config.lies.max(1)) {
                let lie = lie(rng, forks);
                self.at(at, Op::Lie { who, lie });
                if lie == Lie::Fork {
                    for lie in [Lie::Anchors(1), Lie::Second, Lie::Anchors(1), Lie::Second].into_iter().take(2 + rng.index(3)) {
                        at += rng.between(50, 6_000);
                        self.at(at, Op::Lie { who, lie });
                    }
                }
                at += rng.between(100, 12_000);
            }
        }
        self.steps.retain(|(at, _)| *at <= HEAL);
    }
}

fn writer(op: &Op) -> Option<usize> {
    match op {
        Op::Anchors { who, .. } | Op::Label { who, .. } | Op::Standing { who, .. } | Op::Object { who, .. } | Op::Status { who } => {
            Some(*who)
        }
        _ => None,
    }
}

/// A liar either forks its log or fills it with nonsense: both at once would only hide the nonsense.
fn lie(rng: &mut Rng, forks: bool) -> Lie {
    const FLAWS: [Flawed; 7] =
        [Flawed::Panel, Flawed::Endorser, Flawed::Issuer, Flawed::Copy, Flawed::Offer, Flawed::Supersedes, Flawed::Validity];
    match (rng.below(16), forks) {
        (0..=7, true) => Lie::Fork,
        (0, false) => Lie::Status,
        (1, false) => Lie::Giant,
        (2, false) => Lie::Malformed,
        (3, false) => *rng.pick(&[Lie::Unknown, Lie::Rotate]),
        (4..=6, false) => Lie::Void(*rng.pick(&FLAWS)),
        (7, false) => *rng.pick(&[Lie::Reinstate, Lie::Standing, Lie::Confirm, Lie::Reinstate]),
        (8, _) => Lie::Anchors(rng.between(1, 3)),
        (9, false) => Lie::Label,
        (10, _) => Lie::OldHead,
        (11, _) => Lie::Cosignatures,
        (12, _) => Lie::Accuse,
        (13, _) => Lie::Poison,
        _ => Lie::Altered,
    }
}

/// None in a quarter of the runs, few in most, as many as may be in some.
fn liars(rng: &mut Rng, federation: &Federation) -> Vec<(usize, Manner)> {
    let most = federation.tolerated();
    let count = match rng.below(8) {
        0 | 1 => 0,
        2..=4 => 1,
        5 | 6 => rng.index(4) + 1,
        _ => most,
    };
    // Not those under a shared parent: one of a pair that lies while the other does not is half a liar.
    let alone: Vec<usize> = (0..federation.len())
        .filter(|who| federation.seats.iter().filter(|seat| seat.group == federation.seats[*who].group).count() == 1)
        .filter(|who| federation.gone != Some(*who))
        .collect();
    let rates = [0, 0, 100, 500, 1000];
    rng.several(&alone, count.min(most))
        .into_iter()
        .map(|who| {
            let manner =
                Manner { cosigns: rng.chance(500), withholds: *rng.pick(&rates), alters: *rng.pick(&rates), stale: *rng.pick(&rates) };
            (who, manner)
        })
        .collect()
}

fn weather(rng: &mut Rng) -> Weather {
    match rng.below(4) {
        0 => CALM,
        1 => Weather { loss: 20, twice: 50, delay: 60 },
        2 => Weather { loss: 150, twice: 100, delay: 150 },
        _ => Weather { loss: 5, twice: 200, delay: rng.between(5, 800) },
    }
}

/// Endorsers that the rules of the level allow.
pub(super) fn panel(rng: &mut Rng, owner: usize, level: Level, federation: &Federation) -> Vec<usize> {
    let charter = federation.charter();
    let rule = charter.rule(&charter.schemes[0].id, level).expect("each level has a rule");
    let country = |who: usize| &charter.members[who].country;
    let other = |who: &usize| federation.seats[*who].group != federation.seats[owner].group && federation.gone != Some(*who);
    let mut left: Vec<usize> = (0..federation.len()).filter(other).collect();
    left = rng.several(&left, left.len());
    let mut chosen: Vec<usize> = Vec::new();
    let mut groups = std::collections::BTreeSet::new();
    left.sort_by_key(|who| rule.foreign > 0 && country(*who) == country(owner));
    for who in left {
        if chosen.len() == usize::from(rule.reviewers) {
            break;
        }
        if groups.insert(federation.seats[who].group) {
            chosen.push(who);
        }
    }
    chosen.sort_unstable();
    chosen
}
