//! The chain of charter versions, from the founding document on.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::amendment::{Amendment, AmendmentError};
use super::vote::Vote;
use super::{Charter, CharterError, Difference, Level, Revision, rekeying};
use crate::canonical;
use crate::id::{AgencyId, Fingerprint, Hash, LogId, SchemeId};
use crate::keys::{KeyError, Purpose, Signature};
use crate::limits;

/// A founder's signature over version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingSignature {
    /// Who.
    pub agency: AgencyId,
    /// By its identity key, purpose `charter`.
    pub signature: Signature,
}

/// Version 1 with the signatures of all its founders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The founding document.
    pub charter: Charter,
    /// One of each founder.
    pub signatures: Vec<FoundingSignature>,
}

/// A chain as it stands in files: the founding document, then every amendment in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainText {
    /// Version 1.
    pub founding: Founding,
    /// Versions 2 and up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Amendment>,
}

/// A verified chain. The only ways to make one are [`Chain::verify`] and [`Chain::extend`], so holding one is proof that
/// every version was agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    founding: Founding,
    fingerprint: Fingerprint,
    links: Vec<Link>,
}

/// An amendment and what it cuts off.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    amendment: Amendment,
    cut_offs: BTreeMap<LogId, u64>,
}

/// Whether an agency may issue a level where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entitlement {
    /// It may.
    Holds,
    /// The version that rules the record gives it no such right.
    Never,
    /// A later version ended the right, or the membership, at or before that place.
    Ended,
}

/// Why a chain was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A link is wrong.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A version does not follow the one before.
    #[error("version {version}: {cause}")]
    Amendment {
        /// Which.
        version: u32,
        /// Why.
        cause: AmendmentError,
    },
    /// It starts from another federation's founding document.
    #[error("this is the charter of federation {found}, not of {expected}")]
    OtherFederation {
        /// The chain's own fingerprint.
        found: Fingerprint,
        /// The one pinned.
        expected: Fingerprint,
    },
}

impl Founding {
    /// Reads a founding document as people pass it on (any spacing).
    ///
    /// # Errors
    /// When the text is not of this shape; signatures are checked by [`Chain::verify`].
    pub fn read(text: &[u8]) -> Result<Self, CharterError> {
        Ok(canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)?)
    }
}

impl Chain {
    /// Checks the founding document: its rules, and one signature of every founder.
    ///
    /// # Errors
    /// [`ChainError::Charter`].
    pub fn verify(founding: Founding) -> Result<Self, ChainError> {
        let charter = &founding.charter;
        charter.check()?;
        let text = charter.to_text()?;
        let fingerprint = Fingerprint(Hash::of(&[&text]));
        if charter.version != 1 {
            return Err(CharterError::Version { version: charter.version, previous: charter.previous.is_some() }.into());
        }
        let mut missing: std::collections::BTreeSet<_> = charter.members.iter().map(|member| member.id.clone()).collect();
        for FoundingSignature { agency, signature } in &founding.signatures {
            let member = charter.member(agency).ok_or_else(|| CharterError::NotAMember(agency.clone()))?;
            let wrong = |cause: KeyError| CharterError::Signature { agency: agency.clone(), cause };
            member.identity.verify(Purpose::Charter, &fingerprint, &text, signature).map_err(wrong)?;
            missing.remove(agency);
        }
        if !missing.is_empty() {
            return Err(CharterError::Unsigned(missing.into_iter().collect()).into());
        }
        Ok(Self { founding, fingerprint, links: vec![] })
    }

    /// The same, and the fingerprint must be the pinned one.
    ///
    /// # Errors
    /// [`ChainError::OtherFederation`] before any signature is looked at, else as [`Chain::verify`].
    pub fn verify_pinned(founding: Founding, expected: &Fingerprint) -> Result<Self, ChainError> {
        let found = Fingerprint(founding.charter.hash()?);
        if found != *expected {
            return Err(ChainError::OtherFederation { found, expected: *expected });
        }
        Self::verify(founding)
    }

    /// The whole chain of a file, and the fingerprint must be the pinned one if there is one.
    ///
    /// # Errors
    /// As [`Chain::verify_pinned`] and [`Chain::extend`].
    pub fn read(text: ChainText, pinned: Option<&Fingerprint>) -> Result<Self, ChainError> {
        let first = match pinned {
            Some(pinned) => Self::verify_pinned(text.founding, pinned)?,
            None => Self::verify(text.founding)?,
        };
        text.amendments.into_iter().try_fold(first, Self::extend)
    }

