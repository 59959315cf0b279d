//! `parangon backup create`: through the API where a node runs, else from the data directory itself. The file is there whole
//! or not at all.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use hyper::header::{CONTENT_DISPOSITION, HeaderMap};
use parangon_node::backup::{EXTENSION, Plan};
use parangon_node::store::{STORE_FILE, Store};
use serde_json::json;
use tempfile::NamedTempFile;

use super::{Progress, refused};
use crate::args::{DataDir, Global};
use crate::client::Client;
use crate::commands::config::ConfigFile;
use crate::commands::key::now;
use crate::commands::serve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

const PATH: &str = "/api/v1/backups";

/// Arguments of `parangon backup create`.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// A new file, or a directory for AGENCY-TIME.pgnbak [default: the current directory]
    #[arg(long, short, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
}

/// Makes a backup.
pub(super) fn run(args: &CreateArgs, data: &DataDir, global: &Global, out: &Output) -> Result<(), Failure> {
    let given = args.output.clone().unwrap_or_else(|| ".".into());
    let (dir, name) = if given.is_dir() { (given, None) } else { (parent(&given), Some(given)) };
    if let Some(path) = name.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(there(path));
    }
    if !dir.is_dir() {
        return Err(Failure::new(Exit::NotFound, format!("the directory {} is not there; nothing was written", dir.display())));
    }
    // Under another name until it is whole; removed when it does not become so. Mode 0600.
    let failed = |error: std::io::Error| Failure::failed(format!("cannot write into {}: {error}", dir.display()));
    let mut file = tempfile::Builder::new().prefix(".parangon-backup-").tempfile_in(&dir).map_err(failed)?;
    let (suggested, running) = fill(&mut file, args, data, global, out)?;
    file.as_file().sync_all().map_err(failed)?;
    let bytes = file.as_file().metadata().map_err(failed)?.len();
    let path = name.unwrap_or_else(|| dir.join(suggested));
    file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => there(&path),
        _ => failed(error.error),
    })?;
    File::open(&dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    let json = json!({ "file": path, "bytes": bytes, "running": running });
    out.result(&json, |page| {
        page.field("backup", path.to_string_lossy());
        page.field("bytes", bytes.to_string());
        page.remark("It opens with the identity key or its recovery sheet only. Keep it on another machine, and the sheet elsewhere.");
        page.next(format!("parangon backup check {}", path.display()));
    })
}

/// Writes the backup; returns the name that it should have, and whether a node made it.
fn fill(file: &mut NamedTempFile, args: &CreateArgs, data: &DataDir, global: &Global, out: &Output) -> Result<(String, bool), Failure> {
    let client = Client::open(global, data)?;
    let progress = Progress::new(out, "Writing the backup", None);
    let mut begun = false;
    let streamed = client.stream(PATH, |bytes| {
        begun = true;
        progress.add(bytes.len());
        file.write_all(bytes)
    });
    match streamed {
        Ok(headers) => Ok((suggested(&headers)?, true)),
        // Nobody answers: the store's lock decides whether nobody is there.
        Err(failure) if failure.exit == Exit::Unreachable && !begun && global.node.is_none() => {
            let config = args.file.load(data)?;
            if !config.data_dir.join(STORE_FILE).exists() {
                return Err(failure);
            }
            let keystore = serve::open_keystore(&config)?;
            let opened = Store::open(&config.data_dir, &keystore.master_key());
            let (store, _) = opened.map_err(|error| refused(error.into()))?;
            let plan = Plan::new(&store, &keystore, now()).map_err(refused)?;
            let name = plan.manifest().file_name();
            plan.write(file.as_file_mut()).map_err(refused)?;
            Ok((name, false))
        }
        Err(failure) => Err(failure),
    }
}

/// The file name that the node suggests, when it is one of ours.
fn suggested(headers: &HeaderMap) -> Result<String, Failure> {
    let header = headers.get(CONTENT_DISPOSITION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = header.strip_prefix("attachment; filename=\"").and_then(|rest| rest.strip_suffix('"'));
    let ours = |name: &&str| {
        let stem = name.strip_suffix(EXTENSION).and_then(|name| name.strip_suffix('.')).unwrap_or_default();
        !stem.is_empty() && stem.len() <= 64 && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let name = name.filter(ours).ok_or_else(|| Failure::failed("the node's answer has no file name; choose one with -o FILE"))?;
    Ok(name.to_owned())
}

fn there(path: &Path) -> Failure {
    let failure = Failure::new(Exit::Conflict, format!("{} exists already and is not overwritten", path.display()));
    failure.next("choose another name with -o, or wait a second")
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_names_no_file_outside_the_directory() {
        let name = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_DISPOSITION, value.parse().expect("a header"));
            suggested(&headers).ok()
        };
        let good = "oslo-20261124T120000Z.pgnbak";
        assert_eq!(name(&format!("attachment; filename=\"{good}\"")).as_deref(), Some(good));
        for bad in ["", "inline", "attachment; filename=\"../x.pgnbak\"", "attachment; filename=\".pgnbak\"", "attachment; filename=\"x\""]
        {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
