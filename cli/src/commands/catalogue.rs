//! `parangon catalogue`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;
use parangon_protocol::catalogue::{Catalogue, Difference, Translation, difference};
use parangon_protocol::limits;
use serde_json::{Value, json};

use super::Context;
use crate::args::{Global, Noun};
use crate::client::{Body, Client, encode};
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::files;
use crate::output::{Output, Page, clean};

const PATH: &str = "/api/v1/catalogues";

/// Verbs of `parangon catalogue`.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    /// List the catalogues that the node can read
    List,
    /// Show a catalogue in words: what is asked, and what each level means
    Show(ShowArgs),
    /// Show what differs between two catalogues; each is a file, or one of the node's
    Diff {
        /// The older one: a file, an id or a hash
        older: String,
        /// The newer one: a file, an id or a hash
        newer: String,
    },
    /// Take in a catalogue or a translation; it replaces no other catalogue
    Import(ImportArgs),
    /// Check a file without a node
    Check(CheckArgs),
    /// Write a catalogue as a file, to hand it to other agencies
    Export(ExportArgs),
}

/// Arguments of `parangon catalogue show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Its id or hash
    catalogue: String,
    /// One indicator only
    #[arg(long, value_name = "CODE")]
    indicator: Option<String>,
    /// In this language, where there is a translation (BCP 47)
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// Arguments of `parangon catalogue import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The file, or - for stdin
    file: PathBuf,
    /// Show what it is, save nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// Arguments of `parangon catalogue check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// A catalogue or a translation, or - for stdin
    file: PathBuf,
    /// The catalogue that a translation is of [default: a bundled one]
    #[arg(long, value_name = "FILE")]
    of: Option<PathBuf>,
}

/// Arguments of `parangon catalogue export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Its id or hash
    catalogue: String,
    /// Where the file goes, or - for stdout [default: <id>.catalogue.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs one verb. Files are checked and compared without a node.
pub(crate) fn run(noun: Noun<CatalogueCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    let context = || Ok::<_, Failure>(Context { client: Client::open(global, &noun.data)?, out });
    match &noun.verb {
        CatalogueCommand::List => list(&context()?),
        CatalogueCommand::Show(args) => show(args, &context()?),
        CatalogueCommand::Diff { older, newer } => {
            let read = |name: &String| if Path::new(name).is_file() { read(Path::new(name)) } else { fetch(name, &context()?) };
            diff(&read(older)?, &read(newer)?, out)
        }
        CatalogueCommand::Import(args) => import(args, &context()?),
        CatalogueCommand::Check(args) => check(args, out),
        CatalogueCommand::Export(args) => export(args, &context()?),
    }
}

/// The catalogue of that id or hash, from the node.
pub(crate) fn fetch(name: &str, context: &Context<'_>) -> Result<Catalogue, Failure> {
    let file = context.client.download(&format!("{PATH}/{}/file", encode(name)))?;
    Catalogue::read(&file).map_err(Failure::failed)
}

fn read(path: &Path) -> Result<Catalogue, Failure> {
    let invalid = |error| Failure::invalid(format!("{}: {error}", path.display()));
    Catalogue::read(&files::read(path, limits::DOCUMENT_BYTES)?).map_err(invalid)
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let catalogues = context.client.list(PATH, None)?;
    context.out.result(&catalogues, |page| {
        let ids = page.ids();
        let row = |c: &Value| {
            let origin = if c["bundled"] == true { "bundled" } else { "imported" };
            let used = if c["in_charter"] == true { "in the charter" } else { "-" };
            let languages: Vec<_> = items(c, "translations").iter().map(|t| text(t, "language")).collect();
            let languages = if languages.is_empty() { "-".to_owned() } else { languages.join(", ") };
            [text(c, "id"), ids(&text(c, "hash")), text(c, "indicators"), points(c), used.to_owned(), origin.to_owned(), languages]
        };
        page.table(["ID", "HASH", "INDICATORS", "POINTS", "USED", "ORIGIN", "LANGUAGES"], catalogues.iter().map(row));
    })
}

