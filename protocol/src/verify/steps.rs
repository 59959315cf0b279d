//! The steps of a verification, in the order that decides which outcome wins: what is not authentic shows nothing;
//! a foreign federation comes before its content; rules before dates; withdrawal before expiry; expiry, which is
//! certain, before a status that is missing or old.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::{Charters, Keys, Shared};
use super::verdict::Federation;
use super::{Cause, Check, Facts, Outcome, Rekeyed, Trust, Verdict};
use crate::canonical::Value;
use crate::charter::{Chain, Charter, Entitlement, LevelRule};
use crate::check::{CheckedHead, Flaw, KeyBook, Soundness, check_label};
use crate::id::{AgencyId, Hash, LogId, Name};
use crate::label::bundle::{BundleError, Entry, Place, Proofs, Sliced, StatusPart};
use crate::label::credential::LabelSubject;
use crate::label::status::State;
use crate::label::{Common, Label, LabelId};
use crate::limits;
use crate::log::quorum::Tally;
use crate::record::Record;
use crate::review::draw;
use crate::time::{Month, Timestamp};

/// The `v` of the files that are read here.
const VERSION: u32 = 1;

/// What ends a verification early.
pub(super) type Stop = (Outcome, Cause);

/// The verdict on a label file that was taken apart, and the credentials that lie beside it.
pub(super) fn run(file: &Sliced<'_>, beside: &[Cow<'_, [u8]>], asked: &Asked<'_>) -> Verdict {
    let Asked { trust, at, .. } = *asked;
    let opened = match open_parts(file, beside, asked) {
        Ok(opened) => opened,
        Err((outcome, cause)) => return Verdict::new(outcome, Some(cause), at).say(),
    };
    let (Charters { file: chain, counting }, keys) = opened;
    let fingerprint = *chain.fingerprint();
    let pinned = trust.pinned(&fingerprint);
    let federation = Federation::of(&chain, pinned == Some(true));
    let mut verdict = Verdict::new(Outcome::Valid, None, at);
    if pinned == Some(false) {
        let refounds = chain.founding().charter.refounds.as_ref().map(|former| former.federation);
        let cause = match refounds.filter(|former| trust.pinned(former) == Some(true)) {
            Some(former) => Cause::Refounded { former: former.words(), words: federation.words.clone() },
            None => Cause::OtherFederation,
        };
        verdict = Verdict::new(Outcome::UnknownSigner, Some(cause), at);
        verdict.federation = Some(federation);
        return verdict.say();
    }
    let words = federation.words.clone();
    verdict.federation = Some(federation);
    let chain = match counting {
        Ok(chain) => chain,
        Err(version) => {
            verdict =
                Verdict { federation: verdict.federation, ..Verdict::new(Outcome::CannotTell, Some(Cause::OtherCharter { version }), at) };
            return verdict.say();
        }
    };
    let mut stop = Case { bundle: &file.proofs, chain, keys, trust, at, verdict: &mut verdict, heads: BTreeMap::new() }.check().err();
    let authentic = !matches!(stop, Some((Outcome::NotAuthentic | Outcome::NoLabel, _)));
    if authentic && pinned.is_none() {
        stop = Some((Outcome::CannotTell, Cause::Unpinned { words }));
    }
    if let Some((outcome, cause)) = stop {
        verdict.verdict = outcome;
        verdict.code = outcome.code();
        verdict.cause = Some(cause);
    }
    if !authentic {
        // All bets are off: nothing of the content is shown.
        (verdict.label, verdict.federation, verdict.as_of) = (None, None, None);
        verdict.checked.clear();
        verdict.not_checked.clear();
    } else {
        verdict.not_checked.extend(["conflict rules that need the history of other logs", "objections that stand in other logs"]);
    }
    verdict.say()
}

/// What is asked of the verifier, and what it knows already.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) trust: &'a Trust,
    pub(super) at: Timestamp,
    pub(super) shared: &'a Shared,
}

