use std::time::Instant;

use parangon_protocol::charter::Level;
use parangon_protocol::label::Conflicts;
use parangon_protocol::review::{Acceptance, Dossier, Question, Signed};

use super::*;
use crate::keystore::Replaceable;
use crate::sealing::FreshKey;
use crate::service::courier::REFUSAL_SLOT;
use crate::service::tests::support::{Agency, THREE, federation};
use crate::service::{CarrierError, assessments};

fn queued(from: &Agency, to: &Agency) -> Vec<Vec<u8>> {
    let tx = from.context.store().read().expect("a snapshot");
    let pending = tx.outbox_pending(to.context.me(), usize::MAX).expect("messages");
    pending.into_iter().map(|(_, message)| message).collect()
}

/// A message made by `from`, sealed to `recipient` or to the standing key of `to`; nothing is queued.
fn made(from: &Agency, to: &Agency, recipient: Option<&str>, message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    let undone = from.context.transact::<()>(|tx| {
        match recipient {
            Some(recipient) => queue_to(&from.context, tx, to.context.me(), recipient, message)?,
            None => queue(&from.context, tx, to.context.me(), message)?,
        }
        bytes = tx.outbox_pending(to.context.me(), usize::MAX)?.pop().expect("just queued").1;
        Err(Error::NotIssuer)
    });
    assert!(undone.is_err());
    bytes
}

async fn took(at: &Agency, from: &Agency, message: &[u8]) -> Result<(), u16> {
    let answers = receive(&at.context, vec![(from.context.me().clone(), message.to_vec())]).await;
    answers.into_iter().next().expect("one answer")
}

