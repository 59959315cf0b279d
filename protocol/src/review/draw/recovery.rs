//! A value that its contributor withholds, opened by those who hold its shares.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use super::dealing::List;
use super::{Commitment, Dealing, DrawError, Parties, Share, Value, field};
use crate::id::{AgencyId, Hash};

/// What enough shares show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// The value.
    Value(Value),
    /// The shares were not dealt from one value: the commitment is void, whoever opens it, and was when it was made.
    Void,
}

/// Collects shares of one contributor's value. Wrong ones are named and change nothing.
#[derive(Debug, Clone)]
pub struct Recovery<'a> {
    parties: &'a Parties,
    commitment: &'a Commitment,
    list: List<'a>,
    shares: BTreeMap<NonZeroU8, Share>,
}

impl<'a> Recovery<'a> {
    /// Begins with no share. `shares` are the commitments of all shares, which every holder got with its own.
    ///
    /// # Errors
    /// [`DrawError::OtherCall`], [`DrawError::NotAContributor`] or [`DrawError::WrongList`].
    pub fn new(parties: &'a Parties, commitment: &'a Commitment, shares: &[Hash]) -> Result<Self, DrawError> {
        Ok(Self { parties, commitment, list: List::new(parties, commitment, shares)?, shares: BTreeMap::new() })
    }

    /// Takes a holder's share.
    ///
    /// # Errors
    /// [`DrawError::NotAHolder`], [`DrawError::WrongShare`].
    pub fn add(&mut self, holder: &AgencyId, share: &Share) -> Result<(), DrawError> {
        self.list.check(holder, share)?;
        self.shares.insert(share.place, share.clone());
        Ok(())
    }

    /// What the shares show. Which of them came does not matter: a sound commitment gives its value, a void one is void.
    ///
    /// # Errors
    /// [`DrawError::TooFewShares`].
    pub fn finish(&self) -> Result<Recovered, DrawError> {
        let contributor = &self.commitment.contributor;
        let (needed, found) = (self.parties.threshold(), self.shares.len());
        if found < needed {
            return Err(DrawError::TooFewShares { contributor: contributor.clone(), needed, found });
        }
        let shares = self.shares.iter().take(needed).map(|(place, share)| (*place, share.value.as_bytes())).collect();
        let value = Value::new(field::value(&shares));
        match Dealing::new(self.parties, contributor, value.clone())?.check(self.commitment) {
            Ok(()) => Ok(Recovered::Value(value)),
            Err(DrawError::WrongValue(_) | DrawError::Void(_)) => Ok(Recovered::Void),
            Err(error) => Err(error),
        }
    }
}
