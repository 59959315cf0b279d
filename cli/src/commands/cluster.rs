//! `parangon cluster`.

use std::path::PathBuf;

use clap::Subcommand;
use hyper::Method;
use parangon_node::service::clusters::RegisterNumber;
use parangon_protocol::id::{Country, Name};
use parangon_protocol::region::Nuts;
use serde_json::{Map, Value, json};

use super::Context;
use super::spreadsheet::{File, Import, Stage};
use crate::client::{Body, encode};
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::Page;
use crate::{ids, prompt};

const PATH: &str = "/api/v1/clusters";

/// Characters of the part of a cluster's id after the slash.
const ID: usize = 24;

/// What is said of a cluster, by the names of the API.
const SAID: [&str; 7] = ["name", "country", "region", "nuts", "field", "legal_form", "registers"];

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
    /// Change what is said of a cluster; a name that changes becomes a former one and goes on to find it
    Edit(EditArgs),
    /// Make one cluster of two; the first stays readable, and nothing new begins on it
    Merge(MergeArgs),
    /// Take a list of clusters from a spreadsheet (XLSX, ODS or CSV); shows what each row does, then all rows or none
    Import(ImportArgs),
}

/// What may be said of a cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct SaidArgs {
    /// Its region, in words
    #[arg(long)]
    region: Option<Name>,
    /// Its region by NUTS, with the version
    #[arg(long, value_name = "CODE/YEAR")]
    nuts: Option<Nuts>,
    /// Its technology field
    #[arg(long)]
    field: Option<Name>,
    /// Its legal form
    #[arg(long)]
    legal_form: Option<Name>,
    /// Its number in a register; may stand several times
    #[arg(long, value_name = "REGISTER=NUMBER")]
    register: Vec<RegisterNumber>,
}

/// Arguments of `parangon cluster add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Its name as printed on labels
    name: Name,
    /// Its country (ISO 3166-1, two letters)
    #[arg(long, value_name = "CC")]
    country: Country,
    #[command(flatten)]
    said: SaidArgs,
}

/// Arguments of `parangon cluster edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The cluster's id, or a unique beginning of it
    id: String,
    /// Its name from now on
    #[arg(long)]
    name: Option<Name>,
    /// Its country (ISO 3166-1, two letters)
    #[arg(long, value_name = "CC")]
    country: Option<Country>,
    #[command(flatten)]
    said: SaidArgs,
    /// Say no more about this: region, nuts, field, legal-form or registers; may stand several times
    #[arg(long, value_name = "FIELD", value_parser = ["region", "nuts", "field", "legal-form", "registers"])]
    clear: Vec<String>,
    /// Change exactly this version (`etag` of `cluster show`) [default: the one that is there now]
    #[arg(long, value_name = "ETAG")]
    version: Option<String>,
}

/// Arguments of `parangon cluster merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// The cluster that ends: its id, or a unique beginning of it
    from: String,
    /// The cluster that goes on: its id, or a unique beginning of it
    into: String,
    /// The name of the cluster that ends, instead of being asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// Arguments of `parangon cluster import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The file, or - for stdin
    file: PathBuf,
    /// Show what would be done, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Save without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Runs one verb.
