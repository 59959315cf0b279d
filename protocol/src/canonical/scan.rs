//! One look at a text that is canonical already, which is what nearly all texts are: no tree is built, nothing is
//! copied. It never says yes to anything that [`super::Value::read_canonical`] refuses; a no means "look closer".

use crate::limits::{MAX_INTEGER, OBJECT_ENTRIES};

/// Whether `text` is canonical beyond doubt, nested at most `depth` levels deep.
pub(super) fn is_canonical(text: &[u8], depth: usize) -> bool {
    let mut scan = Scan { text, at: 0 };
    str::from_utf8(text).is_ok() && scan.value(depth) && scan.at == text.len()
}

/// Bytes that end a text, begin an escape or a control character of two bytes, or must not stand there.
const MARKS: [bool; 256] = {
    let mut marks = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        marks[byte] = byte < 0x20 || matches!(byte, 0x22 | 0x5C | 0x7F | 0xC2);
        byte += 1;
    }
    marks
};

/// A place in a text.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, expected: &[u8]) -> bool {
        let fits = self.text[self.at..].starts_with(expected);
        if fits {
            self.at += expected.len();
        }
        fits
    }

    fn value(&mut self, depth: usize) -> bool {
        match self.peek() {
            Some(b'"') => self.string().is_some(),
            Some(b'{') => depth.checked_sub(1).is_some_and(|depth| self.object(depth)),
            Some(b'[') => depth.checked_sub(1).is_some_and(|depth| self.list(depth)),
            Some(b't') => self.take(b"true"),
            Some(b'f') => self.take(b"false"),
            Some(_) => self.integer(),
            None => false,
        }
    }

    fn list(&mut self, depth: usize) -> bool {
        if self.take(b"[]") {
            return true;
        }
        self.at += 1;
        while self.value(depth) {
            if self.take(b"]") {
                return true;
            }
            if !self.take(b",") {
                return false;
            }
        }
        false
    }

    /// Keys must ascend. Bytes and UTF-16 agree on that for ASCII; other keys, and escaped ones, take a closer look.
    fn object(&mut self, depth: usize) -> bool {
        if self.take(b"{}") {
            return true;
        }
        self.at += 1;
        let mut last: Option<&[u8]> = None;
        for _ in 0..OBJECT_ENTRIES {
            let Some(key) = self.string() else { return false };
            let plain = key.is_ascii() && !key.contains(&b'\\');
            if !plain || last.is_some_and(|last| last >= key) || !self.take(b":") || !self.value(depth) {
                return false;
            }
            if self.take(b"}") {
                return true;
            }
            if !self.take(b",") {
                return false;
            }
            last = Some(key);
        }
        false
    }

    /// What stands between the quotes, as written. Only `"` and `\` are ever escaped.
    fn string(&mut self) -> Option<&'a [u8]> {
        if !self.take(b"\"") {
            return None;
        }
        let start = self.at;
        loop {
            self.at += self.text[self.at..].iter().position(|byte| MARKS[usize::from(*byte)])?;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at - 1]);
                }
                b'\\' if matches!(self.text.get(self.at + 1), Some(b'"' | b'\\')) => self.at += 2,
                // U+0080 to U+009F, in UTF-8.
                0xC2 if matches!(self.text.get(self.at + 1), Some(0x80..=0x9F)) => return None,
                0xC2 => self.at += 1,
                _ => return None,
            }
        }
    }

    fn integer(&mut self) -> bool {
        let start = self.at;
        let negative = self.take(b"-");
        let digits = self.text[self.at..].iter().take(17).take_while(|byte| byte.is_ascii_digit()).count();
        let leading_zero = self.peek() == Some(b'0') && (digits > 1 || negative);
        self.at += digits;
        let number = str::from_utf8(&self.text[start..self.at]).ok().and_then(|text| text.parse::<i64>().ok());
        digits > 0 && !leading_zero && number.is_some_and(|number| number.unsigned_abs() <= MAX_INTEGER.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Value;
    use super::super::tests::value;
    use super::is_canonical as scanned;
    use crate::limits::{DEPTH, MAX_INTEGER, OBJECT_ENTRIES};

    fn is_canonical(text: &[u8]) -> bool {
        scanned(text, DEPTH)
    }

    fn closer(text: &[u8]) -> bool {
        Value::read_canonical(text, 1_000_000).is_ok()
    }

    #[test]
    fn what_is_not_canonical_is_never_passed() {
        let texts = [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "-",
            "--1",
            "-0",
            "01",
            "1.0",
            "1e3",
            "+1",
            "9007199254740992",
            "-9007199254740992",
            "99999999999999999999",
            "null",
            "nul",
            "tru",
            "truex",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "[1,]",
            "[,1]",
            "[1 ]",
            "{\"a\": 1}",
            "{\"b\":1,\"a\":1}",
            "{\"a\":1,\"a\":1}",
            "\"\\n\"",
            "\"\\u0061\"",
            "\"\\/\"",
            "\"\u{7f}\"",
            "\"\u{85}\"",
            "\"\n\"",
            "{\"a\":1}x",
            "[1][2]",
            "{\"\u{fb33}\":2,\"\u{1f600}\":1}",
            "\"\\\"",
            "\"\\",
            "{a:1}",
            "{\"a\":1]",
            "[1}",
        ];
        for text in texts {
            assert!(!closer(text.as_bytes()) && !is_canonical(text.as_bytes()), "{text:?}");
        }
        assert!(!is_canonical(b"\"\xff\""));
    }

    #[test]
    fn bounds_are_those_of_the_closer_look() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let object = |keys: usize| format!("{{{}}}", (0..keys).map(|key| format!("\"{key:04}\":1")).collect::<Vec<_>>().join(","));
        for (text, good) in [
            (nested(DEPTH), true),
            (nested(DEPTH + 1), false),
            (nested(100_000), false),
            (object(OBJECT_ENTRIES), true),
            (object(OBJECT_ENTRIES + 1), false),
            (MAX_INTEGER.to_string(), true),
            ((MAX_INTEGER + 1).to_string(), false),
        ] {
            assert_eq!(closer(text.as_bytes()), good);
            assert_eq!(is_canonical(text.as_bytes()), good);
        }
        assert!(scanned(nested(DEPTH - 1).as_bytes(), DEPTH - 1) && !scanned(nested(DEPTH).as_bytes(), DEPTH - 1));
    }

    proptest! {
        #[test]
        fn a_yes_is_always_right(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = value.to_text().into_bytes();
            prop_assert!(closer(&text));
            let at = at.index(text.len());
            text[at] = byte;
            prop_assert!(!is_canonical(&text) || closer(&text));
        }

        #[test]
        fn records_as_ours_need_one_look(keys in prop::collection::btree_map("[a-z_]{1,8}", "[^\\p{Cc}]{0,12}", 0..8)) {
            let object = Value::Object(keys.into_iter().map(|(key, text)| (key, Value::Text(text))).collect());
            prop_assert!(is_canonical(object.to_text().as_bytes()));
        }
    }
}
