//! `parangon demo`: a federation in one process, on real clusters and made-up scores. Every agency is a whole node with
//! its own store, keys, network and API; what people would do is done over those APIs.

mod chart;
mod data;
mod found;
mod home;
mod plan;
mod play;
mod ports;
mod report;
mod signals;
mod stage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use parangon_node::{Node, NodeConfig};

use self::data::{BUNDLED, Data};
use self::home::Home;
use self::signals::{Signal, Signals};
use self::stage::Stage;
use crate::args::Global;
use crate::failure::Failure;
use crate::output::{Output, clean};

/// Arguments of `parangon demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Do everything once, print the summary, leave
    #[arg(long)]
    once: bool,
    /// Another file with the columns name, country_iso2, region, technology_field, level, awarded, expires
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// How many agencies
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(3..=20))]
    agencies: u8,
    /// Seed of the made-up scores
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Keep the agencies' directories here instead of forgetting them
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// How long tasks that still run may take after the nodes have stopped.
const STOPPING: Duration = Duration::from_secs(5);

/// How a demonstration ended.
enum Ending {
    /// It came to its end.
    Done,
    /// A signal ended it before.
    Early(Signal),
}

/// Runs the demonstration. A signal that ends it early decides the exit code, when everything is put away.
pub(crate) fn run(args: &DemoArgs, global: &Global, out: &Output) -> Result<(), Failure> {
    match perform(args, global, out)? {
        Ending::Done => Ok(()),
        Ending::Early(signal) => {
            out.say(&format!("The demonstration was ended by {}.", signal.name()));
            std::process::exit(signal.exit_code())
        }
    }
}

fn perform(args: &DemoArgs, global: &Global, out: &Output) -> Result<Ending, Failure> {
    let text = match &args.data {
        None => BUNDLED.as_bytes().to_vec(),
        Some(path) => crate::files::read(path, parangon_protocol::limits::DOCUMENT_BYTES)?,
    };
    let data = data::read(&text)?;
    let plans = plan::agencies(data.clusters.clone(), usize::from(args.agencies), args.seed);

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let signals = Signals::listen(&runtime)?;
    introduce(&data, plans.len(), out);
    let home = Home::new(args.dir.as_deref())?;
    let began = Instant::now();
    let configs = found::federation(home.path(), &plans)?;
    let mut nodes = Vec::with_capacity(configs.len());
    let started = runtime.block_on(start(configs, &mut nodes, &signals));
    let stage = Stage { plans: &plans, data: &data, nodes: &nodes, home: &home, seed: args.seed, signals: &signals, global, out, began };
    let outcome = started.and_then(|()| stage.play(args.once, &runtime));
    runtime.block_on(stop(nodes, &signals));
    runtime.shutdown_timeout(STOPPING);
    if home.is_kept() {
        out.say(&format!("The agencies' directories stay in {}; `parangon serve --data` starts one again.", home.path().display()));
    }
    match (outcome, signals.first()) {
        (Ok(()), _) => Ok(Ending::Done),
        (Err(_), Some(signal)) => Ok(Ending::Early(signal)),
        (Err(failure), None) => Err(failure),
    }
}

/// Says what is about to happen, and which rows have no part in it.
fn introduce(data: &Data, agencies: usize, out: &Output) {
    out.say(&format!("{agencies} agencies are started on this computer only; nothing leaves it. Scores are made up."));
    for (kind, rows) in [("left out", &data.left_out), ("used in part", &data.remarks)] {
        for row in rows {
            out.say(&format!("  line {}, {kind}: {}: {}", row.line, clean(&row.name), clean(&row.reason)));
        }
    }
}

/// Starts the nodes one by one, into `nodes`: those that run have to be stopped whatever happens to the others.
async fn start(configs: Vec<NodeConfig>, nodes: &mut Vec<Node>, signals: &Signals) -> Result<(), Failure> {
    for config in configs {
        signals.check()?;
        nodes.push(Node::start(config).await.map_err(Failure::failed)?);
    }
    Ok(())
}

/// Stops the nodes. A further signal ends that at once.
async fn stop(nodes: Vec<Node>, signals: &Signals) {
    let all = async {
        for node in nodes {
            node.stop().await;
        }
    };
    tokio::select! {
        () = all => {}
        () = signals.more_than(signals.count()) => {}
    }
}
