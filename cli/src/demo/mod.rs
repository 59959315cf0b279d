//! `parangon demo`: a federation in one process, on real clusters and made-up scores. Every agency is a whole node with
//! its own store, keys, network and API; what people would do is done over those APIs.

mod data;
mod found;
mod plan;
mod play;
mod report;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use parangon_node::Node;
use parangon_protocol::id::AgencyId;
use serde_json::Value;

use self::data::{BUNDLED, Data};
use self::plan::AgencyPlan;
use self::play::{PATIENCE, Player, Progress};
use crate::args::Global;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;

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

/// How often convergence is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the demonstration.
pub(crate) fn run(args: &DemoArgs, global: &Global, out: &Output) -> Result<(), Failure> {
    let text = match &args.data {
        None => BUNDLED.as_bytes().to_vec(),
        Some(path) => crate::files::read(path, parangon_protocol::limits::DOCUMENT_BYTES)?,
    };
    let data = data::read(&text)?;
    let plans = plan::agencies(data.clusters.clone(), usize::from(args.agencies), args.seed);
    let kept = args.dir.is_some();
    let temporary = tempfile::tempdir().map_err(Failure::failed)?;
    let root = args.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    out.say(&format!("{} agencies are started on this computer only; nothing leaves it. Scores are made up.", plans.len()));

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let began = Instant::now();
    let nodes = runtime.block_on(start(found::federation(&root, &plans)?))?;
    let outcome = Stage { plans: &plans, data: &data, nodes: &nodes, root: &root, global, out, began }.play(args.once, &runtime);
    runtime.block_on(async {
        for node in nodes {
            node.stop().await;
        }
    });
    if kept {
        out.say(&format!("The agencies' directories stay in {}.", root.display()));
    }
    outcome
}

async fn start(configs: Vec<parangon_node::NodeConfig>) -> Result<Vec<Node>, Failure> {
    let mut nodes = Vec::with_capacity(configs.len());
    for config in configs {
        nodes.push(Node::start(config).await.map_err(Failure::failed)?);
    }
    Ok(nodes)
}

/// Everything that the play needs.
struct Stage<'a> {
    plans: &'a [AgencyPlan],
    data: &'a Data,
    nodes: &'a [Node],
    root: &'a std::path::Path,
    global: &'a Global,
    out: &'a Output,
    began: Instant,
}

impl Stage<'_> {
    fn play(&self, once: bool, runtime: &tokio::runtime::Runtime) -> Result<(), Failure> {
        let clients = self.clients()?;
        let tokens = report::tokens(&clients, self.root)?;
        let labels = self.plans.iter().map(|plan| plan.clusters.len()).sum();
        self.converge(&clients, 0)?; // everybody knows everybody's keys
        self.populate(&clients, labels)?;
        let populated = self.began.elapsed();
        self.converge(&clients, labels)?;
        let withdrawn = play::withdraw_one(&clients)?;
        for (_, client) in &clients {
            client.post("/api/v1/statistics/releases", serde_json::json!({}))?;
        }
        self.converge(&clients, labels)?;
        let converged = self.began.elapsed();
        let summary = report::Summary::gather(self, &clients, &tokens, &withdrawn, [populated, converged])?;
        summary.print(self)?;
        if !once {
            self.out.say("Running until Ctrl-C.");
            runtime.block_on(tokio::signal::ctrl_c()).map_err(Failure::failed)?;
        }
        Ok(())
    }

    fn clients(&self) -> Result<Vec<(AgencyId, Client)>, Failure> {
        let open = |plan: &AgencyPlan| {
            let socket = self.root.join(plan.id.as_str()).join("admin.sock");
            Ok((plan.id.clone(), Client::on_socket(self.global, &socket)?))
        };
        self.plans.iter().map(open).collect()
    }

    /// All agencies at work, side by side.
    fn populate(&self, clients: &[(AgencyId, Client)], labels: usize) -> Result<(), Failure> {
        let progress = Progress::default();
        let failed = AtomicU8::new(0);
        let bar = self.bar(labels);
        std::thread::scope(|scope| {
            let players: Vec<_> = self
                .plans
                .iter()
                .zip(clients)
                .map(|(plan, (_, client))| {
                    let (progress, failed) = (&progress, &failed);
                    scope.spawn(move || {
                        let outcome = Player { plan, client, progress, labels, failed }.run();
                        if outcome.is_err() {
                            failed.fetch_add(1, Ordering::Release);
                        }
                        outcome
                    })
                })
                .collect();
            while players.iter().any(|player| !player.is_finished()) {
                bar.set_position(u64::try_from(progress.issued.load(Ordering::Relaxed)).unwrap_or(0));
                std::thread::park_timeout(LOOK);
            }
            bar.finish_and_clear();
            for player in players {
                player.join().map_err(|_| Failure::failed("an agency of the demonstration ended badly"))??;
            }
            Ok(())
        })
    }

    fn bar(&self, labels: usize) -> ProgressBar {
        if !self.out.is_interactive() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(u64::try_from(labels).unwrap_or(0));
        let style = ProgressStyle::with_template("{msg} {bar:32} {pos} of {len} labels").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_message("assessing, reviewing, issuing")
    }

    /// Waits until every node shows the same labels in the same states and the same, final, heads.
    fn converge(&self, clients: &[(AgencyId, Client)], labels: usize) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let views = clients.iter().map(|(_, client)| view(client)).collect::<Result<Vec<_>, _>>()?;
            let settled = views.iter().all(|view| view.labels == labels && view.settled && *view == views[0]);
            if settled {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed(format!("the nodes did not converge within {} s", PATIENCE.as_secs())));
            }
            std::thread::park_timeout(LOOK);
        }
    }

    fn describe(&self) -> String {
        format!("{} rows, {} left out", self.data.rows, self.data.left_out.len())
    }
}

/// What one node holds, for comparison with the others.
#[derive(Debug, PartialEq, Eq)]
struct View {
    labels: usize,
    settled: bool,
    states: Vec<(String, String)>,
    heads: Vec<(String, u64)>,
}

fn view(client: &Client) -> Result<View, Failure> {
    let node = client.get("/api/v1/node")?;
    let labels = client.list("/api/v1/labels?limit=500", None)?;
    let mut states: Vec<(String, String)> = labels
        .iter()
        .map(|label| (label["id"].as_str().unwrap_or_default().to_owned(), label["state"].as_str().unwrap_or_default().to_owned()))
        .collect();
    states.sort();
    let empty = Vec::new();
    let members = node["members"].as_array().unwrap_or(&empty);
    let size = |member: &Value, field: &str| member[field].as_u64().unwrap_or(0);
    let heads = members.iter().map(|member| (member["id"].as_str().unwrap_or_default().to_owned(), size(member, "log_size"))).collect();
    let settled = members.iter().all(|member| size(member, "log_size") > 1 && size(member, "log_size") == size(member, "final_size"))
        && states.iter().all(|(_, state)| state != "provisional");
    Ok(View { labels: labels.len(), settled, states, heads })
}
