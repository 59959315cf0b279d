//! Our part in a draw that another agency called for: a value of ours, shares of others' values.

use std::collections::{BTreeMap, BTreeSet};

use parangon_protocol::anchor::{DAY_SECONDS, Dated};
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::review::draw::{
    Deal, Dealing, DrawError, Message, Parties, Selected, SignedCall, SignedCommitment, SignedOpening, SignedSelection, Value,
};
use parangon_protocol::review::{Signed, Statement};

use super::{Once, PARTS, Part, Parts, cycle_id, item, last_label, send, with_keys};
use crate::clock::TOLERANCE;
use crate::service::item::Item;
use crate::service::{Context, Error, anchors, random_bytes};
use crate::store::WriteTx;

/// Begins our part in a draw, or goes on with it. `call` was verified.
fn part(tx: &mut WriteTx, id: &str, call: &SignedCall) -> Result<Part, Error> {
    if let Some(part) = item::find::<Part, _>(tx, id)? {
        return Ok(part);
    }
    let owner = call.body.owner.as_str();
    let count = item::find::<Parts, _>(tx, owner)?.unwrap_or_default().count;
    if count >= PARTS {
        return Err(Error::Crowded);
    }
    item::put(tx, owner, &Parts { count: count + 1 })?;
    let call = call.clone();
    Ok(Part {
        call,
        ours: None,
        deals: BTreeMap::new(),
        selection: None,
        commitments: vec![],
        openings: BTreeMap::new(),
        released: BTreeSet::new(),
    })
}

/// Deletes our part in a draw that was over long ago.
pub(super) fn forget(tx: &mut WriteTx, id: &str, owner: &AgencyId) -> Result<(), Error> {
    tx.delete_private(Part::KIND, id)?;
    let count = item::find::<Parts, _>(tx, owner.as_str())?.unwrap_or_default().count;
    item::put(tx, owner.as_str(), &Parts { count: count.saturating_sub(1) })
}

/// An owner asks for a value: drawn for this call, kept, then committed to and dealt, at once and without asking anybody.
pub(super) fn on_call(context: &Context, tx: &mut WriteTx, signed: &SignedCall, dated: &Dated) -> Result<(), Error> {
    with_keys(context, |keys| keys.verify(signed).map(drop))?;
    let call = &signed.body;
    let charter = context.charter_version(call.charter)?;
    let parties = Parties::of(&charter, call)?;
    parties.position(context.me())?;
    let id = parties.call().to_string();
    if item::find::<Part, _>(tx, &id)?.is_some_and(|part| part.ours.is_some()) {
        return Ok(());
    }
    // Before what may be asked again: that must end.
    if context.now() > call.until {
        return Err(DrawError::Late(context.me().clone()).into());
    }
    // What follows is a question of what our register has: it may lag behind.
    call.continues(last_label(tx, &call.cycle())?.as_ref())?;
    let date = dated.check(&context.engine().book(), &call.owner)?;
    if date.statement() != parties.call() {
        return Err(DrawError::OtherCall(call.owner.clone()).into());
    }
    let cycle = cycle_id(&call.cycle());
    if item::find::<Once, _>(tx, &cycle)?.is_some_and(|once| once.call != *parties.call()) {
        tracing::warn!(owner = %call.owner, "an agency calls twice for a ranking of one cycle; the first one stands");
        return Err(DrawError::OtherCall(call.owner.clone()).into());
    }
    item::put(tx, &cycle, &Once { call: *parties.call() })?;
    let mut part = part(tx, &id, signed)?;
    let value = Value::new(random_bytes()?);
    let dealing = Dealing::new(&parties, context.me(), value.clone())?;
    let commitment = Signed::sign(dealing.commitment(context.now()), context.federation(), &context.issue_key())?;
    anchors::note(context, tx, commitment.body.hash()?, *parties.call(), &[])?;
    part.ours = Some((value, commitment.clone()));
    item::put(tx, &id, &part)?;
    send(context, tx, &call.owner, Message::Commit { commitment: Box::new(commitment.clone()) })?;
    let shares = dealing.list();
    for (place, holders) in parties.holders(context.me())? {
        for holder in holders {
            let deal = Deal { commitment: commitment.clone(), share: dealing.share(place), shares: shares.clone() };
            send(context, tx, holder, Message::Deal { call: Box::new(signed.clone()), deal: Box::new(deal) })?;
        }
    }
    Ok(())
}

