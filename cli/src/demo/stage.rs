//! The play from beginning to end: all agencies at work, one label withdrawn, statistics released, everybody of one mind.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use parangon_node::Node;
use parangon_node::engine::{LogOverview, Overview};
use parangon_protocol::id::{AgencyId, LogId};
use tokio::runtime::Runtime;

use super::chart::several;
use super::data::Data;
use super::home::Home;
use super::plan::AgencyPlan;
use super::play::{self, PATIENCE, Player, Progress};
use super::report::{self, Played};
use super::signals::Signals;
use crate::args::Global;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;

/// How often convergence is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Everything that the play needs.
pub(super) struct Stage<'a> {
    pub(super) plans: &'a [AgencyPlan],
    pub(super) data: &'a Data,
    pub(super) nodes: &'a [Node],
    pub(super) home: &'a Home,
    pub(super) seed: u64,
    pub(super) signals: &'a Signals,
    pub(super) global: &'a Global,
    pub(super) out: &'a Output,
    pub(super) began: Instant,
}

impl Stage<'_> {
    /// Plays it, prints what came of it, and unless it is to be done `once` stays until a signal comes.
    pub(super) fn play(&self, once: bool, runtime: &Runtime) -> Result<(), Failure> {
        let clients = self.clients()?;
        // Tokens of a directory that is about to go are of no use to anybody.
        let tokens = if once && !self.home.is_kept() { None } else { Some(report::tokens(&clients, self.home.path())?) };
        let labels = self.plans.iter().flat_map(|plan| &plan.clusters).map(|plan| plan.cluster.awards().len()).sum();
        self.require(&clients, 0)?; // everybody knows everybody's keys
        let clusters: usize = self.plans.iter().map(|plan| plan.clusters.len()).sum();
        let clusters = several(u64::try_from(clusters).unwrap_or(u64::MAX), "cluster is", "clusters are");
        self.out.say(&format!("The nodes know each other; now {clusters} assessed, reviewed and labelled, with made-up scores."));
        self.populate(&clients, labels)?;
        let populated = self.began.elapsed();
        self.require(&clients, labels)?;
        let withdrawn = play::withdraw_one(&clients)?;
        for (_, client) in &clients {
            client.post("/api/v1/statistics/releases", serde_json::json!({}))?;
        }
        let is_converged = self.converge(&clients, labels)?;
        let played = Played { tokens, withdrawn, populated, converged: self.began.elapsed(), is_converged };
        report::Summary::gather(self, &clients, &played)?.print(self)?;
        if !is_converged {
            return Err(apart());
        }
        if !once {
            self.out.say("Running until Ctrl-C.");
            runtime.block_on(self.signals.more_than(0));
        }
        Ok(())
    }

    fn clients(&self) -> Result<Vec<(AgencyId, Client)>, Failure> {
        let open = |plan: &AgencyPlan| {
            let socket = self.home.path().join(plan.id.as_str()).join("admin.sock");
            Ok((plan.id.clone(), Client::on_socket(self.global, &socket)?))
        };
        self.plans.iter().map(open).collect()
    }

    /// The second person of each agency: a label takes two.
    fn seconds(&self, clients: &[(AgencyId, Client)]) -> Result<Vec<Client>, Failure> {
        let open = |((_, client), node): (&(AgencyId, Client), &Node)| {
            let new = serde_json::json!({ "name": "second person", "roles": ["approver"], "expires_days": 1 });
            let made = client.post("/api/v1/tokens", new)?;
            Client::on_port(self.global, node.api_address(), made["token"].as_str().unwrap_or_default())
        };
        clients.iter().zip(self.nodes).map(open).collect()
    }

    /// All agencies at work, side by side.
    fn populate(&self, clients: &[(AgencyId, Client)], labels: usize) -> Result<(), Failure> {
        let progress = Progress::default();
        let failed = AtomicU8::new(0);
        let bar = self.bar(labels);
        let seconds = self.seconds(clients)?;
        let work = |plan, client, second| {
            let player =
                Player { plan, client, second, progress: &progress, seed: self.seed, labels, failed: &failed, signals: self.signals };
            player.run().inspect_err(|_| {
                failed.fetch_add(1, Ordering::Release);
            })
        };
        std::thread::scope(|scope| {
            let (plans, clients) = (self.plans.iter(), clients.iter().map(|(_, client)| client));
            let players = plans.zip(clients).zip(&seconds);
            let players: Vec<_> = players.map(|((plan, client), second)| scope.spawn(move || work(plan, client, second))).collect();
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

    /// As [`Stage::converge`], for what nothing can go on without.
    fn require(&self, clients: &[(AgencyId, Client)], labels: usize) -> Result<(), Failure> {
        if self.converge(clients, labels)? { Ok(()) } else { Err(apart()) }
    }

    /// Waits until every node holds the same labels in the same states and the same, final, heads. False when they do
    /// not within the time.
    fn converge(&self, clients: &[(AgencyId, Client)], labels: usize) -> Result<bool, Failure> {
        let began = Instant::now();
        loop {
            self.signals.check()?;
            let views = self.nodes.iter().zip(clients).map(|(node, (_, client))| View::of(node, client)).collect::<Result<Vec<_>, _>>()?;
            if views.iter().all(|view| view.is_settled(self.plans.len(), labels) && *view == views[0]) {
                return Ok(true);
            }
            if began.elapsed() > PATIENCE {
                return Ok(false);
            }
            std::thread::park_timeout(LOOK);
        }
    }
}

fn apart() -> Failure {
    Failure::failed(format!("the nodes did not converge within {} s", PATIENCE.as_secs()))
}

/// What one node holds, for comparison with the others.
#[derive(Debug, PartialEq, Eq)]
struct View {
    /// Labels with their states.
    labels: Vec<(String, String)>,
    /// The newest head of each log.
    heads: Vec<(LogId, Head)>,
}

/// A log's newest head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    size: u64,
    root: String,
    /// Whether enough members have signed it, and it covers every record held.
    is_final: bool,
}

impl View {
    fn of(node: &Node, client: &Client) -> Result<Self, Failure> {
        let field = |label: &serde_json::Value, name: &str| label[name].as_str().unwrap_or_default().to_owned();
        let labels = client.list("/api/v1/labels?limit=500", None)?;
        let mut labels: Vec<_> = labels.iter().map(|label| (field(label, "id"), field(label, "state"))).collect();
        labels.sort();
        Ok(Self { labels, heads: heads(&node.context().engine().overview()) })
    }

    /// Whether nothing is under way: all logs have more than their first record, and all of it is final.
    fn is_settled(&self, logs: usize, labels: usize) -> bool {
        self.labels.len() == labels
            && self.labels.iter().all(|(_, state)| state != "provisional")
            && self.heads.len() == logs
            && self.heads.iter().all(|(_, head)| head.size > 1 && head.is_final)
    }
}

fn heads(overview: &Overview) -> Vec<(LogId, Head)> {
    overview.logs.iter().filter_map(|(id, log)| Some((id.clone(), head(log)?))).collect()
}

/// A head is a note: its second line is the size, its third the root. `None` where there is no such note.
fn head(log: &LogOverview) -> Option<Head> {
    let mut lines = log.head.as_deref()?.lines().skip(1);
    let (size, root) = (lines.next()?.parse().ok()?, lines.next()?.to_owned());
    Some(Head { size, root, is_final: size == log.size && size == log.final_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(note: &str, final_size: u64) -> View {
        let log = LogOverview { size: 2, final_size, head: Some(note.to_owned()), ..LogOverview::default() };
        let logs = [("oslo".parse().map(LogId::first).expect("an id"), log)].into();
        View { labels: vec![], heads: heads(&Overview { logs, ..Overview::default() }) }
    }

    #[test]
    fn equal_sizes_with_different_roots_are_not_converged() {
        let one = view("log\n2\nroot\n\n— a b\n", 2);
        assert_eq!(one, view("log\n2\nroot\n\n— c d\n", 2));
        assert_ne!(one, view("log\n2\nother\n\n— a b\n", 2));
    }

    #[test]
    fn what_is_not_final_is_not_settled() {
        assert!(view("log\n2\nroot\n", 2).is_settled(1, 0));
        assert!(!view("log\n2\nroot\n", 2).is_settled(2, 0));
        assert!(!view("log\n2\nroot\n", 1).is_settled(1, 0));
        assert!(!view("log\n1\nroot\n", 2).is_settled(1, 0));
        assert!(!view("no note", 2).is_settled(1, 0));
    }
}
