//! The next key set: drawn and signed here, because only this process opens the identity key; taken into the log and into use by
//! the node. What was cut off in between is taken up again: the files say how far it had come.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use parangon_node::keystore::{Keystore, NEXT_SET, NODE_KEYS_NEXT, Replaceable, Unlock, file, random};
use parangon_protocol::canonical;
use parangon_protocol::charter::Chain;
use parangon_protocol::id::AgencyId;
use parangon_protocol::keys::{PublicKey, SignedKeySet};
use parangon_protocol::limits;
use serde_json::{Value, json};

use super::IdentityPlace;
use crate::client::Client;
use crate::commands::federation::read_federation;
use crate::commands::unlock::{NODE_KEYS, Passphrases, open_keystore};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, plain};
use crate::files;
use crate::output::Output;

pub(super) const PATH: &str = "/api/v1/keysets";

/// How long a node may take to begin anew with its new keys.
const PATIENCE: Duration = Duration::from_secs(30);

/// A key that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Signs labels, endorsements and messages
    Issue,
    /// Cosigns the other members' logs
    Witness,
    /// Messages to this agency are sealed to it
    Sealing,
    /// The connection to the other nodes; the PeerId changes
    Transport,
    /// The heads of this agency's log: comes alone, and begins a new epoch of it
    Log,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Witness => "witness",
            Self::Sealing => "sealing",
            Self::Transport => "transport",
            Self::Log => "log",
        }
    }

    fn key(self) -> Replaceable {
        match self {
            Self::Issue => Replaceable::Issue,
            Self::Witness => Replaceable::Witness,
            Self::Sealing => Replaceable::Sealing,
            Self::Transport => Replaceable::Transport,
            Self::Log => Replaceable::Log,
        }
    }
}

/// Where the keys are that a rotation opens.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct KeyPlaces {
    /// Directory that holds identity.keys, when they are not in the data directory
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    /// File with the 64 hex digits that open node.keys, when it is not node.key beside them
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    passphrases: Passphrases,
}

impl KeyPlaces {
    /// What opens the node's keys, and the next ones.
    fn unlock(&self, data: &Path) -> Result<Unlock, Failure> {
        match &self.key_file {
            Some(path) => Unlock::read_key_file(path).map_err(Failure::failed),
            None => self.passphrases.node_unlock(data),
        }
    }
}

/// A rotation on this data directory.
pub(super) struct Rotation<'a> {
    places: &'a KeyPlaces,
    data: &'a Path,
    client: &'a Client,
    chain: Chain,
    /// The agency, as its node says.
    pub(super) agency: AgencyId,
    /// The key sets in its log, the oldest first.
    pub(super) keysets: Vec<Value>,
    /// Whether the node has earlier keys than its log states.
    lost: bool,
}

impl<'a> Rotation<'a> {
    /// Asks the node how its keys stand. Nothing is opened yet.
    pub(super) fn begin(places: &'a KeyPlaces, data: &'a Path, client: &'a Client) -> Result<Self, Failure> {
        let Some((chain, _)) = read_federation(data)? else {
            let failure = Failure::new(Exit::NotFound, format!("{} belongs to no federation yet", data.display()));
            return Err(failure.next("name the node's data directory with --data"));
        };
        let view = client.get(PATH)?;
        let strange = || Failure::failed("the node's answer names no key set");
        let agency = plain(&view, "agency").and_then(|id| id.parse().ok()).ok_or_else(strange)?;
        let keysets = items(&view, "keysets").to_vec();
        let lost = view["lost"] == true;
        if keysets.is_empty() { Err(strange()) } else { Ok(Self { places, data, client, chain, agency, keysets, lost }) }
    }

    /// What is to be replaced when nothing else was asked for: everything that others need not learn first, and the log key where the
    /// node has an earlier one than its log states.
    pub(super) fn usual(&self) -> Result<Vec<Role>, Failure> {
        let mut roles = vec![Role::Issue, Role::Witness, Role::Sealing];
        if self.lost {
            let keys = open_keystore(&self.data.join(NODE_KEYS), &self.places.unlock(self.data)?)?;
            let stated: Option<PublicKey> = serde_json::from_value(self.current()["log"].clone()).ok();
            roles.extend((stated != Some(keys.log_key().public())).then_some(Role::Log));
        }
        Ok(roles)
    }

    fn current(&self) -> &Value {
        self.keysets.last().unwrap_or(&Value::Null)
    }

    /// A rotation that was cut off: its key set, while its files are there.
    pub(super) fn pending(&self) -> Result<Option<SignedKeySet>, Failure> {
        let (keys, set) = (self.data.join(NODE_KEYS_NEXT), self.data.join(NEXT_SET));
        if !keys.exists() || !set.exists() {
            return Ok(None);
        }
        let bytes = files::read(&set, limits::RECORD_BYTES)?;
        let read = canonical::decode(&bytes, limits::RECORD_BYTES);
        read.map(Some).map_err(|error| Failure::invalid(format!("{}: {error}", set.display())).next("delete it and run the command again"))
    }

