//! Carrying an erasure out: one transaction in which everything goes and everybody is asked.

use std::collections::BTreeMap;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::review::Message;
use serde::{Deserialize, Serialize};

use super::plan::{self, Plan};
use super::{Order, Place, Recipient, Target, Told};
use crate::service::item::{self, Item};
use crate::service::offers::Offered;
use crate::service::{Context, Error, anchors, assessments, clusters, draws, mail};
use crate::store::WriteTx;

/// Free pages hold what was deleted: they are to be cleared.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Owed {
    /// Grows with each deletion, so that one during the clearing is not missed.
    pub(super) count: u64,
    /// Somebody waits for it; else it has time until the next day.
    pub(super) urgent: bool,
}

impl Item for Owed {
    const KIND: u8 = 28;
    const WHAT: &'static str = "note of deleted pages";
}

/// Where it lies.
pub(super) const PAGES: &str = "pages";

/// Notes, in the transaction that deletes something confidential, that free pages are to be cleared.
pub(crate) fn owe(tx: &mut WriteTx, urgent: bool) -> Result<(), Error> {
    let owed = item::find::<Owed, _>(tx, PAGES)?.unwrap_or_default();
    item::put(tx, PAGES, &Owed { count: owed.count.saturating_add(1), urgent: urgent | owed.urgent })
}

/// Deletes what the plan names and queues the requests.
pub(super) fn out(context: &Context, tx: &mut WriteTx, id: &str, plan: Plan, by_retention: bool) -> Result<Order, Error> {
    let labels = plan.labels();
    let Plan { target, of, sheets, offers, .. } = plan;
    let (mut items, mut messages) = (0, 0);
    for (sheet, content) in &sheets {
        items += assessments::erase(tx, sheet, content)? + draws::erase(tx, sheet)?;
    }
    let mut told = Vec::with_capacity(offers.len());
    for (offer, offered) in &offers {
        let hash = offered.exchange.offer_hash();
        for (agency, _) in offered.exchange.parties() {
            messages += unqueue(tx, agency, &hash)?;
        }
        items += u64::from(tx.delete_private(Offered::KIND, offer)?) + anchors::forget(tx, &hash)?;
        let recipients = offered.exchange.parties().map(|(agency, _)| Ok((agency.clone(), ask(context, tx, agency, offered)?)));
        told.push(Told { offer: hash, recipients: recipients.collect::<Result<BTreeMap<_, _>, Error>>()? });
        item::put(tx, offer, &Place { order: id.to_owned() })?;
    }
    if target == Target::Cluster {
        items += clusters::erase(tx, &of)? + draws::erase(tx, &of)?;
    }
    let assessments = sheets.into_iter().map(|(id, _)| id).collect();
    let order =
        Order { target, of, ordered: context.now(), by_retention, assessments, offers: told, labels, items, messages, cleared: None };
    item::put(tx, id, &order)?;
    owe(tx, true)?;
    context.counters().count_erased(if by_retention { "retention" } else { "order" }, items);
    tracing::info!(items, messages, by_retention, "assessments or offers were erased");
    Ok(order)
}

/// Deletes the messages about an offer that wait for an agency.
pub(super) fn unqueue(tx: &mut WriteTx, agency: &AgencyId, offer: &Hash) -> Result<u64, Error> {
    let numbers = plan::waiting(tx, agency, offer)?;
    for number in &numbers {
        tx.outbox_ack(*number)?;
    }
    Ok(numbers.len() as u64)
}

/// Asks an agency to do the same. That it cannot be asked keeps nothing from going.
fn ask(context: &Context, tx: &mut WriteTx, agency: &AgencyId, offered: &Offered) -> Result<Recipient, Error> {
    let offer = offered.exchange.offer_hash();
    let asked = match mail::queue(context, tx, agency, &Message::Erase { offer }) {
        Ok(()) => Some(context.now()),
        Err(error @ (Error::KeysUnknown(_) | Error::SealingKey(_) | Error::Sealing(_))) => {
            tracing::warn!(%agency, code = error.code(), "a member could not be asked to erase");
            None
        }
        Err(other) => return Err(other),
    };
    let copy = offered.exchange.copy(agency).copied();
    Ok(Recipient { copy, copy_deleted: offered.copy_deleted(agency), asked, refused: None, receipt: None })
}
