//! `parangon init`: keys, configuration and membership card of one agency.

mod settings;

use std::path::{Path, PathBuf};

use clap::Args;
use parangon_node::config::Config;
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{Cost, Keystore, RandomError, Unlock, file, random};
use parangon_node::network::Multiaddr;
use parangon_protocol::charter::{CardBody, MemberCard, peer_id};
use parangon_protocol::id::{AgencyId, Country, Name};
use serde_json::json;
use zeroize::Zeroizing;

use super::unlock::{IDENTITY_KEY, IDENTITY_KEYS, NODE_KEY, NODE_KEYS, Passphrases};
use crate::args::DataDir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, clean};

/// The node's configuration inside a data directory.
pub(crate) const CONFIG: &str = "parangon.toml";

/// Arguments of `parangon init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    data: DataDir,
    /// Short name, for ever: 3 to 32 of a-z, 0-9 and '-'
    #[arg(long)]
    id: AgencyId,
    /// The agency's name as printed on labels
    #[arg(long)]
    name: Name,
    /// Its country (ISO 3166-1, two letters)
    #[arg(long, value_name = "CC")]
    country: Country,
    /// The body above it; agencies under one parent count once in votes and endorsements
    #[arg(long, value_name = "NAME")]
    parent: Option<Name>,
    /// Address on which other nodes connect (may be repeated)
    #[arg(long, value_name = "MULTIADDR", default_values = ["/ip4/0.0.0.0/tcp/7443", "/ip4/0.0.0.0/udp/7443/quic-v1"])]
    listen: Vec<String>,
    /// Address of the API; other than a loopback address only behind a proxy that adds TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7480")]
    api: std::net::SocketAddr,
    /// Address under which other agencies reach this node (may be repeated) [default: the listen addresses that name a host]
    #[arg(long, value_name = "MULTIADDR")]
    public_address: Vec<Multiaddr>,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// The files of a new agency, in the order in which they are written.
struct Files {
    dir: PathBuf,
    planned: Vec<(String, Zeroizing<Vec<u8>>)>,
}

impl Files {
    fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.planned.push((name.into(), Zeroizing::new(bytes.into())));
    }

    /// Writes all of them or none. What was there before stays.
    fn write(&self) -> Result<(), Failure> {
        if let Some(path) = self.planned.iter().map(|(name, _)| self.dir.join(name)).find(|path| path.symlink_metadata().is_ok()) {
            let failure = Failure::new(Exit::Conflict, format!("{} exists already; nothing was written", path.display()));
            return Err(failure.next("an agency is made once: choose another directory with --data"));
        }
        make_private(&self.dir)?;
        for (at, (name, bytes)) in self.planned.iter().enumerate() {
            if let Err(error) = file::write_new(&self.dir.join(name), bytes) {
                for (ours, _) in &self.planned[..at] {
                    let _ = std::fs::remove_file(self.dir.join(ours));
                }
                return Err(Failure::failed(error));
            }
        }
        Ok(())
    }
}

/// Makes the agency's files and says what was made.
pub(crate) fn run(args: &InitArgs, out: &Output) -> Result<(), Failure> {
    let dir = args.data.path();
    let (keys, identity) =
        (Keystore::generate(random::system).map_err(no_random)?, IdentityFile::generate(random::system).map_err(no_random)?);
    let mut files = Files { dir: dir.clone(), planned: Vec::new() };
    let unlock = unlock(args.passphrases.passphrase_file.as_deref(), NODE_KEY, &mut files)?;
    files.add(NODE_KEYS, keys.seal(&unlock, random::system).map_err(Failure::failed)?);
    let unlock = self::unlock(args.passphrases.identity_passphrase_file.as_deref(), IDENTITY_KEY, &mut files)?;
    files.add(IDENTITY_KEYS, identity.seal(&unlock, random::system).map_err(Failure::failed)?);
    let settings = settings::text(&args.listen, args.api, args.passphrases.passphrase_file.as_deref());
    Config::parse(&settings, CONFIG).map_err(Failure::usage)?;
    files.add(CONFIG, settings);
    let card = card(args, &keys, &identity)?;
    let card_name = format!("{}.member.json", args.id);
    files.add(card_name.clone(), card.to_text().map_err(Failure::failed)?);
    files.write()?;
    report(args, &files, &card, &card_name, out)
}

