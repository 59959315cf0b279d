//! `parangon peer`.

use clap::Subcommand;
use serde_json::Value;

use super::Context;
use crate::failure::Failure;
use crate::fields::{plain, text};
use crate::output::State;

/// Verbs of `parangon peer`.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// List the members' nodes: state, since when, why, and what to do
    List,
}

/// Runs one verb.
pub(crate) fn run(PeerCommand::List: PeerCommand, context: &Context<'_>) -> Result<(), Failure> {
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
