//! The reminder: one all-day event ninety days before a label's last day (RFC 5545).

use parangon_protocol::time::Timestamp;

use super::facts::Facts;
use super::words::{Language, fill};
use crate::ical::{escaped, line};

const DAY: u64 = 86_400;

/// Days before the end.
const DAYS: u64 = 90;

/// The calendar file.
pub(super) fn write(facts: &Facts, language: Language) -> String {
    let words = language.words();
    let last = facts.valid_until.last_second();
    let mark = |at: Timestamp| -> String { at.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect() };
    let day = |at: Timestamp| mark(at).chars().take(8).collect::<String>();
    let (until, level, id) = (language.date(last), language.level(facts.level), facts.id.to_string());
    let issuer = language.agency(&facts.issuer);
    let values = [
        ("cluster", facts.cluster.as_str()),
        ("scheme", &facts.scheme),
        ("level", level),
        ("until", &until),
        ("issuer", &issuer),
        ("id", &id),
    ];
    let warning = if facts.demonstration { format!("DEMONSTRATION. {} ", words.demonstration) } else { String::new() };
    let summary = fill(words.reminder.summary, &values);
    let summary = if facts.demonstration { format!("DEMONSTRATION: {summary}") } else { summary };
    let description = warning + &fill(words.reminder.description, &values);
    let reminded = Timestamp::from_seconds(last.seconds().saturating_sub(DAYS * DAY)).unwrap_or(last);
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Parangon//Label//EN".to_owned(),
        "CALSCALE:GREGORIAN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{id}@label.parangon"),
        format!("DTSTAMP:{}", mark(facts.issued)),
        format!("DTSTART;VALUE=DATE:{}", day(reminded)),
        format!("SUMMARY;LANGUAGE={language}:{}", escaped(&summary)),
        format!("DESCRIPTION;LANGUAGE={language}:{}", escaped(&description)),
        "TRANSP:TRANSPARENT".to_owned(),
        "BEGIN:VALARM".to_owned(),
        "ACTION:DISPLAY".to_owned(),
        "TRIGGER:PT9H".to_owned(),
        format!("DESCRIPTION:{}", escaped(&summary)),
        "END:VALARM".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    let mut file = String::new();
    lines.iter().for_each(|content| line(&mut file, content));
    file
}