fn report(args: &InitArgs, files: &Files, card: &MemberCard, card_name: &str, out: &Output) -> Result<(), Failure> {
    let (dir, body) = (&files.dir, card.body());
    let names: Vec<&str> = files.planned.iter().map(|(name, _)| name.as_str()).collect();
    let json = json!({
        "agency": body.id, "data": dir, "files": names, "card": dir.join(card_name), "identity": body.identity, "contacts": body.contacts,
    });
    out.result(&json, |page| {
        page.remark(format!("The agency {} ({}, {}) was made in {}:", body.id, clean(args.name.as_str()), body.country, dir.display()));
        page.field("node keys", NODE_KEYS);
        page.field("identity key", IDENTITY_KEYS);
        page.field("configuration", CONFIG);
        page.field("card", card_name);
        for contact in &body.contacts {
            page.field("address", contact);
        }
        if body.contacts.iter().all(|contact| contact.starts_with("/p2p/")) {
            page.remark("No --public-address was given: other nodes cannot dial this one, it dials them.");
        }
        let identity = if args.passphrases.identity_passphrase_file.is_none() { "identity.key and identity.keys" } else { IDENTITY_KEYS };
        page.remark(format!("Move {identity} to a place that the node cannot read as soon as the federation is founded; keep a copy."));
        page.next(format!(
            "give {} to whoever founds the federation; then `parangon federation sign DRAFT`",
            dir.join(card_name).display()
        ));
    })
}

/// From the passphrase file, or from a fresh key file that becomes one of the agency's files.
fn unlock(passphrase: Option<&Path>, key_name: &str, files: &mut Files) -> Result<Unlock, Failure> {
    if let Some(path) = passphrase {
        return Unlock::read_passphrase_file(path, Cost::default()).map_err(Failure::failed);
    }
    let mut key = Zeroizing::new([0u8; 32]);
    random::system(&mut key[..]).map_err(no_random)?;
    files.add(key_name, Zeroizing::new(hex::encode(&key[..])).as_bytes());
    Ok(Unlock::KeyFile(key))
}

fn card(args: &InitArgs, keys: &Keystore, identity: &IdentityFile) -> Result<MemberCard, Failure> {
    let peer = peer_id(&keys.key_set(args.id.clone(), 1).transport);
    let elsewhere = |address: &&String| !["/ip4/0.0.0.0/", "/ip6/::/"].iter().any(|any| address.starts_with(any));
    let fixed = |address: &&String| !address.contains("/tcp/0") && !address.contains("/udp/0");
    let mut contacts: Vec<String> = match args.public_address.as_slice() {
        [] => args.listen.iter().filter(elsewhere).filter(fixed).map(|address| format!("{address}/p2p/{peer}")).collect(),
        given => given.iter().map(|address| format!("{address}/p2p/{peer}")).collect(),
    };
    if contacts.is_empty() {
        contacts.push(format!("/p2p/{peer}")); // nobody can dial it, but everybody recognises it when it dials
    }
    let body = CardBody {
        id: args.id.clone(),
        name: args.name.clone(),
        country: args.country.clone(),
        parent: args.parent.clone(),
        identity: identity.public(),
        successor: identity.successor_hash(),
        contacts,
        rights: vec![],
    };
    body.sign(&identity.identity_key()).map_err(Failure::invalid)
}

/// The directory, readable by its owner alone when it is new.
fn make_private(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Failure::failed(format!("cannot make {}: {error}", dir.display())))
}

fn no_random(error: RandomError) -> Failure {
    Failure::failed(error)
}