    /// Draws new keys for these roles, signs their key set, and writes both. The node knows nothing of it yet.
    pub(super) fn prepare(&self, roles: &[Role]) -> Result<SignedKeySet, Failure> {
        let place = IdentityPlace { identity: self.places.identity.clone(), passphrase: self.places.passphrases.identity.clone() };
        let opened = place.open(self.data)?;
        let identity = opened.identity_key();
        let member = self.chain.newest().member(&self.agency);
        if member.is_none_or(|member| member.identity != identity.public()) {
            let failure = Failure::new(Exit::Conflict, format!("these are not the identity keys of {} in the charter", self.agency));
            return Err(failure.next("name the directory with the right identity.keys: --identity DIR"));
        }
        let unlock = self.places.unlock(self.data)?;
        let keys = open_keystore(&self.data.join(NODE_KEYS), &unlock)?;
        self.is_current(&keys)?;
        let roles: Vec<Replaceable> = roles.iter().map(|role| role.key()).collect();
        let number = self.current()["number"].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0).saturating_add(1);
        let next = keys.renewed(&roles, &opened, number).map_err(Failure::failed)?;
        let set = next.key_set(self.agency.clone(), number).sign(self.chain.fingerprint(), &identity).map_err(Failure::failed)?;
        self.write(&next, &unlock, &set)?;
        Ok(set)
    }

    /// The file's keys must be those that the node states, or the next ones would not be its own.
    fn is_current(&self, keys: &Keystore) -> Result<(), Failure> {
        let stated: Option<PublicKey> = serde_json::from_value(self.current()["log"].clone()).ok();
        let issue: Option<PublicKey> = serde_json::from_value(self.current()["issue"].clone()).ok();
        if self.lost || (stated == Some(keys.log_key().public()) && issue == Some(keys.issue_key().public())) {
            return Ok(());
        }
        let path = self.data.join(NODE_KEYS);
        let failure = Failure::new(Exit::Conflict, format!("{} holds other keys than the node of {} uses", path.display(), self.agency));
        Err(failure.next("name that node's own data directory with --data; if a rotation was cut off, restart the node first"))
    }

    /// The keys first: a key set without its keys must never reach the node. Neither is written over another: two rotations at
    /// once would mix them up.
    fn write(&self, next: &Keystore, unlock: &Unlock, set: &SignedKeySet) -> Result<(), Failure> {
        let sealed = next.seal(unlock, random::system).map_err(Failure::failed)?;
        let text = canonical::encode(set, limits::RECORD_BYTES).map_err(Failure::failed)?;
        let (keys, place) = (self.data.join(NODE_KEYS_NEXT), self.data.join(NEXT_SET));
        if keys.symlink_metadata().is_ok() {
            let failure = Failure::new(Exit::Conflict, format!("{} is there without its key set", keys.display()));
            return Err(failure.next("unless another rotation is under way just now, delete it: no key set in the log names its keys"));
        }
        let _absent = std::fs::remove_file(&place); // its keys are in use since
        for (path, bytes) in [(&keys, &sealed), (&place, &text)] {
            file::write_new(path, bytes).map_err(Failure::failed)?;
            self.give(path)?;
        }
        Ok(())
    }

    /// To the owner of the keys in use, for an administrator may run this and another user the node.
    fn give(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::failed(format!("cannot give {} to the node's user: {error}", path.display()));
        let owner = std::fs::metadata(self.data.join(NODE_KEYS)).map_err(failed)?;
        let ours = std::fs::metadata(path).map_err(failed)?;
        if (owner.uid(), owner.gid()) == (ours.uid(), ours.gid()) {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).map_err(failed)
    }

    /// Has the node take the key set, and waits until it uses all of it. What is refused leaves no files behind; where it is not
    /// known how it ended, they stay for another attempt.
    pub(super) fn hand_in(&self, set: &SignedKeySet) -> Result<Value, Failure> {
        match self.client.post(PATH, json!({ "keyset": set })) {
            Ok(view) if items(&view, "waiting").is_empty() => Ok(view),
            Ok(view) => Ok(self.await_start(view)),
            Err(failure) if failure.problem.status.is_some_and(|status| (400..500).contains(&status)) => {
                for name in [NEXT_SET, NODE_KEYS_NEXT] {
                    let _absent = std::fs::remove_file(self.data.join(name));
                }
                Err(failure)
            }
            Err(failure) => {
                let step = "the new keys are kept: start the node and run `parangon key rotate` again; it goes on with them";
                Err(failure.next(step))
            }
        }
    }

    /// `parangon serve` begins anew by itself; a node that something else runs has to be restarted.
    fn await_start(&self, mut view: Value) -> Value {
        let began = Instant::now();
        while !items(&view, "waiting").is_empty() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
            // It answers nobody while it begins anew.
            view = self.client.get(PATH).unwrap_or(view);
        }
        view
    }
}

/// How the keys stand, from a node that may be beginning anew.
pub(super) fn stand(client: &Client) -> Result<Value, Failure> {
    let began = Instant::now();
    loop {
        match client.get(PATH) {
            Err(failure) if failure.exit == Exit::Unreachable && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answered => return answered,
        }
    }
}

/// Says what is in force by now.
pub(super) fn describe(view: &Value, page: &mut crate::output::Page) {
    let Some(current) = items(view, "keysets").last() else { return };
    for name in ["number", "index", "log", "witness", "issue", "sealing", "transport", "peer_id"] {
        page.field(name, crate::fields::text(current, name));
    }
    let waiting = items(view, "waiting");
    if !waiting.is_empty() {
        let waiting = crate::fields::text(view, "waiting");
        page.remark(match waiting.as_str() {
            "log" => {
                "The node asks the others what the former log key had signed; it signs nothing until enough have answered: parangon status"
                    .to_owned()
            }
            _ if waiting.contains("transport") => {
                "The new transport key takes over once another member has answered that it knows of it: parangon key show".to_owned()
            }
            _ => format!("Restart the node: until then it works with its former key ({waiting})."),
        });
    }
}

/// Shows `lines` before a question, where somebody is there to read them.
pub(super) fn show_before(out: &Output, lines: &[String]) {
    if out.is_interactive() {
        lines.iter().for_each(|line| out.say(line));
    }
}
