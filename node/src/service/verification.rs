//! Verifying a label file with this node's federation pinned: the same verifier as the command line's.

use parangon_protocol::charter::{Chain, ChainText};
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::{self, Trust, Verdict};
use serde::Serialize;

use super::{Context, Error};

/// What a reader needs to trust this federation: `GET /api/v1/trust`, `parangon trust import`.
#[derive(Debug, Clone, Serialize)]
pub struct TrustFile {
    /// The federation's name.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Eight words of it, as on certificates.
    pub words: String,
    /// The charter's versions.
    #[serde(flatten)]
    pub chain: ChainText,
}

/// The verdict on a label file at `at`, or now. Never fails for what the file holds.
///
/// # Errors
/// [`Error::Field`] for a date that is none.
pub fn verify(context: &Context, file: &[u8], at: Option<&str>) -> Result<Verdict, Error> {
    let at: Timestamp = match at {
        Some(text) => text.parse().map_err(|error| Error::field("/at", error))?,
        None => context.now(),
    };
    Ok(verify::verify(file, &Trust::in_chains([Chain::clone(&context.chain())]), at))
}

/// The trust file of this federation.
#[must_use]
pub fn trust(context: &Context) -> TrustFile {
    let chain = context.chain();
    TrustFile {
        name: chain.newest().name.to_string(),
        fingerprint: context.federation().to_string(),
        words: context.federation().words(),
        chain: chain.to_text(),
    }
}
