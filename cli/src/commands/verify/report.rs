//! A verdict for people: one sentence on top, what the label says, what was checked.

use parangon_protocol::verify::{Facts, Federation, Outcome, Rekeyed, Verdict};

use crate::output::{Page, State, clean};

/// Writes the verdict. Of a file that is not authentic nothing else is shown: the verdict carries nothing else.
pub(super) fn write(verdict: &Verdict, page: &mut Page) {
    page.state(state(verdict.verdict), &verdict.sentence, "");
    if let Some(facts) = &verdict.label {
        self::facts(facts, page);
    }
    if let Some(federation) = &verdict.federation {
        self::federation(federation, page);
    }
    page.field("asked for", verdict.at.to_string());
    if let Some(as_of) = verdict.as_of {
        page.field("standing as of", as_of.to_string());
    }
    for check in &verdict.checked {
        page.remark(format!("  checked      {}: {}", clean(check.what), clean(&check.result)));
    }
    for what in &verdict.not_checked {
        page.remark(format!("  not checked  {}", clean(what)));
    }
    if verdict.federation.as_ref().is_some_and(|federation| !federation.pinned) {
        page.next("compare the words with a certificate or a member, then `parangon trust import FILE` or --fingerprint WORDS");
    }
}

/// Names the federation, as far as the input tells.
pub(super) fn federation(federation: &Federation, page: &mut Page) {
    let pinned = if federation.pinned { "you trust it" } else { "not pinned" };
    let name = federation.name.as_ref().map_or("not named here", |name| name.as_str());
    page.field("federation", format!("{name} ({pinned})"));
    page.field("in words", &federation.words);
    if let Some(fingerprint) = &federation.fingerprint {
        page.field("fingerprint", fingerprint.to_string());
    }
}

fn facts(facts: &Facts, page: &mut Page) {
    if facts.demonstration {
        page.remark("From a DEMONSTRATION: the scores are made up, the label says nothing about anybody.");
    }
    page.field("label", format!("{} ({})", facts.level, facts.scheme));
    let country = facts.cluster.country.as_ref().map(|country| format!(", {country}")).unwrap_or_default();
    page.field("cluster", format!("{}{country}", facts.cluster.name));
    page.field("issued", format!("{} by {}", facts.issued, facts.issuer));
    let endorsers: Vec<String> = facts.endorsers.iter().map(ToString::to_string).collect();
    page.field("confirmed by", endorsers.join(", "));
    page.field("assessed", facts.assessed.to_string());
    page.field("valid until", format!("end of {}", facts.valid_until));
    if let Some(witnessed) = facts.witnessed {
        page.field("witnessed by", witnessed.to_string());
    }
    for Rekeyed { agency, version } in &facts.rekeyed {
        page.remark(format!("Version {version} of the charter gave {agency} another identity key by the members' decision."));
    }
    page.field("id", facts.id.to_string());
}

pub(super) fn state(outcome: Outcome) -> State {
    match outcome {
        Outcome::Valid => State::Ok,
        Outcome::CannotTell | Outcome::NotYetValid | Outcome::UnknownSigner => State::Wait,
        Outcome::Expired | Outcome::Replaced | Outcome::NoLabel => State::Warn,
        Outcome::Withdrawn | Outcome::Suspended | Outcome::NotAuthentic | Outcome::NotEntitled => State::Fail,
    }
}
