//! The words of the recovery sheet: the seeds of identity and successor, each as 24 English words of the BIP 39 list.
//!
//! 24 words hold 256 bits and a checksum of 8, so one wrong word in 256 passes it. What passes is another key: compare the
//! public identity key with the charter. No error and no `Debug` shows a word.

use std::fmt;

use bip39::{Language, Mnemonic};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::identity::IdentityFile;
use super::random::{RandomError, draw};

/// Words of one key.
pub const HALF: usize = 24;

/// Words of a sheet: first the identity key's, then its successor's.
pub const WORDS: usize = 2 * HALF;

/// Bytes of a typed sheet at most: 48 numbered words with generous white space.
pub const TEXT_BYTES: usize = 4096;

/// Letters that the list's longest word has.
const LONGEST_WORD: usize = 8;

/// One of the two keys on a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Words 1 to 24.
    Identity,
    /// Words 25 to 48.
    Successor,
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "words 1 to 24 (the identity key)",
            Self::Successor => "words 25 to 48 (its successor)",
        })
    }
}

impl Half {
    fn start(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Successor => HALF,
        }
    }

    /// How many words a sheet has up to the last one of this key.
    #[must_use]
    pub fn end(self) -> usize {
        self.start() + HALF
    }
}

/// Why words are not a recovery sheet. Positions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Words are missing, or there are too many.
    #[error("a recovery sheet has {WORDS} words, these are {found}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// Not in the list. The word itself is one slip away from a secret and not shown.
    #[error("word {position} is not a word of the list: look at its spelling on the sheet")]
    Unknown {
        /// Which one.
        position: usize,
    },
    /// The number in front of a word is not its place.
    #[error("the word at place {position} has the number {number}: one before it is missing or doubled")]
    Misnumbered {
        /// Its place.
        position: usize,
        /// The number in front of it.
        number: usize,
    },
    /// All words are in the list, but at least one is wrong or in the wrong place.
    #[error("{half} do not fit together: at least one of them is wrong or in the wrong place")]
    Checksum {
        /// Which key's.
        half: Half,
    },
    /// The same key twice: the first 24 words were copied for the last ones.
    #[error("words 25 to 48 repeat words 1 to 24: a key and its successor differ")]
    Equal,
}

/// The words of one agency's sheet. Wiped when dropped, never printed.
pub struct Sheet {
    halves: [Mnemonic; 2],
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sheet(…)")
    }
}

impl Sheet {
    /// The sheet of these keys.
    ///
    /// # Panics
    /// Never: 32 bytes are 24 words.
    #[must_use]
    pub fn of(keys: &IdentityFile) -> Self {
        let (identity, successor) = keys.seeds();
        Self { halves: [identity, successor].map(|seed| Mnemonic::from_entropy(seed).expect("32 bytes are 24 words")) }
    }

    /// All 48 words in order.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.halves.iter().flat_map(Mnemonic::words)
    }

    /// Whether `typed` is the word at `position` (1 to 48), in any case, with or without its number.
    #[must_use]
    pub fn has(&self, position: usize, typed: &str) -> bool {
        let mut found = None;
        for (number, word) in typed.split_whitespace().map(numbered) {
            if number.is_some_and(|number| number != position) || (!word.is_empty() && found.replace(word).is_some()) {
                return false;
            }
        }
        let right = position.checked_sub(1).and_then(|at| self.words().nth(at));
        found.zip(right).is_some_and(|(found, right)| right.eq_ignore_ascii_case(found))
    }
}

/// Words as somebody types them from a sheet, one text after the other. Wiped when dropped, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Typed {
    indices: [u16; WORDS],
    count: usize,
}

impl Default for Typed {
    fn default() -> Self {
        Self { indices: [0; WORDS], count: 0 }
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} words)", self.count)
    }
}

