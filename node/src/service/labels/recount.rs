//! A label recounted from the public records that this node holds: what its issuer and its endorsers had to keep, and what the conflict
//! rules say with the history up to it.

use parangon_protocol::charter::{Charter, LevelRule};
use parangon_protocol::check::Soundness;
use parangon_protocol::id::AgencyId;
use parangon_protocol::label::status::State;
use parangon_protocol::label::validity;
use parangon_protocol::label::{Common, Label};
use parangon_protocol::record::Record;
use parangon_protocol::review::draw::choice;
use parangon_protocol::review::history::{Answer, Past, explain};
use parangon_protocol::review::panel;
use serde::Serialize;
use utoipa::ToSchema;

use super::objection::{self, ObjectionView};
use super::{parse_id, register};
use crate::engine::RegisterRow;
use crate::service::{Context, Error, draws, panel as reviewers};
use crate::store::ReadTx;

/// One rule and what came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecountedRule {
    /// Which rule: `sound`, `right`, `catalogue`, `endorsers`, `abroad`, `conflict`, `draw`, `prerequisite` or `validity`.
    pub rule: &'static str,
    /// `kept`, `waived` or `broken`.
    pub outcome: &'static str,
    /// What was counted, in words.
    pub detail: String,
}

/// A label, recounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecountView {
    /// The label.
    pub label: String,
    /// Its cluster's name.
    pub cluster: String,
    /// Its level.
    pub level: &'static str,
    /// The charter version whose rules count.
    pub charter: u32,
    /// Labels of the register that the history was taken from.
    pub history: usize,
    /// Every rule.
    pub rules: Vec<RecountedRule>,
    /// Whether none is broken.
    pub kept: bool,
    /// Who objects to it in public.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub under_question: Vec<ObjectionView>,
    /// What this agency can do where a rule is broken. A node objects to nothing by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

/// Recounts one label.
///
/// # Errors
/// [`Error::NotFound`] for the label or its charter version.
pub fn recount(context: &Context, id: &str) -> Result<RecountView, Error> {
    let tx = context.store().read()?;
    let row = register::row(&tx, &parse_id(id)?)?;
    let common = &row.label.common;
    let charter = context.charter_version(common.charter)?;
    let endorsers: Vec<AgencyId> = row.label.endorsements.iter().map(|(agency, _)| agency.clone()).collect();
    let mut rules = vec![sound(&row)];
    let mut history = 0;
    match charter.rule(&common.scheme, common.level) {
        None => rules.push(outcome("catalogue", false, format!("the charter has no rule for {} of {}", common.level, common.scheme))),
        Some(rule) => {
            let may = charter.member(&common.owner).is_some_and(|member| member.may_issue(&common.scheme, common.level));
            rules.push(outcome("right", may, format!("{} issues {} of {}", common.owner, common.level, common.scheme)));
            let same = charter.catalogue(&rule.catalogue) == Some(&common.catalogue);
            rules.push(outcome("catalogue", same, format!("{}, hash {}", common.catalogue.id, &common.catalogue.hash.to_string()[..12])));
            rules.extend(panel_of(&charter, rule, common, &endorsers));
            let record = record(&tx, &row)?;
            history = conflicts(&charter, rule, &tx, &row, &record, &endorsers, &mut rules)?;
            rules.push(drawn(context, &charter, rule, &tx, &row, &record, &endorsers)?);
            rules.extend(award(&tx, rule, &row)?);
        }
    }
    let kept = rules.iter().all(|rule| rule.outcome != "broken");
    let (cluster, level) = (common.cluster.name.to_string(), common.level.as_str());
    let under_question = objection::standing(&tx, &row, &context.engine().overview())?;
    let next_step = next_step(context.me(), &row, &rules, &under_question);
    let label = row.label.id.to_string();
    Ok(RecountView { label, cluster, level, charter: common.charter, history, rules, kept, under_question, next_step })
}

/// What follows from a broken rule: nothing, where the label counts nowhere, where its keys have not arrived, or where we have said so.
fn next_step(me: &AgencyId, row: &RegisterRow, rules: &[RecountedRule], under_question: &[ObjectionView]) -> Option<String> {
    let id = row.label.id;
    let broken = rules.iter().find(|rule| rule.outcome == "broken")?;
    if row.label.soundness != Soundness::Sound || under_question.iter().any(|objection| objection.agency == me.as_str()) {
        return None;
    }
    if row.label.common.owner == *me {
        return Some(format!("parangon label suspend {id}, or withdraw"));
    }
    let ground = if broken.rule == "conflict" { "conflict-of-interest" } else { "rule-broken" };
    Some(format!("speak with {}; to object in public: parangon label object {id} --ground {ground}", row.label.common.owner))
}

