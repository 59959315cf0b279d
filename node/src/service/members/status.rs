//! How things stand, a line a subject.

use parangon_protocol::label::status::State;
use parangon_protocol::replica::Progress;
use parangon_protocol::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::charter::RekeyingView;
use super::super::erasure::{self, retention};
use super::super::evidence::{self, Frozen};
use super::super::invitations::{self, InvitationState};
use super::super::mirrors::MirrorState;
use super::super::reminders::{self, Kind};
use super::super::{Context, Error, inbox, labels, outside};
use crate::config::MirrorUrl;
use crate::engine::{RegisterRow, lost_standings};

/// Reminders that are shown one by one.
const REMINDERS: usize = 10;

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// It takes its time.
    Wait,
    /// Somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// One subject. It cannot be built without a reason; what is not `ok` has a next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// What.
    pub subject: String,
    /// How it stands.
    pub state: Severity,
    /// Why.
    pub reason: String,
    /// Since when; the node's start where nothing else is known.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

/// All subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusView {
    /// The worst of them.
    pub state: Severity,
    /// One line each.
    pub lines: Vec<Line>,
}

impl Line {
    fn ok(subject: impl Into<String>, reason: impl Into<String>, since: Timestamp) -> Self {
        Self { subject: subject.into(), state: Severity::Ok, reason: reason.into(), since, next_step: None }
    }

    fn not_ok(subject: impl Into<String>, state: Severity, reason: impl Into<String>, since: Timestamp, next: impl Into<String>) -> Self {
        Self { subject: subject.into(), state, reason: reason.into(), since, next_step: Some(next.into()) }
    }
}

/// How things stand.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn status(context: &Context) -> Result<StatusView, Error> {
    let mut lines = vec![store(context), clock(context), federation(context), log(context)];
    lines.extend(charter(context));
    lines.extend(keys(context));
    lines.extend(outside_witnesses(context)?);
    lines.extend(mirrors(context));
    lines.extend(frozen(context)?);
    lines.extend(lost(context)?);
    lines.extend(questioned(context)?);
    lines.extend(peers(context)?);
    lines.extend(reviews(context)?);
    lines.extend(reminders(context)?);
    lines.extend(guests(context)?);
    lines.extend(keeping(context)?);
    lines.extend(clearing(context)?);
    let state = lines.iter().map(|line| line.state).max().unwrap_or(Severity::Ok);
    Ok(StatusView { state, lines })
}

fn store(context: &Context) -> Line {
    let since = context.started();
    if let Some(line) = recovery(context) {
        return line;
    }
    match context.store().bytes() {
        Ok(bytes) => Line::ok("store", format!("open, {} kB", bytes / 1000), since),
        Err(error) => {
            Line::not_ok("store", Severity::Fail, error.to_string(), since, "put parangon.redb back where it was and restart the node")
        }
    }
}

/// What a node lacks that does not know what it had signed.
fn recovery(context: &Context) -> Option<Line> {
    let progress = context.engine().overview().recovery.clone()?;
    let line = |severity, reason: String, step: &'static str| Line::not_ok("store", severity, reason, context.started(), step);
    if progress.rival {
        let reason = "another node signs with this agency's keys, so this one signs nothing more".to_owned();
        let step = "stop one of the two for good, then start the other one again; if it is a thief: parangon key compromised --role log";
        return Some(line(Severity::Fail, reason, step));
    }
    if progress.other_key {
        let reason = "recovering: this node has an earlier log key than its log states; it signs nothing".to_owned();
        return Some(line(Severity::Fail, reason, "parangon key rotate"));
    }
    let Progress { needed, have, records: (held, seen), .. } = progress;
    let reason = if have < needed {
        format!("recovering: {have} of {needed} needed members have said what this node signed last; it signs nothing until then")
    } else {
        format!("recovering: {held} of {seen} own records are back; this node signs nothing until all are")
    };
    Some(line(Severity::Warn, reason, "nothing: it ends by itself when enough members are connected (parangon peer list)"))
}

fn clock(context: &Context) -> Line {
    let since = context.started();
    match context.clock_behind() {
        0 => Line::ok("clock", "not behind the other members", since),
        seconds => {
            let reason = format!("{seconds} s behind the other members");
            Line::not_ok("clock", Severity::Fail, reason, since, "switch on time synchronisation: sudo timedatectl set-ntp true")
        }
    }
}

