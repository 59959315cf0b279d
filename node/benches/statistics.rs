//! Figures of 200 agencies over 40 quarters, 31 indicators at 5 levels, for all clusters, by country and by field: from the store to
//! every total, and what one corrected release costs.
//!
//! `cargo bench -p parangon-node --bench statistics`
//!
//! What is read, and how it is added up, are the functions that the service uses ([`Store::read`], `Tx::releases`, [`Ledger`]); what the
//! register of labels says of each agency is given.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parangon_node::figures::observations;
use parangon_node::keystore::MasterKey;
use parangon_node::store::{Released, Store};
use parangon_protocol::assessment::{Answer, Scores};
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::Disclosure;
use parangon_protocol::id::{AgencyId, LogId, Name};
use parangon_protocol::log::merkle::{Frontier, leaf_hash};
use parangon_protocol::record::Record;
use parangon_protocol::statistics::{
    Contributor, Dimension, GroupKey, Knowledge, Ledger, Member, Period, Registered, Release, Table, pattern,
};
use support::measure::{memory_mib, millis, rounds, spread};

const AGENCIES: usize = 200;
const QUARTERS: usize = 40;
const CLUSTERS: usize = 40;
const COUNTRIES: usize = 30;
const FIELDS: usize = 12;
const RULE: Disclosure = Disclosure::new(5, 2);

/// Quarters that are counted from scratch; later ones say the same again. Nothing that is measured can tell.
const COUNTED: usize = 4;

/// Numbers from a seed, for figures that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

struct Cluster {
    country: Name,
    field: Name,
    scores: Scores,
}

impl Cluster {
    fn value(&self, by: Dimension) -> &Name {
        if by == Dimension::Country { &self.country } else { &self.field }
    }
}

const BY: [Dimension; 2] = [Dimension::Country, Dimension::Field];

/// Forty clusters, most of them in four or five fields; every fifth agency works in two countries.
fn clusters(agency: usize, quarter: usize) -> Vec<Cluster> {
    let mut numbers = Numbers(u64::try_from(agency * QUARTERS + quarter).expect("small"));
    let mut one = |n: usize| {
        let country = if agency.is_multiple_of(5) && n.is_multiple_of(3) { agency + 1 } else { agency } % COUNTRIES;
        let field = if n < 34 { agency + n % (4 + agency % 2) } else { agency + n } % FIELDS;
        let mut level = || u8::try_from((numbers.below(3) + numbers.below(3)).min(4)).expect("small");
        let answers =
            Catalogue::ecei().indicators.iter().map(|indicator| (indicator.code.clone(), Answer::of_level(level()).expect("a level")));
        let scores: Scores = answers.collect();
        let name = |text: String| text.parse().expect("a name");
        Cluster { country: name(format!("C{country:02}")), field: name(format!("Field {field}")), scores }
    };
    (0..CLUSTERS).map(&mut one).collect()
}

fn table<'a>(clusters: impl Iterator<Item = &'a Cluster>) -> Table {
    Table::tally(Catalogue::ecei(), clusters.map(|cluster| Member { scores: &cluster.scores, implied: None }))
        .expect("scores of the catalogue")
}

fn registered(clusters: &[Cluster]) -> Registered {
    let mut found = Registered::new();
    for by in BY {
        let counts = found.entry(by).or_default();
        clusters.iter().for_each(|cluster| *counts.entry(Some(cluster.value(by).clone())).or_default() += 1);
    }
    found
}

/// The table of all clusters, and those by country and field that the register asks for.
fn releases(clusters: &[Cluster], period: Period) -> Vec<Release> {
    let whole = Release::first(Catalogue::ecei().reference(), period, &table(clusters.iter()), &RULE);
    let mut releases = vec![whole.clone()];
    for (by, counts) in &registered(clusters) {
        let groups = pattern(counts, RULE.minimum);
        let group = |cluster: &Cluster| Some(cluster.value(*by).clone()).filter(|value| groups.contains_key(&Some(value.clone())));
        let parts: BTreeMap<_, _> =
            groups.keys().map(|key| (key.clone(), table(clusters.iter().filter(|cluster| group(cluster) == *key)))).collect();
        if !parts.is_empty() {
            releases.push(whole.divided(*by, &parts, &RULE));
        }
    }
    releases
}