fn outcome(rule: &'static str, kept: bool, detail: String) -> RecountedRule {
    RecountedRule { rule, outcome: if kept { "kept" } else { "broken" }, detail }
}

fn sound(row: &RegisterRow) -> RecountedRule {
    match &row.label.soundness {
        Soundness::Sound => outcome("sound", true, "signatures of issuer and endorsers, and the rules of one record".to_owned()),
        Soundness::Void(flaw) => outcome("sound", false, flaw.to_string()),
        Soundness::Waiting(_) => outcome("sound", false, "keys of an agency have not arrived yet".to_owned()),
    }
}

fn panel_of(charter: &Charter, rule: &LevelRule, common: &Common, endorsers: &[AgencyId]) -> [RecountedRule; 2] {
    let names = endorsers.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(", ");
    let without_abroad = LevelRule { foreign: 0, ..rule.clone() };
    let enough = panel::check(charter, &without_abroad, common.case(), endorsers);
    let all = panel::check(charter, rule, common.case(), endorsers);
    let said = |result: &Result<(), panel::PanelError>, kept: String| result.as_ref().map_or_else(ToString::to_string, |()| kept);
    [
        outcome("endorsers", enough.is_ok(), said(&enough, format!("{} of {} needed: {names}", endorsers.len(), rule.reviewers))),
        outcome("abroad", all.is_ok(), said(&all, format!("{} from abroad needed", rule.foreign))),
    ]
}

fn record(tx: &ReadTx, row: &RegisterRow) -> Result<Label, Error> {
    let bytes = tx.record(&row.label.log, row.label.index)?.ok_or(Error::Damaged { what: "label" })?;
    match Record::read(&bytes) {
        Ok(Record::Label(label)) => Ok(*label),
        _ => Err(Error::Damaged { what: "label" }),
    }
}

/// The draw of the reviewers, and how the endorsers stand to its ranking. Declines are private: what the owner says about them is told,
/// not judged.
fn drawn(
    context: &Context,
    charter: &Charter,
    rule: &LevelRule,
    tx: &ReadTx,
    row: &RegisterRow,
    record: &Label,
    endorsers: &[AgencyId],
) -> Result<RecountedRule, Error> {
    let Some(draw) = &record.draw else {
        let needed = charter.conflicts.drawn;
        let said = if needed { "the charter asks for one, and there is none" } else { "there was none; the charter does not ask for one" };
        return Ok(outcome("draw", !needed, said.to_owned()));
    };
    let common = &record.common;
    let before = register::last(tx, &common.cluster.id, &common.scheme, common.level, |past| past.label.index < row.label.index)?;
    if draw.call.body.continues(before.as_ref()).is_err() {
        return Ok(outcome("draw", false, "it was made for another label of the cluster".to_owned()));
    }
    let ranking = match draws::recount(context, tx, draw, |past| precedes(past, row)) {
        Ok(ranking) => ranking,
        Err(error @ Error::Store(_)) => return Err(error),
        Err(error) => return Ok(outcome("draw", false, error.to_string())),
    };
    let followed = choice::follows(charter, rule, record.common.case(), &ranking, endorsers);
    let places = followed.positions.iter().map(|(agency, position)| format!("{agency} is number {position} of {}", ranking.len()));
    let passed = followed.passed_over.iter().map(ToString::to_string);
    let unranked = followed.unranked.iter().map(|agency| format!("{agency} is not among those who were drawn"));
    let said: Vec<_> = places.chain(passed).chain(unranked).collect();
    Ok(outcome("draw", followed.unranked.is_empty(), said.join("; ")))
}

/// The conflict rules with what was published before this label. Returns how many labels that was.
fn conflicts(
    charter: &Charter,
    rule: &LevelRule,
    tx: &ReadTx,
    row: &RegisterRow,
    record: &Label,
    endorsers: &[AgencyId],
    rules: &mut Vec<RecountedRule>,
) -> Result<usize, Error> {
    let common = &row.label.common;
    let (labels, history) = register::history(tx, |past| precedes(past, row) && reviewers::is_below(&record.heads, past))?;
    for (agency, answer) in explain(charter, rule, &history, common.case()) {
        if endorsers.contains(&agency) {
            let favours = favours(charter, &history, common, &agency);
            let (outcome, detail) = match answer {
                Answer::Eligible => ("kept", format!("{agency}: nothing stands against it{favours}")),
                Answer::Waived(objection) => ("waived", format!("{agency}: {objection}; too few others were left{favours}")),
                Answer::Objected(objection) => ("broken", format!("{agency}: {objection}")),
                Answer::Ineligible(cause) => ("broken", format!("{agency}: {cause}")),
            };
            rules.push(RecountedRule { rule: "conflict", outcome, detail });
        }
    }
    Ok(labels)
}

