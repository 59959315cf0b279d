use proptest::prelude::*;

use super::*;

fn log(agency: &str, epoch: u32) -> LogId {
    LogId { agency: agency.parse().expect("slug"), epoch }
}

fn head(note: usize) -> Head {
    Head { log: log("oslo", 2), note: "n".repeat(note) }
}

fn range(records: Vec<Vec<u8>>, proof: usize) -> Response {
    Response::Range(Range { log: log("oslo", 1), start: 3, records, note: "note".into(), proof: vec![Hash([9; 32]); proof] })
}

#[test]
fn every_message_comes_back_as_it_was() {
    for message in [
        Gossip::Grown { head: head(3), start: 7, records: vec![vec![1, 2], vec![]] },
        Gossip::Grown { head: head(0), start: 0, records: vec![] },
        Gossip::Fork { proof: vec![1, 2, 3] },
    ] {
        assert_eq!(decode_gossip(&encode_gossip(message.clone()).expect("fits")), Ok(message));
    }
    for request in [
        Request::Heads { known: vec![(log("oslo", 1), 5, 6), (log("wien", u32::MAX), bounds::LOG_SIZE, u16::MAX)] },
        Request::Range { log: log("oslo", 1), start: 0, count: bounds::RANGE_RECORDS },
        Request::Tell(head(bounds::NOTE_BYTES)),
        Request::Cosigned { log: log("oslo", 1), size: 4, line: "— x y".into() },
        Request::Fork { proof: vec![7; bounds::NOTE_BYTES] },
    ] {
        assert_eq!(decode_request(&encode_request(request.clone()).expect("fits")), Ok(request));
    }
    for response in [Response::Heads(vec![head(1), head(2)]), range(vec![vec![5]], 2), Response::Done, Response::Missing] {
        assert_eq!(decode_response(&encode_response(Ok(response.clone())).expect("fits")), Ok(Ok(response)));
    }
    for refusal in [
        Refusal::Malformed,
        Refusal::TooLarge,
        Refusal::Busy,
        Refusal::UnsupportedVersion,
        Refusal::NoAnswer,
        Refusal::Application(u16::MAX),
    ] {
        assert_eq!(decode_response(&encode_response(Err(refusal)).expect("fits")), Ok(Err(refusal)));
        let ack = encode_ack(Err(refusal));
        assert!(ack.len() <= limits::ACK_BYTES);
        assert_eq!(decode_ack(&ack), Ok(Err(refusal)));
    }
    assert_eq!(decode_ack(&encode_ack(Ok(()))), Ok(Ok(())));
}

#[test]
fn what_guests_ask_and_are_told_comes_back_as_it_was() {
    use parangon_protocol::invitation::{Answer, Question, Refusal as Declined, Standing};
    for question in [
        Question::Look,
        Question::Ask { card: vec![1; bounds::RECORD_BYTES], commitment: Hash([2; 32]) },
        Question::Reveal { nonce: Hash([3; 32]) },
        Question::Standing,
    ] {
        assert_eq!(invitation::decode_question(&invitation::encode_question(question.clone()).expect("fits")), Ok(question));
    }
    let proposed = Standing::Proposed { have: 2, needed: u32::MAX };
    let standings = [Standing::Asked, proposed, Standing::Rejected, Standing::Admitted].map(Answer::Standing);
    let declined =
        [Declined::Card, Declined::OtherName, Declined::Used, Declined::Member, Declined::Nonce, Declined::NotAsked, Declined::Ended];
    let now = "2026-11-29T00:00:00Z".parse().expect("time");
    let others = [Answer::Federation { chain: vec![5; bounds::DOCUMENT_BYTES], now, records: u64::MAX }, Answer::Nonce(Hash([6; 32]))];
    for answer in standings.into_iter().chain(declined.map(Answer::Refused)).chain(others) {
        let body = invitation::encode_answer(Ok(answer.clone())).expect("fits");
        assert_eq!(invitation::decode_answer(&body), Ok(Ok(answer)));
    }
    assert_eq!(invitation::decode_answer(&invitation::encode_answer(Err(Refusal::Busy)).expect("fits")), Ok(Err(Refusal::Busy)));

    let too_large = |limit: usize| FrameError::TooLarge { bytes: limit + 1, limit };
    let ask = Question::Ask { card: vec![0; bounds::RECORD_BYTES + 1], commitment: Hash([0; 32]) };
    assert_eq!(invitation::encode_question(ask), Err(too_large(bounds::RECORD_BYTES)));
    let chain = Answer::Federation { chain: vec![0; bounds::DOCUMENT_BYTES + 1], now, records: 0 };
    assert_eq!(invitation::encode_answer(Ok(chain)), Err(too_large(bounds::DOCUMENT_BYTES)));
    assert_eq!(invitation::decode_question(&vec![0; limits::QUESTION_BYTES + 1]), Err(too_large(limits::QUESTION_BYTES)));
    // A time after the year 9999: variant, no chain, the largest number, no records.
    let never = [&[0, 0, 253][..], &u64::MAX.to_be_bytes(), &[0]].concat();
    assert_eq!(invitation::decode_answer(&never), Err(FrameError::Field("a time after the year 9999")));
}

