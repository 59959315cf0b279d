//! Making an offer: every rule that can be known beforehand is asked before anybody else is.

use std::collections::BTreeMap;

use parangon_protocol::assessment::Assessment;
use parangon_protocol::charter::{Charter, Level, LevelRule};
use parangon_protocol::id::{AgencyId, Hash, SchemeId};
use parangon_protocol::label::status::State;
use parangon_protocol::label::validity;
use parangon_protocol::limits;
use parangon_protocol::review::panel::Ineligible;
use parangon_protocol::review::{Dossier, Event, Exchange, LANGUAGES, Message, Offer, Signed};
use parangon_protocol::time::{Month, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Notes, OfferView, Offered};
use crate::sealing::PLAIN_BYTES;
use crate::service::assessments::{self, Sheet};
use crate::service::draws::{self, Ranked};
use crate::service::{Context, Error, anchors, clusters, item, mail, panel, register, salt};
use crate::store::WriteTx;

/// Days that reviewers have when no date was given.
const DUE_DAYS: u64 = 30;

/// A review to be asked for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOffer {
    /// Which assessment: it is frozen by the offer.
    pub assessment: String,
    /// The label system; the charter's, when it has only one.
    #[serde(default)]
    pub scheme: Option<String>,
    /// `BRONZE`, `SILVER` or `GOLD`.
    pub level: String,
    /// Which agencies to ask; those whom the draw names when absent.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// When the reviews should be there; in 30 days when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub due: Option<Timestamp>,
    /// Whether we comment once on the reviews before they are final; yes when absent.
    #[serde(default)]
    pub comments: Option<bool>,
    /// Languages of the dossier, BCP 47; when absent those of its evidence, or `en` without any.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// Freezes the assessment and asks the reviewers.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`], [`Error::State`] when the assessment is under another offer, and every rule of
/// the charter that the offer or a reviewer breaks.
pub fn create(context: &Context, new: NewOffer) -> Result<OfferView, Error> {
    let charter = context.charter();
    let level: Level = new.level.parse().map_err(Error::name("/level"))?;
    let scheme = panel::scheme_of(&charter, new.scheme.as_deref(), level)?;
    let named = named(&charter, &new.reviewers)?;
    let view = context.transact(|tx| {
        let sheet = assessments::sheet(tx, &new.assessment)?;
        if sheet.offer.is_some() {
            return Err(Error::State {
                what: "assessment",
                state: "under an offer already".into(),
                needed: "withdraw that offer first, or begin a new assessment",
            });
        }
        let mut offer = offer(context, tx, &sheet, scheme.clone(), level, &new)?;
        let reviewers = drawn(context, tx, &offer, &named)?;
        if let Some(agency) = reviewers.iter().find(|agency| sheet.barred.contains(agency)) {
            return Err(Error::Judged { agency: agency.clone() });
        }
        offer.heads = panel::heads(context, &charter, &reviewers);
        panel::check(&charter, tx, &offer, &reviewers, |row| panel::is_below(&offer.heads, row))?;
        panel::check_wanted(tx, &offer.cluster.id, &reviewers)?;
        let issue = context.issue_key();
        let signed = Signed::sign(offer, context.federation(), &issue)?;
        let verified = signed.verify(context.federation(), &issue.public())?;
        let mut exchange = Exchange::new(&charter, verified)?;
        let id = exchange.offer_hash();
        let mut parties = BTreeMap::new();
        for reviewer in &reviewers {
            exchange.apply(&charter, Event::Offered { reviewer })?;
            parties.insert(reviewer.clone(), Notes { since: context.now(), ..Notes::default() });
            mail::queue(context, tx, reviewer, &Message::Offer { offer: Box::new(signed.clone()) })?;
        }
        anchors::note(context, tx, id, id, &reviewers)?;
        assessments::freeze(tx, &new.assessment, Some(id), context.now())?;
        let (assessment, salt) = (sheet.assessment, salt()?);
        fits_a_message(id, &reviewers[0], &assessment, salt)?;
        let offered = Offered {
            offer: signed,
            exchange,
            sheet: new.assessment.clone(),
            assessment,
            salt,
            parties,
            label: None,
            response: None,
            decision: None,
            verdict: None,
            ended: None,
        };
        item::put(tx, &id.to_string(), &offered)?;
        offered.view(context)
    })?;
    context.queued().notify_one();
    Ok(view)
}

