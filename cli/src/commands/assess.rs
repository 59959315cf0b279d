//! `parangon assess`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;
use parangon_protocol::time::Month;
use serde_json::{Value, json};

use super::{Context, cluster, problems};
use crate::client::Body;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
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
    /// Show one assessment, without its scores
    Show {
        /// Its id, or a unique beginning of it
        id: String,
    },
    /// Read scores from a spreadsheet (indicator,level[,note]); all rows or none
    Import(ImportArgs),
    /// Write the scores as a spreadsheet
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
    /// The catalogue, when the charter has several
    #[arg(long)]
    catalogue: Option<parangon_protocol::id::CatalogueId>,
}

/// Arguments of `parangon assess import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// The CSV file (UTF-8), or - for stdin
    file: PathBuf,
    /// Show what would change, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Change exactly this version (`etag` of `assess show`) [default: the one that is there now]
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
        AssessCommand::Show { id } => show(&id, context),
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
    let made = context.client.post(PATH, body)?;
    context.out.result(&made, |page| {
        write(&made, page);
        let id = short(&text(&made, "id"));
        page.next(format!("fill in `parangon assess export {id} -o scores.csv`, then `parangon assess import {id} scores.csv`"));
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
}

fn show(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let assessment = context.client.get(&format!("{PATH}/{}", resolve(id, context)?))?;
    context.out.result(&assessment, |page| write(&assessment, page))
}

fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let bytes = files::read(&args.file, parangon_node::service::csv::FILE_BYTES)?;
    let id = resolve(&args.id, context)?;
    let version = match &args.version {
        Some(version) => version.clone(),
        None => plain(&context.client.get(&format!("{PATH}/{id}"))?, "etag").unwrap_or_default().to_owned(),
    };
    let path = format!("{PATH}/{id}/scores{}", if args.dry_run { "?dry_run=true" } else { "" });
    let done = context.client.send(Method::PUT, &path, Body::File("text/csv", bytes), Some(&version))?.json()?;
    context.out.result(&done, |page| {
        let row = |change: &Value| ["indicator", "from", "to"].map(|name| text(change, name));
        page.table(["INDICATOR", "BEFORE", "AFTER"], items(&done, "changes").iter().map(row));
        problems::write(&done, page);
        page.field("rows read", text(&done, "read"));
        page.field(if args.dry_run { "would change" } else { "changed" }, items(&done, "changes").len().to_string());
        page.field("answered", answered(&done["assessment"]));
        if !items(&done, "problems").is_empty() {
            page.remark("Nothing was changed.");
        } else if args.dry_run {
            page.next("the same without --dry-run");
        } else {
            page.next(format!("parangon review ask {} --level LEVEL --reviewer AGENCY", short(&id)));
        }
    })?;
    problems::refuse(&done)
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
