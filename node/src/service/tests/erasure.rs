//! Erasure between real nodes: canaries in everything that is confidential, and every byte and item looked at afterwards.

use std::path::Path;
use std::sync::Arc;

use parangon_protocol::charter::Retention;
use parangon_protocol::id::Hash;
use parangon_protocol::review::State;
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::Outcome;

use super::support::{Agency, THREE, federation, federation_on, level, until};
use crate::backup::{Plan, audit, open};
use crate::clock::{Clock, ManualClock};
use crate::engine;
use crate::service::assessments::{self, Edit, NewEvidence};
use crate::service::erasure::{self, ErasureView, NewErasure, Target};
use crate::service::inbox::{self, NewQuestion, ReviewInput};
use crate::service::offers::{self, NewOffer, Said};
use crate::service::register::Standing;
use crate::service::{Context, Error, labels, members, statistics, verification};
use crate::store::Store;
use crate::store::tests::sealed_rows;

const NOTE: &str = "CANARY-note-51b7e0";
const FILE: &str = "CANARY-file-0c93aa";
const NAME: &str = "CANARY-name-6d11f2.txt";
const QUESTION: &str = "CANARY-question-e2f48d";
const ANSWER: &str = "CANARY-answer-9b77c4";
const FINDINGS: &str = "CANARY-findings-3a60d5";
const RESPONSE: &str = "CANARY-response-c81e29";
const CANARIES: [&str; 7] = [NOTE, FILE, NAME, QUESTION, ANSWER, FINDINGS, RESPONSE];

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Every byte of every file below a directory.
fn bytes_below(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).expect("listed") {
        let path = entry.expect("there").path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).unwrap_or_default() });
    }
    bytes
}

/// Every private item as the master key opens it, with its kind and id.
fn opened(store: &Store) -> Vec<(u8, String, Vec<u8>)> {
    let tx = store.read().expect("a snapshot");
    let mut items = Vec::new();
    for kind in 0..=u8::MAX {
        for id in tx.private_ids(kind, None, usize::MAX).expect("ids") {
            let plain = tx.private(kind, &id).expect("opens").expect("there");
            items.push((kind, id, plain.to_vec()));
        }
    }
    items
}

/// Where a text stands in the items of a node.
fn found(store: &Store, text: &str) -> Vec<(u8, String)> {
    opened(store).into_iter().filter(|(_, _, plain)| holds(plain, text.as_bytes())).map(|(kind, id, _)| (kind, id)).collect()
}

fn erasure(target: Target, id: &str) -> NewErasure {
    NewErasure { target, id: id.to_owned(), with_label: false, confirm: Some("BioRegio".to_owned()) }
}

async fn order(agency: &Agency, new: NewErasure) -> Result<ErasureView, Error> {
    agency.context.run(move |context| erasure::order(context, &new)).await
}

async fn erased_until(agency: &Agency, id: &str, state: &str) -> ErasureView {
    until(state, || async {
        let id = id.to_owned();
        agency.context.run(move |context| erasure::show(context, &id)).await.ok().filter(|view| view.state == state)
    })
    .await
}

/// What is written and said on the way to a review.
pub(super) struct Bodies {
    pub(super) note: String,
    pub(super) file: String,
    pub(super) name: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) findings: String,
    pub(super) response: String,
}

fn canaries() -> Bodies {
    Bodies {
        note: NOTE.into(),
        file: format!("{FILE} and more"),
        name: NAME.into(),
        question: QUESTION.into(),
        answer: ANSWER.into(),
        findings: FINDINGS.into(),
        response: RESPONSE.into(),
    }
}

impl Bodies {
    /// An assessment with a note and a file of evidence.
    pub(super) async fn written(&self, agency: &Agency, cluster: &str) -> String {
        let assessment = agency.assessed(cluster, 3).await;
        let (id, noted) = (assessment.clone(), format!("indicator,level,note\n4.1.2,3,{}\n", self.note).into_bytes());
        let new = NewEvidence { indicator: "4.1.2".into(), name: self.name.clone(), media: Some("text/plain".into()), language: None };
        let file = self.file.clone();
        let write = move |context: &Context| {
            assessments::set(context, &id, &Edit::Spreadsheet(noted), Some("*"), false)?;
            assessments::attach(context, &id, new, file.as_bytes(), Some("*"))
        };
        agency.context.run(write).await.expect("written");
        assessment
    }

