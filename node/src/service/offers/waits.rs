//! What of the reviews that we ask for waits for one of us; what of them waits for somebody else, and until when.

use parangon_protocol::review::{Outcome, State};
use parangon_protocol::time::Timestamp;

use super::{Notes, OfferView, Offered, Stand, item, load};
use crate::service::reminders::{self, Kind, Span, Waiting};
use crate::service::{Context, Error};
use crate::store::ReadTx;

impl Offered {
    /// Until when an agency in that state has to say something, while the offer is open.
    pub(super) fn answer_due(&self, state: State) -> Option<Timestamp> {
        let is_open = self.exchange.outcome() == Outcome::Open;
        (is_open && (state == State::Offered || self.is_at_work(state))).then_some(self.offer.body.due)
    }

    /// Whether an agency in that state accepted and has its last word still to say.
    pub(super) fn is_at_work(&self, state: State) -> bool {
        matches!(state, State::Accepted | State::DossierSent) || (state == State::Reviewed && self.offer.body.comments)
    }

    /// Everything that waits for one of us. `ready` says that the reviews carry the level.
    pub(super) fn waits(&self, now: Timestamp, ready: bool) -> Vec<Waiting> {
        if let Some((kind, from)) = self.undecided() {
            return vec![self.waiting(kind, from, self.endorsed_until().filter(|_| kind == Kind::SecondPerson))];
        }
        if self.verdict.is_some() || self.exchange.outcome() != Outcome::Open {
            return Vec::new();
        }
        let mut found = self.unanswered();
        found.extend(self.our_turn(now, ready));
        found
    }

    /// A decision that waits for a second person, or an appeal.
    fn undecided(&self) -> Option<(Kind, Timestamp)> {
        let appeal = self.verdict.as_ref().filter(|verdict| verdict.stand() == Stand::Appealed);
        let decided = self.decision.as_ref().map(|decided| (Kind::SecondPerson, decided.at()));
        decided.or(appeal.map(|verdict| (Kind::Appeal, verdict.since())))
    }

    fn waiting(&self, kind: Kind, from: Timestamp, due: Option<Timestamp>) -> Waiting {
        Waiting {
            kind,
            offer: self.exchange.offer_hash().to_string(),
            level: self.offer.body.level.as_str(),
            agency: None,
            number: None,
            span: Span { from, due },
        }
    }

    /// Questions of those who still have the dossier.
    fn unanswered(&self) -> Vec<Waiting> {
        let mut found = Vec::new();
        for (agency, state) in self.exchange.parties().filter(|(_, state)| matches!(state, State::DossierSent | State::Reviewed)) {
            let asked = self.parties.get(agency).map(|notes| &notes.questions[..]).unwrap_or_default();
            // Whoever has made its only review needs no answer any more.
            for asked in asked.iter().filter(|asked| asked.reply.is_none() && self.is_at_work(state)) {
                let waiting = self.waiting(Kind::Question, asked.at, Some(self.offer.body.due));
                found.push(Waiting { agency: Some(agency.clone()), number: Some(asked.question.number), ..waiting });
            }
        }
        found
    }

    /// The response, or the decision, when nobody else is at turn.
    fn our_turn(&self, now: Timestamp, ready: bool) -> Option<Waiting> {
        let (due, nobody_pending) = (self.offer.body.due, self.pending(now).is_none());
        let late = now >= due;
        let last = self.parties.values().map(|notes| notes.since).max().unwrap_or(self.offer.body.created);
        let drafts = || self.exchange.parties().filter(|(_, state)| *state == State::Reviewed).map(|(agency, _)| agency);
        let responds = self.offer.body.comments && self.response.is_none() && drafts().next().is_some();
        if responds && !(ready && nobody_pending) && (late || self.exchange.at_work().is_none()) {
            let from = if self.exchange.at_work().is_some() { last.max(due) } else { last };
            // From then on reviewers may make their drafts final without it.
            let first = drafts().filter_map(|agency| self.parties.get(agency)).map(Notes::answered_by).min();
            return Some(self.waiting(Kind::Response, from, Some(first.unwrap_or(due).min(due))));
        }
        let waits_on = |state| self.is_at_work(state) || (state == State::Offered && !ready);
        let waited_on = self.exchange.parties().any(|(_, state)| waits_on(state));
        if !nobody_pending || (waited_on && !late) {
            return None;
        }
        let from = if waited_on { last.max(due) } else { last };
        Some(self.waiting(Kind::Decision, from, self.endorsed_until().filter(|_| ready)))
    }

    /// Until when all endorsements may go into a label.
    fn endorsed_until(&self) -> Option<Timestamp> {
        let endorsement = |agency| self.parties.get(agency)?.endorsement.as_ref();
        self.exchange.reviewed().filter_map(endorsement).map(|endorsement| endorsement.expires).min()
    }
}

/// What waits for one of us.
pub(crate) fn waits(context: &Context, tx: &ReadTx) -> Result<Vec<Waiting>, Error> {
    let (now, mut found) = (context.now(), Vec::new());
    item::each::<Offered, _>(tx, |_, offered| {
        let is_open = offered.verdict.is_none() && offered.exchange.outcome() == Outcome::Open;
        let ready = is_open && offered.decide(context)?.is_ok();
        found.extend(offered.waits(now, ready));
        Ok(())
    })?;
    Ok(found)
}

/// One offer, with what waits for the nodes of those who were asked.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<OfferView, Error> {
    let tx = context.store().read()?;
    let offered = load(&tx, id)?;
    let mut view = offered.view(context)?;
    for ((agency, _), reviewer) in offered.exchange.parties().zip(&mut view.reviewers) {
        reviewer.delivery = reminders::delivery(context, &tx, agency, &offered.exchange.offer_hash())?;
    }
    Ok(view)
}
