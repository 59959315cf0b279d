//! `parangon key show`: public halves only.

use std::path::Path;

use parangon_node::keystore::Keystore;
use parangon_protocol::charter::peer_id;
use parangon_protocol::keys::SecretKey;
use serde_json::{Value, json};

use super::{IdentityPlace, SheetRecord, agency, next, page_path};
use crate::client::Client;
use crate::commands::unlock::{IDENTITY_KEY, IDENTITY_KEYS, NODE_KEY, NODE_KEYS, Passphrases};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, text};
use crate::output::{Output, Page, State};

/// Arguments of `parangon key show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Directory that holds identity.keys, when they are not in the data directory
    #[arg(long, value_name = "DIR")]
    identity: Option<std::path::PathBuf>,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Shows what can be opened without asking: the identity from its file or from the record beside it, and the node's keys.
pub(super) fn run(args: &ShowArgs, data: &Path, client: &Client, out: &Output) -> Result<(), Failure> {
    let place = IdentityPlace { identity: args.identity.clone(), passphrase: args.passphrases.identity.clone() };
    let dir = place.dir(data);
    let can_open = place.passphrase.identity_passphrase_file.is_some() || dir.join(IDENTITY_KEY).exists();
    let keys = (dir.join(IDENTITY_KEYS).exists() && can_open).then(|| place.open(data)).transpose()?;
    let record = SheetRecord::read(data)?.map_or_else(|| SheetRecord::read(dir), |record| Ok(Some(record)))?;
    let node_can_open = args.passphrases.passphrase_file.is_some() || data.join(NODE_KEY).exists();
    let node = (data.join(NODE_KEYS).exists() && node_can_open).then(|| args.passphrases.open_node(data)).transpose()?;
    if record.is_none() && !dir.join(IDENTITY_KEYS).exists() && !data.join(NODE_KEYS).exists() {
        let failure = Failure::new(Exit::NotFound, format!("no keys are in {}", data.display()));
        return Err(failure.next("name the agency's directory with --data, or make its keys with `parangon init`"));
    }
    let identity = keys.as_ref().map(SheetRecord::of).or(record.clone());
    let whose = identity.as_ref().map(|known| agency::of_identity(data, &known.identity)).transpose()?.flatten();
    let current = record.as_ref().filter(|record| keys.as_ref().is_none_or(|keys| record.is_of(keys)));
    let page = whose.as_ref().map(|(id, _)| page_path(None, id)).transpose()?.map(|name| data.join(name)).filter(|path| path.exists());
    let json = json!({
        "data": data,
        "agency": whose.map(|(id, _)| id),
        "identity": identity.as_ref().map(|known| known.identity),
        "successor": identity.as_ref().map(|known| known.successor),
        "sheet": current.map(|record| json!({ "made": record.made, "confirmed": record.confirmed })),
        "page": page,
        "node": node.as_ref().map(public),
        "keysets": client.get(next::PATH).ok().map(|mut view| view["keysets"].take()),
    });
    out.result(&json, |page| write(&json, data, page))
}

fn public(keys: &Keystore) -> Value {
    let transport = SecretKey::from_seed(&keys.transport_seed()).public();
    json!({
        "log": keys.log_key().public(), "witness": keys.witness_key().public(), "issue": keys.issue_key().public(),
        "sealing": keys.sealing_recipient(), "transport": transport, "peer_id": peer_id(&transport),
    })
}

fn write(json: &Value, data: &Path, page: &mut Page) {
    page.field("agency", text(json, "agency"));
    page.field("identity key", text(json, "identity"));
    page.field("successor hash", text(json, "successor"));
    let sheet = &json["sheet"];
    match (sheet["made"].as_str(), sheet["confirmed"].as_str()) {
        (made, Some(confirmed)) => {
            page.state(State::Ok, "recovery sheet", &format!("made {}, last drill {confirmed}", made.unwrap_or("at an unknown time")));
        }
        (Some(made), None) => page.state(State::Warn, "recovery sheet", &format!("made {made}, never confirmed: `parangon key drill`")),
        (None, None) => page.state(State::Warn, "recovery sheet", "none is known for this key: `parangon key sheet`"),
    }
    if let Some(path) = json["page"].as_str() {
        page.state(State::Warn, "its page", &format!("{path} holds the key in clear: print it, then delete it"));
    }
    let node = &json["node"];
    for name in ["log", "witness", "issue", "sealing", "transport", "peer_id"].into_iter().filter(|_| !node.is_null()) {
        page.field(name, text(node, name));
    }
    let sets = items(json, "keysets");
    if !sets.is_empty() {
        page.remark("Key sets in this agency's log; each holds for the records behind it:");
        let row = |set: &Value| [text(set, "number"), text(set, "index"), text(set, "issue"), text(set, "in_force")];
        page.table(["NUMBER", "RECORD", "ISSUE KEY", "IN FORCE"], sets.iter().map(row));
    }
    if node.is_null() {
        page.remark(format!("The node's keys in {} were not opened: they are elsewhere, or --passphrase-file is needed.", data.display()));
    }
    if json["identity"].is_null() {
        page.remark("The identity key was not opened: it is elsewhere (--identity DIR), or --identity-passphrase-file is needed.");
    }
}
