use super::*;
use crate::canonical::CanonicalError;
use crate::keys::Purpose;

fn endorsement() -> Box<crate::label::Endorsement> {
    let proof = crate::label::ProofValue(crate::keys::Signature([9; 64]));
    let created = Timestamp::from_seconds(1_800_000_000).unwrap();
    Box::new(endorse(&common(), &dossier("lyon"), &review("lyon", 0), 4, created, created.plus(60)).unwrap().with_proof(proof))
}

fn decline() -> Decline {
    Decline { offer: offer().hash().unwrap(), reviewer: agency("lyon"), reason: DeclineReason::NoCapacity }
}

/// One of each kind, with its type and its sender.
fn messages() -> [(&'static str, &'static str, Message); 11] {
    let review = || Box::new(signed(review("lyon", 0)));
    let (deleted, until) = (Timestamp::default(), Timestamp::default().plus(limits::BACKUP_DAYS * 86_400));
    let place = || PartPlace { file: "0a".repeat(12).parse().unwrap(), part: 3 };
    [
        ("offer", "stuttgart", Message::Offer { offer: Box::new(signed(offer())) }),
        ("accept", "lyon", Message::Accept { acceptance: signed(acceptance("lyon")) }),
        ("decline", "lyon", Message::Decline { decline: decline() }),
        ("dossier", "stuttgart", Message::Dossier { dossier: Box::new(dossier("lyon")) }),
        ("review", "lyon", Message::Review { review: review(), endorsement: None }),
        ("review", "lyon", Message::Review { review: review(), endorsement: Some(endorsement()) }),
        ("fetch", "lyon", Message::Fetch { offer: offer().hash().unwrap(), places: vec![place()] }),
        (
            "part",
            "stuttgart",
            Message::Part { offer: offer().hash().unwrap(), place: place(), content: PartContent::new(vec![7; 9]).unwrap() },
        ),
        ("erase", "stuttgart", Message::Erase { offer: offer().hash().unwrap() }),
        ("erased", "lyon", Message::Erased { offer: offer().hash().unwrap(), deleted, until }),
        ("withdraw", "stuttgart", Message::Withdraw { offer: offer().hash().unwrap(), reason: None }),
    ]
}