#[test]
fn the_bytes_of_version_1_do_not_change() {
    let oslo = [4, b'o', b's', b'l', b'o', 2];
    for (bytes, expected) in [
        (
            encode_gossip(Gossip::Grown { head: head(1), start: 7, records: vec![vec![8]] }),
            [&[1, 0], &oslo[..], &[1, b'n', 7, 1, 1, 8]].concat(),
        ),
        (encode_gossip(Gossip::Fork { proof: vec![9] }), vec![1, 1, 1, 9]),
        (encode_request(Request::Heads { known: vec![(log("oslo", 2), 3, 4)] }), [&[0, 1], &oslo[..], &[3, 4]].concat()),
        (encode_request(Request::Range { log: log("oslo", 2), start: 3, count: 4 }), [&[1], &oslo[..], &[3, 4]].concat()),
        (encode_request(Request::Tell(head(1))), [&[2], &oslo[..], &[1, b'n']].concat()),
        (encode_request(Request::Cosigned { log: log("oslo", 2), size: 3, line: "l".into() }), [&[3], &oslo[..], &[3, 1, b'l']].concat()),
        (encode_request(Request::Fork { proof: vec![9] }), vec![4, 1, 9]),
        (encode_response(Ok(Response::Heads(vec![head(1)]))), [&[0, 1], &oslo[..], &[1, b'n']].concat()),
        (encode_response(Ok(Response::Done)), vec![2]),
        (encode_response(Ok(Response::Missing)), vec![3]),
        (encode_response(Err(Refusal::Busy)), vec![4, 2]),
        (Ok(encode_ack(Ok(()))), vec![0]),
        (Ok(encode_ack(Err(Refusal::Application(7)))), vec![1, 5, 7]),
    ] {
        assert_eq!(bytes, Ok(expected));
    }
}

