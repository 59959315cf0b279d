//! What can be told about a label record from keys and charter alone. The same rules hold in a node that
//! receives it and in the offline verifier.

use serde::{Deserialize, Serialize};

use super::KeyBook;
use crate::charter::Charter;
use crate::id::{AgencyId, LogId};
use crate::label::credential::{EndorsementSubject, LabelSubject};
use crate::label::{Label, LabelId, validity};
use crate::limits;
use crate::review::panel;

/// Whether a record keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Soundness {
    /// It does.
    Sound,
    /// It does not: it has no effect, now or later.
    Void(Flaw),
    /// These key sets are not known yet: `(log, index)`.
    Waiting(Vec<(LogId, u64)>),
}

/// Which rule a label breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// Its charter version is unknown, or not the one that its log had adopted last.
    #[error("it names a version of the charter that is unknown or did not rule its log")]
    Charter,
    /// It stands in another agency's log, or the cluster is another agency's.
    #[error("it was not issued by the agency that registered the cluster")]
    Owner,
    /// The issuer has no right to this level.
    #[error("the issuer has no right to issue this level")]
    Right,
    /// The right, or the membership, had ended where it stands.
    #[error("the issuer's right had ended before it")]
    Ended,
    /// No such scheme and level, or another catalogue than the charter's.
    #[error("its scheme, level or catalogue is not the charter's")]
    Rule,
    /// Its last month does not follow from the month of the assessment.
    #[error("its validity does not follow from the month of the assessment")]
    Validity,
    /// Too few endorsers, or not allowed ones.
    #[error("its endorsers do not meet the rules")]
    Panel,
    /// Endorsements out of order, twice, too many, or expired before it was issued.
    #[error("its endorsements are out of order or had expired")]
    Endorsements,
    /// A key set index that holds no key set, or one that was replaced before the label.
    #[error("it names a key set that does not exist or was replaced before")]
    KeySet,
    /// The issuer's proof fails.
    #[error("the issuer's signature does not verify")]
    IssuerProof,
    /// An endorser's proof fails.
    #[error("an endorser's signature does not verify")]
    EndorserProof,
    /// It was drawn for something else, or without a draw that the charter asks for.
    #[error("the draw of its reviewers is missing, or for something else")]
    Draw,
    /// The same offer has led to a label before.
    #[error("its offer had already led to a label")]
    Offer,
    /// It replaces a label that it may not replace.
    #[error("it replaces a label that it may not replace")]
    Supersedes,
}

/// Checks everything about a label that keys and charter tell, and its three or so signatures, strictly.
#[must_use]
pub fn label(book: &KeyBook, log: &LogId, label: &Label) -> Soundness {
    match check(book, log, label) {
        Ok(()) => Soundness::Sound,
        Err(Cause::Flaw(flaw)) => Soundness::Void(flaw),
        Err(Cause::Waiting(keys)) => Soundness::Waiting(keys),
    }
}

enum Cause {
    Flaw(Flaw),
    Waiting(Vec<(LogId, u64)>),
}

impl From<Flaw> for Cause {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

fn check(book: &KeyBook, log: &LogId, label: &Label) -> Result<(), Cause> {
    let charter = book.chain().version(label.common.charter).ok_or(Flaw::Charter)?;
    rules(charter, &log.agency, label)?;
    let id = label.common.id().map_err(|_| Flaw::Rule)?;
    let endorsers = label.endorsements.iter().map(|e| (LogId::first(e.endorser.clone()), e.keyset));
    let missing: Vec<_> =
        endorsers.chain([(log.clone(), label.keyset)]).filter(|(log, index)| book.issue_key(log, *index).is_none()).collect();
    if !missing.is_empty() {
        return Err(Cause::Waiting(missing));
    }
    proofs(book, charter, log, label, id)?;
    Ok(())
}

/// The rules that need no key: used before anything is signed, too.
///
/// # Errors
/// The first [`Flaw`].
pub fn rules(charter: &Charter, issuer: &AgencyId, label: &Label) -> Result<(), Flaw> {
    let common = &label.common;
    if common.owner != *issuer || common.cluster.id.agency() != *issuer {
        return Err(Flaw::Owner);
    }
    let member = charter.member(issuer).ok_or(Flaw::Right)?;
    if !member.may_issue(&common.scheme, common.level) {
        return Err(Flaw::Right);
    }
    let rule = charter.rule(&common.scheme, common.level).ok_or(Flaw::Rule)?;
    if charter.catalogue(&rule.catalogue) != Some(&common.catalogue) {
        return Err(Flaw::Rule);
    }
    let first = validity::valid_until(rule, common.assessed, None);
    // A renewal counts from the expiry before, which stands in another record: who holds the log recounts it exactly. One file
    // bounds it: no label runs for longer than the longest award, and a renewal adds one award to what is left of it.
    let renewed = label.supersedes.is_some() && common.valid_until <= validity::latest(rule, common.assessed);
    if common.assessed > label.issued.month() || (common.valid_until != first && !renewed) {
        return Err(Flaw::Validity);
    }
    match &label.draw {
        Some(draw) if draw.call.body.concerns(common.case(), common.level) => {}
        None if !charter.conflicts.drawn => {}
        _ => return Err(Flaw::Draw),
    }
    let ordered = label.endorsements.windows(2).all(|pair| pair[0].endorser < pair[1].endorser);
    let alive = label.endorsements.iter().all(|e| e.expires >= label.issued);
    if !ordered || !alive || label.endorsements.len() > limits::ENDORSEMENTS {
        return Err(Flaw::Endorsements);
    }
    let endorsers: Vec<AgencyId> = label.endorsements.iter().map(|e| e.endorser.clone()).collect();
    panel::check(charter, rule, common.case(), &endorsers).map_err(|_| Flaw::Panel)
}

fn proofs(book: &KeyBook, charter: &Charter, log: &LogId, label: &Label, label_id: LabelId) -> Result<(), Flaw> {
    let federation = book.federation();
    let issuer_key = book.issue_key(log, label.keyset).ok_or(Flaw::KeySet)?;
    let subject = LabelSubject { federation, charter, label, issuer_key: &issuer_key };
    subject.verify().map_err(|_| Flaw::IssuerProof)?;
    for endorsement in &label.endorsements {
        let key = book.issue_key(&LogId::first(endorsement.endorser.clone()), endorsement.keyset).ok_or(Flaw::KeySet)?;
        let subject = EndorsementSubject { federation, charter, label_common: &label.common, label_id, endorsement, key: &key };
        subject.verify().map_err(|_| Flaw::EndorserProof)?;
    }
    Ok(())
}
