//! An invite from both ends: what is answered, to whom, how often and for how long.

use std::sync::Arc;

use parangon_protocol::canonical;
use parangon_protocol::charter::{CardBody, Chain, MemberCard};
use parangon_protocol::id::Hash;
use parangon_protocol::invitation::{Answer, DAYS, Invitation, Meeting, Question, Refusal, Standing, WAITING_DAYS, commitment};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;

use super::support::{Agency, THREE, federation, federation_at};
use crate::clock::{Clock, ManualClock};
use crate::network::{VisitError, Visitor};
use crate::service::invitations::{self, InvitationState, InvitationView, MadeInvitation, NewInvitation};
use crate::service::members;

fn card(id: &str, name: &str, seed: u8) -> MemberCard {
    let body = CardBody {
        id: id.parse().expect("slug"),
        name: name.parse().expect("name"),
        country: "NO".parse().expect("country"),
        parent: None,
        identity: SecretKey::from_seed(&[seed; 32]).public(),
        successor: SecretKey::from_seed(&[seed + 1; 32]).public().hash(),
        contacts: vec![],
        rights: vec![],
    };
    body.sign(&SecretKey::from_seed(&[seed; 32])).expect("signed")
}

async fn made(agency: &Agency, to: &str) -> MadeInvitation {
    let new = NewInvitation { to: to.to_owned() };
    agency.context.run(move |context| invitations::create(context, &new)).await.expect("made")
}

