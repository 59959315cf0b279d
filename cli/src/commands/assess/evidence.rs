//! Files of evidence: `parangon assess attach`, `detach` and `fetch`.

use std::path::{Path, PathBuf};

use hyper::Method;
use parangon_protocol::limits;
use serde_json::{Value, json};

use super::{PATH, resolve};
use crate::client::{Body, Document, encode};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::{files, prompt};

/// Media types of what agencies hand over, by the end of the file's name.
const MEDIA: [(&str, &str); 14] = [
    ("pdf", "application/pdf"),
    ("txt", "application/octet-stream"),
    ("csv", "text/csv"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("zip", "application/zip"),
];

/// Arguments of `parangon assess attach`.
#[derive(Debug, clap::Args)]
pub(crate) struct AttachArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// The files, at most 25 MiB each and 200 MiB in all
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What they are evidence for
    #[arg(long, value_name = "CODE")]
    indicator: String,
    /// The language of their content (BCP 47); reviewers see the languages before they accept
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// Arguments of `parangon assess detach`.
#[derive(Debug, clap::Args)]
pub(crate) struct DetachArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// The file's id, or a unique beginning of it (`assess show --scores`)
    file: String,
    /// Remove it without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Arguments of `parangon assess fetch`.
#[derive(Debug, clap::Args)]
pub(crate) struct FetchArgs {
    /// The assessment's id, or a unique beginning of it
    id: String,
    /// The file's id, or a unique beginning of it (`assess show --scores`)
    file: String,
    /// Where the file goes, or - for stdout [default: its own name, here]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A file of an assessment as the API shows it.
fn find(assessment: &str, given: &str, context: &Context<'_>) -> Result<Value, Failure> {
    let view = context.client.get(&format!("{}/{assessment}/scores", PATH))?;
    let indicators = items(&view, "dimensions").iter().flat_map(|dimension| items(dimension, "indicators"));
    let all: Vec<Value> = indicators.flat_map(|indicator| items(indicator, "evidence")).cloned().collect();
    choose(all, given)
}

/// The one file whose id begins like that.
pub(crate) fn choose(files: Vec<Value>, given: &str) -> Result<Value, Failure> {
    let mut found: Vec<Value> = files.into_iter().filter(|file| given.len() >= 4 && text(file, "id").starts_with(given)).collect();
    match (found.pop(), found.len()) {
        (Some(file), 0) => Ok(file),
        (None, _) => Err(Failure::new(Exit::NotFound, format!("no file of evidence has an id that begins with {given:?}"))),
        (Some(_), _) => Err(Failure::usage(format!("several files have an id that begins with {given:?}")).next("type more of it")),
    }
}

/// Adds the files one after the other; what was added stays when a later one is refused.
pub(super) fn attach(args: &AttachArgs, context: &Context<'_>) -> Result<(), Failure> {
    let path = format!("{}/{}", PATH, resolve(&args.id, context)?);
    let mut view = context.client.get(&path)?;
    for file in &args.files {
        let name =
            file.file_name().and_then(|name| name.to_str()).ok_or_else(|| Failure::usage(format!("{} has no name", file.display())))?;
        let end = file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_lowercase();
        let media = MEDIA.iter().find(|(known, _)| *known == end).map_or("application/octet-stream", |(_, media)| media);
        let bytes = files::read(file, limits::EVIDENCE_BYTES)?;
        let document = Document { media, name: name.to_owned(), language: args.language.clone(), bytes };
        let target = format!("{path}/evidence?indicator={}", encode(&args.indicator));
        view = context.client.send(Method::POST, &target, Body::Document(document), plain(&view, "etag"))?.json()?;
        context.out.say(&format!("{name} is added to {}.", args.indicator));
    }
    context.out.result(&view, |page| {
        page.field("assessment", text(&view, "id"));
        page.field("files", text(&view, "files"));
        page.field("bytes", text(&view, "file_bytes"));
        page.remark("They are kept encrypted. They leave this agency only in a dossier, sealed to a reviewing agency that accepted.");
    })
}

pub(super) fn detach(args: &DetachArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.id, context)?;
    let path = format!("{}/{id}", PATH);
    let version = context.client.get(&path)?;
    let file = find(&id, &args.file, context)?;
    prompt::confirm(context.out, &format!("Remove {} from the assessment?", text(&file, "name")), args.yes)?;
    let target = format!("{path}/evidence/{}", text(&file, "id"));
    let view = context.client.send(Method::DELETE, &target, Body::Empty, plain(&version, "etag"))?.json()?;
    context.out.result(&view, |page| {
        page.field("files", text(&view, "files"));
        page.field("bytes", text(&view, "file_bytes"));
    })
}

pub(super) fn fetch(args: &FetchArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.id, context)?;
    let file = find(&id, &args.file, context)?;
    let content = context.client.download(&format!("{}/{id}/evidence/{}", PATH, text(&file, "id")))?;
    keep(&file, &content, args.output.as_deref(), context)
}

/// Writes a file where it is wanted, else under its own name here.
pub(crate) fn keep(file: &Value, content: &[u8], output: Option<&Path>, context: &Context<'_>) -> Result<(), Failure> {
    let path = output.map_or_else(|| PathBuf::from(text(file, "name")), Path::to_path_buf);
    if path == Path::new("-") {
        context.out.raw(content);
        return Ok(());
    }
    files::write_new(&path, content)?;
    context.out.result(&json!({ "id": file["id"], "file": path, "bytes": content.len() }), |page| {
        page.field("file", path.to_string_lossy());
        page.field("id", short(&text(file, "id")));
        page.remark("It is confidential: it holds what only this agency and its reviewers may see.");
    })
}
