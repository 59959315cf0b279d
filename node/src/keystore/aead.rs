//! XChaCha20-Poly1305 with a random nonce in front. The one cipher of key files and of the store's private rows.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a nonce: 192 bits, so that random ones never meet.
pub(crate) const NONCE: usize = 24;

/// The key is wrong, or the bytes or what they are bound to were altered. Which of them cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// `nonce || ciphertext || tag`, bound to `context`.
pub(crate) fn seal(key: &[u8; 32], nonce: [u8; NONCE], context: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
        .expect("XChaCha20 takes 256 GiB; everything here is bounded to some MiB");
    [&nonce[..], &sealed].concat()
}

/// The plain text of what [`seal`] made with the same key and context.
pub(crate) fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(Refused)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: context }).map_err(|_| Refused)?;
    Ok(Zeroizing::new(plain))
}
