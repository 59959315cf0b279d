//! One reviewing agency in one exchange: the only place that says what may follow what.

use serde::{Deserialize, Serialize};

use super::{Event, ExchangeError, State, Terms};
use crate::id::{AgencyId, Hash};
use crate::review::{Dossier, ReviewContent, Stage, Statement};

/// Where the agency stands, and the hashes that tell a repetition from a contradiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Party {
    pub(super) state: State,
    /// Hash of its acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) acceptance: Option<Hash>,
    /// The fresh key of its acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dossier_key: Option<String>,
    /// Commitment common to all copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dossier: Option<Hash>,
    /// Commitment of its own copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copy: Option<Hash>,
    /// Hash of its review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) review: Option<Hash>,
    /// Hash of its final review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Hash>,
}

impl Party {
    pub(super) fn asked() -> Self {
        Self { state: State::Offered, acceptance: None, dossier_key: None, dossier: None, copy: None, review: None, last: None }
    }

    /// What follows for this agency from an event of its own. A repetition returns it unchanged, also after the end;
    /// anything new is refused once the exchange has ended, with `end` as the reason.
    pub(super) fn next(&self, terms: &Terms, agency: &AgencyId, event: &Event<'_>, end: Option<State>) -> Result<Self, ExchangeError> {
        let next = match event {
            Event::Offered { .. } => self.clone(),
            Event::Accepted(acceptance) => {
                terms.same_offer(&acceptance.offer)?;
                let hash = acceptance.hash()?;
                match self.acceptance {
                    Some(held) if held == hash => self.clone(),
                    Some(_) => return Err(ExchangeError::SecondAnswer(agency.clone())),
                    None if self.state == State::Declined => return Err(ExchangeError::SecondAnswer(agency.clone())),
                    None => {
                        self.expect(&[State::Offered], agency, event)?;
                        let dossier_key = Some(acceptance.dossier_key.clone());
                        Self { state: State::Accepted, acceptance: Some(hash), dossier_key, ..self.clone() }
                    }
                }
            }
            // A decline carries nothing to be told apart by: a second one is a repetition whatever its reason.
            Event::Declined(decline) => {
                terms.same_offer(&decline.offer)?;
                match (self.state, self.acceptance) {
                    (State::Declined, _) => self.clone(),
                    (_, Some(_)) => return Err(ExchangeError::SecondAnswer(agency.clone())),
                    _ => {
                        self.expect(&[State::Offered], agency, event)?;
                        Self { state: State::Declined, ..self.clone() }
                    }
                }
            }
            Event::DossierSent(dossier) => self.with_dossier(terms, agency, dossier, event)?,
            Event::Reviewed(review) => self.with_review(terms, agency, review, event)?,
            Event::Responded(_) => self.clone(),
            Event::Contradicted { first, second } => {
                terms.same_offer(&first.offer)?;
                terms.same_offer(&second.offer)?;
                if first.reviewer != second.reviewer || first.stage != second.stage || first.hash()? == second.hash()? {
                    return Err(ExchangeError::NoContradiction);
                }
                // Evidence is recorded whenever it turns up, also after the end.
                return Ok(Self { state: State::Contradicted, ..self.clone() });
            }
            // The owner's withdrawal and the reviewer's may cross on their way.
            Event::Withdrawn { .. } if end == Some(State::Withdrawn) => self.clone(),
            Event::Withdrawn { .. } => match self.state {
                State::Withdrawn => self.clone(),
                _ => {
                    let mut before = vec![State::Accepted, State::DossierSent];
                    if terms.offer.comments {
                        before.push(State::Reviewed);
                    }
                    self.expect(&before, agency, event)?;
                    Self { state: State::Withdrawn, ..self.clone() }
                }
            },
            Event::Issued { .. } => self.clone(),
        };
        match end {
            Some(state) if next != *self => Err(ExchangeError::OutOfOrder { event: event.name(), agency: agency.clone(), state }),
            _ => Ok(next),
        }
    }

    fn expect(&self, allowed: &[State], agency: &AgencyId, event: &Event<'_>) -> Result<(), ExchangeError> {
        if allowed.contains(&self.state) {
            return Ok(());
        }
        Err(ExchangeError::OutOfOrder { event: event.name(), agency: agency.clone(), state: self.state })
    }

    fn with_dossier(&self, terms: &Terms, agency: &AgencyId, dossier: &Dossier, event: &Event<'_>) -> Result<Self, ExchangeError> {
        terms.fits(dossier)?;
        let (common, copy) = (dossier.commitment()?, dossier.copy_commitment()?);
        match self.copy {
            Some(held) if held == copy => Ok(self.clone()),
            Some(_) => Err(ExchangeError::SecondDossier(agency.clone())),
            None => {
                self.expect(&[State::Accepted], agency, event)?;
                Ok(Self { state: State::DossierSent, dossier: Some(common), copy: Some(copy), ..self.clone() })
            }
        }
    }

    fn with_review(&self, terms: &Terms, agency: &AgencyId, review: &ReviewContent, event: &Event<'_>) -> Result<Self, ExchangeError> {
        terms.same_offer(&review.offer)?;
        terms.stage(review.stage)?;
        let hash = review.hash()?;
        let is_final = review.stage == Stage::Final;
        let (held, before) = if is_final { (self.last, State::Reviewed) } else { (self.review, State::DossierSent) };
        match held {
            Some(held) if held == hash => return Ok(self.clone()),
            Some(held) => return Err(ExchangeError::SecondReview { reviewer: agency.clone(), held, other: hash }),
            None => self.expect(&[before], agency, event)?,
        }
        let other = |part| ExchangeError::OtherContent { reviewer: agency.clone(), part };
        if self.dossier != Some(review.dossier) {
            return Err(other("dossier"));
        }
        if review.catalogue != terms.offer.catalogue.hash {
            return Err(other("catalogue"));
        }
        if is_final {
            return Ok(Self { state: State::Finalised, last: Some(hash), ..self.clone() });
        }
        Ok(Self { state: State::Reviewed, review: Some(hash), ..self.clone() })
    }
}
