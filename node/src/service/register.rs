//! The public register of labels as this node sees it: what the logs say, and what follows at a date.

use parangon_protocol::charter::Level;
use parangon_protocol::check::Soundness;
use parangon_protocol::id::{AgencyId, ClusterId, LogId, SchemeId};
use parangon_protocol::label::LabelId;
use parangon_protocol::label::status::State;
use parangon_protocol::label::validity::Held;
use parangon_protocol::record::Record;
use parangon_protocol::review::history::Past;
use parangon_protocol::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Context, Error};
use crate::engine::{Fresh, Overview, RegisterRow};
use crate::store::{Source, Tx};

/// What a label is worth at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Valid.
    Valid,
    /// Its quorum or a confirmation is missing.
    Provisional,
    /// From later on.
    NotYetValid,
    /// Its last month is over.
    Expired,
    /// For good.
    Withdrawn,
    /// For now.
    Suspended,
    /// By a newer label.
    Replaced,
    /// Its issuer's log was not confirmed for longer than the charter allows.
    Stale,
    /// It breaks a rule and counts nowhere.
    Void,
}

impl Standing {
    /// As it is written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Provisional => "provisional",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Suspended => "suspended",
            Self::Replaced => "replaced",
            Self::Stale => "stale",
            Self::Void => "void",
        }
    }
}

/// A standing with the reason why it is not *valid*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What it is worth.
    pub standing: Standing,
    /// Why not valid, in words.
    pub because: Option<String>,
}

impl Judgement {
    fn of(standing: Standing, because: impl Into<String>) -> Self {
        Self { standing, because: Some(because.into()) }
    }
}

/// Judges a label at `at` from what is held here. Withdrawals and suspensions count on sight, everything else when it
/// is final (protocol, "Logs and witnesses").
#[must_use]
pub fn judge(row: &RegisterRow, overview: &Overview, at: Timestamp) -> Judgement {
    let label = &row.label;
    match &label.soundness {
        Soundness::Void(flaw) => return Judgement::of(Standing::Void, flaw.to_string()),
        Soundness::Waiting(_) => return Judgement::of(Standing::Provisional, "the keys of an endorser are not known here yet"),
        Soundness::Sound => {}
    }
    let lost = if row.state() == label.state { "" } else { " in records that its log has lost" };
    match row.state() {
        State::Withdrawn => return Judgement::of(Standing::Withdrawn, format!("withdrawn by its issuer{lost}")),
        State::Suspended => return Judgement::of(Standing::Suspended, format!("suspended by its issuer{lost}")),
        State::Superseded => return Judgement::of(Standing::Replaced, "replaced by a newer label"),
        State::Active => {}
    }
    if let Some(because) = provisional(row, overview) {
        return Judgement::of(Standing::Provisional, because);
    }
    if at < label.issued {
        return Judgement::of(Standing::NotYetValid, format!("valid from {}", label.issued));
    }
    if at > label.common.valid_until.last_second() {
        return Judgement::of(Standing::Expired, format!("expired at the end of {}", label.common.valid_until));
    }
    if let Some(Fresh { as_of, until }) = overview.logs.get(&label.log).and_then(|log| log.fresh)
        && at > until
    {
        let because = format!("not confirmed since {as_of}: whether it was withdrawn since is not known");
        return Judgement::of(Standing::Stale, because);
    }
    Judgement { standing: Standing::Valid, because: None }
}

fn provisional(row: &RegisterRow, overview: &Overview) -> Option<String> {
    let label = &row.label;
    let frozen = |log: &LogId| overview.logs.get(log).is_some_and(|log| log.frozen);
    let is_final = |log: &LogId, index: u64| overview.logs.get(log).is_some_and(|log| log.final_size > index);
    // What a quorum had confirmed before a log told two stories stays.
    if frozen(&label.log) && !is_final(&label.log, label.index) {
        return Some(format!("the log of {} told two stories and is frozen", label.log.agency));
    }
    if !is_final(&label.log, label.index) || !is_final(&label.log, label.state_index) {
        return Some(missing_quorum(overview, &label.log));
    }
    for (endorser, _) in &label.endorsements {
        match row.confirmations.get(endorser) {
            None => return Some(format!("{endorser} has not confirmed its endorsement in its log")),
            Some(index) => {
                let log = LogId::first(endorser.clone());
                if overview.logs.get(&log).and_then(|log| log.end).is_some_and(|end| *index >= end) {
                    return Some(format!("{endorser} confirmed its endorsement after it had left the federation"));
                }
                if !is_final(&log, *index) {
                    return Some(missing_quorum(overview, &log));
                }
            }
        }
    }
    None
}

fn missing_quorum(overview: &Overview, log: &LogId) -> String {
    match overview.logs.get(log) {
        Some(held) if held.quorum == 0 => format!("nobody else is there to confirm the log of {}", log.agency),
        Some(held) => format!("{} of {} needed members have confirmed the log of {}", held.cosigned_by.len(), held.quorum, log.agency),
        None => format!("the log of {} is not here yet", log.agency),
    }
}

/// The row of a label.
///
/// # Errors
/// [`Error::NotFound`].
pub fn row<S: Source>(tx: &Tx<S>, id: &LabelId) -> Result<RegisterRow, Error> {
    RegisterRow::read(tx, id)?.ok_or_else(|| Error::missing("label", id))
}