    /// An assessment and its offer, with everything that is said about a dossier up to the draft and the owner's response.
    pub(super) async fn under_review(&self, owner: &Agency, reviewer: &Agency) -> (String, String) {
        let assessment = self.written(owner, "BioRegio").await;
        let offer = offered(owner, &assessment, "bronze", &[reviewer]).await;
        self.discussed(owner, reviewer, &offer).await;
        (assessment, offer)
    }

    async fn discussed(&self, owner: &Agency, reviewer: &Agency, offer: &str) {
        reviewer.accepts(offer).await;
        let id = offer.to_owned();
        let new = NewQuestion { indicator: None, text: self.question.clone() };
        reviewer.context.run(move |context| inbox::ask(context, &id, &new)).await.expect("asked");
        let asked = |offer: &offers::OfferView| offer.reviewers.iter().any(|reviewer| !reviewer.questions.is_empty());
        owner.offer_until(offer, "the question", asked).await;
        let (id, agency) = (offer.to_owned(), reviewer.name());
        let said = Said { text: self.answer.clone() };
        owner.context.run(move |context| offers::answer(context, &id, &agency, 1, &said)).await.expect("answered");
        let answered = || {
            let id = offer.to_owned();
            reviewer.context.run(move |context| inbox::conversation(context, &id))
        };
        until("the answer", || async { answered().await.ok().filter(|said| said.questions[0].answer.is_some()) }).await;
        let id = offer.to_owned();
        let input = ReviewInput {
            scores: level(3),
            improvements: Some(3),
            eligible: Some(true),
            findings: Some(self.findings.clone()),
            ..ReviewInput::default()
        };
        reviewer.context.run(move |context| inbox::submit(context, &id, &input)).await.expect("a draft");
        owner.offer_until(offer, "the draft", |offer| offer.reviewers.iter().any(|reviewer| reviewer.findings.is_some())).await;
        let id = offer.to_owned();
        let said = Said { text: self.response.clone() };
        owner.context.run(move |context| offers::respond(context, &id, &said)).await.expect("responded");
        until("the response", || async { answered().await.ok().filter(|said| said.response.is_some()) }).await;
    }
}

async fn offered(owner: &Agency, assessment: &str, level: &str, reviewers: &[&Agency]) -> String {
    let new = NewOffer {
        assessment: assessment.to_owned(),
        scheme: None,
        level: level.to_owned(),
        reviewers: reviewers.iter().map(|agency| agency.name()).collect(),
        due: None,
        languages: vec![],
        comments: Some(true),
    };
    owner.context.run(move |context| offers::create(context, new)).await.expect("an offer").id
}

/// What is confidential, as the two nodes have it before: rows as they lie in the files, and salts.
fn confidential(agency: &Agency) -> (Vec<Vec<u8>>, Vec<String>) {
    let rows = sealed_rows(agency.context.store()).into_iter();
    let rows = rows.filter(|(kind, ..)| matches!(kind, 3 | 4 | 5 | 6 | 7 | 13 | 14 | 15)).map(|(_, _, row)| row).collect();
    let mut salts = Vec::new();
    for (_, _, plain) in opened(agency.context.store()) {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&plain) else { continue };
        for pointer in ["/salt", "/parties/lyon/last/body/salt", "/parties/lyon/review/body/salt", "/last/body/salt", "/review/body/salt"] {
            salts.extend(value.pointer(pointer).and_then(|salt| salt.as_str()).map(str::to_owned));
        }
    }
    (rows, salts)
}