/// A contributor deals us a share: kept, and the owner is told, when it is the right one.
pub(super) fn on_deal(context: &Context, tx: &mut WriteTx, call: &SignedCall, deal: &Deal) -> Result<(), Error> {
    with_keys(context, |keys| keys.verify(call).and(keys.verify(&deal.commitment)).map(drop))?;
    let charter = context.charter_version(call.body.charter)?;
    let parties = Parties::of(&charter, &call.body)?;
    deal.check(&parties, context.me())?;
    if context.now() > call.body.until.plus(DAY_SECONDS) {
        return Err(DrawError::Late(deal.commitment.body.contributor.clone()).into());
    }
    let id = parties.call().to_string();
    let mut part = part(tx, &id, call)?;
    let contributor = &deal.commitment.body.contributor;
    match part.deals.get(contributor) {
        Some(held) if held.commitment.body == deal.commitment.body => return Ok(()),
        // Whoever commits twice is held to the first.
        Some(_) => return Err(DrawError::OtherCommitments.into()),
        None => {}
    }
    part.deals.insert(contributor.clone(), deal.clone());
    item::put(tx, &id, &part)?;
    let commitment = deal.commitment.body.hash()?;
    send(context, tx, &call.body.owner, Message::Held { call: *parties.call(), commitment })
}

/// The owner says which commitments count. We answer the first such statement only, and none that leaves out whom we know.
pub(super) fn on_select(
    context: &Context,
    tx: &mut WriteTx,
    selection: &SignedSelection,
    commitments: &[SignedCommitment],
) -> Result<(), Error> {
    let id = selection.body.call.to_string();
    // Whoever has no part in it has nothing to open.
    let Some(mut part) = item::find::<Part, _>(tx, &id)? else { return Ok(()) };
    match &part.selection {
        Some(held) if held.body == selection.body => return Ok(()),
        Some(_) => {
            tracing::warn!(owner = %part.call.body.owner, "an agency selects twice for one draw; the first one stands");
            return Err(DrawError::OtherSelection(part.call.body.owner.clone()).into());
        }
        None => {}
    }
    // Whoever is left out may be, from `until` on: by our clock, not by what the owner says of its own.
    if selection.body.created > context.now().plus(TOLERANCE) {
        return Err(DrawError::Early(part.call.body.owner.clone()).into());
    }
    let charter = context.charter_version(part.call.body.charter)?;
    let parties = Parties::of(&charter, &part.call.body)?;
    let opening = {
        let selected = with_keys(context, |keys| Selected::verify(&parties, &part.call.body, keys, selection, commitments))?;
        let ours = part.ours.is_some().then_some(context.me());
        selected.leaves_out_none_of(part.deals.keys().chain(ours))?;
        match &part.ours {
            Some((value, _)) if selected.contributors().any(|agency| agency == context.me()) => {
                Some(selected.opening(context.me(), value.clone())?)
            }
            _ => None,
        }
    };
    part.selection = Some(selection.clone());
    part.commitments = commitments.to_vec();
    if let Some(opening) = opening {
        let opening = Signed::sign(opening, context.federation(), &context.issue_key())?;
        part.openings.insert(context.me().clone(), opening.clone());
        let holders = parties.holders(context.me())?;
        for agency in holders.values().flatten() {
            send(context, tx, agency, Message::Open { opening: Box::new(opening.clone()) })?;
        }
    }
    item::put(tx, &id, &part)
}

/// A contributor opens its value: others than the owner then know the ranking, too.
pub(super) fn on_open(context: &Context, tx: &mut WriteTx, signed: &SignedOpening) -> Result<(), Error> {
    let opening = &signed.body;
    let id = opening.call.to_string();
    let Some(mut part) = item::find::<Part, _>(tx, &id)? else { return Ok(()) };
    let Some(deal) = part.deals.get(&opening.contributor) else { return Ok(()) };
    with_keys(context, |keys| keys.verify(signed).map(drop))?;
    let charter = context.charter_version(part.call.body.charter)?;
    let parties = Parties::of(&charter, &part.call.body)?;
    Dealing::new(&parties, &opening.contributor, opening.value.clone())?.check(&deal.commitment.body)?;
    part.openings.entry(opening.contributor.clone()).or_insert_with(|| signed.clone());
    item::put(tx, &id, &part)
}

/// The owner says that a contributor withholds its value: our share of it goes to the owner, for the selection that we know.
pub(super) fn on_withheld(
    context: &Context,
    tx: &mut WriteTx,
    from: &AgencyId,
    call: &Hash,
    contributor: &AgencyId,
    selection: &Hash,
) -> Result<(), Error> {
    let id = call.to_string();
    let part = item::find::<Part, _>(tx, &id)?.filter(|part| part.call.body.owner == *from);
    let Some(mut part) = part else { return Ok(()) };
    if part.released.contains(contributor) {
        return Ok(());
    }
    let (Some(signed), Some(deal)) = (&part.selection, part.deals.get(contributor)) else { return Ok(()) };
    let charter = context.charter_version(part.call.body.charter)?;
    let parties = Parties::of(&charter, &part.call.body)?;
    let selected = with_keys(context, |keys| Selected::verify(&parties, &part.call.body, keys, signed, &part.commitments))?;
    if selected.hash() != selection {
        return Err(DrawError::OtherSelection(from.clone()).into());
    }
    let release = selected.release(contributor, context.me(), deal.share.clone())?;
    let release = Box::new(Signed::sign(release, context.federation(), &context.issue_key())?);
    let shares = deal.shares.clone();
    part.released.insert(contributor.clone());
    item::put(tx, &id, &part)?;
    send(context, tx, from, Message::Release { release, shares })
}
