//! Who takes part in a draw, and where: all of it follows from the call's hash and the charter that the call names.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;

use super::{CONTRIBUTORS, Call, DrawError};
use crate::charter::Charter;
use crate::id::{AgencyId, Hash};
use crate::log::quorum;

/// Groups outside the owner's that can hold shares: an element of the field each, without 0, which is the value's place, and
/// 1, which is the owner's.
const GROUPS: usize = 254;

/// The owner's place.
const OWNER: NonZeroU8 = NonZeroU8::MIN;

/// The groups of one draw, one contributor each, in the call's order; and the place at which each agency holds shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    call: Hash,
    owner: AgencyId,
    order: Vec<AgencyId>,
    places: BTreeMap<AgencyId, NonZeroU8>,
    tolerated: usize,
}

impl Parties {
    /// Puts the groups outside the owner's in the order of `SHA-256(tag || call || name of the group)`, and takes from each the agency that is
    /// first by such a hash of its own: how many agencies a group has does not bring it forward.
    ///
    /// # Errors
    /// [`DrawError::OtherCharter`], [`DrawError::NotAMember`], [`DrawError::Nobody`], or [`DrawError::Review`].
    pub fn of(charter: &Charter, call: &Call) -> Result<Self, DrawError> {
        if charter.version != call.charter {
            return Err(DrawError::OtherCharter { call: call.charter, given: charter.version });
        }
        if charter.member(&call.owner).is_none() {
            return Err(DrawError::NotAMember(call.owner.clone()));
        }
        let hash = call.hash()?;
        let ours = charter.group(&call.owner);
        let mut groups: BTreeMap<String, Vec<&AgencyId>> = BTreeMap::new();
        for member in &charter.members {
            groups.entry(charter.group(&member.id)).or_default().push(&member.id);
        }
        let own = groups.remove(&ours).unwrap_or_default();
        let tolerated = quorum::tolerated(groups.len());
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_cached_key(|(name, _)| Hash::of(&[b"parangon/draw-group\n", &hash.0, name.as_bytes()]));
        groups.truncate(GROUPS);
        let first = |agencies: &[&AgencyId]| {
            let key = |agency: &&&AgencyId| Hash::of(&[b"parangon/draw-agency\n", &hash.0, agency.as_str().as_bytes()]);
            agencies.iter().min_by_key(key).map(|agency| (*agency).clone())
        };
        let order: Vec<AgencyId> = groups.iter().filter_map(|(_, agencies)| first(agencies)).collect();
        if order.is_empty() {
            return Err(DrawError::Nobody);
        }
        let all = std::iter::once(own).chain(groups.into_iter().map(|(_, agencies)| agencies));
        let places = (1..=u8::MAX).filter_map(NonZeroU8::new).zip(all);
        let places = places.flat_map(|(place, agencies)| agencies.into_iter().map(move |agency| (agency.clone(), place))).collect();
        Ok(Self { call: hash, owner: call.owner.clone(), order, places, tolerated })
    }

    /// The call's hash.
    #[must_use]
    pub fn call(&self) -> &Hash {
        &self.call
    }

    /// Who called.
    #[must_use]
    pub fn owner(&self) -> &AgencyId {
        &self.owner
    }

    /// Who can contribute, first come first.
    #[must_use]
    pub fn order(&self) -> &[AgencyId] {
        &self.order
    }

    /// A contributor's place in the order, from 0.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`].
    pub fn position(&self, contributor: &AgencyId) -> Result<usize, DrawError> {
        let found = self.order.iter().position(|agency| agency == contributor);
        found.ok_or_else(|| DrawError::NotAContributor(contributor.clone()))
    }

    /// Values that make the seed: [`CONTRIBUTORS`], or one where one group is there.
    #[must_use]
    pub fn needed(&self) -> usize {
        CONTRIBUTORS.min(self.order.len())
    }

    /// Shares that open a value: two more than may lie, so that the owner with as many accomplices as may lie is one short; fewer where
    /// not so many hold one.
    #[must_use]
    pub fn threshold(&self) -> usize {
        (self.tolerated + 2).min(self.order.len())
    }

    /// Groups besides the owner's that must have said that they hold their share before a commitment is worth selecting: then the value
    /// can be opened with the owner's own share, although its contributor and as many others as may lie keep theirs.
    #[must_use]
    pub fn receipts(&self) -> usize {
        (2 * self.tolerated).max(self.threshold() - 1)
    }

    /// Who holds the shares of a contributor's value: every other group at its place. Each agency of a group has the same share, since they
    /// count as one.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`].
    pub fn holders(&self, contributor: &AgencyId) -> Result<BTreeMap<NonZeroU8, BTreeSet<&AgencyId>>, DrawError> {
        self.position(contributor)?;
        let own = self.places.get(contributor);
        let mut holders: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (agency, place) in self.places.iter().filter(|(_, place)| Some(*place) != own) {
            holders.entry(*place).or_default().insert(agency);
        }
        Ok(holders)
    }

    /// Where `agency` holds its share of the contributor's value.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`], [`DrawError::NotAHolder`].
    pub fn place(&self, agency: &AgencyId, contributor: &AgencyId) -> Result<NonZeroU8, DrawError> {
        self.position(contributor)?;
        let place = self.places.get(agency).filter(|place| self.places.get(contributor) != Some(*place));
        place.copied().ok_or_else(|| DrawError::NotAHolder { agency: agency.clone(), contributor: contributor.clone() })
    }

    /// Whether so many groups say that they hold their share that a commitment can be selected. The owner has looked at its own.
    ///
    /// # Errors
    /// [`DrawError::NotAContributor`], or [`DrawError::TooFewShares`].
    pub fn is_dealt(&self, contributor: &AgencyId, receipts: &[AgencyId]) -> Result<(), DrawError> {
        self.position(contributor)?;
        let places = receipts.iter().filter_map(|agency| self.place(agency, contributor).ok()).filter(|place| *place != OWNER);
        let (needed, found) = (self.receipts(), places.collect::<BTreeSet<_>>().len());
        if found < needed { Err(DrawError::TooFewShares { contributor: contributor.clone(), needed, found }) } else { Ok(()) }
    }
}
