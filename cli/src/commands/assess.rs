//! `parangon assess`.

mod benchmark;
pub(super) mod evidence;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;
use parangon_protocol::charter::Level;
use parangon_protocol::id::SchemeId;
use parangon_protocol::time::Month;
use serde_json::{Value, json};

use super::spreadsheet::{self, File, Import, Stage};
use super::{Context, cluster};
use crate::client::Body;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::clean;
use crate::{files, ids};

const PATH: &str = "/api/v1/assessments";

/// Characters of an assessment's id.
const ID: usize = 24;

/// Verbs of `parangon assess`.
#[derive(Debug, Subcommand)]
pub(crate) enum AssessCommand {
    /// Begin an assessment of a cluster
    New(NewArgs),
    /// List the assessments
    List,
    /// Show one assessment; its answers only when asked for
    Show {
        /// Its id, or a unique beginning of it
        id: String,
        /// Show every answer and note, beside those of last time
        #[arg(long)]
        scores: bool,
    },
    /// Show its levels beside what is published of Europe, of its country and of its field
    Benchmark {
        /// Its id, or a unique beginning of it
        id: String,
        /// The quarter, such as 2026-Q3 [default: the newest with figures]
        #[arg(long, value_name = "QUARTER")]
        period: Option<String>,
    },
    /// Change month, eligibility or proven improvements
    Edit(EditArgs),
    /// Add files of evidence to an indicator
    Attach(evidence::AttachArgs),
    /// Remove a file of evidence
    Detach(evidence::DetachArgs),
    /// Write a file of evidence to disk
    Fetch(evidence::FetchArgs),
    /// Write a workbook (XLSX) with the answers so far, to fill in away from the node
    Template(TemplateArgs),
    /// Read answers from a spreadsheet (XLSX, ODS or CSV); shows every change and every problem, then all rows or none
    Import(ImportArgs),
    /// Write the answers as a CSV file
    Export(ExportArgs),
}

/// Arguments of `parangon assess new`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The cluster's id, or a unique beginning of it
    cluster: String,
    /// Month of the assessment [default: this month]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// The cluster is listed on the European Cluster Collaboration Platform
    #[arg(long)]
    eccp_listed: bool,
    /// Full-time posts of the management, such as 1.5
    #[arg(long, value_name = "POSTS", value_parser = hundredths)]
    fte: u32,
    /// Committed members
    #[arg(long)]
    members: u32,
    /// Kinds of members (firms, research, education, …)
    #[arg(long)]
    member_types: u32,
    /// Improvement areas proven since the previous assessment
    #[arg(long, default_value_t = 0)]
    improvements: u8,
    /// The level sought: says which catalogue, where the charter has several
    #[arg(long)]
    level: Option<Level>,
    /// Its label system, where several have that level
    #[arg(long)]
    scheme: Option<SchemeId>,
    /// The catalogue itself [default: that of the level, or the charter's only one]
    #[arg(long)]
    catalogue: Option<parangon_protocol::id::CatalogueId>,
}

/// Arguments of `parangon assess edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// Month of the assessment
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// Whether the cluster is listed on the European Cluster Collaboration Platform
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    eccp_listed: Option<String>,
    /// Full-time posts of the management, such as 1.5
    #[arg(long, value_name = "POSTS", value_parser = hundredths)]
    fte: Option<u32>,
    /// Committed members
    #[arg(long)]
    members: Option<u32>,
    /// Kinds of members (firms, research, education, …)
    #[arg(long)]
    member_types: Option<u32>,
    /// Improvement areas proven since the previous assessment
    #[arg(long)]
    improvements: Option<u8>,
    /// Change exactly this version (`etag` of `assess show`) [default: the one that is there now]
    #[arg(long, value_name = "ETAG")]
    version: Option<String>,
}

/// Arguments of `parangon assess template`.
#[derive(Debug, clap::Args)]
pub(crate) struct TemplateArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// Where the file goes, or - for stdout [default: <id>.xlsx]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In this language, where the catalogue has a translation (BCP 47)
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// Arguments of `parangon assess import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// The file, or - for stdin
    file: PathBuf,
    /// Show what would change, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Save without being asked
    #[arg(long, short)]
    yes: bool,
    /// Change exactly this version (`etag` of `assess show`) [default: the one that was shown]
    #[arg(long, value_name = "ETAG")]
    version: Option<String>,
}