async fn listed(agency: &Agency) -> InvitationView {
    let mut all = agency.context.run(invitations::list).await.expect("a list");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn state(agency: &Agency, id: &str) -> InvitationState {
    let id = id.to_owned();
    agency.context.run(move |context| invitations::show(context, &id)).await.expect("there").state
}

/// Connects with a string.
async fn visit(invite: &str) -> (Invitation, Visitor) {
    let invitation = Invitation::read(invite).expect("an invite");
    let visitor = Visitor::connect(&invitation, drop).await.expect("there");
    (invitation, visitor)
}

fn ask(card: &MemberCard, nonce: &Hash) -> Question {
    let text = card.to_text().expect("text");
    Question::Ask { commitment: commitment(nonce, &text), card: text }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_for_one_agency_and_one_use() {
    let agencies = federation(&THREE).await;
    let berlin = &agencies[0];
    let new = made(berlin, "cluster BERGEN").await;
    assert_eq!(listed(berlin).await.state, InvitationState::Open);
    assert!(!format!("{new:?}").contains("pgn1-"));
    let (invitation, mut visitor) = visit(&new.invite).await;

    // It sees the whole charter, which the fingerprint in the string decides about.
    let Answer::Federation { chain, .. } = visitor.ask(Question::Look).await.expect("answered") else { panic!("the federation") };
    let text = canonical::decode(&chain, limits::DOCUMENT_BYTES).expect("canonical");
    let chain = Chain::read(text, Some(&invitation.federation)).expect("agreed to by all");
    assert_eq!(chain.newest(), &*berlin.context.charter());

    let (nonce, bergen) = (Hash([3; 32]), card("bergen", "Cluster Bergen", 40));
    for (question, refusal) in [
        (Question::Standing, Refusal::NotAsked),
        (Question::Reveal { nonce }, Refusal::NotAsked),
        (Question::Ask { card: b"{}".to_vec(), commitment: nonce }, Refusal::Card),
        (Question::Ask { card: [&bergen.to_text().expect("text")[..], b" "].concat(), commitment: nonce }, Refusal::Card),
        (ask(&card("riga", "Cluster Riga", 42), &nonce), Refusal::OtherName),
        // The name fits, and the short name is a member's.
        (ask(&card("lyon", "Cluster Bergen", 44), &nonce), Refusal::Member),
    ] {
        assert_eq!(visitor.ask(question.clone()).await.expect("answered"), Answer::Refused(refusal), "{question:?}");
    }
    assert_eq!(listed(berlin).await.state, InvitationState::Open, "what was refused has not used it");

    let Answer::Nonce(ours) = visitor.ask(ask(&bergen, &nonce)).await.expect("answered") else { panic!("a nonce") };
    let begun = listed(berlin).await;
    assert_eq!((begun.state, begun.expires), (InvitationState::Begun, new.expires));
    assert_eq!(begun.guest.expect("it has begun").check_words, None, "no words before the nonce is revealed");
    for question in [ask(&bergen, &Hash([4; 32])), ask(&card("bergen", "Cluster Bergen", 50), &nonce)] {
        assert_eq!(visitor.ask(question).await.expect("answered"), Answer::Refused(Refusal::Used));
    }
    assert_eq!(visitor.ask(Question::Reveal { nonce: Hash([4; 32]) }).await.expect("answered"), Answer::Refused(Refusal::Nonce));
    // Everything may be asked again, and is answered as before.
    for _ in 0..2 {
        assert_eq!(visitor.ask(ask(&bergen, &nonce)).await.expect("answered"), Answer::Nonce(ours));
        assert_eq!(visitor.ask(Question::Reveal { nonce }).await.expect("answered"), Answer::Standing(Standing::Asked));
        assert_eq!(visitor.ask(Question::Standing).await.expect("answered"), Answer::Standing(Standing::Asked));
    }
    let view = listed(berlin).await;
    let guest = view.guest.expect("it asks");
    let text = bergen.to_text().expect("text");
    let meeting = Meeting { federation: &invitation.federation, host: &invitation.transport, card: &text, theirs: &nonce, ours: &ours };
    let words = guest.check_words.expect("words");
    assert_eq!((view.state, &words, &guest.card), (InvitationState::Asked, &meeting.words(), &bergen));
    let status = berlin.context.run(members::status).await.expect("a status");
    let line = status.lines.iter().find(|line| line.subject == format!("invite {}", new.id)).expect("a line");
    assert!(line.reason.contains("bergen") && line.reason.contains(&words), "{}", line.reason);

    let id = new.id.clone();
    berlin.context.run(move |context| invitations::cancel(context, &id)).await.expect("taken back");
    let answer = visitor.ask(Question::Standing).await;
    assert!(matches!(answer, Ok(Answer::Refused(Refusal::Ended)) | Err(VisitError::TurnedAway | VisitError::Closed { .. })), "{answer:?}");
    assert_eq!(listed(berlin).await.state, InvitationState::Cancelled);
    let error = berlin.context.run(move |context| invitations::cancel(context, &new.id)).await.expect_err("twice");
    assert_eq!(error.code(), "PGN-0601");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_ends_after_14_days_unless_it_was_used() {
    let start: Timestamp = "2026-11-29T00:00:00Z".parse().expect("time");
    let clock = Arc::new(ManualClock::new(start));
    let agencies = federation_at(&THREE, || clock.clone() as Arc<dyn Clock>).await;
    let berlin = &agencies[0];
    let day = 86_400;
    let (unused, used) = (made(berlin, "Cluster Riga").await, made(berlin, "Cluster Bergen").await);
    assert_eq!(unused.expires, start.plus(DAYS * day));
    let ((_, mut riga), (_, mut bergen)) = (visit(&unused.invite).await, visit(&used.invite).await);
    let (card, nonce) = (card("bergen", "Cluster Bergen", 40), Hash([3; 32]));
    assert!(matches!(riga.ask(Question::Look).await, Ok(Answer::Federation { .. })));
    assert!(matches!(bergen.ask(ask(&card, &nonce)).await, Ok(Answer::Nonce(_))));
    assert!(matches!(bergen.ask(Question::Reveal { nonce }).await, Ok(Answer::Standing(Standing::Asked))));
    clock.set(unused.expires);
    assert!(matches!(riga.ask(Question::Look).await, Ok(Answer::Federation { .. })), "the last second counts");
    clock.set(unused.expires.plus(1));
    let ended = |answer: Result<Answer, VisitError>| {
        matches!(answer, Ok(Answer::Refused(Refusal::Ended)) | Err(VisitError::TurnedAway | VisitError::Closed { .. }))
    };
    assert!(ended(riga.ask(Question::Look).await));
    assert_eq!(state(berlin, &unused.id).await, InvitationState::Expired);
    // An agency that has asked waits for the members, who may be on holiday.
    clock.set(start.plus(WAITING_DAYS * day));
    assert!(matches!(bergen.ask(Question::Reveal { nonce }).await, Ok(Answer::Standing(Standing::Asked))));
    assert_eq!(state(berlin, &used.id).await, InvitationState::Asked);
    clock.set(start.plus(WAITING_DAYS * day + 1));
    assert!(ended(bergen.ask(Question::Standing).await));
    assert_eq!(state(berlin, &used.id).await, InvitationState::Expired);
    // Long after they are not even listed any more.
    clock.set(start.plus(400 * day));
    let next = made(berlin, "Cluster Tartu").await;
    assert_eq!(listed(berlin).await.id, next.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_are_bounded_and_names_are_names() {
    let agencies = federation(&THREE).await;
    let berlin = &agencies[0];
    for bad in ["", "  ", "a\nb", &"x".repeat(limits::NAME_CHARS + 1)] {
        let new = NewInvitation { to: bad.to_owned() };
        let error = berlin.context.run(move |context| invitations::create(context, &new)).await.expect_err("no name");
        assert_eq!(error.code(), "PGN-0702", "{bad:?}");
    }
    for n in 0..crate::network::limits::GUESTS {
        made(berlin, &format!("Cluster {n}")).await;
    }
    let new = NewInvitation { to: "One more".to_owned() };
    let error = berlin.context.run(move |context| invitations::create(context, &new)).await.expect_err("full");
    assert_eq!(error.code(), "PGN-0601");
    let all = berlin.context.run(invitations::list).await.expect("a list");
    let id = all[0].id.clone();
    berlin.context.run(move |context| invitations::cancel(context, &id)).await.expect("taken back");
    made(berlin, "One more").await;
}
