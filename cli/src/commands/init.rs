//! `parangon init`: keys, recovery sheet, configuration and membership card of one agency.

mod settings;

use std::path::PathBuf;

use clap::Args;
use parangon_node::backup::RECIPIENT_FILE;
use parangon_node::config::Config;
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::sheet::Sheet;
use parangon_node::keystore::{Keystore, random};
use parangon_node::network::Multiaddr;
use parangon_protocol::charter::{CardBody, MemberCard, peer_id};
use parangon_protocol::id::{AgencyId, Country, Name};
use serde_json::json;

use super::federation::MADE_AGAIN_FILES;
use super::key::{IDENTITY_SHEET, NewPage, SheetRecord, confirm_printed, now, page_path, sheet_words};
use super::new_files::NewFiles;
use super::unlock::{IDENTITY_KEYS, NODE_KEY, NODE_KEYS, Passphrases, fresh};
use crate::args::DataDir;
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
    /// The agency's disk is lost: make it again from the words of its recovery sheet, which are asked for
    #[arg(long)]
    recover: bool,
    /// File with the 48 words, mode 0600, or - for stdin [default: they are asked for]
    #[arg(long, value_name = "FILE|-", requires = "recover")]
    words: Option<PathBuf>,
    /// Where the recovery sheet goes, a new file to print and delete [default: <id>.recovery.html in the data directory]
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// An agency of one person: a label then takes no second one
    #[arg(long)]
    one_person: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Makes the agency's files, asks whoever is there for one word of the printed sheet, and says what was made.
pub(crate) fn run(args: &InitArgs, out: &Output) -> Result<(), Failure> {
    let dir = args.data.path();
    let sheet = page_path(args.sheet.as_deref(), &args.id)?;
    let identity = match args.recover {
        true => sheet_words(args.words.as_deref(), "--words", out)?,
        false => IdentityFile::generate(random::system).map_err(Failure::failed)?,
    };
    let keys = Keystore::first(&identity, random::system).map_err(Failure::failed)?;
    let mut files = NewFiles::new(&dir);
    let unlock = fresh(args.passphrases.passphrase_file.as_deref(), NODE_KEY, &mut files)?;
    files.add(NODE_KEYS, keys.seal(&unlock, random::system).map_err(Failure::failed)?);
    let unlock = args.passphrases.identity.fresh(&mut files)?;
    files.add(IDENTITY_KEYS, identity.seal(&unlock, random::system).map_err(Failure::failed)?);
    let made = now();
    let mut record = SheetRecord::of(&identity);
    if args.recover {
        record.confirmed = Some(made); // all its words were right
        MADE_AGAIN_FILES.iter().for_each(|(name, text)| files.add(name, *text));
    } else {
        files.add(&sheet, NewPage { id: &args.id, name: &args.name, keys: &identity, made }.html().as_bytes());
        record.made = Some(made);
    }
    files.add(IDENTITY_SHEET, record.to_bytes());
    files.add_public(RECIPIENT_FILE, format!("{}\n", identity.backup_recipient()));
    let settings = settings::text(&args.listen, args.api, args.passphrases.passphrase_file.as_deref(), !args.one_person);
    Config::parse(&settings, CONFIG).map_err(Failure::usage)?;
    files.add(CONFIG, settings);
    let card = card(args, &keys, &identity)?;
    let card_name = format!("{}.member.json", args.id);
    files.add(&card_name, card.to_text().map_err(Failure::failed)?);
    files.write("an agency is made once: choose another directory with --data")?;
    if args.recover {
        return report(args, &Made { dir, files, card, card_name, sheet, record }, out);
    }
    let sheet = dir.join(sheet);
    if confirm_printed(&Sheet::of(&identity), &sheet, out)? {
        record.confirmed = Some(now());
        record.write(&dir)?;
    }
    report(args, &Made { dir, files, card, card_name, sheet, record }, out)
}

/// What was made.
struct Made {
    dir: PathBuf,
    files: NewFiles,
    card: MemberCard,
    card_name: String,
    sheet: PathBuf,
    record: SheetRecord,
}

fn report(args: &InitArgs, made: &Made, out: &Output) -> Result<(), Failure> {
    let Made { dir, files, card, card_name, sheet, record } = made;
    let body = card.body();
    let json = json!({
        "agency": body.id, "data": dir, "files": files.names(), "card": dir.join(card_name), "identity": body.identity,
        "contacts": body.contacts, "sheet": if args.recover { None } else { Some(sheet) }, "sheet_confirmed": record.confirmed,
    });
    out.result(&json, |page| {
        let made = if args.recover { "was made again" } else { "was made" };
        page.remark(format!("The agency {} ({}, {}) {made} in {}:", body.id, clean(args.name.as_str()), body.country, dir.display()));
        page.field("node keys", NODE_KEYS);
        page.field("identity key", IDENTITY_KEYS);
        if !args.recover {
            page.field("recovery sheet", sheet.strip_prefix(dir).unwrap_or(sheet).to_string_lossy());
        }
        page.field("backup key", RECIPIENT_FILE);
        page.field("configuration", CONFIG);
        page.field("card", card_name);
        for contact in &body.contacts {
            page.field("address", contact);
        }
        if body.contacts.iter().all(|contact| contact.starts_with("/p2p/")) {
            page.remark("No --public-address was given: other nodes cannot dial this one, it dials them.");
        }
        if args.recover {
            page.remark(
                "Compare the identity key with the sheet. What was private is gone with the disk, unless there is a backup; what the",
            );
            page.remark("agency stated in public comes back from the other members.");
            page.field("identity key", body.identity.to_string());
            return page.next(format!(
                "ask a member for the trust file of the federation; `parangon federation join FILE --data {}`, then `parangon serve`",
                dir.display()
            ));
        }
        let passphrase = args.passphrases.identity.identity_passphrase_file.is_some();
        let identity = if passphrase { IDENTITY_KEYS } else { "identity.key and identity.keys" };
        page.remark(format!("Move {identity} to a place that the node cannot read as soon as the federation is founded; keep a copy."));
        page.remark("Print the recovery sheet and delete its file: whoever reads it can speak for the agency.");
        if record.confirmed.is_none() {
            page.remark("The sheet is unconfirmed: type one word from the paper with `parangon key drill`.");
        }
        page.next(format!(
            "give {} to whoever founds the federation; then `parangon federation sign DRAFT`",
            dir.join(card_name).display()
        ));
    })
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