/// The charter, and the keys where it counts. A credential beside the file has to be its own.
fn open_parts(file: &Sliced<'_>, beside: &[Cow<'_, [u8]>], asked: &Asked<'_>) -> Result<(Charters, Option<Arc<Keys>>), Stop> {
    let damaged = |_| unreadable(file.text);
    let charters = asked.shared.charters(file, asked.trust).map_err(damaged)?;
    let chain = charters.as_ref().and_then(|charters| charters.counting.clone().ok());
    let keys = match &chain {
        Some(chain) => asked.shared.keys(file, chain).map_err(damaged)?,
        None => file.keysets().map_err(damaged).map(|_| None)?,
    };
    let held = |text: &[u8]| Value::read(text, limits::DOCUMENT_BYTES).map(|value| value.to_text());
    if !beside.iter().all(|text| held(text).is_ok_and(|held| held == file.proofs.credential.get())) {
        return Err((Outcome::CannotTell, Cause::Several));
    }
    if file.v != VERSION {
        return Err((Outcome::CannotTell, Cause::OtherVersion { version: file.v, known: VERSION }));
    }
    Ok((charters.ok_or_else(|| mismatch("charter"))?, keys))
}

/// What cannot be read: once a label, as far as one can see, or something else.
pub(super) fn unreadable(file: &[u8]) -> Stop {
    let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
    if holds(b"parangon/") || holds(b"urn:parangon:") {
        (Outcome::NotAuthentic, Cause::Damaged)
    } else {
        (Outcome::NoLabel, Cause::NotALabel)
    }
}

pub(super) fn mismatch(part: &'static str) -> Stop {
    (Outcome::NotAuthentic, Cause::Mismatch { part })
}

struct Case<'a> {
    bundle: &'a Proofs,
    chain: Arc<Chain>,
    /// None when a key set in the file is not its agency's.
    keys: Option<Arc<Keys>>,
    trust: &'a Trust,
    at: Timestamp,
    verdict: &'a mut Verdict,
    /// The roots of the heads that the file has shown, by log and size.
    heads: BTreeMap<(AgencyId, u64), Hash>,
}