/// Nothing of it is in any file of the node, under any item, or in a backup that is made now.
async fn nothing_left(agency: &Agency, rows: &[Vec<u8>], salts: &[String]) {
    let name = agency.name();
    let files = bytes_below(agency.dir.path());
    for canary in CANARIES {
        assert!(!holds(&files, canary.as_bytes()), "{name}: {canary} in a file");
        assert_eq!(found(agency.context.store(), canary), [], "{name}: {canary} in an item");
    }
    for row in rows {
        assert!(!holds(&files, &row[..72]), "{name}: a wrapped data key is left");
        assert!(!holds(&files, &row[72..112]), "{name}: sealed content is left");
    }
    for salt in salts {
        assert_eq!(found(agency.context.store(), salt), [], "{name}: a salt is left");
    }
    let make = |context: &Context| Ok(Plan::new(context.store(), &context.keys(), context.now())?.write(Vec::new())?);
    let backup = agency.context.run(make).await.expect("a backup");
    let dir = tempfile::TempDir::new().expect("a directory");
    let unpacked = open(backup.as_slice(), &agency.identity).and_then(|backup| backup.unpack(dir.path(), &agency.identity));
    let unpacked = unpacked.expect("opens");
    audit(&unpacked, dir.path()).expect("every log of the backup verifies");
    let (store, _) = Store::open(dir.path(), &unpacked.keystore().master_key()).expect("a store");
    for text in CANARIES.iter().copied().chain(salts.iter().map(String::as_str)) {
        assert_eq!(found(&store, text), [], "{name}: {text} in the backup");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_assessment_is_nowhere_and_its_label_stays() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = canaries().written(stuttgart, "BioRegio").await;
    let offer = offered(stuttgart, &assessment, "silver", &[lyon, berlin]).await;
    canaries().discussed(stuttgart, lyon, &offer).await;
    for (agency, canary) in [(stuttgart, NOTE), (stuttgart, QUESTION), (stuttgart, FINDINGS), (lyon, FINDINGS), (lyon, RESPONSE)] {
        assert_ne!(found(agency.context.store(), canary), [], "{}: {canary} can be found at all", agency.name());
    }
    // While the reviewer has the dossier its rows are of every kind; the copies of these rows are looked for at the end.
    let before = [confidential(stuttgart), confidential(lyon)];
    assert!(before[1].0.len() >= 5, "request, key, dossier, part, conversation");
    let id = offer.clone();
    lyon.context.run(move |context| inbox::finalise(context, &id, &ReviewInput::default())).await.expect("final");
    stuttgart.offer_until(&offer, "the final review", |offer| offer.ready).await;
    let open = order(stuttgart, erasure(Target::Assessment, &assessment)).await.expect_err("somebody works with it");
    assert_eq!((open.code(), open.status()), ("PGN-0601", 409));
    let label = stuttgart.issues(&offer).await.expect("a label").id;
    for agency in &agencies {
        agency.label_until(&label, Standing::Valid).await;
    }
    let after = [confidential(stuttgart), confidential(lyon)];

    // What cannot be undone is not done by mistake.
    let plan = {
        let new = erasure(Target::Assessment, &assessment);
        stuttgart.context.run(move |context| erasure::preview(context, &new)).await.expect("a plan")
    };
    assert_eq!((plan.name.as_str(), plan.files, plan.notes, plan.reviews, plan.questions), ("BioRegio", 1, 1, 2, 1));
    assert_eq!((plan.labels[0].state, plan.recipients.len()), ("valid", 2));
    let without = order(stuttgart, erasure(Target::Assessment, &assessment)).await.expect_err("a valid label stands on it");
    assert_eq!((without.code(), without.status()), ("PGN-0635", 409));
    for confirm in [None, Some("Bioregio".to_owned())] {
        let new = NewErasure { with_label: true, confirm, ..erasure(Target::Assessment, &assessment) };
        assert_eq!(order(stuttgart, new).await.expect_err("not the name").code(), "PGN-0702");
    }
    assert_ne!(found(stuttgart.context.store(), NOTE), [], "nothing was changed by what was refused");

    let new = NewErasure { with_label: true, ..erasure(Target::Assessment, &assessment) };
    let ordered = order(stuttgart, new.clone()).await.expect("ordered");
    assert_eq!(order(stuttgart, new).await.expect("the same").id, ordered.id);
    let done = erased_until(stuttgart, &ordered.id, "expiring").await;
    assert_eq!((done.recipients.len(), &done.labels[..]), (2, &[label.clone()][..]));
    for recipient in &done.recipients {
        assert_eq!(recipient.state, "deleted", "{recipient:?}");
        assert_eq!(recipient.copy.is_some(), recipient.agency == "lyon", "{recipient:?}");
        let (deleted, until) = (recipient.deleted.expect("said"), recipient.complete_from.expect("said"));
        assert_eq!(until.since(deleted), 90 * 86_400);
    }
    assert!(done.complete_from >= done.backups_until && done.backups_until.is_some());
    // The order itself holds ids and hashes only.
    let own = opened(stuttgart.context.store());
    let text = own.iter().find(|(kind, ..)| *kind == 25).map(|(_, _, plain)| String::from_utf8_lossy(plain)).expect("the order");
    assert!(!text.contains("BioRegio") && text.contains(&assessment), "{text}");

    for (agency, at) in [(stuttgart, 0), (lyon, 1)] {
        let (rows, salts) = ([&before[at].0[..], &after[at].0[..]].concat(), [&before[at].1[..], &after[at].1[..]].concat());
        assert!(!rows.is_empty() && !salts.is_empty());
        nothing_left(agency, &rows, &salts).await;
    }
    nothing_left(berlin, &[], &[]).await;

    // What is public stays, and counts.
    for agency in &agencies {
        agency.label_until(&label, Standing::Valid).await;
        let id = label.clone();
        assert!(agency.context.run(move |context| labels::recount(context, &id)).await.expect("recounted").kept);
        let id = labels::parse_id(&label).expect("an id");
        let file = agency.context.run(move |context| labels::bundle(context, &id)).await.expect("a file");
        assert_eq!(verification::verify(&berlin.context, &file, None).expect("a verdict").verdict, Outcome::Valid);
    }
    // The cluster is counted with what its label proves.
    let prepared = stuttgart.context.run(|context| statistics::prepare(context, None, None)).await.expect("a preview");
    assert_eq!(prepared.population, 1);
    let gone = [
        stuttgart
            .context
            .run({
                let id = assessment.clone();
                move |context| assessments::workbook(context, &id, None).map(drop)
            })
            .await,
        stuttgart
            .context
            .run({
                let id = assessment.clone();
                move |context| assessments::export(context, &id).map(drop)
            })
            .await,
        stuttgart
            .context
            .run({
                let id = offer.clone();
                move |context| offers::show(context, &id).map(drop)
            })
            .await,
        lyon.context
            .run({
                let id = offer.clone();
                move |context| inbox::show(context, &id).map(drop)
            })
            .await,
    ];
    for answer in gone {
        assert_eq!(answer.expect_err("nothing to write").code(), "PGN-0501");
    }
}

/// Without a label, with a reviewer who is away: the request waits, what waited before it goes, and the receipt comes at last.
#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_that_was_away_erases_when_it_is_back() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = canaries().written(stuttgart, "BioRegio").await;
    let offer = offered(stuttgart, &assessment, "bronze", &[lyon]).await;
    canaries().discussed(stuttgart, lyon, &offer).await;
    let (rows, salts) = confidential(lyon);
    lyon.part(stuttgart).await;
    let id = offer.clone();
    offers::withdraw(&stuttgart.context, &id).await.expect("withdrawn");
    let ordered = order(stuttgart, erasure(Target::Offer, &offer)).await.expect("ordered");
    let waiting = erased_until(stuttgart, &ordered.id, "waiting").await;
    assert_eq!((waiting.messages, waiting.complete_from, waiting.recipients[0].state), (1, None, "asked"), "the withdrawal went");
    assert_ne!(found(stuttgart.context.store(), NOTE), [], "the assessment stays");
    assert_eq!(found(stuttgart.context.store(), FINDINGS), []);
    assert_ne!(found(lyon.context.store(), FINDINGS), []);
    // Its node may be too old for the request: that is said, and what comes after all counts.
    let hash: Hash = offer.parse().expect("a hash");
    stuttgart.context.transact(|tx| erasure::on_refused(&stuttgart.context, tx, lyon.context.me(), &hash)).expect("noted");
    let refused = erased_until(stuttgart, &ordered.id, "incomplete").await;
    assert_eq!((refused.recipients[0].state, refused.complete_from), ("refused", None));
    lyon.rejoin(stuttgart).await;
    let done = erased_until(stuttgart, &ordered.id, "expiring").await;
    assert_eq!(done.recipients[0].state, "deleted");
    nothing_left(lyon, &rows, &salts).await;
    assert_eq!(lyon.context.run(inbox::list).await.expect("a list"), []);

    // The assessment goes on its own; the offer is shown with the order by which it went.
    let rest = order(stuttgart, erasure(Target::Assessment, &assessment)).await.expect("ordered");
    assert_eq!((rest.offers.len(), rest.recipients.len()), (0, 0));
    erased_until(stuttgart, &rest.id, "expiring").await;
    nothing_left(stuttgart, &[], &[]).await;
    let none = order(stuttgart, erasure(Target::Assessment, "0123456789abcdef01234567")).await.expect_err("no such thing");
    assert_eq!(none.code(), "PGN-0501");
}

