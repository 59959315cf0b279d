//! Randomness for keys, nonces and salts: the operating system's, checked for the failures that were seen in practice.

/// The random source failed or returned what it cannot have drawn. Nothing was made from it (case C18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RandomError {
    /// The operating system has none to give, as in a chroot without `/dev`.
    #[error("the operating system gives no random bytes: {0}")]
    Unavailable(getrandom::Error),
    /// All bytes are zero: a broken source, not chance.
    #[error("the random source returned only zeros")]
    Zeros,
    /// Two keys drawn one after the other are equal: a broken source, not chance.
    #[error("the random source repeats itself")]
    Repeats,
}

/// Fills `bytes` from the operating system.
///
/// # Errors
/// [`RandomError::Unavailable`].
pub fn system(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(RandomError::Unavailable)
}

/// Draws `N` bytes, 16 or more, and refuses zeros.
pub(crate) fn draw<const N: usize>(random: &mut impl FnMut(&mut [u8]) -> Result<(), RandomError>) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random(&mut bytes)?;
    if bytes.iter().all(|byte| *byte == 0) { Err(RandomError::Zeros) } else { Ok(bytes) }
}
