//! Remembers signatures that verified, so that none is verified twice: a head comes back with each cosignature that
//! others gathered, and all of its lines with it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::id::Hash;

/// Signatures remembered in each of two generations. 300 logs with 250 cosignatures on their newest head are
/// 75,000; one takes about 40 bytes.
const GENERATION: usize = 1 << 16;

/// What verified. A name is a hash over key, message and signature, so a wrong hit is a collision of SHA-256.
#[derive(Default)]
pub(super) struct Memo(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashSet<Hash>,
    old: HashSet<Hash>,
}

impl Memo {
    /// Makes the check, unless the same one passed before. `parts` are everything that it depends on; the name covers
    /// their lengths.
    pub(super) fn once<E>(&self, parts: &[&[u8]], check: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let lengths: Vec<u8> = parts.iter().flat_map(|part| part.len().to_be_bytes()).collect();
        let mut named = vec![lengths.as_slice()];
        named.extend(parts);
        let name = Hash::of(&named);
        if !self.knows(&name) {
            check()?;
            self.learn(name);
        }
        Ok(())
    }

    fn knows(&self, name: &Hash) -> bool {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.contains(name) {
            return true;
        }
        let known = generations.old.remove(name);
        if known {
            generations.young.insert(*name);
        }
        known
    }

    fn learn(&self, name: Hash) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(name);
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passed_is_remembered_and_only_as_a_whole() {
        let memo = Memo::default();
        let mut checks = 0;
        let mut once = |parts: &[&[u8]], passes: bool| {
            memo.once(parts, || {
                checks += 1;
                if passes { Ok(()) } else { Err(()) }
            })
        };
        assert_eq!(once(&[b"key", b"text"], false), Err(()));
        assert_eq!(once(&[b"key", b"text"], true), Ok(()));
        assert_eq!(once(&[b"key", b"text"], false), Ok(()), "known");
        assert_eq!(once(&[b"keyt", b"ext"], false), Err(()), "the same bytes, cut elsewhere");
        assert_eq!(checks, 3);
    }
}