fn agency(n: usize) -> AgencyId {
    format!("agency-{n:03}").parse().expect("a slug")
}

fn periods() -> Vec<Period> {
    (0..QUARTERS)
        .map(|n| Period::new(2020 + u16::try_from(n / 4).expect("small"), u8::try_from(n % 4 + 1).expect("small")).expect("a quarter"))
        .collect()
}

/// Writes a log of releases as a node does: records with their hashes, and what they say beside them.
fn write(store: &Store, log: &LogId, frontier: &mut Frontier, releases: &[Release]) -> usize {
    let start = frontier.size();
    let texts: Vec<_> = releases.iter().map(|release| Record::Release(Box::new(release.clone())).to_text().expect("a record")).collect();
    let bytes = texts.iter().map(Vec::len).sum();
    let rows: Vec<_> = texts
        .into_iter()
        .map(|text| {
            let hashes = frontier.push_leaf(leaf_hash(&text));
            (text, hashes)
        })
        .collect();
    store
        .write(|tx| {
            tx.append(log, start, &rows)?;
            (start..).zip(releases).try_for_each(|(index, release)| tx.put_release(log, index, release))
        })
        .expect("written");
    bytes
}

/// What is known of each agency: the table of all of the newest version with its tables.
fn known(found: Vec<Released>, register: &BTreeMap<AgencyId, Registered>) -> Vec<(Contributor, Knowledge)> {
    let mut by_agency = BTreeMap::<AgencyId, Vec<Release>>::new();
    for Released { log, release, .. } in found {
        release.check_disclosure(&RULE).expect("ours");
        by_agency.entry(log.agency).or_default().push(release);
    }
    let knowledge = |(agency, releases): (AgencyId, Vec<Release>)| {
        let newest = releases.iter().map(|release| release.version).max().unwrap_or_default();
        let (tables, mut whole): (Vec<_>, Vec<_>) =
            releases.into_iter().filter(|release| release.version == newest).map(Arc::new).partition(|release| release.by.is_some());
        let registered = register.get(&agency).cloned().unwrap_or_default();
        let release = whole.pop().expect("every agency has a table of all");
        (Contributor::Agency(agency), Knowledge::Agency { release, tables, registered })
    };
    by_agency.into_iter().map(knowledge).collect()
}

fn ledger(store: &Store, period: Period, register: &BTreeMap<AgencyId, Registered>) -> Ledger {
    let mut found = Vec::new();
    store.read().and_then(|tx| tx.releases(Some(period), |released| found.push(released))).expect("rows");
    let mut ledger = Ledger::new(Catalogue::ecei().reference(), period);
    for (contributor, knowledge) in known(found, register) {
        ledger.put(contributor, knowledge).expect("one catalogue and period");
    }
    ledger
}

