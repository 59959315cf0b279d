//! Spreadsheets on their way to the node: everything is shown before anything is saved, and nothing is saved while a row
//! cannot be used.

use std::path::Path;

use hyper::Method;
use parangon_node::service::spreadsheet::FILE_BYTES;
use serde_json::{Value, json};

use super::Context;
use crate::client::{Body, encode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, short, text};
use crate::output::Page;
use crate::{files, prompt};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// A file with its media type. What it is shows in its first bytes; an ODS archive names itself in its first entry.
#[derive(Debug, Clone)]
pub(super) struct File {
    media: &'static str,
    bytes: Vec<u8>,
}

impl File {
    /// Reads a file, or stdin for `-`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = files::read(path, FILE_BYTES)?;
        let media = match bytes.get(..4) {
            Some(b"PK\x03\x04") if bytes.get(38..).is_some_and(|rest| rest.starts_with(ODS.as_bytes())) => ODS,
            Some(b"PK\x03\x04") => XLSX,
            _ => "text/csv",
        };
        Ok(Self { media, bytes })
    }

    fn body(&self) -> Body {
        Body::File(self.media, self.bytes.clone())
    }
}

/// Where an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is saved.
    Preview,
    /// It is saved.
    Saved,
}

/// One import.
#[derive(Debug)]
pub(super) struct Import<'a> {
    /// The file.
    pub(super) file: &'a File,
    /// How it is sent.
    pub(super) method: Method,
    /// Where to.
    pub(super) path: &'a str,
    /// Where the answer has what is changed, with its version.
    pub(super) subject: &'static str,
    /// The version that it changes; the one that the preview shows, when absent.
    pub(super) version: Option<String>,
    /// Show it only.
    pub(super) dry_run: bool,
    /// Save it without being asked.
    pub(super) yes: bool,
}

impl Import<'_> {
    /// Shows what would change, asks, and saves. `changes` says how many things would change, `write` shows them.
    pub(super) fn run(
        &self,
        context: &Context<'_>,
        changes: impl Fn(&Value) -> u64,
        write: impl Fn(&Value, Stage, &mut Page),
    ) -> Result<(), Failure> {
        let send = |path: &str, version: Option<&str>| context.client.send(self.method.clone(), path, self.file.body(), version)?.json();
        let preview = send(&format!("{}?dry_run=true", self.path), None)?;
        let now = preview[self.subject]["etag"].as_str();
        let bare = |version: &str| version.trim_matches('"').to_owned();
        if let (Some(given), Some(now)) = (&self.version, now.filter(|now| self.version.as_deref().map(bare) != Some(bare(now)))) {
            let failure = Failure::new(Exit::Conflict, format!("version {given} is not there any more: it is {} now", bare(now)));
            return Err(failure.next("look at what changed, and import on top of it without --version"));
        }
        let (count, problems) = (changes(&preview), items(&preview, "problems").len());
        if self.dry_run || problems > 0 || count == 0 {
            context.out.result(&preview, |page| {
                write_problems(&preview, page);
                write(&preview, Stage::Preview, page);
                match (problems, count) {
                    (0, 0) => page.remark("Nothing changes."),
                    (0, _) => page.next("the same without --dry-run"),
                    _ => page.remark("Nothing was changed."),
                }
            })?;
            return refuse(problems);
        }
        context.out.preview(|page| write(&preview, Stage::Preview, page));
        prompt::confirm(context.out, &format!("Save {}?", changes_in_words(count)), self.yes)?;
        let version = self.version.clone().or_else(|| preview[self.subject]["etag"].as_str().map(str::to_owned));
        let done = send(self.path, version.as_deref())?;
        context.out.result(&done, |page| write(&done, Stage::Saved, page))
    }
}

/// How many answers a spreadsheet of answers changes.
pub(super) fn changes(answer: &Value) -> u64 {
    items(answer, "changes").len() as u64
}

/// What a spreadsheet of answers changes.
pub(super) fn write_answers(answer: &Value, stage: Stage, page: &mut Page) {
    let noted = |change: &Value| if change["note"] == true { "changes" } else { "-" }.to_owned();
    let row = |change: &Value| [text(change, "indicator"), text(change, "from"), text(change, "to"), noted(change)];
    if stage == Stage::Preview {
        if changes(answer) > 0 {
            page.table(["INDICATOR", "BEFORE", "AFTER", "NOTE"], items(answer, "changes").iter().map(row));
        }
        for change in items(answer, "changes").iter().filter(|change| change["note"] == true) {
            page.field(&format!("note on {}", text(change, "indicator")), text(change, "note_from"));
            page.field("  becomes", text(change, "note_to"));
        }
        if answer["outdated"] == true {
            page.line("The file was made from an earlier version: look whether it takes back what others saved since.");
        }
    }
    page.field("read as", text(answer, "format"));
    page.field("rows read", text(answer, "read"));
    page.field(if stage == Stage::Preview { "would change" } else { "changed" }, changes(answer).to_string());
}

/// The path of a workbook in a language.
pub(super) fn workbook(path: &str, language: Option<&str>) -> String {
    language.map_or_else(|| path.to_owned(), |tag| format!("{path}?language={}", encode(tag)))
}

/// Writes a workbook to disk, or to stdout for `-`.
pub(super) fn keep(
    id: &str,
    workbook: &[u8],
    output: Option<&Path>,
    context: &Context<'_>,
    say: impl FnOnce(&mut Page, &str),
) -> Result<(), Failure> {
    let path = output.map_or_else(|| format!("{}.xlsx", short(id)).into(), Path::to_path_buf);
    if path == Path::new("-") {
        context.out.raw(workbook);
        return Ok(());
    }
    files::write_new(&path, workbook)?;
    context.out.result(&json!({ "id": id, "file": path }), |page| {
        page.field("workbook", path.to_string_lossy());
        say(page, &path.display().to_string());
    })
}

fn changes_in_words(count: u64) -> String {
    if count == 1 { "this change".to_owned() } else { format!("these {count} changes") }
}

/// Lists what is wrong with a file, if anything.
fn write_problems(answer: &Value, page: &mut Page) {
    let problems = items(answer, "problems");
    let has_sheets = problems.iter().any(|problem| problem["sheet"].is_string());
    if has_sheets {
        let row = |problem: &Value| ["sheet", "row", "column", "value", "problem"].map(|name| text(problem, name));
        page.table(["SHEET", "ROW", "COLUMN", "VALUE", "PROBLEM"], problems.iter().map(row));
    } else if !problems.is_empty() {
        let row = |problem: &Value| ["row", "column", "value", "problem"].map(|name| text(problem, name));
        page.table(["ROW", "COLUMN", "VALUE", "PROBLEM"], problems.iter().map(row));
    }
}

/// Data with problems does not validate, also when it was only looked at.
fn refuse(problems: usize) -> Result<(), Failure> {
    match problems {
        0 => Ok(()),
        1 => Err(Failure::invalid("one row cannot be used; nothing was changed")),
        count => Err(Failure::invalid(format!("{count} rows cannot be used; nothing was changed"))),
    }
}
