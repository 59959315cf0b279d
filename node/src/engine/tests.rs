//! What the store says of the charter when a node starts, and of labels whose log is read anew.

use parangon_protocol::charter::{Amendment, Ballot, Chain, Charter, Founding, FoundingSignature, LastHead, Member, Vote};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::label::LabelId;
use parangon_protocol::label::objection::{Ground, Objection, Objections};
use parangon_protocol::label::status::State;
use parangon_protocol::log::checkpoint::{Checkpoint, sign};
use parangon_protocol::log::merkle::{Frontier, leaf_hash};
use parangon_protocol::record::Record;
use parangon_protocol::replica::{Objected, Write};
use parangon_protocol::statistics::pool::LOOKED_AT;
use parangon_protocol::statistics::{Cell, Dimension, Part, Period, Reason, Release, Row};
use parangon_protocol::time::Timestamp;

use super::persist::{RegisterRow, chain, keep_releases, lost_standings, objected, objections, pooled, torn, write};
use crate::keystore::MasterKey;
use crate::service::labels::parse_id;
use crate::service::register::{self, Standing};
use crate::service::tests::support::{THREE, charter_of, federation};
use crate::store::{Released, Store};

const AGENCIES: [&str; 5] = ["lyon", "madrid", "oslo", "porto", "wien"];

fn agency(id: &str) -> AgencyId {
    id.parse().expect("slug")
}

fn key(id: &str) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[id.as_bytes()]).0)
}

fn founded() -> Chain {
    let member = |id: &str| Member {
        id: agency(id),
        name: id.parse().expect("name"),
        country: "NO".parse().expect("country"),
        parent: None,
        rights: vec![],
        identity: key(id).public(),
        successor: key(&format!("next {id}")).public().hash(),
        contacts: vec![],
    };
    let charter = charter_of(AGENCIES.map(member).to_vec());
    let sign = |id: &str| FoundingSignature { agency: agency(id), signature: charter.sign(&key(id)).expect("text") };
    Chain::verify(Founding { signatures: AGENCIES.map(sign).to_vec(), charter }).expect("signed by all")
}

/// Wien leaves, as far as these say; each has seen so many records of its log.
fn without_wien(chain: &Chain, voters: &[(&str, u64)]) -> Amendment {
    let mut charter = Charter { version: 2, previous: Some(chain.newest().hash().expect("text")), ..chain.newest().clone() };
    charter.members.retain(|member| member.id != agency("wien"));
    let log = LogId::first(agency("wien"));
    let vote = |(id, size): &(&str, u64)| -> Vote {
        let head = Checkpoint { origin: log.origin(chain.fingerprint()), size: *size, root: Hash([7; 32]) };
        let note = sign(&head, &key("wien's log")).to_string();
        let heads = if *id == "wien" { vec![] } else { vec![LastHead::new(log.clone(), Some(&note))] };
        let ballot = Ballot { version: 2, charter: charter.hash().expect("text"), agency: agency(id), accept: true, heads };
        ballot.sign(chain.fingerprint(), &key(id)).expect("text")
    };
    Amendment { votes: voters.iter().map(vote).collect(), charter }
}

#[test]
fn votes_that_only_the_store_knows_keep_the_end_where_they_moved_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let founded = founded();
    let low = without_wien(&founded, &[("lyon", 5), ("madrid", 5), ("oslo", 9), ("wien", 0)]);
    let high = without_wien(&founded, &[("lyon", 5), ("madrid", 5), ("oslo", 9), ("porto", 9), ("wien", 0)]);
    // The file beside the store was written when the version took effect; another vote was read later.
    let file = founded.clone().extend(low.clone()).expect("agreed to");
    let log = LogId::first(agency("wien"));
    assert_eq!(file.end_of(&log), Some(5));
    let at = Timestamp::from_seconds(1_000).expect("in range");
    for amendment in [low, high] {
        write(&store, &agency("lyon"), &[Write::Amendment { amendment: Box::new(amendment), at }]).expect("written");
    }
    for base in [&file, &founded] {
        let (chain, since) = chain(&store.read().expect("a snapshot"), base).expect("it follows");
        assert_eq!((chain.end_of(&log), since.get(&2)), (Some(9), Some(&at)));
    }
}

#[test]
fn a_version_that_contradicts_the_chain_is_remembered_until_a_later_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let founded = founded();
    let amendment = without_wien(&founded, &[("lyon", 5), ("madrid", 5), ("oslo", 9), ("porto", 9)]);
    let of = |chain: &Chain| torn(&store.read().expect("a snapshot"), chain).expect("read");
    assert_eq!(of(&founded), None);
    let hash = amendment.charter.hash().expect("text");
    let rival = |version| Write::Rival { version, hash, amendment: Box::new(amendment.clone()) };
    write(&store, &agency("lyon"), &[rival(1)]).expect("written");
    assert_eq!(of(&founded), Some(1));
    write(&store, &agency("lyon"), &[rival(2)]).expect("written");
    assert_eq!(of(&founded), Some(2), "the one that comes next");
    let second = founded.extend(amendment.clone()).expect("agreed to");
    assert_eq!(of(&second), Some(2));
    write(&store, &agency("lyon"), &[rival(1)]).expect("written");
    assert_eq!(of(&second), Some(2));
}

