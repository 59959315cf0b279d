//! Private messages: sealed, wrapped in a signed envelope, queued with the state change that caused them; and the way
//! back. A message that is refused changes nothing.
//!
//! On the wire: one version byte, the envelope's length (4 bytes, big-endian), the envelope's canonical text, the sealed
//! message.

use parangon_protocol::canonical;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::review::draw::DrawError;
use parangon_protocol::review::{Envelope, EnvelopeError, Message, Signed, SignedEnvelope, Statement, Verified};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::item::{self, Item};
use super::{Context, Error, anchors, draws, erasure, inbox, offers, pools};
use crate::sealing::{self, SealingError};
use crate::store::WriteTx;

/// The code of "not now, try again": keys that are not known yet, a full disk, too much that waits for them, and an envelope that the sender's present key did
/// not sign. The sender's log may have another one by now, or ours of it may lag behind; the sender signs anew whenever it
/// sends, so both end by themselves.
pub(super) const LATER: u16 = 1;

/// The code of "never": every other refusal. It is one code on purpose: the answer must not tell what exists here.
pub(super) const REFUSED: u16 = 2;

const VERSION: u8 = 1;

/// Bytes of an envelope at most; ours have about 500.
const ENVELOPE_BYTES: usize = 4 * 1024;

/// Counts our messages to one agency.
#[derive(Serialize, Deserialize)]
struct Sequence {
    last: u64,
}

impl Item for Sequence {
    const KIND: u8 = 9;
    const WHAT: &'static str = "message counter";
}

/// Queues a message to `to`, sealed to its standing key.
pub(crate) fn queue(context: &Context, tx: &mut WriteTx, to: &AgencyId, message: &Message) -> Result<(), Error> {
    let book = context.engine().book();
    let (_, keys) = book.current(to).ok_or_else(|| Error::KeysUnknown(to.clone()))?;
    queue_to(context, tx, to, &keys.sealing, message)
}

/// Tells `to` what has happened here anyway. Whoever cannot be told (its keys are not known, or nothing can be sealed to the one that
/// it published) must not keep it from happening.
pub(crate) fn tell(context: &Context, tx: &mut WriteTx, to: &AgencyId, message: &Message) -> Result<(), Error> {
    match queue(context, tx, to, message) {
        Err(error @ (Error::KeysUnknown(_) | Error::SealingKey(_) | Error::Sealing(_))) => {
            tracing::warn!(agency = %to, code = error.code(), "a member could not be told what happened here");
            Ok(())
        }
        other => other,
    }
}

/// Queues a message to `to`, sealed to `recipient`.
pub(crate) fn queue_to(context: &Context, tx: &mut WriteTx, to: &AgencyId, recipient: &str, message: &Message) -> Result<(), Error> {
    let sealed = sealing::seal(recipient, &message.encode()?).map_err(|error| match error {
        SealingError::Key => Error::SealingKey(to.clone()),
        other => other.into(),
    })?;
    let last = item::find::<Sequence, _>(tx, to.as_str())?.map_or(0, |sequence| sequence.last);
    let sequence = last.saturating_add(1);
    item::put(tx, to.as_str(), &Sequence { last: sequence })?;
    let envelope = Envelope::around(message.offer()?, context.me().clone(), to.clone(), sequence, &sealed);
    let signed = envelope.sign(context.federation(), &context.issue_key())?;
    tx.outbox_push(to, &pack(&signed, &sealed)?)?;
    Ok(())
}

/// A queued message as it is sent now: in an envelope by the key in force, whichever signed it when it was queued. Who
/// receives it therefore knows that what stands in it is meant today, also where an earlier key signed that.
pub(super) fn sealed_now(context: &Context, message: &[u8]) -> Result<Vec<u8>, Error> {
    let (envelope, sealed) = unpack(message)?;
    pack(&envelope.body.sign(context.federation(), &context.issue_key())?, sealed)
}

