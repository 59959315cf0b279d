//! `parangon mirror`: what is public of the federation as files that any web server can give out.

mod dir;
mod log;
mod page;

use std::path::PathBuf;

use clap::Subcommand;
use parangon_node::service::mirrors::{MARKER, Marker, TRUST, fork_path};
use parangon_protocol::charter::Chain;
use parangon_protocol::id::AgencyId;
use serde_json::{Value, json};

use super::Context;
use super::backup::Progress;
use super::key::now;
use crate::client::encode;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, text};
use crate::pins::read_chain;
use dir::Dir;
use log::{Export, Outcome};
use page::Index;

/// Verbs of `parangon mirror`.
#[derive(Debug, Subcommand)]
pub(crate) enum MirrorCommand {
    /// Write a mirror into a directory, or bring the one that is there up to date
    Export(ExportArgs),
}

/// Arguments of `parangon mirror export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// A new or empty directory, or one with a mirror of this federation
    dir: PathBuf,
}

/// The page that checks labels.
pub(super) const PAGE: &str = "verify.html";

/// Runs one verb.
pub(crate) fn run(command: MirrorCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        MirrorCommand::Export(args) => export(&args, context),
    }
}

fn export(args: &ExportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let client = &context.client;
    let trust = client.download("/api/v1/trust")?;
    let chain = read_chain(&trust)?;
    let view = client.get("/api/v1/mirror")?;
    let mut dir = Dir::open(&args.dir, chain.fingerprint())?;

    // Records and hashes before the checkpoints that lead to them; what lists the rest comes last.
    let logs = items(&view, "logs").iter().map(log::Log::read).collect::<Result<Vec<_>, _>>()?;
    let mut checkpoints = Vec::new();
    let mut kept = Vec::new();
    let progress = Progress::new(context.out, "Writing the mirror", None);
    for log in &logs {
        let outcome = Export { client, dir: &mut dir, log, progress: &progress }.run()?;
        match outcome {
            Outcome::Written => checkpoints.push((format!("{}/checkpoint", log.agency), &log.checkpoint)),
            Outcome::Kept(reason) => kept.push(json!({ "agency": log.agency, "reason": reason })),
        }
    }
    dir.put(TRUST, &trust)?;
    let forks = evidence(&view, context, &mut dir)?;
    let labels = labels(context, &mut dir, &progress)?;
    status_list(context, &mut dir)?;
    dir.put(PAGE, &client.download("/verify")?)?;
    for (path, checkpoint) in &checkpoints {
        dir.put(path, checkpoint.as_bytes())?;
    }
    for log in &logs {
        dir.prune(log.agency.as_str())?;
    }
    let marker = Marker::new(*chain.fingerprint(), logs.iter().map(|log| log.agency.clone()).collect(), forks.clone());
    dir.put(MARKER, json!(marker).to_string().as_bytes())?;
    let index = Index { chain: &chain, labels: &labels, logs: &logs, forks: &forks, written: now() };
    dir.put("index.json", index.json().to_string().as_bytes())?;
    dir.put("index.html", index.html().as_bytes())?;
    drop(progress);
    report(args, context, &dir, &chain, (&logs, &labels, &kept))
}

/// The evidence against logs that told two stories.
fn evidence(view: &Value, context: &Context<'_>, dir: &mut Dir) -> Result<Vec<AgencyId>, Failure> {
    let mut agencies = Vec::new();
    for agency in items(view, "forks").iter().filter_map(Value::as_str).filter_map(|agency| agency.parse::<AgencyId>().ok()) {
        let file = context.client.download(&format!("/api/v1/logs/{}/evidence", encode(agency.as_str())))?;
        dir.put(&fork_path(&agency), &file)?;
        agencies.push(agency);
    }
    Ok(agencies)
}

/// Our own status list, once anything was stated: nobody else can sign that of another agency.
fn status_list(context: &Context<'_>, dir: &mut Dir) -> Result<(), Failure> {
    match context.client.download("/api/v1/status-list") {
        Ok(list) => {
            let node = context.client.get("/api/v1/node")?;
            dir.put(&format!("status/{}.json", text(&node, "agency")), &list).map(drop)
        }
        Err(failure) if failure.exit == Exit::Conflict => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// The bundles of all labels that can be given. A label whose log has not come to a head yet waits for the next time.
fn labels(context: &Context<'_>, dir: &mut Dir, progress: &Progress) -> Result<Vec<Value>, Failure> {
    let mut shown = Vec::new();
    for mut label in context.client.list("/api/v1/labels?limit=1000", None)? {
        let id = text(&label, "id");
        let bundle = match context.client.download(&format!("/api/v1/labels/{}/bundle", encode(&id))) {
            Ok(bundle) => bundle,
            Err(failure) if failure.exit == Exit::Failed => continue,
            Err(failure) => return Err(failure),
        };
        progress.add(bundle.len());
        let path = format!("labels/{id}.label.json");
        dir.put(&path, &bundle)?;
        label["file"] = json!(path);
        shown.push(label);
    }
    Ok(shown)
}

fn report(
    args: &ExportArgs,
    context: &Context<'_>,
    dir: &Dir,
    chain: &Chain,
    of: (&[log::Log], &[Value], &[Value]),
) -> Result<(), Failure> {
    let (logs, labels, kept) = of;
    let records: u64 = logs.iter().map(|log| log.head.size).sum();
    let json = json!({
        "directory": args.dir, "federation": chain.fingerprint(), "logs": logs.len(), "records": records, "labels": labels.len(),
        "written": dir.written, "unchanged": dir.unchanged, "removed": dir.removed, "kept": kept,
    });
    context.out.result(&json, |page| {
        page.field("mirror", args.dir.to_string_lossy());
        page.field("logs", format!("{} with {records} records", logs.len()));
        page.field("labels", labels.len().to_string());
        page.field("files", format!("{} written, {} unchanged, {} removed", dir.written, dir.unchanged, dir.removed));
        for log in kept {
            page.remark(format!("The log of {} stays as it was: {}.", text(log, "agency"), text(log, "reason")));
        }
        page.next("give the directory out by a web server, and repeat this from a timer (docs/operating.md, \"A mirror\")");
    })
}
