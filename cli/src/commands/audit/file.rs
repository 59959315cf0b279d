//! The trail as a file: a first line that says from where to where, then the entries, one canonical line each. Written and checked
//! entry by entry, whatever its length.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

use parangon_node::service::audit::{Broken, ChainView, Entry, Place};
use parangon_protocol::canonical;
use parangon_protocol::id::Hash;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, PATH, chain, report};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What the first line says that this is.
const TYPE: &str = "parangon/audit-trail/v1";

/// Bytes of a line at most.
const LINE_BYTES: usize = 16 * 1024;

/// Entries that are fetched at once.
const PAGE: u64 = 1_000;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    agency: String,
    /// Hash of the entry before the first.
    before: Hash,
    first: u64,
    /// Hash of the last entry.
    last: Hash,
    next: u64,
    r#type: String,
}

impl Head {
    fn of(view: &ChainView) -> Self {
        let ChainView { agency, first, before, next, last, .. } = view.clone();
        Self { agency, before, first, last, next, r#type: TYPE.to_owned() }
    }

    fn view(self, broken: Option<&Broken>) -> ChainView {
        let Self { agency, before, first, last, next, .. } = self;
        ChainView { agency, first, before, next, last, broken: broken.map(ToString::to_string) }
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::failed(format!("cannot write {}: {error}", path.display()))
}

/// Writes the trail as it is now.
pub(super) fn export(path: &Path, context: &Context<'_>) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let head = Head::of(&chain(&context.client)?);
    let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::new(Exit::Conflict, format!("{} exists already and is not overwritten", path.display())));
        }
        Err(error) => return Err(failed(path)(error)),
    };
    let mut out = BufWriter::new(&file);
    let written = write(&head, &context.client, &mut out, path);
    let written = written.and_then(|broken| out.flush().and_then(|()| file.sync_all()).map_err(failed(path)).map(|()| broken));
    let broken = written.inspect_err(|_| {
        let _ = std::fs::remove_file(path); // ours, half-written
    })?;
    let entries = head.next.saturating_sub(head.first);
    context.out.result(&json!({ "file": path, "entries": entries, "last": head.last }), |page| {
        page.field("file", path.to_string_lossy());
        page.field("entries", entries.to_string());
        page.field("hash", head.last.to_string());
        page.next(format!("parangon audit check {}", path.display()));
    })?;
    broken.map_or(Ok(()), |broken| Err(Failure::invalid(format!("the audit trail is broken; it was written as it is: {broken}"))))
}

/// Writes every entry, also those of a broken chain, and says what is broken.
fn write(head: &Head, client: &Client, out: &mut impl Write, path: &Path) -> Result<Option<Broken>, Failure> {
    let mut line = |bytes: Vec<u8>| out.write_all(&bytes).and_then(|()| out.write_all(b"\n")).map_err(failed(path));
    line(canonical::encode(head, LINE_BYTES).map_err(Failure::failed)?)?;
    let (mut place, mut next, mut broken) = (Place { next: head.first, last: head.before }, head.first, None);
    while next < head.next {
        let page =
            client.list(&format!("{PATH}?oldest=true&limit={PAGE}&cursor={next}"), usize::try_from(PAGE.min(head.next - next)).ok())?;
        if page.is_empty() {
            return Err(Failure::new(Exit::Conflict, "entries are missing: their time ended meanwhile").next("export again"));
        }
        for entry in page {
            let entry: Entry = serde_json::from_value(entry).map_err(Failure::failed)?;
            next = entry.number + 1;
            broken = broken.or_else(|| place.follow(&entry).err());
            line(entry.text().map_err(Failure::failed)?)?;
        }
    }
    Ok(broken.or_else(|| place.ends_at(&Place { next: head.next, last: head.last }).err()))
}

/// Recomputes the chain of an export.
pub(super) fn check(path: &Path, out: &Output) -> Result<(), Failure> {
    let file = std::fs::File::open(path).map_err(|error| {
        let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("cannot read {}: {error}", path.display()))
    })?;
    let mut lines = Lines { file: BufReader::new(file), number: 0 };
    let head: Head = match lines.next()? {
        Some(line) => canonical::decode(&line, LINE_BYTES).ok().filter(|head: &Head| head.r#type == TYPE),
        None => None,
    }
    .ok_or_else(|| Failure::invalid(format!("{} is no exported audit trail", path.display())))?;
    let mut place = Place { next: head.first, last: head.before };
    let broken = loop {
        let Some(line) = lines.next()? else { break place.ends_at(&Place { next: head.next, last: head.last }).err() };
        if let Err(broken) = Entry::read(&line).map_err(Broken::from).and_then(|entry| place.follow(&entry)) {
            break Some(broken);
        }
    };
    report(&head.view(broken.as_ref()), out)?;
    match broken {
        None => Ok(()),
        Some(broken) => Err(Failure::invalid(format!("line {}: {broken}", lines.number))),
    }
}

struct Lines {
    file: BufReader<std::fs::File>,
    number: u64,
}

impl Lines {
    /// The next line without its end; one that is too long is none of ours.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut line = Vec::new();
        let limit = u64::try_from(LINE_BYTES + 1).unwrap_or(u64::MAX);
        self.file.by_ref().take(limit).read_until(b'\n', &mut line).map_err(Failure::failed)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        match line.pop() {
            Some(b'\n') => Ok(Some(line)),
            _ => Err(Failure::invalid(format!("line {} is cut off or too long", self.number))),
        }
    }
}
