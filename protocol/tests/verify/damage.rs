//! Exit codes 10 and 16: what was altered, cut off or is something else. Whatever the bytes are, there is a verdict
//! (case R3 of the rules), and nothing of an altered file is shown.

use parangon_protocol::limits;
use parangon_protocol::verify::{Cause, Outcome, Verdict, verify};

use crate::support::federation::Federation;
use crate::support::scene::Scene;
use crate::support::time;
use crate::{TODAY, assert_outcome, assert_silent, judge, trust};

/// Bytes between two that one test alters; the two tests take turns, so every seventh is altered. Seven is prime to the
/// lengths of all fields: every kind of field is met. `PARANGON_DAMAGE_STEP=1` alters each, twice, in some minutes.
const STEP: usize = 14;

#[track_caller]
fn assert_noticed(verdict: &Verdict, what: &str) {
    match verdict.verdict {
        Outcome::NotAuthentic | Outcome::NoLabel => assert_silent(verdict),
        Outcome::CannotTell => {}
        other => panic!("{what}: {other:?}: {}", verdict.sentence),
    }
    assert!(matches!(verdict.code, 10 | 15 | 16), "{what}");
}

/// A neighbour of the same kind, so that the text stays JSON of the same shape.
fn neighbour(byte: u8) -> u8 {
    match byte {
        b'9' => b'0',
        b'z' => b'a',
        b'Z' => b'A',
        b'f' => b'e',
        b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => byte + 1,
        _ => byte ^ 2,
    }
}

fn alter(first: usize, change: fn(u8) -> u8) {
    let (scene, id) = Scene::gold();
    let text = scene.text(id);
    let step = std::env::var("PARANGON_DAMAGE_STEP").map_or(STEP, |step| step.parse().unwrap());
    for at in (first % step..text.len()).step_by(step).filter(|at| !text[*at].is_ascii_whitespace()) {
        let mut altered = text.clone();
        altered[at] = change(text[at]);
        let verdict = judge(&scene.federation, &altered, TODAY);
        let around = String::from_utf8_lossy(&text[at.saturating_sub(40)..(at + 40).min(text.len())]).into_owned();
        assert_noticed(&verdict, &format!("byte {at} from {:?} in {around}", char::from(text[at])));
    }
}

#[test]
fn one_flipped_bit_is_always_noticed() {
    alter(0, |byte| byte ^ 1);
}

#[test]
fn one_byte_turned_into_its_neighbour_is_always_noticed() {
    alter(7, neighbour);
}

#[test]
fn a_cut_off_file_is_recognised_from_its_first_origin_on() {
    let (scene, id) = Scene::gold();
    let text = scene.text(id);
    let recognised = text.windows(9).position(|window| window == b"parangon/").unwrap() + 9;
    let lengths = (0..300).chain((300..text.len()).step_by(97)).chain([text.len() - 1]);
    for length in lengths {
        let verdict = judge(&scene.federation, &text[..length], TODAY);
        let expected = if length < recognised { (Outcome::NoLabel, 16) } else { (Outcome::NotAuthentic, 10) };
        assert_outcome(&verdict, expected.0, expected.1);
        assert_silent(&verdict);
    }
    let mut more = text.clone();
    more.push(b'}');
    assert_outcome(&judge(&scene.federation, &more, TODAY), Outcome::NotAuthentic, 10);
}

#[test]
fn what_is_no_label_file_is_called_that() {
    let federation = Federation::default();
    let other = [
        &b""[..],
        b" ",
        b"\0",
        b"null",
        b"{}",
        b"[]",
        b"\"parangon-label\"",
        b"{\"type\":\"parangon-label\",\"v\":1}",
        b"{\"type\":\"something\"}",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xfe{\0}\0",
        b"\xef\xbb\xbf{}",
        "[".repeat(100_000).leak().as_bytes(),
    ];
    for text in other {
        let verdict = judge(&federation, text, TODAY);
        assert_outcome(&verdict, Outcome::NoLabel, 16);
        assert_eq!(verdict.cause, Some(Cause::NotALabel));
        assert_silent(&verdict);
    }
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let (scene, id) = Scene::gold();
    let mut text = scene.text(id);
    text.resize(limits::CARRIER_BYTES, b' ');
    assert_outcome(&judge(&scene.federation, &text, TODAY), Outcome::Valid, 0);
    let written = text.len();
    for length in [limits::CARRIER_BYTES + 1, 100 << 20] {
        text.resize(length, b' ');
        let verdict = judge(&scene.federation, &text, TODAY);
        assert_outcome(&verdict, Outcome::NoLabel, 16);
        assert_eq!(verdict.cause, Some(Cause::TooLarge));
    }
    // The document itself, without the spaces around it, is bounded too.
    text.truncate(written);
    text[limits::DOCUMENT_BYTES] = b'}';
    assert_eq!(judge(&scene.federation, &text, TODAY).cause, Some(Cause::TooLarge));
}

#[test]
fn a_file_of_a_later_version_is_not_guessed_at() {
    let (scene, id) = Scene::gold();
    for version in [0, 2] {
        let mut bundle = scene.bundle(id);
        bundle.v = version;
        let verdict = judge(&scene.federation, &bundle.to_text().unwrap(), TODAY);
        assert_outcome(&verdict, Outcome::CannotTell, 15);
        assert_eq!(verdict.cause, Some(Cause::OtherVersion { version, known: 1 }));
        assert_silent(&verdict);
    }
}

/// JSON that other readers understand in another way.
#[test]
fn ambiguous_json_is_refused() {
    let (scene, id) = Scene::gold();
    let text = String::from_utf8(scene.text(id)).unwrap();
    for (from, to) in [
        (r#""v":1}"#, r#""v":1,"v":1}"#),
        (r#""v":1}"#, r#""v":1.0}"#),
        (r#""v":1}"#, r#""v":1,"note":"x"}"#),
        (r#""v":1}"#, r#""v":1,"x":null}"#),
        (r#""country":"DE""#, r#""country":"DE","country":"FR""#),
        (r#""country":"DE""#, r#""country":"DE","\u0063ountry":"FR""#),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        let verdict = judge(&scene.federation, altered.as_bytes(), TODAY);
        assert_outcome(&verdict, Outcome::NotAuthentic, 10);
        assert_silent(&verdict);
    }
}

#[test]
fn the_same_bytes_have_the_same_verdict() {
    let (scene, id) = Scene::gold();
    let (text, trust) = (scene.text(id), trust(&scene.federation));
    assert_eq!(verify(&text, &trust, time(TODAY)), verify(&text, &trust, time(TODAY)));
}
