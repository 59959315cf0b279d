//! `parangon trust`: which federations this person believes.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use parangon_protocol::limits;
use parangon_protocol::verify::{Known, TrustFile};
use serde_json::{Value, json};

use super::federation::read_federation;
use super::verify::Pin;
use crate::args::{DataDir, Global, Noun};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, clean};
use crate::pins::{Pins, read_trust};

/// Verbs of `parangon trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust a federation from now on
    Import(ImportArgs),
    /// Write this agency's federation as a trust file for those who check labels
    Export(ExportArgs),
    /// Write the page that checks labels in a browser: one file, which needs no network
    Page(PageArgs),
    /// List the trusted federations
    Show,
}

/// Arguments of `parangon trust import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The trust file, or - for stdin
    file: PathBuf,
    /// The fingerprint that it must have: 64 hex digits or the eight words, from a certificate or by telephone
    #[arg(long, value_name = "HEX|WORDS")]
    fingerprint: Option<Pin>,
}

/// Arguments of `parangon trust export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Where the file goes, or - for stdout [default: <federation>.trust.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Arguments of `parangon trust page`.
#[derive(Debug, clap::Args)]
pub(crate) struct PageArgs {
    /// Where the page goes, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "verify.html")]
    output: PathBuf,
    /// Have the page trust this imported federation, not this agency's
    #[arg(long, value_name = "HEX|WORDS")]
    fingerprint: Option<Pin>,
}

/// Runs one verb.
pub(crate) fn run(noun: Noun<TrustCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    match noun.verb {
        TrustCommand::Import(args) => import(&args, out),
        TrustCommand::Export(args) => export(&args, &noun.data, global, out),
        TrustCommand::Page(args) => page(&args, &noun.data, global, out),
        TrustCommand::Show => show(out),
    }
}

fn describe(known: &Known) -> Value {
    let chain = known.chain();
    let charter = chain.newest();
    json!({
        "federation": charter.name, "fingerprint": chain.fingerprint(), "words": chain.fingerprint().words(),
        "members": charter.members.len(), "keysets": known.keysets().len(), "demonstration": charter.demonstration,
        "refounds": chain.founding().charter.refounds.as_ref().map(|former| former.federation),
    })
}

fn import(args: &ImportArgs, out: &Output) -> Result<(), Failure> {
    let known = read_trust(&files::read(&args.file, limits::DOCUMENT_BYTES)?)?;
    let chain = known.chain();
    let fingerprint = chain.fingerprint();
    if args.fingerprint.as_ref().is_some_and(|pin| !pin.matches(fingerprint)) {
        return Err(Failure::new(
            Exit::Refused,
            format!("the file is of federation {fingerprint}, not of the one asked for; nothing was changed"),
        ));
    }
    let pins = Pins::of_user();
    let added = pins.add(&known)?;
    let mut json = describe(&known);
    json["added"] = added.into();
    out.result(&json, |page| {
        let name = clean(chain.newest().name.as_str());
        page.remark(if added { format!("\"{name}\" is trusted from now on.") } else { format!("\"{name}\" was trusted already.") });
        page.field("fingerprint", fingerprint.to_string());
        page.field("in words", fingerprint.words());
        if chain.newest().demonstration {
            page.remark("It is a DEMONSTRATION: its labels say nothing about anybody.");
        }
        if let Some(former) = &chain.founding().charter.refounds {
            page.remark(format!("It says that it continues the federation {}.", former.federation.words()));
        }
        if args.fingerprint.is_none() {
            page.remark("Compare the words with a certificate or another source than the file's sender.");
        }
        page.remark(format!("To undo it, remove {}", pins.path(fingerprint).display()));
        page.next("parangon verify NAME.label.json");
    })
}

