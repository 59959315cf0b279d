use parangon_protocol::id::LogId;
use parangon_protocol::keys::{KeySet, SecretKey, SignedKeySet};
use parangon_protocol::record::Record;
use parangon_protocol::verify::Outcome;

use super::support::{Agency, THREE, Who, federation, level, until};
use crate::keystore::{NODE_KEYS, NODE_KEYS_NEXT, Replaceable};
use crate::service::keys::{self, NewKeySet};
use crate::service::register::Standing;
use crate::service::{inbox, labels, verification};

const USUAL: [Replaceable; 3] = [Replaceable::Issue, Replaceable::Witness, Replaceable::Sealing];

const FIVE: [Who; 5] =
    [("stuttgart", "DE", None), ("lyon", "FR", None), ("berlin", "DE", None), ("porto", "PT", None), ("wien", "AT", None)];

/// Waits until `at` makes a file for the label that `reader` finds valid.
async fn verifies(label: &str, at: &Agency, reader: &Agency) {
    until("a valid bundle", || async {
        let id = labels::parse_id(label).expect("an id");
        let file = at.context.run(move |context| labels::bundle(context, &id)).await.ok()?;
        let verdict = verification::verify(&reader.context, &file, None).expect("a verdict");
        (verdict.verdict == Outcome::Valid).then_some(())
    })
    .await;
}

/// Waits until everything in this agency's log has its quorum.
async fn all_final(agency: &Agency) {
    let log = LogId::first(agency.context.me().clone());
    let confirmed = || agency.context.engine().overview().logs.get(&log).is_some_and(|log| log.final_size == log.size);
    until("the quorum", || async { confirmed().then_some(()) }).await;
}