/// The same from the records alone, as it was before their rows were kept: for comparison.
fn from_records(store: &Store, logs: &[(LogId, Frontier)]) -> usize {
    let tx = store.read().expect("a snapshot");
    let mut rows = 0;
    for (log, frontier) in logs {
        for index in 0..frontier.size() {
            let text = tx.record(log, index).expect("read").expect("there");
            let Ok(Record::Release(release)) = Record::read(&text) else { panic!("no release") };
            rows += release.parts().map(|(_, _, rows)| rows.len()).sum::<usize>();
        }
    }
    rows
}

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([7; 32])).expect("a store");
    let periods = periods();
    let (mut logs, mut register, mut bytes, mut count) = (Vec::new(), BTreeMap::new(), 0, 0);
    for n in 0..AGENCIES {
        let (log, mut frontier) = (LogId::first(agency(n)), Frontier::new());
        let counted: Vec<_> = (0..COUNTED).map(|quarter| clusters(n, quarter)).collect();
        let made: Vec<_> = counted.iter().map(|clusters| releases(clusters, periods[0])).collect();
        let all = (0..)
            .zip(&periods)
            .flat_map(|(at, period)| made[at % COUNTED].iter().map(|release| Release { period: *period, ..release.clone() }));
        let all: Vec<_> = all.collect();
        register.insert(log.agency.clone(), registered(&counted[0]));
        bytes += write(&store, &log, &mut frontier, &all);
        count += all.len();
        logs.push((log, frontier));
    }
    println!("{AGENCIES} agencies, {QUARTERS} quarters: {count} releases, {} MiB of records", bytes / (1024 * 1024));

    let (mut alone, mut added, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds(9) {
        let begun = Instant::now();
        let sums = |period: &Period| ledger(&store, *period, &register).totals().aggregates();
        let sums: Vec<_> = periods.iter().map(sums).collect();
        added.push(millis(begun.elapsed()));
        let cells: usize = sums.iter().map(|sums| observations(sums).len()).sum();
        shown.push(millis(begun.elapsed()));
        let groups: usize = sums.iter().map(Vec::len).sum();
        assert_eq!(cells, groups * 31 * 6, "every cell of every group has its figure");
        let begun = Instant::now();
        ledger(&store, periods[QUARTERS - 1], &register);
        alone.push(millis(begun.elapsed()));
    }
    println!("one quarter, from the store to its totals:    {}", spread(&alone, "ms"));
    println!("all quarters, from the store to every sum:    {}", spread(&added, "ms"));
    println!("the same, to every figure:                    {}", spread(&shown, "ms"));

    let mut texts = Vec::new();
    for _ in 0..rounds(9).min(5) {
        let begun = Instant::now();
        assert!(from_records(&store, &logs) > 0);
        texts.push(millis(begun.elapsed()));
    }
    println!("reading the records' texts and no more:       {}", spread(&texts, "ms"));
    corrections(&store, &mut logs, periods[QUARTERS - 1], &register);
    println!("memory at most: {:.0} MiB", memory_mib("VmHWM"));
}

/// One agency after the other corrects its figures of the newest quarter.
fn corrections(store: &Store, logs: &mut [(LogId, Frontier)], period: Period, register: &BTreeMap<AgencyId, Registered>) {
    let mut kept = ledger(store, period, register);
    let (mut updated, mut shown) = (Vec::new(), Vec::new());
    for (n, (log, frontier)) in logs.iter_mut().enumerate() {
        let reason: Name = "A cluster was counted twice".parse().expect("a name");
        let anew = clusters(n, COUNTED);
        let corrected = |release: Release| Release { version: 2, reason: Some(reason.clone()), ..release };
        let made: Vec<_> = releases(&anew, period).into_iter().map(corrected).collect();
        let start = frontier.size();
        write(store, log, frontier, &made);
        let register = BTreeMap::from([(log.agency.clone(), registered(&anew))]);
        let before = kept.totals().clone();
        let begun = Instant::now();
        let tx = store.read().expect("a snapshot");
        let read = |index| tx.release(period, &log.agency, index).expect("a row").expect("there");
        for (contributor, knowledge) in known((start..frontier.size()).map(read).collect(), &register) {
            assert_eq!(kept.put(contributor, knowledge), Ok(true));
        }
        updated.push(millis(begun.elapsed()));
        let cells = observations(&kept.totals().aggregates()).len();
        shown.push(millis(begun.elapsed()));
        assert!(cells > 0 && *kept.totals() != before && kept.totals().aggregate(&GroupKey::All).is_some());
    }
    let register: BTreeMap<_, _> = (0..AGENCIES).map(|n| (agency(n), registered(&clusters(n, COUNTED)))).collect();
    assert_eq!(*kept.totals(), *ledger(store, period, &register).totals(), "what grew is what is added up anew");
    println!("one agency's corrected tables, to new totals: {}", spread(&updated, "ms"));
    println!("the same, to every figure of the quarter:     {}", spread(&shown, "ms"));
}
