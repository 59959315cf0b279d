//! The printed code: a label's fields with the signatures of its issuer and endorsers, as decimal digits behind an address.
//! QR codes hold digits at 3.3 bits a character and addresses hold them unescaped, so more fits than in any other alphabet.

use crate::charter::{Chain, Charter, Level};
use crate::id::{AgencyId, ClusterId, Fingerprint, Hash, Name};
use crate::keys::Signature;
use crate::label::credential::{LabelSheet, LabelSubject};
use crate::label::{Label, LabelId, ProofValue};
use crate::limits;
use crate::time::{Month, Timestamp};

/// The first byte.
const VERSION: u8 = 1;

/// Bytes of the fingerprint: its eight words.
const PREFIX: usize = 11;

/// Bytes in one group of digits, and its digits.
const GROUP: (usize, usize) = (7, 17);

/// Digits of a last group of so many bytes.
const REST: [usize; 7] = [0, 3, 5, 8, 10, 13, 15];

/// Digits that any code has at most: eight endorsements with their signatures, and the longest name.
const DIGITS: usize = 5_000;

/// 2020-01-01T00:00:00Z, from which seconds count.
const EPOCH: u64 = 1_577_836_800;

/// The levels, by their number in a code.
const LEVELS: [Level; 3] = [Level::Bronze, Level::Silver, Level::Gold];

/// Why digits are no code, or a label has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not digits in groups, or of another version.
    #[error("these digits are no code")]
    NotACode,
    /// Of our version, but not of its form.
    #[error("the code is damaged")]
    Damaged,
    /// A field of the label has no room, or its charter does not list what it names.
    #[error("the label has a field that a code has no room for")]
    NoRoom,
}

/// What a code says. Numbers stand for places in the charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    federation: [u8; PREFIX],
    charter: u32,
    scheme: u8,
    level: Level,
    catalogue: u8,
    owner: u32,
    cluster: [u8; 12],
    assessed: Month,
    valid_until: Month,
    issued: Timestamp,
    status_index: u32,
    label: LabelId,
    basis: Hash,
    endorsements: Vec<(u32, Hash)>,
    cluster_name: Name,
    proof: ProofValue,
    /// Of the first endorsements.
    signatures: Vec<(Timestamp, ProofValue)>,
}

impl Code {
    /// The code of a label with as many endorsers' signatures as fit into so many digits.
    ///
    /// # Errors
    /// [`CodeError::NoRoom`] when not even one without them fits.
    pub fn of(chain: &Chain, label: &Label, digits: usize) -> Result<Self, CodeError> {
        let charter = chain.version(label.common.charter).ok_or(CodeError::NoRoom)?;
        let mut code = Self::whole(chain.fingerprint(), charter, label).ok_or(CodeError::NoRoom)?;
        while code.to_digits().len() > digits {
            code.signatures.pop().ok_or(CodeError::NoRoom)?;
        }
        // A date before 2020, or a number that has no room, reads back as another one.
        if Self::read(&code.to_digits()).as_ref() == Ok(&code) { Ok(code) } else { Err(CodeError::NoRoom) }
    }

    fn whole(federation: &Fingerprint, charter: &Charter, label: &Label) -> Option<Self> {
        let common = &label.common;
        let place = |id: &AgencyId| u32::try_from(charter.members.iter().position(|member| member.id == *id)?).ok();
        let id = common.id().ok()?;
        let cluster = common.cluster.id.as_str().split_once('/').and_then(|(_, random)| hex::decode(random).ok()?.try_into().ok());
        let endorsements = label.endorsements.iter().map(|one| Some((place(&one.endorser)?, one.id(&id).ok()?)));
        // The basis does not depend on the key.
        let subject = LabelSubject { federation, charter, label, issuer_key: &charter.members.first()?.identity };
        Some(Self {
            federation: federation.0.0.first_chunk().copied()?,
            charter: common.charter,
            scheme: u8::try_from(charter.schemes.iter().position(|scheme| scheme.id == common.scheme)?).ok()?,
            level: common.level,
            catalogue: u8::try_from(charter.catalogues.iter().position(|catalogue| *catalogue == common.catalogue)?).ok()?,
            owner: place(&common.owner)?,
            cluster: cluster?,
            assessed: common.assessed,
            valid_until: common.valid_until,
            issued: label.issued,
            status_index: label.status_index,
            label: id,
            basis: LabelSheet::of(&subject).ok()?.basis,
            endorsements: endorsements.collect::<Option<_>>()?,
            cluster_name: common.cluster.name.clone(),
            proof: label.proof,
            signatures: label.endorsements.iter().map(|one| (one.created, one.proof)).collect(),
        })
    }

