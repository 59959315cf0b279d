//! Messages: strict reading, and each replay refused by its name.

use super::*;
use crate::statistics::pool::Action;

/// A member that has dealt, with the first messages of all.
struct Scene {
    plan: Plan,
    board: Board,
    parties: Vec<Party>,
    sent: Vec<(usize, AgencyId, Message)>,
}

fn advance(plan: &Plan, board: &Board, party: &mut Party, number: usize, now: Timestamp) -> Vec<Action> {
    let mut stream = Stream::new(number as u64);
    let key = key(&agency(number));
    let mut random = |bytes: &mut [u8]| stream.fill(bytes);
    party.advance(plan, board, now, &mut Means { federation: &federation(), issue: &key, random: &mut random }).unwrap()
}

fn scene() -> Scene {
    let plan = plan(6);
    let board = Board::new(*plan.round());
    let mut parties: Vec<_> = (1..=6).map(|number| Party::new(&plan, agency(number), counters(number)).unwrap()).collect();
    let now = Calendar::new(period(), 1).start();
    let mut sent = vec![];
    for (number, party) in (1..).zip(&mut parties) {
        for action in advance(&plan, &board, party, number, now) {
            let Action::Send { to, message } = action else { panic!("something is logged before a share came") };
            sent.push((number, to, message));
        }
    }
    Scene { plan, board, parties, sent }
}

impl Scene {
    /// The share that `from` dealt to `to`.
    fn share(&self, from: usize, to: usize) -> Share {
        let found = self.sent.iter().find(|(number, recipient, _)| *number == from && *recipient == agency(to));
        let Some((_, _, Message::Share { share })) = found else { panic!("no share") };
        share.body.clone()
    }

    fn give(&mut self, from: usize, share: Share) -> Result<(), PoolError> {
        let message = Message::Share { share: Box::new(signed(share)) };
        let before = self.parties[0].clone();
        let result = self.parties[0].receive(&self.plan, &self.board, &agency(from), &message, keys());
        if result.is_err() {
            assert_eq!(self.parties[0], before, "a refused message changes nothing");
        }
        result.map(|actions| assert_eq!(actions, []))
    }
}

#[test]
fn each_member_gets_one_share_and_the_own_one_stays() {
    let scene = scene();
    assert_eq!(scene.sent.len(), 6 * 5);
    assert!(scene.sent.iter().all(|(from, to, _)| agency(*from) != *to));
}

#[test]
fn replays_are_refused_by_name() {
    let mut scene = scene();
    let good = scene.share(2, 1);
    let changed = |change: &dyn Fn(&mut Share)| {
        let mut share = good.clone();
        change(&mut share);
        share
    };
    let other = Hash::of(&[b"other"]);
    assert_eq!(scene.give(2, changed(&|share| share.round = other)), Err(PoolError::OtherRound(agency(2))));
    assert_eq!(scene.give(2, changed(&|share| share.attempt = 4)), Err(PoolError::OtherAttempt(agency(2))));
    assert_eq!(scene.give(2, changed(&|share| share.attempt = 0)), Err(PoolError::OtherAttempt(agency(2))));
    assert_eq!(scene.give(2, changed(&|share| share.set = other)), Err(PoolError::OtherSet(agency(2))));
    assert_eq!(scene.give(2, changed(&|share| share.table = other)), Err(PoolError::OtherTable(agency(2))));
    let to_another = scene.share(2, 3);
    assert_eq!(scene.give(2, to_another), Err(PoolError::OtherRecipient(agency(2))));
    let sender = PoolError::OtherSender { sender: agency(2), from: agency(3) };
    assert_eq!(scene.give(3, good.clone()), Err(sender));
    let short = changed(&|share| share.values = Vector::new(vec![0; 11]).unwrap());
    assert_eq!(scene.give(2, short), Err(PoolError::Length { expected: 12, found: 11 }));
    assert_eq!(scene.give(9, changed(&|share| share.sender = agency(9))), Err(PoolError::NotAMember(agency(9))));
    assert_eq!(scene.give(2, good.clone()), Ok(()));
    assert_eq!(scene.give(2, good.clone()), Ok(()), "once more is nothing new");
    let second = changed(&|share| share.values = Vector::new(vec![1; 12]).unwrap());
    assert_eq!(scene.give(2, second), Err(PoolError::Twice(agency(2))));
}

#[test]
fn a_share_needs_its_senders_signature_for_this_purpose() {
    let mut scene = scene();
    let mut forged = signed(scene.share(2, 1));
    forged.body.values = Vector::new(vec![1; 12]).unwrap();
    let message = Message::Share { share: Box::new(forged) };
    let result = scene.parties[0].receive(&scene.plan, &scene.board, &agency(2), &message, keys());
    assert!(matches!(result, Err(PoolError::Statement(_))), "{result:?}");
    let unknown = Keys { federation: &federation(), issue: &|_| vec![] };
    let message = Message::Share { share: Box::new(signed(scene.share(2, 1))) };
    let result = scene.parties[0].receive(&scene.plan, &scene.board, &agency(2), &message, unknown);
    assert_eq!(result, Err(PoolError::NoKey(agency(2))));
}

