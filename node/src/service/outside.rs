//! The cosignatures that witnesses outside the federation gave us: kept beside the head, put into what proves a record of
//! ours, and counted by nobody in the federation.

use parangon_protocol::id::Hash;
use parangon_protocol::log::note::{Note, NoteSignature};
use parangon_protocol::log::{Checkpoint, VerifierKey};
use serde::{Deserialize, Serialize};

use super::{Context, Error};
use crate::store::{Source, StoreError, Tx};

/// Name of the rows: the newest cosignature of a witness, by its name and key id.
const ROWS: &str = "outside/";

/// The newest of our heads that a witness outside the federation cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosigned {
    /// The head's size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The signature line, checked when it came.
    pub line: String,
}

fn row(key: &VerifierKey) -> String {
    format!("{ROWS}{}+{}", key.name(), hex::encode(key.key_id()))
}

fn read(bytes: &[u8]) -> Result<Cosigned, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Row { table: "documents" })
}

/// What this witness cosigned last.
///
/// # Errors
/// [`Error::Store`].
pub fn last(context: &Context, key: &VerifierKey) -> Result<Option<Cosigned>, Error> {
    let bytes = context.store().read()?.document(&row(key))?;
    Ok(bytes.map(|bytes| read(&bytes)).transpose()?)
}

/// Keeps a cosignature that was checked.
///
/// # Errors
/// [`Error::Store`].
pub fn keep(context: &Context, key: &VerifierKey, cosigned: &Cosigned) -> Result<(), Error> {
    let bytes = serde_json::to_vec(cosigned).expect("integers and texts have a JSON form");
    Ok(context.store().write(|tx| tx.put_document(&row(key), &bytes))?)
}

/// Every witness's name, and what it cosigned last.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn all<S: Source>(tx: &Tx<S>) -> Result<Vec<(String, Cosigned)>, StoreError> {
    let mut found = Vec::new();
    for name in tx.document_names(ROWS)? {
        if let Some(bytes) = tx.document(&name)? {
            let witness = name.strip_prefix(ROWS).and_then(|rest| rest.rsplit_once('+')).map_or(name.as_str(), |(name, _)| name);
            found.push((witness.to_owned(), read(&bytes)?));
        }
    }
    Ok(found)
}

/// The note of a head of ours with the lines of those who cosigned exactly that head.
///
/// # Errors
/// [`StoreError`]: a row that cannot be read, or a note that is none.
pub(crate) fn with_lines<S: Source>(tx: &Tx<S>, note: String) -> Result<String, StoreError> {
    let malformed = StoreError::Row { table: "notes" };
    let Ok(mut parsed) = Note::parse(&note) else { return Err(malformed) };
    let Ok(head) = Checkpoint::parse(&parsed.text) else { return Err(malformed) };
    for (_, cosigned) in all(tx)? {
        let line = NoteSignature::parse(&cosigned.line).map_err(|_| StoreError::Row { table: "documents" })?;
        if (cosigned.size, cosigned.root) == (head.size, head.root) && !parsed.signatures.contains(&line) {
            parsed.signatures.push(line);
        }
    }
    Ok(parsed.to_string())
}