/// A statement in a message of this agency, by any key that it ever signed with: the envelope was by the present one.
pub(super) fn stated<'a, T: Statement>(context: &Context, by: &AgencyId, signed: &'a Signed<T>) -> Result<Verified<'a, T>, Error> {
    let mut outcome = Err(Error::KeysUnknown(by.clone()));
    for key in context.engine().book().issue_keys(by) {
        match signed.verify(context.federation(), &key) {
            Ok(verified) => return Ok(verified),
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// By what a message is known when it comes again: all of it but the signature, which a later key makes anew.
fn digest(envelope: &Envelope) -> Result<Hash, Error> {
    Ok(Hash::of(&[&canonical::encode(envelope, ENVELOPE_BYTES)?]))
}

fn pack(envelope: &SignedEnvelope, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let envelope = canonical::encode(envelope, ENVELOPE_BYTES)?;
    let length = u32::try_from(envelope.len()).map_err(|_| Error::Message { rule: "its envelope is too long" })?;
    Ok([&[VERSION][..], &length.to_be_bytes(), &envelope, sealed].concat())
}

fn unpack(bytes: &[u8]) -> Result<(SignedEnvelope, &[u8]), Error> {
    let malformed = |rule| Error::Message { rule };
    let (version, rest) = bytes.split_first().ok_or(malformed("it is empty"))?;
    if *version != VERSION {
        return Err(malformed("it has another version"));
    }
    let (length, rest) = rest.split_first_chunk().ok_or(malformed("it is cut short"))?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > ENVELOPE_BYTES {
        return Err(malformed("its envelope is too long"));
    }
    let (envelope, sealed) = rest.split_at_checked(length).ok_or(malformed("it is cut short"))?;
    Ok((canonical::decode(envelope, ENVELOPE_BYTES)?, sealed))
}

/// Which offer a queued message of ours is about.
pub(crate) fn offer_of(message: &[u8]) -> Result<Hash, Error> {
    Ok(unpack(message)?.0.body.offer)
}

/// A message that was checked and opened; nothing was changed by it yet.
struct Opened {
    from: AgencyId,
    digest: Hash,
    message: Message,
    sealed: Vec<u8>,
}

/// Takes private messages, each with the agency at the other end of its connection. Where there is `Ok`, the message and
/// its effect are durable, or it had been handled before; else there is a code for the sender, [`LATER`] or [`REFUSED`].
pub(super) async fn receive(context: &Context, messages: Vec<(AgencyId, Vec<u8>)>) -> Vec<Result<(), u16>> {
    let count = messages.len();
    let taken = context.run(move |context| Ok(take(context, &messages))).await;
    context.queued().notify_one(); // an acceptance is answered by a dossier
    taken.unwrap_or_else(|_| vec![Err(LATER); count])
}

fn take(context: &Context, messages: &[(AgencyId, Vec<u8>)]) -> Vec<Result<(), u16>> {
    let opened: Vec<Result<Option<Opened>, Error>> = messages.iter().map(|(from, bytes)| open(context, from, bytes)).collect();
    let good: Vec<&Opened> = opened.iter().flatten().flatten().collect();
    // All in one commit; when one of them is refused that is undone, and each gets a commit of its own.
    let together = good.len() > 1 && context.transact(|tx| good.iter().try_for_each(|message| apply(context, tx, message))).is_ok();
    let mut outcomes = Vec::with_capacity(messages.len());
    for (opened, (from, _)) in opened.iter().zip(messages) {
        let outcome = match opened {
            Ok(None) => Ok(()),
            Ok(Some(_)) if together => Ok(()),
            Ok(Some(opened)) => context.transact(|tx| apply(context, tx, opened)).map_err(|error| code(context, from, &error)),
            Err(error) => Err(code(context, from, error)),
        };
        outcomes.push(outcome);
    }
    if good.iter().any(|opened| matches!(opened.message, Message::Erase { .. })) {
        context.erasing().notify_one(); // it is answered when free pages are cleared
    }
    outcomes
}

/// What to tell the sender. Counted, and logged without the message.
fn code(context: &Context, from: &AgencyId, error: &Error) -> u16 {
    let code = match error {
        Error::KeysUnknown(_) | Error::Store(_) | Error::Random(_) | Error::Stopping | Error::Crowded => LATER,
        Error::Envelope(EnvelopeError::Signature { .. })
        | Error::Draw(DrawError::OtherCycle | DrawError::Early(_))
        | Error::Early { .. }
        | Error::OtherRound(_) => LATER,
        _ => REFUSED,
    };
    context.counters().rejected.get_or_create(&vec![("reason", error.code().to_owned())]).inc();
    tracing::warn!(agency = %from, code = error.code(), again = code == LATER, "a private message was not taken: {error}");
    code
}

/// Checks and opens a message; `None` when it was handled before. A dossier that comes again after its review could not
/// be opened any more, and needs not be.
fn open(context: &Context, from: &AgencyId, bytes: &[u8]) -> Result<Option<Opened>, Error> {
    let (signed, sealed) = unpack(bytes)?;
    if signed.body.from != *from {
        return Err(Error::Message { rule: "its sender is not at the other end of the connection" });
    }
    let digest = digest(&signed.body)?;
    if context.store().read()?.seen(&digest)? {
        return Ok(None);
    }
    let book = context.engine().book();
    let (_, keys) = book.current(from).ok_or_else(|| Error::KeysUnknown(from.clone()))?;
    let envelope = signed.verify(context.federation(), &keys.issue, sealed, context.me())?;
    let fresh = inbox::dossier_key(context, &envelope.offer, from)?;
    let (plain, to_fresh) = match fresh.as_ref().and_then(|key| sealing::open(key.identity(), sealed).ok()) {
        Some(plain) => (plain, true),
        None => (open_standing(context, sealed)?, false),
    };
    let message = envelope.open(&plain)?;
    if message.is_of_dossier() != to_fresh {
        return Err(Error::Message { rule: "what belongs to a dossier, and nothing else, is sealed to the dossier's own key" });
    }
    Ok(Some(Opened { from: from.clone(), digest, message, sealed: sealed.to_vec() }))
}

/// Opens what was sealed to our present key, or to one that it replaced.
fn open_standing(context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let keys = context.keyring().newest();
    let present = sealing::open(&keys.sealing_key(), sealed);
    let earlier = || keys.former_sealing_keys().find_map(|key| sealing::open(&key, sealed).ok());
    present.or_else(|error| earlier().ok_or(error)).map_err(Into::into)
}

fn apply(context: &Context, tx: &mut WriteTx, opened: &Opened) -> Result<(), Error> {
    let Opened { from, digest, message, sealed } = opened;
    if !tx.mark_seen(digest, context.now())? {
        return Ok(());
    }
    match message {
        Message::Offer { offer } => inbox::on_offer(context, tx, offer),
        Message::Dossier { dossier } => inbox::on_dossier(context, tx, from, dossier, sealed),
        Message::Part { offer, place, content } => inbox::on_part(context, tx, from, offer, place, content, sealed),
        Message::Fetch { offer, places } => offers::on_fetch(context, tx, from, offer, places),
        Message::Accept { acceptance } => offers::on_acceptance(context, tx, acceptance),
        Message::Decline { decline } => offers::on_decline(context, tx, decline),
        Message::Review { review, endorsement } => offers::on_review(context, tx, review, endorsement.as_deref()),
        Message::Question { question } => offers::on_question(context, tx, from, question),
        Message::Reply { reply } => inbox::on_reply(tx, from, reply),
        Message::Response { response } => inbox::on_response(context, tx, response),
        Message::Receipt { offer, copy, deleted } => offers::on_receipt(tx, from, offer, copy, *deleted),
        Message::Erase { offer } => erasure::on_erase(context, tx, from, offer),
        Message::Erased { offer, deleted, until } => erasure::on_erased(context, tx, from, offer, *deleted, *until),
        Message::Dated { dated, offer } => anchors::on_dated(context, tx, from, dated, offer),
        Message::Draw { message } => draws::on_message(context, tx, from, message),
        Message::Pool { message } => pools::on_message(context, tx, from, message),
        Message::Withdraw { offer, .. } if inbox::is_from_owner(tx, offer, from)? => inbox::on_withdrawal(context, tx, offer, from),
        Message::Withdraw { offer, reason } => offers::on_withdrawal(context, tx, offer, from, *reason),
    }
}

#[cfg(test)]
mod tests;