/// This agency's federation. The running node knows the members' keys; the directory alone has the charter.
fn own(data: &DataDir, global: &Global) -> Result<Known, Failure> {
    let local = global.node.is_none().then(|| read_federation(&data.path())).transpose()?.flatten();
    let asked = Client::open(global, data).and_then(|client| client.download("/api/v1/trust"));
    match (asked, local) {
        (Ok(text), _) => read_trust(&text),
        (Err(failure), Some((chain, _))) if failure.exit == Exit::Unreachable => Known::new(chain, vec![]).map_err(Failure::invalid),
        (Err(failure), _) => Err(failure),
    }
}

/// What the page is to trust: this agency's federation, else the one that was imported.
fn for_page(args: &PageArgs, data: &DataDir, global: &Global) -> Result<Known, Failure> {
    let failure = match &args.fingerprint {
        Some(_) => None,
        None => match own(data, global) {
            Err(failure) if failure.exit == Exit::Unreachable => Some(failure),
            done => return done,
        },
    };
    let mut pinned = Pins::of_user().load()?;
    if let Some(pin) = &args.fingerprint {
        pinned.retain(|known| pin.matches(known.chain().fingerprint()));
    }
    match (pinned.len(), failure) {
        (1, _) => Ok(pinned.remove(0)),
        (0, Some(failure)) => Err(failure),
        (0, None) => Err(Failure::new(Exit::NotFound, "no such federation is trusted").next("parangon trust show")),
        _ => Err(Failure::usage("several federations are trusted; name one with --fingerprint")),
    }
}

fn page(args: &PageArgs, data: &DataDir, global: &Global, out: &Output) -> Result<(), Failure> {
    let known = for_page(args, data, global)?;
    let trust = TrustFile::of(&known).to_text().map_err(Failure::failed)?;
    let text = parangon_node::web::verify_page(Some(&String::from_utf8_lossy(&trust)));
    if args.output == Path::new("-") {
        out.raw(text.as_bytes());
        return Ok(());
    }
    files::write_new(&args.output, text.as_bytes())?;
    let mut json = describe(&known);
    json["file"] = json!(args.output);
    out.result(&json, |page| {
        page.field("page", args.output.to_string_lossy());
        page.field("trusts", clean(known.chain().newest().name.as_str()));
        page.field("in words", known.chain().fingerprint().words());
        if known.keysets().is_empty() {
            page.remark("The node does not run, so the page has no keys of members: a printed code cannot be checked with it.");
        }
        page.next("open it in a browser, or put it on your website: it sends nothing anywhere");
    })
}

fn export(args: &ExportArgs, data: &DataDir, global: &Global, out: &Output) -> Result<(), Failure> {
    let known = own(data, global)?;
    let chain = known.chain();
    let text = TrustFile::of(&known).to_text().map_err(Failure::failed)?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.trust.json", files::slug(chain.newest().name.as_str())).into());
    if path == Path::new("-") {
        out.raw(&text);
        return Ok(());
    }
    files::write_new(&path, &text)?;
    let mut json = describe(&known);
    json["file"] = json!(path);
    out.result(&json, |page| {
        page.field("trust file", path.to_string_lossy());
        page.field("in words", chain.fingerprint().words());
        if known.keysets().is_empty() {
            page.remark("The node does not run, so the file has no keys of members: a printed code cannot be checked with it.");
        }
        page.next(format!("whoever checks labels runs `parangon trust import {}`", path.display()));
    })
}

fn show(out: &Output) -> Result<(), Failure> {
    let pinned = Pins::of_user().load()?;
    let json: Vec<Value> = pinned.iter().map(describe).collect();
    out.result(&json, |page| {
        if pinned.is_empty() {
            page.remark("No federation is trusted yet.");
            page.next("parangon trust import FILE");
            return;
        }
        for chain in pinned.iter().map(Known::chain) {
            let charter = chain.newest();
            let mark = if charter.demonstration { " (DEMONSTRATION)" } else { "" };
            page.field("federation", format!("{}{mark}, {} members", charter.name, charter.members.len()));
            page.field("fingerprint", chain.fingerprint().to_string());
            page.field("in words", chain.fingerprint().words());
        }
    })
}
