//! A draw of ours as people see it, and whom it says to ask.

use parangon_protocol::charter::LevelRule;
use parangon_protocol::id::AgencyId;
use parangon_protocol::review::Offer;
use parangon_protocol::review::draw::{Draw, Drawn, How, choice};
use parangon_protocol::review::history::{Answer, answer, explain};
use parangon_protocol::review::panel::Case;
use parangon_protocol::time::{Month, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::owner::asked;
use super::{Called, find, item, with_keys};
use crate::engine::RegisterRow;
use crate::service::assessments::Sheet;
use crate::service::{Context, Error, clusters, offers, panel, register};
use crate::store::{ReadTx, Source, Tx};

/// A draw that we called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DrawView {
    /// The call's hash: names it.
    pub id: String,
    /// Our assessment.
    pub assessment: String,
    /// The cluster.
    pub cluster: String,
    /// The label system.
    pub scheme: String,
    /// The level sought.
    pub level: &'static str,
    /// Month of the assessment.
    #[schema(value_type = String)]
    pub assessed: Month,
    /// `called`, `committing`, `opening`, `drawn` or `failed`.
    pub state: &'static str,
    /// What comes next, in words.
    pub next_step: String,
    /// Until when agencies commit to values.
    #[schema(value_type = String)]
    pub until: Timestamp,
    /// Agencies that are asked for a value, in the order in which values count: `asked`, `committed`, `ready` (others hold enough shares to open
    /// it), then `opened`, `recovered` (it was withheld) or `void`.
    pub contributors: Vec<ContributorView>,
    /// Everybody who may review, in the order in which the owner asks. Empty until it is drawn.
    pub ranking: Vec<String>,
    /// Whom to ask now: whoever declined before is left out.
    pub ask: Vec<String>,
}

/// An agency's part in a draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContributorView {
    /// Who.
    pub agency: String,
    /// How far it is.
    pub state: &'static str,
}

/// A ranking with those who are left.
pub(crate) struct Ranked {
    /// Everybody eligible by what is public, in order.
    pub(crate) ranking: Vec<AgencyId>,
    /// Whom to ask now.
    pub(crate) ask: Vec<AgencyId>,
}

/// Those whom the public rules allow at the heads that the call names, in the order of the draw.
fn ranking<S: Source>(context: &Context, tx: &Tx<S>, drawn: &Drawn, counts: impl Fn(&RegisterRow) -> bool) -> Result<Vec<AgencyId>, Error> {
    let call = drawn.call();
    let charter = context.charter_version(call.charter)?;
    let Some(rule) = charter.rule(&call.scheme, call.level) else { return Ok(Vec::new()) };
    let (_, past) = register::history(tx, |row| panel::is_below(&call.heads, row) && counts(row))?;
    let case = Case { owner: &call.owner, cluster: Some(&call.cluster), scheme: &call.scheme, at: call.assessed };
    let eligible: Vec<AgencyId> = explain(&charter, rule, &past, case)
        .into_iter()
        .filter(|(_, answer): &(_, Answer)| answer.is_eligible())
        .map(|(agency, _)| agency)
        .collect();
    Ok(drawn.ranking(&eligible))
}

/// The ranking that a draw of anybody's gives, with the history that `counts` takes.
///
/// # Errors
/// [`Error::Draw`] when its evidence does not hold, [`Error::KeysUnknown`].
pub(crate) fn recount(context: &Context, tx: &ReadTx, draw: &Draw, counts: impl Fn(&RegisterRow) -> bool) -> Result<Vec<AgencyId>, Error> {
    let charter = context.charter_version(draw.call.body.charter)?;
    let drawn = with_keys(context, |keys| draw.verify(&charter, keys))?;
    ranking(context, tx, &drawn, counts)
}

impl Called {
    fn drawn(&self, context: &Context) -> Result<Option<Drawn>, Error> {
        let Some(draw) = &self.draw else { return Ok(None) };
        let charter = context.charter_version(self.call.body.charter)?;
        with_keys(context, |keys| draw.verify(&charter, keys)).map(Some)
    }

