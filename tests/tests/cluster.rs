//! Real nodes in one process, over loopback: what the simulation cannot show, because libp2p, redb and tokio are in it.

use parangon_node::Node;
use parangon_node::engine::{EngineError, Overview};
use parangon_protocol::id::{Hash, LogId};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::replica::Refusal;
use parangon_protocol::time::Timestamp;
use parangon_tests::federation::{Plan, Seat, found, until};

fn anchor(n: u64) -> Record {
    Record::Anchor(Anchor { day: Timestamp::from_seconds(n * 86_400).expect("a date"), root: Hash::of(&[&n.to_be_bytes()]) })
}

async fn start(seats: &[Seat]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for seat in seats {
        nodes.push(seat.start().await);
    }
    nodes
}

/// Every log has `size` records, and all of them are final.
fn all_final(agencies: usize, size: u64) -> impl Fn(&Overview) -> bool {
    move |overview| overview.logs.len() == agencies && overview.logs.values().all(|log| log.size == size && log.final_size == size)
}

async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        node.stop().await;
    }
}

async fn converges(plan: Plan) {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), plan);
    let nodes = start(&seats).await;
    for node in &nodes {
        for n in 0..3 {
            node.context().engine().append(vec![anchor(n)]).await.expect("appends");
        }
    }
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, all_final(plan.agencies, 5)).await;
    let heads = |node: &Node| -> Vec<_> {
        let overview = node.context().engine().overview();
        overview.logs.values().map(|log| log.head.as_ref().and_then(|note| note.split("\n\n").next().map(str::to_owned))).collect()
    };
    for node in &nodes {
        assert_eq!(heads(node), heads(&nodes[0]), "one history for every log");
    }
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_nodes_converge() {
    converges(Plan { agencies: 5, gossip: true, quic: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_nodes_converge_without_gossip() {
    converges(Plan { agencies: 5, gossip: false, quic: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_converge_over_quic() {
    converges(Plan { agencies: 3, gossip: true, quic: true }).await;
}

/// Case N5, in small: a node that was away catches up by pulling, and what it had acknowledged is still there.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_away_catches_up() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 4, gossip: true, quic: false });
    let mut nodes = start(&seats).await;
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, all_final(4, 2)).await;

    let away = nodes.pop().expect("four nodes");
    away.context().engine().append(vec![anchor(1)]).await.expect("appends");
    away.stop().await;
    let busy = nodes[0].context().engine();
    for n in 0..300 {
        busy.append(vec![anchor(n)]).await.expect("appends");
    }
    nodes.push(seats[3].start().await);
    let all: Vec<&Node> = nodes.iter().collect();
    let (first, last) = (LogId::first(seats[0].id.clone()), LogId::first(seats[3].id.clone()));
    until(&all, |overview| {
        let is_final = |log: &LogId, size| overview.logs.get(log).is_some_and(|log| log.size == size && log.final_size == size);
        is_final(&first, 302) && is_final(&last, 3)
    })
    .await;
    stop(nodes).await;
}

/// A node in a minority goes on stating things; they become final when the others are back.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_node_is_provisional_until_the_cut_heals() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 4, gossip: true, quic: false });
    let nodes = start(&seats).await;
    let all: Vec<&Node> = nodes.iter().collect();
    until(&all, all_final(4, 2)).await;

    for other in &nodes[1..] {
        nodes[0].network().block(other.context().me()).await.expect("blocks");
        other.network().block(&seats[0].id).await.expect("blocks");
    }
    nodes[0].context().engine().append(vec![anchor(1)]).await.expect("appends alone");
    nodes[1].context().engine().append(vec![anchor(1)]).await.expect("appends");
    let log = LogId::first(seats[0].id.clone());
    let alone = nodes[0].context().engine().overview();
    assert_eq!((alone.logs[&log].size, alone.logs[&log].final_size), (3, 2));

    for other in &nodes[1..] {
        nodes[0].network().unblock(other.context().me()).await.expect("unblocks");
        other.network().unblock(&seats[0].id).await.expect("unblocks");
    }
    until(&all, |overview| overview.logs[&log].final_size == 3).await;
    stop(nodes).await;
}

/// Case I1 over a stop: what was acknowledged is there, and signed as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_signs_the_same_head() {
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 3, gossip: true, quic: false });
    let node = seats[0].start().await;
    let indices = node.context().engine().append(vec![anchor(1), anchor(2)]).await.expect("appends");
    assert_eq!(indices, [2, 3]);
    let log = LogId::first(seats[0].id.clone());
    let before = node.context().engine().overview().logs[&log].head.clone();
    node.stop().await;
    let node = seats[0].start().await;
    assert_eq!(node.context().engine().overview().logs[&log].head, before);
    node.stop().await;
}

/// A record that breaks a rule is refused before anything changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_standing_without_its_label_is_refused() {
    use parangon_protocol::label::LabelId;
    use parangon_protocol::record::{Action, Reason, Standing};
    let root = tempfile::tempdir().expect("a directory");
    let seats = found(root.path(), Plan { agencies: 1, gossip: true, quic: false });
    let node = seats[0].start().await;
    let engine = node.context().engine();
    let standing = Standing { action: Action::Withdraw, reason: Reason::Error, at: Timestamp::default() };
    let refused = engine.append(vec![anchor(1), Record::Standing(LabelId(Hash::default()), standing)]).await;
    assert!(matches!(refused, Err(EngineError::Refused(Refusal::Standing))), "{refused:?}");
    let log = LogId::first(seats[0].id.clone());
    assert_eq!(engine.overview().logs[&log].size, 2);
    node.stop().await;
}
