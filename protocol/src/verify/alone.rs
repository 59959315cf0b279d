//! A label without its record: a credential, or a printed code. Their signatures are checked with what the reader knows of the
//! federation; that the label counts only its log can show.

use std::borrow::Cow;

use super::steps::{self, Stop, dates, mismatch};
use super::verdict::{Cluster, Federation};
use super::{Cause, Check, Facts, Known, Outcome, Trust, Verdict};
use crate::canonical::Value;
use crate::carrier::code::{Code, CodeError};
use crate::id::{AgencyId, Fingerprint, Name};
use crate::keys::PublicKey;
use crate::label::credential::{HeldLabel, LabelSheet};
use crate::limits;
use crate::time::Timestamp;

/// The type of a label's credential, beside the one that all have.
const BADGE: &str = "OpenBadgeCredential";

const NOT_CHECKED: [&str; 4] = [
    "the logs of issuer and endorsers",
    "withdrawal and suspension",
    "the rules of the level, and the issuer's right",
    "the charter's history",
];

/// The verdict on a label's credential.
pub(super) fn credential(text: &[u8], trust: &Trust, at: Timestamp) -> Verdict {
    let mut verdict = Verdict::new(Outcome::Valid, None, at);
    let stop = held(text, trust, &mut verdict).unwrap_or_else(|stop| stop);
    conclude(verdict, stop)
}

fn conclude(mut verdict: Verdict, (outcome, cause): Stop) -> Verdict {
    verdict.verdict = outcome;
    verdict.code = outcome.code();
    verdict.cause = Some(cause);
    if verdict.label.is_some() {
        verdict.not_checked.extend(NOT_CHECKED);
    }
    verdict.say()
}

fn held(text: &[u8], trust: &Trust, verdict: &mut Verdict) -> Result<Stop, Stop> {
    let value = Value::read(text, limits::DOCUMENT_BYTES).map_err(|_| steps::unreadable(text))?;
    // Endorsements and lists of the same federation are no labels.
    let Some(Value::List(types)) = value.get("type") else { return Err((Outcome::NoLabel, Cause::NotALabel)) };
    if !types.iter().any(|name| name.as_text() == Some(BADGE)) {
        return Err((Outcome::NoLabel, Cause::NotALabel));
    }
    let held = HeldLabel::read(&value).map_err(|_| match steps::unreadable(text) {
        (Outcome::NotAuthentic, _) => mismatch("credential"),
        other => other,
    })?;
    held.verify().map_err(|_| mismatch("signature"))?;
    let HeldLabel { sheet, key, .. } = &held;
    let pinned = trust.pinned(&sheet.federation);
    let known = trust.known(&sheet.federation);
    verdict.federation = Some(federation(sheet.federation, pinned == Some(true), known));
    if pinned == Some(false) {
        return Err((Outcome::UnknownSigner, Cause::OtherFederation));
    }
    let issue = known.map(|known| known.book().issue_keys(&sheet.owner)).unwrap_or_default();
    let stranger = known.is_some_and(|known| !known.chain().knows(&sheet.owner));
    if stranger || (!issue.is_empty() && !issue.contains(key)) {
        return Err((Outcome::UnknownSigner, Cause::UnknownKey { agency: sheet.owner.clone() }));
    }
    verdict.label = facts(sheet);
    verdict.checked.push(Check { what: "signatures", result: "issuer".to_owned() });
    match pinned {
        None => Err((Outcome::CannotTell, Cause::Unpinned { words: sheet.federation.words() })),
        Some(_) => Ok((Outcome::NotEntitled, Cause::NotInLog { agency: sheet.owner.clone() })),
    }
}

/// The verdict on the digits of a code.
pub(super) fn code(digits: &str, trust: &Trust, at: Timestamp) -> Verdict {
    let mut verdict = Verdict::new(Outcome::Valid, None, at);
    let stop = printed(digits, trust, at, &mut verdict).unwrap_or_else(|stop| stop);
    conclude(verdict, stop)
}