/// Arguments of `parangon assess export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// Where the file goes [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs one verb.
pub(crate) fn run(command: AssessCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        AssessCommand::New(args) => new(&args, context),
        AssessCommand::List => list(context),
        AssessCommand::Show { id, scores: false } => show(&id, context),
        AssessCommand::Show { id, scores: true } => answers(&id, context),
        AssessCommand::Benchmark { id, period } => benchmark::run(&id, period.as_deref(), context),
        AssessCommand::Edit(args) => edit(&args, context),
        AssessCommand::Attach(args) => evidence::attach(&args, context),
        AssessCommand::Detach(args) => evidence::detach(&args, context),
        AssessCommand::Fetch(args) => evidence::fetch(&args, context),
        AssessCommand::Template(args) => template(&args, context),
        AssessCommand::Import(args) => import(&args, context),
        AssessCommand::Export(args) => export(&args, context),
    }
}

/// The whole id of an assessment.
pub(crate) fn resolve(given: &str, context: &Context<'_>) -> Result<String, Failure> {
    ids::resolve(&context.client, PATH, "id", given, ID)
}

fn new(args: &NewArgs, context: &Context<'_>) -> Result<(), Failure> {
    let eligibility = json!({
        "eccp_listed": args.eccp_listed, "management_fte_hundredths": args.fte, "members": args.members, "member_types": args.member_types,
    });
    let cluster = cluster::resolve(&args.cluster, context)?;
    let mut body = json!({ "cluster": cluster, "eligibility": eligibility, "improvements": args.improvements });
    if let Some(month) = args.month {
        body["month"] = json!(month);
    }
    if let Some(catalogue) = &args.catalogue {
        body["catalogue"] = json!(catalogue);
    }
    if let Some(level) = &args.level {
        body["level"] = json!(level);
    }
    if let Some(scheme) = &args.scheme {
        body["scheme"] = json!(scheme);
    }
    let made = context.client.post(PATH, body)?;
    context.out.result(&made, |page| {
        write(&made, page);
        let id = short(&text(&made, "id"));
        page.next(format!("parangon assess template {id}: fill it in, then `parangon assess import {id} FILE`"));
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let assessments = context.client.list(PATH, None)?;
    context.out.result(&assessments, |page| {
        if assessments.is_empty() {
            page.remark("No assessments yet.");
            page.next("parangon assess new CLUSTER");
            return;
        }
        let ids = page.ids();
        let row = |a: &Value| [ids(&text(a, "id")), ids(&text(a, "cluster")), text(a, "month"), text(a, "state"), answered(a)];
        page.table(["ID", "CLUSTER", "MONTH", "STATE", "ANSWERED"], assessments.iter().map(row));
    })
}

fn answered(assessment: &Value) -> String {
    let count = &assessment["completeness"];
    format!("{} of {}", text(count, "answered"), text(count, "total"))
}

fn write(assessment: &Value, page: &mut crate::output::Page) {
    for name in ["id", "cluster", "catalogue", "month", "state", "offer", "improvements", "changed", "etag"] {
        if !assessment[name].is_null() {
            page.field(name, text(assessment, name));
        }
    }
    page.field("answered", answered(assessment));
    page.field("evidence", format!("{} files, {} bytes", text(assessment, "files"), text(assessment, "file_bytes")));
}

fn show(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let assessment = context.client.get(&format!("{PATH}/{}", resolve(id, context)?))?;
    context.out.result(&assessment, |page| write(&assessment, page))
}

fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let file = File::read(&args.file)?;
    let id = resolve(&args.id, context)?;
    let path = format!("{PATH}/{id}/scores");
    let version = args.version.clone();
    let (subject, dry_run, yes) = ("assessment", args.dry_run, args.yes);
    let import = Import { file: &file, method: Method::PUT, path: &path, subject, version, dry_run, yes };
    import.run(context, spreadsheet::changes, |answer, stage, page| {
        spreadsheet::write_answers(answer, stage, page);
        page.field("answered", answered(&answer["assessment"]));
        if stage == Stage::Saved {
            page.next(format!("parangon review ask {} --level LEVEL --reviewer AGENCY", short(&id)));
        }
    })
}

/// Changes what stands beside the answers.
fn edit(args: &EditArgs, context: &Context<'_>) -> Result<(), Failure> {
    let path = format!("{PATH}/{}", resolve(&args.id, context)?);
    let before = context.client.get(&path)?;
    let mut eligibility = before["eligibility"].clone();
    let given = [
        ("eccp_listed", args.eccp_listed.as_deref().map(|word| json!(word == "yes"))),
        ("management_fte_hundredths", args.fte.map(|posts| json!(posts))),
        ("members", args.members.map(|members| json!(members))),
        ("member_types", args.member_types.map(|types| json!(types))),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            eligibility[name] = value;
        }
    }
    let mut body = json!({ "eligibility": eligibility });
    if let Some(month) = args.month {
        body["month"] = json!(month);
    }
    if let Some(improvements) = args.improvements {
        body["improvements"] = json!(improvements);
    }
    let version = args.version.as_deref().or_else(|| plain(&before, "etag"));
    let done = context.client.send(Method::PATCH, &path, Body::Json(body), version)?.json()?;
    context.out.result(&done, |page| write(&done, page))
}

