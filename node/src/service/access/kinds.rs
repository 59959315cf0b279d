//! What kinds of items a node keeps, why, and for how long; and which texts of them are free: under no signature and no commitment, so
//! that a name can be taken out of them alone.

use parangon_protocol::charter::Retention;

/// How long something is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// Until somebody deletes it.
    UntilDeleted,
    /// As long as the charter says for assessments.
    Assessment,
    /// As long as the charter says for copies of dossiers.
    Dossier,
    /// As long as the charter says for reviews.
    Review,
    /// As long as this node's configuration says for the audit trail.
    Trail,
    /// It holds nothing of anybody: hashes, numbers.
    Always,
}

impl Kept {
    pub(super) fn said(self, retention: Option<&Retention>) -> String {
        let months = retention.map(|retention| retention.assessment_months);
        match (self, retention) {
            (Self::UntilDeleted, _) => "until it is deleted or replaced".to_owned(),
            (Self::Trail, _) => "as long as audit.retention_days of the configuration says".to_owned(),
            (Self::Always, _) => "for good: it holds ids, hashes and numbers only".to_owned(),
            (_, None) => "until it is erased: the charter sets no period".to_owned(),
            (Self::Assessment, Some(_)) => {
                format!(
                    "{} months after the label's expiry or the end of the last offer; drafts until they are erased",
                    months.unwrap_or(0)
                )
            }
            (Self::Dossier, Some(retention)) => {
                format!("until the final review, at most {} days after the due date", retention.dossier_days)
            }
            (Self::Review, Some(retention)) => format!("its content {} days after the label or the end", retention.review_days),
        }
    }
}

/// One kind of item.
pub(super) struct Kind {
    pub(super) kind: u8,
    pub(super) what: &'static str,
    pub(super) why: &'static str,
    pub(super) kept: Kept,
    /// Places of free texts, as JSON pointers in which `*` stands for any one step.
    pub(super) free: &'static [&'static str],
    /// What has to be done where a text is not free.
    pub(super) whole: &'static str,
}

const SAID: &[&str] = &["/parties/*/questions/*/question/text", "/parties/*/questions/*/reply/text", "/verdict/note"];

/// Every kind in the order of its number.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        kind: 1,
        what: "cluster",
        why: "names and register numbers of clusters, for assessments and labels",
        kept: Kept::UntilDeleted,
        free: &[],
        whole: "correct the entry: parangon cluster edit ID; or erase it with all that belongs to it: parangon erase cluster ID",
    },
    Kind {
        kind: 3,
        what: "assessment",
        why: "answers, notes and files of evidence: what a label rests on",
        kept: Kept::Assessment,
        free: &["/assessment/notes/*", "/assessment/evidence/*/*/name"],
        whole: "it is frozen by an offer, and a commitment stands on it: parangon erase assessment ID",
    },
    Kind {
        kind: 4,
        what: "offer",
        why: "the assessment as it was offered, reviews received, questions and answers: why a label was issued or not",
        kept: Kept::Assessment,
        free: SAID,
        whole: "it is signed or committed to, here and at the reviewers: parangon erase offer ID",
    },
    Kind {
        kind: 5,
        what: "review request",
        why: "what another agency asked us to review, and our own review: signed statements, to account for them",
        kept: Kept::Review,
        free: &[],
        whole: "it is signed: parangon erase review ID once it is over; else it goes with the charter's period, or when the owner erases its offer",
    },
    Kind {
        kind: 7,
        what: "dossier",
        why: "the copy that another agency sent us for a review, sealed",
        kept: Kept::Dossier,
        free: &[],
        whole: "it is the owner's: it goes with the review, or when the owner erases its offer; ask the owner",
    },
    Kind {
        kind: 12,
        what: "invite",
        why: "whom we invited to the federation",
        kept: Kept::UntilDeleted,
        free: &["/to"],
        whole: "it is a signed membership card: parangon invite cancel ID",
    },
    Kind {
        kind: 15,
        what: "conversation",
        why: "our questions about a dossier, with the answers",
        kept: Kept::Dossier,
        free: &["/questions/*/question/text", "/questions/*/reply/text"],
        whole: "it is the owner's signed response: it goes with the dossier",
    },
    Kind {
        kind: 16,
        what: "review in progress",
        why: "our review of a dossier while it is written, with our own notes",
        kept: Kept::Dossier,
        free: &["/notes/*", "/findings"],
        whole: "nothing else of it is text",
    },
    Kind {
        kind: 21,
        what: "entry of the audit trail",
        why: "who changed something or read what is confidential, to account for it",
        kept: Kept::Trail,
        free: &[],
        whole: "it is chained by hash to the next one: it goes when the trail's period is over (audit.retention_days)",
    },
    Kind {
        kind: 25,
        what: "erasure",
        why: "what was erased, and the receipts",
        kept: Kept::Always,
        free: &[],
        whole: "nothing: it holds ids and hashes only",
    },
    Kind {
        kind: 30,
        what: "round of a pool",
        why: "how many clusters stand at which level, to be added up with those of other agencies; hashes and shares",
        kept: Kept::UntilDeleted,
        free: &[],
        whole: "nothing: it holds numbers and ids of agencies only, for a hundred days",
    },
    Kind {
        kind: 31,
        what: "note on reminders",
        why: "up to when the log has said what waits",
        kept: Kept::Always,
        free: &[],
        whole: "nothing: it holds a time only",
    },
    Kind {
        kind: 32,
        what: "secret of the noise in statistics",
        why: "the same clusters get the same noise in every release, so that comparing takes none of it off",
        kept: Kept::Always,
        free: &[],
        whole: "nothing: it holds random bytes, and which catalogues a secret before it was for",
    },
    Kind {
        kind: 33,
        what: "population of a release",
        why: "what is released later is held against it, so that no difference tells of a few clusters",
        kept: Kept::Always,
        free: &[],
        whole: "nothing: it holds what the public labels say, and of which the assessment was erased by then",
    },
];

/// What is known of a kind. Others, such as counters and keys, hold no text of anybody.
pub(super) fn of(kind: u8) -> Option<&'static Kind> {
    KINDS.iter().find(|known| known.kind == kind)
}

/// Whether a pointer is one of those places.
pub(super) fn fits(pattern: &str, pointer: &str) -> bool {
    let (mut pattern, mut pointer) = (pattern.split('/'), pointer.split('/'));
    loop {
        match (pattern.next(), pointer.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_step() {
        assert!(fits("/assessment/notes/*", "/assessment/notes/4.1.2"));
        assert!(!fits("/assessment/notes/*", "/assessment/notes"));
        assert!(!fits("/assessment/notes/*", "/assessment/notes/4.1.2/x"));
        assert!(!fits("/to", "/from"));
    }

    #[test]
    fn every_kind_stands_once_and_in_order() {
        assert!(KINDS.is_sorted_by(|a, b| a.kind < b.kind));
    }
}
