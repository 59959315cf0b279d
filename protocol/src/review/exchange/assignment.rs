//! The reviewer's side: one offer that came in.

use serde::{Deserialize, Serialize};

use super::party::Party;
use super::{Event, ExchangeError, Outcome, State, Terms};
use crate::charter::Charter;
use crate::id::{AgencyId, Hash};
use crate::review::{Offer, Verified};

/// One offer as the agency that was asked keeps it. Written canonically by its private store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    terms: Terms,
    me: AgencyId,
    outcome: Outcome,
    party: Party,
    /// Hash of the owner's response, once it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Hash>,
}

impl Assignment {
    /// Takes an offer in. `charter` is the version that the offer names; the reviewer recomputes by itself whether it
    /// may review at all.
    ///
    /// # Errors
    /// [`ExchangeError::Review`] with the rule that the offer breaks, [`ExchangeError::Ineligible`].
    pub fn new(charter: &Charter, me: AgencyId, offer: Verified<'_, Offer>) -> Result<Self, ExchangeError> {
        let terms = Terms::of(charter, &offer)?;
        terms.eligible(charter, &me)?;
        Ok(Self { terms, me, outcome: Outcome::Open, party: Party::asked(), response: None })
    }

    /// Applies an event and returns where this agency stands, or how the exchange ended. `charter` is the version
    /// that the offer names.
    ///
    /// # Errors
    /// Everything in [`ExchangeError`]; nothing is changed then.
    pub fn apply(&mut self, charter: &Charter, event: Event<'_>) -> Result<State, ExchangeError> {
        let agency = match &event {
            Event::Offered { reviewer } => *reviewer,
            Event::Accepted(acceptance) => {
                self.terms.eligible(charter, &acceptance.reviewer)?;
                &acceptance.reviewer
            }
            Event::Declined(decline) => &decline.reviewer,
            Event::DossierSent(dossier) => &dossier.recipient,
            Event::Reviewed(review) => {
                if review.response.is_some() && review.response != self.response {
                    return Err(ExchangeError::OtherResponse(review.reviewer.clone()));
                }
                &review.reviewer
            }
            Event::Responded(response) => {
                let hash = self.terms.response(response, self.response)?;
                let early = matches!(self.party.state, State::Offered | State::Accepted | State::DossierSent);
                if early && self.response.is_none() {
                    return Err(ExchangeError::Waits(self.me.clone()));
                }
                self.response = Some(hash);
                return Ok(self.state());
            }
            Event::Contradicted { first, .. } => &first.reviewer,
            Event::Withdrawn { by } if *by == &self.terms.offer.owner => return self.end(Outcome::Withdrawn, &event),
            Event::Withdrawn { by } => *by,
            Event::Issued { common } => {
                let label = self.terms.label(common, self.party.dossier)?;
                return self.end(Outcome::Issued(label), &event);
            }
        };
        if agency != &self.me {
            return Err(ExchangeError::NotAsked(agency.clone()));
        }
        self.party = self.party.next(&self.terms, &self.me, &event, self.outcome.state())?;
        Ok(self.state())
    }

    /// The offer.
    #[must_use]
    pub fn offer(&self) -> &Offer {
        &self.terms.offer
    }

    /// Its hash.
    #[must_use]
    pub fn offer_hash(&self) -> Hash {
        self.terms.hash
    }

    /// Where this agency stands, or how the exchange ended.
    #[must_use]
    pub fn state(&self) -> State {
        self.outcome.state().unwrap_or(self.party.state)
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The public half of the fresh key that its copy is sealed to.
    #[must_use]
    pub fn dossier_key(&self) -> Option<&str> {
        self.party.dossier_key.as_deref()
    }

    /// Commitment common to all copies, once its own came in.
    #[must_use]
    pub fn dossier(&self) -> Option<&Hash> {
        self.party.dossier.as_ref()
    }

    /// Commitment of its own copy.
    #[must_use]
    pub fn copy(&self) -> Option<&Hash> {
        self.party.copy.as_ref()
    }

    /// Hash of the owner's response, once it came.
    #[must_use]
    pub fn response(&self) -> Option<Hash> {
        self.response
    }

    fn end(&mut self, outcome: Outcome, event: &Event<'_>) -> Result<State, ExchangeError> {
        match (self.outcome, outcome) {
            (Outcome::Issued(held), Outcome::Issued(label)) if held != label => return Err(ExchangeError::SecondLabel(held)),
            (held, new) if held == Outcome::Open || held == new => self.outcome = new,
            (held, _) => return Err(self.terms.over(event, held.state().unwrap_or(self.party.state))),
        }
        Ok(self.state())
    }
}
