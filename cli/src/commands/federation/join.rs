//! `parangon federation join`: an agency that the members admitted begins.

use std::path::{Path, PathBuf};

use parangon_protocol::limits;
use serde_json::json;

use super::found::{enter, read_federation};
use crate::commands::unlock::Passphrases;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, clean};
use crate::pins::read_chain;

/// Arguments of `parangon federation join`.
#[derive(Debug, clap::Args)]
pub(crate) struct JoinArgs {
    /// The trust file of the federation that admitted this agency
    file: PathBuf,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Makes this directory a member's, after the others admitted it.
pub(super) fn run(args: &JoinArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let chain = read_chain(&files::read(&args.file, limits::DOCUMENT_BYTES)?)?;
    if let Some((other, _)) = read_federation(data)? {
        let failure = Failure::new(Exit::Conflict, format!("{} belongs to federation {} already", data.display(), other.fingerprint()));
        return Err(failure.next("nothing was changed; `parangon serve` runs its node"));
    }
    let step = "a member proposes it: parangon federation propose --admit CARD; then export the trust file again";
    let refused = |failure: Failure| if failure.exit == Exit::Refused { failure.next(step) } else { failure };
    let agency = enter(&chain, &args.passphrases, data).map_err(refused)?;
    let (charter, fingerprint) = (chain.newest(), chain.fingerprint());
    let json = json!({ "agency": agency, "federation": charter.name, "fingerprint": fingerprint, "words": fingerprint.words() });
    out.result(&json, |page| {
        page.remark(format!("{agency} is a member of \"{}\".", clean(charter.name.as_str())));
        page.field("in words", fingerprint.words());
        page.remark("Compare the words with a member, by telephone: the same words are the same rules.");
        page.next(format!("`parangon serve --data {}`", data.display()));
    })
}