/// How often the two have endorsed for each other before, where both have: what the rules allow may still be looked at (case R7).
fn favours(charter: &Charter, history: &[Past], common: &Common, endorser: &AgencyId) -> String {
    let (owner, endorser) = (charter.group(&common.owner), charter.group(endorser));
    let labels = |of: &str, by: &str| {
        let fits = |past: &&Past| charter.group(&past.owner) == of && charter.group(&past.endorser) == by;
        history.iter().filter(fits).count()
    };
    match (labels(&owner, &endorser), labels(&endorser, &owner)) {
        (0, _) | (_, 0) => String::new(),
        (given, returned) => format!("; before, it endorsed {given} labels of the issuer, and the issuer {returned} of its"),
    }
}

/// What the cluster held before, and what follows from it: the level that has to come first, and the last month.
fn award(tx: &ReadTx, rule: &LevelRule, row: &RegisterRow) -> Result<[RecountedRule; 2], Error> {
    let common = &row.label.common;
    let held = register::held(tx, &common.cluster.id, &common.scheme, |other| {
        Ok(precedes(other, row) && register::state_at(tx, other, row.label.issued)? != State::Withdrawn)
    })?;
    let first = validity::valid_until(rule, common.assessed, None);
    let from =
        validity::previous(rule, &held).map_or_else(|| "a first award".to_owned(), |expiry| format!("the label before ran to {expiry}"));
    let (kept, detail, expected) = match validity::award(rule, common.assessed, &held) {
        Ok(until) => (true, rule.predecessor.map_or_else(|| "none is needed".to_owned(), |level| format!("{level} held before")), until),
        Err(cause) => (false, cause.to_string(), first),
    };
    // An issuer may always begin anew instead of renewing.
    let valid = common.valid_until == expected || common.valid_until == first;
    let said = format!("assessed {}, {from}: to {expected}; it says {}", common.assessed, common.valid_until);
    Ok([outcome("prerequisite", kept, detail), outcome("validity", valid, said)])
}

/// Whether a label came before another: in one log by their places, else by what their issuers say.
fn precedes(past: &RegisterRow, row: &RegisterRow) -> bool {
    let (past, row) = (&past.label, &row.label);
    if past.log.agency == row.log.agency { past.index < row.index } else { past.issued <= row.issued }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::support::{THREE, federation};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_broken_rule_leads_to_a_command_and_to_no_record() {
        let agencies = federation(&THREE).await;
        let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
        let label = lyon.awards("Cluster", "bronze", 4, &[stuttgart]).await.id;
        berlin.label_until(&label, register::Standing::Valid).await;
        let mut row =
            register::row(&berlin.context.store().read().expect("a snapshot"), &parse_id(&label).expect("an id")).expect("a label");
        let rule = |rule, outcome| RecountedRule { rule, outcome, detail: String::new() };
        let since = row.label.issued;
        let objected = |agency: &str| ObjectionView { agency: agency.into(), ground: "rule-broken", since, index: 3, is_final: true };
        let me = berlin.context.me();
        let kept = [rule("conflict", "waived"), rule("validity", "kept")];
        assert_eq!(next_step(me, &row, &kept, &[]), None);
        for (broken, ground) in [("conflict", "conflict-of-interest"), ("prerequisite", "rule-broken")] {
            let rules = [rule("right", "kept"), rule(broken, "broken")];
            let step = next_step(me, &row, &rules, &[objected("stuttgart")]).expect("a step");
            assert!(
                step.starts_with("speak with lyon") && step.ends_with(&format!("parangon label object {label} --ground {ground}")),
                "{step}"
            );
            assert_eq!(next_step(me, &row, &rules, &[objected("berlin")]), None, "said already");
            let own = next_step(lyon.context.me(), &row, &rules, &[]).expect("a step");
            assert!(own.starts_with("parangon label suspend"), "{own}");
        }
        row.label.soundness = Soundness::Waiting(vec![]);
        assert_eq!(next_step(me, &row, &[rule("sound", "broken")], &[]), None, "keys that have not arrived are nobody's fault");
    }
}
