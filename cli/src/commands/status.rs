//! `parangon status`.

use clap::Args;
use serde_json::{Value, json};

use crate::args::{DataDir, Global};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, plain, text};
use crate::output::{Output, Page, State, clean};

/// Arguments of `parangon status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    data: DataDir,
    /// Exit with 1 unless every line is ok
    #[arg(long)]
    strict: bool,
}

/// Shows the node and what it waits for.
pub(crate) fn run(args: &StatusArgs, global: &Global, out: &Output) -> Result<u8, Failure> {
    let client = Client::open(global, &args.data)?;
    let node = client.get("/api/v1/node")?;
    let status = client.get("/api/v1/status")?;
    let lines = items(&status, "lines");
    out.result(&json!({ "node": node, "lines": lines }), |page| {
        page.line(heading(&node));
        if node["demonstration"] == true {
            page.remark("A DEMONSTRATION: scores are made up, labels say nothing about anybody.");
        }
        for line in lines {
            write(line, page);
        }
    })?;
    let well = lines.iter().all(|line| line["state"] == "ok");
    Ok(if args.strict && !well { Exit::Failed.number() } else { 0 })
}

fn heading(node: &Value) -> String {
    let clean = |name| clean(&text(node, name)).into_owned();
    let members = items(node, "members").len();
    let plural = if members == 1 { "" } else { "s" };
    format!("{} ({})   federation \"{}\", {members} member{plural}", clean("name"), clean("country"), clean("federation"))
}

fn write(line: &Value, page: &mut Page) {
    let mut reason = text(line, "reason");
    if let Some(since) = plain(line, "since") {
        reason.push_str(&format!(", since {since}"));
    }
    page.state(State::from_word(&text(line, "state")), &format!("{:<14}", text(line, "subject")), &reason);
    if let Some(step) = plain(line, "next_step") {
        page.remark(format!("          {}", clean(step)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_says_who_and_with_whom() {
        let node = json!({ "name": "Klynge\u{7} Oslo", "country": "NO", "federation": "Net", "members": [{}, {}] });
        assert_eq!(heading(&node), "Klynge\\u{7} Oslo (NO)   federation \"Net\", 2 members");
    }
}