    /// The ranking, and whom to ask when those who declined in earlier offers, whom the cluster does not want, and who reviewed before an
    /// appeal are left out.
    fn ranked<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<Option<Ranked>, Error> {
        let Some(drawn) = self.drawn(context)? else { return Ok(None) };
        let (call, charter) = (&self.call.body, context.charter_version(self.call.body.charter)?);
        let ranking = ranking(context, tx, &drawn, |_| true)?;
        let mut gone = offers::gone(tx, call)?;
        gone.extend(clusters::objection(tx, &call.cluster)?);
        gone.extend(item::find::<Sheet, S>(tx, &self.assessment)?.map(|sheet| sheet.barred).unwrap_or_default());
        // Who may not be asked today for what was published since.
        let (_, past) = register::history(tx, |_| true)?;
        let today = context.charter();
        if let Some(rule) = today.rule(&call.scheme, call.level) {
            let case = Case { owner: &call.owner, cluster: Some(&call.cluster), scheme: &call.scheme, at: call.assessed };
            gone.extend(ranking.iter().filter(|agency| !answer(&today, rule, &past, case, agency).is_eligible()).cloned());
        }
        let case = Case { owner: &call.owner, cluster: Some(&call.cluster), scheme: &call.scheme, at: call.assessed };
        let next = |rule: &LevelRule| choice::next(&charter, rule, case, &ranking, &[], &gone).unwrap_or_default();
        let ask = charter.rule(&call.scheme, call.level).map(next).unwrap_or_default();
        Ok(Some(Ranked { ranking, ask }))
    }

    pub(super) fn view<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<DrawView, Error> {
        let (call, parties) = (&self.call.body, self.parties(context)?);
        let (state, next_step) = match (&self.failed, &self.draw, &self.selection, self.sent) {
            (Some(reason), ..) => ("failed", format!("ask without a draw: {reason}")),
            (_, Some(_), ..) => ("drawn", "ask for the reviews".to_owned()),
            (_, _, Some(_), _) => ("opening", "the values are being opened".to_owned()),
            (_, _, None, Some(_)) => ("committing", format!("other agencies commit to values, until {} at the latest", call.until)),
            (_, _, None, None) => ("called", "it is sent when this day's anchor is in the log, after midnight (UTC)".to_owned()),
        };
        let ranked = self.ranked(context, tx)?;
        let names = |agencies: &[AgencyId]| agencies.iter().map(ToString::to_string).collect::<Vec<_>>();
        let done = self.drawn(context)?;
        let how = |agency: &AgencyId| {
            let found = done.as_ref().and_then(|drawn| drawn.contributions().iter().find(|part| part.contributor == *agency));
            let waiting = match self.commitments.contains_key(agency) {
                true if self.is_ready(&parties, agency) => "ready",
                true => "committed",
                false => "asked",
            };
            found.map_or(waiting, |part| match part.how {
                How::Opened => "opened",
                How::Recovered => "recovered",
                How::Void => "void",
            })
        };
        Ok(DrawView {
            id: parties.call().to_string(),
            assessment: self.assessment.clone(),
            cluster: call.cluster.to_string(),
            scheme: call.scheme.to_string(),
            level: call.level.as_str(),
            assessed: call.assessed,
            state,
            next_step,
            until: call.until,
            contributors: asked(&parties).iter().map(|agency| ContributorView { agency: agency.to_string(), state: how(agency) }).collect(),
            ranking: names(ranked.as_ref().map_or(&[], |ranked| &ranked.ranking)),
            ask: names(ranked.as_ref().map_or(&[], |ranked| &ranked.ask)),
        })
    }
}

/// What the draw for this offer says, where it is drawn.
pub(crate) fn ranked<S: Source>(context: &Context, tx: &Tx<S>, offer: &Offer) -> Result<Option<Ranked>, Error> {
    match find(tx, offer)? {
        Some(called) => called.ranked(context, tx),
        None => Ok(None),
    }
}

/// Every draw of ours, the newest last.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<DrawView>, Error> {
    let tx = context.store().read()?;
    let mut found = Vec::new();
    item::each::<Called, _>(&tx, |_, called| {
        found.push((called.call.body.created, called.view(context, &tx)?));
        Ok(())
    })?;
    found.sort_by(|(a, x), (b, y)| (a, &x.id).cmp(&(b, &y.id)));
    Ok(found.into_iter().map(|(_, view)| view).collect())
}

/// One of them.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<DrawView, Error> {
    let tx = context.store().read()?;
    item::get::<Called, _>(&tx, id)?.view(context, &tx)
}