fn printed(digits: &str, trust: &Trust, at: Timestamp, verdict: &mut Verdict) -> Result<Stop, Stop> {
    let code = Code::read(digits).map_err(|error| match error {
        CodeError::Damaged => (Outcome::NotAuthentic, Cause::Damaged),
        _ => (Outcome::NoLabel, Cause::NotALabel),
    })?;
    let pin = trust.pins().iter().find(|pin| code.is_of(pin));
    let Some(pin) = pin else {
        let words = code.words();
        verdict.federation = Some(Federation { name: None, fingerprint: None, words: words.clone(), pinned: false });
        return Err(match trust.pins() {
            [] => (Outcome::CannotTell, Cause::Unpinned { words }),
            _ => (Outcome::UnknownSigner, Cause::OtherFederation),
        });
    };
    let known = trust.known(pin);
    verdict.federation = Some(match known {
        Some(known) => Federation::of(known.chain(), true),
        None => Federation { name: None, fingerprint: None, words: code.words(), pinned: true },
    });
    let unknown = || (Outcome::CannotTell, Cause::CharterUnknown { version: code.charter() });
    let (known, charter) = known.and_then(|known| Some((known, known.chain().version(code.charter())?))).ok_or_else(unknown)?;
    let damaged = || (Outcome::NotAuthentic, Cause::Damaged);
    let sheet = code.sheet(pin, charter).ok_or_else(damaged)?;
    let endorsers = code.endorsers(charter).ok_or_else(damaged)?;
    signatures(&code, &sheet, &endorsers, known)?;
    verdict.label = facts(&sheet);
    let (signed, endorsers) = (code.signatures().len(), endorsers.len());
    verdict.checked.push(Check { what: "signatures", result: format!("issuer and {signed} of {endorsers} endorsers") });
    verdict.checked.push(Check { what: "charter", result: format!("version {} of your trust file", code.charter()) });
    dates(at, sheet.issued, sheet.valid_until, charter.rule(&sheet.scheme, sheet.level))?;
    Ok((Outcome::CannotTell, Cause::CodeAlone { signed, endorsers }))
}

/// Each signature in the code is by an issue key that its agency has stated.
fn signatures(code: &Code, sheet: &LabelSheet<'_>, endorsers: &[AgencyId], known: &Known) -> Result<(), Stop> {
    let by = |agency: &AgencyId, holds: &dyn Fn(&PublicKey) -> bool| match known.book().issue_keys(agency).as_slice() {
        [] => Err((Outcome::CannotTell, Cause::MissingKeys { agency: agency.clone() })),
        keys if keys.iter().any(holds) => Ok(()),
        _ => Err(mismatch("signature")),
    };
    by(&sheet.owner, &|key| sheet.verify(key, code.proof()).is_ok())?;
    for (at, ((created, proof), endorser)) in code.signatures().iter().zip(endorsers).enumerate() {
        let endorsement = sheet.endorsement(at, *created).ok_or_else(|| mismatch("signature"))?;
        by(endorser, &|key| endorsement.verify(key, proof).is_ok())?;
    }
    Ok(())
}

fn federation(fingerprint: Fingerprint, pinned: bool, known: Option<&Known>) -> Federation {
    let name = known.map(|known| known.chain().newest().name.clone());
    Federation { name, fingerprint: Some(fingerprint), words: fingerprint.words(), pinned }
}

/// What the credential says. Names in it were read as names, so none is missing.
fn facts(sheet: &LabelSheet<'_>) -> Option<Facts> {
    let name = |text: &Cow<'_, str>| text.parse::<Name>().ok();
    Some(Facts {
        id: sheet.label,
        cluster: Cluster {
            country: None,
            field: None,
            id: sheet.cluster.clone(),
            name: sheet.cluster_name.clone(),
            nuts: None,
            region: None,
        },
        scheme: sheet.scheme.clone(),
        level: sheet.level,
        issuer: name(&sheet.owner_name)?,
        endorsers: sheet.endorsements.iter().map(|(_, endorser)| name(endorser)).collect::<Option<_>>()?,
        assessed: sheet.assessed,
        issued: sheet.issued,
        witnessed: None,
        valid_until: sheet.valid_until,
        demonstration: sheet.demonstration,
        rekeyed: vec![],
    })
}