fn points(catalogue: &Value) -> String {
    if catalogue["questionnaire"] == true { "none".to_owned() } else { text(catalogue, "max_points") }
}

fn show(args: &ShowArgs, context: &Context<'_>) -> Result<(), Failure> {
    let language = args.language.as_deref().map_or_else(String::new, |tag| format!("?language={}", encode(tag)));
    let mut catalogue = context.client.get(&format!("{PATH}/{}{language}", encode(&args.catalogue)))?;
    if let Some(code) = &args.indicator {
        keep_only(&mut catalogue, code)?;
    }
    context.out.result(&catalogue, |page| {
        for name in ["title", "id", "hash", "scheme", "version"] {
            page.field(name, text(&catalogue, name));
        }
        page.field("points", points(&catalogue));
        if !catalogue["note"].is_null() && args.indicator.is_none() {
            page.field("note", text(&catalogue, "note"));
        }
        if catalogue["language"]["approved"] == false {
            page.remark("Nobody has approved this translation. What counts is the catalogue's own text.");
        }
        for dimension in items(&catalogue, "dimensions").iter().filter(|dimension| !items(dimension, "indicators").is_empty()) {
            page.line("");
            page.line(clean(&format!("{}  {}", text(dimension, "code"), text(dimension, "name"))));
            items(dimension, "indicators").iter().for_each(|indicator| write(indicator, page));
        }
    })
}

fn write(indicator: &Value, page: &mut Page) {
    let minimum = if indicator["minimum"].is_null() { String::new() } else { format!("  (minimum {})", text(indicator, "minimum")) };
    page.line(clean(&format!("{}  {}{minimum}", text(indicator, "code"), text(indicator, "name"))));
    if let Some(asks) = plain(indicator, "asks") {
        page.remark(clean(&format!("    {asks}")));
    }
    let levels = items(indicator, "levels");
    let scored = levels.iter().any(|level| level["points"] != 0);
    for (at, level) in levels.iter().enumerate() {
        let points = if scored { format!(" [{} points]", text(level, "points")) } else { String::new() };
        page.remark(clean(format!("      {at}  {}{points}", plain(level, "text").unwrap_or_default()).trim_end()));
    }
}

fn keep_only(catalogue: &mut Value, code: &str) -> Result<(), Failure> {
    let mut found = false;
    for dimension in catalogue["dimensions"].as_array_mut().into_iter().flatten() {
        if let Some(indicators) = dimension["indicators"].as_array_mut() {
            indicators.retain(|indicator| indicator["code"] == code);
            found |= !indicators.is_empty();
        }
    }
    let missing = || Failure::new(crate::exit::Exit::NotFound, format!("the catalogue has no indicator {code:?}"));
    if found { Ok(()) } else { Err(missing()) }
}

fn diff(older: &Catalogue, newer: &Catalogue, out: &Output) -> Result<(), Failure> {
    let found = difference(older, newer);
    let entry = |difference: &Difference| match difference {
        Difference::Header { field, from, to } => json!({ "what": "header", "field": field, "from": from, "to": to }),
        Difference::Dimension { code, from, to } => json!({ "what": "dimension", "code": code, "from": from, "to": to }),
        Difference::Added(code) => json!({ "what": "added", "code": code }),
        Difference::Removed(code) => json!({ "what": "removed", "code": code }),
        Difference::Changed { code, part, from, to } => {
            json!({ "what": "changed", "code": code, "part": part.as_str(), "from": from, "to": to })
        }
    };
    let side = |catalogue: &Catalogue| json!({ "id": catalogue.id, "hash": catalogue.hash() });
    let json = json!({ "older": side(older), "newer": side(newer), "differences": found.iter().map(entry).collect::<Vec<_>>() });
    out.result(&json, |page| {
        for (name, catalogue) in [("older", older), ("newer", newer)] {
            page.field(name, format!("{}  {}", catalogue.id, short(&catalogue.hash().to_string())));
        }
        found.iter().for_each(|difference| page.line(clean(&difference.to_string())));
        match found.len() {
            0 => page.remark("They say the same."),
            count => page.remark(format!("{count} differences. Answers on one are never read as answers on the other.")),
        }
    })
}

