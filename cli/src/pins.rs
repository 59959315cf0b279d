//! Which federations this person trusts: one file each in `$XDG_CONFIG_HOME/parangon/trust`.

use std::path::PathBuf;

use parangon_protocol::charter::Chain;
use parangon_protocol::id::Fingerprint;
use parangon_protocol::limits;
use parangon_protocol::verify::{Known, TrustFile};

use crate::args::user_dir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;

/// Reads a trust file in any spacing and checks everything it says.
pub(crate) fn read_trust(text: &[u8]) -> Result<Known, Failure> {
    TrustFile::read(text).map_err(Failure::invalid)
}

/// The charter with its versions in a trust file.
pub(crate) fn read_chain(text: &[u8]) -> Result<Chain, Failure> {
    Ok(read_trust(text)?.chain().clone())
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

    /// Pins a federation, or remembers later versions of its charter and further key sets; `false` when nothing of it was new.
    /// What contradicts what is remembered is refused.
    pub(crate) fn add(&self, given: &Known) -> Result<bool, Failure> {
        let chain = given.chain();
        let path = self.path(chain.fingerprint());
        let mut all = given.clone();
        if path.exists() {
            let known = read_trust(&files::read(&path, limits::DOCUMENT_BYTES)?)?;
            if let Some(version) = chain.parts_from(known.chain()) {
                let text = format!("the file follows another version {version} of the charter than the one trusted; nothing was changed");
                return Err(Failure::new(Exit::Refused, text).next("ask a member which of the two its log has adopted"));
            }
            let (ours, theirs) = (known.chain().newest().version, chain.newest().version);
            if theirs < ours {
                let text = format!("the file knows the charter up to version {theirs}, version {ours} is remembered; nothing was changed");
                return Err(Failure::new(Exit::Refused, text).next("ask for a newer trust file; the one remembered goes on to hold"));
            }
            if theirs == ours && given.keysets().iter().all(|placed| known.keysets().contains(placed)) {
                return Ok(false);
            }
            let keysets = known.keysets().iter().chain(given.keysets()).cloned().collect();
            Known::new(chain.clone(), keysets).map_err(|error| {
                Failure::new(Exit::Refused, format!("the file contradicts the keys remembered: {error}; nothing was changed"))
                    .next("ask a member for a newer trust file")
            })?;
            all = known.merged(all);
        }
        let failed = |error: std::io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
        std::fs::create_dir_all(&self.0).map_err(failed)?;
        let text = TrustFile::of(&all).to_text().map_err(Failure::failed)?;
        parangon_node::keystore::file::replace(&path, &text).map_err(Failure::failed)?;
        Ok(true)
    }

    /// Every pin that is sound, by fingerprint. A damaged file is reported, not skipped: a check that silently
    /// trusts less would call good labels unknown.
    pub(crate) fn load(&self) -> Result<Vec<Known>, Failure> {
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
            let known = files::read(path, limits::DOCUMENT_BYTES).and_then(|text| read_trust(&text)).map_err(damaged)?;
            if self.path(known.chain().fingerprint()) == *path {
                Ok(known)
            } else {
                Err(damaged(Failure::invalid("it names another federation")))
            }
        };
        paths.iter().map(load).collect()
    }
}
