//! `parangon audit`: who did what on this node.

mod file;

use std::path::PathBuf;

use clap::Subcommand;
use parangon_node::service::audit::ChainView;
use parangon_protocol::time::Timestamp;
use serde_json::{Value, json};

use super::Context;
use crate::args::{Global, Noun};
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::fields::text;
use crate::output::Output;

const PATH: &str = "/api/v1/audit";

/// Verbs of `parangon audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show the trail, the newest entries first
    List(ListArgs),
    /// Write the whole trail into a new file, one JSON line an entry
    Export {
        /// The new file
        file: PathBuf,
    },
    /// Recompute the chain: in the node, or of an export, which needs no node
    Check {
        /// An exported file [default: the trail in the node]
        file: Option<PathBuf>,
    },
}

/// Arguments of `parangon audit list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only of this actor: "uid 1000", or "token" and the beginning of its id
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// Only from this day or time on, 2026-11-01 or 2026-11-01T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
}

fn when(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == "2026-11-01".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| "a day such as 2026-11-01, or a time such as 2026-11-01T08:00:00Z".to_owned())
}

/// Runs one verb. Only those that ask the node look for it.
pub(crate) fn run(noun: Noun<AuditCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    let context = || Ok::<_, Failure>(Context { client: Client::open(global, &noun.data)?, out });
    match &noun.verb {
        AuditCommand::List(args) => list(args, &context()?),
        AuditCommand::Export { file } => file::export(file, &context()?),
        AuditCommand::Check { file: Some(file) } => file::check(file, out),
        AuditCommand::Check { file: None } => check(&context()?),
    }
}

fn list(args: &ListArgs, context: &Context<'_>) -> Result<(), Failure> {
    let filters = [("actor", args.actor.clone()), ("since", args.since.map(|since| since.to_string()))];
    let kept: String = filters.iter().filter_map(|(name, value)| Some(format!("&{name}={}", encode(value.as_ref()?)))).collect();
    let limit = usize::from(args.limit);
    let entries = context.client.list(&format!("{PATH}?limit={}{kept}", limit.min(1_000)), Some(limit))?;
    context.out.result(&entries, |page| {
        if entries.is_empty() {
            page.remark("No entries.");
            return;
        }
        let row = |entry: &Value| {
            let outcome = match (&entry["status"], entry["code"].as_str()) {
                (Value::Null, _) => "asked".to_owned(),
                (status, None) => status.to_string(),
                (status, Some(code)) => format!("{status} {code}"),
            };
            let ids: Vec<_> = entry["ids"].as_object().into_iter().flatten().map(|(name, _)| text(&entry["ids"], name)).collect();
            let request = format!("{} {}", text(entry, "method"), text(entry, "route"));
            [text(entry, "number"), text(entry, "at"), text(entry, "actor"), text(entry, "roles"), request, ids.join(" "), outcome]
        };
        page.table(["NUMBER", "WHEN", "WHO", "ROLES", "ASKED", "IDS", "END"], entries.iter().map(row));
    })
}

/// The chain as the node recomputed it.
fn chain(client: &Client) -> Result<ChainView, Failure> {
    serde_json::from_value(client.get(&format!("{PATH}/chain"))?).map_err(Failure::failed)
}

fn check(context: &Context<'_>) -> Result<(), Failure> {
    let view = chain(&context.client)?;
    report(&view, context.out)?;
    match view.broken {
        None => Ok(()),
        Some(broken) => Err(Failure::invalid(format!("the audit trail is broken: {broken}"))
            .next("keep this data directory as it is, and compare it with a backup: parangon backup check")),
    }
}

/// What was recomputed. The last hash is what whoever checks can keep.
fn report(view: &ChainView, out: &Output) -> Result<(), Failure> {
    out.result(&json!(view), |page| {
        page.field("agency", &view.agency);
        page.field("entries", view.next.saturating_sub(view.first).to_string());
        page.field("first", view.first.to_string());
        page.field("last", view.next.saturating_sub(1).to_string());
        page.field("hash", view.last.to_string());
        if view.broken.is_none() {
            page.remark("Each entry names the one before it. Keep number and hash of the last one elsewhere: nothing up to it can be");
            page.remark("altered any more without another hash.");
        }
    })
}
