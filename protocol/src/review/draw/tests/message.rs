use super::*;
use crate::anchor::{Act, Dated, Tree};
use crate::canonical::CanonicalError;
use crate::label::bundle::Proven;
use crate::limits;

/// Of the shape of one; nothing here looks further.
fn dated() -> Box<Dated> {
    let act = Act { statement: call("a").hash().unwrap(), salt: Hash::of(&[b"salt"]) };
    let tree = Tree::new(&[act], &Hash::of(&[b"secret"])).unwrap();
    let entry = Proven { record: serde_json::json!({ "type": "anchor" }), proof: vec!["index 3".to_owned()] };
    Box::new(Dated { entry, place: tree.places().next().unwrap(), statement: act.statement })
}

/// One of each kind, with its type and, where it says so, its author.
fn messages() -> Vec<(&'static str, Option<AgencyId>, Message)> {
    let charter = members_of(5, false);
    let parties = Parties::of(&charter, &call("a")).unwrap();
    let [first, second] = [0, 1].map(|at| parties.order()[at].clone());
    let owner = parties.owner().clone();
    let draw = draw(&charter, &call("a"), std::slice::from_ref(&second));
    let (call, commitment) = (Box::new(draw.call.clone()), draw.commitments[0].clone());
    let dealing = dealing(&parties, &first);
    let share = dealing.share(parties.place(&second, &first).unwrap());
    let deal = Box::new(Deal { commitment: commitment.clone(), share, shares: dealing.list() });
    let [Disclosed::Contributor { opening }, Disclosed::Holders { releases, shares }] = &draw.disclosed[..] else {
        panic!("one opens, one does not")
    };
    let selection = Box::new(draw.selection.clone());
    let (hash, selected) = (*parties.call(), draw.selection.body.hash().unwrap());
    let release = Box::new(releases[0].clone());
    let holder = release.body.holder.clone();
    vec![
        ("call", Some(owner.clone()), Message::Call { call: call.clone(), dated: dated() }),
        ("commit", Some(first.clone()), Message::Commit { commitment: Box::new(commitment.clone()) }),
        ("deal", Some(first.clone()), Message::Deal { call, deal }),
        ("held", None, Message::Held { call: hash, commitment: commitment.body.hash().unwrap() }),
        ("select", Some(owner), Message::Select { commitments: draw.commitments.clone(), selection }),
        ("open", Some(first), Message::Open { opening: opening.clone() }),
        ("withheld", None, Message::Withheld { call: hash, contributor: second, selection: selected }),
        ("release", Some(holder), Message::Release { release, shares: shares.clone() }),
    ]
}

#[test]
fn a_message_survives_its_text_and_nothing_else_does() {
    for (kind, author, message) in messages() {
        let text = message.encode().unwrap();
        assert_eq!(Message::decode(&text), Ok(message.clone()), "{kind}");
        assert_eq!(message.call(), call("a").hash(), "{kind}");
        assert_eq!(message.author(), author.as_ref(), "{kind}");
        let text = String::from_utf8(text).unwrap();
        let named = format!(r#","type":"{kind}""#);
        assert!(text.contains(&named), "{text}");
        let shape = Err(ReviewError::Canonical(CanonicalError::Shape));
        assert_eq!(Message::decode(text.replacen(&named, &format!(r#","tx":1{named}"#), 1).as_bytes()), shape, "{kind}");
        assert_eq!(Message::decode(text.replacen(&named, r#","type":"gossip""#, 1).as_bytes()), shape, "{kind}");
        assert_eq!(Message::decode(text.replacen(':', ": ", 1).as_bytes()), Err(CanonicalError::NotCanonical.into()));
        for cut in [0, 1, text.len() / 2, text.len() - 1] {
            assert!(Message::decode(&text.as_bytes()[..cut]).is_err(), "{kind} cut at {cut}");
        }
    }
}

/// What a malformed message is refused as, written and read.
fn refused(message: &Message) -> ReviewError {
    let error = message.encode().unwrap_err();
    let text = crate::canonical::encode(message, limits::PRIVATE_BYTES).unwrap();
    if text.len() <= limits::DRAW_BYTES {
        assert_eq!(Message::decode(&text), Err(error.clone()));
    }
    error
}

#[test]
fn a_message_is_bounded() {
    let mut seen = 0;
    for (_, _, message) in messages() {
        let bad = match message {
            Message::Call { mut call, dated } if seen == 0 => {
                call.body.until = call.body.created;
                Message::Call { call, dated }
            }
            Message::Deal { call, mut deal } => {
                deal.shares = vec![Hash::default(); limits::MEMBERS + 1];
                Message::Deal { call, deal }
            }
            Message::Select { commitments, selection } => {
                Message::Select { commitments: vec![commitments[0].clone(); SELECTED + 1], selection }
            }
            Message::Release { release, .. } => Message::Release { release, shares: vec![Hash::default(); limits::MEMBERS + 1] },
            _ => continue,
        };
        seen += 1;
        assert!(matches!(refused(&bad), ReviewError::Dates { .. } | ReviewError::Shares | ReviewError::Selection), "{bad:?}");
    }
    assert_eq!(seen, 4);
    let (_, _, Message::Call { call, mut dated }) = messages().remove(0) else { panic!("the first is a call") };
    dated.place.path.pop();
    assert_eq!(refused(&Message::Call { call: call.clone(), dated: dated.clone() }), ReviewError::Dated);
    dated.place.path.push(Hash::default());
    dated.entry.proof = vec!["x".repeat(limits::DATED_BYTES)];
    assert_eq!(refused(&Message::Call { call, dated }), ReviewError::Dated);
    let flood = vec![b' '; limits::DRAW_BYTES + 1];
    assert!(matches!(Message::decode(&flood), Err(ReviewError::Canonical(CanonicalError::TooLarge { .. }))));
}
