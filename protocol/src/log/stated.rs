//! A line in a head's note that states by which key set it is signed, for epochs with another log key than the one before
//! (protocol, "Epoch"). To readers who know nothing of it, it is the line of an unknown key, which they ignore.

use super::note::{Note, NoteSignature};
use crate::canonical;
use crate::id::Hash;
use crate::keys::SignedKeySet;

/// The name in the line.
const NAME: &str = "parangon-keyset";

/// Bytes of a signed key set: five keys, a name of 32 characters, a signature.
const BYTES: usize = 4 * 1024;

/// The id in the line, as signed notes make one for a kind of signature that is nobody else's.
fn id() -> [u8; 4] {
    let [a, b, c, d, ..] = Hash::of(&[NAME.as_bytes(), b"\n\xffparangon/v1/keyset"]).0;
    [a, b, c, d]
}

/// Whether a line is one.
pub(super) fn is_it(line: &NoteSignature) -> bool {
    line.name == NAME && line.id == id()
}

/// The line that states this key set; none for one that cannot be written.
#[must_use]
pub fn line(set: &SignedKeySet) -> Option<NoteSignature> {
    let bytes = canonical::encode(set, BYTES).ok()?;
    Some(NoteSignature { name: NAME.to_owned(), id: id(), bytes })
}

/// The key set that a note states, unverified. A line that is none is one by an unknown key.
#[must_use]
pub fn stated(note: &Note) -> Option<SignedKeySet> {
    note.signatures.iter().filter(|line| is_it(line)).find_map(|line| canonical::decode(&line.bytes, BYTES).ok())
}
