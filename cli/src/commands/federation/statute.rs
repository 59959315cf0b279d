//! A charter as people read rules.

use std::fmt::Write;

use parangon_protocol::charter::{Charter, LevelRule, Member, PoolRule, Retention};
use parangon_protocol::id::Fingerprint;

use crate::output::{Page, clean};

/// Writes the rules as numbered articles.
pub(super) fn write(charter: &Charter, fingerprint: &Fingerprint, page: &mut Page) {
    for line in text(charter, fingerprint).lines() {
        page.line(line);
    }
}

/// The same as text. Foreign names in it are cleaned.
pub(crate) fn text(charter: &Charter, fingerprint: &Fingerprint) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = articles(charter, fingerprint, &mut out);
    out
}

fn articles(charter: &Charter, fingerprint: &Fingerprint, out: &mut String) -> std::fmt::Result {
    writeln!(out, "CHARTER OF \"{}\", version {}", clean(charter.name.as_str()), charter.version)?;
    writeln!(out, "Drafted {}, to be reviewed by {}. Fingerprint {fingerprint},", charter.created, charter.review_by)?;
    writeln!(out, "in words {}.", fingerprint.words())?;
    if let Some(former) = &charter.refounds {
        let (version, words) = (former.version, former.federation.words());
        writeln!(out, "It continues the federation {words} from version {version} of its charter,")?;
        let heads: Vec<String> = former.heads.iter().map(|head| format!("{} {}", head.agency, head.size)).collect();
        writeln!(out, "whose logs had these confirmed records: {}.", heads.join(", "))?;
    }
    if charter.demonstration {
        writeln!(out, "This is a DEMONSTRATION: its labels say nothing about anybody.")?;
    }
    writeln!(out, "\n1. Members. {}", witnesses(charter.members.len()))?;
    for member in &charter.members {
        writeln!(out, "   {}", member_line(member))?;
    }
    for (at, scheme) in charter.schemes.iter().enumerate() {
        writeln!(out, "\n{}. Labels of \"{}\" ({}).", at + 2, clean(scheme.name.as_str()), scheme.id)?;
        for rule in &scheme.rules {
            writeln!(out, "   {}", rule_line(rule))?;
        }
    }
    let next = charter.schemes.len() + 2;
    let conflicts = &charter.conflicts;
    writeln!(
        out,
        "\n{next}. Independence. No agency reviews its own clusters, and agencies under one parent count once. Two agencies do not\n   \
         review each other within {} months, unless fewer than {} agencies are eligible; then it is shown. A declared tie\n   \
         weighs for {} months after it ended.",
        conflicts.swap_months, conflicts.swap_floor, conflicts.tie_months
    )?;
    if conflicts.drawn {
        writeln!(out, "   Reviewers are drawn: a label without a draw counts nowhere.")?;
    }
    for tie in &charter.ties {
        let until = tie.until.map_or_else(|| ", which goes on".to_owned(), |month| format!(" until {month}"));
        writeln!(out, "   {} is tied to {}{until}.", tie.agency, tie.to)?;
    }
    writeln!(
        out,
        "\n{}. Statistics. No figure over fewer than {} clusters is published, and none from which a hidden one follows within {}.",
        next + 1,
        charter.disclosure.minimum,
        charter.disclosure.protection
    )?;
    if !charter.disclosure.tables.is_empty() {
        let tables = charter.disclosure.tables.iter().map(|by| by.as_str()).collect::<Vec<_>>().join(", ");
        writeln!(out, "   Clusters are also counted by {tables}, in groups of {} or more.", charter.disclosure.minimum)?;
    }
    if let Some(PoolRule { below, from }) = charter.disclosure.pool {
        writeln!(out, "   Agencies with fewer than {below} clusters add theirs up in pools, from {from} on, and publish nothing alone.")?;
    }
    writeln!(
        out,
        "\n{}. Checking. A label counts as valid when its issuer's status is at most {} days old at the date asked for.",
        next + 2,
        charter.status_max_age_days
    )?;
    writeln!(out, "\n{}. Keeping. {}", next + 3, keeping(charter.retention.as_ref()))
}

fn keeping(retention: Option<&Retention>) -> String {
    let Some(Retention { dossier_days, review_days, assessment_months }) = retention else {
        return "No period is set: each agency decides how long it keeps assessments and reviews.".to_owned();
    };
    format!(
        "A copy of a dossier goes with its final review, or {dossier_days} days after its due date; what a reviewer keeps of its\n   \
         review {review_days} days after the label or the end; an assessment, its evidence and what was said about it {assessment_months} months\n   \
         after the label's expiry or the end of its last offer. Labels and endorsements are public and stay."
    )
}

fn witnesses(members: usize) -> String {
    match members {
        1 => "One agency alone: nobody witnesses its log, so its labels are never valid.".to_owned(),
        2..=4 => format!("{members} agencies. Every other member must witness an entry before it counts; one that is away delays all."),
        _ => {
            let others = members - 1;
            format!("{members} agencies. An entry counts once {} of the {others} other members have witnessed it.", 2 * others / 3 + 1)
        }
    }
}

fn member_line(member: &Member) -> String {
    let parent = member.parent.as_ref().map(|parent| format!(", part of {}", clean(parent.as_str()))).unwrap_or_default();
    let rights: Vec<String> = member
        .rights
        .iter()
        .map(|right| format!("{} {}", right.scheme, right.levels.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(", ")))
        .collect();
    let rights = if rights.is_empty() { "no label".to_owned() } else { rights.join("; ") };
    format!("{:<16} {} ({}){parent}; may issue {rights}", member.id.as_str(), clean(member.name.as_str()), member.country)
}

fn rule_line(rule: &LevelRule) -> String {
    let mut needs = Vec::new();
    let requirements = &rule.requirements;
    if let Some(threshold) = requirements.threshold_bp {
        needs.push(format!("{}.{:02} % of the points", threshold / 100, threshold % 100));
    }
    if let Some(level) = requirements.minimum_level {
        needs.push(format!("level {level} or more on every indicator this label names"));
    }
    if requirements.complete {
        needs.push("every indicator assessed".to_owned());
    }
    if requirements.improvements > 0 {
        needs.push(format!("{} improvements shown", requirements.improvements));
    }
    if let Some(level) = rule.predecessor {
        let when = rule.predecessor_months.map(|span| format!(", assessed {} to {} months before a first award", span.from, span.to));
        needs.push(format!("a {level} before{}", when.unwrap_or_default()));
    }
    let foreign = if rule.foreign > 0 { format!(", {} of them from another country", rule.foreign) } else { String::new() };
    let agencies = if rule.reviewers == 1 { "agency" } else { "agencies" };
    let needs = if needs.is_empty() { "no score needed".to_owned() } else { needs.join(", ") };
    format!(
        "{:<7} {} reviewing {agencies}{foreign}; {needs}. Lasts {} months, renewed for {}. (catalogue {})",
        rule.level.as_str(),
        rule.reviewers,
        rule.first_months,
        rule.renewal_months,
        rule.catalogue
    )
}