fn federation(context: &Context) -> Line {
    let charter = context.charter();
    let (since, count) = (charter.created, charter.members.len());
    let subject = "federation";
    if context.now().month() > charter.review_by {
        let reason = format!("the charter was to be reviewed by {}", charter.review_by);
        return Line::not_ok(subject, Severity::Warn, reason, since, "agree on a new charter version with the other members");
    }
    match count {
        1 => Line::not_ok(subject, Severity::Warn, "one member: labels are never valid", since, "found a federation with others"),
        2..=4 => Line::ok(subject, format!("{count} members: all others must confirm each log, so one that is away delays labels"), since),
        _ => Line::ok(subject, format!("{count} members, charter version {}", charter.version), since),
    }
}

/// An identity key by the members' decision: whoever has the present one must hear of it.
fn rekeying(context: &Context, waiting: &RekeyingView) -> Line {
    let RekeyingView { agency, identity, version, due, objected } = waiting;
    let subject = format!("identity key of {agency}");
    let since = context.started();
    if *objected {
        let reason = format!("version {version} announced another one, and the present one has signed since: it is not lost");
        return Line::not_ok(subject, Severity::Warn, reason, since, format!("parangon federation propose --keep-key {agency}"));
    }
    let reason = format!("version {version} announced that {identity} takes its place; the members can carry it out from {due} on");
    if agency == context.me().as_str() {
        let step = "if this agency has its identity key, object: parangon key rotate; else nothing";
        return Line::not_ok(subject, Severity::Fail, reason, since, step);
    }
    let step = format!("ask {agency} by telephone whether it lost both keys; then: parangon federation propose --rekey CARD");
    Line::not_ok(subject, Severity::Wait, reason, since, step)
}

/// What is voted on, and what is wrong with what holds.
fn charter(context: &Context) -> Vec<Line> {
    let since = context.started();
    let view = super::super::charter::show(context);
    let mut lines = Vec::new();
    if let Some(version) = view.torn {
        let reason = format!("two texts of version {version} were both agreed to; this node follows version {}", view.version);
        let step = "speak with the other members: some agency has voted for both (parangon federation status)";
        lines.push(Line::not_ok("charter", Severity::Fail, reason, since, step));
    }
    for open in super::super::charter::proposals(context).into_iter().filter(|open| open.mine == "open" && !open.votes.failed) {
        let short: String = open.votes.hash.chars().take(8).collect();
        let reason = format!("version {} is proposed and waits for our vote: {}", open.votes.version, open.changes.join("; "));
        lines.push(Line::not_ok(
            format!("proposal {short}"),
            Severity::Wait,
            reason,
            since,
            "parangon federation show --diff, then accept or reject",
        ));
    }
    lines.extend(view.rekeyings.iter().map(|waiting| rekeying(context, waiting)));
    if context.engine().book().awaits_keys(context.me()).is_some() && context.engine().overview().recovery.is_none() {
        let reason = "the charter lists another identity key than the one that signed our key set";
        lines.push(Line::not_ok("identity key", Severity::Warn, reason, since, "parangon key rotate, with the new identity key"));
    }
    for log in view.adopted.iter().filter(|log| log.unknown.is_some()) {
        let reason = format!("follows version {} of the charter, which is not known here", log.unknown.unwrap_or_default());
        let step = "wait for another member to be connected, or bring it: parangon federation apply TRUSTFILE";
        lines.push(Line::not_ok(format!("log of {}", log.agency), Severity::Warn, reason, since, step));
    }
    lines
}

fn log(context: &Context) -> Line {
    let overview = context.engine().overview();
    let since = context.started();
    let subject = "our log";
    match overview.logs.get(&context.own_log()) {
        None => Line::not_ok(subject, Severity::Wait, "it has not begun", since, "wait: the node writes its key set at the first start"),
        Some(log) if log.final_size >= log.size => Line::ok(subject, format!("{} records, all confirmed", log.size), since),
        Some(log) => {
            let reason = format!(
                "{} records, {} confirmed; {} of {} needed members have signed",
                log.size,
                log.final_size,
                log.cosigned_by.len(),
                log.quorum
            );
            Line::not_ok(subject, Severity::Wait, reason, since, "wait until more members are connected: parangon peer list")
        }
    }
}

