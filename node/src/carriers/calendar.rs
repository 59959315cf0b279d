//! The reminder: one all-day event on a label's last day, with an alarm ninety days before (RFC 5545).

use parangon_protocol::time::Timestamp;

use super::facts::Facts;
use super::words::{Language, fill};

/// Octets of a line at most, without its end.
const LINE: usize = 75;

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
    lines.iter().map(|line| folded(line)).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ';' | ',') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A line in pieces of at most [`LINE`] octets, never within a character.
fn folded(line: &str) -> String {
    let (mut out, mut used) = (String::with_capacity(line.len() + 8), 0);
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_come_back_whole() {
        let line = format!("SUMMARY:{}", "Łódź ".repeat(40));
        let text = folded(&line);
        assert!(text.split("\r\n").all(|piece| piece.len() <= LINE), "{text}");
        assert_eq!(text.replace("\r\n ", "").trim_end_matches("\r\n"), line);
        assert_eq!(escaped(r"a,b;c\d"), r"a\,b\;c\\d");
    }
}
