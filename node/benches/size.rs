//! Memory, disk and start-up of a whole node that holds 10,000 and 100,000 labels, each with both confirmations.
//!
//! `cargo bench -p parangon-node --bench size`; `LABELS=10000` measures one size only.
//!
//! Nodes run in child processes of this program: one that takes everything in from a peer, then others that only start.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use parangon_node::config::Config;
use parangon_node::network::{MemberAddress, Multiaddr};
use parangon_node::{NodeConfig, NodeFiles};
use parangon_protocol::id::LogId;
use parangon_protocol::record::Record;
use parangon_protocol::replica::Settings;
use support::federation::Federation;
use support::feeder::Feeder;
use support::labels;
use support::logs::{LogText, text};
use support::measure::{memory_mib, millis, rounds, spread};
use support::node::Node;

const MEMBERS: usize = 5;
/// The node under test is the last member: it neither issues nor endorses.
const NODE: usize = MEMBERS - 1;
const ROLE: &str = "PARANGON_BENCH_ROLE";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    match std::env::var(ROLE).as_deref() {
        Ok("take-in") => runtime.block_on(take_in()),
        Ok("start") => runtime.block_on(start(Instant::now())),
        _ => {
            let one = std::env::var("LABELS").ok().and_then(|n| n.parse().ok());
            for count in one.map_or(vec![10_000, 100_000], |count| vec![count]) {
                runtime.block_on(measure(count));
            }
        }
    }
}

/// Logs of all other members: `count` labels in equal parts, then what their endorsers state.
fn logs(federation: &Federation, count: usize) -> Vec<LogText> {
    let mut logs: Vec<LogText> = (0..NODE).map(|n| LogText::begun(federation, n)).collect();
    for issuer in 0..NODE {
        let labels = labels::labels(federation, issuer, count / NODE, 1);
        let mut confirmed: Vec<Vec<Vec<u8>>> = vec![Vec::new(); NODE];
        for label in labels {
            for (endorser, record) in labels::confirmations(federation, &label) {
                confirmed[endorser].push(text(&record));
            }
            logs[issuer].push([text(&Record::Label(Box::new(label)))]);
        }
        for (endorser, records) in confirmed.into_iter().enumerate() {
            logs[endorser].push(records);
        }
    }
    logs
}

async fn measure(count: usize) {
    let federation = Federation::new(MEMBERS);
    let logs = logs(&federation, count);
    let records: usize = logs.iter().map(|log| log.records.len()).sum();
    let bytes: usize = logs.iter().flat_map(|log| &log.records).map(Vec::len).sum();
    let feeder = Feeder::start(&federation, 0, logs.clone()).await;
    let dir = tempfile::tempdir().expect("a directory");
    for log in &logs {
        feeder.show(None, &log.id, 2, log.note(&federation, 2, labels::issued())).await;
    }
    let sizes = logs.iter().map(|log| log.size().to_string()).collect::<Vec<_>>().join(",");
    let mut child = child("take-in", dir.path()).env("ADDRESS", feeder.address.to_string()).env("SIZES", sizes).spawn().expect("itself");
    let mut said = lines(&mut child);
    assert_eq!(said(), ["ready"]);
    for log in &logs {
        let note = log.note(&federation, log.size(), labels::issued());
        feeder.show(Some(&federation.members[NODE].id), &log.id, log.size(), note).await;
    }
    let after = numbers(&said());
    assert!(child.wait().expect("a child").success());

    let disk: u64 =
        std::fs::read_dir(dir.path()).expect("readable").map(|entry| entry.expect("readable").metadata().expect("a file").len()).sum();
    println!("\n{count} labels: {records} records of {:.1} MiB, {:.1} MiB on disk", mib(bytes as u64), mib(disk));
    println!(
        "taking in        {:.2} s; resident {:.1} MiB of which anonymous {:.1}, at most {:.1}",
        after[3], after[0], after[1], after[2]
    );
    let mut starts = Vec::new();
    for _ in 0..rounds(7) {
        let mut child = self::child("start", dir.path()).spawn().expect("itself");
        starts.push(numbers(&lines(&mut child)()));
        assert!(child.wait().expect("a child").success());
    }
    let column = |n: usize| starts.iter().map(|row| row[n]).collect::<Vec<f64>>();
    println!("start, answering {}", spread(&column(3), "ms"));
    println!("then resident    {}", spread(&column(0), "MiB"));
    println!("of it anonymous  {}", spread(&column(1), "MiB"));
    println!("at most          {}", spread(&column(2), "MiB"));
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1024 * 1024)
}

fn child(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.env(ROLE, role).env("DIR", dir).stdout(Stdio::piped());
    command
}

/// Reads one line of a child at a time.
fn lines(child: &mut Child) -> impl FnMut() -> Vec<String> + use<> {
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    move || {
        let mut line = String::new();
        out.read_line(&mut line).expect("text");
        line.split_whitespace().map(str::to_owned).collect()
    }
}

fn numbers(words: &[String]) -> Vec<f64> {
    words.iter().map(|word| word.parse().expect("a number")).collect()
}

/// Says resident, anonymous and highest memory in MiB, and how long it took.
fn say(took: f64) {
    println!("{} {} {} {took}", memory_mib("VmRSS"), memory_mib("RssAnon"), memory_mib("VmHWM"));
}

fn directory() -> std::path::PathBuf {
    std::env::var_os("DIR").expect("set by the parent").into()
}

/// Knows all keys, says so, and takes in whatever the parent then shows.
async fn take_in() {
    let federation = Federation::new(MEMBERS);
    let address: Multiaddr = std::env::var("ADDRESS").expect("set by the parent").parse().expect("an address");
    let sizes: Vec<u64> = std::env::var("SIZES").expect("set").split(',').map(|size| size.parse().expect("a number")).collect();
    let peer = parangon_node::network::peer_of(&federation.members[0].keyset.body.transport);
    let parent = MemberAddress { agency: federation.members[0].id.clone(), peer: Some(peer), addresses: vec![address] };
    let node = Node::start(&federation, NODE, &directory(), false, &[parent]).await;
    node.begin(&federation, NODE).await;
    let logs: Vec<LogId> = federation.members.iter().take(NODE).map(|member| member.log()).collect();
    for log in &logs {
        node.holds(log, 2).await;
    }
    println!("ready");
    std::io::stdout().flush().expect("a parent");
    let begun = Instant::now();
    for (log, size) in logs.iter().zip(sizes) {
        node.holds(log, size).await;
    }
    say(begun.elapsed().as_secs_f64());
    node.stop().await;
}

/// A whole node as `parangon serve` starts it; ready when its API has answered.
async fn start(begun: Instant) {
    let mut federation = Federation::new(MEMBERS);
    let founding = federation.chain.founding().clone();
    let member = federation.members.remove(NODE);
    let mut config = Config::default();
    config.data_dir = directory();
    config.network.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    config.api.listen = ([127, 0, 0, 1], 0).into();
    config.api.socket = None;
    let files = NodeFiles { founding, amendments: vec![], keyset: member.keyset, epoch_keyset: None };
    let node = NodeConfig { config, keystore: member.keys, files, settings: Settings::default() };
    let node = parangon_node::Node::start(node).await.expect("a store that can be read");
    let address = node.api_address();
    tokio::task::spawn_blocking(move || health(address)).await.expect("no panic");
    say(millis(begun.elapsed()));
    node.stop().await;
}

fn health(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
