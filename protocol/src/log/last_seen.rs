//! What a witness saw last of a log whose owner does not know any more what it had signed (protocol, "Restore").

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::{KeyError, PublicKey, Purpose, SecretKey, Signature};
use crate::limits;

/// The answer of one witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// Whose log was asked for.
    pub agency: AgencyId,
    /// Who answers.
    pub witness: AgencyId,
    /// The question's nonce: what was said to an earlier question is no answer to this one.
    pub nonce: Hash,
    /// The lines of the largest head whose records the witness holds, as the log's owner signed it; none when it holds none. It
    /// cosigned no larger one.
    pub held: Vec<String>,
    /// Those of the largest head of the newest epoch that it saw, where that is another one. Nobody may have its records.
    pub seen: Vec<String>,
}

/// A sighting with the witness's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastSeen {
    /// What it saw.
    pub body: Sighting,
    /// By its witness key, purpose `last-seen`.
    pub signature: Signature,
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LastSeenError {
    /// It cannot be written canonically, or is larger than a note may be.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// Not by this witness key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Sighting {
    /// Both notes as lines: canonical text holds no line feeds.
    #[must_use]
    pub fn new(agency: AgencyId, witness: AgencyId, nonce: Hash, held: Option<&str>, seen: Option<&str>) -> Self {
        let lines = |note: Option<&str>| note.map(|note| note.split('\n').map(str::to_owned).collect()).unwrap_or_default();
        Self { agency, witness, nonce, held: lines(held), seen: lines(seen.filter(|seen| Some(*seen) != held)) }
    }

    /// The notes: of the head whose records the witness holds, and of another one that it saw.
    #[must_use]
    pub fn notes(&self) -> [Option<String>; 2] {
        [&self.held, &self.seen].map(|lines| (!lines.is_empty()).then(|| lines.join("\n")))
    }

    /// Signs it with the witness key.
    ///
    /// # Errors
    /// [`CanonicalError`] when a note is too large or holds what no text may.
    pub fn sign(self, federation: &Fingerprint, key: &SecretKey) -> Result<LastSeen, CanonicalError> {
        let text = canonical::encode(&self, limits::NOTE_BYTES)?;
        let signature = key.sign(Purpose::LastSeen, federation, &text);
        Ok(LastSeen { body: self, signature })
    }
}

impl LastSeen {
    /// Checks the signature.
    ///
    /// # Errors
    /// [`LastSeenError`].
    pub fn verify(&self, federation: &Fingerprint, key: &PublicKey) -> Result<&Sighting, LastSeenError> {
        let text = canonical::encode(&self.body, limits::NOTE_BYTES)?;
        key.verify(Purpose::LastSeen, federation, &text, &self.signature)?;
        Ok(&self.body)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_for_one_question() {
        let (key, federation) = (SecretKey::from_seed(&[7; 32]), Fingerprint(Hash::of(&[b"f"])));
        let (asker, witness) = ("oslo".parse::<AgencyId>().unwrap(), "wien".parse().unwrap());
        let said = Sighting::new(asker, witness, Hash::of(&[b"1"]), Some("a\nb\n"), Some("c\n")).sign(&federation, &key).unwrap();
        assert_eq!(said.verify(&federation, &key.public()).unwrap().notes(), ["a\nb\n", "c\n"].map(|note| Some(note.to_owned())));
        let altered = |change: fn(&mut Sighting)| {
            let mut other = said.clone();
            change(&mut other.body);
            other.verify(&federation, &key.public()).map(drop)
        };
        for change in [
            (|body| body.nonce = Hash::of(&[b"2"])) as fn(&mut Sighting),
            |body| body.held.clear(),
            |body| body.seen.clear(),
            |body| body.agency = "bern".parse().unwrap(),
            |body| body.witness = "bern".parse().unwrap(),
        ] {
            assert_eq!(altered(change), Err(LastSeenError::Key(KeyError::Forged)));
        }
        assert!(said.verify(&Fingerprint(Hash::of(&[b"g"])), &key.public()).is_err());
        assert!(said.verify(&federation, &SecretKey::from_seed(&[8; 32]).public()).is_err());
    }
}
