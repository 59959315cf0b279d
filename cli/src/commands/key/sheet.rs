//! `parangon key sheet`, and where pages go.

use std::path::{Path, PathBuf};

use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{file, sheet};
use parangon_protocol::id::{AgencyId, Name};
use parangon_protocol::time::Timestamp;
use serde_json::json;
use zeroize::Zeroizing;

use super::{IdentityPlace, SheetRecord, agency, now, page};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `parangon key sheet`.
#[derive(Debug, clap::Args)]
pub(crate) struct SheetArgs {
    /// Where the page goes, a new file [default: <agency>.recovery.html in the data directory]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The agency's id, when neither its card nor its charter is in the data directory
    #[arg(long, requires = "name")]
    id: Option<AgencyId>,
    /// The agency's name, as above
    #[arg(long, requires = "id")]
    name: Option<Name>,
    #[command(flatten)]
    place: IdentityPlace,
}

/// A page to be made.
#[derive(Debug)]
pub(crate) struct NewPage<'a> {
    /// The agency.
    pub(crate) id: &'a AgencyId,
    /// Its name.
    pub(crate) name: &'a Name,
    /// Its keys.
    pub(crate) keys: &'a IdentityFile,
    /// The date on it.
    pub(crate) made: Timestamp,
}

impl NewPage<'_> {
    /// Its text: HTML, wiped when dropped.
    pub(crate) fn html(&self) -> Zeroizing<String> {
        page::html(self, &sheet::Sheet::of(self.keys))
    }
}

/// Where a page goes: the file that was named, or the agency's name inside the data directory.
pub(crate) fn page_path(given: Option<&Path>, id: &AgencyId) -> Result<PathBuf, Failure> {
    match given {
        None => Ok(format!("{id}.recovery.html").into()),
        Some(path) if path == Path::new("-") => {
            let failure = Failure::usage("the recovery sheet is a page to print: it is not written to stdout");
            Err(failure.next("name a new file, best on a drive that you can keep or erase"))
        }
        Some(path) => std::path::absolute(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display()))),
    }
}

/// Makes the page again from the keys.
pub(super) fn run(args: &SheetArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let keys = args.place.open(data)?;
    let (id, name) = match args.id.clone().zip(args.name.clone()) {
        Some(given) => given,
        None => known(data, args.place.dir(data), &keys)?,
    };
    let home = if data.is_dir() { data } else { args.place.dir(data) };
    let path = home.join(page_path(args.output.as_deref(), &id)?);
    let mut record = SheetRecord::of_keys(home, &keys)?;
    let made = now();
    record.made = Some(made);
    file::write_new(&path, NewPage { id: &id, name: &name, keys: &keys, made }.html().as_bytes()).map_err(|error| match error {
        file::FileError::Exists(_) => Failure::new(Exit::Conflict, error).next("it may be printed already; choose another file with -o"),
        other => Failure::failed(other),
    })?;
    record.write(home)?;
    let json = json!({ "agency": id, "identity": record.identity, "file": path, "made": made, "confirmed": record.confirmed });
    out.result(&json, |page| {
        page.field("recovery sheet", path.to_string_lossy());
        page.field("identity key", record.identity.to_string());
        page.remark("Anybody who reads it can speak for the agency. Print it, delete the file, keep the paper where keys are kept.");
        page.next("parangon key drill");
    })
}

fn known(data: &Path, place: &Path, keys: &IdentityFile) -> Result<(AgencyId, Name), Failure> {
    let identity = keys.public();
    let found = agency::of_identity(data, &identity)?.map_or_else(|| agency::of_identity(place, &identity), |known| Ok(Some(known)))?;
    found.ok_or_else(|| {
        let failure = Failure::usage(format!("nothing in {} says which agency's identity key this is", data.display()));
        failure.next("add --id ID and --name NAME")
    })
}