/// Every answer beside that of last time, by dimension.
fn answers(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let view = context.client.get(&format!("{PATH}/{}/scores", resolve(id, context)?))?;
    context.out.result(&view, |page| {
        write(&view["assessment"], page);
        if let Some(month) = plain(&view["last"], "month") {
            page.field("last time", month);
        }
        for dimension in items(&view, "dimensions") {
            page.line("");
            page.line(clean(&format!("{}  {}  {}", text(dimension, "code"), text(dimension, "name"), answered(dimension))));
            let row = |a: &Value| ["code", "level", "last_level", "minimum", "name", "note"].map(|name| text(a, name));
            page.table(["INDICATOR", "LEVEL", "LAST", "MINIMUM", "NAME", "NOTE"], items(dimension, "indicators").iter().map(row));
            for indicator in items(dimension, "indicators") {
                for file in items(indicator, "evidence") {
                    let said = ["name", "bytes", "language", "id"].map(|name| text(file, name));
                    page.line(clean(&format!(
                        "  {}  {} ({} bytes, language {}, id {})",
                        text(indicator, "code"),
                        said[0],
                        said[1],
                        said[2],
                        short(&said[3])
                    )));
                }
            }
        }
        page.remark("Scores and notes are confidential.");
    })
}

fn template(args: &TemplateArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.id, context)?;
    let workbook = context.client.download(&spreadsheet::workbook(&format!("{PATH}/{id}/workbook"), args.language.as_deref()))?;
    spreadsheet::keep(&id, &workbook, args.output.as_deref(), context, |page, path| {
        page.remark("One sheet a dimension. It holds the answers so far: they are confidential.");
        page.next(format!("fill in the columns level and note, then `parangon assess import {} {path}`", short(&id)));
    })
}

fn export(args: &ExportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.id, context)?;
    let csv = context.client.download(&format!("{PATH}/{id}/scores.csv"))?;
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        if context.out.is_json() {
            let csv = String::from_utf8_lossy(&csv);
            return context.out.result(&json!({ "id": id, "csv": csv }), |_| {});
        }
        context.out.raw(&csv);
        return Ok(());
    };
    files::write_new(path, &csv)?;
    context.out.result(&json!({ "id": id, "file": path }), |page| {
        page.field("scores", path.to_string_lossy());
        page.remark("They are confidential: the file holds what only this agency and its reviewers may see.");
    })
}

/// Posts with at most two decimals, in hundredths. A decimal comma is understood.
fn hundredths(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is not a number of posts such as 1.5");
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || rest.is_empty() || rest.len() > 2 || !digits(rest) {
        return Err(wrong());
    }
    let (whole, rest): (u32, u32) = (whole.parse().map_err(|_| wrong())?, format!("{rest:0<2}").parse().map_err(|_| wrong())?);
    whole.checked_mul(100).and_then(|hundredths| hundredths.checked_add(rest)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_hundredths() {
        let read: Vec<_> = ["1", "0.5", "1,25", "12.50"].into_iter().map(hundredths).collect();
        assert_eq!(read, [Ok(100), Ok(50), Ok(125), Ok(1250)]);
        for bad in ["", ".", "1.", ".5", "1.255", "-1", "+1", "one", "99999999999", "42949673"] {
            assert!(hundredths(bad).is_err(), "{bad}");
        }
    }
}
