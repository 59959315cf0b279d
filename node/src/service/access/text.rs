//! Finding a text whatever its case and however its letters are composed, and putting something else in its place.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Characters shown on either side of what was found.
const AROUND: usize = 40;

/// What stands where a text was erased.
pub(super) const ERASED: &str = "[erased]";

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkc().flat_map(char::to_lowercase)
}

/// A text that is looked for.
pub(super) struct Needle(Vec<char>);

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self(folded(text.trim()).collect())
    }

    /// Letters and digits in it: what has too few is everywhere.
    pub(super) fn letters(&self) -> usize {
        self.0.iter().filter(|c| c.is_alphanumeric()).count()
    }

    /// Where it stands, first to last, none overlapping.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let (mut found, mut from) = (Vec::new(), 0);
        for (at, _) in text.char_indices() {
            if at < from || !begins(&text[at..], &self.0) {
                continue;
            }
            let end = self.end(text, at);
            found.push(at..end);
            from = end;
        }
        found
    }

    /// The end of the match that begins at `at`: behind the letter with which all of it is there.
    fn end(&self, text: &str, at: usize) -> usize {
        let mut ends = text[at..].char_indices().map(|(offset, c)| at + offset + c.len_utf8());
        ends.find(|end| begins(&text[at..*end], &self.0)).unwrap_or(text.len())
    }

    /// Whether it stands anywhere in content that may be anything.
    pub(super) fn is_in(&self, content: &[u8]) -> bool {
        let text: String = folded(&String::from_utf8_lossy(content)).collect();
        text.contains(&self.0.iter().collect::<String>())
    }

    /// The text with something else in its place; `None` when it does not stand there.
    pub(super) fn erased(&self, text: &str) -> Option<String> {
        let found = self.find(text);
        if found.is_empty() {
            return None;
        }
        let (mut rest, mut from) = (String::with_capacity(text.len()), 0);
        for range in found {
            rest.push_str(&text[from..range.start]);
            rest.push_str(ERASED);
            from = range.end;
        }
        rest.push_str(&text[from..]);
        Some(rest)
    }

    /// The first place with a little around it.
    pub(super) fn excerpt(&self, text: &str) -> Option<String> {
        let range = self.find(text).into_iter().next()?;
        let start = text[..range.start].char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let end = text[range.end..].char_indices().nth(AROUND).map_or(text.len(), |(at, _)| range.end + at);
        let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
        Some(format!("{before}{}{after}", &text[start..end]))
    }
}

fn begins(text: &str, needle: &[char]) -> bool {
    let mut text = folded(text);
    needle.iter().all(|wanted| text.next() == Some(*wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_make_no_difference() {
        let needle = Needle::new(" Zoë MÜLLER ");
        for text in ["Zoë Müller", "ZOË MÜLLER", "zoe\u{308} mu\u{308}ller", "ask Zoe\u{308} Müller, please"] {
            assert_eq!(needle.find(text).len(), 1, "{text}");
        }
        for text in ["Zoe Muller", "ZoëMüller", "Zoë Mülle", ""] {
            assert!(needle.find(text).is_empty(), "{text}");
        }
        assert!(Needle::new("ﬁnn").is_in("talk to FINN\u{0}".as_bytes()));
        assert!(!Needle::new("finn").is_in(b"\xff\xfe nothing"));
    }

    #[test]
    fn everything_of_it_goes_and_nothing_else() {
        let needle = Needle::new("Zoë");
        assert_eq!(needle.erased("Zoe\u{308}, ZOË and Zoës mother").as_deref(), Some("[erased], [erased] and [erased]s mother"));
        assert_eq!(needle.erased("Zoe is another"), None);
        assert_eq!(Needle::new("aa").erased("aaaa a").as_deref(), Some("[erased][erased] a"));
        assert_eq!(Needle::new("finn").erased("x ﬁnn y").as_deref(), Some("x [erased] y"));
    }

    #[test]
    fn an_excerpt_has_a_little_on_either_side() {
        let needle = Needle::new("Zoë");
        assert_eq!(needle.excerpt("Zoë").as_deref(), Some("Zoë"));
        let long = format!("{}Zoë{}", "é".repeat(60), "ü".repeat(60));
        assert_eq!(needle.excerpt(&long), Some(format!("…{}Zoë{}…", "é".repeat(40), "ü".repeat(40))));
        assert_eq!(needle.excerpt("nobody"), None);
    }
}