/// What an issuer had withdrawn in records that its log came back without counts on sight here, until the log says it again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_in_records_that_are_lost_stays_withdrawn() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let label = lyon.awards("Cluster", "bronze", 4, &[stuttgart]).await.id;
    berlin.label_until(&label, Standing::Valid).await;
    let id = parse_id(&label).expect("an id");
    let tx = berlin.context.store().read().expect("a snapshot");
    let row = RegisterRow::read(&tx, &id).expect("reads").expect("a label").label;

    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let apply = |writes: &[Write]| write(&store, &agency("berlin"), writes).expect("written");
    let read = || {
        let tx = store.read().expect("a snapshot");
        let lost = lost_standings(&tx).expect("reads");
        (RegisterRow::read(&tx, &id).expect("reads"), lost)
    };
    let judged = || register::judge(&read().0.expect("a label"), &berlin.context.engine().overview(), berlin.context.now()).standing;
    let issued = || Write::Label(Box::new(row.clone()));
    let state = |state: State, index: u64| Write::LabelState { label: id, state, index };
    let forgotten = || Write::Forgotten { log: row.log.clone() };

    // Nothing was said of it: nothing is lost.
    apply(&[issued(), forgotten(), issued()]);
    assert_eq!((read().0.expect("a label").lost, read().1), (None, vec![]));
    // Whoever had suspended it and reinstates it has said what counts.
    apply(&[state(State::Suspended, 5), forgotten(), issued(), state(State::Active, 9)]);
    assert_eq!((read().0.expect("a label").lost, read().1), (None, vec![]));
    for (said, standing) in [(State::Suspended, Standing::Suspended), (State::Withdrawn, Standing::Withdrawn)] {
        apply(&[state(said, 7), forgotten()]);
        assert_eq!(read(), (None, vec![id]), "the log is read anew");
        apply(&[issued()]);
        assert_eq!((read().0.expect("a label").lost, judged()), (Some(said), standing));
        // Read anew once more, before it is said again.
        apply(&[forgotten(), issued()]);
        assert_eq!((read().0.expect("a label").lost, judged()), (Some(said), standing));
    }
    apply(&[state(State::Withdrawn, 9)]);
    assert_eq!((read().0.expect("a label").lost, judged(), read().1), (None, Standing::Withdrawn, vec![]));
    // What was withdrawn is not only suspended after that.
    apply(&[forgotten(), issued(), state(State::Suspended, 5), state(State::Active, 6)]);
    assert_eq!((judged(), read().1), (Standing::Withdrawn, vec![id]));
}

/// They wait for labels that have not arrived, and go with the log that they stand in and no other.
#[test]
fn what_is_said_against_a_label_goes_with_the_log_that_says_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let [first, second] = ["first", "second"].map(|name| LabelId(Hash::of(&[name.as_bytes()])));
    let say = |label: LabelId, by: &str, index: u64, raises: bool| {
        let at = Timestamp::default();
        let objection = if raises { Objection::Raise { ground: Ground::RuleBroken, at } } else { Objection::Lift { at } };
        let said = Objected { label, log: LogId::first(agency(by)), index, objection };
        write(&store, &agency("lyon"), &[Write::Objected(said)]).expect("written");
    };
    let standing = |label: LabelId| -> Vec<(String, u64)> {
        let said = objections(&store.read().expect("a snapshot"), &label).expect("reads");
        let stands = |(agency, said): (&AgencyId, &Objections)| Some((agency.to_string(), said.standing(u64::MAX)?.index));
        said.iter().filter_map(stands).collect()
    };
    let of = |by: &str, index: u64| (by.to_owned(), index);
    say(first, "oslo", 3, true);
    say(first, "oslo", 4, true);
    say(first, "porto", 7, true);
    say(second, "oslo", 5, true);
    assert_eq!((standing(first), standing(second)), (vec![of("oslo", 3), of("porto", 7)], vec![of("oslo", 5)]));
    say(first, "oslo", 6, false);
    say(second, "wien", 2, false);
    assert_eq!((standing(first), standing(second)), (vec![of("porto", 7)], vec![of("oslo", 5)]));
    say(first, "oslo", 8, true);
    assert_eq!(standing(first), [of("oslo", 8), of("porto", 7)]);
    write(&store, &agency("lyon"), &[Write::Forgotten { log: LogId::first(agency("oslo")) }]).expect("written");
    assert_eq!((standing(first), standing(second)), (vec![of("porto", 7)], vec![]));
    assert_eq!(objected(&store.read().expect("a snapshot")).expect("reads").into_iter().collect::<Vec<_>>(), [first]);
    // The log comes again, without the part that was given up.
    say(first, "oslo", 3, true);
    assert_eq!(standing(first), [of("oslo", 3), of("porto", 7)]);
}