#[test]
fn a_message_survives_its_text_and_nothing_else_does() {
    for (kind, _, message) in messages() {
        let text = message.encode().unwrap();
        assert_eq!(Message::decode(&text), Ok(message.clone()), "{kind}");
        assert_eq!(message.offer(), offer().hash(), "{kind}");
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(&format!(r#""type":"{kind}""#)), "{text}");
        let shape = Err(ReviewError::Canonical(CanonicalError::Shape));
        assert_eq!(Message::decode(text.replacen(r#","type""#, r#","s":1,"type""#, 1).as_bytes()), shape, "{kind}");
        assert_eq!(Message::decode(text.replacen(&format!(r#""type":"{kind}""#), r#""type":"gossip""#, 1).as_bytes()), shape);
        let spaced = text.replacen(':', ": ", 1);
        assert_eq!(Message::decode(spaced.as_bytes()), Err(CanonicalError::NotCanonical.into()));
        for cut in [0, 1, text.len() / 2, text.len() - 1] {
            assert!(Message::decode(&text.as_bytes()[..cut]).is_err(), "{kind} cut at {cut}");
        }
    }
}

#[test]
fn a_message_is_bounded() {
    let with = |findings: String| {
        let body = ReviewContent { findings, ..review("lyon", 0) };
        let review = Box::new(Signed { body, signature: signed(review("lyon", 0)).signature });
        Message::Review { review, endorsement: None }
    };
    // Characters count, not bytes.
    assert!(with("é".repeat(limits::TEXT_CHARS)).encode().is_ok());
    let long = with("é".repeat(limits::TEXT_CHARS + 1));
    let refused = ReviewError::TooLong { field: "the findings", chars: limits::TEXT_CHARS + 1 };
    assert_eq!(long.encode(), Err(refused.clone()));
    let text = crate::canonical::encode(&long, limits::PRIVATE_BYTES).unwrap();
    assert_eq!(Message::decode(&text), Err(refused));
    assert_eq!(with("one\ntwo".into()).encode(), Err(CanonicalError::ControlCharacter.into()));
    let flood = vec![b' '; limits::PRIVATE_BYTES + 1];
    assert!(matches!(Message::decode(&flood), Err(ReviewError::Canonical(CanonicalError::TooLarge { .. }))));
}

#[test]
fn no_backup_expires_before_what_it_holds_is_deleted() {
    let (offer, deleted) = (offer().hash().unwrap(), Timestamp::default().plus(60));
    let erased = |until| Message::Erased { offer, deleted, until }.encode();
    assert!(erased(deleted).is_ok() && erased(deleted.plus(1)).is_ok());
    assert!(matches!(erased(Timestamp::default()), Err(ReviewError::Dates { .. })));
}

fn sealed(from: &str, to: &str, ciphertext: &[u8]) -> SignedEnvelope {
    Envelope::around(offer().hash().unwrap(), agency(from), agency(to), 1, ciphertext).sign(&federation(), &key(from)).unwrap()
}

#[test]
fn an_envelope_is_for_one_recipient_and_ciphertext() {
    let envelope = sealed("lyon", "stuttgart", b"sealed");
    let lyon = key("lyon").public();
    let verify =
        |envelope: &SignedEnvelope, ciphertext: &[u8], me: &str| envelope.verify(&federation(), &lyon, ciphertext, &agency(me)).map(drop);
    let forged = Err(EnvelopeError::Signature { from: agency("lyon"), cause: crate::keys::KeyError::Forged });
    assert_eq!(verify(&envelope, b"sealed", "stuttgart"), Ok(()));
    assert_eq!(verify(&envelope, b"sealed", "oslo"), Err(EnvelopeError::NotForMe(owner())));
    assert_eq!(verify(&envelope, b"sealeD", "stuttgart"), Err(EnvelopeError::OtherContent(agency("lyon"))));
    let flood = vec![0; limits::PRIVATE_BYTES + 1];
    assert_eq!(verify(&envelope, &flood, "stuttgart"), Err(EnvelopeError::TooLarge { actual: flood.len() }));
    assert!(envelope.verify(&Fingerprint::NONE, &lyon, b"sealed", &owner()).is_err());

    let changed = |change: fn(&mut Envelope)| {
        let mut envelope = envelope.clone();
        change(&mut envelope.body);
        envelope
    };
    assert_eq!(verify(&changed(|e| e.to = "oslo".parse().unwrap()), b"sealed", "oslo"), forged);
    assert_eq!(verify(&changed(|e| e.sequence = 2), b"sealed", "stuttgart"), forged);
    assert_eq!(verify(&changed(|e| e.offer = Hash::default()), b"sealed", "stuttgart"), forged);
    assert_eq!(verify(&changed(|e| e.content = Hash::of(&[b"x"])), b"x", "stuttgart"), forged);
    assert!(matches!(verify(&changed(|e| e.from = "oslo".parse().unwrap()), b"sealed", "stuttgart"), Err(EnvelopeError::Signature { .. })));

    let text = crate::canonical::encode(&envelope.body, limits::RECORD_BYTES).unwrap();
    for purpose in Purpose::ALL {
        let signature = key("lyon").sign(purpose, &federation(), &text);
        let other = SignedEnvelope { signature, ..envelope.clone() };
        assert_eq!(verify(&other, b"sealed", "stuttgart").is_ok(), purpose == Purpose::Envelope, "{purpose:?}");
    }
    let beyond = Envelope { sequence: 1 << 53, ..envelope.body };
    assert_eq!(beyond.sign(&federation(), &key("lyon")), Err(CanonicalError::NotInteger.into()));
}

#[test]
fn a_message_counts_in_its_own_envelope_only() {
    for (kind, from, message) in messages() {
        let text = message.encode().unwrap();
        let to = if from == "lyon" { "stuttgart" } else { "lyon" };
        let envelope = |offer| Envelope::around(offer, agency(from), agency(to), 1, b"sealed");
        let ours = offer().hash().unwrap();
        assert_eq!(envelope(ours).open(&text), Ok(message.clone()), "{kind}");
        assert_eq!(envelope(Hash::default()).open(&text), Err(EnvelopeError::OtherOffer(agency(from))), "{kind}");
        let thief = Envelope { from: agency("oslo"), ..envelope(ours) };
        let stolen = thief.open(&text);
        match message.author() {
            Some(author) => assert_eq!(stolen, Err(EnvelopeError::OtherAuthor { from: agency("oslo"), author: author.clone() })),
            None => assert!(!matches!(message, Message::Offer { .. } | Message::Accept { .. } | Message::Review { .. })),
        }
        let elsewhere = Envelope { to: agency("oslo"), ..envelope(ours) }.open(&text);
        assert_eq!(elsewhere.is_err(), kind == "dossier", "{kind}");
    }
    assert!(sealed("lyon", "stuttgart", b"x").body.open(b"{}").is_err());
}

#[test]
fn parts_are_bounded_in_number_and_size() {
    let place = |part| PartPlace { file: "0a".repeat(12).parse().unwrap(), part };
    let fetch = |places| Message::Fetch { offer: offer().hash().unwrap(), places }.encode();
    assert!(fetch((0..8).map(place).collect()).is_ok());
    for bad in [vec![], (0..9).map(place).collect(), vec![place(1), place(1)]] {
        assert_eq!(fetch(bad), Err(ReviewError::Places));
    }
    assert!(PartContent::new(vec![]).is_none() && PartContent::new(vec![0; limits::PART_BYTES + 1]).is_none());
    let largest = PartContent::new(vec![0xff; limits::PART_BYTES]).unwrap();
    let message = Message::Part { offer: offer().hash().unwrap(), place: place(0), content: largest };
    let text = message.encode().unwrap();
    assert_eq!(Message::decode(&text), Ok(message));
    let text = String::from_utf8(text).unwrap();
    let larger = text.replacen("////", "////////", 1);
    assert!(Message::decode(larger.as_bytes()).is_err(), "one part is never larger");
    assert!(Message::decode(text.replacen("////", "///!", 1).as_bytes()).is_err());
}
