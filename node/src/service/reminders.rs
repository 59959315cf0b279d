//! What waits for one of us, since when, until when, and when that is said again. All of it follows from what is stored: a node that was
//! off reminds as one that was not. The only thing that is kept is up to when the log has said it.

mod rules;

use std::collections::BTreeMap;
use std::time::Duration;

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

pub use rules::{Kind, Occasion, Span};

use super::item::{self, Item};
use super::{Context, Error, inbox, mail, offers};
use crate::store::{Source, Tx};

/// Between two looks for the log.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Characters of an offer's hash that name it.
const PREFIX: usize = 12;

/// Up to when the log has said it.
#[derive(Serialize, Deserialize)]
struct Said {
    until: Timestamp,
}

impl Item for Said {
    const KIND: u8 = 31;
    const WHAT: &'static str = "note on reminders";
}

const LAST: &str = "last";

/// One thing that waits for one of us.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) kind: Kind,
    /// The offer's hash.
    pub(crate) offer: String,
    pub(crate) level: &'static str,
    /// Who waits with us: the agency that asks for a review, or a question.
    pub(crate) agency: Option<AgencyId>,
    /// The question's number.
    pub(crate) number: Option<u32>,
    pub(crate) span: Span,
}

/// One thing that waits for one of us, as it is shown. It names no cluster and no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReminderView {
    /// What is to be done.
    pub kind: Kind,
    /// The offer's hash.
    pub offer: String,
    /// The level sought.
    pub level: &'static str,
    /// Who asks for the review, or asked the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The question's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Since when it waits.
    #[schema(value_type = String)]
    pub from: Timestamp,
    /// Until when it should be done, where there is such a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub due: Option<Timestamp>,
    /// Whether that has come.
    pub overdue: bool,
    /// The newest reminder: `waits-3-days`, `waits-7-days`, `due-in-7-days`, `due-in-3-days`, `due-in-1-day` or `overdue`. Absent while it is
    /// too early for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<String>,
    /// Since when that one holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reminded: Option<Timestamp>,
    /// All of that in words.
    pub reason: String,
    /// What to do, as a command.
    pub next_step: String,
}

impl Waiting {
    /// In words.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        self.span.words(self.kind, now)
    }

    fn short(&self) -> &str {
        self.offer.get(..PREFIX).unwrap_or(&self.offer)
    }

    fn next_step(&self) -> String {
        let id = self.short();
        match self.kind {
            Kind::Answer => format!("parangon review show {id}, then accept or decline"),
            Kind::Review => format!("parangon review dossier {id}, then parangon review submit {id}"),
            Kind::FinalReview => format!("parangon review finalise {id}"),
            Kind::Question => {
                let agency = self.agency.as_ref().map_or("AGENCY", AgencyId::as_str);
                format!("parangon review answer {id} {agency} {} --text FILE", self.number.unwrap_or(1))
            }
            Kind::Response => format!("parangon review respond {id} --text FILE"),
            Kind::Decision => format!("parangon review show {id}, then issue, refuse or cancel"),
            Kind::SecondPerson => format!("another person looks at it and confirms: parangon review show {id}"),
            Kind::Appeal => format!("parangon label appeal {id} --uphold, or --dismiss"),
        }
    }

    fn view(self, now: Timestamp) -> ReminderView {
        let occasion = self.span.occasion(None, now);
        ReminderView {
            kind: self.kind,
            level: self.level,
            number: self.number,
            from: self.span.from,
            due: self.span.due,
            overdue: self.span.is_overdue(now),
            reminder: occasion.map(|(_, occasion)| occasion.to_string()),
            reminded: occasion.map(|(at, _)| at),
            reason: self.words(now),
            next_step: self.next_step(),
            agency: self.agency.map(|agency| agency.to_string()),
            offer: self.offer,
        }
    }
}

/// Everything that waits for one of us, what is due first before the rest.
fn all(context: &Context) -> Result<Vec<Waiting>, Error> {
    let tx = context.store().read()?;
    let mut found = inbox::waits(context, &tx)?;
    found.extend(offers::waits(context, &tx)?);
    let place = |waiting: &Waiting| (waiting.span.due.is_none(), waiting.span.due, waiting.span.from);
    found.sort_by(|a, b| (place(a), &a.offer, a.kind, a.number).cmp(&(place(b), &b.offer, b.kind, b.number)));
    Ok(found)
}

/// Everything that waits for one of us, what is due first before the rest.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<ReminderView>, Error> {
    let now = context.now();
    Ok(all(context)?.into_iter().map(|waiting| waiting.view(now)).collect())
}

/// How much of each kind waits for us, and how much of that is overdue, for the metrics.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn tally(context: &Context) -> Result<BTreeMap<Kind, (u64, u64)>, Error> {
    let now = context.now();
    let mut counts: BTreeMap<Kind, (u64, u64)> = Kind::ALL.into_iter().map(|kind| (kind, (0, 0))).collect();
    for waiting in all(context)? {
        let (all, overdue) = counts.entry(waiting.kind).or_default();
        *all += 1;
        *overdue += u64::from(waiting.span.is_overdue(now));
    }
    Ok(counts)
}

/// That messages of ours about an offer wait for an agency whose node is not connected.
pub(crate) fn delivery<S: Source>(context: &Context, tx: &Tx<S>, to: &AgencyId, offer: &Hash) -> Result<Option<String>, Error> {
    if context.carrier().links().iter().any(|link| link.agency == *to && link.is_connected()) {
        return Ok(None);
    }
    let count = tx.outbox_numbers(to, |message| mail::offer_of(message).is_ok_and(|of| of == *offer))?.len();
    Ok(match count {
        0 => None,
        1 => Some(format!("1 message will be delivered when {to} is connected")),
        count => Some(format!("{count} messages will be delivered when {to} is connected")),
    })
}

/// Says in the log what has come since it last did, until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => {} // the first comes at once
        }
        if let Err(error) = context.run(remind).await {
            tracing::warn!(%error, code = error.code(), "what waits could not be looked at; it is tried again");
        }
    }
}

/// One look: what it said, by offer. A node that stops between the log and the note says it twice, never not at all.
pub(crate) fn remind(context: &Context) -> Result<Vec<(String, Occasion)>, Error> {
    let seen = item::find::<Said, _>(&context.store().read()?, LAST)?.map(|said| said.until);
    let now = context.now();
    let mut said = Vec::new();
    for waiting in all(context)? {
        let Some((_, occasion)) = waiting.span.occasion(seen, now) else { continue };
        let (offer, kind) = (waiting.short().to_owned(), waiting.kind.as_str());
        if occasion == Occasion::Overdue {
            tracing::warn!(%offer, kind, reminder = %occasion, "waits for us and is overdue: parangon reminders");
        } else {
            tracing::info!(%offer, kind, reminder = %occasion, "waits for us: parangon reminders");
        }
        said.push((offer, occasion));
    }
    if !said.is_empty() {
        context.transact(|tx| item::put(tx, LAST, &Said { until: now }))?;
    }
    Ok(said)
}
