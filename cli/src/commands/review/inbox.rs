//! For those who are asked: the inbox, the answer, the dossier, the review.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::ask::{ID, cluster_of};
use super::write::SaidArgs;
use crate::client::encode;
use crate::commands::{Context, assess::evidence as file_of, catalogue, scores};
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::{Page, clean};
use crate::{files, ids, prompt};

const PATH: &str = "/api/v1/inbox";

/// Why an agency declines, as codes that the asking agency sees.
const REASONS: [&str; 6] = ["conflict", "no-capacity", "language", "expertise", "deadline", "other"];

/// Arguments of `parangon review accept`.
#[derive(Debug, clap::Args)]
pub(crate) struct AcceptArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Declare that nobody of this agency who reviews it coaches, funds or works for the cluster
    #[arg(long)]
    no_conflicts: bool,
}

/// Arguments of `parangon review decline`.
#[derive(Debug, clap::Args)]
pub(crate) struct DeclineArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Why; the asking agency sees it
    #[arg(long, value_parser = PossibleValuesParser::new(REASONS))]
    reason: String,
    /// Decline without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Arguments of `parangon review dossier`.
#[derive(Debug, clap::Args)]
pub(crate) struct DossierArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Write an empty spreadsheet for our scores
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

/// Arguments of `parangon review submit`.
#[derive(Debug, clap::Args)]
pub(crate) struct SubmitArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// All our scores: a spreadsheet with the columns indicator and level, or - for stdin [default: what was saved]
    file: Option<PathBuf>,
    #[command(flatten)]
    said: SaidArgs,
}

pub(crate) fn resolve(given: &str, context: &Context<'_>) -> Result<String, Failure> {
    ids::resolve(&context.client, PATH, "offer", given, ID)
}

pub(super) fn path(id: &str, verb: &str) -> String {
    format!("{PATH}/{}/{verb}", encode(id))
}

pub(super) fn list(context: &Context<'_>) -> Result<(), Failure> {
    let inbox = context.client.list(PATH, None)?;
    context.out.result(&inbox, |page| {
        if inbox.is_empty() {
            page.remark("No reviews for you.");
            return;
        }
        let ids = page.ids();
        let row = |entry: &Value| {
            let text = |name| text(entry, name);
            [ids(&text("offer")), text("owner"), cluster_of(entry), text("level"), text("state"), text("due"), text("next_step")]
        };
        page.table(["OFFER", "FROM", "CLUSTER", "LEVEL", "STATE", "DUE", "NEXT"], inbox.iter().map(row));
        for entry in &inbox {
            super::write_waits(entry, "offer", page);
        }
    })
}

fn write(entry: &Value, page: &mut Page) {
    for name in ["offer", "owner", "cluster", "level", "languages", "due", "state", "since", "objection", "problem", "waits", "delivery"] {
        if !entry[name].is_null() {
            page.field(name, text(entry, name));
        }
    }
    if entry["parts"].is_object() {
        page.field("files", format!("{} of {} parts are here", text(&entry["parts"], "received"), text(&entry["parts"], "total")));
    }
    if let Some(step) = plain(entry, "next_step") {
        page.next(clean(step));
    }
}

pub(super) fn show(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let entry = context.client.get(&format!("{PATH}/{}", encode(&resolve(given, context)?)))?;
    context.out.result(&entry, |page| write(&entry, page))
}

pub(super) fn accept(args: &AcceptArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let question = "Do you declare that nobody of this agency who reviews it coaches, funds or works for the cluster?";
    prompt::confirm(context.out, question, args.no_conflicts)
        .map_err(|failure| failure.next("add --no-conflicts, or decline with --reason conflict"))?;
    let answer = context.client.post(&path(&id, "accept"), json!({ "conflicts": "none" }))?;
    context.out.result(&answer, |page| {
        page.remark(format!(
            "The review {} is accepted, and the declaration is signed. The dossier comes sealed to this node.",
            short(&id)
        ));
        page.next(format!("parangon review dossier {}", short(&id)));
    })
}

pub(super) fn decline(args: &DeclineArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    prompt::confirm(
        context.out,
        &format!("Decline the review {} ({})? It cannot be accepted afterwards.", short(&id), args.reason),
        args.yes,
    )?;
    let answer = context.client.post(&path(&id, "decline"), json!({ "reason": args.reason }))?;
    context.out.result(&answer, |page| {
        page.remark(format!("The review {} is declined; the asking agency is told why ({}).", short(&id), args.reason));
    })
}

/// Arguments of `parangon review step-back`.
#[derive(Debug, clap::Args)]
pub(crate) struct StepBackArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Why; a tie to the cluster that turned up is a conflict
    #[arg(long, value_parser = PossibleValuesParser::new(REASONS))]
    reason: Option<String>,
    /// Step back without being asked
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn step_back(args: &StepBackArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, yes) = (resolve(&args.offer, context)?, args.yes);
    prompt::confirm(context.out, &format!("Step back from the review {}? Its dossier and what was written are lost.", short(&id)), yes)?;
    let body = args.reason.as_ref().map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    let answer = context.client.post(&path(&id, "step-back"), body)?;
    context.out.result(&answer, |page| {
        page.remark(format!(
            "This agency no longer reviews {}; the asking agency is told. The dossier cannot be read any more.",
            short(&id)
        ));
    })
}