    /// The chain of a label file.
    ///
    /// # Errors
    /// As [`Chain::read`].
    pub fn revised(founding: Founding, revisions: Vec<Revision>) -> Result<Self, ChainError> {
        revisions.into_iter().try_fold(Self::verify(founding)?, |chain, revision| {
            let amendment = revision.amendment(chain.newest())?;
            chain.extend(amendment)
        })
    }

    /// What each version after the first one changes, for a label file.
    ///
    /// # Errors
    /// [`ChainError::Charter`] when a field cannot be written.
    pub fn revisions(&self) -> Result<Vec<Revision>, ChainError> {
        let steps = self.versions().zip(self.amendments());
        Ok(steps.map(|(before, amendment)| Revision::of(&self.fingerprint, before, amendment)).collect::<Result<_, _>>()?)
    }

    /// Whether a text follows the newest version, whoever agrees to it: what it changes.
    ///
    /// # Errors
    /// [`AmendmentError`] of the text.
    pub fn follows(&self, next: &Charter) -> Result<Vec<Difference>, AmendmentError> {
        let changes = next.follows(self.newest())?;
        self.not_reused(next)?;
        Ok(changes)
    }

    /// The chain with one version more.
    ///
    /// # Errors
    /// [`ChainError::Amendment`]: the version does not follow, or too few members agreed to it.
    pub fn extend(mut self, amendment: Amendment) -> Result<Self, ChainError> {
        let version = amendment.charter.version;
        let refused = |cause| ChainError::Amendment { version, cause };
        let cut_offs = amendment.check(&self.fingerprint, self.newest()).map_err(refused)?;
        self.not_reused(&amendment.charter).map_err(refused)?;
        self.links.push(Link { amendment, cut_offs });
        Ok(self)
    }

