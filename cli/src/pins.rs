//! Which federations this person trusts: one file each in `$XDG_CONFIG_HOME/parangon/trust`.

use std::path::PathBuf;

use parangon_protocol::canonical;
use parangon_protocol::charter::{Amendment, Chain, ChainText, Founding};
use parangon_protocol::id::{Fingerprint, Name};
use parangon_protocol::limits;
use serde::{Deserialize, Serialize};

use crate::args::user_dir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;

/// What a federation's members give to those who check its labels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustFile {
    name: Name,
    fingerprint: Fingerprint,
    words: String,
    founding: Founding,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amendments: Vec<Amendment>,
}

impl TrustFile {
    /// From a chain that was checked.
    pub(crate) fn of(chain: &Chain) -> Self {
        let fingerprint = *chain.fingerprint();
        let ChainText { founding, amendments } = chain.to_text();
        Self { name: chain.newest().name.clone(), fingerprint, words: fingerprint.words(), founding, amendments }
    }

    /// Reads a trust file in any spacing and checks everything it says.
    pub(crate) fn read(text: &[u8]) -> Result<Chain, Failure> {
        let file: Self = canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)
            .map_err(|error| Failure::invalid(format!("this is not a trust file: {error}")))?;
        let Self { name, fingerprint, words, founding, amendments } = file;
        let chain = Chain::read(ChainText { founding, amendments }, Some(&fingerprint)).map_err(Failure::invalid)?;
        if words != fingerprint.words() || name != chain.newest().name {
            return Err(Failure::invalid("the trust file's name or words are not those of its charter"));
        }
        Ok(chain)
    }

    /// Its canonical text.
    pub(crate) fn to_text(&self) -> Result<Vec<u8>, Failure> {
        canonical::encode(self, limits::DOCUMENT_BYTES).map_err(Failure::failed)
    }
}

/// The person's own pins.
#[derive(Debug)]
pub(crate) struct Pins(PathBuf);

impl Pins {
    /// In the user's configuration.
    pub(crate) fn of_user() -> Self {
        Self(user_dir("XDG_CONFIG_HOME", ".config").join("trust"))
    }

    /// Where a federation's pin is kept.
    pub(crate) fn path(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.0.join(format!("{fingerprint}.json"))
    }

    /// Pins a federation, or remembers later versions of its charter; `false` when nothing of it was new. A chain that
    /// contradicts the one remembered is refused.
    pub(crate) fn add(&self, chain: &Chain) -> Result<bool, Failure> {
        let path = self.path(chain.fingerprint());
        if path.exists() {
            let known = TrustFile::read(&files::read(&path, limits::DOCUMENT_BYTES)?)?;
            if let Some(version) = chain.parts_from(&known) {
                let text = format!("the file follows another version {version} of the charter than the one trusted; nothing was changed");
                return Err(Failure::new(Exit::Refused, text).next("ask a member which of the two its log has adopted"));
            }
            let (ours, theirs) = (known.newest().version, chain.newest().version);
            if theirs < ours {
                let text = format!("the file knows the charter up to version {theirs}, version {ours} is remembered; nothing was changed");
                return Err(Failure::new(Exit::Refused, text).next("ask for a newer trust file; the one remembered goes on to hold"));
            }
            if theirs == ours {
                return Ok(false);
            }
        }
        let failed = |error: std::io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
        std::fs::create_dir_all(&self.0).map_err(failed)?;
        parangon_node::keystore::file::replace(&path, &TrustFile::of(chain).to_text()?).map_err(Failure::failed)?;
        Ok(true)
    }

    /// Every pin that is sound, by fingerprint. A damaged file is reported, not skipped: a check that silently
    /// trusts less would call good labels unknown.
    pub(crate) fn load(&self) -> Result<Vec<Chain>, Failure> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(Failure::failed(format!("cannot read {}: {error}", self.0.display()))),
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let load = |path: &PathBuf| {
            let damaged = |failure: Failure| {
                Failure::failed(format!("{} is damaged: {failure}", path.display())).next("remove it and import the federation again")
            };
            let chain = files::read(path, limits::DOCUMENT_BYTES).and_then(|text| TrustFile::read(&text)).map_err(damaged)?;
            if self.path(chain.fingerprint()) == *path { Ok(chain) } else { Err(damaged(Failure::invalid("it names another federation"))) }
        };
        paths.iter().map(load).collect()
    }
}
