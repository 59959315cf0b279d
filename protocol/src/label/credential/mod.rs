//! Labels and endorsements as W3C Verifiable Credentials (Open Badges 3.0), rendered from typed fields.
//!
//! A credential is never parsed to be believed: it is rendered anew from the record's fields, and the signature must
//! fit that (protocol, "Formats"). There is no JSON-LD processor and no context is ever fetched. What other programs
//! learn from a credential alone is who signed it, not that the signer was entitled: a *signed* label without its log
//! proof counts nowhere.

mod document;
pub mod proof;
pub mod rdf;
mod reading;
mod sheet;
mod template;
mod vocabulary;

pub use reading::HeldLabel;
pub use sheet::{EndorsementSheet, LabelSheet, StatusListSheet};

use proof::ProofOptions;
use rdf::Quads;

use super::{Common, Endorsement, Label, LabelId, ProofValue};
use crate::canonical::{CanonicalError, Value};
use crate::charter::Charter;
use crate::id::Fingerprint;
use crate::keys::{KeyError, PublicKey, SecretKey};
use crate::limits;
use document::Node;

/// Why a credential was refused or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The document is not JSON within our rules, or the fields cannot be written.
    #[error("the credential cannot be read or written: {0}")]
    Canonical(#[from] CanonicalError),
    /// Some part of it differs from what the record says: another text, an additional context, another proof.
    #[error("the credential is not the one of this record")]
    Differs,
    /// The secret key is not that of the issuer named in the credential.
    #[error("the signing key is not the issuer's")]
    OtherKey,
}

/// A label with what its credential needs. `charter` is the version that the label names; its names are printed.
/// The order of the endorsements is not signed, because statements have none: the label rules fix it.
#[derive(Debug, Clone, Copy)]
pub struct LabelSubject<'a> {
    /// The federation, in every IRI.
    pub federation: &'a Fingerprint,
    /// The charter in force.
    pub charter: &'a Charter,
    /// The label. Its proof is not read by [`Self::sign`].
    pub label: &'a Label,
    /// The issuing agency's issue key.
    pub issuer_key: &'a PublicKey,
}

/// An endorsement with what its credential needs.
#[derive(Debug, Clone, Copy)]
pub struct EndorsementSubject<'a> {
    /// The federation, in every IRI.
    pub federation: &'a Fingerprint,
    /// The charter in force.
    pub charter: &'a Charter,
    /// The fields that it vouches for.
    pub label_common: &'a Common,
    /// The hash of `label_common`: the caller has it already.
    pub label_id: LabelId,
    /// The endorsement. Its proof is not read by [`Self::sign`].
    pub endorsement: &'a Endorsement,
    /// The endorsing agency's issue key.
    pub key: &'a PublicKey,
}

impl<'a> LabelSubject<'a> {
    fn parts(&self) -> (&'a PublicKey, &'a ProofValue) {
        (self.issuer_key, &self.label.proof)
    }
}

impl<'a> EndorsementSubject<'a> {
    fn parts(&self) -> (&'a PublicKey, &'a ProofValue) {
        (self.key, &self.endorsement.proof)
    }
}

/// What all credentials offer, whoever holds the sheet.
macro_rules! sheet {
    ($sheet:ident, $template:path, $created:ident) => {
        impl $sheet<'_> {
            /// The 64 bytes that are signed with `key`: SHA-256 of the proof options, SHA-256 of the document.
            #[must_use]
            pub fn hash_to_sign(&self, key: &PublicKey) -> [u8; 64] {
                let (options, document) = self.document(key);
                options.hash_to_sign(&document.quads())
            }

            /// Checks a proof by `key`, strictly.
            ///
            /// # Errors
            /// [`KeyError::Forged`].
            pub fn verify(&self, key: &PublicKey, proof: &ProofValue) -> Result<(), KeyError> {
                key.verify_raw(&self.hash_to_sign(key), &proof.0)
            }

            /// The credential with its proof, in JCS. The proof is not checked here.
            #[must_use]
            pub fn to_json(&self, key: &PublicKey, proof: &ProofValue) -> String {
                let (options, document) = self.document(key);
                document.to_json(&options, proof)
            }

            /// The document without its proof as statements: for tools that check it as linked data.
            #[must_use]
            pub fn quads(&self, key: &PublicKey) -> Quads {
                self.document(key).1.quads()
            }

            /// Makes the proof.
            #[must_use]
            pub fn sign(&self, key: &SecretKey) -> ProofValue {
                ProofValue(key.sign_raw(&self.hash_to_sign(&key.public())))
            }

            fn document(&self, key: &PublicKey) -> (ProofOptions, Node<'_>) {
                let options = ProofOptions::new(self.$created, key);
                let document = $template(self, options.did());
                (options, document)
            }
        }
    };
}

sheet!(LabelSheet, template::label, issued);
sheet!(EndorsementSheet, template::endorsement, created);
sheet!(StatusListSheet, template::status_list, stated);

/// Labels and endorsements know the sheet, the key and the proof of theirs.
macro_rules! credential {
    ($sheet:ident, $subject:ident) => {
        impl<'a> $subject<'a> {
            /// The document without its proof as statements: for tools that check it as linked data.
            ///
            /// # Errors
            /// When the fields cannot be written canonically.
            pub fn quads(&self) -> Result<Quads, CanonicalError> {
                Ok($sheet::of(self)?.quads(self.parts().0))
            }

            /// Checks the proof, strictly.
            ///
            /// # Errors
            /// [`KeyError::Forged`], also when the fields cannot be written: nothing can have been signed then.
            pub fn verify(&self) -> Result<(), KeyError> {
                let (key, proof) = self.parts();
                $sheet::of(self).map_err(|_| KeyError::Forged)?.verify(key, proof)
            }

            /// Makes the proof; whatever stands in its place is ignored.
            ///
            /// # Errors
            /// [`CredentialError::OtherKey`], or fields that cannot be written.
            pub fn sign(&self, key: &SecretKey) -> Result<ProofValue, CredentialError> {
                if key.public() != *self.parts().0 {
                    return Err(CredentialError::OtherKey);
                }
                Ok($sheet::of(self)?.sign(key))
            }

            /// The credential with its proof, in JCS. The proof is not checked here.
            ///
            /// # Errors
            /// When the fields cannot be written canonically.
            pub fn to_json(&self) -> Result<String, CanonicalError> {
                let (key, proof) = self.parts();
                Ok($sheet::of(self)?.to_json(key, proof))
            }

            /// Whether a credential that somebody holds is this one: spacing and key order are free, nothing else is.
            ///
            /// # Errors
            /// [`CredentialError::Differs`], or JSON that breaks our rules.
            pub fn matches_json(&self, text: &[u8]) -> Result<(), CredentialError> {
                let held = Value::read(text, limits::DOCUMENT_BYTES)?;
                if held.to_text() == self.to_json()? { Ok(()) } else { Err(CredentialError::Differs) }
            }
        }
    };
}

credential!(LabelSheet, LabelSubject);
credential!(EndorsementSheet, EndorsementSubject);

#[cfg(test)]
mod tests;
