//! A calendar file of what waits (RFC 5545). Calendars are shared more widely than inboxes: it has the level, the due date and what is to
//! be done, no cluster, no agency and no offer. The same reminders give the same bytes, and one thing keeps its UID.

use parangon_node::ical::{escaped, line};
use parangon_protocol::id::Hash;
use parangon_protocol::time::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::fields::{plain, text};

/// How the file begins.
pub(super) const BEGIN: &str = "BEGIN:VCALENDAR\r\n";

/// What separates UIDs from other hashes.
const UID: &[u8] = b"parangon/reminder-uid/v1\n";

/// An event for each due date, with alarms before it, and a to-do for what has none.
pub(super) fn calendar(reminders: &[Value]) -> Result<String, Failure> {
    let mut file = BEGIN.to_owned();
    line(&mut file, "VERSION:2.0");
    line(&mut file, "PRODID:-//Parangon//Reminders//EN");
    for reminder in reminders {
        entry(&mut file, reminder)?;
    }
    line(&mut file, "END:VCALENDAR");
    Ok(file)
}

fn entry(file: &mut String, reminder: &Value) -> Result<(), Failure> {
    let (from, due) = (time(reminder, "from")?, plain(reminder, "due").map(|_| time(reminder, "due")).transpose()?);
    let component = if due.is_some() { "VEVENT" } else { "VTODO" };
    line(file, &format!("BEGIN:{component}"));
    line(file, &format!("UID:{}", uid(reminder)));
    line(file, &format!("DTSTAMP:{}", basic(from)));
    line(file, &format!("DTSTART:{}", basic(due.unwrap_or(from))));
    let summary = format!("Parangon: {} ({})", what(reminder), text(reminder, "level"));
    line(file, &format!("SUMMARY:{}", escaped(&summary)));
    if due.is_some() {
        line(file, "TRANSP:TRANSPARENT");
        for days in [7, 3, 1] {
            for part in ["BEGIN:VALARM", "ACTION:DISPLAY", &format!("TRIGGER:-P{days}D")] {
                line(file, part);
            }
            line(file, &format!("DESCRIPTION:{}", escaped(&summary)));
            line(file, "END:VALARM");
        }
    }
    line(file, &format!("END:{component}"));
    Ok(())
}

/// What is to be done, for people. A kind that a newer node knows is said in general.
fn what(reminder: &Value) -> &'static str {
    match plain(reminder, "kind") {
        Some("answer") => "answer an offer",
        Some("review") => "review a dossier",
        Some("final-review") => "make a review final",
        Some("question") => "answer a question",
        Some("response") => "respond to the reviews",
        Some("decision") => "decide on a label",
        Some("second-person") => "confirm a decision",
        Some("appeal") => "decide on an appeal",
        _ => "look at what waits",
    }
}

/// The same for the same thing, whenever it is written; it tells nothing of it.
fn uid(reminder: &Value) -> String {
    let parts: Vec<String> = ["kind", "offer", "agency", "number"].iter().map(|name| text(reminder, name)).collect();
    let hash = Hash::of(&[UID, parts.join("\n").as_bytes()]).to_string();
    format!("{}@parangon.invalid", hash.chars().take(32).collect::<String>())
}

fn time(reminder: &Value, name: &str) -> Result<Timestamp, Failure> {
    text(reminder, name).parse().map_err(|error| Failure::failed(format!("the node's answer: {error}")))
}

/// `20261124T050000Z`.
fn basic(time: Timestamp) -> String {
    time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reminder() -> Value {
        json!({
            "kind": "review", "offer": "9b2e".repeat(16), "level": "GOLD", "agency": "lyon", "from": "2026-11-01T12:00:00Z",
            "due": "2026-12-01T12:00:00Z", "overdue": false, "reason": "waits for your review", "next_step": "parangon review dossier 9b2e",
        })
    }

    fn unfolded(file: &str) -> Vec<String> {
        file.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_due_date_is_an_event_with_alarms_and_tells_nothing_else() {
        let file = calendar(&[reminder()]).expect("a calendar");
        let lines = unfolded(&file);
        assert!(file.starts_with(BEGIN) && file.ends_with("END:VCALENDAR\r\n"));
        for wanted in [
            "BEGIN:VEVENT",
            "DTSTAMP:20261101T120000Z",
            "DTSTART:20261201T120000Z",
            "SUMMARY:Parangon: review a dossier (GOLD)",
            "TRIGGER:-P7D",
            "TRIGGER:-P3D",
            "TRIGGER:-P1D",
            "END:VEVENT",
        ] {
            assert_eq!(lines.iter().filter(|line| *line == wanted).count(), 1, "{wanted} in {file}");
        }
        assert!(!file.contains("lyon") && !file.contains("9b2e"), "{file}");
    }

    #[test]
    fn what_has_no_due_date_is_a_to_do() {
        let mut open = reminder();
        open["due"] = Value::Null;
        let lines = unfolded(&calendar(&[open]).expect("a calendar"));
        assert!(lines.contains(&"BEGIN:VTODO".to_owned()) && lines.contains(&"DTSTART:20261101T120000Z".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("VEVENT") || line.contains("VALARM")), "{lines:?}");
    }

    #[test]
    fn a_uid_stays_and_no_two_things_share_one() {
        let later = json!({ "reason": "has waited 3 days", "overdue": true });
        let mut again = reminder();
        for name in ["reason", "overdue"] {
            again[name] = later[name].clone();
        }
        assert_eq!(uid(&reminder()), uid(&again));
        for (name, value) in [("kind", json!("answer")), ("offer", json!("0000")), ("agency", json!("porto")), ("number", json!(1))] {
            let mut other = reminder();
            other[name] = value;
            assert_ne!(uid(&reminder()), uid(&other), "{name}");
        }
    }

    #[test]
    fn an_answer_that_is_none_is_refused() {
        let mut bad = reminder();
        bad["due"] = json!("tomorrow");
        assert!(calendar(&[bad]).is_err());
    }

    #[test]
    fn a_node_that_lies_adds_no_line_of_its_own() {
        let mut lying = reminder();
        lying["level"] = json!("GOLD\r\nATTENDEE:mailto:x@example.org");
        assert!(unfolded(&calendar(&[lying]).expect("a calendar")).iter().all(|line| !line.starts_with("ATTENDEE")));
    }
}