/// The languages that are given, else those of the evidence, else English.
fn languages(sheet: &Sheet, given: &[String]) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let mut found: Vec<String> = Vec::new();
    for language in sheet.assessment.files().filter_map(|(_, file)| file.language.as_ref()) {
        if !found.contains(language) && found.len() < LANGUAGES {
            found.push(language.clone());
        }
    }
    if found.is_empty() { vec!["en".to_owned()] } else { found }
}

/// The dossier goes out by itself later: that it is too large must be said now.
fn fits_a_message(offer: Hash, recipient: &AgencyId, assessment: &Assessment, salt: Hash) -> Result<(), Error> {
    let dossier = Dossier { offer, recipient: recipient.clone(), assessment: assessment.clone(), salt, copy_salt: salt };
    let too_large = || Error::field("/assessment", "its notes are too long for one dossier");
    let bytes = Message::Dossier { dossier: Box::new(dossier) }.encode().map_err(|_| too_large())?;
    if bytes.len() > PLAIN_BYTES { Err(too_large()) } else { Ok(()) }
}

/// Whom to ask: those whom the draw names, where there was one; else those who are named.
fn drawn(context: &Context, tx: &WriteTx, offer: &Offer, named: &[AgencyId]) -> Result<Vec<AgencyId>, Error> {
    let Some(Ranked { ask, .. }) = draws::ranked(context, tx, offer)? else {
        if let Some(error) = draws::is_needed(context, offer.level) {
            return Err(error);
        }
        return if named.is_empty() { Err(Error::field("/reviewers", "name at least one agency")) } else { Ok(named.to_vec()) };
    };
    if ask.is_empty() {
        let state = "at its end: those who are left cannot make up the panel".to_owned();
        return Err(Error::State { what: "draw", state, needed: "begin a new assessment, or wait until others may review" });
    }
    let same = |agency: &AgencyId| ask.contains(agency);
    if named.is_empty() || (named.len() == ask.len() && named.iter().all(same)) { Ok(ask) } else { Err(Error::Undrawn { ask }) }
}

fn named(charter: &Charter, named: &[String]) -> Result<Vec<AgencyId>, Error> {
    if named.len() > limits::ENDORSEMENTS {
        return Err(Error::field("/reviewers", format!("at most {} agencies review one assessment", limits::ENDORSEMENTS)));
    }
    let mut reviewers = Vec::new();
    for text in named {
        let agency: AgencyId = text.parse().map_err(Error::name("/reviewers"))?;
        if reviewers.contains(&agency) {
            return Err(Error::field("/reviewers", format!("{agency} stands twice")));
        }
        if charter.member(&agency).is_none() {
            return Err(Error::Reviewer { agency, cause: Ineligible::NotAMember });
        }
        reviewers.push(agency);
    }
    Ok(reviewers)
}

fn offer(context: &Context, tx: &WriteTx, sheet: &Sheet, scheme: SchemeId, level: Level, new: &NewOffer) -> Result<Offer, Error> {
    let (charter, created) = (context.charter(), context.now());
    let assessment = &sheet.assessment;
    let cluster = clusters::facts(tx, assessment.cluster.as_str())?;
    let mut offer = Offer {
        charter: charter.version,
        owner: context.me().clone(),
        cluster,
        scheme,
        catalogue: assessment.catalogue.clone(),
        level,
        assessed: assessment.month,
        valid_until: assessment.month,
        languages: languages(sheet, &new.languages),
        due: new.due.unwrap_or_else(|| created.plus(DUE_DAYS * 86_400)),
        created,
        salt: salt()?,
        comments: new.comments.unwrap_or(true),
        heads: vec![],
    };
    let rule = offer.rule(&charter)?;
    offer.valid_until = award(tx, rule, sheet, &offer)?;
    Ok(offer)
}

/// Until when the label would be valid, if the cluster may seek it. Scores are not looked at: reviewers decide.
fn award(tx: &WriteTx, rule: &LevelRule, sheet: &Sheet, offer: &Offer) -> Result<Month, Error> {
    sheet.assessment.eligibility.check(&rule.eligibility).map_err(|reasons| Error::Ineligible { level: rule.level, reasons })?;
    let held = register::held(tx, &offer.cluster.id, &offer.scheme, |row| Ok(row.state() != State::Withdrawn))?;
    let unfounded = |cause| Error::Unfounded { scheme: offer.scheme.clone(), level: rule.level, cause };
    validity::award(rule, offer.assessed, &held).map_err(unfounded)
}