pub(crate) fn run(command: ClusterCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        ClusterCommand::Add(args) => add(&args, context),
        ClusterCommand::List => list(context),
        ClusterCommand::Show { id } => show(&id, context),
        ClusterCommand::Edit(args) => edit(&args, context),
        ClusterCommand::Merge(args) => merge(&args, context),
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

/// Where the API has a cluster.
pub(crate) fn path(id: &str) -> String {
    format!("{PATH}/{}", id.split('/').map(encode).collect::<Vec<_>>().join("/"))
}

impl SaidArgs {
    /// Puts what is given into the body of a request.
    fn put(&self, body: &mut Map<String, Value>) {
        for (key, value) in [("region", &self.region), ("field", &self.field), ("legal_form", &self.legal_form)] {
            if let Some(value) = value {
                body.insert(key.to_owned(), json!(value));
            }
        }
        if let Some(nuts) = &self.nuts {
            body.insert("nuts".to_owned(), json!(nuts));
        }
        if !self.register.is_empty() {
            body.insert("registers".to_owned(), json!(self.register));
        }
    }
}

fn add(args: &AddArgs, context: &Context<'_>) -> Result<(), Failure> {
    let mut body = Map::new();
    body.insert("name".to_owned(), json!(args.name));
    body.insert("country".to_owned(), json!(args.country));
    args.said.put(&mut body);
    let made = context.client.post(PATH, Value::Object(body))?;
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
    let name = match plain(cluster, "merged_into") {
        Some(into) => format!("{} (merged into {})", text("name"), ids(into)),
        None => text("name"),
    };
    [ids(&text("id")), name, text("country"), text("region"), text("field")]
}

fn show(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let cluster = context.client.get(&path(&resolve(id, context)?))?;
    context.out.result(&cluster, |page| write(&cluster, page))
}

fn write(cluster: &Value, page: &mut Page) {
    for name in ["name", "id", "country", "region"] {
        page.field(name, text(cluster, name));
    }
    if let Some(code) = plain(&cluster["nuts"], "code") {
        page.field("nuts", format!("{code}/{}", text(&cluster["nuts"], "version")));
    }
    page.field("field", text(cluster, "field"));
    for name in ["legal_form", "merged_into", "absorbed"] {
        if !cluster[name].is_null() && cluster[name] != json!([]) {
            page.field(name, text(cluster, name));
        }
    }
    for number in items(cluster, "registers") {
        page.field("register", format!("{}={}", text(number, "register"), text(number, "number")));
    }
    for former in items(cluster, "former_names") {
        page.field("former name", format!("{} (until {})", text(former, "name"), text(former, "until")));
    }
    page.field("changed", text(cluster, "changed"));
    page.field("etag", text(cluster, "etag"));
}

fn edit(args: &EditArgs, context: &Context<'_>) -> Result<(), Failure> {
    let path = path(&resolve(&args.id, context)?);
    let before = context.client.get(&path)?;
    let kept = SAID.iter().filter(|name| !before[**name].is_null() && !args.clear.iter().any(|clear| clear.replace('-', "_") == **name));
    let mut body: Map<String, Value> = kept.map(|name| ((*name).to_owned(), before[*name].clone())).collect();
    if let Some(name) = &args.name {
        body.insert("name".to_owned(), json!(name));
    }
    if let Some(country) = &args.country {
        body.insert("country".to_owned(), json!(country));
    }
    args.said.put(&mut body);
    let version = args.version.as_deref().or_else(|| plain(&before, "etag"));
    let done = context.client.send(Method::PUT, &path, Body::Json(Value::Object(body)), version)?.json()?;
    context.out.result(&done, |page| {
        write(&done, page);
        if before["name"] != done["name"] {
            page.remark("Labels that were issued keep the name that they have; the next one has the new name.");
        }
    })
}

fn merge(args: &MergeArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (from, into) = (resolve(&args.from, context)?, resolve(&args.into, context)?);
    let ends = context.client.get(&path(&from))?;
    let goes_on = context.client.get(&path(&into))?;
    let what = format!("This ends {} and makes {} go on for both. It cannot be undone.", text(&ends, "name"), text(&goes_on, "name"));
    prompt::confirm_name(context.out, &what, &text(&ends, "name"), args.confirm.as_deref())?;
    let request = Body::Json(json!({ "into": into }));
    let done = context.client.send(Method::POST, &format!("{}/merge", path(&from)), request, plain(&ends, "etag"))?.json()?;
    context.out.result(&done, |page| {
        write(&done, page);
        page.remark("Labels of the cluster that ended stay as they are.");
        page.next(format!("withdraw those that no longer hold: parangon label list --json shows them by their cluster, {}", short(&from)));
    })
}

fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (file, path) = (File::read(&args.file)?, format!("{PATH}/import"));
    let import =
        Import { file: &file, method: Method::POST, path: &path, subject: "clusters", version: None, dry_run: args.dry_run, yes: args.yes };
    let count = |answer: &Value| ["added", "changed"].iter().filter_map(|name| answer[*name].as_u64()).sum();
    import.run(context, count, |answer, stage, page| {
        let what = |row: &Value| match plain(row, "outcome") {
            Some("added") => "new".to_owned(),
            _ => {
                let change = |c: &Value| format!("{}: {} -> {}", text(c, "field"), text(c, "from"), text(c, "to"));
                items(row, "changes").iter().map(change).collect::<Vec<_>>().join("; ")
            }
        };
        if stage == Stage::Preview && !items(answer, "rows").is_empty() {
            let rows = items(answer, "rows").iter();
            page.table(["ROW", "CLUSTER", "WHAT"], rows.map(|row| [text(row, "row"), text(row, "name"), what(row)]));
        }
        page.field("read as", text(answer, "format"));
        page.field("rows read", text(answer, "read"));
        let would = if stage == Stage::Preview { "would be " } else { "" };
        page.field(&format!("{would}added"), text(answer, "added"));
        page.field(&format!("{would}changed"), text(answer, "changed"));
        page.field("here before", text(answer, "known"));
    })
}