/// At the bound it passes, one above it has a name; on the way out and, written by someone without bounds, on the way in.
#[test]
fn every_bound_holds_on_both_sides() {
    let too_large = |limit: usize| FrameError::TooLarge { bytes: limit + 1, limit };
    let gossip = |note, records| Gossip::Grown { head: head(note), start: 0, records };
    assert!(encode_gossip(gossip(bounds::NOTE_BYTES, vec![vec![0; bounds::INLINE_BYTES]])).is_ok());
    assert_eq!(encode_gossip(gossip(bounds::NOTE_BYTES + 1, vec![])), Err(too_large(bounds::NOTE_BYTES)));
    assert_eq!(encode_gossip(gossip(0, vec![vec![0; bounds::INLINE_BYTES], vec![0]])), Err(too_large(bounds::INLINE_BYTES)));
    let fork = encode_gossip(Gossip::Fork { proof: vec![0; limits::GOSSIP_BYTES + 1] });
    assert_eq!(fork, Err(too_large(limits::GOSSIP_BYTES)));
    assert_eq!(encode_request(Request::Tell(head(bounds::NOTE_BYTES + 1))), Err(too_large(bounds::NOTE_BYTES)));
    for count in [0, bounds::RANGE_RECORDS + 1] {
        let request = Request::Range { log: log("oslo", 1), start: 0, count };
        assert_eq!(encode_request(request), Err(FrameError::Field("count out of range")));
    }
    let known = vec![(log("oslo", 1), 0, 0); limits::HEADS + 1];
    assert_eq!(encode_request(Request::Heads { known }), Err(FrameError::Field("too many heads")));
    assert!(encode_response(Ok(range(vec![vec![0; bounds::RECORD_BYTES]; 4], bounds::PROOF_HASHES))).is_ok());
    assert_eq!(encode_response(Ok(range(vec![vec![0; bounds::RECORD_BYTES + 1]], 0))), Err(too_large(bounds::RECORD_BYTES)));
    assert_eq!(
        encode_response(Ok(range(vec![vec![0; bounds::RECORD_BYTES]; 5], 0))),
        Err(FrameError::TooLarge { bytes: 5 * bounds::RECORD_BYTES, limit: bounds::RANGE_BYTES })
    );
    assert_eq!(encode_response(Ok(range(vec![], 0))), Err(FrameError::Field("a range without records")));
    assert_eq!(encode_response(Ok(range(vec![vec![]; 129], 0))), Err(FrameError::Field("too many records")));
    assert_eq!(encode_response(Ok(range(vec![vec![]], bounds::PROOF_HASHES + 1))), Err(FrameError::Field("proof too long")));

    let agency = |agency: &str, epoch| codec::encode(&WireRequest::Range { log: Log { agency: agency.into(), epoch }, start: 0, count: 1 });
    assert!(decode_request(&agency("oslo", 1)).is_ok());
    assert_eq!(decode_request(&agency("Oslo", 1)), Err(FrameError::Field("not an agency id")));
    assert_eq!(decode_request(&agency("oslo", 0)), Err(FrameError::Field("epoch 0")));
    let beyond = WireRequest::Range { log: log("oslo", 1).into(), start: bounds::LOG_SIZE, count: 1 };
    assert_eq!(decode_request(&codec::encode(&beyond)), Err(FrameError::Field("start beyond the largest log")));
    let overflow =
        WireResponse::Range { log: log("oslo", 1).into(), start: u64::MAX, records: vec![vec![]], note: String::new(), proof: vec![] };
    assert_eq!(decode_response(&codec::encode(&overflow)), Err(FrameError::Field("records beyond the largest log")));
    assert_eq!(decode_request(&vec![0; limits::LOG_REQUEST_BYTES + 1]), Err(too_large(limits::LOG_REQUEST_BYTES)));
    assert_eq!(decode_gossip(&[2, 1, 0]), Err(FrameError::Version { theirs: 2, ours: 1 }));
    assert_eq!(decode_gossip(&[]), Err(FrameError::Cut));
}

#[test]
fn heads_that_do_not_fit_wait_for_the_next_question() {
    let fit = (limits::LOG_RESPONSE_BYTES - HEAD_OVERHEAD) / (bounds::NOTE_BYTES + HEAD_OVERHEAD);
    let heads = vec![head(bounds::NOTE_BYTES); fit + 5];
    let body = encode_response(Ok(Response::Heads(heads.clone()))).expect("cut to fit");
    let Ok(Ok(Response::Heads(sent))) = decode_response(&body) else { panic!("heads") };
    assert_eq!(sent, heads[..fit]);
    let small = vec![head(900); 50];
    let body = encode_response(Ok(Response::Heads(small.clone()))).expect("fits");
    assert_eq!(decode_response(&body), Ok(Ok(Response::Heads(small))));
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic_and_have_one_reading(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0u8..5) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        if let Ok(message) = decode_gossip(&bytes) {
            prop_assert_eq!(encode_gossip(message), Ok(bytes.clone()));
        }
        if let Ok(request) = decode_request(&bytes) {
            prop_assert_eq!(encode_request(request), Ok(bytes.clone()));
        }
        if let Ok(answer) = decode_response(&bytes) {
            prop_assert_eq!(encode_response(answer), Ok(bytes.clone()));
        }
        if let Ok(question) = invitation::decode_question(&bytes) {
            prop_assert_eq!(invitation::encode_question(question), Ok(bytes.clone()));
        }
        if let Ok(answer) = invitation::decode_answer(&bytes) {
            prop_assert_eq!(invitation::encode_answer(answer), Ok(bytes.clone()));
        }
        if let Ok(answer) = decode_ack(&bytes) {
            prop_assert_eq!(encode_ack(answer), bytes);
        }
    }

    #[test]
    fn one_changed_byte_is_read_strictly(position in 0usize..40, value in any::<u8>()) {
        let mut bytes = encode_gossip(Gossip::Grown { head: head(10), start: 300, records: vec![vec![1; 10]] }).expect("fits");
        let position = position % bytes.len();
        bytes[position] = value;
        if let Ok(message) = decode_gossip(&bytes) {
            prop_assert_eq!(encode_gossip(message), Ok(bytes));
        }
    }
}