/// Only the owner has anything erased, and the answer tells nobody else what is here.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_owner_has_anything_erased() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = canaries().written(stuttgart, "BioRegio").await;
    let offer = offered(stuttgart, &assessment, "bronze", &[lyon]).await;
    lyon.accepts(&offer).await;
    let hash: Hash = offer.parse().expect("a hash");
    for (from, of) in [(berlin, hash), (berlin, Hash::of(&[b"another"])), (stuttgart, Hash::of(&[b"another"]))] {
        let asked = lyon.context.transact(|tx| erasure::on_erase(&lyon.context, tx, from.context.me(), &of)).expect_err("not its offer");
        assert_eq!(asked.code(), "PGN-0501");
    }
    let at = Timestamp::default();
    let claimed = stuttgart.context.transact(|tx| erasure::on_erased(&stuttgart.context, tx, lyon.context.me(), &hash, at, at));
    assert_eq!(claimed.expect_err("nothing was asked").code(), "PGN-0501");
    assert_ne!(lyon.context.store().read().expect("a snapshot").private_ids(7, None, 9).expect("ids"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_goes_with_all_that_belongs_to_it() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let label = stuttgart.awards("BioRegio", "bronze", 3, &[lyon]).await;
    stuttgart.label_until(&label.id, Standing::Valid).await;
    let kept = stuttgart.assessed("Another", 3).await;
    let new = NewErasure { with_label: true, ..erasure(Target::Cluster, &label.cluster.id) };
    let ordered = order(stuttgart, new).await.expect("ordered");
    assert_eq!((ordered.assessments.len(), ordered.offers.len(), &ordered.labels[..]), (1, 1, &[label.id.clone()][..]));
    erased_until(stuttgart, &ordered.id, "expiring").await;
    assert_eq!(found(stuttgart.context.store(), "BioRegio"), []);
    assert_eq!(found(lyon.context.store(), "BioRegio"), []);
    stuttgart.context.run(move |context| assessments::show(context, &kept)).await.expect("it stays");
    stuttgart.label_until(&label.id, Standing::Valid).await;
    // Its name is free again.
    stuttgart.assessed("BioRegio", 2).await;
}

/// What `status` says of periods that end soon.
async fn line(agency: &Agency) -> Option<String> {
    let status = agency.context.run(members::status).await.expect("a status");
    status.lines.into_iter().find(|line| line.subject == "retention").map(|line| line.reason)
}

async fn state(agency: &Agency, offer: &str) -> State {
    let offer = offer.to_owned();
    agency.context.run(move |context| inbox::show(context, &offer)).await.expect("it is there").state
}

/// The charter's periods, each on its day and not before.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_charter_says_is_deleted_on_its_day() {
    let start: Timestamp = "2026-11-29T00:00:00Z".parse().expect("time");
    let clock = Arc::new(ManualClock::new(start));
    let retention = Retention { dossier_days: 10, review_days: 40, assessment_months: 6 };
    let at = |clock: &Arc<ManualClock>| Arc::clone(clock) as Arc<dyn Clock>;
    let agencies = federation_on(&THREE, || at(&clock), |charter| charter.retention = Some(retention.clone())).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = canaries().written(stuttgart, "BioRegio").await;
    let offer = offered(stuttgart, &assessment, "bronze", &[lyon]).await;
    canaries().discussed(stuttgart, lyon, &offer).await;
    let (rows, salts) = confidential(lyon);
    // The days pass for everybody, and the others vouch for the time: nothing goes by one clock alone.
    let days = |days: u64| {
        let later = start.plus(days * 86_400);
        clock.set(later);
        let vouched = |agency: &Agency| engine::vouched(&agency.context.store().read().expect("a snapshot")).expect("readable");
        let agencies = &agencies;
        async move {
            until("the others vouch for the time", || async { agencies.iter().all(|agency| vouched(agency) >= later).then_some(()) }).await;
            agencies.iter().for_each(|agency| agency.context.erasing().notify_one());
        }
    };
    // A clock that is ahead of all others deletes nothing.
    lyon.part(stuttgart).await;
    lyon.part(berlin).await;
    clock.set(start.plus(3_000 * 86_400));
    lyon.context.erasing().notify_one();
    let trusted = lyon.context.run(erasure::retention::trusted).await.expect("a time");
    assert!(trusted < start.plus(3 * 86_400), "{trusted}");
    clock.set(start);
    lyon.rejoin(stuttgart).await;
    lyon.rejoin(berlin).await;
    // Due after 30 days: the copy stays for ten more.
    assert_eq!(line(lyon).await, None);
    days(39).await;
    assert!(line(lyon).await.expect("a line").contains("1 copy of a dossier"), "it is said two weeks before");
    assert_eq!(state(lyon, &offer).await, State::Reviewed);
    days(41).await;
    until("the copy is gone", || async { (state(lyon, &offer).await == State::Withdrawn).then_some(()) }).await;
    stuttgart.offer_until(&offer, "the receipt", |offer| offer.reviewers[0].copy.as_ref().is_some_and(|copy| copy.deleted.is_some())).await;
    assert_ne!(found(lyon.context.store(), FINDINGS), [], "its own review stays for now");
    let id = offer.clone();
    offers::withdraw(&stuttgart.context, &id).await.expect("withdrawn");
    days(70).await;
    assert!(line(lyon).await.expect("a line").contains("1 review of ours"));
    assert_ne!(found(lyon.context.store(), FINDINGS), []);
    days(82).await;
    until("the review is gone", || async { found(lyon.context.store(), FINDINGS).is_empty().then_some(()) }).await;
    until("cleared pages", || async { (!holds(&bytes_below(lyon.dir.path()), &rows[0][..72])).then_some(()) }).await;
    nothing_left(lyon, &rows, &salts).await;

    // Withdrawn in January 2027: the assessment goes when July is over.
    let until_end: Timestamp = "2027-08-01T00:00:00Z".parse().expect("time");
    let last = until_end.since(start) / 86_400;
    days(last - 13).await;
    assert!(line(stuttgart).await.expect("a line").contains("1 assessment"));
    assert_ne!(found(stuttgart.context.store(), NOTE), []);
    days(last).await;
    let done = until("the order", || async {
        let list = stuttgart.context.run(|context| erasure::list(context, None, 9)).await.expect("a list");
        list.into_iter().next().filter(|view| view.state == "expiring")
    });
    assert_eq!(done.await.cause, "retention");
    nothing_left(stuttgart, &[], &[]).await;
    assert_eq!(lyon.context.run(inbox::list).await.expect("a list"), []);
}
