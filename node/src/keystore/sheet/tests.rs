use proptest::prelude::*;

use super::*;

fn keys(identity: u8, successor: u8) -> IdentityFile {
    IdentityFile::from_seeds([identity; 32], [successor; 32]).expect("two keys")
}

fn words(keys: &IdentityFile) -> Vec<&'static str> {
    Sheet::of(keys).words().collect()
}

fn refused(text: &str) -> SheetError {
    read(text).expect_err("refused")
}

#[test]
fn the_words_are_those_of_bip_39() {
    // The test vectors of BIP 39 for 256 bits of zeros and of ones.
    let words = words(&keys(0x00, 0xff));
    assert_eq!(words[..HALF].join(" "), format!("{}art", "abandon ".repeat(23)));
    assert_eq!(words[HALF..].join(" "), format!("{}vote", "zoo ".repeat(23)));
}

#[test]
fn case_spacing_and_numbers_do_not_matter() {
    let keys = keys(7, 9);
    let words = words(&keys);
    let each = |form: &dyn Fn(usize, &str) -> String| words.iter().enumerate().map(|(at, word)| form(at + 1, word)).collect::<String>();
    let forms = [
        each(&|_, word| format!("{word} ")),
        each(&|_, word| format!("\t  {}\r\n", word.to_uppercase())),
        each(&|number, word| format!("{number}. {word}\n")),
        each(&|number, word| format!("{number} {word} ")),
        each(&|number, word| format!("{number:02}) {word}, ")),
        each(&|number, word| format!("{number}.{word} ")),
        each(&|number, word| format!("{number} . {word} ")),
    ];
    for form in forms {
        assert!(form.len() <= TEXT_BYTES);
        assert_eq!(read(&form).expect("a sheet").seeds(), keys.seeds(), "{form}");
    }
}

#[test]
fn a_missing_doubled_or_moved_word_is_found() {
    let words = words(&keys(7, 9));
    assert_eq!(refused(""), SheetError::Count { found: 0 });
    assert_eq!(refused(&words[1..].join(" ")), SheetError::Count { found: 47 });
    assert_eq!(refused(&format!("{} zoo zoo", words.join(" "))), SheetError::Count { found: 50 });
    let numbered: Vec<String> = words.iter().enumerate().map(|(at, word)| format!("{}. {word}", at + 1)).collect();
    assert_eq!(refused(&[&numbered[..6], &numbered[7..]].concat().join("\n")), SheetError::Misnumbered { position: 7, number: 8 });
    assert_eq!(refused(&format!("99999999999999999999 {}", words.join(" "))), SheetError::Misnumbered { position: 1, number: usize::MAX });
    let twice = [&words[..HALF], &words[..HALF]].concat().join(" ");
    assert_eq!(refused(&twice), SheetError::Equal);
    let swapped = [&words[HALF..], &words[..HALF]].concat().join(" ");
    assert_eq!(read(&swapped).expect("whole keys").public(), keys(7, 9).successor_key().public());
}

#[test]
fn every_word_that_is_not_in_the_list_is_found_and_not_shown() {
    let words = words(&keys(7, 9));
    for position in 1..=WORDS {
        for wrong in ["zooo", "é", "abandonabandon", "\u{0}", "ſun", "-"] {
            let mut typed = words.clone();
            typed[position - 1] = wrong;
            let error = refused(&typed.join(" "));
            assert_eq!(error, SheetError::Unknown { position }, "{wrong}");
            assert!(!format!("{error} {error:?}").contains("zooo"));
        }
    }
}

