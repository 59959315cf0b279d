//! `parangon peer`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use parangon_protocol::id::AgencyId;
use serde_json::{Value, json};

use super::Context;
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::{plain, text};
use crate::files;
use crate::output::State;

/// Verbs of `parangon peer`.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// List the members' nodes: state, since when, why, and what to do
    List,
    /// Show who watches which log: confirmations in and missing, and how many may fail or lie
    Witnesses,
    /// Write the evidence that an agency's log told two stories; `parangon verify` explains it without a node
    Evidence(EvidenceArgs),
}

/// Arguments of `parangon peer evidence`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// Whose log
    agency: AgencyId,
    /// Where the file goes, or - for stdout [default: <agency>.fork.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs one verb.
pub(crate) fn run(command: PeerCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        PeerCommand::List => list(context),
        PeerCommand::Witnesses => witnesses(context),
        PeerCommand::Evidence(args) => evidence(&args, context),
    }
}

fn evidence(args: &EvidenceArgs, context: &Context<'_>) -> Result<(), Failure> {
    let file = context.client.download(&format!("/api/v1/logs/{}/evidence", encode(args.agency.as_str())))?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.fork.json", args.agency).into());
    if path == Path::new("-") {
        context.out.raw(&file);
        return Ok(());
    }
    files::write_new(&path, &file)?;
    context.out.result(&json!({ "agency": args.agency, "file": path }), |page| {
        page.field("evidence", path.to_string_lossy());
        page.remark("Anyone can check it with this file alone; it holds nothing confidential.");
        page.next(format!("parangon verify {}", path.display()));
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let peers = context.client.list("/api/v1/peers", None)?;
    context.out.result(&peers, |page| {
        if peers.is_empty() {
            page.remark("This federation has no other member.");
        }
        for peer in &peers {
            page.state(state(peer), &format!("{:<16}", text(peer, "id")), &reason(peer));
            if let Some(step) = plain(peer, "next_step") {
                page.remark(format!("          {}", crate::output::clean(step)));
            }
        }
    })
}

fn witnesses(context: &Context<'_>) -> Result<(), Failure> {
    let logs = context.client.list("/api/v1/witnesses", None)?;
    context.out.result(&logs, |page| {
        for log in &logs {
            let state = if log["confirmed"] == log["records"] && log["records"] != 0 { State::Ok } else { State::Wait };
            let counts = format!("{} of {} records confirmed", text(log, "confirmed"), text(log, "records"));
            page.state(state, &format!("{:<16}", text(log, "agency")), &format!("{counts}; {}", text(log, "words")));
        }
    })
}

fn state(peer: &Value) -> State {
    match (peer["connected"].as_bool(), plain(peer, "state")) {
        (_, Some(word @ ("ok" | "wait" | "warn" | "fail"))) => State::from_word(word),
        (Some(true), _) => State::Ok,
        _ => State::Wait,
    }
}

fn reason(peer: &Value) -> String {
    let mut parts = vec![match plain(peer, "reason") {
        Some(reason) if !reason.is_empty() => reason.to_owned(),
        _ if peer["connected"] == true => "connected".to_owned(),
        _ => "not connected".to_owned(),
    }];
    if let Some(since) = plain(peer, "since") {
        parts.push(format!("since {since}"));
    }
    if let Some(waiting) = peer["outbox"].as_u64().filter(|count| *count > 0) {
        parts.push(format!("{waiting} message{} kept", if waiting == 1 { "" } else { "s" }));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_peer_has_a_state_a_reason_and_a_since() {
        let away = json!({ "id": "gdansk", "state": "waiting", "connected": false, "since": "2026-05-01T09:12:00Z", "reason": "no answer", "outbox": 3 });
        assert_eq!((state(&away), reason(&away).as_str()), (State::Wait, "no answer, since 2026-05-01T09:12:00Z, 3 messages kept"));
        let near = json!({ "id": "lyon", "connected": true });
        assert_eq!((state(&near), reason(&near).as_str()), (State::Ok, "connected"));
    }
}
