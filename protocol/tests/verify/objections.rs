//! What other members say against a label: a flag that follows from each log alone, whatever arrives first, and no other verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use parangon_protocol::check::{self, KeyBook};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::label::objection::{Ground, Objection, Objections};
use parangon_protocol::label::status::State;
use parangon_protocol::record::{Action, Reason, Record, Standing};
use parangon_protocol::replica::{Effect, Event, Keys, LabelRow, Refusal, Replica, Settings, Write};
use parangon_protocol::verify::Outcome;

use crate::support::award::{Award, gold};
use crate::support::federation::{Federation, key};
use crate::support::network::Network;
use crate::support::scene::{Scene, WITNESSED};
use crate::support::{agency, log, time};
use crate::{assert_outcome, shown};

const NOW: &str = "2026-12-01T12:00:00Z";

fn usual() -> Award {
    gold("stuttgart", "first", &["lyon", "oslo"])
}

fn raise(ground: Ground) -> Objection {
    Objection::Raise { ground, at: time(NOW) }
}

fn lift() -> Objection {
    Objection::Lift { at: time(NOW) }
}

/// The endorsement that the label carries of this agency.
fn endorsement(federation: &Federation, endorser: &str) -> Hash {
    usual().endorse(federation, endorser).id(&usual().id()).unwrap()
}

/// A member that only reads: its replica, the label's row and what is said against it.
struct Reader {
    replica: Replica,
    row: Option<LabelRow>,
    said: BTreeMap<AgencyId, Objections>,
}

impl Reader {
    fn new(federation: &Federation) -> Self {
        let keys = Keys { log: key("log", "porto"), witness: key("witness", "porto") };
        let book = KeyBook::new(Arc::new(federation.chain.as_ref().clone()));
        let replica = Replica::new(agency("porto"), Settings::default(), keys, book, vec![], []);
        Self { replica, row: None, said: BTreeMap::new() }
    }

    /// Hears of the next `count` records of a log.
    fn hears(&mut self, scene: &Scene, id: &str, count: u64) {
        let log = log(id);
        let start = self.replica.held(&log).map_or(0, |(size, _)| size);
        let mut shown = scene.clone();
        let whole = &scene.logs[&log];
        let ledger = shown.logs.get_mut(&log).unwrap();
        *ledger = Default::default();
        for index in 0..start + count {
            ledger.push(whole.get(index).to_vec());
        }
        shown.cosign(id, &[], WITNESSED);
        let records = (start..start + count).map(|index| whole.get(index).to_vec()).collect();
        let span = check::span(self.replica.book(), &log, &shown.notes[&log], start, records, vec![]).unwrap();
        self.step(&shown, Event::Span { from: agency(id), span });
        assert_eq!(self.replica.held(&log).unwrap().0, start + count, "taken at once");
    }

    fn step(&mut self, scene: &Scene, event: Event) {
        for effect in self.replica.step(time(NOW), event) {
            match effect {
                Effect::Persist(Write::Label(row)) => self.row = Some(*row),
                Effect::Persist(Write::LabelState { state, index, .. }) => {
                    let row = self.row.as_mut().unwrap();
                    (row.state, row.state_index) = (state, index);
                }
                Effect::Persist(Write::LabelSoundness { soundness, .. }) => self.row.as_mut().unwrap().soundness = soundness,
                Effect::Persist(Write::Objected(said)) => {
                    assert_eq!(said.label, usual().id());
                    self.said.entry(said.log.agency).or_default().take(said.index, &said.objection);
                }
                Effect::Recheck { log, index } => {
                    let record = check::record(self.replica.book(), &log, index, scene.logs[&log].get(index).to_vec()).unwrap();
                    self.step(scene, Event::Rechecked { log, index, record: Box::new(record) });
                }
                _ => {}
            }
        }
    }

    /// The register: the label with its state, and who objects to it on what ground.
    fn register(&self) -> (Option<&LabelRow>, Vec<(AgencyId, u64, Ground)>) {
        let Some(row) = &self.row else { return (None, vec![]) };
        let standing = |(id, said): (&AgencyId, &Objections)| {
            let raised = row.questioned_by(id, said, u64::MAX)?.clone();
            Some((id.clone(), raised.index, raised.ground))
        };
        (Some(row), self.said.iter().filter_map(standing).collect())
    }
}

fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

/// Every way in which the records of two logs, so many of each, can arrive: `true` for the first one's next.
fn arrivals(first: usize, second: usize) -> Vec<Vec<bool>> {
    let (of_first, of_second) = (|rest: Vec<bool>| [vec![true], rest].concat(), |rest: Vec<bool>| [vec![false], rest].concat());
    let mut all = Vec::new();
    if first > 0 {
        all.extend(arrivals(first - 1, second).into_iter().map(of_first));
    }
    if second > 0 {
        all.extend(arrivals(first, second - 1).into_iter().map(of_second));
    }
    if all.is_empty() { vec![vec![]] } else { all }
}

