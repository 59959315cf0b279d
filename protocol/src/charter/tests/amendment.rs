//! Votes, thresholds and chains of several versions: every boundary from both sides (cases G1 to G9).

mod rekeying;
mod resumption;

use super::*;
use crate::id::LogId;
use crate::keys::KeyError;
use crate::log::checkpoint::{Checkpoint, sign};

fn id(seed: u8) -> AgencyId {
    format!("agency-{seed:03}").parse().expect("slug")
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn chain(seeds: &[u8]) -> Chain {
    let charter = charter(seeds);
    Chain::verify(Founding { signatures: signatures(&charter, seeds), charter }).expect("signed by all")
}

/// The version after the newest, changed.
fn next(chain: &Chain, change: impl FnOnce(&mut Charter)) -> Charter {
    let mut charter = chain.newest().clone();
    charter.version += 1;
    charter.previous = Some(chain.newest().hash().expect("text"));
    change(&mut charter);
    charter.members.sort_by(|a, b| a.id.cmp(&b.id));
    charter
}

/// A head of an agency's log.
fn head(chain: &Chain, log: &LogId, size: u64) -> String {
    let root = Hash::of(&[&size.to_be_bytes()]);
    let head = Checkpoint { origin: log.origin(chain.fingerprint()), size, root };
    sign(&head, &key(200)).to_string()
}

/// A vote for `charter`; `seen` is the size of each log concerned that the voter cosigned, 0 for none.
fn vote(chain: &Chain, charter: &Charter, by: u8, seen: &[(u8, u64)]) -> Vote {
    let heads = seen.iter().filter(|(owner, _)| *owner != by).map(|(owner, size)| {
        let log = LogId::first(id(*owner));
        let note = (*size > 0).then(|| head(chain, &log, *size));
        LastHead::new(log, note.as_deref())
    });
    let body =
        Ballot { version: charter.version, charter: charter.hash().expect("text"), agency: id(by), accept: true, heads: heads.collect() };
    body.sign(chain.fingerprint(), &key(by)).expect("text")
}

fn amend(chain: &Chain, charter: &Charter, voters: &[u8], seen: &[(u8, u64)]) -> Amendment {
    Amendment { charter: charter.clone(), votes: voters.iter().map(|by| vote(chain, charter, *by, seen)).collect() }
}

fn refusal(chain: &Chain, amendment: Amendment) -> AmendmentError {
    match chain.clone().extend(amendment) {
        Err(ChainError::Amendment { cause, .. }) => cause,
        other => panic!("{other:?}"),
    }
}

fn seeds(count: u8) -> Vec<u8> {
    (1..=count).collect()
}

#[test]
fn more_than_half_change_a_rule() {
    for count in 1..=12_u8 {
        let seeds = seeds(count);
        let chain = chain(&seeds);
        let charter = next(&chain, |charter| charter.status_max_age_days = 21);
        let needed = usize::from(count / 2 + 1);
        let extended = chain.clone().extend(amend(&chain, &charter, &seeds[..needed], &[])).expect("accepted");
        assert_eq!((extended.newest(), extended.version(1)), (&charter, Some(chain.newest())));
        assert_eq!(extended.fingerprint(), chain.fingerprint(), "the fingerprint stays");
        let few = refusal(&chain, amend(&chain, &charter, &seeds[..needed - 1], &[]));
        assert_eq!(few, AmendmentError::TooFew { have: needed - 1, needed, version: 1 });
    }
}

#[test]
fn two_thirds_change_the_members() {
    for count in 1..=12_u8 {
        let seeds = seeds(count);
        let chain = chain(&seeds);
        let newcomer = super::charter(&[50]).members.remove(0);
        let charter = next(&chain, |charter| charter.members.push(newcomer));
        let needed = usize::from(2 * count / 3 + 1);
        // The newcomer's own vote is one of the next version's, not one of the present members.
        let mut voters = seeds[..needed].to_vec();
        voters.push(50);
        assert!(chain.clone().extend(amend(&chain, &charter, &voters, &[])).is_ok(), "{count}");
        voters.remove(0);
        let few = refusal(&chain, amend(&chain, &charter, &voters, &[]));
        assert_eq!(few, AmendmentError::TooFew { have: needed - 1, needed, version: 1 });
    }
}

#[test]
fn more_than_half_of_those_who_come_must_agree_too() {
    let chain = chain(&[1, 2, 3]);
    let newcomers = super::charter(&[50, 51, 52, 53]).members;
    let charter = next(&chain, |charter| charter.members.extend(newcomers));
    let few = refusal(&chain, amend(&chain, &charter, &[1, 2, 3], &[]));
    assert_eq!(few, AmendmentError::TooFew { have: 3, needed: 4, version: 2 });
    assert!(chain.clone().extend(amend(&chain, &charter, &[1, 2, 3, 50], &[])).is_ok());
}

#[test]
fn agencies_under_one_parent_have_one_voice() {
    let mut charter = charter(&[1, 2, 3, 4]);
    for member in &mut charter.members[..2] {
        member.parent = Some("A ministry".parse().expect("name"));
    }
    let chain = Chain::verify(Founding { signatures: signatures(&charter, &[1, 2, 3, 4]), charter }).expect("signed");
    let charter = next(&chain, |charter| charter.status_max_age_days = 21);
    assert_eq!(voices(&charter), 3);
    let few = refusal(&chain, amend(&chain, &charter, &[1, 2], &[]));
    assert_eq!(few, AmendmentError::TooFew { have: 1, needed: 2, version: 1 });
    // One of two under a parent is no voice: the other one could give it to another text.
    let half = refusal(&chain, amend(&chain, &charter, &[1, 3], &[]));
    assert_eq!(half, AmendmentError::TooFew { have: 1, needed: 2, version: 1 });
    assert!(chain.clone().extend(amend(&chain, &charter, &[1, 2, 3], &[])).is_ok());
}

#[test]
fn a_version_follows_exactly_the_one_before() {
    let first = chain(&[1, 2, 3]);
    let second = next(&first, |charter| charter.status_max_age_days = 21);
    let amended = first.clone().extend(amend(&first, &second, &[1, 2], &[])).expect("accepted");
    let third = next(&amended, |charter| charter.status_max_age_days = 22);
    // Skipped, replayed, or after another text (TUF: skipped version, rollback, mix and match).
    assert_eq!(refusal(&first, amend(&first, &third, &[1, 2], &[])), AmendmentError::Version { present: 1, found: 3 });
    assert_eq!(refusal(&amended, amend(&first, &second, &[1, 2], &[])), AmendmentError::Version { present: 2, found: 2 });
    let other = next(&first, |charter| charter.status_max_age_days = 30);
    let beside = first.clone().extend(amend(&first, &other, &[1, 2], &[])).expect("accepted");
    assert_eq!(refusal(&beside, amend(&beside, &third, &[1, 2], &[])), AmendmentError::Previous(2));
    let mut far = third.clone();
    far.version = u32::MAX;
    assert_eq!(refusal(&amended, amend(&amended, &far, &[1, 2], &[])), AmendmentError::Version { present: 2, found: u32::MAX });
    let all = amended.clone().extend(amend(&amended, &third, &[2, 3], &[])).expect("accepted");
    assert_eq!(all.versions().map(|charter| charter.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(all.version(0), None);
    assert_eq!(all.version(4), None);
    // A file holds the same chain.
    let text = canonical::encode(&all.to_text(), limits::DOCUMENT_BYTES).expect("text");
    let read: ChainText = canonical::decode_relaxed(&text, limits::DOCUMENT_BYTES).expect("reads");
    assert_eq!(Chain::read(read, Some(first.fingerprint())), Ok(all));
}

#[test]
fn each_agency_votes_once_and_for_this_text() {
    let chain = chain(&[1, 2, 3]);
    let charter = next(&chain, |charter| charter.status_max_age_days = 21);
    let other = next(&chain, |charter| charter.status_max_age_days = 22);
    assert_eq!(refusal(&chain, amend(&chain, &charter, &[1, 1, 2], &[])), AmendmentError::Twice(id(1)));
    let mut mixed = amend(&chain, &charter, &[1, 2], &[]);
    mixed.votes[1] = vote(&chain, &other, 2, &[]);
    assert_eq!(refusal(&chain, mixed), AmendmentError::OtherBallot(id(2)));
    let mut rejected = amend(&chain, &charter, &[1, 2], &[]);
    let body = Ballot { accept: false, ..rejected.votes[1].body.clone() };
    rejected.votes[1] = body.sign(chain.fingerprint(), &key(2)).expect("text");
    assert_eq!(refusal(&chain, rejected), AmendmentError::Rejected(id(2)));
    // A rejection cannot be turned into consent, nor one member's vote into another's.
    let mut altered = amend(&chain, &charter, &[1, 2], &[]);
    altered.votes[1].signature = altered.votes[0].signature;
    let cause = KeyError::Forged;
    assert_eq!(refusal(&chain, altered), CharterError::Signature { agency: id(2), cause }.into());
    let mut stranger = amend(&chain, &charter, &[1, 2], &[]);
    stranger.votes.push(vote(&chain, &charter, 9, &[]));
    assert_eq!(refusal(&chain, stranger), CharterError::NotAMember(id(9)).into());
    // A vote of another federation.
    let elsewhere = self::chain(&[1, 2, 3, 4]);
    let mut foreign = amend(&chain, &charter, &[1, 2], &[]);
    foreign.votes[0] = foreign.votes[0].body.clone().sign(elsewhere.fingerprint(), &key(1)).expect("text");
    assert_eq!(refusal(&chain, foreign), CharterError::Signature { agency: id(1), cause }.into());
}

#[test]
fn an_amendment_changes_something_and_never_what_a_federation_is() {
    let chain = chain(&[1, 2, 3]);
    let same = next(&chain, |_| ());
    assert_eq!(refusal(&chain, amend(&chain, &same, &[1, 2, 3], &[])), AmendmentError::Nothing);
    let real = next(&chain, |charter| charter.demonstration = true);
    assert_eq!(refusal(&chain, amend(&chain, &real, &[1, 2, 3], &[])), AmendmentError::Demonstration);
    let weak = next(&chain, |charter| charter.disclosure.minimum = 2);
    let cause = CharterError::Disclosure { minimum: 2, protection: 2 };
    assert_eq!(refusal(&chain, amend(&chain, &weak, &[1, 2, 3], &[])), cause.into());
}

#[test]
fn an_identity_key_gives_way_to_its_successor_only_and_never_with_the_witnesses() {
    let chain = chain(&[1, 2, 3]);
    let rekey = |charter: &mut Charter, seed: u8| {
        charter.members[0].identity = key(seed).public();
        charter.members[0].successor = key(170).public().hash();
    };
    // `charter` commits agency n to the key of seed n + 100.
    let good = next(&chain, |charter| rekey(charter, 101));
    let rekeyed = chain.clone().extend(amend(&chain, &good, &[1, 2, 3], &[])).expect("accepted");
    let mut by_new_key = amend(&chain, &good, &[2, 3], &[]);
    let body = vote(&chain, &good, 1, &[]).body;
    by_new_key.votes.push(body.sign(chain.fingerprint(), &key(101)).expect("text"));
    let few = refusal(&chain, by_new_key);
    assert_eq!(few, AmendmentError::TooFew { have: 2, needed: 3, version: 1 }, "the next key is no voice of the present version");
    let other = next(&chain, |charter| rekey(charter, 160));
    assert_eq!(refusal(&chain, amend(&chain, &other, &[1, 2, 3], &[])), AmendmentError::NotCommitted(id(1)));
    let newcomer = super::charter(&[50]).members.remove(0);
    let both = next(&chain, |charter| {
        rekey(charter, 101);
        charter.members.push(newcomer.clone());
    });
    assert_eq!(refusal(&chain, amend(&chain, &both, &[1, 2, 3], &[])), AmendmentError::KeyAndWitnesses);
    // The key given up is nobody else's later.
    let thief = next(&rekeyed, |charter| {
        let mut member = newcomer;
        member.identity = key(1).public();
        charter.members.push(member);
    });
    let mut stolen = amend(&rekeyed, &thief, &[2, 3], &[]);
    let body = vote(&rekeyed, &thief, 1, &[]).body;
    stolen.votes.push(body.sign(rekeyed.fingerprint(), &key(101)).expect("text"));
    assert_eq!(refusal(&rekeyed, stolen), AmendmentError::Reused(id(50)));
}

#[test]
fn who_leaves_keeps_what_was_witnessed_and_nothing_after() {
    // Seven members: six witnesses of a log, five make a quorum, one may lie.
    let all = seeds(7);
    let chain = chain(&all);
    let log = LogId::first(id(7));
    let charter = next(&chain, |charter| drop(charter.members.pop()));
    let seen: &[(u8, u64)] = &[(7, 40)];
    let mut amendment = amend(&chain, &charter, &[1, 2, 3, 4], seen);
    // One lies and names a head far above what anybody saw; the second largest counts.
    amendment.votes.push(vote(&chain, &charter, 5, &[(7, 1_000_000)]));
    let left = chain.clone().extend(amendment).expect("five of seven");
    assert_eq!(left.end_of(&log), Some(40));
    assert_eq!(left.end_of(&LogId::first(id(1))), None);
    let (scheme, gold) = ("ecei".parse().expect("slug"), Level::Gold);
    assert!(left.entitlement(&log, 39, 1, &scheme, gold) == Entitlement::Holds);
    assert!(left.entitlement(&log, 40, 1, &scheme, gold) != Entitlement::Holds, "the log ends there, whichever version it names");
    assert!(left.entitlement(&log, 39, 2, &scheme, gold) != Entitlement::Holds, "no member of version 2");
    assert!(left.entitlement(&LogId::first(id(1)), 5_000, 2, &scheme, gold) == Entitlement::Holds);
    // One too few: four of seven.
    let few = refusal(&chain, amend(&chain, &charter, &[1, 2, 3, 4], seen));
    assert_eq!(few, AmendmentError::TooFew { have: 4, needed: 5, version: 1 });
    // It may agree itself, and then says nothing of its own log; the other votes must.
    assert!(chain.clone().extend(amend(&chain, &charter, &[1, 2, 3, 4, 7], seen)).is_ok());
    let silent = refusal(&chain, amend(&chain, &charter, &[1, 2, 3, 4, 5], &[]));
    assert_eq!(silent, AmendmentError::Heads { voter: id(1) });
    let other_log = refusal(&chain, amend(&chain, &charter, &[1, 2, 3, 4, 5], &[(6, 40)]));
    assert_eq!(other_log, AmendmentError::Heads { voter: id(1) });
    // A former member's id does not come back.
    let back = next(&left, |next| next.members.push(chain.newest().members[6].clone()));
    assert_eq!(refusal(&left, amend(&left, &back, &[1, 2, 3, 4, 5], &[])), AmendmentError::Reused(id(7)));
}

#[test]
fn the_head_named_is_one_of_that_log() {
    let chain = chain(&[1, 2, 3, 4]);
    let charter = next(&chain, |charter| drop(charter.members.pop()));
    let mut amendment = amend(&chain, &charter, &[1, 2, 3], &[(4, 9)]);
    assert!(chain.clone().extend(amendment.clone()).is_ok());
    for note in [head(&chain, &LogId::first(id(3)), 9), "no note".to_owned(), String::new()] {
        let mut body = amendment.votes[0].body.clone();
        body.heads = vec![LastHead::new(LogId::first(id(4)), Some(&note))];
        amendment.votes[0] = body.sign(chain.fingerprint(), &key(1)).expect("text");
        assert_eq!(refusal(&chain, amendment.clone()), AmendmentError::Heads { voter: id(1) });
    }
    // Nobody cosigned anything of it: it ends before it began.
    let none = chain.clone().extend(amend(&chain, &charter, &[1, 2, 3], &[(4, 0)])).expect("accepted");
    assert_eq!(none.end_of(&LogId::first(id(4))), Some(0));
}

#[test]
fn a_right_taken_away_ends_at_the_cut_off_and_comes_back_with_a_later_version() {
    let first = chain(&[1, 2, 3]);
    let log = LogId::first(id(1));
    let (scheme, gold): (SchemeId, _) = ("ecei".parse().expect("slug"), Level::Gold);
    let taken = next(&first, |charter| charter.members[0].rights.clear());
    // Half of three is not enough, two of three are: no member and no key changes.
    let second = first.clone().extend(amend(&first, &taken, &[1, 2, 3], &[(1, 12)])).expect("accepted");
    assert!(second.entitlement(&log, 11, 1, &scheme, gold) == Entitlement::Holds);
    assert!(second.entitlement(&log, 12, 1, &scheme, gold) != Entitlement::Holds, "who goes on under the old version issues nothing");
    assert_eq!(second.end_of(&log), None, "still a member");
    let given = next(&second, |charter| charter.members[0].rights = first.newest().members[0].rights.clone());
    let third = second.clone().extend(amend(&second, &given, &[1, 2], &[])).expect("accepted");
    assert!(third.entitlement(&log, 20, 3, &scheme, gold) == Entitlement::Holds);
    assert!(third.entitlement(&log, 20, 2, &scheme, gold) != Entitlement::Holds);
    assert!(third.entitlement(&log, 20, 1, &scheme, gold) != Entitlement::Holds, "the first version ended at 12");
}

#[test]
fn differences_are_told_in_words() {
    let chain = chain(&[1, 2, 3]);
    let newcomer = super::charter(&[50]).members.remove(0);
    let charter = next(&chain, |charter| {
        charter.members.remove(0);
        charter.members.push(newcomer);
        charter.members[0].parent = Some("A ministry".parse().expect("name"));
        charter.members[0].rights.clear();
        charter.schemes[0].rules[2].reviewers = 3;
        charter.conflicts.drawn = true;
        charter.disclosure.minimum = 7;
        charter.name = "Another".parse().expect("name");
    });
    let told: Vec<String> = differences(chain.newest(), &charter).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "agency-002 belongs to \"A ministry\" instead of no body above it",
            "agency-002 may no longer issue GOLD of the scheme ecei",
            "agency-050 (\"Agency 50\", DE) becomes a member",
            "agency-001 (\"Agency 1\") is no longer a member",
            "GOLD of the scheme ecei takes something else than before",
            "reviewers are drawn by lot, and a label without a draw counts nowhere",
            "the smallest count that may be published is 7 instead of 5",
            "the federation is called \"Another\"",
        ]
    );
    let swaps = next(&chain, |charter| charter.conflicts.swap_months = 24);
    assert_eq!(differences(chain.newest(), &swaps), [Difference::Conflicts], "a draw is another matter");
    assert_eq!(differences(chain.newest(), chain.newest()), []);
}

#[test]
fn how_far_a_vote_has_come_is_counted() {
    let chain = chain(&seeds(5));
    let charter = next(&chain, |charter| charter.status_max_age_days = 21);
    for (voters, accepted) in [(0, false), (2, false), (3, true), (5, true)] {
        let amendment = amend(&chain, &charter, &seeds(voters), &[]);
        let standing = amendment.standing(chain.fingerprint(), chain.newest()).expect("well formed");
        assert_eq!(standing.present, (usize::from(voters), 3));
        assert_eq!(standing.accepted(), accepted);
    }
}