#[test]
fn nothing_is_opened_or_passed_on_before_all_are_ready() {
    let mut scene = scene();
    let round = *scene.plan.round();
    let ask = Message::Ask { attempt: 1, of: vec![agency(1)], round };
    let result = scene.parties[0].receive(&scene.plan, &scene.board, &agency(2), &ask, keys());
    assert_eq!(result, Ok(vec![]));
    let ask = Message::Ask { attempt: 2, of: vec![agency(1)], round };
    let result = scene.parties[0].receive(&scene.plan, &scene.board, &agency(2), &ask, keys());
    assert_eq!(result, Err(PoolError::OtherAttempt(agency(2))));
    let stranger =
        scene.parties[0].receive(&scene.plan, &scene.board, &agency(9), &Message::Ask { attempt: 1, of: vec![agency(1)], round }, keys());
    assert_eq!(stranger, Err(PoolError::NotAMember(agency(9))));
}

#[test]
fn messages_are_read_strictly() {
    let scene = scene();
    for (_, _, message) in &scene.sent {
        assert_eq!(Message::decode(&message.encode().unwrap()).as_ref(), Ok(message));
    }
    let text = String::from_utf8(scene.sent[0].2.encode().unwrap()).unwrap();
    for bad in [
        text.replace("\"attempt\":1", "\"attempt\":1.0"),
        text.replace("\"attempt\":1", "\"attempt\":-1"),
        text.replace("\"attempt\":1", "\"attempt\":1,\"b\":2"),
        text.replace("\"type\":\"share\"", "\"type\":\"gift\""),
        text.replace("\"values\":\"", "\"values\":\"ffffffffffffffff"),
        text.replace("\"values\":\"", "\"values\":\"0"),
        text.replace('{', "{ "),
        text[..text.len() - 1].to_owned(),
        "x".repeat(limits::POOL_BYTES + 1),
    ] {
        assert!(matches!(Message::decode(bad.as_bytes()), Err(PoolError::Canonical(_))), "{}", &bad[..80.min(bad.len())]);
    }
    let ask = |count: usize| Message::Ask { attempt: 1, of: (0..count).map(agency).collect(), round: Hash::default() };
    let read = |message: Message| Message::decode(&message.encode().unwrap()).map(drop);
    assert_eq!(read(ask(1)), Ok(()));
    assert_eq!(read(ask(300)), Ok(()));
    assert_eq!(read(ask(301)), Err(PoolError::Ask));
    assert_eq!(read(ask(0)), Err(PoolError::Ask));
}

#[test]
fn a_commitment_cannot_be_searched_without_its_salt() {
    let sum = Sum {
        attempt: 1,
        member: agency(1),
        round: Hash::default(),
        salt: Hash::of(&[b"salt"]),
        set: Hash::default(),
        values: Vector::new(vec![1, 2, 3]).unwrap(),
    };
    let other = Sum { salt: Hash::of(&[b"other"]), ..sum.clone() };
    assert_ne!(sum.commitment().unwrap(), other.commitment().unwrap());
    let other = Sum { values: Vector::new(vec![1, 2, 4]).unwrap(), ..sum.clone() };
    assert_ne!(sum.commitment().unwrap(), other.commitment().unwrap());
}

#[test]
fn a_set_that_comes_back_keeps_the_shares_that_were_dealt_for_it() {
    let plan = plan(9);
    let first = plan.first().unwrap();
    let gives_up = |number: usize, of: usize, fault: Fault| {
        let faults = vec![Named { agency: Some(agency(of)), fault }];
        (agency(number), PoolRecord::Fault(PoolFault { attempt: 1, faults, round: *plan.round(), set: *first.set() }))
    };
    // Votes that come late: 8 is back in, and then out again, with 9 that accuses it.
    let seven: Vec<_> = (1..=7).map(|number| gives_up(number, 8, Fault::Hash)).collect();
    let eight = [seven.clone(), vec![gives_up(8, 9, Fault::Hash)]].concat();
    let nine = [eight.clone(), vec![gives_up(9, 8, Fault::Share)]].concat();
    let board = |records: &[(AgencyId, PoolRecord)]| {
        let mut board = Board::new(*plan.round());
        records.iter().for_each(|(agency, record)| board.push(agency, record.clone()));
        board
    };
    let mut party = Party::new(&plan, agency(1), counters(1)).unwrap();
    let mut stream = Stream::new(5);
    let mut dealt = |records: &[(AgencyId, PoolRecord)]| {
        let key = key(&agency(1));
        let mut random = |bytes: &mut [u8]| stream.fill(bytes);
        let means = &mut Means { federation: &federation(), issue: &key, random: &mut random };
        let actions = party.advance(&plan, &board(records), Calendar::new(period(), 2).start(), means).unwrap();
        let share = |action| match action {
            Action::Send { message: Message::Share { share }, .. } => share.body.values,
            other => panic!("{other:?}"),
        };
        let kept = serde_json::to_value(&party).unwrap()["parts"]["2"]["own"].clone();
        (actions.into_iter().map(share).collect::<Vec<_>>(), serde_json::from_value::<Vector>(kept).unwrap())
    };
    let (shares, own) = dealt(&seven);
    assert_eq!((shares.len(), dealt(&eight).0.len()), (6, 7));
    let (again, kept) = dealt(&nine);
    assert_eq!(again, [], "each member keeps the first share that it got");
    let total = shares.iter().fold(kept.clone(), |sum, share| sum.add(share).unwrap());
    assert_eq!((kept, total.elements()), (own, counters(1).as_slice()));
    assert_eq!(dealt(&eight).0, []);
}
