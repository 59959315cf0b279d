//! The field and its shares.

use super::*;

#[test]
fn the_modulus_is_the_largest_prime_of_64_bits() {
    assert_eq!(u128::from(PRIME), (1u128 << 64) - 59);
    let power = |base: u64, mut exponent: u64, modulus: u64| {
        let (mut result, mut square) = (1u128, u128::from(base));
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result * square % u128::from(modulus);
            }
            square = square * square % u128::from(modulus);
            exponent >>= 1;
        }
        result
    };
    // Miller and Rabin with these bases decide below 2^64.
    let is_prime = |n: u64| {
        let twos = (n - 1).trailing_zeros();
        [2u64, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].into_iter().all(|base| {
            let mut x = power(base, (n - 1) >> twos, n);
            x == 1
                || x == u128::from(n - 1)
                || (1..twos).any(|_| {
                    x = x * x % u128::from(n);
                    x == u128::from(n - 1)
                })
        })
    };
    assert!(is_prime(PRIME));
    assert!((PRIME + 1..=u64::MAX).all(|n| n % 2 == 0 || !is_prime(n)));
}

#[test]
fn shares_add_up_to_what_was_split() {
    let mut stream = Stream::new(1);
    let vector = Vector::new(vec![0, 1, 41, u64::from(u32::MAX), PRIME - 1]).unwrap();
    for count in 1..10 {
        let shares = vector.split(count, &mut |bytes| stream.fill(bytes));
        assert_eq!(shares.len(), count);
        let sum = shares.iter().skip(1).fold(shares[0].clone(), |sum, share| sum.add(share).unwrap());
        assert_eq!(sum, vector);
    }
}

#[test]
fn what_is_no_element_is_drawn_again() {
    let drawn = [u64::MAX, PRIME + 3, PRIME, PRIME - 1, 7];
    let mut at = 0;
    let mut random = |bytes: &mut [u8]| {
        bytes.copy_from_slice(&drawn[at].to_le_bytes());
        at += 1;
    };
    let shares = Vector::new(vec![5, 5]).unwrap().split(2, &mut random);
    assert_eq!(shares[1].elements(), [PRIME - 1, 7]);
    assert_eq!(shares[0].elements(), [6, PRIME - 2]);
    assert_eq!(at, 5);
}

#[test]
fn a_vector_is_read_in_one_way_only() {
    let vector = Vector::new(vec![0, 10, PRIME - 1]).unwrap();
    let text = String::from(vector.clone());
    assert_eq!(text, "0000000000000000000000000000000affffffffffffffc4");
    assert_eq!(Vector::try_from(text.clone()), Ok(vector.clone()));
    for bad in ["ffffffffffffffc5", "ffffffffffffffff", "000000000000000A", "+00000000000000a", "000000000000000g"] {
        assert_eq!(Vector::try_from(bad.to_owned()), Err(PoolError::Element), "{bad}");
    }
    assert!(matches!(Vector::try_from("0a".to_owned()), Err(PoolError::Length { .. })));
    assert!(matches!(Vector::try_from("é".repeat(8)), Err(PoolError::Element)));
    assert!(matches!(Vector::try_from("0".repeat((limits::POOL_COUNTERS + 1) * 16)), Err(PoolError::Length { .. })));
    assert_eq!(Vector::new(vec![PRIME]), Err(PoolError::Element));
    assert!(vector.add(&Vector::new(vec![1]).unwrap()).is_err());
    assert_eq!(format!("{vector:?}"), "Vector(3 elements)");
}
