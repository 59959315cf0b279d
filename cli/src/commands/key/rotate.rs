//! `parangon key rotate`: new operational keys by a key set record.

use std::path::Path;

use serde_json::json;

use super::next::{KeyPlaces, Role, Rotation, describe};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt;

/// Arguments of `parangon key rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateArgs {
    /// Only this key (repeat for several) [default: issue, witness and sealing]
    #[arg(long, value_enum)]
    only: Vec<Role>,
    /// Rotate without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    places: KeyPlaces,
}

/// Draws, signs and hands in; or goes on with what was cut off.
pub(super) fn run(args: &RotateArgs, data: &Path, client: &Client, out: &Output) -> Result<(), Failure> {
    let rotation = Rotation::begin(&args.places, data, client)?;
    let roles = if args.only.is_empty() { rotation.usual()? } else { args.only.clone() };
    if roles.contains(&Role::Log) && roles.contains(&Role::Transport) {
        let failure = Failure::usage("log and transport key are not replaced together: nobody would let the node in");
        return Err(failure.next("rotate one of them first: parangon key rotate --only log"));
    }
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let pending = rotation.pending()?;
    let resumed = pending.is_some();
    let set = match pending {
        Some(set) => set,
        None => {
            prompt::confirm(out, &format!("Replace these keys of {}: {}?", rotation.agency, names.join(", ")), args.yes)?;
            rotation.prepare(&roles)?
        }
    };
    let view = rotation.hand_in(&set)?;
    let json = json!({
        "agency": rotation.agency, "number": set.body.number, "resumed": resumed,
        "rotated": if resumed { json!(null) } else { json!(names) }, "keysets": view["keysets"], "waiting": view["waiting"],
    });
    out.result(&json, |page| {
        if view["waiting"] == json!(["log"]) {
            page.remark(format!("Key set {} is to begin a new epoch of the log of {}.", set.body.number, rotation.agency));
            return describe(&view, page);
        }
        let how = if resumed { "A rotation that had been cut off is done" } else { "The keys are rotated" };
        page.remark(format!("{how}: {} signs with key set {} from now on.", rotation.agency, set.body.number));
        describe(&view, page);
        page.remark("What was signed before stays valid. Copies of the former node.keys open the store: keep them as safe as before.");
        page.next("a new copy of node.keys for your backup; parangon status");
    })
}
