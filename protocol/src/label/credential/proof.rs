//! The Data Integrity cryptosuite `eddsa-rdfc-2022` (W3C vc-di-eddsa, section 3.2).

use sha2::{Digest, Sha256};

use super::rdf::Quads;
use crate::canonical::Value;
use crate::keys::PublicKey;
use crate::label::ProofValue;
use crate::time::Timestamp;

const SUITE: &str = "eddsa-rdfc-2022";
const KIND: &str = "DataIntegrityProof";
const PURPOSE: &str = "assertionMethod";

/// What a proof says besides its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofOptions {
    created: Timestamp,
    did: String,
}

impl ProofOptions {
    /// A proof made at `created` with `key`, which is named by its `did:key`.
    #[must_use]
    pub fn new(created: Timestamp, key: &PublicKey) -> Self {
        Self { created, did: key.did() }
    }

    /// The `did:key` of the key.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The `verificationMethod`: the DID with its own key as fragment.
    #[must_use]
    pub fn method(&self) -> String {
        format!("{}#{}", self.did, self.did.trim_start_matches("did:key:"))
    }

    /// Their canonical N-Quads: five lines about the single blank node, `_:c14n0`.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { created, .. } = self;
        let method = self.method();
        format!(
            "_:c14n0 <http://purl.org/dc/terms/created> \"{created}\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n\
             _:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#{KIND}> .\n\
             _:c14n0 <https://w3id.org/security#cryptosuite> \"{SUITE}\"^^<https://w3id.org/security#cryptosuiteString> .\n\
             _:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#{PURPOSE}> .\n\
             _:c14n0 <https://w3id.org/security#verificationMethod> <{method}> .\n"
        )
    }

    /// What is signed: SHA-256 of the options, then SHA-256 of the document.
    #[must_use]
    pub fn hash_to_sign(&self, document: &Quads) -> [u8; 64] {
        let mut hashes = [0; 64];
        hashes[..32].copy_from_slice(&Sha256::digest(self.canonical()));
        hashes[32..].copy_from_slice(&document.hash());
        hashes
    }

    /// The `proof` object of a credential.
    pub(super) fn to_value(&self, value: &ProofValue) -> Value {
        let entry = |name: &str, text: String| (name.to_owned(), Value::Text(text));
        Value::Object(vec![
            entry("created", self.created.to_string()),
            entry("cryptosuite", SUITE.to_owned()),
            entry("proofPurpose", PURPOSE.to_owned()),
            entry("proofValue", value.0.to_multibase()),
            entry("type", KIND.to_owned()),
            entry("verificationMethod", self.method()),
        ])
    }
}