/// Said only while a rotation waits for something.
fn keys(context: &Context) -> Option<Line> {
    let view = super::super::keys::list(context);
    if view.lost {
        let reason = "this node has earlier keys than its log states: it came back from its recovery sheet or an older backup";
        return Some(Line::not_ok("keys", Severity::Fail, reason, context.started(), "parangon key rotate"));
    }
    let waiting = view.waiting;
    if waiting.is_empty() {
        return None;
    }
    if waiting == ["log"] {
        let reason = "another log key is to begin an epoch; nothing is signed until the others have said what the former one had signed";
        let step = "nothing: it ends by itself when enough members are connected (parangon peer list)";
        return Some(Line::not_ok("keys", Severity::Wait, reason, context.started(), step));
    }
    let reason = format!("a new key waits for the next start: {}", waiting.join(", "));
    Some(Line::not_ok("keys", Severity::Warn, reason, context.started(), "restart the node; until then it works with the former key"))
}

fn outside_witnesses(context: &Context) -> Result<Vec<Line>, Error> {
    let cosigned = outside::all(&context.store().read()?)?;
    let line = |(name, cosigned): (String, outside::Cosigned)| {
        let reason = format!("outside the federation, has cosigned our first {} records; it never counts towards a quorum", cosigned.size);
        Line::ok(format!("witness {name}"), reason, context.started())
    };
    Ok(cosigned.into_iter().map(line).collect())
}

/// Mirrors that this node reads.
fn mirrors(context: &Context) -> Vec<Line> {
    let line = |(url, state): (MirrorUrl, MirrorState)| {
        let subject = format!("mirror {url}");
        match (state.problem, state.read) {
            (Some(problem), _) => {
                let reason = format!("{} ({})", problem.reason, problem.code);
                Line::not_ok(subject, Severity::Warn, reason, problem.since, problem.next_step)
            }
            (None, read) => {
                let reason = format!("read, {} records came from it since the start", state.records);
                Line::ok(subject, reason, read.unwrap_or(context.started()))
            }
        }
    };
    context.mirrors().states().into_iter().map(line).collect()
}

fn frozen(context: &Context) -> Result<Vec<Line>, Error> {
    let line = |Frozen { log, reason, next_step }: Frozen| {
        Line::not_ok(format!("log of {log}"), Severity::Fail, reason, context.started(), next_step)
    };
    Ok(evidence::frozen(context)?.into_iter().map(line).collect())
}

/// Labels that were withdrawn or suspended in records that their log came back without.
fn lost(context: &Context) -> Result<Vec<Line>, Error> {
    let tx = context.store().read()?;
    let mut lines = Vec::new();
    for id in lost_standings(&tx)? {
        let Some(row) = RegisterRow::read(&tx, &id)? else { continue };
        let Some(state) = row.lost else { continue };
        let (word, verb) = if state == State::Suspended { ("suspended", "suspend") } else { ("withdrawn", "withdraw") };
        let owner = &row.label.common.owner;
        let reason = format!("{owner} had {word} it in records that its log has lost; here it counts as {word} still");
        let step = match owner == context.me() {
            true => format!("parangon label {verb} {id}, or the others go on to show it as valid"),
            false => format!("ask {owner} to {verb} it again: who had not seen that shows it as valid"),
        };
        lines.push(Line::not_ok(format!("label {id}"), Severity::Warn, reason, context.started(), step));
    }
    Ok(lines)
}

/// Labels of ours to which somebody objects in public.
fn questioned(context: &Context) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for (id, objections) in labels::questioned(context)? {
        let who = objections.iter().map(|objection| format!("{} ({})", objection.agency, objection.ground.replace('-', " ")));
        let reason = format!("under question: objected to by {}", who.collect::<Vec<_>>().join(", "));
        let since = objections.iter().map(|objection| objection.since).min().unwrap_or(context.started());
        let step = format!("speak with them, then suspend or withdraw it, or leave it as it is: parangon label show {id}");
        lines.push(Line::not_ok(format!("label {id}"), Severity::Warn, reason, since, step));
    }
    Ok(lines)
}

fn peers(context: &Context) -> Result<Vec<Line>, Error> {
    let line = |peer: super::PeerView| {
        let reason = match peer.outbox {
            0 => peer.reason,
            count if peer.connected => format!("{}; {count} messages wait", peer.reason),
            1 => format!("{}; 1 message will be delivered when it is connected", peer.reason),
            count => format!("{}; {count} messages will be delivered when it is connected", peer.reason),
        };
        Line { subject: peer.id, state: peer.state, reason, since: peer.since.unwrap_or(context.started()), next_step: peer.next_step }
    };
    Ok(super::peers(context)?.into_iter().map(line).collect())
}