    /// Its digits.
    #[must_use]
    pub fn to_digits(&self) -> String {
        let mut out = Vec::with_capacity(448);
        out.push(VERSION);
        out.extend_from_slice(&self.federation);
        varint(self.charter, &mut out);
        out.push(self.scheme);
        out.push(LEVELS.iter().position(|level| *level == self.level).and_then(|at| u8::try_from(at).ok()).unwrap_or_default());
        out.push(self.catalogue);
        varint(self.owner, &mut out);
        out.extend_from_slice(&self.cluster);
        for month in [self.assessed, self.valid_until] {
            let count = Month::new(2000, 1).map_or(0, |first| month.since(first).max(0));
            out.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        }
        out.extend_from_slice(&seconds(self.issued));
        out.extend_from_slice(&self.status_index.to_be_bytes()[1..]);
        out.extend_from_slice(&self.label.0.0);
        out.extend_from_slice(&self.basis.0);
        let nibble = |count: usize| u8::try_from(count.min(15)).unwrap_or_default();
        out.push(nibble(self.endorsements.len()) << 4 | nibble(self.signatures.len()));
        for (endorser, id) in &self.endorsements {
            varint(*endorser, &mut out);
            out.extend_from_slice(&id.0);
        }
        let name = self.cluster_name.as_str().as_bytes();
        varint(u32::try_from(name.len()).unwrap_or(u32::MAX), &mut out);
        out.extend_from_slice(name);
        out.extend_from_slice(&self.proof.0.0);
        for (created, proof) in &self.signatures {
            out.extend_from_slice(&seconds(*created));
            out.extend_from_slice(&proof.0.0);
        }
        in_digits(&out)
    }

    /// Reads the digits of a code.
    ///
    /// # Errors
    /// [`CodeError::NotACode`] and [`CodeError::Damaged`].
    pub fn read(digits: &str) -> Result<Self, CodeError> {
        let bytes = in_bytes(digits).ok_or(CodeError::NotACode)?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or(CodeError::NotACode)?;
        let mut reader = Reader(rest);
        let code = reader.code().ok_or(CodeError::Damaged)?;
        if reader.0.is_empty() { Ok(code) } else { Err(CodeError::Damaged) }
    }

    /// The first 88 bits of the federation's fingerprint.
    #[must_use]
    pub fn is_of(&self, federation: &Fingerprint) -> bool {
        federation.0.0.starts_with(&self.federation)
    }

    /// The eight words of its federation.
    #[must_use]
    pub fn words(&self) -> String {
        let mut bytes = [0; 32];
        bytes[..PREFIX].copy_from_slice(&self.federation);
        Fingerprint(Hash(bytes)).words()
    }

    /// The charter version that its numbers stand for.
    #[must_use]
    pub fn charter(&self) -> u32 {
        self.charter
    }

    /// The issuer's signature.
    #[must_use]
    pub fn proof(&self) -> &ProofValue {
        &self.proof
    }

    /// When each of the first endorsements was signed, and its signature.
    #[must_use]
    pub fn signatures(&self) -> &[(Timestamp, ProofValue)] {
        &self.signatures
    }

    /// The endorsers by the charter that it names. None when a number stands for nobody.
    #[must_use]
    pub fn endorsers(&self, charter: &Charter) -> Option<Vec<AgencyId>> {
        self.endorsements.iter().map(|(at, _)| Some(member(charter, *at)?.id.clone())).collect()
    }

