//! The last line of the checklist: the node of the new member runs until it holds what the inviting node holds.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use parangon_node::engine::Overview;
use parangon_node::{Node, NodeConfig, NodeFiles};

use super::JoinArgs;
use super::checklist::Checklist;
use crate::commands::serve::{open_keystore, refused};
use crate::failure::Failure;
use crate::output::Output;

/// Without one record more for so long, `parangon serve` goes on with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Receives the records. The agency is a member by now: what fails here, `serve` mends.
pub(super) async fn receive(args: &JoinArgs, records: u64, list: &mut Checklist<'_>, out: &Output) {
    match pull(args, records, out).await {
        Ok((held, labels)) if held >= records => list.ok("records received", &format!("{held} records, {labels} labels")),
        Ok((held, _)) => list.fail("records received", &format!("{held} of {records}; `parangon serve` goes on with it")),
        Err(failure) => list.fail("records received", &format!("{failure}; `parangon serve` receives them")),
    }
}

async fn pull(args: &JoinArgs, records: u64, out: &Output) -> Result<(u64, usize), Failure> {
    let config = args.config()?;
    let files = NodeFiles::load(&config.data_dir).map_err(Failure::invalid)?;
    let keystore = open_keystore(&config)?;
    let node = Node::start(NodeConfig { config, keystore, files, settings: Default::default() }).await.map_err(|error| refused(&error))?;
    let bar = if out.is_interactive() && !out.is_quiet() { ProgressBar::new(records) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}") {
        bar.set_style(style);
    }
    bar.set_message("receiving records");
    let mut overview = node.context().engine().watch();
    let count = |overview: &Overview| overview.logs.values().map(|log| log.size).sum::<u64>();
    let held = loop {
        let (held, labels) = {
            let overview = overview.borrow_and_update();
            (count(&overview), overview.labels)
        };
        bar.set_position(held.min(records));
        let more = overview.wait_for(|overview| count(overview) > held);
        if held >= records || !matches!(tokio::time::timeout(PATIENCE, more).await, Ok(Ok(_))) {
            break (held, labels);
        }
    };
    bar.finish_and_clear();
    node.stop().await;
    Ok(held)
}
