//! Shamir's shares of 32 bytes, each byte on its own, over the field of 256 elements modulo x^8 + x^4 + x^3 + x + 1 (that of AES).
//!
//! Products take no table and no branch: what a contributor multiplies is secret until it is opened, and another program on its machine
//! must not read it off the cache. It costs nothing here. Where a value is recovered it does not matter, since it is public at once.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

type Bytes = [u8; 32];

fn product(mut a: u8, mut b: u8) -> u8 {
    let mut sum = 0;
    for _ in 0..8 {
        sum ^= a & (b & 1).wrapping_neg();
        a = (a << 1) ^ (0x1b & (a >> 7).wrapping_neg());
        b >>= 1;
    }
    sum
}

/// The inverse, a^254. Of 0 it is 0; nobody asks for that.
fn inverse(a: u8) -> u8 {
    (0..6).fold(product(a, a), |power, _| product(product(power, power), product(a, a)))
}

/// The polynomial with that value at 0 and those coefficients of x, x^2 and so on, at `place`.
pub(super) fn share(value: &Bytes, coefficients: &[Bytes], place: NonZeroU8) -> Bytes {
    let horner = |sum: Bytes, of: &Bytes| std::array::from_fn(|byte| product(sum[byte], place.get()) ^ of[byte]);
    let sum = coefficients.iter().rev().fold([0; 32], horner);
    horner(sum, value)
}

/// The value at 0 of the polynomial of least degree through these shares.
pub(super) fn value(shares: &BTreeMap<NonZeroU8, &Bytes>) -> Bytes {
    let mut value = [0; 32];
    for (place, share) in shares {
        let others = shares.keys().filter(|other| *other != place).map(|other| other.get());
        let weight = others.fold(1, |weight, other| product(weight, product(other, inverse(other ^ place.get()))));
        for (sum, byte) in value.iter_mut().zip(*share) {
            *sum ^= product(*byte, weight);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: u8) -> NonZeroU8 {
        NonZeroU8::new(place).expect("not 0")
    }

    #[test]
    fn it_is_the_field_of_aes() {
        // FIPS 197, sections 4.2 and 4.2.1.
        assert_eq!((product(0x57, 0x83), product(0x57, 0x13)), (0xc1, 0xfe));
        assert_eq!(inverse(0x53), 0xca);
        for a in 1..=255 {
            assert_eq!(product(a, inverse(a)), 1, "{a}");
            assert_eq!((product(a, 1), product(a, 0), product(0, a)), (a, 0, 0));
        }
        for (a, b, c) in [(3, 7, 200), (255, 254, 253), (0x80, 0x1b, 0x11)] {
            assert_eq!(product(a, b), product(b, a));
            assert_eq!(product(a, product(b, c)), product(product(a, b), c));
            assert_eq!(product(a, b ^ c), product(a, b) ^ product(a, c));
        }
    }

    #[test]
    fn any_threshold_of_shares_gives_the_value_and_one_fewer_another() {
        let coefficients: Vec<Bytes> =
            (1..=4).map(|degree| std::array::from_fn(|byte| u8::try_from(byte).expect("below 32").wrapping_mul(37) ^ degree)).collect();
        let secret: Bytes = std::array::from_fn(|byte| u8::try_from(byte).expect("below 32").wrapping_mul(11) ^ 5);
        for threshold in 1..=5 {
            let shares: Vec<Bytes> = (1..=9).map(|place| share(&secret, &coefficients[..threshold - 1], at(place))).collect();
            for subset in 0u16..1 << 9 {
                let some = (1..=9).filter(|place| subset >> (place - 1) & 1 == 1).map(|place| (at(place), &shares[usize::from(place) - 1]));
                let some: BTreeMap<_, _> = some.collect();
                if some.len() >= threshold {
                    assert_eq!(value(&some), secret, "{subset:b} of {threshold}");
                } else if some.len() + 1 == threshold {
                    assert_ne!(value(&some), secret, "{subset:b} of {threshold}");
                }
            }
        }
    }

    /// Every value of a byte is explained by as many coefficients, so that a share less tells nothing: exhaustively.
    #[test]
    fn one_share_fewer_leaves_every_value_equally_likely() {
        let byte = |byte: u8| [byte; 32];
        // Of threshold 2: whatever the one share is, all values and all slopes.
        for place in [1, 0xc7] {
            let mut explained = vec![[0; 256]; 256];
            for secret in 0..=255 {
                for slope in 0..=255 {
                    let seen = share(&byte(secret), &[byte(slope)], at(place))[0];
                    explained[usize::from(seen)][usize::from(secret)] += 1;
                }
            }
            assert_eq!(explained, [[1; 256]; 256], "place {place}");
        }
        // Of threshold 3: two shares, all values and all pairs of coefficients.
        let terms = |place: u8| [place, product(place, place)].map(|power| (0..=255).map(|of| product(of, power)).collect::<Vec<u8>>());
        let ([p1, p2], [q1, q2]) = (terms(2), terms(9));
        let mut explained = [0; 256];
        for secret in 0..=255 {
            for a in 0..256 {
                for b in 0..256 {
                    let seen = (secret ^ p1[a] ^ p2[b], secret ^ q1[a] ^ q2[b]);
                    explained[usize::from(secret)] += u32::from(seen == (0x5a, 0xc3));
                }
            }
        }
        assert_eq!(explained, [1; 256]);
    }
}
