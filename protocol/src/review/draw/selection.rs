//! Which commitments count. The owner fixes it before anything is opened, and everybody who opens something says for which selection.

use serde::{Deserialize, Serialize};

use super::{Call, Commitment, Dealing, DrawError, Keys, Parties, SELECTED, Share, SignedCommitment, Value};
use crate::id::{AgencyId, Hash};
use crate::keys::Purpose;
use crate::review::{ReviewError, Signed, Statement};
use crate::time::Timestamp;

/// The owner's statement which commitments count, in the call's order. An owner signs one for a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Hash of the call.
    pub call: Hash,
    /// Hashes of the commitments, 1 to [`SELECTED`]. The first sound ones make the seed; those behind them stay closed.
    pub commitments: Vec<Hash>,
    /// When it was made: a claim. Not before the call's `until` where somebody is left out.
    pub created: Timestamp,
    /// Who called.
    pub owner: AgencyId,
}

/// A selection with the owner's signature.
pub type SignedSelection = Signed<Selection>;

impl Statement for Selection {
    const PURPOSE: Purpose = Purpose::DrawSelection;

    fn author(&self) -> &AgencyId {
        &self.owner
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        let distinct = self.commitments.iter().enumerate().all(|(at, hash)| !self.commitments[..at].contains(hash));
        if distinct && (1..=SELECTED).contains(&self.commitments.len()) { Ok(()) } else { Err(ReviewError::Selection) }
    }
}

/// A contributor opens its value for one selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Hash of the call.
    pub call: Hash,
    /// Who opens its value.
    pub contributor: AgencyId,
    /// Hash of the selection: so of all commitments that count.
    pub selection: Hash,
    /// The value.
    pub value: Value,
}

/// An opening with the contributor's signature.
pub type SignedOpening = Signed<Opening>;

impl Statement for Opening {
    const PURPOSE: Purpose = Purpose::DrawOpening;

    fn author(&self) -> &AgencyId {
        &self.contributor
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        Ok(())
    }
}

/// A holder gives its share of a value that its contributor withholds, for one selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Hash of the call.
    pub call: Hash,
    /// Whose value.
    pub contributor: AgencyId,
    /// Who gives its share.
    pub holder: AgencyId,
    /// Hash of the selection.
    pub selection: Hash,
    /// The share.
    pub share: Share,
}

/// A share with the holder's signature.
pub type SignedRelease = Signed<Release>;

impl Statement for Release {
    const PURPOSE: Purpose = Purpose::DrawRelease;

    fn author(&self) -> &AgencyId {
        &self.holder
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        Ok(())
    }
}

/// A selection with its commitments, all checked: enough of them, in the call's order, of this call, in time. Only [`Selected::verify`]
/// makes one, and nothing is opened without it.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    pub(super) parties: &'a Parties,
    pub(super) hash: Hash,
    pub(super) commitments: Vec<&'a Commitment>,
}

impl<'a> Selected<'a> {
    /// Checks a selection against the call and the commitments that came with it.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(
        parties: &'a Parties,
        call: &Call,
        keys: Keys<'_>,
        selection: &'a SignedSelection,
        commitments: &'a [SignedCommitment],
    ) -> Result<Self, DrawError> {
        let selected = &*keys.verify(selection)?;
        if call.hash()? != *parties.call() || selected.call != *parties.call() || selected.owner != *parties.owner() {
            return Err(DrawError::OtherCall(selected.owner.clone()));
        }
        let mut before = None;
        let mut found = vec![];
        for signed in commitments {
            let commitment = &*keys.verify(signed)?;
            if commitment.call != *parties.call() {
                return Err(DrawError::OtherCall(commitment.contributor.clone()));
            }
            if commitment.created > call.until {
                return Err(DrawError::Late(commitment.contributor.clone()));
            }
            let position = parties.position(&commitment.contributor)?;
            let expected = before.map_or(0, |before| before + 1);
            if position < expected {
                return Err(DrawError::Order);
            }
            if position > expected && selected.created < call.until {
                return Err(DrawError::Early(parties.order()[expected].clone()));
            }
            before = Some(position);
            found.push(commitment.hash()?);
        }
        if found != selected.commitments {
            return Err(DrawError::OtherCommitments);
        }
        let (needed, found) = (parties.needed(), found.len());
        if found < needed {
            return Err(DrawError::TooFewCommitments { needed, found });
        }
        Ok(Self { parties, hash: selected.hash()?, commitments: commitments.iter().map(|signed| &signed.body).collect() })
    }

    /// Whether nobody is left out of whom the caller holds a commitment that came in time. Whoever is asked to open something
    /// looks first.
    ///
    /// # Errors
    /// [`DrawError::LeftOut`].
    pub fn leaves_out_none_of<'k>(&self, known: impl IntoIterator<Item = &'k AgencyId>) -> Result<(), DrawError> {
        let last = self.commitments.last().and_then(|commitment| self.parties.position(&commitment.contributor).ok());
        let is_in = |agency: &AgencyId| self.commitments.iter().any(|commitment| commitment.contributor == *agency);
        let left_out = |agency: &&AgencyId| !is_in(agency) && self.parties.position(agency).is_ok_and(|position| Some(position) < last);
        match known.into_iter().find(left_out) {
            Some(agency) => Err(DrawError::LeftOut(agency.clone())),
            None => Ok(()),
        }
    }

    /// Hash of the selection.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// The contributors selected, in the call's order.
    pub fn contributors(&self) -> impl Iterator<Item = &AgencyId> {
        self.commitments.iter().map(|commitment| &commitment.contributor)
    }

    fn commitment(&self, contributor: &AgencyId) -> Result<&'a Commitment, DrawError> {
        let found = self.commitments.iter().find(|commitment| commitment.contributor == *contributor);
        found.copied().ok_or_else(|| DrawError::NotAContributor(contributor.clone()))
    }

    /// What the contributor signs to open its value.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`] when it is not selected; [`DrawError::WrongValue`], [`DrawError::Void`].
    pub fn opening(&self, contributor: &AgencyId, value: Value) -> Result<Opening, DrawError> {
        Dealing::new(self.parties, contributor, value.clone())?.check(self.commitment(contributor)?)?;
        Ok(Opening { call: *self.parties.call(), contributor: contributor.clone(), selection: self.hash, value })
    }

    /// What a holder signs to give its share.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`] when its contributor is not selected; [`DrawError::NotAHolder`].
    pub fn release(&self, contributor: &AgencyId, holder: &AgencyId, share: Share) -> Result<Release, DrawError> {
        self.commitment(contributor)?;
        self.parties.place(holder, contributor)?;
        Ok(Release { call: *self.parties.call(), contributor: contributor.clone(), holder: holder.clone(), selection: self.hash, share })
    }

    /// Whether an opening or a release answers this selection.
    pub(super) fn is_answered(&self, author: &AgencyId, call: &Hash, selection: &Hash) -> Result<(), DrawError> {
        if call != self.parties.call() {
            Err(DrawError::OtherCall(author.clone()))
        } else if *selection != self.hash {
            Err(DrawError::OtherSelection(author.clone()))
        } else {
            Ok(())
        }
    }
}