impl Typed {
    /// How many words there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes the words of `text`, separated by white space, in any case, each with or without its number (`7. word`).
    ///
    /// # Errors
    /// [`SheetError::Unknown`] and [`SheetError::Misnumbered`]; the words before that one are taken.
    pub fn add(&mut self, text: &str) -> Result<(), SheetError> {
        for (number, word) in text.split_whitespace().map(numbered) {
            let position = self.count + 1;
            if let Some(number) = number.filter(|number| *number != position) {
                return Err(SheetError::Misnumbered { position, number });
            }
            if word.is_empty() {
                continue; // the number, or the full stop, of the next word
            }
            let index = index(word).ok_or(SheetError::Unknown { position })?;
            if let Some(place) = self.indices.get_mut(self.count) {
                *place = index;
            }
            self.count += 1;
        }
        Ok(())
    }

    /// Forgets the words of one key and what follows them, so that they can be typed again.
    pub fn forget(&mut self, half: Half) {
        self.count = self.count.min(half.start());
    }

    /// The keys of a whole sheet.
    ///
    /// # Errors
    /// [`SheetError::Count`], [`SheetError::Checksum`], [`SheetError::Equal`].
    pub fn keys(&self) -> Result<IdentityFile, SheetError> {
        if self.count != WORDS {
            return Err(SheetError::Count { found: self.count });
        }
        let (identity, successor) = (self.seed(Half::Identity)?, self.seed(Half::Successor)?);
        IdentityFile::from_seeds(*identity, *successor).map_err(|_| SheetError::Equal)
    }

    /// The seed of one key, whose words were all taken.
    ///
    /// # Errors
    /// [`SheetError::Count`] when some are missing, [`SheetError::Checksum`].
    ///
    /// # Panics
    /// Never: what was taken is in the list.
    pub fn seed(&self, half: Half) -> Result<Zeroizing<[u8; 32]>, SheetError> {
        let end = half.end();
        if self.count < end {
            return Err(SheetError::Count { found: self.count });
        }
        let list = Language::English.word_list();
        let mut text = Zeroizing::new(String::with_capacity(HALF * (LONGEST_WORD + 1))); // never grows, so no copy is left
        for index in &self.indices[half.start()..end] {
            text.push_str(list[usize::from(*index)]);
            text.push(' ');
        }
        let words = Mnemonic::parse_in_normalized(Language::English, &text).map_err(|_| SheetError::Checksum { half })?;
        let (entropy, length) = words.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(&entropy[..length]);
        Ok(seed)
    }
}

/// The keys of a whole sheet in one text; see [`Typed::add`] for what is accepted.
///
/// # Errors
/// [`SheetError`].
pub fn read(text: &str) -> Result<IdentityFile, SheetError> {
    let mut typed = Typed::default();
    typed.add(text)?;
    typed.keys()
}

/// A position on the sheet by chance, 1 to 48.
///
/// # Errors
/// [`RandomError`].
///
/// # Panics
/// Never: the remainder is below 48.
pub fn position(mut random: impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<usize, RandomError> {
    let drawn = u128::from_be_bytes(draw(&mut random)?); // 128 bits: no position is favoured in a noticeable way
    Ok(usize::try_from(drawn % WORDS as u128).expect("below 48") + 1)
}

/// The word of the list that the first unknown word of `text` may have meant, at most two slips away. For the person who
/// typed it, at the terminal: it is likely to be the secret word.
#[must_use]
pub fn nearest(text: &str) -> Option<&'static str> {
    let words = text.split_whitespace().map(|token| numbered(token).1);
    let unknown = words.filter(|word| !word.is_empty()).find(|word| index(word).is_none())?;
    if unknown.len() > LONGEST_WORD + 2 {
        return None;
    }
    let typed = Zeroizing::new(unknown.to_ascii_lowercase());
    let distance = |word: &&str| strsim::damerau_levenshtein(&typed, word);
    Language::English.word_list().iter().copied().min_by_key(distance).filter(|word| distance(word) <= 2)
}

fn index(word: &str) -> Option<u16> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    Language::English.find_word(&Zeroizing::new(word.to_ascii_lowercase()))
}

/// The number in front of a word, if there is one, and the word without punctuation. What is only a number or
/// punctuation has an empty word.
fn numbered(token: &str) -> (Option<usize>, &str) {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    let (number, word) = token.split_at(digits);
    let number = (digits > 0).then(|| number.parse().unwrap_or(usize::MAX)); // too large for any place
    (number, word.trim_matches(['.', ',', ';', ':', ')']))
}

#[cfg(test)]
mod tests;