fn size(agency: &Agency) -> u64 {
    let log = LogId::first(agency.context.me().clone());
    agency.context.store().read().expect("a snapshot").size(&log).expect("a size")
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_before_and_after_a_rotation_are_valid_everywhere() {
    let agencies = federation(&FIVE).await;
    let [berlin, lyon, porto, stuttgart, wien] = &agencies[..] else { panic!("five") };
    let before = stuttgart.awards("BioRegio", "gold", 4, &[lyon, porto]).await.id;
    for agency in &agencies {
        agency.label_until(&before, Standing::Valid).await;
    }
    verifies(&before, wien, berlin).await;
    // Issuer, one endorser and a witness rotate.
    for agency in [stuttgart, lyon, berlin] {
        let others: Vec<&Agency> = agencies.iter().filter(|other| other.name() != agency.name()).collect();
        let former = agency.context.issue_key().public();
        let view = agency.rotates(&USUAL, &others).await;
        assert_eq!((view.keysets.len(), &view.waiting[..]), (2, &["witness"][..]));
        assert!(view.keysets[1].in_force && !view.keysets[0].in_force);
        assert_eq!(agency.context.issue_key().public(), view.keysets[1].issue);
        assert_eq!(view.keysets[0].issue, former);
        let files = |name: &str| agency.dir.path().join(name).exists();
        assert!(files(NODE_KEYS) && !files(NODE_KEYS_NEXT));
        all_final(agency).await;
    }
    let after = stuttgart.awards("Medways", "gold", 4, &[lyon, porto]).await.id;
    for agency in &agencies {
        agency.label_until(&after, Standing::Valid).await;
        agency.label_until(&before, Standing::Valid).await;
    }
    for label in [&before, &after] {
        verifies(label, wien, berlin).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endorsement_made_before_its_endorsers_rotation_still_carries_a_label() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    lyon.reviews(&offer, level(3)).await;
    stuttgart.offer_until(&offer, "the review", |offer| offer.ready).await;
    lyon.rotates(&USUAL, &[berlin, stuttgart]).await;
    stuttgart.rotates(&USUAL, &[berlin, lyon]).await;
    let label = stuttgart.issues(&offer).await.expect("a label").id;
    for agency in &agencies {
        agency.label_until(&label, Standing::Valid).await;
    }
    verifies(&label, berlin, lyon).await;
}

/// An offer by the former key to the former sealing key, an acceptance, a dossier, a review: each side rotates while they wait.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_lost_over_a_rotation() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    stuttgart.part(lyon).await;
    let assessment = stuttgart.assessed("BioRegio", 3).await;
    let offer = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect("an offer").id;
    stuttgart.rotates(&USUAL, &[berlin, lyon]).await;
    for _ in 0..2 {
        lyon.rotates(&USUAL, &[berlin, stuttgart]).await;
    }
    stuttgart.rejoin(lyon).await;
    lyon.accepts(&offer).await;
    stuttgart.part(lyon).await;
    let input = inbox::ReviewInput {
        scores: level(3),
        improvements: Some(3),
        eligible: Some(true),
        findings: Some(String::new()),
        ..inbox::ReviewInput::default()
    };
    let reviewed = offer.clone();
    lyon.context.run(move |context| inbox::submit(context, &reviewed, &input)).await.expect("a review");
    lyon.rotates(&USUAL, &[berlin, stuttgart]).await;
    stuttgart.rotates(&USUAL, &[berlin, lyon]).await;
    stuttgart.rejoin(lyon).await;
    stuttgart.offer_until(&offer, "the review", |offer| offer.ready).await;
    stuttgart.issues(&offer).await.expect("a label");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_does_not_follow_changes_nothing() {
    let agencies = federation(&THREE).await;
    let [berlin, _, stuttgart] = &agencies[..] else { panic!("three") };
    let fits = stuttgart.next(&USUAL);
    let identity = || stuttgart.identity.identity_key();
    let sign = |by: &SecretKey, change: &dyn Fn(&mut KeySet)| {
        let mut body = fits.body.clone();
        change(&mut body);
        body.sign(stuttgart.context.federation(), by).expect("well-formed")
    };
    let (present, began) = (stuttgart.context.keys(), size(stuttgart));
    let altered = SignedKeySet { body: KeySet { number: 3, ..fits.body.clone() }, signature: fits.signature };
    let shared = SignedKeySet { body: KeySet { issue: fits.body.log, ..fits.body.clone() }, signature: fits.signature };
    let drawn = |byte: u8| SecretKey::from_seed(&[byte; 32]).public();
    let cases = [
        ("signed by the stolen issue key", sign(&present.issue_key(), &|_| ()), "PGN-0733"),
        ("signed by another member", sign(&berlin.identity.identity_key(), &|_| ()), "PGN-0733"),
        ("signed by the successor before its time", sign(&stuttgart.identity.successor_key(), &|_| ()), "PGN-0733"),
        ("another agency's", sign(&identity(), &|set| set.agency = berlin.context.me().clone()), "PGN-0733"),
        ("altered", altered, "PGN-0733"),
        ("a key in two roles", shared, "PGN-0733"),
        ("the former issue key as witness key", sign(&identity(), &|set| set.witness = present.issue_key().public()), "PGN-0733"),
        ("a sealing key with a wrong checksum", sign(&identity(), &|set| set.sealing = miswritten(&set.sealing)), "PGN-0733"),
        ("a log key that is in no file", sign(&identity(), &|set| set.log = drawn(5)), "PGN-0610"),
        ("a number skipped", sign(&identity(), &|set| set.number = 3), "PGN-0609"),
        ("a number repeated", sign(&identity(), &|set| set.number = 1), "PGN-0609"),
        ("keys that are in no file", sign(&identity(), &|set| set.issue = drawn(6)), "PGN-0610"),
    ];
    for (name, set, code) in cases {
        let refused = keys::replace(&stuttgart.context, NewKeySet { keyset: Box::new(set) }).await.expect_err(name);
        assert_eq!(refused.code(), code, "{name}: {refused}");
        assert_eq!(size(stuttgart), began, "{name}");
        assert_eq!(stuttgart.context.issue_key().public(), present.issue_key().public(), "{name}");
    }
    let taken = keys::replace(&stuttgart.context, NewKeySet { keyset: Box::new(fits.clone()) }).await.expect("the one that fits");
    assert_eq!(taken.keysets.len(), 2);
    let again = keys::replace(&stuttgart.context, NewKeySet { keyset: Box::new(fits) }).await.expect("the same");
    assert_eq!((again, size(stuttgart)), (taken, began + 1), "the same one again adds nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_peer_id_needs_somebody_who_learns_it() {
    let agencies = federation(&THREE[..2]).await;
    let [lyon, stuttgart] = &agencies[..] else { panic!("two") };
    stuttgart.part(lyon).await;
    until("no connection", || async { stuttgart.context.carrier().links().iter().all(|link| !link.is_connected()).then_some(()) }).await;
    let keyset = Box::new(stuttgart.next(&[Replaceable::Transport]));
    let alone = keys::replace(&stuttgart.context, NewKeySet { keyset: keyset.clone() }).await.expect_err("nobody is there");
    assert_eq!((alone.code(), alone.status(), size(stuttgart)), ("PGN-0611", 409, 2));
    stuttgart.rejoin(lyon).await;
    until("a connection", || async { stuttgart.context.carrier().links().iter().any(|link| link.is_connected()).then_some(()) }).await;
    let view = keys::replace(&stuttgart.context, NewKeySet { keyset }).await.expect("taken");
    assert_eq!(view.waiting, ["transport"]);
    stuttgart.context.rekeyed().await;
}

/// An age recipient with one other character: the shape is right, the checksum is not.
fn miswritten(recipient: &str) -> String {
    let other = if recipient.ends_with('q') { 'p' } else { 'q' };
    format!("{}{other}", &recipient[..recipient.len() - 1])
}

/// In a log a key set with such a key stays what it always was; whoever would seal to it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealing_key_with_a_wrong_checksum_stands_and_nothing_is_sealed_to_it() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let mut set = lyon.next(&[Replaceable::Sealing]).body;
    set.sealing = miswritten(&set.sealing);
    let keyset = Box::new(set.sign(lyon.context.federation(), &lyon.identity.identity_key()).expect("it looks like a key"));
    lyon.context.engine().append(vec![Record::KeySet(keyset)]).await.expect("replay is as it was");
    let knows = || stuttgart.context.engine().book().current(lyon.context.me()).is_some_and(|(_, set)| set.number == 2);
    until("the key set", || async { knows().then_some(()) }).await;

    let assessment = stuttgart.assessed("BioRegio", 4).await;
    let refused = stuttgart.offer(&assessment, "bronze", &[lyon]).await.expect_err("nothing can be sealed");
    assert_eq!((refused.code(), refused.status()), ("PGN-0890", 409), "{refused}");
    assert!(refused.to_string().contains("lyon"), "it says whose: {refused}");
    assert!(stuttgart.context.store().read().expect("a snapshot").outbox_counts().expect("counts").is_empty());
    // Nothing was begun: the same assessment goes to another agency, and a new key set ends it.
    stuttgart.offer(&assessment, "bronze", &[berlin]).await.expect("an offer");
}