/// What is added up says what the records say, also in a store that had only the records, and goes with its log.
#[test]
fn releases_are_kept_as_their_records_say_and_go_with_their_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let period: Period = "2026-Q4".parse().expect("a quarter");
    let row = |code: &str, cells, unknown| Row { indicator: code.parse().expect("a code"), cells, unknown };
    let counts = [0, 250, 251, 70_000, u32::MAX].map(Cell::Count);
    let reasons = [Reason::Population, Reason::Small, Reason::Group, Reason::Derivable, Reason::Small].map(Cell::Hidden);
    let rows = vec![row("4.1.2", counts, Cell::Count(1)), row("4.1.3", reasons, Cell::Hidden(Reason::Group))];
    let catalogue = parangon_protocol::catalogue::Catalogue::ecei().reference();
    let whole = Release {
        by: None,
        catalogue,
        groups: vec![],
        perturbation: None,
        period,
        version: 1,
        reason: None,
        population: 9,
        rows: rows.clone(),
    };
    let rest = Part { population: 4, rows: rows[1..].to_vec(), value: None };
    let oslo = Part { population: 5, rows: rows.iter().rev().cloned().collect(), value: "Oslo, ö".parse().ok() };
    let table = Release { by: Some(Dimension::Region), groups: vec![rest, oslo], rows: vec![], ..whole.clone() };
    let later = Release { period: "2027-Q1".parse().expect("a quarter"), version: 2, reason: "anew".parse().ok(), ..whole.clone() };
    let mut expected = Vec::new();
    for log in ["oslo", "porto"].map(|id| LogId::first(agency(id))) {
        let mut frontier = Frontier::new();
        let made = [&whole, &table, &later].map(|release| Record::Release(Box::new(release.clone())).to_text().expect("a record"));
        let records = made.into_iter().map(|text| (text.clone(), frontier.push_leaf(leaf_hash(&text)))).collect();
        let mut writes = vec![Write::Records { log: log.clone(), start: 0, records }];
        writes.extend((0..3).map(|index| Write::Release { log: log.clone(), index }));
        write(&store, &agency("lyon"), &writes).expect("written");
        expected.extend((0..).zip([&whole, &table, &later]).map(|(index, release)| Released {
            log: log.clone(),
            index,
            release: release.clone(),
        }));
    }
    expected.sort_by_key(|released| released.release.period);
    let read = |period| {
        let mut found = Vec::new();
        store.read().and_then(|tx| tx.releases(period, |released| found.push(released))).expect("rows");
        found
    };
    assert_eq!(read(None), expected);
    assert_eq!(read(Some(period)), expected[..4]);
    let one = store.read().and_then(|tx| tx.release(period, &agency("porto"), 1)).expect("a row");
    assert_eq!(one.as_ref(), expected.get(3));

    // A store of an earlier version, and one where only a part was kept.
    store.write(|tx| tx.delete_releases(&agency("oslo"))).expect("written");
    assert_eq!(read(None).len(), 3);
    keep_releases(&store).expect("written");
    assert_eq!(read(None), expected);

    write(&store, &agency("lyon"), &[Write::Forgotten { log: LogId::first(agency("oslo")) }]).expect("written");
    let others: Vec<_> = expected.iter().filter(|released| released.log.agency == agency("porto")).cloned().collect();
    assert_eq!(read(None), others);
    keep_releases(&store).expect("nothing to do");
    assert_eq!(read(None), others);

    // A row that is not one of ours is an error, never another figure.
    let name = store.read().and_then(|tx| tx.document_names("figures/")).expect("names").remove(0);
    let bytes = store.read().and_then(|tx| tx.document(&name)).expect("read").expect("there");
    for spoilt in [&bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat(), &[&[2], &bytes[1..]].concat(), &[]] {
        store.write(|tx| tx.put_document(&name, spoilt)).expect("written");
        assert!(store.read().and_then(|tx| tx.releases(None, |_| ())).is_err(), "{} bytes", spoilt.len());
    }
}

#[test]
fn whoever_writes_on_and_on_about_a_pool_makes_nobody_read_all_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _) = Store::open(dir.path(), &MasterKey::from_bytes([1; 32])).expect("a store");
    let round = Hash::of(&[b"round"]);
    let said = |id: &str, index| Write::Pooled { round, log: LogId::first(agency(id)), index };
    let many: Vec<_> = (0..1_000).map(|index| said("oslo", index)).chain([said("lyon", 3), said("porto", 9), said("porto", 4)]).collect();
    write(&store, &agency("lyon"), &many).expect("written");
    let places = pooled(&store.read().expect("a snapshot"), &round).expect("reads");
    let of = |id: &str| places.iter().filter(|(log, _)| log.agency == agency(id)).map(|(_, index)| *index).collect::<Vec<_>>();
    assert_eq!((of("lyon"), of("porto")), (vec![3], vec![4, 9]));
    assert_eq!(of("oslo"), (0..u64::try_from(LOOKED_AT).expect("few")).collect::<Vec<_>>(), "the first ones");
}
