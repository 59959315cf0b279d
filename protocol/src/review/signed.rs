//! A statement and its signature, and the proof that they fit.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::ReviewError;
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::{PublicKey, Purpose, SecretKey, Signature};
use crate::limits;

/// What an agency's issue key signs in a review exchange.
pub trait Statement: Serialize + Sized {
    /// The one purpose of its signature.
    const PURPOSE: Purpose;

    /// Whose issue key signs it.
    fn author(&self) -> &AgencyId;

    /// Bounds and grammar that the types do not carry.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn well_formed(&self) -> Result<(), ReviewError>;

    /// SHA-256 of its canonical text: what other statements name it by.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a field cannot be written.
    fn hash(&self) -> Result<Hash, ReviewError> {
        Ok(Hash::of(&[&canonical::encode(self, limits::DOCUMENT_BYTES)?]))
    }
}

/// A statement as it travels. Nothing is known about it until [`Signed::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// The statement.
    pub body: T,
    /// By the author's issue key, for the statement's purpose.
    pub signature: Signature,
}

/// A well-formed statement whose signature was checked. Only [`Signed::verify`] makes one.
///
/// ```compile_fail
/// use parangon_protocol::review::{Offer, Verified};
/// fn forge(offer: &Offer) -> Verified<'_, Offer> {
///     Verified(offer)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Verified<'a, T>(&'a T);

impl<T> Clone for Verified<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Verified<'_, T> {}

impl<T> Deref for Verified<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T: Statement> Signed<T> {
    /// Signs a statement with its author's issue key.
    ///
    /// # Errors
    /// What [`Statement::well_formed`] refuses, or [`ReviewError::Canonical`].
    pub fn sign(body: T, federation: &Fingerprint, issue: &SecretKey) -> Result<Self, ReviewError> {
        body.well_formed()?;
        let text = canonical::encode(&body, limits::DOCUMENT_BYTES)?;
        let signature = issue.sign(T::PURPOSE, federation, &text);
        Ok(Self { body, signature })
    }

    /// Checks bounds and signature. `issue` is the key that the author's key set names.
    ///
    /// # Errors
    /// As [`Signed::sign`], or [`ReviewError::Signature`].
    pub fn verify(&self, federation: &Fingerprint, issue: &PublicKey) -> Result<Verified<'_, T>, ReviewError> {
        self.body.well_formed()?;
        let text = canonical::encode(&self.body, limits::DOCUMENT_BYTES)?;
        let wrong = |cause| ReviewError::Signature { author: self.body.author().clone(), purpose: T::PURPOSE, cause };
        issue.verify(T::PURPOSE, federation, &text, &self.signature).map_err(wrong)?;
        Ok(Verified(&self.body))
    }
}
