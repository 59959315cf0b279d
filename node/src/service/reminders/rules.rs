//! When something that waits is said again, and in which words. Nothing here knows a clock or a store: everything follows from since
//! when it waits, until when it should be done, and now.

use std::fmt;

use parangon_protocol::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

const DAY: u64 = 86_400;

/// Days after which something that waits is said again.
const AFTER: [u64; 2] = [3, 7];

/// Days before its due date at which it is.
const BEFORE: [u64; 3] = [7, 3, 1];

/// What waits for one of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An offer of another agency, for our answer.
    Answer,
    /// A dossier, for our review.
    Review,
    /// Our draft, to be made final.
    FinalReview,
    /// A reviewer's question.
    Question,
    /// Reviews on which the owner comments once.
    Response,
    /// An offer whose reviews are in: a label, a refusal, or another offer.
    Decision,
    /// What one of us decided, for a second person.
    SecondPerson,
    /// An appeal of a cluster.
    Appeal,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Answer, Self::Review, Self::FinalReview, Self::Question, Self::Response, Self::Decision, Self::SecondPerson, Self::Appeal];

    /// As it is written where programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Review => "review",
            Self::FinalReview => "final-review",
            Self::Question => "question",
            Self::Response => "response",
            Self::Decision => "decision",
            Self::SecondPerson => "second-person",
            Self::Appeal => "appeal",
        }
    }

    /// What it waits for.
    fn awaited(self) -> &'static str {
        match self {
            Self::Answer => "your answer",
            Self::Review => "your review",
            Self::FinalReview => "your final review",
            Self::Question => "your answer to a question",
            Self::Response => "your response to the reviews",
            Self::Decision => "your decision",
            Self::SecondPerson => "a second person (1 of 2 have decided)",
            Self::Appeal => "your decision on the appeal",
        }
    }
}

/// Why it is said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// It has waited so many days.
    Waits(u64),
    /// It is due in so many days.
    Due(u64),
    /// It is overdue.
    Overdue,
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waits(days) => write!(f, "waits-{days}-days"),
            Self::Due(1) => f.write_str("due-in-1-day"),
            Self::Due(days) => write!(f, "due-in-{days}-days"),
            Self::Overdue => f.write_str("overdue"),
        }
    }
}

/// For how long something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Since when.
    pub from: Timestamp,
    /// Until when it should be done, where there is such a date.
    pub due: Option<Timestamp>,
}

