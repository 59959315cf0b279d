//! The only place that knows bincode: frames between nodes and rows of the store.
//!
//! bincode 2 accepts several encodings of one value and ignores what follows it. [`decode`] therefore refuses
//! everything that does not encode back to the same bytes, and bounds the input before anything is allocated.
//! Nothing that is signed or hashed passes through here (protocol, "Formats"), so that this module can be replaced
//! in an afternoon. Types that pass through it hold no floats, no `usize`, no hash maps and no zero-sized elements;
//! the order of an enum's variants is its wire format.

use bincode::{Decode, Encode};

/// Why bytes are not an encoding of the type asked for. None of them quotes the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Over the bound given by the caller, in bytes.
    #[error("too large: {actual} bytes, at most {limit}")]
    TooLarge {
        /// Bytes received.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Cut short, an unknown variant, a length beyond the bound, a text that is not UTF-8.
    #[error("malformed")]
    Malformed,
    /// Bytes follow the value.
    #[error("{extra} bytes after the end")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// The value has another, shorter encoding: these bytes are not the one we would have written.
    #[error("not the canonical encoding")]
    NotCanonical,
}

/// Encodes `value`: little-endian, variable-length integers.
///
/// # Panics
/// Never for types as the module describes them: writing to memory cannot fail.
#[must_use]
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    bincode::encode_to_vec(value, bincode::config::standard()).expect("encoding to memory fails only for types that are not used here")
}

/// Decodes exactly one `T` of at most `LIMIT` bytes, strictly.
///
/// # Errors
/// Every [`CodecError`]; nothing beyond `LIMIT` bytes was allocated.
pub fn decode<T: Decode<()> + Encode, const LIMIT: usize>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > LIMIT {
        return Err(CodecError::TooLarge { actual: bytes.len(), limit: LIMIT });
    }
    let config = bincode::config::standard().with_limit::<LIMIT>();
    let (value, consumed) = bincode::decode_from_slice::<T, _>(bytes, config).map_err(|_| CodecError::Malformed)?;
    if consumed != bytes.len() {
        return Err(CodecError::Trailing { extra: bytes.len() - consumed });
    }
    if encode(&value) == bytes { Ok(value) } else { Err(CodecError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    enum Sample {
        Empty,
        Head { size: u64, root: [u8; 4] },
        Many(Vec<(u32, String)>, Option<Box<[u8]>>),
    }

    const LIMIT: usize = 1024;

    #[test]
    fn golden_bytes_do_not_change() {
        let many = Sample::Many(vec![(300, "é".into())], Some(Box::new([7])));
        for (value, bytes) in [
            (Sample::Empty, &[0u8][..]),
            (Sample::Head { size: 250, root: [1, 2, 3, 4] }, &[1, 250, 1, 2, 3, 4]),
            (Sample::Head { size: 251, root: [0; 4] }, &[1, 251, 251, 0, 0, 0, 0, 0]),
            (Sample::Head { size: 1 << 32, root: [0; 4] }, &[1, 253, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            (many, &[2, 1, 251, 44, 1, 2, 0xc3, 0xa9, 1, 1, 7]),
        ] {
            assert_eq!(encode(&value), bytes, "{value:?}");
            assert_eq!(decode::<Sample, LIMIT>(bytes), Ok(value));
        }
    }

    #[test]
    fn what_we_would_not_write_is_refused() {
        for (bytes, error) in [
            (&[][..], CodecError::Malformed),
            (&[3], CodecError::Malformed),
            (&[1, 250, 1, 2, 3], CodecError::Malformed),
            (&[0, 0], CodecError::Trailing { extra: 1 }),
            (&[251, 0, 0], CodecError::NotCanonical),
            (&[1, 251, 5, 0, 0, 0, 0, 0], CodecError::NotCanonical),
            (&[2, 253, 255, 255, 255, 255, 255, 255, 255, 127, 0], CodecError::Malformed),
            (&[2, 0, 2], CodecError::Malformed),
        ] {
            assert_eq!(decode::<Sample, LIMIT>(bytes), Err(error), "{bytes:?}");
        }
        assert_eq!(decode::<Sample, 4>(&[0; 5]), Err(CodecError::TooLarge { actual: 5, limit: 4 }));
        let twice = [2u8, 1, 1, 1, 2]; // the key 1 stands twice
        assert_eq!(decode::<BTreeMap<u8, u8>, LIMIT>(&twice), Err(CodecError::NotCanonical));
    }

    proptest! {
        #[test]
        fn one_value_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = decode::<Sample, LIMIT>(&bytes) {
                prop_assert_eq!(encode(&value), bytes);
            }
        }

        #[test]
        fn values_round_trip(items in prop::collection::vec((any::<u32>(), ".{0,8}"), 0..8), tail in any::<Option<Vec<u8>>>()) {
            let value = Sample::Many(items, tail.map(Vec::into_boxed_slice));
            prop_assert_eq!(decode::<Sample, LIMIT>(&encode(&value)), Ok(value));
        }
    }
}
