//! Verifying a label file with this node's federation pinned: the same verifier as the command line's.

use parangon_protocol::charter::Chain;
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::{self, Known, Trust, TrustFile, Verdict};

use super::{Context, Error, labels};

/// The verdict on a label file at `at`, or now. Never fails for what the file holds.
///
/// # Errors
/// [`Error::Field`] for a date that is none; [`Error::Damaged`] when the store cannot give what it holds.
pub fn verify(context: &Context, file: &[u8], at: Option<&str>) -> Result<Verdict, Error> {
    let at: Timestamp = match at {
        Some(text) => text.parse().map_err(|error| Error::field("/at", error))?,
        None => context.now(),
    };
    Ok(verify::verify(file, &Trust::knowing([known(context)?]), at))
}

/// The trust file of this federation, with the key sets of its members that are known here.
///
/// # Errors
/// [`Error::Damaged`] when the store cannot give what it holds.
pub fn trust(context: &Context) -> Result<TrustFile, Error> {
    Ok(TrustFile::of(&known(context)?))
}

/// The page that checks labels on its reader's device, with this federation pinned.
///
/// # Errors
/// As [`trust`], or when the trust file cannot be written.
pub fn page(context: &Context) -> Result<String, Error> {
    let trust = trust(context)?.to_text().ok().and_then(|text| String::from_utf8(text).ok());
    let trust = trust.ok_or(Error::Damaged { what: "trust file" })?;
    Ok(crate::web::verify_page(Some(&trust)))
}

fn known(context: &Context) -> Result<Known, Error> {
    Known::new(Chain::clone(&context.chain()), labels::keysets(context)?).map_err(|_| Error::Damaged { what: "key sets" })
}