/// An offer that `reviewer` has accepted, with the two apart since: what passes between them the test carries.
async fn accepted(owner: &Agency, reviewer: &Agency, assessment: &str) -> (String, Hash) {
    let offer = owner.offer(assessment, "bronze", &[reviewer]).await.expect("an offer").id;
    crate::service::tests::support::until("the offer", || async {
        let offer = offer.clone();
        reviewer.context.run(move |context| inbox::show(context, &offer)).await.ok()
    })
    .await;
    owner.part(reviewer).await;
    let id = offer.clone();
    reviewer.context.run(move |context| inbox::accept(context, &id, Conflicts::None)).await.expect("accepted");
    let hash = offer.parse().expect("a hash");
    (offer, hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_senders_own_unaltered_message_is_taken_and_only_once() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    stuttgart.part(lyon).await;
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer");
    let [message] = &queued(stuttgart, lyon)[..] else { panic!("one message") };

    let inbox = || lyon.context.run(crate::service::inbox::list);
    assert_eq!(took(lyon, berlin, message).await, Err(REFUSED), "another connection");
    assert_eq!(took(berlin, stuttgart, message).await, Err(REFUSED), "another recipient");
    assert_eq!(took(lyon, stuttgart, &[]).await, Err(REFUSED), "empty");
    for at in (0..message.len()).step_by(7) {
        let mut altered = message.clone();
        altered[at] ^= 1;
        // Which of the two: another signature may be by a key that is not known here yet.
        assert!(took(lyon, stuttgart, &altered).await.is_err(), "byte {at}");
        assert_eq!(took(lyon, stuttgart, &message[..at]).await, Err(REFUSED), "cut at {at}");
    }
    assert_eq!(inbox().await.expect("a list"), vec![]);

    for _ in 0..2 {
        assert_eq!(took(lyon, stuttgart, message).await, Ok(()));
        let [view] = &inbox().await.expect("a list")[..] else { panic!("one offer") };
        assert_eq!((&view.offer, view.level), (&offer.id, Level::Bronze.as_str()));
    }
    // A bad one among good ones spoils only itself.
    let second = stuttgart.assessed("Medways", 3).await;
    stuttgart.offer(&second, "bronze", &[lyon]).await.expect("an offer");
    let good = queued(stuttgart, lyon).pop().expect("the second");
    let stranger = made(berlin, lyon, None, &Message::Withdraw { offer: Hash::of(&[b"nothing"]), reason: None });
    let from = |agency: &Agency, bytes: &Vec<u8>| (agency.context.me().clone(), bytes.clone());
    let batch = vec![from(stuttgart, message), from(berlin, &stranger), from(stuttgart, &good), from(stuttgart, &good)];
    assert_eq!(receive(&lyon.context, batch).await, [Ok(()), Err(REFUSED), Ok(()), Ok(())]);
    assert_eq!(inbox().await.expect("a list").len(), 2);
    assert!(lyon.context.counters().rejected.get_or_create(&vec![("reason", "PGN-0731".to_owned())]).get() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_asked_learns_nothing() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer");
    let there: Hash = offer.id.parse().expect("a hash");
    let mut answers = Vec::new();
    for offer in [there, Hash::of(&[b"nothing"])] {
        let acceptance = Acceptance {
            offer,
            reviewer: berlin.context.me().clone(),
            dossier_key: FreshKey::generate().recipient(),
            conflicts: Conflicts::None,
            created: berlin.context.now(),
        };
        let acceptance = Signed::sign(acceptance, berlin.context.federation(), &berlin.context.issue_key()).expect("signed");
        let bytes = made(berlin, stuttgart, None, &Message::Accept { acceptance });
        answers.push(took(stuttgart, berlin, &bytes).await);
    }
    assert_eq!(answers, [Err(REFUSED); 2]);
    assert_eq!(queued(stuttgart, berlin), Vec::<Vec<u8>>::new(), "no dossier was sent");
}

/// Neither does the time that the refusal takes tell anything.
#[tokio::test(flavor = "multi_thread")]
async fn r8_a_refusal_comes_at_the_end_of_a_slot_whatever_is_here() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer");
    let there: Hash = offer.id.parse().expect("a hash");
    for offer in [there, Hash::of(&[b"nothing"])] {
        let question = Question { offer, number: 1, indicator: None, text: "Is it there?".to_owned() };
        let bytes = made(berlin, stuttgart, None, &Message::Question { question });
        let began = Instant::now();
        let answer = berlin.context.carrier().deliver(stuttgart.context.me(), bytes).await;
        assert!(matches!(answer, Err(CarrierError::Refused(code)) if code == REFUSED), "{answer:?}");
        assert!(began.elapsed() >= REFUSAL_SLOT, "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_sealed_to_its_own_key_and_nothing_else_is() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let (offer, hash) = accepted(stuttgart, lyon, &assessment).await;
    let frozen = offers::load(&stuttgart.context.store().read().expect("a snapshot"), &offer).expect("the offer").assessment;
    let salt = Hash::of(&[b"salt"]);
    let dossier = Dossier { offer: hash, recipient: lyon.context.me().clone(), assessment: frozen, salt, copy_salt: salt };
    let dossier = Message::Dossier { dossier: Box::new(dossier) };
    let fresh = inbox::dossier_key(&lyon.context, &hash, stuttgart.context.me()).expect("readable").expect("accepted").recipient();

    let standing = made(stuttgart, lyon, None, &dossier);
    assert_eq!(took(lyon, stuttgart, &standing).await, Err(REFUSED), "a dossier to the standing key");
    let withdrawal = made(stuttgart, lyon, Some(&fresh), &Message::Withdraw { offer: hash, reason: None });
    assert_eq!(took(lyon, stuttgart, &withdrawal).await, Err(REFUSED), "something else to the dossier's key");
    let right = made(stuttgart, lyon, Some(&fresh), &dossier);
    assert_eq!(took(lyon, stuttgart, &right).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_by_another_key_waits_until_it_is_sent_by_the_one_in_force() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    stuttgart.part(lyon).await;
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer");
    let [old] = &queued(stuttgart, lyon)[..] else { panic!("one message") };
    let earlier = stuttgart.context.keys();
    stuttgart.rotates(&[Replaceable::Issue], &[lyon, berlin]).await;
    // The former key may be in other hands: what it signs is not taken, and not refused for good either.
    assert_eq!(took(lyon, stuttgart, old).await, Err(LATER));
    let now = sealed_now(&stuttgart.context, old).expect("signed anew");
    assert_ne!(&now, old);
    assert_eq!(took(lyon, stuttgart, &now).await, Ok(()), "the offer in it is by the former key, and meant today");
    assert_eq!(took(lyon, stuttgart, old).await, Ok(()), "the same message: it was taken");
    // Nor does the former key make a message that nobody sent.
    let forged =
        unpack(&made(stuttgart, lyon, None, &Message::Withdraw { offer: Hash::of(&[b"x"]), reason: None })).map(|(envelope, sealed)| {
            pack(&envelope.body.sign(stuttgart.context.federation(), &earlier.issue_key()).expect("signed"), sealed).expect("packed")
        });
    assert_eq!(took(lyon, stuttgart, &forged.expect("a message")).await, Err(LATER));
    // A receiver that does not know the new key yet says the same.
    let early = made(lyon, stuttgart, None, &Message::Withdraw { offer: Hash::of(&[b"y"]), reason: None });
    let unknown = unpack(&early).map(|(envelope, sealed)| {
        let key = parangon_protocol::keys::SecretKey::from_seed(&[9; 32]);
        pack(&envelope.body.sign(lyon.context.federation(), &key).expect("signed"), sealed).expect("packed")
    });
    assert_eq!(took(stuttgart, lyon, &unknown.expect("a message")).await, Err(LATER));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_dossier_are_its_own_or_refused_and_it_is_shown_whole() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let content: Vec<u8> = (0..=255u8).cycle().take(2 * parangon_protocol::limits::PART_BYTES + 7).collect();
    let (id, file) = (assessment.clone(), content.clone());
    let attached = stuttgart.context.run(move |context| {
        let new =
            assessments::NewEvidence { indicator: "2.1".into(), name: "Strategy.pdf".into(), media: None, language: Some("de".into()) };
        assessments::attach(context, &id, new, &file, Some("*"))
    });
    assert_eq!(attached.await.expect("attached").file_bytes, content.len() as u64);
    let (offer, hash) = accepted(stuttgart, lyon, &assessment).await;
    let show = |id: &str| {
        let id = id.to_owned();
        move |context: &Context| inbox::dossier(context, &id)
    };
    assert_eq!(took(stuttgart, lyon, &queued(lyon, stuttgart)[0]).await, Ok(()));
    let dossier = queued(stuttgart, lyon).pop().expect("the dossier");
    assert_eq!(took(lyon, stuttgart, &dossier).await, Ok(()));
    let refused = lyon.context.run(show(&offer)).await.expect_err("on its way").to_string();
    assert!(refused.contains("0 of 3 parts"), "{refused}");

    // Nobody but the reviewer gets a part, and who asks for what is not there learns nothing.
    let place = |part| {
        let frozen = offers::load(&stuttgart.context.store().read().expect("a snapshot"), &offer).expect("the offer").assessment;
        let file = frozen.files().next().expect("a file").1.id.clone();
        parangon_protocol::review::PartPlace { file, part }
    };
    let fetch = |offer, places| Message::Fetch { offer, places };
    for (from, message) in
        [(berlin, fetch(hash, vec![place(0)])), (lyon, fetch(Hash::of(&[b"nothing"]), vec![place(0)])), (lyon, fetch(hash, vec![place(3)]))]
    {
        assert_eq!(took(stuttgart, from, &made(from, stuttgart, None, &message)).await, Err(REFUSED), "{message:?}");
    }
    let asked = queued(lyon, stuttgart).pop().expect("it asked");
    // What was queued before may still wait to be acknowledged.
    let before = queued(stuttgart, lyon);
    assert_eq!(took(stuttgart, lyon, &asked).await, Ok(()));
    let parts: Vec<_> = queued(stuttgart, lyon).into_iter().filter(|message| !before.contains(message)).collect();
    assert_eq!(parts.len(), 3);

    let fresh = inbox::dossier_key(&lyon.context, &hash, stuttgart.context.me()).expect("readable").expect("accepted").recipient();
    let part = |part, bytes: &[u8]| Message::Part {
        offer: hash,
        place: place(part),
        content: parangon_protocol::review::PartContent::new(bytes.to_vec()).expect("small"),
    };
    let right = &content[2 * parangon_protocol::limits::PART_BYTES..];
    for (recipient, message, what) in [
        (Some(&fresh[..]), part(2, b"another"), "another content"),
        (Some(&fresh[..]), part(0, right), "in another place"),
        (Some(&fresh[..]), part(9, right), "in no place"),
        (None, part(2, right), "to the standing key"),
    ] {
        assert_eq!(took(lyon, stuttgart, &made(stuttgart, lyon, recipient, &message)).await, Err(REFUSED), "{what}");
    }
    assert_eq!(took(lyon, berlin, &made(berlin, lyon, Some(&fresh), &part(2, right))).await, Err(REFUSED), "from somebody else");

    for (at, message) in parts.iter().enumerate() {
        let refused = lyon.context.run(show(&offer)).await.expect_err("not whole").to_string();
        assert!(refused.contains(&format!("{at} of 3 parts")), "{refused}");
        for _ in 0..2 {
            assert_eq!(took(lyon, stuttgart, message).await, Ok(()));
        }
    }
    let view = lyon.context.run(show(&offer)).await.expect("whole");
    let file = view.indicators.iter().find_map(|indicator| indicator.evidence.first()).expect("a file").clone();
    assert_eq!((file.name.as_str(), file.bytes), ("Strategy.pdf", content.len() as u64));
    let (id, name) = (offer.clone(), file.id);
    let read = lyon.context.run(move |context| inbox::evidence(context, &id, &name)).await.expect("readable");
    assert!(*read.content == content);

    // With the review everything goes: the key, the dossier and its parts.
    let kept = || lyon.context.store().read().expect("a snapshot").private_ids(14, None, 9).expect("ids").len();
    assert_eq!(kept(), 3);
    let id = offer.clone();
    lyon.context.run(move |context| inbox::step_back(context, &id, None)).await.expect("stepped back");
    assert_eq!(kept(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_comes_again_takes_nothing_back() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.accepts(&offer).await;
    stuttgart.part(lyon).await;
    let (id, scores) = (offer.clone(), crate::service::tests::support::level(3));
    let input = inbox::ReviewInput {
        scores,
        improvements: Some(3),
        eligible: Some(true),
        findings: Some(String::new()),
        ..inbox::ReviewInput::default()
    };
    assert!(lyon.context.run(move |context| inbox::submit(context, &id, &input)).await.expect("a review").recommended);
    let sent = queued(lyon, stuttgart).into_iter().find_map(|bytes| {
        let opened = open(&stuttgart.context, lyon.context.me(), &bytes).expect("ours")?;
        matches!(opened.message, Message::Review { .. }).then_some((bytes, opened.message))
    });
    let (bytes, message) = sent.expect("the review");
    assert_eq!(took(stuttgart, lyon, &bytes).await, Ok(()));
    let Message::Review { review, endorsement } = message else { panic!("a review") };
    assert!(endorsement.is_some());
    let bare = made(lyon, stuttgart, None, &Message::Review { review, endorsement: None });
    assert_eq!(took(stuttgart, lyon, &bare).await, Ok(()));
    let view = stuttgart.context.run(move |context| offers::show(context, &offer)).await.expect("the offer");
    assert!(view.ready && view.reviewers[0].recommends == Some(true), "{view:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_whose_key_has_a_wrong_checksum_is_refused_and_changes_nothing() {
    let agencies = federation(&THREE).await;
    let [_, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer");
    let mut dossier_key = FreshKey::generate().recipient();
    let other = if dossier_key.ends_with('q') { 'p' } else { 'q' };
    dossier_key.pop();
    dossier_key.push(other);
    let acceptance = Acceptance {
        offer: offer.id.parse().expect("a hash"),
        reviewer: lyon.context.me().clone(),
        dossier_key,
        conflicts: Conflicts::None,
        created: lyon.context.now(),
    };
    let acceptance = Signed::sign(acceptance, lyon.context.federation(), &lyon.context.issue_key()).expect("it looks like a key");
    let bytes = made(lyon, stuttgart, None, &Message::Accept { acceptance });
    assert_eq!(took(stuttgart, lyon, &bytes).await, Err(REFUSED));
    assert!(stuttgart.context.counters().rejected.get_or_create(&vec![("reason", "PGN-0890".to_owned())]).get() > 0);
    let shown = stuttgart.offer_until(&offer.id, "the offer", |_| true).await;
    assert_eq!(shown.reviewers[0].state, parangon_protocol::review::State::Offered);
    lyon.accepts(&offer.id).await;
}
