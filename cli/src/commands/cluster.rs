//! `parangon cluster`.

use std::path::PathBuf;

use clap::Subcommand;
use hyper::Method;
use parangon_protocol::id::{Country, Name};
use serde_json::{Value, json};

use super::{Context, problems};
use crate::client::{Body, encode};
use crate::failure::Failure;
use crate::fields::{items, short, text};
use crate::{files, ids};

const PATH: &str = "/api/v1/clusters";

/// Characters of the part of a cluster's id after the slash.
const ID: usize = 24;

/// Verbs of `parangon cluster`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Register one cluster
    Add(AddArgs),
    /// List the registered clusters
    List,
    /// Show one cluster
    Show {
        /// Its id, or a unique beginning of it
        id: String,
    },
    /// Register the clusters of a spreadsheet (name,country[,region][,field]); all rows or none
    Import(ImportArgs),
}

/// Arguments of `parangon cluster add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Its name as printed on labels
    name: Name,
    /// Its country (ISO 3166-1, two letters)
    #[arg(long, value_name = "CC")]
    country: Country,
    /// Its region
    #[arg(long)]
    region: Option<Name>,
    /// Its technology field
    #[arg(long)]
    field: Option<Name>,
}

/// Arguments of `parangon cluster import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The CSV file (UTF-8), or - for stdin
    file: PathBuf,
    /// Show what would be done, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// Runs one verb.
pub(crate) fn run(command: ClusterCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        ClusterCommand::Add(args) => add(&args, context),
        ClusterCommand::List => list(context),
        ClusterCommand::Show { id } => show(&id, context),
        ClusterCommand::Import(args) => import(&args, context),
    }
}

/// The whole id of a cluster.
pub(crate) fn resolve(given: &str, context: &Context<'_>) -> Result<String, Failure> {
    if given.contains('/') {
        ids::resolve(&context.client, PATH, "id", given, ID)
    } else {
        ids::resolve(&context.client, PATH, "id", given, usize::MAX)
    }
}

fn add(args: &AddArgs, context: &Context<'_>) -> Result<(), Failure> {
    let mut body = json!({ "name": args.name, "country": args.country });
    for (key, value) in [("region", &args.region), ("field", &args.field)] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    let made = context.client.post(PATH, body)?;
    context.out.result(&made, |page| {
        page.field("cluster", text(&made, "name"));
        page.field("id", text(&made, "id"));
        page.remark("It stays in this agency until a label names it.");
        page.next(format!("parangon assess new {} --eccp-listed --fte 1 --members 20 --member-types 2", short(&text(&made, "id"))));
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let clusters = context.client.list(PATH, None)?;
    context.out.result(&clusters, |page| {
        if clusters.is_empty() {
            page.remark("No clusters yet.");
            page.next("parangon cluster add NAME --country CC, or parangon cluster import FILE");
            return;
        }
        let ids = page.ids();
        page.table(["ID", "NAME", "COUNTRY", "REGION", "FIELD"], clusters.iter().map(|cluster| row(cluster, ids)));
    })
}

fn row(cluster: &Value, ids: fn(&str) -> String) -> [String; 5] {
    let text = |name| text(cluster, name);
    [ids(&text("id")), text("name"), text("country"), text("region"), text("field")]
}

fn show(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(id, context)?;
    let path: Vec<String> = id.split('/').map(encode).collect();
    let cluster = context.client.get(&format!("{PATH}/{}", path.join("/")))?;
    context.out.result(&cluster, |page| {
        for name in ["name", "id", "country", "region", "field"] {
            page.field(name, text(&cluster, name));
        }
    })
}

fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let bytes = files::read(&args.file, parangon_node::service::csv::FILE_BYTES)?;
    let path = format!("{PATH}/import{}", if args.dry_run { "?dry_run=true" } else { "" });
    let done = context.client.send(Method::POST, &path, Body::File("text/csv", bytes), None)?.json()?;
    context.out.result(&done, |page| {
        problems::write(&done, page);
        page.field("rows read", text(&done, "read"));
        page.field(if args.dry_run { "would be added" } else { "added" }, text(&done, "added"));
        page.field("here before", text(&done, "known"));
        if args.dry_run && items(&done, "problems").is_empty() {
            page.next("the same without --dry-run");
        }
    })?;
    problems::refuse(&done)
}
