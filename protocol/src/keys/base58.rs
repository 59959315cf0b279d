//! Base58 (Bitcoin's alphabet) of keys and signatures. Every label carries three signatures in it, each of which is read,
//! and written again to see that it was canonical; five digits at a time that takes a tenth of the textbook's time.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// 58^5: the largest power whose product with a limb fits 64 bits with room for a carry.
const FIVE: u64 = 656_356_768;

/// Bytes of a signature, the longest input.
const BYTES: usize = 64;
const LIMBS: usize = BYTES / 4;

/// Digits of 64 bytes at most.
const DIGITS: usize = 88;

/// The value of each ASCII character; 255 for what is no digit.
const VALUES: [u8; 128] = {
    let mut values = [255; 128];
    let mut digit = 0;
    while digit < 58 {
        values[ALPHABET[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

/// Writes up to 64 bytes.
///
/// # Panics
/// For more than 64 bytes: callers have arrays of fixed length.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut padded = [0; BYTES];
    padded[BYTES - bytes.len()..].copy_from_slice(bytes);
    let mut limbs = [0u64; LIMBS];
    for (limb, chunk) in limbs.iter_mut().zip(padded.chunks_exact(4)) {
        *limb = chunk.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits = [b'1'; DIGITS + 5];
    let (mut at, mut first) = (digits.len(), 0);
    while let Some(next) = limbs[first..].iter().position(|limb| *limb != 0) {
        first += next;
        let mut rest = 0;
        for limb in &mut limbs[first..] {
            let value = rest << 32 | *limb;
            *limb = value / FIVE;
            rest = value % FIVE;
        }
        for _ in 0..5 {
            at -= 1;
            digits[at] = ALPHABET[usize::try_from(rest % 58).expect("below 58")];
            rest /= 58;
        }
    }
    let significant = digits[at..].iter().position(|digit| *digit != b'1').map_or(digits.len(), |skip| at + skip);
    digits[significant - zeros..].iter().map(|digit| char::from(*digit)).collect()
}

/// Reads exactly 64 bytes. Their form is unique: what is read here, [`encode`] writes back.
pub(super) fn decode(text: &str) -> Option<[u8; BYTES]> {
    if text.len() > DIGITS {
        return None;
    }
    let mut limbs = [0u64; LIMBS];
    for group in text.as_bytes().chunks(5) {
        let (mut carry, mut factor) = (0, 1);
        for character in group {
            let digit = *VALUES.get(usize::from(*character)).filter(|digit| **digit != 255)?;
            carry = carry * 58 + u64::from(digit);
            factor *= 58;
        }
        for limb in limbs.iter_mut().rev() {
            let value = *limb * factor + carry;
            *limb = value & 0xffff_ffff;
            carry = value >> 32;
        }
        if carry > 0 {
            return None;
        }
    }
    let mut bytes = [0; BYTES];
    for (chunk, limb) in bytes.chunks_exact_mut(4).zip(limbs) {
        chunk.copy_from_slice(&limb.to_be_bytes()[4..]);
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let ones = text.bytes().take_while(|character| *character == b'1').count();
    (zeros == ones).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Zeros at the start are what this form treats differently from other numbers.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        (0..=BYTES, prop::collection::vec(any::<u8>(), 0..=BYTES)).prop_map(|(zeros, mut bytes)| {
            bytes.iter_mut().take(zeros).for_each(|byte| *byte = 0);
            bytes
        })
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0; 64]), "1".repeat(64));
        assert_eq!(decode(&"1".repeat(64)), Some([0; 64]));
        assert_eq!(decode(&"1".repeat(63)), None);
        assert_eq!(decode(&"1".repeat(65)), None);
        let largest = encode(&[255; 64]);
        assert_eq!((largest.len(), decode(&largest)), (88, Some([255; 64])));
        assert_eq!(decode(&"z".repeat(88)), None, "above 2^512");
        assert_eq!(decode(&format!("1{largest}")), None);
    }

    proptest! {
        #[test]
        fn writing_agrees_with_another_writer(bytes in bytes()) {
            prop_assert_eq!(encode(&bytes), bs58::encode(&bytes).into_string());
        }

        #[test]
        fn reading_agrees_with_another_reader(text in "[1-9A-HJ-NP-Za-km-z]{80,90}|1{0,64}[1-9A-Za-z+é]{0,64}") {
            let mut other = [0; BYTES];
            let expected = matches!(bs58::decode(&text).onto(&mut other), Ok(BYTES)).then_some(other);
            prop_assert_eq!(decode(&text), expected);
            if let Some(bytes) = expected {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn what_was_written_reads_back(bytes in prop::array::uniform32(any::<u8>()), zeros in 0..40usize) {
            let mut all = [0; BYTES];
            all[zeros.min(32)..zeros.min(32) + 32].copy_from_slice(&bytes);
            prop_assert_eq!(decode(&encode(&all)), Some(all));
        }
    }
}
