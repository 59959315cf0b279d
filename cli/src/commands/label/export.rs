//! `parangon label export` and `label status-list`: files for others.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use parangon_protocol::label::bundle::Bundle;
use serde_json::{Value, json};

use super::{Context, PATH, cluster_name, find};
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::{plain, text};
use crate::files;
use crate::output::{Page, clean};

/// Arguments of `parangon label export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The label's id, or a unique beginning of it
    id: String,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Bundle)]
    format: Format,
    /// Where the file goes, or - for stdout; of endorsements the directory [default: <cluster>.label.json, or as the format]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Arguments of `parangon label status-list`.
#[derive(Debug, Args)]
pub(crate) struct StatusListArgs {
    /// Where the file goes, or - for stdout [default: status-list.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What others read of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Everything that a verdict needs
    Bundle,
    /// The credential alone, as badge platforms take it: signed, and no proof that it counts
    Openbadge,
    /// A credential of each endorser
    Endorsements,
    /// The proof of inclusion (C2SP tlog-proof), and beside it the record
    TlogProof,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Bundle => "label.json",
            Self::Openbadge => "openbadge.json",
            Self::Endorsements => "endorsement.json",
            Self::TlogProof => "tlog-proof",
        }
    }
}

/// Writes what was asked for.
pub(super) fn export(args: &ExportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, label) = find(&args.id, context)?;
    let file = context.client.download(&format!("{PATH}/{}/bundle", encode(&id)))?.to_vec();
    let slug = files::slug(cluster_name(&label));
    let path = args.output.clone().unwrap_or_else(|| match args.format {
        Format::Endorsements => ".".into(),
        format => format!("{slug}.{}", format.ending()).into(),
    });
    let written = match args.format {
        Format::Bundle => vec![(path, file)],
        Format::Openbadge => vec![(path, json_text(&read(&file)?.credential)?)],
        Format::Endorsements => {
            let endorsements = read(&file)?.endorsements().map_err(Failure::invalid)?;
            let named = |(agency, text)| (path.join(format!("{slug}.{agency}.{}", args.format.ending())), String::into_bytes(text));
            endorsements.into_iter().map(named).collect()
        }
        Format::TlogProof => {
            let entry = read(&file)?.label;
            let record = path.with_extension("record.json");
            let mut files = vec![(path, entry.proof.join("\n").into_bytes())];
            if files[0].0 != Path::new("-") {
                files.push((record, entry.text().map_err(Failure::invalid)?));
            }
            files
        }
    };
    if let [(path, bytes)] = written.as_slice()
        && path == Path::new("-")
    {
        context.out.raw(bytes);
        return Ok(());
    }
    for (path, bytes) in &written {
        files::write_new(path, bytes)?;
    }
    let paths: Vec<&PathBuf> = written.iter().map(|(path, _)| path).collect();
    let mut shown = json!({ "id": id, "format": args.format.to_possible_value().map(|value| value.get_name().to_owned()), "file": paths.first(), "state": label["state"] });
    if paths.len() > 1 {
        shown["files"] = json!(paths);
    }
    context.out.result(&shown, |page| describe(args.format, &label, &paths, page))
}

fn describe(format: Format, label: &Value, paths: &[&PathBuf], page: &mut Page) {
    let what = match format {
        Format::Bundle => "label file",
        Format::Openbadge => "credential",
        Format::Endorsements => "endorsement",
        Format::TlogProof => "proof, record",
    };
    for path in paths {
        page.field(what, path.to_string_lossy());
    }
    page.field("state", text(label, "state"));
    if label["state"] == "provisional" {
        let reason = plain(label, "provisional_because").unwrap_or("not enough members have confirmed it");
        page.remark(format!("It is provisional: {}. Export it again when it is valid.", clean(reason)));
    }
    match format {
        Format::Bundle => {
            page.next(format!("parangon verify {}", paths.first().map(|path| path.display().to_string()).unwrap_or_default()))
        }
        _ => page.remark("It shows who signed. That the label counts, and that it was not withdrawn, only the label file shows."),
    }
}

/// Writes our signed status list.
pub(super) fn status_list(args: &StatusListArgs, context: &Context<'_>) -> Result<(), Failure> {
    let text = context.client.download("/api/v1/status-list")?;
    let path = args.output.clone().unwrap_or_else(|| "status-list.json".into());
    if path == Path::new("-") {
        context.out.raw(&text);
        return Ok(());
    }
    files::write_new(&path, &text)?;
    context.out.result(&json!({ "file": path }), |page| {
        page.field("status list", path.to_string_lossy());
        page.remark("A withdrawn or suspended label has its bit set. Label files prove the same, and more.");
    })
}

fn read(file: &[u8]) -> Result<Bundle, Failure> {
    Bundle::read(file).map_err(Failure::invalid)
}

fn json_text(value: &Value) -> Result<Vec<u8>, Failure> {
    parangon_protocol::canonical::encode(value, parangon_protocol::limits::DOCUMENT_BYTES).map_err(Failure::failed)
}
