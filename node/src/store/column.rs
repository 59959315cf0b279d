//! Keys and values as a snapshot has them: big-endian integers, texts and bytes after their length. redb's own form is its
//! business, and reading that back panics where it was altered.

use redb::Value;

use super::tables::{Bytes, Digest};

/// A type of key or value that can leave the store and come back.
pub(super) trait Column: Value + 'static {
    /// Appends the value.
    fn put(value: &Self::SelfType<'_>, out: &mut Vec<u8>);

    /// Takes a value off the front. `None` when what is there is none.
    fn take<'a>(bytes: &mut &'a [u8]) -> Option<Self::SelfType<'a>>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Column for $integer {
            fn put(value: &$integer, out: &mut Vec<u8>) {
                out.extend_from_slice(&value.to_be_bytes());
            }

            fn take(bytes: &mut &[u8]) -> Option<$integer> {
                let (value, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(<$integer>::from_be_bytes(*value))
            }
        }
    )*};
}
integers!(u8, u32, u64);

impl Column for () {
    fn put((): &(), _: &mut Vec<u8>) {}

    fn take(_: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

impl Column for Digest {
    fn put(value: &&[u8; 32], out: &mut Vec<u8>) {
        out.extend_from_slice(&value[..]);
    }

    fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8; 32]> {
        let (value, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(value)
    }
}

impl Column for Bytes {
    fn put(value: &&[u8], out: &mut Vec<u8>) {
        // A row is far below 4 GiB; one that is not is refused by its length before it is written.
        u32::put(&u32::try_from(value.len()).unwrap_or(u32::MAX), out);
        out.extend_from_slice(value);
    }

    fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::try_from(u32::take(bytes)?).ok()?;
        let (value, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(value)
    }
}

impl Column for &'static str {
    fn put(value: &&str, out: &mut Vec<u8>) {
        Bytes::put(&value.as_bytes(), out);
    }

    fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(Bytes::take(bytes)?).ok()
    }
}

impl<A: Column, B: Column> Column for (A, B) {
    fn put(value: &(A::SelfType<'_>, B::SelfType<'_>), out: &mut Vec<u8>) {
        A::put(&value.0, out);
        B::put(&value.1, out);
    }

    fn take<'a>(bytes: &mut &'a [u8]) -> Option<(A::SelfType<'a>, B::SelfType<'a>)> {
        Some((A::take(bytes)?, B::take(bytes)?))
    }
}
