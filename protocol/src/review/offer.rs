//! What an owner asks for. Its hash stands in the label: one offer carries one label.

use serde::{Deserialize, Serialize};

use super::panel::Case;
use super::{LANGUAGES, ReviewError, Signed, Statement};
use crate::charter::{CatalogueRef, Charter, Level, LevelRule};
use crate::id::{self, AgencyId, Hash, SchemeId};
use crate::keys::Purpose;
use crate::label::{ClusterFacts, Common, HeadRef};
use crate::limits;
use crate::time::{Month, Timestamp};

/// An offer to review one assessment. The same text goes to every agency asked, so that all endorse one label.
/// A reviewer sees no more than this before it has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Charter version whose rules apply.
    pub charter: u32,
    /// Who asks: the agency that registered the cluster.
    pub owner: AgencyId,
    /// The cluster.
    pub cluster: ClusterFacts,
    /// The label system.
    pub scheme: SchemeId,
    /// The catalogue the assessment used.
    pub catalogue: CatalogueRef,
    /// The level sought.
    pub level: Level,
    /// Month of the assessment.
    pub assessed: Month,
    /// Until when the label would be valid.
    pub valid_until: Month,
    /// Languages of the dossier, BCP 47, the main one first.
    pub languages: Vec<String>,
    /// When the review should be there.
    pub due: Timestamp,
    /// When it was made: a claim, dated by the day's anchor.
    pub created: Timestamp,
    /// Random: the hash stands in public and must not tell what was offered.
    pub salt: Hash,
    /// The owner comments once on the reviews before they are final.
    #[serde(default, skip_serializing_if = "is_false")]
    pub comments: bool,
    /// The logs of those who are asked, and of others under their parents, as they stood: what the conflict rules were computed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<HeadRef>,
}

/// An offer with the owner's signature.
pub type SignedOffer = Signed<Offer>;

impl Offer {
    /// SHA-256 of its canonical text.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a field cannot be written.
    pub fn hash(&self) -> Result<Hash, ReviewError> {
        Statement::hash(self)
    }

    /// The fields that owner and endorsers agree on, for a dossier of this commitment.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] when a field cannot be written.
    pub fn common(&self, dossier: Hash) -> Result<Common, ReviewError> {
        Ok(Common {
            charter: self.charter,
            owner: self.owner.clone(),
            offer: self.hash()?,
            cluster: self.cluster.clone(),
            scheme: self.scheme.clone(),
            catalogue: self.catalogue.clone(),
            level: self.level,
            assessed: self.assessed,
            valid_until: self.valid_until,
            dossier,
        })
    }

    /// What the rules on reviewers need to know.
    #[must_use]
    pub fn case(&self) -> Case<'_> {
        Case { owner: &self.owner, cluster: Some(&self.cluster.id), scheme: &self.scheme, at: self.assessed }
    }

    /// The rule that the label must meet: the owner is a member with the right to issue the level, and the charter
    /// knows this very catalogue.
    ///
    /// # Errors
    /// [`ReviewError::OtherCharter`], [`ReviewError::NoRight`], [`ReviewError::NoRule`].
    pub fn rule<'c>(&self, charter: &'c Charter) -> Result<&'c LevelRule, ReviewError> {
        if charter.version != self.charter {
            return Err(ReviewError::OtherCharter { offer: self.charter, given: charter.version });
        }
        if !charter.member(&self.owner).is_some_and(|member| member.may_issue(&self.scheme, self.level)) {
            return Err(ReviewError::NoRight { owner: self.owner.clone(), scheme: self.scheme.clone(), level: self.level });
        }
        let rule = charter.rule(&self.scheme, self.level);
        let fits = |rule: &&LevelRule| rule.catalogue == self.catalogue.id && charter.catalogue(&rule.catalogue) == Some(&self.catalogue);
        rule.filter(fits).ok_or_else(|| ReviewError::NoRule {
            scheme: self.scheme.clone(),
            level: self.level,
            catalogue: self.catalogue.id.clone(),
        })
    }
}

impl Statement for Offer {
    const PURPOSE: Purpose = Purpose::Offer;

    fn author(&self) -> &AgencyId {
        &self.owner
    }

    fn well_formed(&self) -> Result<(), ReviewError> {
        if self.cluster.id.agency() != self.owner {
            return Err(ReviewError::OtherOwner { owner: self.owner.clone(), cluster: self.cluster.id.clone() });
        }
        if self.due < self.created {
            return Err(ReviewError::Dates { earlier: "the offer", later: "its due date" });
        }
        let ordered = self.heads.windows(2).all(|pair| pair[0].log < pair[1].log);
        if !ordered || self.heads.len() > limits::MEMBERS {
            return Err(ReviewError::Heads);
        }
        if self.created.month() < self.assessed {
            return Err(ReviewError::Dates { earlier: "the assessment", later: "the offer" });
        }
        if self.valid_until < self.assessed {
            return Err(ReviewError::Dates { earlier: "the assessment", later: "the last month of validity" });
        }
        let distinct = self.languages.iter().enumerate().all(|(at, tag)| !self.languages[..at].contains(tag));
        if distinct && (1..=LANGUAGES).contains(&self.languages.len()) && self.languages.iter().all(|tag| id::is_language(tag)) {
            Ok(())
        } else {
            Err(ReviewError::Languages)
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !*value
}
