//! A federation's fingerprint as people write it down.

use std::str::FromStr;

use parangon_protocol::id::{Fingerprint, Hash};

/// Words of a fingerprint as printed on certificates: 88 bits.
const WORDS: usize = 8;

/// Words of the list.
const LIST: u16 = 2048;

/// All of a fingerprint, or its first 88 bits in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pin {
    /// 64 hex digits.
    Whole(Fingerprint),
    /// Eight words joined by `-`.
    Words(String),
}

/// What is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PinError {
    /// Neither form.
    #[error("a fingerprint is 64 hex digits, or eight words joined by '-'")]
    Form,
    /// Eight words, but one is not in the list: a typing error, which must not read as "unknown signer".
    #[error("{0:?} is not one of the words; look again")]
    Word(String),
}

impl Pin {
    /// Whether it is that federation.
    pub(crate) fn matches(&self, fingerprint: &Fingerprint) -> bool {
        match self {
            Self::Whole(own) => own == fingerprint,
            Self::Words(words) => *words == fingerprint.words(),
        }
    }

    /// The fingerprint that begins with the same 88 bits and ends with zeros.
    pub(crate) fn prefix(&self) -> Fingerprint {
        match self {
            Self::Whole(own) => *own,
            Self::Words(words) => {
                let list: Vec<String> = (0..LIST).map(word).collect();
                let mut bytes = [0u8; 32];
                let numbers = words.split('-').filter_map(|word| list.iter().position(|known| known == word));
                for (at, bit) in numbers.flat_map(|number| (0..11).rev().map(move |bit| number >> bit & 1)).enumerate() {
                    bytes[at / 8] |= u8::from(bit == 1) << (7 - at % 8);
                }
                Fingerprint(Hash(bytes))
            }
        }
    }
}

impl FromStr for Pin {
    type Err = PinError;
    fn from_str(text: &str) -> Result<Self, PinError> {
        let text = text.trim().to_lowercase();
        if let Ok(fingerprint) = text.parse() {
            return Ok(Self::Whole(fingerprint));
        }
        let words: Vec<&str> = text.split(|c: char| c == '-' || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
        if words.len() != WORDS {
            return Err(PinError::Form);
        }
        let list: Vec<String> = (0..LIST).map(word).collect();
        match words.iter().find(|word| !list.iter().any(|known| known == *word)) {
            Some(word) => Err(PinError::Word((*word).chars().take(20).collect())),
            None => Ok(Self::Words(words.join("-"))),
        }
    }
}

/// The word of an 11-bit number: the first one of a fingerprint that begins with these bits.
fn word(number: u16) -> String {
    let mut bytes = [0; 32];
    [bytes[0], bytes[1]] = (number << 5).to_be_bytes();
    Fingerprint(Hash(bytes)).words().split('-').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_federation() {
        let fingerprint = Fingerprint(Hash::of(&[b"x"]));
        for text in [fingerprint.to_string(), fingerprint.words(), fingerprint.words().replace('-', " ").to_uppercase()] {
            let pin: Pin = text.parse().expect("a fingerprint");
            assert!(pin.matches(&fingerprint) && !pin.matches(&Fingerprint::NONE), "{text}");
        }
    }

    #[test]
    fn words_are_the_beginning_of_a_fingerprint() {
        let fingerprint = Fingerprint(Hash::of(&[b"x"]));
        let pin: Pin = fingerprint.words().parse().expect("words");
        assert_eq!(pin.prefix().0.0[..11], fingerprint.0.0[..11]);
        assert_eq!(pin.prefix().0.0[11..], [0; 21]);
        assert_eq!(pin.prefix().words(), fingerprint.words());
    }

    #[test]
    fn a_mistyped_word_is_named() {
        let words = Fingerprint(Hash::of(&[b"x"])).words();
        let (_, rest) = words.split_once('-').expect("eight words");
        assert_eq!(format!("abandom-{rest}").parse::<Pin>(), Err(PinError::Word("abandom".into())));
        assert_eq!(rest.parse::<Pin>(), Err(PinError::Form));
        assert_eq!("abc".parse::<Pin>(), Err(PinError::Form));
    }
}
