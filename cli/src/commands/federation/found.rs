//! `parangon federation found`, and the file that it leaves for the node.

use std::path::{Path, PathBuf};

use parangon_node::NodeFiles;
use parangon_node::keystore::MADE_AGAIN;
use parangon_node::store::HIGH_WATER_FILE;
use parangon_protocol::canonical;
use parangon_protocol::charter::{Chain, ChainText, Founding, FoundingSignature};
use parangon_protocol::id::AgencyId;
use parangon_protocol::keys::SignedKeySet;
use parangon_protocol::limits;
use serde_json::json;

use super::read_draft;
use crate::commands::unlock::Passphrases;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, clean};

/// Arguments of `parangon federation found`.
#[derive(Debug, clap::Args)]
pub(crate) struct FoundArgs {
    /// The draft that everybody signed
    draft: PathBuf,
    /// The founders' signatures
    #[arg(required = true, value_name = "SIGNATURE")]
    signatures: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Of a node whose store is lost: it may have signed more than anybody here knows. It finds a mark that is not its store's, and recovers.
pub(crate) const MADE_AGAIN_FILES: [(&str, &[u8]); 2] = [(HIGH_WATER_FILE, b"lost with its store\n"), (MADE_AGAIN, b"")];

/// Reads and checks the federation of a data directory; `None` when it has none.
pub(crate) fn read_federation(data: &Path) -> Result<Option<(Chain, SignedKeySet)>, Failure> {
    let path = data.join(NodeFiles::NAME);
    if !path.exists() {
        return Ok(None);
    }
    let damaged = |error: &dyn std::fmt::Display| Failure::invalid(format!("{}: {error}", path.display()));
    let file: NodeFiles =
        canonical::decode_relaxed(&files::read(&path, limits::DOCUMENT_BYTES)?, limits::DOCUMENT_BYTES).map_err(|error| damaged(&error))?;
    let text = ChainText { founding: file.founding, amendments: file.amendments };
    let chain = Chain::read(text, None).map_err(|error| damaged(&error))?;
    Ok(Some((chain, file.keyset)))
}

/// Checks all signatures, signs this agency's keys and writes `federation.json`.
pub(super) fn run(args: &FoundArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let (charter, fingerprint) = read_draft(&args.draft)?;
    let mut signatures = args.signatures.iter().map(|path| read_signature(path)).collect::<Result<Vec<_>, _>>()?;
    signatures.sort_by(|a, b| a.agency.cmp(&b.agency));
    signatures.dedup();
    let chain = Chain::verify(Founding { charter, signatures }).map_err(|error| {
        let next = format!("every founder signs this very draft, {}: compare its words with the other founders", fingerprint.words());
        Failure::new(Exit::Refused, error).next(next)
    })?;
    let existing = read_federation(data)?;
    if let Some((other, _)) = &existing {
        if other.fingerprint() != &fingerprint {
            let failure = Failure::new(Exit::Conflict, format!("{} belongs to federation {} already", data.display(), other.fingerprint()));
            return Err(failure.next("an agency's directory belongs to one federation: use another one with --data"));
        }
        return report(&chain, data, false, out);
    }
    enter(&chain, &args.passphrases, data)?;
    report(&chain, data, true, out)
}

/// Signs the keys of the member whose identity key this directory has, and writes what makes it the member's.
pub(crate) fn enter(chain: &Chain, passphrases: &Passphrases, data: &Path) -> Result<AgencyId, Failure> {
    let identity = passphrases.open_identity(data)?;
    let member = chain.newest().members.iter().find(|member| member.identity == identity.public());
    let stranger = || Failure::new(Exit::Refused, format!("the charter has no member with the identity key of {}", data.display()));
    let agency = member.ok_or_else(stranger)?.id.clone();
    let keys = passphrases.open_node(data)?;
    let keyset = keys.key_set(agency.clone(), 1).sign(chain.fingerprint(), &identity.identity_key()).map_err(Failure::failed)?;
    if chain.identity_since(&agency).is_some() {
        // Its log is with the others, by keys of an identity key that it has no more.
        for (name, text) in MADE_AGAIN_FILES.iter().filter(|(name, _)| !data.join(name).exists()) {
            files::write_new(&data.join(name), text)?;
        }
    }
    let ChainText { founding, amendments } = chain.to_text();
    let file = NodeFiles { founding, amendments, keyset, epoch_keyset: None };
    let text = canonical::encode(&file, limits::DOCUMENT_BYTES).map_err(Failure::failed)?;
    files::write_new(&data.join(NodeFiles::NAME), &text)?;
    Ok(agency)
}

fn read_signature(path: &Path) -> Result<FoundingSignature, Failure> {
    let text = files::read(path, limits::RECORD_BYTES)?;
    canonical::decode_relaxed(&text, limits::RECORD_BYTES).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
}

fn report(chain: &Chain, data: &Path, made: bool, out: &Output) -> Result<(), Failure> {
    let (charter, fingerprint) = (chain.newest(), chain.fingerprint());
    let json = json!({ "federation": charter.name, "fingerprint": fingerprint, "words": fingerprint.words(), "founded": made,
        "members": charter.members.iter().map(|member| &member.id).collect::<Vec<_>>() });
    out.result(&json, |page| {
        let count = charter.members.len();
        let verb = if made { "is founded" } else { "was founded here before; nothing was changed" };
        page.remark(format!("\"{}\" with {count} member{} {verb}.", clean(charter.name.as_str()), if count == 1 { "" } else { "s" }));
        page.field("fingerprint", fingerprint.to_string());
        page.field("in words", fingerprint.words());
        page.remark("Keep the identity key away from this machine now; the node does not need it.");
        page.next(format!("`parangon serve --data {}`; for those who check labels: `parangon trust export`", data.display()));
    })
}
