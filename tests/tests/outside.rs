//! Witnesses outside the federation, over real HTTP on loopback: a node of one federation asks a node of another for its
//! cosignature (c2sp.org/tlog-witness).

use std::net::SocketAddr;
use std::time::Duration;

use parangon_node::config::Outside;
use parangon_node::service::{outside, witness};
use parangon_node::{Node, service::members};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::log::note::{Algorithm, NoteSignature};
use parangon_protocol::log::tlog_witness::{AddCheckpoint, REQUEST_BYTES};
use parangon_protocol::log::{Checkpoint, Frontier, SignedCheckpoint, VerifierKey, leaf_hash};
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;
use parangon_tests::federation::{Plan, Seat, found};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ALONE: Plan = Plan { agencies: 1, gossip: true, quic: false };
const PATIENCE: Duration = Duration::from_secs(60);

fn anchor(n: u64) -> Record {
    Record::Anchor(Anchor { day: Timestamp::from_seconds(n * 86_400).expect("a date"), root: Default::default() })
}

/// Asks until there is an answer.
async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask() {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

async fn witness_node(seat: &mut Seat, logs: Vec<VerifierKey>) -> (Node, SocketAddr) {
    seat.configure(|config| {
        config.witness.listen = Some(([127, 0, 0, 1], 0).into());
        config.witness.logs = logs;
    });
    let node = seat.start().await;
    let address = node.witness_address().expect("it listens");
    (node, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_uses_one_and_is_one() {
    let (here, there) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let (mut seats, mut others) = (found(here.path(), Plan { agencies: 3, ..ALONE }), found(there.path(), ALONE));

    // Each side tells the other its key.
    let asking = seats[0].start().await;
    let [log_key, _] = witness::keys(asking.context());
    asking.stop().await;
    let (watching, address) = witness_node(&mut others[0], vec![log_key]).await;
    let [_, key] = witness::keys(watching.context());
    let outside_witness = Outside { key: key.clone(), url: format!("http://{address}/").parse().expect("a URL") };
    // One that never answers does not keep the other from being asked.
    let silent = VerifierKey::new("silent.example", Algorithm::Cosignature, SecretKey::from_seed(&[9; 32]).public()).expect("a name");
    let silent = Outside { key: silent, url: "http://127.0.0.1:9".parse().expect("a URL") };
    seats[0].configure(|config| config.witness.outside = vec![silent, outside_witness]);

    let mut nodes = Vec::new();
    for seat in &seats {
        nodes.push(seat.start().await);
    }
    let context = nodes[0].context();
    let log = context.own_log();
    for (size, records) in [(2, vec![]), (5, vec![anchor(1), anchor(2), anchor(3)]), (6, vec![anchor(4)])] {
        if !records.is_empty() {
            context.engine().append(records).await.expect("appends");
        }
        let cosigned =
            until("a cosignature from outside", || outside::last(context, &key).expect("reads").filter(|cosigned| cosigned.size == size));
        let cosigned = cosigned.await;
        let (at, note) = context.store().read().expect("a snapshot").last_kept_note(&log).expect("reads").expect("a final head");
        let text = note.rsplit_once("\n\n").expect("a note").0.to_owned() + "\n";
        assert_eq!(at, size);
        assert_eq!(key.check(&text, &NoteSignature::parse(&cosigned.line).expect("a line")), Ok(()));
        let overview = context.engine().overview();
        assert_eq!((overview.logs[&log].quorum, overview.logs[&log].cosigned_by.len()), (2, 2), "it is none of those who count");
    }
    let status = context.run(members::status).await.expect("a status");
    let line = status.lines.iter().find(|line| line.subject == format!("witness {}", key.name())).expect("a line");
    assert!(line.reason.contains("first 6 records") && line.reason.contains("never counts"), "{}", line.reason);

    // After a restart of both it goes on from where it was.
    for node in nodes {
        node.stop().await;
    }
    watching.stop().await;
    others[0].configure(|config| config.witness.listen = Some(address));
    let watching = others[0].start().await;
    let mut nodes = Vec::new();
    for seat in &seats {
        nodes.push(seat.start().await);
    }
    let context = nodes[0].context();
    context.engine().append(vec![anchor(5)]).await.expect("appends");
    until("a cosignature after the restart", || outside::last(context, &key).expect("reads").filter(|cosigned| cosigned.size == 7)).await;
    for node in nodes {
        node.stop().await;
    }
    watching.stop().await;
}

/// What the witness answers to these bytes: the status, the media type, the body.
async fn raw(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    let (head, body) = answer.split_once("\r\n\r\n").expect("headers");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let kind = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-type: ").map(str::to_owned));
    (status, kind.unwrap_or_default(), body.to_owned())
}

async fn post(address: SocketAddr, body: &str) -> (u16, String, String) {
    let length = body.len();
    raw(address, &format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_over_http_is_the_specifications() {
    let root = tempfile::tempdir().expect("a directory");
    let mut seats = found(root.path(), ALONE);
    let secret = SecretKey::from_seed(&[1; 32]);
    let key = VerifierKey::new("example.com/log", Algorithm::Ed25519, secret.public()).expect("a name");
    let (node, address) = witness_node(&mut seats[0], vec![key]).await;
    let head = |origin: &str, size: u64, story: u8| {
        let mut frontier = Frontier::new();
        (0..size).for_each(|n| drop(frontier.push_leaf(leaf_hash(&[story, n.to_be_bytes()[7]]))));
        Checkpoint { origin: origin.to_owned(), size, root: frontier.root() }
    };
    let request = |old: u64, head: &Checkpoint, secret: &SecretKey| {
        let checkpoint = SignedCheckpoint::sign(head, secret).expect("a checkpoint").to_string();
        AddCheckpoint { old, proof: vec![], checkpoint }.to_string()
    };
    let log = |size: u64, story: u8| head("example.com/log", size, story);
    let stranger = SecretKey::from_seed(&[2; 32]);

    let (status, _, body) = post(address, &request(0, &log(4, 0), &secret)).await;
    assert_eq!((status, body.lines().count()), (200, 1), "{body}");
    assert!(body.starts_with("— parangon/") && body.contains("/outside-witness ") && body.ends_with('\n'), "{body}");
    let size = |status: u16, kind: String, body: String| (status, kind, body);
    let (status, kind, body) = post(address, &request(0, &log(5, 0), &secret)).await;
    assert_eq!(size(status, kind, body), (409, "text/x.tlog.size".to_owned(), "4\n".to_owned()));
    let (status, kind, body) = post(address, &request(4, &log(4, 1), &secret)).await;
    assert_eq!(size(status, kind, body), (409, "text/x.tlog.size".to_owned(), "4\n".to_owned()), "another story of one size");
    for (request, expected) in [
        (request(4, &log(5, 0), &secret), 422),
        (request(5, &log(4, 0), &secret), 400),
        (request(4, &log(5, 0), &secret).replacen("old 4", "old four", 1), 400),
        (String::new(), 400),
        (request(4, &log(5, 0), &stranger), 403),
        (request(0, &head("example.com/other", 5, 0), &secret), 404),
        (request(4, &log(4, 0), &secret), 200),
    ] {
        let (status, _, body) = post(address, &request).await;
        assert_eq!(status, expected, "{body} to {request}");
    }
    let length = REQUEST_BYTES + 1;
    let large = format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\nConnection: close\r\n\r\nold 0");
    assert_eq!(raw(address, &large).await.0, 413);
    for (request, expected) in [("GET /add-checkpoint", 405), ("GET /api/v1/node", 404), ("POST /api/v1/verify", 404)] {
        assert_eq!(raw(address, &format!("{request} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")).await.0, expected, "{request}");
    }
    node.stop().await;
}
