//! `parangon trust`: which federations this person believes.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use parangon_protocol::charter::Chain;
use parangon_protocol::limits;
use serde_json::{Value, json};

use super::federation::read_federation;
use super::verify::Pin;
use crate::args::{DataDir, Global, Noun};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, clean};
use crate::pins::{Pins, TrustFile};

/// Verbs of `parangon trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust a federation from now on
    Import(ImportArgs),
    /// Write this agency's federation as a trust file for those who check labels
    Export(ExportArgs),
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

/// Runs one verb.
pub(crate) fn run(noun: Noun<TrustCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    match noun.verb {
        TrustCommand::Import(args) => import(&args, out),
        TrustCommand::Export(args) => export(&args, &noun.data, global, out),
        TrustCommand::Show => show(out),
    }
}

fn describe(chain: &Chain) -> Value {
    let charter = chain.newest();
    json!({
        "federation": charter.name, "fingerprint": chain.fingerprint(), "words": chain.fingerprint().words(),
        "members": charter.members.len(), "demonstration": charter.demonstration,
        "refounds": chain.founding().charter.refounds.as_ref().map(|former| former.federation),
    })
}

fn import(args: &ImportArgs, out: &Output) -> Result<(), Failure> {
    let chain = TrustFile::read(&files::read(&args.file, limits::DOCUMENT_BYTES)?)?;
    let fingerprint = chain.fingerprint();
    if args.fingerprint.as_ref().is_some_and(|pin| !pin.matches(fingerprint)) {
        return Err(Failure::new(
            Exit::Refused,
            format!("the file is of federation {fingerprint}, not of the one asked for; nothing was changed"),
        ));
    }
    let pins = Pins::of_user();
    let added = pins.add(&chain)?;
    let mut json = describe(&chain);
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

fn export(args: &ExportArgs, data: &DataDir, global: &Global, out: &Output) -> Result<(), Failure> {
    let local = global.node.is_none().then(|| read_federation(&data.path())).transpose()?.flatten();
    let chain = match local {
        Some((chain, _)) => chain,
        None => TrustFile::read(&Client::open(global, data)?.download("/api/v1/trust")?)?,
    };
    let text = TrustFile::of(&chain).to_text()?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.trust.json", files::slug(chain.newest().name.as_str())).into());
    if path == Path::new("-") {
        out.raw(&text);
        return Ok(());
    }
    files::write_new(&path, &text)?;
    let mut json = describe(&chain);
    json["file"] = json!(path);
    out.result(&json, |page| {
        page.field("trust file", path.to_string_lossy());
        page.field("in words", chain.fingerprint().words());
        page.next(format!("whoever checks labels runs `parangon trust import {}`", path.display()));
    })
}

fn show(out: &Output) -> Result<(), Failure> {
    let chains = Pins::of_user().load()?;
    let json: Vec<Value> = chains.iter().map(describe).collect();
    out.result(&json, |page| {
        if chains.is_empty() {
            page.remark("No federation is trusted yet.");
            page.next("parangon trust import FILE");
            return;
        }
        for chain in &chains {
            let charter = chain.newest();
            let mark = if charter.demonstration { " (DEMONSTRATION)" } else { "" };
            page.field("federation", format!("{}{mark}, {} members", charter.name, charter.members.len()));
            page.field("fingerprint", chain.fingerprint().to_string());
            page.field("in words", chain.fingerprint().words());
        }
    })
}