    /// The chain with votes that came after a version had taken effect, where they say where a log ends. More of them never make
    /// it end earlier, so that everybody ends with the same. `None` when none of them adds anything.
    #[must_use]
    pub fn with_votes<'a>(&self, votes: impl IntoIterator<Item = &'a Vote>) -> Option<Self> {
        let mut longer = None;
        for vote in votes {
            let chain: &Self = longer.as_ref().unwrap_or(self);
            let at = chain.links.iter().position(|link| link.amendment.charter.version == vote.body.version && !link.cut_offs.is_empty());
            let Some(at) = at else { continue };
            let Some(present) = chain.version(vote.body.version - 1) else { continue };
            let mut amendment = chain.links[at].amendment.clone();
            // Of this one alone first: all others are checked again with it.
            let known = amendment.votes.iter().any(|known| known.body.agency == vote.body.agency);
            if known || vote.verify(&chain.fingerprint, present, &amendment.charter).is_err() {
                continue;
            }
            amendment.votes.push(vote.clone());
            amendment.votes.sort_by(|a, b| a.body.agency.cmp(&b.body.agency));
            if let Ok(cut_offs) = amendment.check(&chain.fingerprint, present) {
                let mut next = chain.clone();
                next.links[at] = Link { amendment, cut_offs };
                longer = Some(next);
            }
        }
        longer
    }

    /// The chain as it was when that version was the newest; version 1 stays.
    #[must_use]
    pub fn up_to(mut self, version: u32) -> Self {
        self.links.retain(|link| link.amendment.charter.version <= version);
        self
    }

    /// Ids and identity keys are never given to another agency, or former members' logs and votes would be its; nor does an agency get
    /// one back that it gave up. Nobody commits to such a key either.
    fn not_reused(&self, next: &Charter) -> Result<(), AmendmentError> {
        let newest = self.newest();
        let members = self.versions().flat_map(|charter| &charter.members);
        let holders: HashMap<Hash, &AgencyId> = members.map(|member| (member.identity.hash(), &member.id)).collect();
        let taken = |key: &Hash, owner: &AgencyId| {
            let in_use = || newest.member(owner).is_some_and(|member| member.identity.hash() == *key);
            holders.get(key).is_some_and(|holder| *holder != owner || !in_use())
        };
        let members = next.members.iter().map(|member| (&member.id, member.identity.hash(), member.successor));
        let announced = next.rekeyings.iter().map(|waiting| (&waiting.agency, waiting.identity.hash(), waiting.successor));
        for (agency, identity, successor) in members.chain(announced) {
            let came_back = newest.member(agency).is_none() && self.knows(agency);
            if came_back || taken(&identity, agency) || taken(&successor, agency) {
                return Err(AmendmentError::Reused(agency.clone()));
            }
        }
        Ok(())
    }

    /// The federation's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The founding document with its signatures.
    #[must_use]
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// All versions, the first one first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Charter> {
        std::iter::once(&self.founding.charter).chain(self.links.iter().map(|link| &link.amendment.charter))
    }

    /// The amendments, in their order.
    pub fn amendments(&self) -> impl Iterator<Item = &Amendment> {
        self.links.iter().map(|link| &link.amendment)
    }

    /// The chain as files hold it.
    #[must_use]
    pub fn to_text(&self) -> ChainText {
        ChainText { founding: self.founding.clone(), amendments: self.amendments().cloned().collect() }
    }

    /// The charter of that version.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Charter> {
        let at = usize::try_from(version.checked_sub(1)?).ok()?;
        if at == 0 { Some(&self.founding.charter) } else { self.links.get(at - 1).map(|link| &link.amendment.charter) }
    }

    /// The newest version.
    #[must_use]
    pub fn newest(&self) -> &Charter {
        self.links.last().map_or(&self.founding.charter, |link| &link.amendment.charter)
    }

    /// The first version of which the two chains have different texts. None when one goes on where the other ends.
    #[must_use]
    pub fn parts_from(&self, other: &Self) -> Option<u32> {
        self.versions().zip(other.versions()).find(|(own, theirs)| own != theirs).map(|(own, _)| own.version)
    }

    /// The versions that gave an agency another identity key without its own commitment.
    #[must_use]
    pub fn rekeyed(&self, agency: &AgencyId) -> Vec<u32> {
        let steps = self.versions().zip(self.versions().skip(1));
        steps.filter(|(before, after)| rekeying::carried_out(before, after, agency).is_some()).map(|(_, after)| after.version).collect()
    }

    /// The version that gave a member its present identity key, where it had another one before: whatever its log states until a key set
    /// by that key comes, an earlier one signed.
    #[must_use]
    pub fn identity_since(&self, agency: &AgencyId) -> Option<u32> {
        let present = &self.newest().member(agency)?.identity;
        let other = |charter: &&Charter| charter.member(agency).is_some_and(|member| member.identity != *present);
        self.versions().rev().find(other).map(|before| before.version + 1)
    }

    /// The last epoch of an agency's log that some version declared over; 0 for none.
    #[must_use]
    pub fn resumed(&self, agency: &AgencyId) -> u32 {
        self.versions().map(|charter| charter.resumed(agency)).max().unwrap_or_default()
    }

    /// Whether any version lists this agency: what it logged as a member stays true.
    #[must_use]
    pub fn knows(&self, agency: &AgencyId) -> bool {
        self.versions().any(|charter| charter.member(agency).is_some())
    }

    /// What this agency may issue is decided by the version that its log stands under, up to where a later version cut
    /// that off: what a record at `index` of `log` under `version` may say (protocol, "Which charter held?").
    #[must_use]
    pub fn entitlement(&self, log: &LogId, index: u64, version: u32, scheme: &SchemeId, level: Level) -> Entitlement {
        let may = |charter: &Charter| charter.member(&log.agency).is_some_and(|member| member.may_issue(scheme, level));
        if !self.version(version).is_some_and(may) {
            return Entitlement::Never;
        }
        let later = self.links.iter().filter(|link| link.amendment.charter.version > version);
        let holds = later.filter(|link| link.cut_offs.get(log).is_some_and(|end| index >= *end)).all(|link| may(&link.amendment.charter));
        if holds { Entitlement::Holds } else { Entitlement::Ended }
    }

    /// The logs that versions after this one cut off, each with its end.
    #[must_use]
    pub fn cut_offs_after(&self, version: u32) -> Vec<(LogId, u64)> {
        let later = self.links.iter().filter(|link| link.amendment.charter.version > version);
        later.flat_map(|link| link.cut_offs.iter().map(|(log, end)| (log.clone(), *end))).collect()
    }

    /// Where an amendment ends a log: records at or above are no member's.
    #[must_use]
    pub fn end_of(&self, log: &LogId) -> Option<u64> {
        let ends = self.links.iter().filter(|link| link.amendment.charter.member(&log.agency).is_none());
        ends.filter_map(|link| link.cut_offs.get(log).copied()).min()
    }
}
