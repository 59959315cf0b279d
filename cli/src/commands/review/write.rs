//! Writing a review: field by field, or in a workbook away from the node. Everything is kept at the node until it is submitted.

use std::path::PathBuf;
use std::str::FromStr;

use hyper::Method;
use serde_json::{Map, Value, json};

use super::inbox::{path, resolve};
use crate::client::Body;
use crate::commands::Context;
use crate::commands::spreadsheet::{self, File, Import, Stage};
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::Page;

/// What a review says beside its levels. What is not given stays as it was saved.
#[derive(Debug, clap::Args)]
pub(crate) struct SaidArgs {
    /// Whether the cluster is eligible, by what the dossier shows [default: what was saved]
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    eligible: Option<String>,
    /// Improvement areas that we find proven [default: what was saved]
    #[arg(long)]
    improvements: Option<u8>,
    /// A text file with our findings for the asking agency, or - for stdin [default: what was saved]
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
}

impl SaidArgs {
    /// As the API takes them.
    pub(super) fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let mut body = Map::new();
        if let Some(eligible) = &self.eligible {
            body.insert("eligible".to_owned(), json!(eligible == "yes"));
        }
        if let Some(improvements) = self.improvements {
            body.insert("improvements".to_owned(), json!(improvements));
        }
        if let Some(findings) = &self.findings {
            body.insert("findings".to_owned(), json!(super::text_of(findings)?));
        }
        Ok(body)
    }
}

/// Arguments of `parangon review edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Our level of an indicator, 0 to 4, not-known, or nothing to take it back: 2.1=3 (repeat for each)
    #[arg(long, value_name = "CODE=LEVEL")]
    level: Vec<Pair>,
    /// Our own note on an indicator, which stays here; nothing takes it out: 2.1=TEXT (repeat for each)
    #[arg(long, value_name = "CODE=TEXT")]
    note: Vec<Pair>,
    #[command(flatten)]
    said: SaidArgs,
    /// Change exactly this version (`etag`) [default: the present one]
    #[arg(long, value_name = "ETAG")]
    version: Option<String>,
}

/// `CODE=VALUE`.
#[derive(Debug, Clone)]
struct Pair(String, String);

impl FromStr for Pair {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (code, value) = text.split_once('=').ok_or("CODE=VALUE, for example 2.1=3")?;
        Ok(Self(code.trim().to_owned(), value.trim().to_owned()))
    }
}

/// Arguments of `parangon review workbook`.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkbookArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Where the file goes, or - for stdout [default: <offer>.xlsx]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In this language, where the catalogue has a translation (BCP 47)
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// Arguments of `parangon review import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// The file, or - for stdin
    file: PathBuf,
    /// Show what would change, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Save without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Saves fields; without any shows what is written so far.
pub(super) fn edit(args: &EditArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let path = path(&id, "work");
    let present = context.client.get(&path)?;
    let body = fields(args)?;
    if body.is_empty() {
        return context.out.result(&present, |page| write(&present, page));
    }
    let version = args.version.as_deref().or_else(|| plain(&present, "etag"));
    let saved = context.client.send(Method::PATCH, &path, Body::Json(Value::Object(body)), version)?.json()?;
    context.out.result(&saved, |page| write(&saved, page))
}

fn fields(args: &EditArgs) -> Result<Map<String, Value>, Failure> {
    let mut body = args.said.fields()?;
    let level = |value: &str| match (value, value.parse::<u8>()) {
        ("", _) => Value::Null,
        (_, Ok(level)) => json!(level),
        _ => json!(value),
    };
    if !args.level.is_empty() {
        let levels: Map<_, _> = args.level.iter().map(|Pair(code, value)| (code.clone(), level(value))).collect();
        body.insert("scores".to_owned(), Value::Object(levels));
    }
    if !args.note.is_empty() {
        let notes: Map<_, _> = args.note.iter().map(|Pair(code, note)| (code.clone(), json!(note))).collect();
        body.insert("notes".to_owned(), Value::Object(notes));
    }
    Ok(body)
}

fn write(work: &Value, page: &mut Page) {
    for (code, level) in work["scores"].as_object().into_iter().flatten() {
        let note = work["notes"][code].as_str().map(|note| format!(" - {note}")).unwrap_or_default();
        page.field(code, format!("{}{note}", level.as_str().unwrap_or("-")));
    }
    for name in ["eligible", "improvements", "findings", "changed", "etag"] {
        if !work[name].is_null() {
            page.field(name, text(work, name));
        }
    }
    let id = short(&text(work, "offer"));
    match items(work, "missing").len() {
        0 => page.next(format!("parangon review submit {id}")),
        missing => {
            page.remark(format!("{missing} indicators have no answer yet. What is saved stays here until it is submitted."));
            page.next(format!("parangon review edit {id} --level CODE=LEVEL, or parangon review workbook {id}"));
        }
    }
}

pub(super) fn workbook(args: &WorkbookArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let workbook = context.client.download(&spreadsheet::workbook(&path(&id, "workbook"), args.language.as_deref()))?;
    spreadsheet::keep(&id, &workbook, args.output.as_deref(), context, |page, path| {
        page.remark("One sheet a dimension. It holds what we have written so far; the owner's scores are not in it.");
        page.next(format!("fill in the columns level and note, then `parangon review import {} {path}`", short(&id)));
    })
}

pub(super) fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let file = File::read(&args.file)?;
    let id = resolve(&args.offer, context)?;
    let path = path(&id, "work");
    let import =
        Import { file: &file, method: Method::PUT, path: &path, subject: "work", version: None, dry_run: args.dry_run, yes: args.yes };
    import.run(context, spreadsheet::changes, |answer, stage, page| {
        spreadsheet::write_answers(answer, stage, page);
        page.field("not answered", items(&answer["work"], "missing").len().to_string());
        if stage == Stage::Saved {
            page.next(format!("parangon review edit {0} shows all of it; parangon review submit {0}", short(&id)));
        }
    })
}
