//! Commitments stand in public for ever. Who knows the salt finds the content by trying all that it could be; who does not, finds nothing.

use super::*;

/// What somebody may know of a small assessment beforehand: everything but the answers on five indicators, six a piece.
const UNKNOWN: usize = 5;

fn answers(mut number: usize) -> Scores {
    let catalogue = Catalogue::ecei();
    let mut scores = Scores::new();
    for indicator in catalogue.indicators.iter().take(UNKNOWN) {
        let level = number % 6;
        number /= 6;
        let answer = if level == 5 { Answer::NotKnown } else { Answer::of_level(u8::try_from(level).unwrap()).unwrap() };
        scores.set(catalogue, &indicator.code, answer).unwrap();
    }
    scores
}

/// All 7,776 of them.
fn candidates() -> impl Iterator<Item = Scores> {
    (0..6usize.pow(u32::try_from(UNKNOWN).unwrap())).map(answers)
}

fn guessed(scores: Scores, salt: Hash) -> Hash {
    let assessment = Assessment { scores, notes: Default::default(), ..assessment() };
    Dossier { assessment, salt, ..dossier("lyon") }.commitment().unwrap()
}

fn guessed_review(scores: Scores, salt: Hash) -> Hash {
    ReviewContent { scores, salt, findings: String::new(), ..review("lyon", 0) }.commitment().unwrap()
}

#[test]
fn a_dictionary_finds_the_content_with_the_salt_and_never_without() {
    let secret = answers(4_711);
    let salt = Hash::of(&[b"32 bytes that nobody guesses"]);
    for (name, commit) in [("dossier", guessed as fn(Scores, Hash) -> Hash), ("review", guessed_review)] {
        let public = commit(secret.clone(), salt);
        let hits: Vec<Scores> = candidates().filter(|scores| commit(scores.clone(), salt) == public).collect();
        assert_eq!(hits, std::slice::from_ref(&secret), "{name}: with the salt there is exactly one");

        // Without it every guess fails: no salt, those that a program would try first, and others, 10,000 and more in all.
        let blind = candidates().filter(|scores| commit(scores.clone(), Hash::default()) == public).count();
        assert_eq!(blind, 0, "{name}: without a salt");
        for number in 0..3_000u64 {
            let tried =
                [Hash([number.to_be_bytes()[7]; 32]), Hash::of(&[&number.to_be_bytes()]), Hash::of(&[public.to_string().as_bytes()])];
            for other in tried {
                assert_ne!(commit(secret.clone(), other), public, "{name}: the very content, with salt {number}");
            }
        }
    }
}

/// The copies of two reviewers share the content, and neither salt says anything of the other.
#[test]
fn the_salt_of_a_copy_opens_no_content() {
    let salt = Hash::of(&[b"32 bytes that nobody guesses"]);
    let assessment = Assessment { scores: answers(4_711), notes: Default::default(), ..assessment() };
    let copy = Dossier { assessment, salt, ..dossier("lyon") };
    let public = copy.commitment().unwrap();
    assert!(candidates().all(|scores| guessed(scores, copy.copy_salt) != public));
}