/// The checksum finds all wrong words but one in 256, and what it does not find is another key.
#[test]
fn every_other_word_is_found_or_makes_another_key() {
    let right = keys(7, 9);
    let words = words(&right);
    let list = Language::English.word_list();
    let (mut tried, mut passed) = (0u32, 0u32);
    for at in 0..WORDS {
        let half = if at < HALF { Half::Identity } else { Half::Successor };
        for other in list.iter().step_by(16).filter(|other| **other != words[at]) {
            let mut typed = words.clone();
            typed[at] = other;
            tried += 1;
            match read(&typed.join(" ")) {
                Err(error) => assert_eq!(error, SheetError::Checksum { half }),
                Ok(keys) => {
                    passed += 1;
                    assert_ne!((keys.public(), keys.successor_hash()), (right.public(), right.successor_hash()));
                }
            }
        }
    }
    assert!(tried > 6_000 && passed < tried / 128, "{passed} of {tried} passed");
}

#[test]
fn one_word_is_compared_as_people_type_it() {
    let sheet = Sheet::of(&keys(0x00, 0xff));
    for typed in ["art", " ART ", "24. art", "24 Art", "24.art", "art."] {
        assert!(sheet.has(24, typed), "{typed}");
    }
    for typed in ["", "24", "abandon", "23. art", "art art", "art zoo", "artt", "."] {
        assert!(!sheet.has(24, typed), "{typed}");
    }
    assert!(sheet.has(48, "vote") && !sheet.has(0, "abandon") && !sheet.has(49, "vote"));
}

#[test]
fn the_keys_are_typed_one_after_the_other() {
    let right = keys(7, 9);
    let words = words(&right);
    let mut typed = Typed::default();
    typed.add(&words[..20].join(" ")).expect("in the list");
    assert_eq!(typed.add("20 zoo"), Err(SheetError::Misnumbered { position: 21, number: 20 }));
    assert_eq!(typed.seed(Half::Identity), Err(SheetError::Count { found: 20 }));
    assert_eq!(typed.add(&format!("{} zooo", words[20..23].join(" "))), Err(SheetError::Unknown { position: 24 }));
    typed.add(words[23]).expect("in the list");
    assert_eq!(*typed.seed(Half::Identity).expect("the first key"), [7; 32]);
    typed.add(&words[HALF..47].join(" ")).expect("in the list");
    typed.add(words[25]).expect("in the list");
    assert_eq!(typed.seed(Half::Successor), Err(SheetError::Checksum { half: Half::Successor }));
    typed.forget(Half::Successor);
    assert_eq!(typed.count(), HALF);
    typed.add(&words[HALF..].join(" ")).expect("in the list");
    assert_eq!(typed.keys().expect("a sheet").seeds(), right.seeds());
    assert_eq!(format!("{typed:?} {:?}", Sheet::of(&right)), "Typed(48 words) Sheet(…)");
}

#[test]
fn a_slip_has_a_suggestion() {
    assert_eq!(nearest("abandonn"), Some("abandon"));
    assert_eq!(nearest("7.ZOOO"), Some("zoo"));
    assert_eq!(nearest("zoo 8. vote abandn zooo"), Some("abandon"));
    assert_eq!(nearest("zoo 8. vote"), None);
    assert_eq!(nearest("qqqqqqqq"), None);
    assert_eq!(nearest(&"a".repeat(1_000)), None);
}

#[test]
fn positions_are_all_drawn_and_never_from_a_broken_source() {
    let mut next = 0u8;
    let mut drawn: Vec<usize> = (0..WORDS)
        .map(|_| {
            next += 1;
            position(|bytes: &mut [u8]| {
                bytes.fill(0);
                bytes[15] = next;
                Ok(())
            })
            .expect("drawn")
        })
        .collect();
    drawn.sort_unstable();
    assert_eq!(drawn, (1..=WORDS).collect::<Vec<_>>());
    assert_eq!(position(|_: &mut [u8]| Ok(())), Err(RandomError::Zeros));
}

proptest! {
    #[test]
    fn every_pair_of_keys_comes_back(identity: [u8; 32], successor: [u8; 32]) {
        prop_assume!(identity != successor);
        let keys = IdentityFile::from_seeds(identity, successor).expect("two keys");
        let typed = read(&words(&keys).join(" ")).expect("a sheet");
        prop_assert_eq!(typed.seeds(), (&identity, &successor));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        prop_assert!(read(&text).is_err());
    }
}