pub(super) fn dossier(args: &DossierArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let dossier = context.client.get(&path(&id, "dossier"))?;
    if let Some(path) = &args.template {
        files::write_new(path, scores::template(items(&dossier, "indicators"))?.as_bytes())?;
    }
    context.out.result(&dossier, |page| {
        for name in ["offer", "catalogue", "month", "improvements"] {
            page.field(name, text(&dossier, name));
        }
        for (name, _) in dossier["eligibility"].as_object().into_iter().flatten() {
            page.field(&clean(name), text(&dossier["eligibility"], name));
        }
        let row = |indicator: &Value| ["code", "minimum", "name", "note"].map(|name| text(indicator, name));
        page.table(["INDICATOR", "MINIMUM", "NAME", "NOTE OF THE OWNER"], items(&dossier, "indicators").iter().map(row));
        for indicator in items(&dossier, "indicators") {
            for file in items(indicator, "evidence") {
                let said = ["name", "bytes", "language", "id"].map(|name| text(file, name));
                let code = text(indicator, "code");
                page.line(clean(&format!("{code}  {} ({} bytes, language {}, id {})", said[0], said[1], said[2], short(&said[3]))));
            }
        }
        page.remark("The owner's scores stay hidden until ours are saved.");
        match &args.template {
            Some(file) => {
                let file = file.display();
                page.next(format!("fill in the levels, then `parangon review submit {} {file} --eligible yes|no`", short(&id)));
            }
            None => page.next(format!("parangon review edit {0} --level CODE=LEVEL, or parangon review workbook {0}", short(&id))),
        }
    })
}

/// Arguments of `parangon review evidence`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// The file's id, or a unique beginning of it (`review dossier`)
    file: String,
    /// Where the file goes, or - for stdout [default: its own name, here]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn evidence(args: &EvidenceArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let dossier = context.client.get(&path(&id, "dossier"))?;
    let files = items(&dossier, "indicators").iter().flat_map(|indicator| items(indicator, "evidence")).cloned();
    let file = file_of::choose(files.collect(), &args.file)?;
    let content = context.client.download(&path(&id, &format!("evidence/{}", text(&file, "id"))))?;
    file_of::keep(&file, &content, args.output.as_deref(), context)
}

/// Arguments of `parangon review question`.
#[derive(Debug, clap::Args)]
pub(crate) struct QuestionArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// The question: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// The indicator that it is about
    #[arg(long, value_name = "CODE")]
    indicator: Option<String>,
}

/// Arguments of `parangon review finalise`.
#[derive(Debug, clap::Args)]
pub(crate) struct FinaliseArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Levels that change: a spreadsheet with the columns indicator and level, or - for stdin [default: none]
    file: Option<PathBuf>,
    #[command(flatten)]
    said: SaidArgs,
}

pub(super) fn question(args: &QuestionArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let mut body = json!({ "text": super::text_of(&args.text)? });
    if let Some(indicator) = &args.indicator {
        body["indicator"] = json!(indicator);
    }
    let said = context.client.post(&path(&id, "questions"), body)?;
    context.out.result(&said, |page| {
        page.remark("The question goes, sealed, to the asking agency.");
        page.next(format!("parangon review conversation {}", short(&id)));
    })
}

pub(super) fn conversation(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(given, context)?;
    let said = context.client.get(&path(&id, "conversation"))?;
    context.out.result(&said, |page| {
        super::write_questions(&said, page);
        match plain(&said, "response") {
            Some("") => page.remark("The owner has responded, and says nothing."),
            Some(response) => page.field("response", response),
            None => page.remark("The owner has not responded to the reviews."),
        }
        super::write_differences(&said, page);
    })
}

pub(super) fn finalise(args: &FinaliseArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let body = body(&id, args.file.as_deref(), &args.said, context)?;
    let answer = context.client.post(&path(&id, "finalise"), body)?;
    context.out.result(&answer, |page| {
        write_result(&answer, page);
        page.remark("The review is final and signed. Our copy of the dossier is deleted; the asking agency gets a receipt.");
    })
}

/// A spreadsheet's levels and the other fields, as the API takes them.
fn body(id: &str, file: Option<&std::path::Path>, said: &SaidArgs, context: &Context<'_>) -> Result<Value, Failure> {
    let mut body = said.fields()?;
    if let Some(file) = file {
        let request = context.client.get(&format!("{PATH}/{id}"))?;
        let catalogue = catalogue::fetch(&text(&request, "catalogue_hash"), context)?;
        body.insert("scores".to_owned(), scores::read(file, &catalogue)?);
    }
    Ok(Value::Object(body))
}

fn write_result(answer: &Value, page: &mut Page) {
    page.field("state", text(answer, "state"));
    page.field("recommended", text(answer, "recommended"));
    for unmet in items(answer, "unmet") {
        let reason = unmet.as_str().map_or_else(|| unmet.to_string(), str::to_owned);
        page.field("  not met", reason);
    }
}

pub(super) fn submit(args: &SubmitArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let body = body(&id, args.file.as_deref(), &args.said, context)?;
    let answer = context.client.post(&path(&id, "review"), body)?;
    context.out.result(&answer, |page| {
        write_result(&answer, page);
        page.remark("The review is signed and goes, sealed, to the asking agency as soon as it is connected.");
    })
}
