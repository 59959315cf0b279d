//! Who may review, as far as this node can tell: the charter, what was published, and the one agency that the cluster itself objects to.

use parangon_protocol::charter::{Charter, Level};
use parangon_protocol::check;
use parangon_protocol::id::{AgencyId, ClusterId, LogId, SchemeId};
use parangon_protocol::label::HeadRef;
use parangon_protocol::message::Head;
use parangon_protocol::review::Offer;
use parangon_protocol::review::history::{self, Answer};
use parangon_protocol::review::panel::Case;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Context, Error, assessments, clusters, register};
use crate::engine::RegisterRow;
use crate::store::{Source, Tx};

/// An agency that could be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EligibleView {
    /// Who.
    pub agency: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// Whether it counts as a reviewer from abroad.
    pub abroad: bool,
    /// Whether the conflict rules allow it.
    pub eligible: bool,
    /// Whether they do so only because too few others are left.
    pub waived: bool,
    /// Why not, or what was waived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// For what reviewers are sought.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The label system; the charter's, when it has only one.
    pub scheme: Option<String>,
    /// `BRONZE`, `SILVER` or `GOLD`.
    pub level: String,
    /// One of our clusters: then what was published about that counts too, and to whom it objects.
    pub cluster: Option<String>,
    /// One of its assessments: then also who reviewed that before an appeal was upheld.
    pub assessment: Option<String>,
}

/// Every member, with whether it may review for us at this level.
///
/// # Errors
/// [`Error::Field`] for a scheme or level that the charter does not have, [`Error::NotFound`] for the cluster or the assessment.
pub fn eligible(context: &Context, wanted: &Wanted) -> Result<Vec<EligibleView>, Error> {
    let Wanted { scheme, level, cluster, assessment } = wanted;
    let charter = context.charter();
    let level: Level = level.parse().map_err(Error::name("/level"))?;
    let scheme = scheme_of(&charter, scheme.as_deref(), level)?;
    let rule = charter.rule(&scheme, level).ok_or_else(|| Error::field("/level", format!("{scheme} has no rule for {level}")))?;
    let tx = context.store().read()?;
    let sheet = assessment.as_deref().map(|id| assessments::sheet(&tx, id)).transpose()?;
    let cluster = sheet.as_ref().map(|sheet| sheet.assessment.cluster.to_string()).or_else(|| cluster.clone());
    let cluster = cluster.map(|cluster| clusters::facts(&tx, &cluster)).transpose()?.map(|facts| facts.id);
    let barred = sheet.map(|sheet| sheet.barred).unwrap_or_default();
    let unwanted = cluster.as_ref().map(|cluster| clusters::objection(&tx, cluster)).transpose()?.flatten();
    let (_, past) = register::history(&tx, |_| true)?;
    let case = Case { owner: context.me(), cluster: cluster.as_ref(), scheme: &scheme, at: context.now().month() };
    let home = charter.member(context.me()).map(|member| member.country.clone());
    let view = |(agency, answer): (AgencyId, Answer)| {
        let member = charter.member(&agency)?;
        let is_barred = barred.contains(&agency);
        let wanted = unwanted.as_ref() != Some(&agency) && !is_barred;
        Some(EligibleView {
            agency: agency.to_string(),
            name: member.name.to_string(),
            country: member.country.to_string(),
            abroad: Some(&member.country) != home.as_ref(),
            eligible: answer.is_eligible() && wanted,
            waived: matches!(answer, Answer::Waived(_)) && wanted,
            reason: match answer {
                Answer::Ineligible(cause) => Some(cause.to_string()),
                _ if is_barred => Some("it reviewed this assessment before, and an appeal against that was upheld".to_owned()),
                _ if !wanted => Some("the cluster objects to it".to_owned()),
                Answer::Eligible => None,
                Answer::Waived(objection) => {
                    Some(format!("{objection}; allowed, because too few others are left, and shown with the label"))
                }
                Answer::Objected(objection) => Some(objection.to_string()),
            },
        })
    };
    Ok(history::explain(&charter, rule, &past, case).into_iter().filter_map(view).collect())
}

/// Whether a label stands below the heads on which the rules were computed. Logs of which no head is named count whole.
pub(crate) fn is_below(heads: &[HeadRef], row: &RegisterRow) -> bool {
    let head = heads.iter().find(|head| head.log.agency == row.label.log.agency);
    head.is_none_or(|head| row.label.index < head.size)
}

/// Refuses the first of these agencies that may not review what the offer is about, by the charter or by the labels that `counts` takes.
///
/// # Errors
/// [`Error::Reviewer`] or [`Error::Objected`].
pub(crate) fn check<'a, S: Source>(
    charter: &Charter,
    tx: &Tx<S>,
    offer: &Offer,
    reviewers: impl IntoIterator<Item = &'a AgencyId>,
    counts: impl Fn(&RegisterRow) -> bool,
) -> Result<(), Error> {
    let (_, past) = register::history(tx, counts)?;
    let rule = offer.rule(charter)?;
    for reviewer in reviewers {
        match history::answer(charter, rule, &past, offer.case(), reviewer) {
            Answer::Ineligible(cause) => return Err(Error::Reviewer { agency: reviewer.clone(), cause }),
            Answer::Objected(objection) => return Err(Error::Objected { agency: reviewer.clone(), objection }),
            Answer::Eligible | Answer::Waived(_) => {}
        }
    }
    Ok(())
}

/// Refuses agencies that the cluster objects to.
///
/// # Errors
/// [`Error::Unwanted`].
pub(crate) fn check_wanted<S: Source>(tx: &Tx<S>, cluster: &ClusterId, reviewers: &[AgencyId]) -> Result<(), Error> {
    match clusters::objection(tx, cluster)?.filter(|agency| reviewers.contains(agency)) {
        Some(agency) => Err(Error::Unwanted { agency }),
        None => Ok(()),
    }
}

/// The logs of these agencies, and of others under their parents, as they stand here: what the rules from history are computed on.
pub(crate) fn heads(context: &Context, charter: &Charter, agencies: &[AgencyId]) -> Vec<HeadRef> {
    let (overview, book) = (context.engine().overview(), context.engine().book());
    let asked = |agency: &AgencyId| agencies.iter().any(|other| charter.group(other) == charter.group(agency));
    let head = |agency: &AgencyId| {
        let log = LogId::first(agency.clone());
        let note = overview.logs.get(&log)?.head.clone()?;
        let checked = check::head(&book, &Head { log: log.clone(), note }).ok()?;
        Some(HeadRef { log, size: checked.checkpoint().size, root: checked.checkpoint().root })
    };
    charter.members.iter().map(|member| &member.id).filter(|agency| asked(agency)).filter_map(head).collect()
}

/// The scheme of that name, or the charter's only one.
pub(crate) fn scheme_of(charter: &Charter, scheme: Option<&str>, level: Level) -> Result<SchemeId, Error> {
    let listed = || charter.schemes.iter().map(|scheme| scheme.id.as_str()).collect::<Vec<_>>().join(", ");
    match (scheme, &charter.schemes[..]) {
        (Some(id), _) => {
            let id: SchemeId = id.parse().map_err(Error::name("/scheme"))?;
            match charter.schemes.iter().any(|scheme| scheme.id == id) {
                true => Ok(id),
                false => Err(Error::field("/scheme", format!("the charter has {}", listed()))),
            }
        }
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => Err(Error::field("/scheme", format!("name the scheme of {level}: {}", listed()))),
    }
}