fn import(args: &ImportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let file = files::read(&args.file, limits::DOCUMENT_BYTES)?;
    let path = format!("{PATH}{}", if args.dry_run { "?dry_run=true" } else { "" });
    let done = context.client.send(Method::POST, &path, Body::File("application/json", file), None)?.json()?;
    let catalogue = &done["catalogue"];
    context.out.result(&done, |page| {
        page.field("catalogue", text(catalogue, "id"));
        page.field("hash", text(catalogue, "hash"));
        if let Some(language) = plain(&done, "language") {
            page.field("language", language);
        }
        page.field("indicators", text(catalogue, "indicators"));
        page.field("points", points(catalogue));
        match (done["known"] == true, args.dry_run) {
            (true, _) => page.remark("It was here before; nothing changed."),
            (false, true) => page.next("the same without --dry-run"),
            (false, false) if done["language"].is_null() && catalogue["in_charter"] != true => {
                page.remark("It is saved. Assessments use it once the charter lists it by this hash.");
                page.next("parangon federation propose; every agency imports the same file");
            }
            (false, false) => page.remark("It is saved."),
        }
    })
}

fn check(args: &CheckArgs, out: &Output) -> Result<(), Failure> {
    let file = files::read(&args.file, limits::DOCUMENT_BYTES)?;
    let invalid = |error: &dyn std::fmt::Display| Failure::invalid(format!("{}: {error}", args.file.display()));
    let names_a_catalogue = serde_json::from_slice::<Value>(&file).is_ok_and(|file| file.get("catalogue").is_some());
    if args.of.is_none() && !names_a_catalogue {
        let catalogue = Catalogue::read(&file).map_err(|error| invalid(&error))?;
        let json = json!({ "kind": "catalogue", "id": catalogue.id, "hash": catalogue.hash(), "indicators": catalogue.indicators.len(),
            "dimensions": catalogue.dimensions.len(), "max_points": catalogue.max_points, "questionnaire": catalogue.questionnaire });
        return out.result(&json, |page| {
            ["id", "hash", "dimensions", "indicators"].iter().for_each(|name| page.field(name, text(&json, name)));
            page.field("points", points(&json));
            let silent = catalogue.indicators.iter().filter(|indicator| indicator.texts.is_none()).count();
            if silent > 0 {
                page.remark(format!("{silent} indicators do not say what their levels mean."));
            }
            page.remark("It is sound.");
        });
    }
    let translation = Translation::read(&file).map_err(|error| invalid(&error))?;
    let missing = || invalid(&format!("it is of {}, which is not bundled: add --of FILE", translation.catalogue.id));
    let catalogue = match &args.of {
        Some(path) => read(path)?,
        None => Catalogue::bundled().into_iter().find(|known| known.id == translation.catalogue.id).ok_or_else(missing)?.clone(),
    };
    translation.check(&catalogue).map_err(|error| invalid(&error))?;
    let (translated, total) = translation.coverage(&catalogue);
    let json = json!({ "kind": "translation", "catalogue": catalogue.id, "hash": catalogue.hash(), "language": translation.language,
        "approved": translation.approved, "translated": translated, "total": total });
    out.result(&json, |page| {
        ["catalogue", "hash", "language", "approved"].iter().for_each(|name| page.field(name, text(&json, name)));
        page.field("translated", format!("{translated} of {total} texts"));
        page.remark("It is sound.");
    })
}

fn export(args: &ExportArgs, context: &Context<'_>) -> Result<(), Failure> {
    let catalogue = fetch(&args.catalogue, context)?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.catalogue.json", catalogue.id).into());
    if path == Path::new("-") {
        context.out.raw(&catalogue.to_text());
        return Ok(());
    }
    files::write_new(&path, &catalogue.to_text())?;
    context.out.result(&json!({ "id": catalogue.id, "hash": catalogue.hash(), "file": path }), |page| {
        page.field("catalogue", path.to_string_lossy());
        page.field("hash", catalogue.hash().to_string());
        page.remark("It holds nothing confidential.");
    })
}
