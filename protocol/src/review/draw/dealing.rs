//! A contributor's value, its commitment, and the shares of it. All of it follows from the 32 bytes of the value: whoever learns them
//! can tell whether the commitment and every share were made from them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{DrawError, Parties, field};
use crate::id::{AgencyId, Hash};
use crate::keys::Purpose;
use crate::review::{ReviewError, Signed, Statement};
use crate::time::Timestamp;

/// 32 bytes that are secret until they are opened. `Debug` does not show them. Written as 64 hex digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(Hash);

impl Value {
    /// From 32 random bytes, drawn for one call only.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(Hash(random))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.0.zeroize();
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(32 bytes)")
    }
}

/// One share of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The place of the group that holds it.
    pub place: NonZeroU8,
    /// The polynomial there.
    pub value: Value,
}

/// What a contributor binds itself to before it knows anybody else's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Hash of the call.
    pub call: Hash,
    /// Who contributes.
    pub contributor: AgencyId,
    /// When it was made: a claim.
    pub created: Timestamp,
    /// Commitment to all shares.
    pub shares: Hash,
    /// Commitment to the value.
    pub value: Hash,
}

/// A commitment with the contributor's signature.
pub type SignedCommitment = Signed<Commitment>;

impl Statement for Commitment {
    const PURPOSE: Purpose = Purpose::DrawCommitment;

    fn author(&self) -> &AgencyId {
        &self.contributor
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        Ok(())
    }
}

/// Everything that follows from a contributor's value.
#[derive(Debug)]
pub struct Dealing<'p> {
    parties: &'p Parties,
    contributor: AgencyId,
    value: Value,
    coefficients: Vec<Value>,
    places: Vec<NonZeroU8>,
}

impl<'p> Dealing<'p> {
    /// Deals `value` to all groups but the contributor's.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`].
    pub fn new(parties: &'p Parties, contributor: &AgencyId, value: Value) -> Result<Self, DrawError> {
        let places = parties.holders(contributor)?.into_keys().collect();
        let coefficient = |degree: u8| {
            let parts = [parties.call().0.as_slice(), value.as_bytes(), &[degree], contributor.as_str().as_bytes()];
            Value(Hash::of(&[b"parangon/draw-coefficient\n", parts[0], parts[1], parts[2], parts[3]]))
        };
        let coefficients = (1..=u8::MAX).take(parties.threshold() - 1).map(coefficient).collect();
        Ok(Self { parties, contributor: contributor.clone(), value, coefficients, places })
    }

    /// The share of the group at `place`.
    #[must_use]
    pub fn share(&self, place: NonZeroU8) -> Share {
        let coefficients: Vec<_> = self.coefficients.iter().map(|coefficient| *coefficient.as_bytes()).collect();
        Share { place, value: Value::new(field::share(self.value.as_bytes(), &coefficients, place)) }
    }

    /// The commitment of each share, by place.
    #[must_use]
    pub fn list(&self) -> Vec<Hash> {
        self.places.iter().map(|place| share_hash(self.parties, &self.contributor, &self.share(*place))).collect()
    }

    /// What the contributor signs.
    #[must_use]
    pub fn commitment(&self, created: Timestamp) -> Commitment {
        Commitment {
            call: *self.parties.call(),
            contributor: self.contributor.clone(),
            created,
            shares: list_hash(self.parties, &self.places, &self.list()),
            value: self.value_hash(),
        }
    }

    fn value_hash(&self) -> Hash {
        let parts = [self.parties.call().0.as_slice(), self.value.as_bytes(), self.contributor.as_str().as_bytes()];
        Hash::of(&[b"parangon/draw-value\n", parts[0], parts[1], parts[2]])
    }

    /// Whether `commitment` is the one that follows from this value.
    ///
    /// # Errors
    /// [`DrawError::WrongValue`] for another value, [`DrawError::Void`] where only the shares are not those of the value.
    pub fn check(&self, commitment: &Commitment) -> Result<(), DrawError> {
        let Commitment { value, shares, .. } = self.commitment(commitment.created);
        if value != commitment.value {
            Err(DrawError::WrongValue(self.contributor.clone()))
        } else if shares != commitment.shares {
            Err(DrawError::Void(self.contributor.clone()))
        } else {
            Ok(())
        }
    }
}

/// What a contributor sends to one holder, sealed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    /// What the contributor is bound to.
    pub commitment: SignedCommitment,
    /// The holder's share.
    pub share: Share,
    /// The commitments of all shares, by place: without them nobody could show that a commitment is void.
    pub shares: Vec<Hash>,
}

impl Deal {
    /// What a holder looks at before it says that it holds its share. The caller has verified the commitment.
    ///
    /// # Errors
    /// [`DrawError::OtherCall`], [`DrawError::NotAHolder`], [`DrawError::WrongList`] or [`DrawError::WrongShare`].
    pub fn check(&self, parties: &Parties, holder: &AgencyId) -> Result<(), DrawError> {
        List::new(parties, &self.commitment.body, &self.shares)?.check(holder, &self.share)
    }
}

/// A list of commitments to shares that a contributor's commitment covers.
#[derive(Debug, Clone)]
pub(super) struct List<'a> {
    parties: &'a Parties,
    contributor: &'a AgencyId,
    hashes: BTreeMap<NonZeroU8, Hash>,
}

impl<'a> List<'a> {
    pub(super) fn new(parties: &'a Parties, commitment: &'a Commitment, hashes: &[Hash]) -> Result<Self, DrawError> {
        let contributor = &commitment.contributor;
        if commitment.call != *parties.call() {
            return Err(DrawError::OtherCall(contributor.clone()));
        }
        let places: Vec<_> = parties.holders(contributor)?.into_keys().collect();
        if places.len() != hashes.len() || list_hash(parties, &places, hashes) != commitment.shares {
            return Err(DrawError::WrongList(contributor.clone()));
        }
        Ok(Self { parties, contributor, hashes: places.into_iter().zip(hashes.iter().copied()).collect() })
    }

    /// Whether this is the share that the contributor committed to for this holder.
    pub(super) fn check(&self, holder: &AgencyId, share: &Share) -> Result<(), DrawError> {
        let place = self.parties.place(holder, self.contributor)?;
        let expected = self.hashes.get(&place);
        if place == share.place && expected == Some(&share_hash(self.parties, self.contributor, share)) {
            Ok(())
        } else {
            Err(DrawError::WrongShare { holder: holder.clone(), contributor: self.contributor.clone() })
        }
    }
}

pub(super) fn share_hash(parties: &Parties, contributor: &AgencyId, share: &Share) -> Hash {
    let place = [share.place.get()];
    Hash::of(&[b"parangon/draw-share\n", &parties.call().0, &place, share.value.as_bytes(), contributor.as_str().as_bytes()])
}

pub(super) fn list_hash(parties: &Parties, places: &[NonZeroU8], hashes: &[Hash]) -> Hash {
    let entries = places.iter().zip(hashes).flat_map(|(place, hash)| std::iter::once(place.get()).chain(hash.0));
    let threshold = u8::try_from(parties.threshold()).unwrap_or(u8::MAX);
    Hash::of(&[b"parangon/draw-shares\n", &parties.call().0, &[threshold], &entries.collect::<Vec<_>>()])
}