    /// What the label's credential prints, by the charter that it names. None when a number stands for nothing there.
    #[must_use]
    pub fn sheet<'a>(&self, federation: &Fingerprint, charter: &'a Charter) -> Option<LabelSheet<'a>> {
        let scheme = charter.schemes.get(usize::from(self.scheme))?;
        let catalogue = charter.catalogues.get(usize::from(self.catalogue))?;
        let owner = member(charter, self.owner)?;
        let endorsement = |(at, id): &(u32, Hash)| Some((*id, member(charter, *at)?.name.as_str().into()));
        Some(LabelSheet {
            federation: *federation,
            demonstration: charter.demonstration,
            label: self.label,
            scheme: scheme.id.clone(),
            scheme_name: scheme.name.as_str().into(),
            level: self.level,
            catalogue: catalogue.id.as_str().into(),
            catalogue_hash: catalogue.hash,
            cluster: ClusterId::new(&owner.id, self.cluster),
            cluster_name: self.cluster_name.clone(),
            owner: owner.id.clone(),
            owner_name: owner.name.as_str().into(),
            assessed: self.assessed,
            issued: self.issued,
            valid_until: self.valid_until,
            status_index: self.status_index,
            endorsements: self.endorsements.iter().map(endorsement).collect::<Option<_>>()?,
            basis: self.basis,
        })
    }
}

fn member(charter: &Charter, at: u32) -> Option<&crate::charter::Member> {
    charter.members.get(usize::try_from(at).ok()?)
}

/// The digits in what a code was read as: an address with them behind the last `#`, or nothing but them.
#[must_use]
pub fn digits(text: &str) -> Option<&str> {
    let digits = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment);
    let fits = !digits.is_empty() && digits.len() <= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(digits)
}

fn seconds(time: Timestamp) -> [u8; 4] {
    u32::try_from(time.seconds().saturating_sub(EPOCH)).unwrap_or(u32::MAX).to_be_bytes()
}

/// LEB128.
fn varint(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn in_digits(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * GROUP.1 / GROUP.0 + GROUP.1);
    for group in bytes.chunks(GROUP.0) {
        let number = group.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let width = if group.len() == GROUP.0 { GROUP.1 } else { REST[group.len()] };
        out.push_str(&format!("{number:0width$}"));
    }
    out
}

fn in_bytes(digits: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len() / 2);
    for group in digits.as_bytes().chunks(GROUP.1) {
        let count = if group.len() == GROUP.1 {
            GROUP.0
        } else {
            REST.iter().position(|width| *width == group.len()).filter(|count| *count > 0)?
        };
        let number: u64 = std::str::from_utf8(group).ok()?.parse().ok()?;
        let bytes = number.to_be_bytes();
        let (over, bytes) = bytes.split_at(8 - count);
        if over.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.extend_from_slice(bytes);
    }
    Some(out)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn code(&mut self) -> Option<Code> {
        let first = Month::new(2000, 1)?;
        let federation = self.take()?;
        let charter = self.varint()?;
        let [scheme, level, catalogue] = self.take()?;
        let level = *LEVELS.get(usize::from(level))?;
        let owner = self.varint()?;
        let cluster = self.take()?;
        let assessed = first.plus(u16::from_be_bytes(self.take()?));
        let valid_until = first.plus(u16::from_be_bytes(self.take()?));
        let issued = self.time()?;
        let [a, b, c] = self.take()?;
        let status_index = u32::from_be_bytes([0, a, b, c]);
        let label = LabelId(Hash(self.take()?));
        let basis = Hash(self.take()?);
        let [counts] = self.take()?;
        let (count, signed) = (usize::from(counts >> 4), usize::from(counts & 15));
        if count > limits::ENDORSEMENTS || signed > count {
            return None;
        }
        let mut endorsements = Vec::with_capacity(count);
        for _ in 0..count {
            endorsements.push((self.varint()?, Hash(self.take()?)));
        }
        let length = usize::try_from(self.varint()?).ok()?;
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let cluster_name = std::str::from_utf8(name).ok()?.parse().ok()?;
        let proof = self.proof()?;
        let mut signatures = Vec::with_capacity(signed);
        for _ in 0..signed {
            signatures.push((self.time()?, self.proof()?));
        }
        Some(Code {
            federation,
            charter,
            scheme,
            level,
            catalogue,
            owner,
            cluster,
            assessed,
            valid_until,
            issued,
            status_index,
            label,
            basis,
            endorsements,
            cluster_name,
            proof,
            signatures,
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_seconds(EPOCH + u64::from(u32::from_be_bytes(self.take()?)))
    }

    fn proof(&mut self) -> Option<ProofValue> {
        Some(ProofValue(Signature(self.take()?)))
    }

    /// LEB128 in its shortest form, three bytes at most.
    fn varint(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in [0, 7, 14] {
            let [byte] = self.take()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (shift == 0 || byte != 0).then_some(number);
            }
        }
        None
    }
}
