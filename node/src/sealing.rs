//! Private messages at rest and on the way: age files for one X25519 recipient.
//!
//! A sealed message opens with any age tool that has the key. Who sent it is not age's business: the signed envelope
//! around it covers the ciphertext (protocol, "Private messages").

use std::io::{Read, Write};

use parangon_protocol::limits;
use zeroize::Zeroizing;

/// Room for what is put around a plain text: age's header and 16 bytes for each chunk of 64 KiB, about 1.3 KiB in all, and
/// the signed envelope, about 600 bytes.
const OVERHEAD: usize = 8 * 1024;

/// Bytes of a plain text that still fits into one sealed message.
pub const PLAIN_BYTES: usize = limits::PRIVATE_BYTES - OVERHEAD;

/// Why something was not sealed or opened. None of them says anything of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// Over [`PLAIN_BYTES`] before sealing, or over [`limits::PRIVATE_BYTES`] after it.
    #[error("too large for one private message: {actual} bytes, at most {limit}")]
    TooLarge {
        /// Bytes given.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not an age X25519 recipient (`age1…`) or identity.
    #[error("not an age X25519 key")]
    Key,
    /// Not an age file, cut short, altered, or sealed to another key: the format cannot tell which.
    #[error("the message cannot be opened with this key")]
    Refused,
}

/// A key made for one dossier and destroyed with it.
pub struct FreshKey(age::x25519::Identity);

impl std::fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FreshKey(of {})", self.recipient())
    }
}

impl FreshKey {
    /// Draws a key from the operating system.
    #[must_use]
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// What others seal to: `age1…`.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The secret as text, to be kept encrypted and nowhere else.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        use age::secrecy::ExposeSecret as _;
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Reads the secret text back.
    ///
    /// # Errors
    /// [`SealingError::Key`].
    pub fn from_secret_text(text: &str) -> Result<Self, SealingError> {
        text.parse().map(Self).map_err(|_| SealingError::Key)
    }

    /// The key itself, for [`open`].
    #[must_use]
    pub fn identity(&self) -> &age::x25519::Identity {
        &self.0
    }
}

/// Whether something can be sealed to `recipient`. Unlike the rules of records, which look at its characters only, this recomputes its
/// checksum.
///
/// # Errors
/// [`SealingError::Key`].
pub fn check(recipient: &str) -> Result<(), SealingError> {
    parse(recipient).map(drop)
}

fn parse(recipient: &str) -> Result<age::x25519::Recipient, SealingError> {
    recipient.parse().map_err(|_| SealingError::Key)
}

/// Encrypts `plain` to `recipient` (`age1…`).
///
/// # Errors
/// [`SealingError::TooLarge`] or [`SealingError::Key`].
///
/// # Panics
/// Never: writing to memory cannot fail.
pub fn seal(recipient: &str, plain: &[u8]) -> Result<Vec<u8>, SealingError> {
    if plain.len() > PLAIN_BYTES {
        return Err(SealingError::TooLarge { actual: plain.len(), limit: PLAIN_BYTES });
    }
    let recipient = parse(recipient)?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).map_err(|_| SealingError::Key)?;
    let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
    let write = |sealed: &mut Vec<u8>| {
        let mut writer = encryptor.wrap_output(sealed)?;
        writer.write_all(plain)?;
        writer.finish().map(drop)
    };
    write(&mut sealed).expect("writing to memory cannot fail");
    Ok(sealed)
}

/// Decrypts what [`seal`] made for `identity`. The whole message is authenticated before anything of it is returned.
///
/// # Errors
/// [`SealingError::TooLarge`] before anything is read, else [`SealingError::Refused`].
pub fn open(identity: &age::x25519::Identity, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
    if sealed.len() > limits::PRIVATE_BYTES {
        return Err(SealingError::TooLarge { actual: sealed.len(), limit: limits::PRIVATE_BYTES });
    }
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| SealingError::Refused)?;
    let reader = decryptor.decrypt(std::iter::once(identity as _)).map_err(|_| SealingError::Refused)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let bound = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
    reader.take(bound).read_to_end(&mut plain).map_err(|_| SealingError::Refused)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_key_opens_it() {
        let (ours, other) = (FreshKey::generate(), FreshKey::generate());
        let sealed = seal(&ours.recipient(), b"dossier").expect("sealed");
        assert!(!sealed.windows(7).any(|window| window == b"dossier"));
        assert_eq!(open(ours.identity(), &sealed).expect("opened").as_slice(), b"dossier");
        assert_eq!(open(other.identity(), &sealed), Err(SealingError::Refused));
        let again = FreshKey::from_secret_text(&ours.to_secret_text()).expect("the same key");
        assert_eq!(open(again.identity(), &sealed).expect("opened").as_slice(), b"dossier");
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_refused() {
        let ours = FreshKey::generate();
        let sealed = seal(&ours.recipient(), &[7; 200]).expect("sealed");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(ours.identity(), &altered).is_err(), "byte {at}");
            assert!(open(ours.identity(), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn sizes_are_bounded_on_both_sides() {
        let ours = FreshKey::generate();
        let largest = vec![1; PLAIN_BYTES];
        let sealed = seal(&ours.recipient(), &largest).expect("the largest that fits");
        assert!(sealed.len() <= limits::PRIVATE_BYTES);
        assert_eq!(open(ours.identity(), &sealed).expect("opened").len(), PLAIN_BYTES);
        assert!(matches!(seal(&ours.recipient(), &vec![1; PLAIN_BYTES + 1]), Err(SealingError::TooLarge { .. })));
        assert!(matches!(open(ours.identity(), &vec![1; limits::PRIVATE_BYTES + 1]), Err(SealingError::TooLarge { .. })));
    }

    #[test]
    fn a_key_is_an_age_key() {
        for bad in ["", "age1", "ssh-ed25519 AAAA", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"] {
            assert_eq!(seal(bad, b"x"), Err(SealingError::Key), "{bad}");
            assert_eq!(check(bad), Err(SealingError::Key), "{bad}");
        }
        // One character of another key: the shape is right, the checksum is not.
        let good = FreshKey::generate().recipient();
        assert_eq!(check(&good), Ok(()));
        let other = if good.ends_with('q') { 'p' } else { 'q' };
        let bad = format!("{}{other}", &good[..good.len() - 1]);
        assert_eq!(check(&bad), Err(SealingError::Key));
        assert!(matches!(FreshKey::from_secret_text("AGE-SECRET-KEY-1"), Err(SealingError::Key)));
        assert!(!format!("{:?}", FreshKey::generate()).contains("SECRET"));
    }
}
