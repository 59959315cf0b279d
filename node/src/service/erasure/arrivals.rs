//! What comes in about something that was erased, and an owner's request to erase. Each of these runs inside the transaction that
//! notes the message as handled.

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::time::Timestamp;

use super::{Order, Place, Receipt, Recipient, Request, carry};
use crate::service::{Context, Error, anchors, inbox, item};
use crate::store::WriteTx;

/// An owner asks us to delete what we hold of its offer: that goes at once; the answer goes when free pages are cleared. That an offer is
/// unknown and that it is somebody else's are one refusal.
pub(crate) fn on_erase(context: &Context, tx: &mut WriteTx, from: &AgencyId, offer: &Hash) -> Result<(), Error> {
    let id = offer.to_string();
    let missing = || Error::missing("review request", &id);
    match item::find::<Request, _>(tx, &id)? {
        Some(request) if request.from != *from => return Err(missing()),
        Some(_) => {} // asked again: answered again
        None => {
            if !inbox::is_from_owner(tx, offer, from)? {
                return Err(missing());
            }
            let items = inbox::erase(tx, &id)? + anchors::forget(tx, offer)? + carry::unqueue(tx, from, offer)?;
            context.counters().count_erased("request", items);
            tracing::info!(items, owner = %from, "an owner's request to erase was carried out");
        }
    }
    item::put(tx, &id, &Request { from: from.clone(), asked: context.now(), answered: None })?;
    carry::owe(tx, true)
}

/// Changes what is kept of a recipient. False when the offer is not one that was erased here.
fn with(tx: &mut WriteTx, agency: &AgencyId, offer: &Hash, change: impl FnOnce(&mut Recipient)) -> Result<bool, Error> {
    let Some(place) = item::find::<Place, _>(tx, &offer.to_string())? else { return Ok(false) };
    let mut order: Order = item::get(tx, &place.order)?;
    let told = order.offers.iter_mut().find(|told| told.offer == *offer);
    let Some(recipient) = told.and_then(|told| told.recipients.get_mut(agency)) else { return Ok(false) };
    change(recipient);
    item::put(tx, &place.order, &order)?;
    Ok(true)
}

/// A recipient says that everything is deleted, and until when its backups may hold it. That it is so cannot be shown.
pub(crate) fn on_erased(
    context: &Context,
    tx: &mut WriteTx,
    from: &AgencyId,
    offer: &Hash,
    deleted: Timestamp,
    until: Timestamp,
) -> Result<(), Error> {
    let received = context.now();
    let noted = with(tx, from, offer, |recipient| {
        recipient.receipt.get_or_insert(Receipt { deleted, until, received });
    })?;
    if noted { Ok(()) } else { Err(Error::missing("offer", offer)) }
}

/// A receipt of a copy that was on its way when the offer was erased. False when it was not erased here.
pub(crate) fn on_receipt(tx: &mut WriteTx, from: &AgencyId, offer: &Hash, copy: &Hash, deleted: Timestamp) -> Result<bool, Error> {
    with(tx, from, offer, |recipient| {
        if recipient.copy == Some(*copy) {
            recipient.copy_deleted.get_or_insert(deleted);
        }
    })
}

/// The other side will never take the request: it holds nothing of the offer, or its program is too old.
pub(crate) fn on_refused(context: &Context, tx: &mut WriteTx, agency: &AgencyId, offer: &Hash) -> Result<(), Error> {
    let now = context.now();
    with(tx, agency, offer, |recipient| {
        recipient.refused.get_or_insert(now);
    })
    .map(drop)
}
