//! The Bitstring Status List (W3C, 1.0) of one agency: for programs that know credentials and nothing of our logs. It says
//! less than the status tree, which proves what it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::State;

/// Places in the list of one agency: the least that the W3C's text allows. A label's place is random.
pub const PLACES: u32 = 131_072;

const BYTES: usize = PLACES as usize / 8;

/// The header of a gzip member (RFC 1952) without name, time and system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// One bit for each place, the first one at the left: whether the label at this place is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitstring(Box<[u8; BYTES]>);

impl Bitstring {
    /// From places and what became of the labels there. A suspended label stands like a withdrawn one: a reader of this list
    /// could do no better than not to rely on it. Places beyond the list are left out.
    pub fn new(labels: impl IntoIterator<Item = (u32, State)>) -> Self {
        let mut bits = Box::new([0; BYTES]);
        for (place, state) in labels {
            let taken_back = matches!(state, State::Withdrawn | State::Suspended);
            if taken_back && let Some(byte) = bits.get_mut(place as usize / 8) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        Self(bits)
    }

    /// Whether the bit of a place is set.
    #[must_use]
    pub fn is_set(&self, place: u32) -> bool {
        self.0.get(place as usize / 8).is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0)
    }

    /// As `encodedList`: `u` and base64url of gzip. The bits are stored as they are: what every program that compresses
    /// would write differently could not be signed by one and rendered anew by another.
    #[must_use]
    pub fn encoded(&self) -> String {
        let length = u16::try_from(BYTES).expect("16 KiB");
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.0[..]);
        let mut gzip = HEADER.to_vec();
        gzip.push(1); // the last block, stored
        gzip.extend_from_slice(&length.to_le_bytes());
        gzip.extend_from_slice(&(!length).to_le_bytes());
        gzip.extend_from_slice(&self.0[..]);
        gzip.extend_from_slice(&crc.finalize().to_le_bytes());
        gzip.extend_from_slice(&u32::from(length).to_le_bytes());
        format!("u{}", URL_SAFE_NO_PAD.encode(gzip))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_taken_back_is_set_and_other_programs_unpack_it() {
        let labels =
            [(0, State::Withdrawn), (9, State::Suspended), (10, State::Active), (11, State::Superseded), (PLACES - 1, State::Withdrawn)];
        let list = Bitstring::new(labels.into_iter().chain([(PLACES, State::Withdrawn)]));
        let set: Vec<u32> = (0..=PLACES).filter(|place| list.is_set(*place)).collect();
        assert_eq!(set, [0, 9, PLACES - 1]);
        let encoded = list.encoded();
        let gzip = URL_SAFE_NO_PAD.decode(encoded.strip_prefix('u').expect("multibase")).expect("base64url");
        let mut bits = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut bits).expect("gzip");
        assert_eq!((bits.len(), bits[0], bits[1], bits[BYTES - 1]), (BYTES, 0x80, 0x40, 1));
        assert_eq!(bits, list.0[..]);
    }
}