impl Case<'_> {
    fn check(mut self) -> Result<(), Stop> {
        let keys = self.keys()?;
        let book = &keys.book;
        let entry = &self.bundle.label;
        let log = LogId::first(entry.owner().ok_or_else(|| mismatch("label"))?);
        let (record, placed) = self.open(&keys, &log, entry, "label")?;
        let Record::Label(label) = &record else { return Err(mismatch("label")) };
        let id = label.common.id().map_err(|_| mismatch("label"))?;
        let charter = self.chain.version(label.common.charter).ok_or((Outcome::NotEntitled, Cause::Rule { flaw: Flaw::Charter }))?.clone();
        self.sound(book, &log, label, &charter)?;
        self.placed(book, &log, placed.index, label)?;
        self.facts(label, id, &charter, &placed.head);
        self.drawn(book, label);
        self.adopted(&keys, &charter, &log, label)?;
        self.quorum(&charter, &log.agency, &placed.head)?;
        self.confirmed(&keys, &charter, label, id)?;
        let standing = self.standing(&keys, &charter, &log, placed.index, id);
        if matches!(standing, Ok(()) | Err((Outcome::CannotTell, _))) {
            self.dates(label, &charter)?;
        }
        standing
    }

    fn keys(&mut self) -> Result<Arc<Keys>, Stop> {
        let keys = self.keys.take().ok_or_else(|| mismatch("key set"))?;
        self.note(
            "charter",
            match self.chain.newest() {
                first if first.version == 1 => format!("version 1, signed by all {} founders", first.members.len()),
                newest => format!("version {}, each version agreed to by the members of the one before", newest.version),
            },
        );
        Ok(keys)
    }

    fn sound(&mut self, book: &KeyBook, log: &LogId, label: &Label, charter: &Charter) -> Result<(), Stop> {
        match check_label(book, log, label) {
            Soundness::Sound => {}
            Soundness::Void(Flaw::IssuerProof | Flaw::EndorserProof) => return Err(mismatch("signature")),
            Soundness::Void(flaw) => return Err((Outcome::NotEntitled, Cause::Rule { flaw })),
            Soundness::Waiting(keys) => {
                let agency = keys.first().map_or_else(|| log.agency.clone(), |(log, _)| log.agency.clone());
                return Err((Outcome::CannotTell, Cause::MissingKeys { agency }));
            }
        }
        let key = book.issue_key(log, label.keyset).ok_or_else(|| mismatch("key set"))?;
        let subject = LabelSubject { federation: self.chain.fingerprint(), charter, label, issuer_key: &key };
        if !subject.to_json().is_ok_and(|credential| credential == self.bundle.credential.get()) {
            return Err(mismatch("credential"));
        }
        self.note("signatures", format!("issuer and {} endorsers", label.endorsements.len()));
        Ok(())
    }

    /// The right and the key set that held where the label stands, as far as the file tells.
    fn placed(&self, book: &KeyBook, log: &LogId, index: u64, label: &Label) -> Result<(), Stop> {
        let common = &label.common;
        let flaw = match self.chain.entitlement(log, index, common.charter, &common.scheme, common.level) {
            _ if book.in_force(log, index) != Some(label.keyset) => Flaw::KeySet,
            Entitlement::Holds => return Ok(()),
            Entitlement::Never => Flaw::Right,
            Entitlement::Ended => Flaw::Ended,
        };
        Err((Outcome::NotEntitled, Cause::Rule { flaw }))
    }

    fn facts(&mut self, label: &Label, id: LabelId, charter: &Charter, head: &CheckedHead) {
        let name = |agency: &AgencyId| charter.member(agency).map(|member| member.name.clone());
        let endorsers: Vec<Name> = label.endorsements.iter().filter_map(|e| name(&e.endorser)).collect();
        let Some(issuer) = name(&label.common.owner) else { return };
        if label.supersedes.is_some() {
            self.verdict.not_checked.push("the label that this one replaces, and months counted from its expiry");
        }
        self.verdict.label = Some(Facts {
            id,
            cluster: (&label.common.cluster).into(),
            scheme: label.common.scheme.clone(),
            level: label.common.level,
            issuer,
            endorsers,
            assessed: label.common.assessed,
            issued: label.issued,
            witnessed: tally(charter, &label.common.owner, head).existed_by(),
            valid_until: label.common.valid_until,
            demonstration: charter.demonstration,
            rekeyed: self.rekeyed(label),
        });
    }

    /// Recomputes the draw of its reviewers. Whether they stand where it put them takes the history of other logs.
    fn drawn(&mut self, book: &KeyBook, label: &Label) {
        let Some(draw) = &label.draw else { return };
        let issue = |agency: &AgencyId| book.issue_keys(agency);
        let keys = draw::Keys { federation: book.federation(), issue: &issue };
        let drawn = self.chain.version(draw.call.body.charter).map(|charter| draw.verify(charter, keys));
        let result = match drawn {
            None | Some(Err(draw::DrawError::NoKey(_))) => {
                self.verdict.not_checked.push("the draw of the reviewers: keys of those who took part are missing");
                return;
            }
            Some(Err(cause)) => format!("it does not hold: {cause}"),
            Some(Ok(drawn)) => {
                let by: Vec<_> = drawn.contributions().iter().map(|part| part.contributor.as_str()).collect();
                format!("recomputed from values of {}", by.join(" and "))
            }
        };
        self.note("draw", result);
        self.verdict.not_checked.push("who was eligible when the reviewers were drawn");
    }

    /// Whose identity key the members replaced.
    fn rekeyed(&self, label: &Label) -> Vec<Rekeyed> {
        let agencies = label.endorsements.iter().map(|endorsement| &endorsement.endorser);
        let agencies: BTreeSet<&AgencyId> = agencies.chain([&label.common.owner]).collect();
        let of = |agency: &AgencyId| {
            let versions = self.chain.rekeyed(agency);
            versions.into_iter().map(|version| Rekeyed { agency: agency.clone(), version }).collect::<Vec<_>>()
        };
        agencies.into_iter().flat_map(of).collect()
    }

    fn adopted(&mut self, keys: &Keys, charter: &Charter, log: &LogId, label: &Label) -> Result<(), Stop> {
        let (version, placed) = self.adoption(keys, log, &self.bundle.adoption)?;
        let fits = placed.index == label.adoption && version == label.common.charter;
        if fits { self.quorum(charter, &log.agency, &placed.head).map(drop) } else { Err((Outcome::NotEntitled, Cause::NotAdopted)) }
    }

    /// A charter record of this log: which version it adopts.
    fn adoption(&mut self, keys: &Keys, log: &LogId, entry: &Entry) -> Result<(u32, Place), Stop> {
        let (record, placed) = self.open(keys, log, entry, "charter record")?;
        let refused = (Outcome::NotEntitled, Cause::NotAdopted);
        let Record::Charter(adoption) = record else { return Err(refused) };
        if keys.charter_hash(adoption.version) == Some(adoption.hash) { Ok((adoption.version, placed)) } else { Err(refused) }
    }

    /// The version that rules the head of the status: that of the last charter record inside it.
    /// A label that stands behind it, at index `label`, would have had to name it.
    fn ruling(&mut self, keys: &Keys, charter: &Charter, log: &LogId, part: &StatusPart<Entry>, label: u64) -> Result<Charter, Stop> {
        let Some(entry) = &part.adoption else { return Ok(charter.clone()) };
        let (version, placed) = self.adoption(keys, log, entry)?;
        let later = self.chain.version(version).filter(|later| later.version > charter.version);
        let later = later.ok_or_else(|| mismatch("charter record"))?;
        if placed.index < label { Err((Outcome::NotEntitled, Cause::NotAdopted)) } else { Ok(later.clone()) }
    }

    fn quorum(&mut self, charter: &Charter, agency: &AgencyId, head: &CheckedHead) -> Result<Tally, Stop> {
        let tally = tally(charter, agency, head);
        if !tally.reached() {
            let cause = Cause::NoQuorum { agency: agency.clone(), have: tally.count(), needed: tally.needed() };
            return Err((Outcome::CannotTell, cause));
        }
        let check = Check {
            what: "quorum",
            result: format!("{} of {} needed members confirmed the log of {agency}", tally.count(), tally.needed()),
        };
        if !self.verdict.checked.contains(&check) {
            self.verdict.checked.push(check);
        }
        Ok(tally)
    }

    fn confirmed(&mut self, keys: &Keys, charter: &Charter, label: &Label, id: LabelId) -> Result<(), Stop> {
        // What nobody looks at has no place in the file.
        let entries = &self.bundle.confirmations;
        let asked = |agency: &AgencyId| label.endorsements.iter().any(|endorsement| endorsement.endorser == *agency);
        if entries.len() > label.endorsements.len() || !entries.iter().all(|entry| asked(&entry.agency)) {
            return Err(mismatch("confirmation"));
        }
        for endorsement in &label.endorsements {
            let missing = || (Outcome::CannotTell, Cause::Unconfirmed { endorser: endorsement.endorser.clone() });
            let entry = self.bundle.confirmations.iter().find(|entry| entry.agency == endorsement.endorser).ok_or_else(missing)?;
            let (record, placed) = self.open(keys, &LogId::first(entry.agency.clone()), &entry.entry, "confirmation")?;
            let Record::Endorsement(about, body) = record else { return Err(mismatch("confirmation")) };
            if self.chain.end_of(&LogId::first(entry.agency.clone())).is_some_and(|end| placed.index >= end) {
                return Err(missing());
            }
            let expected = endorsement.id(&id).map_err(|_| mismatch("endorsement"))?;
            if about != id || body.endorsement != expected {
                return Err(missing());
            }
            self.quorum(charter, &entry.agency, &placed.head)?;
        }
        Ok(())
    }

    /// What the issuer's status says of the label that stands at index `label`.
    fn standing(&mut self, keys: &Keys, charter: &Charter, log: &LogId, label: u64, id: LabelId) -> Result<(), Stop> {
        let part = self.bundle.status.as_ref().ok_or((Outcome::CannotTell, Cause::NoStatus))?;
        let (record, placed) = self.open(keys, log, &part.entry, "status")?;
        let Record::Status(status) = record else { return Err(mismatch("status")) };
        let state = part.path.verify(&status, &id).map_err(|_| mismatch("status"))?;
        let charter = &self.ruling(keys, charter, log, part, label)?;
        let tally = self.quorum(charter, &log.agency, &placed.head)?;
        if self.chain.end_of(log).is_some_and(|end| placed.index >= end) {
            return Err((Outcome::CannotTell, Cause::NoStatus));
        }
        if status.covered <= label || status.covered > placed.index {
            return Err((Outcome::CannotTell, Cause::EarlierStatus));
        }
        let state = state.ok_or((Outcome::NotEntitled, Cause::NotListed))?;
        let as_of = tally.fresh_as_of().ok_or((Outcome::CannotTell, Cause::NoStatus))?;
        self.verdict.as_of = Some(as_of);
        self.note("status", format!("as of {as_of}"));
        let age = self.trust.max_age(charter.status_max_age_days);
        match state {
            State::Withdrawn => Err((Outcome::Withdrawn, Cause::Withdrawn { as_of })),
            State::Suspended => Err((Outcome::Suspended, Cause::Suspended { as_of })),
            State::Superseded => Err((Outcome::Replaced, Cause::Replaced { as_of })),
            // A log that the charter ended states nothing any more: what it said last stays.
            State::Active if self.chain.end_of(log).is_some() => {
                self.note("membership", format!("{} has left the federation since; this is what it stated last", log.agency));
                Ok(())
            }
            State::Active if self.at.since(as_of) > age => Err((Outcome::CannotTell, Cause::StaleStatus { as_of })),
            State::Active => Ok(()),
        }
    }

    fn dates(&self, label: &Label, charter: &Charter) -> Result<(), Stop> {
        let Common { scheme, level, valid_until, .. } = &label.common;
        dates(self.at, label.issued, *valid_until, charter.rule(scheme, *level))
    }

    /// A record, and where it stands.
    fn open(&mut self, keys: &Keys, log: &LogId, entry: &Entry, part: &'static str) -> Result<(Record, Place), Stop> {
        let record = entry.record().map_err(|_| mismatch(part))?;
        Ok((record, self.place(keys, log, entry, part)?))
    }

    /// Where a record stands. One log has one root for each size, whoever cosigned another one.
    fn place(&mut self, keys: &Keys, log: &LogId, entry: &Entry, part: &'static str) -> Result<Place, Stop> {
        use crate::check::CheckError::UnknownKey;
        let placed = entry.place(|note| keys.head(log, note)).map_err(|error| match error {
            BundleError::Check(UnknownKey(log)) => (Outcome::CannotTell, Cause::MissingKeys { agency: log.agency }),
            _ => mismatch(part),
        })?;
        let checkpoint = placed.head.checkpoint();
        if placed.head.epoch() < keys.book.epoch_of(log, checkpoint.size) {
            return Err(mismatch(part));
        }
        match self.heads.insert((log.agency.clone(), checkpoint.size), checkpoint.root) {
            Some(other) if other != checkpoint.root => Err((Outcome::CannotTell, Cause::Forked { agency: log.agency.clone() })),
            _ => Ok(placed),
        }
    }

    fn note(&mut self, what: &'static str, result: String) {
        self.verdict.checked.push(Check { what, result });
    }
}

/// Whether a label is valid at the date asked for, by its own dates. The rule tells whether it could still be renewed.
pub(super) fn dates(at: Timestamp, issued: Timestamp, until: Month, rule: Option<&LevelRule>) -> Result<(), Stop> {
    if at < issued {
        return Err((Outcome::NotYetValid, Cause::Early { from: issued }));
    }
    if at > until.last_second() {
        let window = rule.map_or(0, |rule| rule.renewal_window_months);
        let renewable = at.month().since(until) <= i32::from(window);
        return Err((Outcome::Expired, Cause::Late { until, renewable }));
    }
    Ok(())
}

/// The members' cosignatures on a head, counted by the charter that rules it.
pub(super) fn tally(charter: &Charter, owner: &AgencyId, head: &CheckedHead) -> Tally {
    let times = head.cosignatures().iter().map(|(witness, cosignature)| (witness.clone(), cosignature.time));
    charter.witnesses(owner).tally(times)
}
