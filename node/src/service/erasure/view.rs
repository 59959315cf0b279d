//! Erasures as people see them: what went, who was asked, what they say.

use parangon_protocol::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Order, Recipient, Target, Told, backups_until};
use crate::service::Error;

/// A label that stands on what is to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LabelBehind {
    /// The label.
    pub id: String,
    /// What it is worth now.
    pub state: &'static str,
    /// Whether it is over, so that nothing need stand behind it.
    pub over: bool,
}

/// An agency that was sent something of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ToldView {
    /// Who.
    pub agency: String,
    /// The offer.
    pub offer: String,
    /// Whether it had a copy of the dossier.
    pub copy: bool,
}

/// What an erasure would delete. Names the cluster, no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanView {
    /// What kind of thing.
    pub target: Target,
    /// Its id.
    pub id: String,
    /// The cluster's name: to be typed before anything is erased.
    pub name: String,
    /// Assessments, by id.
    pub assessments: Vec<String>,
    /// Answers in them.
    pub answers: usize,
    /// Notes in them.
    pub notes: usize,
    /// Files of evidence.
    pub files: usize,
    /// Their bytes.
    pub file_bytes: u64,
    /// Offers, by id.
    pub offers: Vec<String>,
    /// Reviews received.
    pub reviews: usize,
    /// Questions, with their answers.
    pub questions: usize,
    /// Whether the cluster's own entry goes, too.
    pub cluster: bool,
    /// Messages that still wait for other agencies.
    pub messages: usize,
    /// Who would be asked to do the same.
    pub recipients: Vec<ToldView>,
    /// Labels that stand on it: public, they stay.
    pub labels: Vec<LabelBehind>,
    /// Offers whose review is open: they have to be withdrawn first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// What stays, in words.
    pub stays: Vec<&'static str>,
}

/// What one agency was asked and says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecipientView {
    /// Who.
    pub agency: String,
    /// The offer.
    pub offer: String,
    /// Commitment of its copy of the dossier, when it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// When it said, before, that this copy is deleted: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub copy_deleted: Option<Timestamp>,
    /// `asked`, `deleted`, `refused` or `unreachable`.
    pub state: &'static str,
    /// When it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asked: Option<Timestamp>,
    /// When it says that everything was deleted: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub deleted: Option<Timestamp>,
    /// When its receipt came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub receipt: Option<Timestamp>,
    /// When, as it says, the last backup that could hold it has expired: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub complete_from: Option<Timestamp>,
}

/// An erasure, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErasureView {
    /// Names it.
    pub id: String,
    /// What kind of thing was erased.
    pub target: Target,
    /// Its id.
    pub of: String,
    /// `ordered`, or `retention` when a period of the charter ended.
    pub cause: &'static str,
    /// When.
    #[schema(value_type = String)]
    pub ordered: Timestamp,
    /// `clearing` until the store's free pages hold nothing of it, then `waiting` for receipts, then `expiring` with the last
    /// backups, or `incomplete` when somebody does not answer for good.
    pub state: &'static str,
    /// Assessments that went, by id.
    pub assessments: Vec<String>,
    /// Offers that went, by id.
    pub offers: Vec<String>,
    /// Labels that stood on them, and stay.
    pub labels: Vec<String>,
    /// Items that were deleted here.
    pub items: u64,
    /// Messages that waited and were deleted.
    pub messages: u64,
    /// Since when nothing of it is in this node's store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cleared: Option<Timestamp>,
    /// Until when our own backups may hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub backups_until: Option<Timestamp>,
    /// Who was asked to do the same. Receipts are claims.
    pub recipients: Vec<RecipientView>,
    /// When it is complete everywhere, as far as others are believed; absent while a receipt is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub complete_from: Option<Timestamp>,
}

impl Recipient {
    fn view(&self, agency: String, offer: String) -> RecipientView {
        let state = match (&self.receipt, self.refused, self.asked) {
            (Some(_), ..) => "deleted",
            (None, Some(_), _) => "refused",
            (None, None, Some(_)) => "asked",
            (None, None, None) => "unreachable",
        };
        RecipientView {
            agency,
            offer,
            copy: self.copy.map(|copy| copy.to_string()),
            copy_deleted: self.copy_deleted,
            state,
            asked: self.asked,
            deleted: self.receipt.map(|receipt| receipt.deleted),
            receipt: self.receipt.map(|receipt| receipt.received),
            complete_from: self.receipt.map(|receipt| receipt.until),
        }
    }
}

impl Told {
    fn views(&self) -> impl Iterator<Item = RecipientView> {
        let offer = self.offer.to_string();
        self.recipients.iter().map(move |(agency, recipient)| recipient.view(agency.to_string(), offer.clone()))
    }
}

impl Order {
    pub(super) fn view(self, id: String) -> Result<ErasureView, Error> {
        let recipients: Vec<RecipientView> = self.offers.iter().flat_map(Told::views).collect();
        let own = self.cleared.map(backups_until);
        let all = recipients.iter().map(|recipient| recipient.complete_from).chain([own]).collect::<Option<Vec<_>>>();
        let state = match (self.cleared, &all) {
            (None, _) => "clearing",
            (Some(_), Some(_)) => "expiring",
            _ if recipients.iter().any(|recipient| recipient.state == "asked") => "waiting",
            _ => "incomplete",
        };
        Ok(ErasureView {
            id,
            target: self.target,
            of: self.of,
            cause: if self.by_retention { "retention" } else { "ordered" },
            ordered: self.ordered,
            state,
            assessments: self.assessments,
            offers: self.offers.iter().map(|told| told.offer.to_string()).collect(),
            labels: self.labels.iter().map(ToString::to_string).collect(),
            items: self.items,
            messages: self.messages,
            cleared: self.cleared,
            backups_until: own,
            complete_from: all.and_then(|all| all.into_iter().max()),
            recipients,
        })
    }
}
