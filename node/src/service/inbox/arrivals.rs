//! What comes in from the owner of an offer. Each of these runs inside the transaction that notes the message as handled.

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::Common;
use parangon_protocol::review::{Assignment, Dossier, Event, SignedOffer, State};
use parangon_protocol::time::Timestamp;

use super::{Assigned, DossierKey, SEALED_DOSSIER, destroy, is_over, load, owner, parts};
use crate::sealing::FreshKey;
use crate::service::offers::charter_of;
use crate::service::{Context, Error, catalogues, erasure, item, mail};
use crate::store::{Source, Tx, WriteTx};

/// The key for the dossier of this offer, while we wait for it from this owner.
pub(crate) fn dossier_key(context: &Context, offer: &Hash, from: &AgencyId) -> Result<Option<FreshKey>, Error> {
    let tx = context.store().read()?;
    let id = offer.to_string();
    let Some(assigned) = item::find::<Assigned, _>(&tx, &id)? else { return Ok(None) };
    if owner(&assigned) != from {
        return Ok(None);
    }
    let key = item::find::<DossierKey, _>(&tx, &id)?;
    Ok(key.map(|key| FreshKey::from_secret_text(&key.secret)).transpose()?)
}

/// Whether `from` is the owner of an offer that we hold.
pub(crate) fn is_from_owner<S: Source>(tx: &Tx<S>, offer: &Hash, from: &AgencyId) -> Result<bool, Error> {
    Ok(item::find::<Assigned, S>(tx, &offer.to_string())?.is_some_and(|assigned| owner(&assigned) == from))
}

pub(crate) fn on_offer(context: &Context, tx: &mut WriteTx, offer: &SignedOffer) -> Result<(), Error> {
    let verified = mail::stated(context, &offer.body.owner, offer)?;
    let id = verified.hash()?.to_string();
    if item::find::<Assigned, _>(tx, &id)?.is_some() {
        return Ok(());
    }
    // What its owner had erased does not come back.
    if erasure::was_asked(tx, &id)? {
        return Ok(());
    }
    // Without the catalogue nobody here could review: better refused than stuck.
    catalogues::by_reference(context, &offer.body.catalogue)?;
    let charter = charter_of(context, offer)?;
    let assignment = Assignment::new(&charter, context.me().clone(), verified)?;
    let assigned = Assigned {
        offer: offer.clone(),
        assignment,
        since: context.now(),
        review: None,
        last: None,
        refused: false,
        endorsement: None,
        parts: 0,
        asked: 0,
        part_at: Timestamp::default(),
        erased: None,
    };
    item::put(tx, &id, &assigned)
}

/// Checks the dossier against the offer and keeps it as it came, sealed.
pub(crate) fn on_dossier(context: &Context, tx: &mut WriteTx, from: &AgencyId, dossier: &Dossier, sealed: &[u8]) -> Result<(), Error> {
    let id = dossier.offer.to_string();
    let mut assigned = load(tx, &id)?;
    if owner(&assigned) != from {
        return Err(Error::missing("review request", id));
    }
    let catalogue = catalogues::by_reference(context, &assigned.offer.body.catalogue)?;
    dossier.check(&assigned.offer.body, &catalogue)?;
    let charter = charter_of(context, &assigned.offer)?;
    assigned.apply(&charter, Event::DossierSent(dossier), context.now())?;
    // A repetition after the review must not bring the dossier back.
    if assigned.assignment.state() == State::DossierSent && tx.private(SEALED_DOSSIER, &id)?.is_none() {
        tx.put_private(SEALED_DOSSIER, &id, sealed)?;
        parts::begin(context, tx, &mut assigned, dossier)?;
    }
    item::put(tx, &id, &assigned)
}

pub(crate) fn on_withdrawal(context: &Context, tx: &mut WriteTx, offer: &Hash, from: &AgencyId) -> Result<(), Error> {
    let id = offer.to_string();
    let mut assigned = load(tx, &id)?;
    let charter = charter_of(context, &assigned.offer)?;
    assigned.apply(&charter, Event::Withdrawn { by: from }, context.now())?;
    destroy(context, tx, &assigned)?;
    item::put(tx, &id, &assigned)
}

/// Whether the offer of a label is held here and not closed by it yet.
pub(crate) fn awaits<S: Source>(tx: &Tx<S>, common: &Common) -> Result<bool, Error> {
    let held = item::find::<Assigned, S>(tx, &common.offer.to_string())?;
    Ok(held.is_some_and(|assigned| !is_over(&assigned)))
}

/// The owner will never take a message of ours about this offer: people see it.
pub(crate) fn on_refused(tx: &mut WriteTx, agency: &AgencyId, offer: &Hash) -> Result<(), Error> {
    let id = offer.to_string();
    let Some(mut assigned) = item::find::<Assigned, _>(tx, &id)? else { return Ok(()) };
    if owner(&assigned) == agency && !is_over(&assigned) {
        assigned.refused = true;
        item::put(tx, &id, &assigned)?;
    }
    Ok(())
}

/// The label that the offer was for stands in its owner's log.
pub(crate) fn on_issued(context: &Context, tx: &mut WriteTx, common: &Common) -> Result<(), Error> {
    let id = common.offer.to_string();
    if !awaits(tx, common)? {
        return Ok(());
    }
    let mut assigned = load(tx, &id)?;
    let charter = charter_of(context, &assigned.offer)?;
    if let Err(error) = assigned.apply(&charter, Event::Issued { common }, context.now()) {
        // A label that is not the offer's closes nothing, and keeps no other from being closed.
        tracing::warn!(offer = %id, code = error.code(), "a label names this offer and is not what it was for");
        return Ok(());
    }
    destroy(context, tx, &assigned)?;
    item::put(tx, &id, &assigned)
}
