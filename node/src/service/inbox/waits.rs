//! What of the reviews that others ask of us waits for one of us.

use parangon_protocol::review::State;
use parangon_protocol::time::Timestamp;

use super::{Assigned, InboxView, is_over, load, owner, talk};
use crate::service::reminders::{self, Kind, Span, Waiting};
use crate::service::{Context, Error, item};
use crate::store::{ReadTx, Source, Tx};

impl Assigned {
    /// What waits for us, if anything does. What the owner's node will never take waits for nobody.
    pub(super) fn waits<S: Source>(&self, tx: &Tx<S>, now: Timestamp) -> Result<Option<Waiting>, Error> {
        if self.refused || is_over(self) {
            return Ok(None);
        }
        let found = match self.assignment.state() {
            State::Offered => Some((Kind::Answer, self.since)),
            State::DossierSent if self.parts(tx)?.is_none() => {
                let files = if self.parts == 0 { self.since } else { self.part_at };
                Some((Kind::Review, self.since.max(files)))
            }
            State::Reviewed if self.offer.body.comments => self.finalisable(tx, now)?.map(|since| (Kind::FinalReview, since)),
            _ => None,
        };
        Ok(found.map(|(kind, from)| Waiting {
            kind,
            offer: self.assignment.offer_hash().to_string(),
            level: self.offer.body.level.as_str(),
            agency: Some(owner(self).clone()),
            number: None,
            span: Span { from, due: Some(self.offer.body.due) },
        }))
    }

    /// Since when our draft may be made final: the owner has responded, or two weeks are over.
    fn finalisable<S: Source>(&self, tx: &Tx<S>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        if self.assignment.response().is_some() {
            // The owner's clock says when, between our draft and now.
            return Ok(Some(
                talk::responded(tx, &self.assignment.offer_hash().to_string())?.unwrap_or(now).clamp(self.since, now.max(self.since)),
            ));
        }
        let until = self.review.as_ref().map(|draft| talk::response_until(draft.body.created));
        Ok(until.filter(|until| *until <= now))
    }
}

/// What waits for one of us.
pub(crate) fn waits(context: &Context, tx: &ReadTx) -> Result<Vec<Waiting>, Error> {
    let (now, mut found) = (context.now(), Vec::new());
    item::each::<Assigned, _>(tx, |_, assigned| {
        found.extend(assigned.waits(tx, now)?);
        Ok(())
    })?;
    Ok(found)
}

/// One review that is asked of us, with what waits for the owner's node.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, offer: &str) -> Result<InboxView, Error> {
    let tx = context.store().read()?;
    let assigned = load(&tx, offer)?;
    let delivery = reminders::delivery(context, &tx, owner(&assigned), &assigned.assignment.offer_hash())?;
    Ok(InboxView { delivery, ..assigned.view(context, &tx)? })
}
