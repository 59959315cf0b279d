//! A review of ours, erased before the charter's period: what we hold of another agency's offer, once that is over for us. The owner gets
//! a receipt for our copy and keeps what it was sent; what it asks us to erase later is answered all the same.

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::review::Message;

use super::view::{LabelBehind, PlanView};
use super::{NewErasure, Order, Request, Target, carry, plan};
use crate::engine::RegisterRow;
use crate::service::inbox::{self, Held};
use crate::service::register::{self, Standing};
use crate::service::{Context, Error, anchors, item, mail};
use crate::store::{Source, Tx, WriteTx};

const STAYS: [&str; 3] = [
    "labels and endorsements that were published: they are public, and every log goes on to verify",
    "what the owner was sent of our review: it goes with the owner's own erasure",
    "backups that were made before, for 90 days at most",
];

/// The label in which our endorsement stands.
fn behind<S: Source>(context: &Context, tx: &Tx<S>, label: Option<LabelId>) -> Result<Option<LabelBehind>, Error> {
    let Some(id) = label else { return Ok(None) };
    let Some(row) = RegisterRow::read(tx, &id)?.filter(|row| register::endorses(row, context.me())) else { return Ok(None) };
    let standing = register::judge(&row, &context.engine().overview(), context.now()).standing;
    let over = matches!(standing, Standing::Expired | Standing::Withdrawn | Standing::Replaced | Standing::Void);
    Ok(Some(LabelBehind { id: id.to_string(), state: standing.as_str(), over }))
}

/// What would go, and what stays.
pub(super) fn preview<S: Source>(context: &Context, tx: &Tx<S>, of: &str) -> Result<PlanView, Error> {
    let held = inbox::held(tx, of)?;
    Ok(PlanView {
        target: Target::Review,
        id: of.to_owned(),
        messages: plan::waiting(tx, &held.owner, &held.offer)?.len(),
        labels: behind(context, tx, held.label)?.into_iter().collect(),
        open: if held.over_at.is_some_and(|over| over <= context.now()) { vec![] } else { vec![of.to_owned()] },
        name: held.cluster,
        assessments: vec![],
        answers: 0,
        notes: 0,
        files: 0,
        file_bytes: 0,
        offers: vec![],
        reviews: held.reviews,
        questions: held.questions,
        cluster: false,
        recipients: vec![],
        stays: STAYS.to_vec(),
    })
}

/// Whether it may go now.
fn is_allowed<S: Source>(context: &Context, tx: &Tx<S>, held: &Held, new: &NewErasure) -> Result<(), Error> {
    if held.over_at.is_none_or(|over| context.now() < over) {
        let needed = match held.over_at {
            None => "finish it, or decline or step back first: parangon review decline, parangon review step-back",
            Some(_) => "wait for the owner's decision: until our endorsement expires it may stand in a label",
        };
        return Err(Error::State { what: "review", state: "not over".to_owned(), needed });
    }
    if let Some(label) = behind(context, tx, held.label)?.filter(|label| !label.over && !new.with_label) {
        return Err(Error::BehindLabel { label: label.id, state: label.state });
    }
    plan::is_confirmed(new, &held.cluster)
}

/// Erases it here.
pub(super) fn out(context: &Context, tx: &mut WriteTx, new: &NewErasure) -> Result<Order, Error> {
    let held = inbox::held(tx, &new.id)?;
    is_allowed(context, tx, &held, new)?;
    let now = context.now();
    let Held { owner, offer, copy, label, last_word, .. } = held;
    let messages = match last_word {
        // What we said last is still to be said; a reason holds nothing of the cluster.
        inbox::LastWord::Declined => 0,
        inbox::LastWord::SteppedBack => {
            let waiting = carry::unqueue(tx, &owner, &offer)?;
            if waiting > 0 {
                mail::tell(context, tx, &owner, &Message::Withdraw { offer, reason: None })?;
            }
            waiting
        }
        inbox::LastWord::Theirs => carry::unqueue(tx, &owner, &offer)?,
    };
    let items = inbox::erase(tx, &new.id)? + anchors::forget(tx, &offer)?;
    if let Some(copy) = copy {
        // The first receipt that arrives is the one that counts.
        mail::tell(context, tx, &owner, &Message::Receipt { offer, copy, deleted: now })?;
    }
    note(tx, &offer, owner, now)?;
    carry::owe(tx, true)?;
    context.counters().count_erased("order", items);
    tracing::info!(items, messages, "a review of ours was erased");
    Ok(Order {
        target: Target::Review,
        of: new.id.clone(),
        ordered: now,
        by_retention: false,
        assessments: vec![],
        offers: vec![],
        labels: label.into_iter().collect(),
        items,
        messages,
        cleared: None,
    })
}

/// That it went: the offer does not come back, and the owner's request is answered when it comes.
fn note(tx: &mut WriteTx, offer: &Hash, owner: AgencyId, now: parangon_protocol::time::Timestamp) -> Result<(), Error> {
    item::put(tx, &offer.to_string(), &Request { from: owner, asked: now, answered: Some(now) })
}
