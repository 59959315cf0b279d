//! The owner's side: one offer, every agency asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::party::Party;
use super::{Event, ExchangeError, Outcome, State, Terms};
use crate::charter::Charter;
use crate::id::{AgencyId, Hash};
use crate::label::Common;
use crate::review::{Offer, Response, Verified};

/// One offer with everybody who was asked. Written canonically by the owner's private store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    terms: Terms,
    outcome: Outcome,
    parties: BTreeMap<AgencyId, Party>,
    /// Hash of the response, once it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Hash>,
}

impl Exchange {
    /// Begins with an offer that the charter allows; nobody is asked yet.
    ///
    /// # Errors
    /// [`ExchangeError::Review`] with the rule that the offer breaks.
    pub fn new(charter: &Charter, offer: Verified<'_, Offer>) -> Result<Self, ExchangeError> {
        Ok(Self { terms: Terms::of(charter, &offer)?, outcome: Outcome::Open, parties: BTreeMap::new(), response: None })
    }

    /// Applies an event and returns the state of the agency it concerns, or how the exchange ended. `charter` is the
    /// version that the offer names.
    ///
    /// # Errors
    /// Everything in [`ExchangeError`]; nothing is changed then.
    pub fn apply(&mut self, charter: &Charter, event: Event<'_>) -> Result<State, ExchangeError> {
        match event {
            Event::Offered { reviewer } => self.offered(charter, reviewer, &event),
            Event::Accepted(acceptance) => {
                let is_new = self.parties.get(&acceptance.reviewer).is_some_and(|party| party.acceptance.is_none());
                if self.response.is_some() && is_new {
                    return Err(ExchangeError::Late);
                }
                self.terms.eligible(charter, &acceptance.reviewer)?;
                let key = Some(&acceptance.dossier_key);
                let used = self.parties.iter().any(|(agency, party)| agency != &acceptance.reviewer && party.dossier_key.as_ref() == key);
                if used {
                    return Err(ExchangeError::UsedKey(acceptance.reviewer.clone()));
                }
                self.step(&acceptance.reviewer, &event)
            }
            Event::Declined(decline) => self.step(&decline.reviewer, &event),
            Event::DossierSent(dossier) => {
                if self.dossier().is_some_and(|sent| Ok(sent) != dossier.commitment()) {
                    return Err(ExchangeError::SecondDossier(dossier.recipient.clone()));
                }
                self.step(&dossier.recipient, &event)
            }
            Event::Reviewed(review) => {
                if review.response.is_some() && review.response != self.response {
                    return Err(ExchangeError::OtherResponse(review.reviewer.clone()));
                }
                self.step(&review.reviewer, &event)
            }
            Event::Responded(response) => self.responded(&response, &event),
            Event::Contradicted { first, .. } => self.step(&first.reviewer, &event),
            Event::Withdrawn { by } if by == &self.terms.offer.owner => self.withdrawn(&event),
            Event::Withdrawn { by } => self.step(by, &event),
            Event::Issued { common } => self.issued(common, &event),
        }
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

    /// How it ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Where an agency stands; `None` when it was not asked.
    #[must_use]
    pub fn state(&self, reviewer: &AgencyId) -> Option<State> {
        self.parties.get(reviewer).map(|party| party.state)
    }

    /// Everybody who was asked, with where they stand.
    pub fn parties(&self) -> impl Iterator<Item = (&AgencyId, State)> {
        self.parties.iter().map(|(agency, party)| (agency, party.state))
    }

    /// Whose reviews count: those who signed exactly one that is final.
    pub fn reviewed(&self) -> impl Iterator<Item = &AgencyId> {
        let counting = self.terms.counting();
        self.parties().filter(move |(_, state)| *state == counting).map(|(agency, _)| agency)
    }

    /// Whose review is in, as a draft or final.
    pub fn reviewers(&self) -> impl Iterator<Item = &AgencyId> {
        self.parties().filter(|(_, state)| matches!(state, State::Reviewed | State::Finalised)).map(|(agency, _)| agency)
    }

    /// Who accepted and has not reviewed yet.
    #[must_use]
    pub fn at_work(&self) -> Option<&AgencyId> {
        self.parties().find(|(_, state)| matches!(state, State::Accepted | State::DossierSent)).map(|(agency, _)| agency)
    }

    /// Hash of the response, once it was given.
    #[must_use]
    pub fn response(&self) -> Option<Hash> {
        self.response
    }

    /// The fresh key that an agency's copy of the dossier is sealed to.
    #[must_use]
    pub fn dossier_key(&self, reviewer: &AgencyId) -> Option<&str> {
        self.parties.get(reviewer)?.dossier_key.as_deref()
    }

    /// Commitment of the copy that an agency got.
    #[must_use]
    pub fn copy(&self, reviewer: &AgencyId) -> Option<&Hash> {
        self.parties.get(reviewer)?.copy.as_ref()
    }

    /// Commitment common to all copies, once one was sent.
    #[must_use]
    pub fn dossier(&self) -> Option<Hash> {
        self.parties.values().find_map(|party| party.dossier)
    }

    fn offered(&mut self, charter: &Charter, reviewer: &AgencyId, event: &Event<'_>) -> Result<State, ExchangeError> {
        let end = self.outcome.state();
        if let Some(party) = self.parties.get(reviewer) {
            return Ok(end.unwrap_or(party.state));
        }
        self.terms.eligible(charter, reviewer)?;
        if let Some(state) = end {
            return Err(ExchangeError::OutOfOrder { event: event.name(), agency: reviewer.clone(), state });
        }
        self.parties.insert(reviewer.clone(), Party::asked());
        Ok(State::Offered)
    }

    fn step(&mut self, agency: &AgencyId, event: &Event<'_>) -> Result<State, ExchangeError> {
        let end = self.outcome.state();
        let party = self.parties.get_mut(agency).ok_or_else(|| ExchangeError::NotAsked(agency.clone()))?;
        *party = party.next(&self.terms, agency, event, end)?;
        Ok(end.unwrap_or(party.state))
    }

    fn responded(&mut self, response: &Verified<'_, Response>, event: &Event<'_>) -> Result<State, ExchangeError> {
        let hash = self.terms.response(response, self.response)?;
        if self.response.is_none() {
            if let Some(state) = self.outcome.state() {
                return Err(self.terms.over(event, state));
            }
            // Whoever did not review in time holds nobody up.
            let in_time = response.created < self.terms.offer.due;
            if let Some(agency) = self.at_work().filter(|_| in_time) {
                return Err(ExchangeError::Waits(agency.clone()));
            }
            if !self.parties().any(|(_, state)| state == State::Reviewed) {
                return Err(ExchangeError::NoReview);
            }
            self.response = Some(hash);
        }
        Ok(self.outcome.state().unwrap_or(State::Reviewed))
    }

    fn withdrawn(&mut self, event: &Event<'_>) -> Result<State, ExchangeError> {
        match self.outcome {
            Outcome::Issued(_) => Err(self.terms.over(event, State::Issued)),
            Outcome::Open | Outcome::Withdrawn => {
                self.outcome = Outcome::Withdrawn;
                Ok(State::Withdrawn)
            }
        }
    }

    fn issued(&mut self, common: &Common, event: &Event<'_>) -> Result<State, ExchangeError> {
        let label = self.terms.label(common, self.dossier())?;
        match self.outcome {
            Outcome::Issued(held) if held == label => Ok(State::Issued),
            Outcome::Issued(held) => Err(ExchangeError::SecondLabel(held)),
            Outcome::Withdrawn => Err(self.terms.over(event, State::Withdrawn)),
            Outcome::Open if self.reviewed().next().is_none() => Err(ExchangeError::NoReview),
            Outcome::Open => {
                self.outcome = Outcome::Issued(label);
                Ok(State::Issued)
            }
        }
    }
}
