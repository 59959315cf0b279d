//! The level is not awarded, and what the cluster may say to that. All of it stays here: the reviewers' nodes hear what they hear of any
//! offer that is over, so that their copies go with receipts, and nobody else hears anything.

use std::collections::BTreeSet;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::limits::TEXT_CHARS;
use parangon_protocol::review::Outcome;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Agreed, OfferView, Offered, What, end, item, load};
use crate::service::roles::Actor;
use crate::service::{Context, Error, assessments, one_line};
use crate::store::WriteTx;

/// What separates hashes of what people decide on from all others.
const APPEAL: &[u8] = b"parangon/appeal-decision/v1\n";

/// Where a refusal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// The level is not awarded.
    Refused,
    /// The cluster appeals.
    Appealed,
    /// The appeal was dismissed: the level is not awarded, for good.
    Dismissed,
    /// The appeal was upheld: others review the assessment.
    Upheld,
}

/// A refusal, kept with its offer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    stand: Stand,
    since: Timestamp,
    /// What the cluster says.
    note: Option<String>,
}

/// A refusal, with what follows.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerdictView {
    /// `refused`, `appealed`, `dismissed` or `upheld`.
    pub state: Stand,
    /// Since when.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// Why it is so.
    pub reason: &'static str,
    /// What the cluster says. Confidential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What to do now.
    pub next_step: &'static str,
}

impl std::fmt::Debug for VerdictView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerdictView({:?})", self.state)
    }
}

/// What the cluster says to a refusal.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appeal {
    /// 1 to 8,000 characters. Line breaks become spaces. It stays with this agency.
    pub note: String,
}

impl std::fmt::Debug for Appeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Appeal")
    }
}

/// What becomes of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// The assessment is thawed, and others review it.
    Uphold,
    /// The level is not awarded, for good.
    Dismiss,
}

impl Stand {
    /// What an offer is called that stands so.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Refused | Self::Dismissed => "refused",
            Self::Appealed => "appealed",
            Self::Upheld => "upheld",
        }
    }
}

impl Verdict {
    pub(super) fn stand(&self) -> Stand {
        self.stand
    }

    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    pub(super) fn view(&self) -> VerdictView {
        let (reason, next_step) = match self.stand {
            Stand::Refused => (
                "the reviews do not carry the level, and this agency does not award it",
                "tell the cluster; when it appeals: parangon label appeal OFFER --note FILE",
            ),
            Stand::Appealed => ("the cluster appeals", "decide on it: parangon label appeal OFFER --uphold, or --dismiss"),
            Stand::Dismissed => ("the appeal was dismissed", "nothing: it stays refused; a new assessment can be begun"),
            Stand::Upheld => ("the appeal was upheld", "ask other agencies: parangon review eligible --assessment ASSESSMENT"),
        };
        VerdictView { state: self.stand, since: self.since, reason, note: self.note.clone(), next_step }
    }
}

impl Offered {
    fn stands(&self, wanted: Stand, needed: &'static str) -> Result<&Verdict, Error> {
        self.verdict.as_ref().filter(|verdict| verdict.stand == wanted).ok_or_else(|| {
            let state = match self.verdict.as_ref().map(|verdict| verdict.stand) {
                Some(Stand::Dismissed) => "refused for good",
                _ => self.state(),
            };
            Error::State { what: "offer", state: state.into(), needed }
        })
    }

    /// Whose review of it came in.
    fn judges(&self) -> BTreeSet<AgencyId> {
        self.parties.iter().filter(|(_, notes)| notes.review.is_some()).map(|(agency, _)| agency.clone()).collect()
    }
}

/// Decides that the level is not awarded. The exchange is over; the assessment stays frozen.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::State`] when the offer is closed, somebody is still at work, no review counts, or the reviews
/// carry the level.
pub async fn refuse(context: &Context, id: &str) -> Result<OfferView, Error> {
    // Not while a label is issued, as for a withdrawal.
    let _one = context.issuing().lock().await;
    let id = id.to_owned();
    let view = context.run(move |context| context.transact(|tx| refused(context, tx, &id))).await?;
    context.queued().notify_one();
    Ok(view)
}

fn refused(context: &Context, tx: &mut WriteTx, id: &str) -> Result<OfferView, Error> {
    let state = |state: String, needed| Err(Error::State { what: "offer", state, needed });
    let mut offered = load(tx, id)?;
    if offered.exchange.outcome() != Outcome::Open {
        return state(offered.state().into(), "only an open offer can be refused");
    }
    if let Some(agency) = offered.pending(context.now()) {
        return state(format!("waiting for {agency}, which has accepted"), "wait for its final review, or for the due date");
    }
    if offered.exchange.reviewed().next().is_none() {
        return state("without a review that counts".into(), "wait for one, or withdraw the offer: parangon review cancel");
    }
    if offered.decide(context)?.is_ok() {
        return state("ready".into(), "its reviews carry the level: issue the label, or withdraw the offer");
    }
    end(context, tx, &mut offered)?;
    offered.verdict = Some(Verdict { stand: Stand::Refused, since: context.now(), note: None });
    item::put(tx, id, &offered)?;
    offered.view(context)
}

/// Records that the cluster appeals.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`] for no note or a long one, or [`Error::State`] when the offer is not refused, or for good.
pub fn appeal(context: &Context, id: &str, appeal: &Appeal) -> Result<OfferView, Error> {
    let note = one_line(&appeal.note);
    if !(1..=TEXT_CHARS).contains(&note.chars().count()) {
        return Err(Error::field("/note", format!("1 to {TEXT_CHARS} characters")));
    }
    context.transact(|tx| {
        let mut offered = load(tx, id)?;
        offered.stands(Stand::Refused, "only a refusal can be appealed against, once")?;
        offered.verdict = Some(Verdict { stand: Stand::Appealed, since: context.now(), note: Some(note) });
        item::put(tx, id, &offered)?;
        offered.view(context)
    })
}

/// Decides on an appeal. Where two people decide, the view says that the first one's decision waits.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when there is no appeal or the first one decided otherwise, [`Error::SamePerson`].
pub fn rule(context: &Context, id: &str, ruling: Ruling, by: &Actor) -> Result<OfferView, Error> {
    let (what, stand) = match ruling {
        Ruling::Uphold => (What::Uphold, Stand::Upheld),
        Ruling::Dismiss => (What::Dismiss, Stand::Dismissed),
    };
    let (agreed, view) = context.transact(|tx| {
        let mut offered = load(tx, id)?;
        let note = offered.stands(Stand::Appealed, "there is no appeal to decide on")?.note.clone();
        let content = Hash::of(&[APPEAL, id.as_bytes(), note.as_deref().unwrap_or_default().as_bytes()]);
        let agreed = offered.agree(context, what, content, by)?;
        if matches!(agreed, Agreed::Both) {
            offered.decision = None;
            offered.verdict = Some(Verdict { stand, since: context.now(), note });
            if stand == Stand::Upheld {
                assessments::thaw_for_others(tx, &offered.sheet, offered.judges(), context.now())?;
            }
        }
        item::put(tx, id, &offered)?;
        let view = offered.view(context)?;
        Ok((agreed, view))
    })?;
    match agreed {
        Agreed::Void { by, at } => Err(Error::VoidDecision { by, at }),
        Agreed::Both | Agreed::First(_) => Ok(view),
    }
}
