//! Rotation of a real node's keys over restarts: which of the two key files counts, who learns the new keys, and who is let in.

use parangon_node::keystore::{NODE_KEYS, NODE_KEYS_NEXT, Replaceable};
use parangon_node::service::keys::{self, NewKeySet};
use parangon_node::{Node, NodeError};
use parangon_protocol::id::{Hash, LogId, witness_name};
use parangon_protocol::log::note::Note;
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;
use parangon_tests::federation::{Plan, Seat, found, until};

const USUAL: [Replaceable; 3] = [Replaceable::Issue, Replaceable::Witness, Replaceable::Sealing];

fn anchor(n: u64) -> Record {
    Record::Anchor(Anchor { day: Timestamp::from_seconds(n * 86_400).expect("a date"), root: Hash::of(&[&n.to_be_bytes()]) })
}

async fn start(seats: &[Seat]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for seat in seats {
        nodes.push(seat.start().await);
    }
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, |overview| overview.logs.len() == seats.len() && overview.logs.values().all(|log| log.final_size == 2)).await;
    nodes
}

async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        node.stop().await;
    }
}

fn in_force(node: &Node, of: &Seat) -> u32 {
    node.context().engine().book().current(&of.id).map_or(0, |(_, set)| set.number)
}

async fn knows(node: &Node, of: &Seat, number: u32) {
    let mut news = node.context().engine().subscribe();
    while in_force(node, of) != number {
        let change = tokio::time::timeout(std::time::Duration::from_secs(60), news.recv()).await;
        change.unwrap_or_else(|_| panic!("{} never learns the keys of {}", node.context().me(), of.id)).expect("running");
    }
}

async fn rotate(node: &Node, seat: &Seat, number: u32, roles: &[Replaceable]) {
    let keyset = Box::new(seat.next_keys(number, roles));
    let view = keys::replace(node.context(), NewKeySet { keyset }).await.expect("taken");
    assert_eq!(view.keysets.last().map(|set| (set.number, set.in_force)), Some((number, true)));
}

/// Everybody rotates everything but log and transport, restarts, and the new witness keys make the quorum.
#[tokio::test(flavor = "multi_thread")]
async fn heads_have_their_quorum_by_old_and_by_new_witness_keys() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 4, gossip: true, quic: false });
    let mut nodes = start(&seats).await;
    for (node, seat) in nodes.iter().zip(&seats) {
        rotate(node, seat, 2, &USUAL).await;
    }
    for node in &nodes {
        for seat in &seats {
            knows(node, seat, 2).await;
        }
    }
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, |overview| overview.logs.values().all(|log| log.final_size == 3)).await;
    // One of them now uses its new witness key, the others the former ones; then all of them.
    for restarted in [1, seats.len()] {
        for _ in 0..restarted {
            nodes.remove(0).stop().await;
        }
        let mut again = Vec::new();
        for seat in &seats[..restarted] {
            again.push(seat.start().await);
        }
        again.append(&mut nodes);
        nodes = again;
        let before = nodes[0].context().engine().overview().logs[&LogId::first(seats[1].id.clone())].size;
        nodes[1].context().engine().append(vec![anchor(before)]).await.expect("appends");
        let all: Vec<&Node> = nodes.iter().collect();
        let log = LogId::first(seats[1].id.clone());
        until(&all, |overview| overview.logs[&log].final_size == before + 1).await;
    }
    let overview = nodes[3].context().engine().overview();
    let head = overview.logs[&LogId::first(seats[1].id.clone())].head.clone().expect("a head");
    let (note, book) = (Note::parse(&head).expect("a note"), nodes[3].context().engine().book());
    for seat in [&seats[0], &seats[2], &seats[3]] {
        let name = witness_name(book.federation(), &seat.id);
        let line = note.signatures.iter().find(|line| line.name == name).expect("cosigned by all others");
        assert_eq!(book.witness_set(line).map(|(_, index)| *index), Some(2), "{}: by the key of its second key set", seat.id);
    }
    for node in &nodes {
        assert_eq!(keys::list(node.context()).waiting, Vec::<&str>::new());
    }
    stop(nodes).await;
}

/// The PeerId changes: who knows it from the log lets the node in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_new_transport_key_connects_again() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 3, gossip: true, quic: false });
    let mut nodes = start(&seats).await;
    let before = keys::list(nodes[2].context()).keysets[0].peer_id.clone();
    rotate(&nodes[2], &seats[2], 2, &[Replaceable::Transport]).await;
    assert_eq!(keys::list(nodes[2].context()).waiting, ["transport"]);
    nodes[2].context().rekeyed().await;
    for node in &nodes[..2] {
        knows(node, &seats[2], 2).await;
    }
    nodes.pop().expect("three").stop().await;
    nodes.push(seats[2].start().await);
    let view = keys::list(nodes[2].context());
    assert_eq!((view.keysets.len(), view.waiting.len()), (2, 0));
    assert_ne!(view.keysets[1].peer_id, before);
    nodes[2].context().engine().append(vec![anchor(1)]).await.expect("appends");
    let log = LogId::first(seats[2].id.clone());
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, |overview| overview.logs[&log].final_size == 4).await;
    stop(nodes).await;
}

/// Every place at which a rotation can be cut off, by the files that it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_cut_off_is_finished_or_left_for_another_attempt() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 1, gossip: true, quic: false });
    let seat = &seats[0];
    let (used, next) = (seat.path(NODE_KEYS), seat.path(NODE_KEYS_NEXT));
    let issue = |node: &Node| keys::list(node.context()).keysets.last().map(|set| set.issue);

    // The files were written; the log knows nothing of them.
    let node = seat.start().await;
    let set = seat.next_keys(2, &USUAL);
    let old = std::fs::read(&used).expect("there");
    node.stop().await;
    let node = seat.start().await;
    assert_eq!((in_force(&node, seat), next.exists()), (1, true), "left for another attempt");

    // The log has the key set; the files are as before.
    keys::replace(node.context(), NewKeySet { keyset: Box::new(set.clone()) }).await.expect("taken");
    assert!(!next.exists());
    node.stop().await;
    let new = std::fs::read(&used).expect("there");
    std::fs::rename(&used, &next).expect("ours");
    std::fs::write(&used, &old).expect("ours");
    let node = seat.start().await;
    assert_eq!(issue(&node), Some(set.body.issue));
    assert!(!next.exists() && std::fs::read(&used).expect("there") == new, "finished");
    node.context().engine().append(vec![anchor(1)]).await.expect("appends");
    node.stop().await;

    // The former keys alone: another one's, or those of an old copy.
    std::fs::write(&used, &old).expect("ours");
    let refused = seat.try_start().await.expect_err("the keys in force are gone");
    assert!(matches!(refused, NodeError::OtherKeys { number: 2 }), "{refused}");
    // With next keys that belong to no key set.
    std::fs::write(&next, &old).expect("ours");
    assert!(matches!(seat.try_start().await, Err(NodeError::OtherKeys { number: 2 })));
    assert!(next.exists() && std::fs::read(&used).expect("there") == old, "nothing was touched");
    std::fs::write(&used, &new).expect("ours");
    seat.start().await.stop().await;
}