impl Span {
    /// Whether the due date has come.
    #[must_use]
    pub fn is_overdue(self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Every moment at which it is said again. What would fall before it began, or after it is overdue, is not.
    fn occasions(self) -> impl Iterator<Item = (Timestamp, Occasion)> {
        let Self { from, due } = self;
        let after = AFTER.into_iter().map(move |days| (from.plus(days * DAY), Occasion::Waits(days)));
        let after = after.filter(move |(at, _)| due.is_none_or(|due| *at < due));
        let before = due.into_iter().flat_map(|due| BEFORE.into_iter().map(move |days| (days, due)));
        let before = before.filter_map(move |(days, due)| {
            let at = due.seconds().checked_sub(days * DAY).and_then(Timestamp::from_seconds)?;
            (at > from).then_some((at, Occasion::Due(days)))
        });
        // What is overdue when it begins, is from its beginning.
        after.chain(before).chain(due.map(|due| (due.max(from), Occasion::Overdue)))
    }

    /// The newest of these moments that has come by `now` and, where `seen` is given, not by then.
    #[must_use]
    pub fn occasion(self, seen: Option<Timestamp>, now: Timestamp) -> Option<(Timestamp, Occasion)> {
        self.occasions().filter(|(at, _)| *at <= now && seen.is_none_or(|seen| seen < *at)).max()
    }

    /// "has waited 3 days for your answer; due in 4 days".
    #[must_use]
    pub fn words(self, kind: Kind, now: Timestamp) -> String {
        let awaited = kind.awaited();
        let mut words = match now.since(self.from) / DAY {
            0 => format!("waits for {awaited}"),
            count => format!("has waited {} for {awaited}", days(count)),
        };
        if let Some(due) = self.due {
            words.push_str("; ");
            words.push_str(&if due > now { due_in(due.since(now) / DAY) } else { overdue(now.since(due) / DAY) });
        }
        words
    }
}

fn days(count: u64) -> String {
    format!("{count} day{}", if count == 1 { "" } else { "s" })
}

fn due_in(count: u64) -> String {
    if count == 0 { "due in less than a day".to_owned() } else { format!("due in {}", days(count)) }
}

fn overdue(count: u64) -> String {
    if count == 0 { "overdue since today".to_owned() } else { format!("overdue by {}", days(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn at(day: u64, hour: u64) -> Timestamp {
        "2026-11-01T12:00:00Z".parse::<Timestamp>().expect("a time").plus(day * DAY + hour * HOUR)
    }

    fn said(span: Span) -> Vec<(Timestamp, String)> {
        let mut all: Vec<_> = span.occasions().collect();
        all.sort();
        all.into_iter().map(|(at, occasion)| (at, occasion.to_string())).collect()
    }

    fn expected(list: &[(u64, &str)]) -> Vec<(Timestamp, String)> {
        list.iter().map(|(day, occasion)| (at(*day, 0), (*occasion).to_owned())).collect()
    }

    #[test]
    fn a_month_has_five_reminders_and_then_it_is_overdue() {
        let month = Span { from: at(0, 0), due: Some(at(30, 0)) };
        let list =
            [(3, "waits-3-days"), (7, "waits-7-days"), (23, "due-in-7-days"), (27, "due-in-3-days"), (29, "due-in-1-day"), (30, "overdue")];
        assert_eq!(said(month), expected(&list));
    }

    #[test]
    fn what_has_no_due_date_is_said_again_twice() {
        assert_eq!(said(Span { from: at(0, 0), due: None }), expected(&[(3, "waits-3-days"), (7, "waits-7-days")]));
    }

    #[test]
    fn nothing_is_said_before_it_began_or_when_it_is_overdue() {
        let short = Span { from: at(0, 0), due: Some(at(3, 0)) };
        assert_eq!(said(short), expected(&[(2, "due-in-1-day"), (3, "overdue")]));
        let late = Span { from: at(5, 0), due: Some(at(3, 0)) };
        assert_eq!(said(late), expected(&[(5, "overdue")]), "overdue from its beginning");
        let epoch = Span { from: Timestamp::default(), due: Some(Timestamp::default()) };
        assert_eq!(said(epoch), [(Timestamp::default(), "overdue".to_owned())]);
    }

    #[test]
    fn each_is_said_once_and_of_several_that_were_missed_the_newest() {
        let month = Span { from: at(0, 0), due: Some(at(30, 0)) };
        let newest = |seen, now| month.occasion(seen, now).map(|(_, occasion)| occasion.to_string());
        assert_eq!(newest(None, at(2, 23)), None);
        assert_eq!(newest(None, at(3, 0)).as_deref(), Some("waits-3-days"));
        assert_eq!(newest(Some(at(2, 23)), at(3, 0)).as_deref(), Some("waits-3-days"));
        assert_eq!(newest(Some(at(3, 0)), at(6, 23)), None, "said once");
        assert_eq!(newest(Some(at(3, 0)), at(28, 0)).as_deref(), Some("due-in-3-days"));
        assert_eq!(newest(Some(at(30, 0)), at(400, 0)), None, "once when overdue");
        assert_eq!(newest(None, at(400, 0)).as_deref(), Some("overdue"));
    }

    #[test]
    fn of_two_at_once_the_due_date_is_said() {
        let span = Span { from: at(0, 0), due: Some(at(10, 0)) };
        assert_eq!(span.occasion(None, at(3, 0)).map(|(_, occasion)| occasion), Some(Occasion::Due(7)));
    }

    #[test]
    fn the_words_count_whole_days() {
        let week = Span { from: at(0, 0), due: Some(at(7, 0)) };
        for (day, hour, words) in [
            (0, 0, "waits for your answer; due in 7 days"),
            (0, 23, "waits for your answer; due in 6 days"),
            (1, 0, "has waited 1 day for your answer; due in 6 days"),
            (3, 0, "has waited 3 days for your answer; due in 4 days"),
            (6, 0, "has waited 6 days for your answer; due in 1 day"),
            (6, 23, "has waited 6 days for your answer; due in less than a day"),
            (7, 0, "has waited 7 days for your answer; overdue since today"),
            (9, 1, "has waited 9 days for your answer; overdue by 2 days"),
        ] {
            assert_eq!(week.words(Kind::Answer, at(day, hour)), words);
            assert_eq!(week.is_overdue(at(day, hour)), day >= 7);
        }
        let open = Span { from: at(0, 0), due: None };
        assert_eq!(open.words(Kind::SecondPerson, at(4, 0)), "has waited 4 days for a second person (1 of 2 have decided)");
        assert!(!open.is_overdue(at(4_000, 0)));
        // A clock that was set back.
        assert_eq!(Span { from: at(5, 0), due: None }.words(Kind::Appeal, at(0, 0)), "waits for your decision on the appeal");
    }

    #[test]
    fn every_kind_is_written_as_programs_read_it() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        }
    }
}
