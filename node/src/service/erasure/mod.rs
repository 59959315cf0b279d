//! Erasure: content, salts and data keys of assessments go in one transaction, here and then, as asked for in the same transaction, at
//! everybody who was sent something of them. What is public stays, and every log verifies. An order holds ids and hashes only.
//! The store's free pages are cleared afterwards; until then an order is *clearing*, also after a crash.

mod arrivals;
mod carry;
mod own;
mod plan;
pub(crate) mod retention;
mod view;
mod worker;

use std::collections::BTreeMap;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use arrivals::{on_erase, on_erased, on_receipt, on_refused};
pub(crate) use carry::owe;
pub use view::{ErasureView, LabelBehind, PlanView, RecipientView, ToldView};
pub use worker::run;

use super::item::{self, Item};
use super::{Context, Error, random_bytes};
use crate::store::{Source, Tx};

/// What is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// An assessment with its evidence and every offer that was made of it.
    Assessment,
    /// One offer, with the reviews and what was said about it. The assessment stays.
    Offer,
    /// A cluster with all its assessments and offers.
    Cluster,
    /// What we hold of another agency's offer: the copy of the dossier, and our own review.
    Review,
}

impl Target {
    /// What people call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::Offer => "offer",
            Self::Cluster => "cluster",
            Self::Review => "review",
        }
    }
}

/// What is to be erased, and how sure whoever asks is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// What kind of thing.
    pub target: Target,
    /// Its id.
    pub id: String,
    /// Also where a label that is not over stands on it: the label stays, with nothing behind it.
    #[serde(default)]
    pub with_label: bool,
    /// The cluster's name, as the plan shows it: it cannot be undone.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// What was ordered, and how far it is. Ids and hashes only.
#[derive(Serialize, Deserialize)]
struct Order {
    target: Target,
    of: String,
    ordered: Timestamp,
    /// A period of the charter ended, nobody asked.
    by_retention: bool,
    assessments: Vec<String>,
    offers: Vec<Told>,
    labels: Vec<LabelId>,
    /// Items that were deleted here.
    items: u64,
    /// Messages that waited and were deleted.
    messages: u64,
    /// When free pages were cleared, too.
    #[serde(default)]
    cleared: Option<Timestamp>,
}

/// An offer that was erased, and who had been sent something of it.
#[derive(Serialize, Deserialize)]
struct Told {
    offer: Hash,
    recipients: BTreeMap<AgencyId, Recipient>,
}

/// One of them.
#[derive(Serialize, Deserialize)]
struct Recipient {
    /// Commitment of its copy of the dossier, when one was made.
    copy: Option<Hash>,
    /// When it said that this copy is deleted.
    copy_deleted: Option<Timestamp>,
    /// None when nothing can be sealed to it.
    asked: Option<Timestamp>,
    /// Its node does not take the request.
    #[serde(default)]
    refused: Option<Timestamp>,
    #[serde(default)]
    receipt: Option<Receipt>,
}

/// What a recipient says: a claim.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Receipt {
    deleted: Timestamp,
    until: Timestamp,
    received: Timestamp,
}

impl Item for Order {
    const KIND: u8 = 25;
    const WHAT: &'static str = "erasure";
}

/// Which order an offer went with, by the offer's hash: what arrives about it later belongs there.
#[derive(Serialize, Deserialize)]
struct Place {
    order: String,
}

impl Item for Place {
    const KIND: u8 = 26;
    const WHAT: &'static str = "erased offer";
}

/// What an owner asked us to erase, or what we erased of our own accord, by the offer's hash.
#[derive(Serialize, Deserialize)]
struct Request {
    from: AgencyId,
    asked: Timestamp,
    /// When it was gone from free pages, too, and the owner was told.
    #[serde(default)]
    answered: Option<Timestamp>,
}

impl Item for Request {
    const KIND: u8 = 27;
    const WHAT: &'static str = "request to erase";
}

/// Whether what we held of this offer was erased: by its owner's request, or by ourselves.
pub(crate) fn was_asked<S: Source>(tx: &Tx<S>, offer: &str) -> Result<bool, Error> {
    Ok(item::find::<Request, S>(tx, offer)?.is_some())
}

/// Until when backups may hold what was deleted at `at`.
fn backups_until(at: Timestamp) -> Timestamp {
    at.plus(limits::BACKUP_DAYS * 86_400)
}

/// What would go, and what stays. Nothing is changed.
///
/// # Errors
/// [`Error::NotFound`].
pub fn preview(context: &Context, new: &NewErasure) -> Result<PlanView, Error> {
    let tx = context.store().read()?;
    match new.target {
        Target::Review => own::preview(context, &tx, &new.id),
        target => plan::Plan::of(&tx, target, &new.id)?.view(context, &tx),
    }
}

/// Erases it here and asks everybody who was sent something of it to do the same. What was erased before is shown as it is.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] while a review is open, or one of ours is not over; [`Error::BehindLabel`] for what a label that is not over stands on, unless
/// that is meant; [`Error::Field`] without the name.
pub fn order(context: &Context, new: &NewErasure) -> Result<ErasureView, Error> {
    let view = context.transact(|tx| {
        if let Some(known) = ordered(tx, new.target, &new.id)? {
            return known.1.view(known.0);
        }
        let id = hex::encode(random_bytes::<12>()?);
        if new.target == Target::Review {
            let order = own::out(context, tx, new)?;
            item::put(tx, &id, &order)?;
            return order.view(id);
        }
        let plan = plan::Plan::of(tx, new.target, &new.id)?;
        plan.is_allowed(context, tx, new)?;
        carry::out(context, tx, &id, plan, false)?.view(id)
    })?;
    context.queued().notify_one();
    context.erasing().notify_one();
    Ok(view)
}

/// How many erasures wait for free pages to be cleared.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn clearing(context: &Context) -> Result<usize, Error> {
    let mut count = 0;
    item::each::<Order, _>(&context.store().read()?, |_, order| {
        count += usize::from(order.cleared.is_none());
        Ok(())
    })?;
    Ok(count)
}

/// The order by which something went.
fn ordered<S: Source>(tx: &Tx<S>, target: Target, of: &str) -> Result<Option<(String, Order)>, Error> {
    let mut found = None;
    item::each::<Order, S>(tx, |id, order| {
        if order.target == target && order.of == of {
            found = Some((id, order));
        }
        Ok(())
    })?;
    Ok(found)
}

/// One erasure.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<ErasureView, Error> {
    item::get::<Order, _>(&context.store().read()?, id)?.view(id.to_owned())
}

/// Up to `limit` erasures by id, those after `after`.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context, after: Option<&str>, limit: usize) -> Result<Vec<ErasureView>, Error> {
    let found = item::page::<Order, _>(&context.store().read()?, after, limit)?;
    found.into_iter().map(|(id, order)| order.view(id)).collect()
}