/// Every row of the register, one page at a time.
///
/// # Errors
/// What `each` refuses, or [`Error::Store`].
pub fn each<S: Source>(tx: &Tx<S>, mut each: impl FnMut(RegisterRow) -> Result<(), Error>) -> Result<(), Error> {
    const PAGE: usize = 512;
    let mut after = None;
    loop {
        let page = tx.labels(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (_, bytes) in page {
            each(RegisterRow::parse(&bytes)?)?;
        }
    }
}

/// The label of this cluster and scheme that a new one of `level` would replace: the newest that stands, higher ones
/// that are still valid at `at` left out.
pub(crate) fn replaced<S: Source>(
    tx: &Tx<S>,
    cluster: &ClusterId,
    scheme: &SchemeId,
    level: Level,
    at: Timestamp,
) -> Result<Option<RegisterRow>, Error> {
    let mut best: Option<RegisterRow> = None;
    for id in tx.labels_of(cluster)? {
        let Some(found) = RegisterRow::read(tx, &LabelId(id))? else { continue };
        let label = &found.label;
        let stands = found.state() == State::Active && !matches!(label.soundness, Soundness::Void(_));
        let higher = label.common.level > level && label.common.valid_until >= at.month();
        if stands && !higher && label.common.scheme == *scheme && best.as_ref().is_none_or(|best| best.label.index < label.index) {
            best = Some(found);
        }
    }
    Ok(best)
}

/// The last sound label of this cluster, scheme and level that `counts` takes, whatever became of it.
pub(crate) fn last<S: Source>(
    tx: &Tx<S>,
    cluster: &ClusterId,
    scheme: &SchemeId,
    level: Level,
    counts: impl Fn(&RegisterRow) -> bool,
) -> Result<Option<LabelId>, Error> {
    let mut last: Option<(u64, LabelId)> = None;
    for id in tx.labels_of(cluster)? {
        let Some(row) = RegisterRow::read(tx, &LabelId(id))?.filter(&counts) else { continue };
        let label = &row.label;
        let fits = label.soundness == Soundness::Sound && label.common.scheme == *scheme && label.common.level == level;
        if fits && last.is_none_or(|(index, _)| index < label.index) {
            last = Some((label.index, label.id));
        }
    }
    Ok(last.map(|(_, id)| id))
}

/// What the cluster was given in the scheme by the sound labels that `counts` takes.
pub(crate) fn held<S: Source>(
    tx: &Tx<S>,
    cluster: &ClusterId,
    scheme: &SchemeId,
    counts: impl Fn(&RegisterRow) -> Result<bool, Error>,
) -> Result<Vec<Held>, Error> {
    let mut held = Vec::new();
    for id in tx.labels_of(cluster)? {
        let Some(row) = RegisterRow::read(tx, &LabelId(id))? else { continue };
        let common = &row.label.common;
        if row.label.soundness == Soundness::Sound && common.scheme == *scheme && counts(&row)? {
            held.push(Held { level: common.level, assessed: common.assessed, valid_until: common.valid_until });
        }
    }
    Ok(held)
}

/// What was published in the labels that `counts` takes, for the conflict rules; and how many labels that are. A label that was withdrawn
/// later was reviewed all the same.
pub(crate) fn history<S: Source>(tx: &Tx<S>, counts: impl Fn(&RegisterRow) -> bool) -> Result<(usize, Vec<Past>), Error> {
    let (mut labels, mut history) = (0, Vec::new());
    each(tx, |row| {
        if !matches!(row.label.soundness, Soundness::Void(_)) && counts(&row) {
            labels += 1;
            let common = &row.label.common;
            history.extend(row.label.endorsements.iter().map(|(endorser, _)| Past {
                issued: row.label.issued.month(),
                owner: common.owner.clone(),
                cluster: common.cluster.id.clone(),
                scheme: common.scheme.clone(),
                endorser: endorser.clone(),
            }));
        }
        Ok(())
    })?;
    Ok((labels, history))
}

/// The state a label of ours had at `at`: a later change does not count yet.
pub(crate) fn state_at<S: Source>(tx: &Tx<S>, row: &RegisterRow, at: Timestamp) -> Result<State, Error> {
    let label = &row.label;
    if label.state == State::Active || label.state_index == label.index {
        return Ok(label.state);
    }
    let bytes = tx.record(&label.log, label.state_index)?.ok_or(Error::Damaged { what: "record" })?;
    let changed = match Record::read(&bytes) {
        Ok(Record::Standing(_, standing)) => standing.at,
        Ok(Record::Label(newer)) => newer.issued,
        _ => return Ok(label.state),
    };
    Ok(if changed > at { State::Active } else { label.state })
}

/// How many labels of each level and standing there are, for the metrics.
///
/// # Errors
/// [`Error::Store`].
pub fn tally(context: &Context) -> Result<std::collections::BTreeMap<(Level, Standing), u64>, Error> {
    let (overview, now) = (context.engine().overview(), context.now());
    let mut counts = std::collections::BTreeMap::new();
    each(&context.store().read()?, |row| {
        let standing = judge(&row, &overview, now).standing;
        *counts.entry((row.label.common.level, standing)).or_insert(0) += 1;
        Ok(())
    })?;
    Ok(counts)
}

/// Whether an agency is one of the label's endorsers.
#[must_use]
pub fn endorses(row: &RegisterRow, agency: &AgencyId) -> bool {
    row.label.endorsements.iter().any(|(endorser, _)| endorser == agency)
}