#[test]
fn r5_every_order_of_issue_withdraw_object_and_lift_over_two_logs_leads_to_one_register() {
    let federation = Federation::default();
    let (id, label) = (usual().id(), usual().sign(&federation));
    let withdrawal = Standing { action: Action::Withdraw, reason: Reason::Error, at: time(NOW) };
    let issuers = orders(&[Record::Label(Box::new(label)), Record::Standing(id, withdrawal)]);
    let withdraws = raise(Ground::EndorsementWithdrawn(endorsement(&federation, "lyon")));
    let objectors = orders(&[withdraws, lift(), raise(Ground::Misrepresentation)]);
    let mut seen = 0;
    for issuer in &issuers {
        for objector in &objectors {
            let mut scene = Scene::founded(federation.clone());
            let begun = ["lyon", "oslo", "stuttgart"].map(|id| (id, scene.logs[&log(id)].size()));
            for record in issuer {
                scene.append("stuttgart", record);
            }
            for objection in objector {
                scene.append("lyon", &Record::Objection(id, objection.clone()));
            }
            // What the logs say, without a register: withdrawn only behind the label, and the first raise that nothing lifts.
            let state = if matches!(issuer[0], Record::Label(_)) { State::Withdrawn } else { State::Active };
            let first = begun[0].1;
            let stands: Option<(u64, Ground)> = (first..).zip(objector).fold(None, |stands, (index, said)| match said {
                Objection::Lift { .. } => None,
                Objection::Raise { ground, .. } => stands.or(Some((index, *ground))),
            });
            let expected: Vec<_> = stands.into_iter().map(|(index, ground)| (agency("lyon"), index, ground)).collect();
            let mut rows: Vec<LabelRow> = Vec::new();
            for arrival in arrivals(issuer.len(), objector.len()) {
                let mut reader = Reader::new(&federation);
                for (id, size) in begun {
                    reader.hears(&scene, id, size);
                }
                for issuers in &arrival {
                    reader.hears(&scene, if *issuers { "stuttgart" } else { "lyon" }, 1);
                }
                let (row, objections) = reader.register();
                let row = row.expect("the label has arrived");
                assert_eq!((row.state, &objections), (state, &expected), "{issuer:?} {objector:?} {arrival:?}");
                rows.push(row.clone());
                seen += 1;
            }
            assert!(rows.iter().all(|row| *row == rows[0]), "an objection leaves the row as it is");
        }
    }
    assert_eq!(seen, 2 * 6 * 10);
}

#[test]
fn only_its_endorser_withdraws_an_endorsement_and_the_issuer_objects_to_nothing() {
    let federation = Federation::default();
    let mut scene = Scene::founded(federation.clone());
    scene.award(&usual());
    let id = usual().id();
    let others = endorsement(&federation, "oslo");
    let cases = [
        ("lyon", Ground::EndorsementWithdrawn(others), false),
        ("oslo", Ground::EndorsementWithdrawn(others), true),
        ("madrid", Ground::EndorsementWithdrawn(others), false),
        ("madrid", Ground::ConflictOfInterest, true),
        ("stuttgart", Ground::RuleBroken, false),
    ];
    let row = {
        let mut reader = Reader::new(&federation);
        for id in ["lyon", "oslo", "stuttgart"] {
            reader.hears(&scene, id, scene.logs[&log(id)].size());
        }
        reader.row.unwrap()
    };
    assert_eq!(row.id, id);
    for (objector, ground, counts) in cases {
        let mut said = Objections::default();
        assert!(said.take(9, &raise(ground)));
        assert_eq!(row.questioned_by(&agency(objector), &said, u64::MAX).is_some(), counts, "{objector} {ground:?}");
        assert_eq!(row.questioned_by(&agency(objector), &said, 9), None, "what stands above the log's end has no effect");
    }
}

/// Other logs are outside the file: who holds one is told that nobody looked there.
#[test]
fn an_objection_changes_no_verdict_and_the_verdict_says_what_it_did_not_look_at() {
    let (mut scene, id) = Scene::gold();
    let before = shown(&scene, id);
    let ground = Ground::EndorsementWithdrawn(endorsement(&scene.federation, "lyon"));
    scene.append("lyon", &Record::Objection(id, raise(ground)));
    scene.cosign_all(WITNESSED);
    let verdict = shown(&scene, id);
    assert_outcome(&verdict, Outcome::Valid, 0);
    assert_eq!((verdict.sentence, &verdict.not_checked), (before.sentence, &before.not_checked));
    assert!(verdict.not_checked.contains(&"objections that stand in other logs"));
}

#[test]
fn a_replica_logs_an_objection_to_a_known_label_of_another_agency_only() {
    let mut network = Network::founded(Federation::default());
    network.now = time("2026-11-24T05:00:00Z");
    let (id, said) = (usual().id(), raise(Ground::ConflictOfInterest));
    assert_eq!(network.append("madrid", &[Record::Objection(id, said.clone())]), Err(Refusal::Objection));
    let label = usual().sign(&network.federation);
    network.append("stuttgart", &[Record::Label(Box::new(label))]).unwrap();
    assert_eq!(network.append("stuttgart", &[Record::Objection(id, said.clone())]), Err(Refusal::Objection));
    let index = network.append("madrid", &[Record::Objection(id, said)]).unwrap()[0];
    let madrid: LogId = log("madrid");
    for node in network.nodes.values() {
        assert!(node.logs[&madrid].size() > index && node.replica.final_size(&madrid) > index, "everybody has it");
        assert_eq!(node.replica.label(&id), Some(State::Active), "and the label is what it was");
    }
}
