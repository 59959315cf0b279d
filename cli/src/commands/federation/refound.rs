//! `parangon federation refound`: a new federation that names the one it continues.

use std::path::PathBuf;

use parangon_node::clock::{Clock, SystemClock};
use parangon_protocol::charter::{Charter, FormerHead, Refounding, Tie};
use parangon_protocol::id::Name;
use parangon_protocol::time::Timestamp;
use serde_json::Value;

use super::{read_card, write_draft};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;
use crate::pins::read_chain;

/// Arguments of `parangon federation refound`.
#[derive(Debug, clap::Args)]
pub(crate) struct RefoundArgs {
    /// The new federation's name
    name: Name,
    /// A founder's new membership card (repeat for each founder)
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    member: Vec<PathBuf>,
    /// Where the draft goes
    #[arg(long, short, value_name = "FILE", default_value = "charter.draft.json")]
    output: PathBuf,
}

/// Drafts it from what this node knows of the former one.
pub(super) fn run(args: RefoundArgs, client: &Client, out: &Output) -> Result<(), Failure> {
    let former = read_chain(&client.download("/api/v1/trust")?)?;
    let present = former.newest();
    let logs = client.list("/api/v1/logs", None)?;
    let mut heads = logs.iter().filter(|log| !log["confirmed"].is_null()).map(head).collect::<Result<Vec<_>, _>>()?;
    heads.sort_by(|a, b| a.agency.cmp(&b.agency));
    let refounds = Refounding {
        federation: *former.fingerprint(),
        version: present.version,
        charter: present.hash().map_err(Failure::invalid)?,
        heads,
    };
    let cards = args.member.iter().map(|path| read_card(path)).collect::<Result<Vec<_>, _>>()?;
    let mut members: Vec<_> = cards.into_iter().map(|card| card.into_member(&present.schemes)).collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let still = |tie: &&Tie| members.iter().any(|member| member.id == tie.agency);
    let ties = present.ties.iter().filter(still).cloned().collect();
    let created = SystemClock::new(Timestamp::default()).now();
    let review_by = created.month().plus(24);
    let charter = Charter {
        version: 1,
        previous: None,
        name: args.name,
        created,
        review_by,
        members,
        refounds: Some(Box::new(refounds)),
        rekeyings: vec![],
        resumptions: vec![],
        ties,
        ..present.clone()
    };
    let text = charter.to_text().map_err(Failure::invalid)?;
    let charter = Charter::read(&text).map_err(Failure::invalid)?;
    write_draft(&text, &charter, &args.output, out)
}

fn head(log: &Value) -> Result<FormerHead, Failure> {
    let unusable = |_| Failure::failed("the node's answer has no usable head of a log");
    serde_json::from_value(serde_json::json!({
        "agency": log["agency"], "size": log["confirmed"]["size"], "root": log["confirmed"]["root"],
    }))
    .map_err(unusable)
}