fn reviews(context: &Context) -> Result<Option<Line>, Error> {
    let since = context.started();
    Ok(match inbox::waiting(context)? {
        (0, _) => None,
        (open, 0) => Some(Line::not_ok("reviews", Severity::Wait, format!("{open} wait for us"), since, "parangon review inbox")),
        (open, late) => {
            Some(Line::not_ok("reviews", Severity::Warn, format!("{open} wait for us, {late} overdue"), since, "parangon review inbox"))
        }
    })
}

/// Of what this node reminds, what is due first; and what one of us decided and another one has to confirm. Who that was, the offer says.
fn reminders(context: &Context) -> Result<Vec<Line>, Error> {
    let said = |waiting: &reminders::ReminderView| waiting.reminder.is_some() || waiting.kind == Kind::SecondPerson;
    let waiting: Vec<_> = reminders::list(context)?.into_iter().filter(said).collect();
    let more = waiting.len().saturating_sub(REMINDERS);
    let line = |waiting: reminders::ReminderView| {
        let short: String = waiting.offer.chars().take(12).collect();
        let severity = if waiting.overdue { Severity::Warn } else { Severity::Wait };
        Line::not_ok(format!("offer {short}"), severity, waiting.reason, waiting.from, waiting.next_step)
    };
    let mut lines: Vec<Line> = waiting.into_iter().take(REMINDERS).map(line).collect();
    if more > 0 {
        let reason = format!("of {more} more things the node reminds");
        lines.push(Line::not_ok("reminders", Severity::Wait, reason, context.started(), "parangon reminders"));
    }
    Ok(lines)
}

/// What the charter's periods of retention end within two weeks.
fn keeping(context: &Context) -> Result<Option<Line>, Error> {
    let due = retention::upcoming(context)?;
    let Some(first) = due.first() else { return Ok(None) };
    let mut parts = Vec::new();
    for (one, many, list) in [
        ("assessment", "assessments", &due.assessments),
        ("copy of a dossier", "copies of dossiers", &due.dossiers),
        ("review of ours", "reviews of ours", &due.reviews),
    ] {
        let ids: Vec<&str> = list.iter().take(3).map(|(id, _)| id.get(..12).unwrap_or(id)).collect();
        let more = if list.len() > ids.len() { ", …" } else { "" };
        match list.len() {
            0 => {}
            1 => parts.push(format!("1 {one} ({})", ids.join(", "))),
            count => parts.push(format!("{count} {many} ({}{more})", ids.join(", "))),
        }
    }
    let reason = format!("deleted within 14 days, from {first} on, as the charter says: {}", parts.join("; "));
    let step = "keep what is still needed: parangon assess export; a review that is not done: parangon review inbox";
    Ok(Some(Line::not_ok("retention", Severity::Wait, reason, context.started(), step)))
}

/// Said only until free pages are cleared.
fn clearing(context: &Context) -> Result<Option<Line>, Error> {
    let count = erasure::clearing(context)?;
    let reason = format!("{count} carried out, and free pages of the store are still to be cleared");
    let step = "nothing: it takes a few seconds; where it stays, free as much disk space as the store has";
    Ok((count > 0).then(|| Line::not_ok("erasure", Severity::Wait, reason, context.started(), step)))
}

/// Agencies that ask to be admitted.
fn guests(context: &Context) -> Result<Vec<Line>, Error> {
    let asks = |view: invitations::InvitationView| {
        let guest = view.guest?;
        let reason = match view.state {
            InvitationState::Rejected => format!("the members did not agree to admit {} ({})", guest.agency, guest.name),
            _ => format!("{} ({}) asks to be admitted; the check words are {}", guest.agency, guest.name, guest.check_words?),
        };
        let step = match view.state {
            InvitationState::Rejected => format!("parangon invite cancel {0}, or propose it again: parangon invite accept {0}", view.id),
            _ => format!("compare the words by telephone, then parangon invite accept {}", view.id),
        };
        Some(Line::not_ok(format!("invite {}", view.id), Severity::Wait, reason, guest.since, step))
    };
    Ok(invitations::waiting(context)?.into_iter().filter_map(asks).collect())
}
