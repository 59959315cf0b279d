//! Trust policies (c2sp.org/tlog-policy): which logs, which witnesses, and how many of them. Other tools check our
//! proofs with such a file.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::cosignature::WitnessKey;
use super::note::{Algorithm, Note, NoteError, VerifierKey};
use super::quorum::{Group as Kin, Witnesses};

/// Bytes of a policy text: a log, 300 witnesses with a name, a key of about 250 characters and an address each, and
/// their groups come to about 150 KiB.
pub const POLICY_BYTES: usize = 256 * 1024;

/// Logs, and likewise witnesses and groups, in one policy. The format asks for at least 32; a federation has up to
/// 300 members.
pub const POLICY_ENTRIES: usize = 512;

/// Why a policy was refused, or why a checkpoint does not meet it. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Over [`POLICY_BYTES`].
    #[error("a policy of {actual} bytes, at most {POLICY_BYTES}")]
    TooLarge {
        /// Bytes received.
        actual: usize,
    },
    /// Over [`POLICY_ENTRIES`].
    #[error("line {line}: more than {POLICY_ENTRIES} of a kind")]
    TooMany {
        /// Where.
        line: usize,
    },
    /// A control character other than tab and line feed.
    #[error("line {line}: a control character")]
    ControlCharacter {
        /// Where.
        line: usize,
    },
    /// A name or an address that is not UTF-8. The format allows it; nothing of ours writes it.
    #[error("line {line}: not UTF-8")]
    Encoding {
        /// Where.
        line: usize,
    },
    /// The last line has no line feed.
    #[error("the last line is cut off")]
    CutOff,
    /// Not `log`, `witness`, `group` or `quorum`, or too few or too many items for it.
    #[error("line {line}: malformed")]
    Line {
        /// Where.
        line: usize,
    },
    /// The verifier key is malformed or of a type not known here.
    #[error("line {line}: {error}")]
    Key {
        /// Where.
        line: usize,
        /// What is wrong with it.
        error: NoteError,
    },
    /// A witness's key for a log, or a log's for a witness.
    #[error("line {line}: the wrong type of key")]
    KeyType {
        /// Where.
        line: usize,
    },
    /// A log or a witness whose key was there before.
    #[error("line {line}: a key stands twice")]
    DuplicateKey {
        /// Where.
        line: usize,
    },
    /// A name that was there before, or `none`.
    #[error("line {line}: a name that is taken")]
    DuplicateName {
        /// Where.
        line: usize,
    },
    /// A name that no line before defines.
    #[error("line {line}: an unknown name")]
    UnknownName {
        /// Where.
        line: usize,
    },
    /// A member that is in a group already.
    #[error("line {line}: a member of two groups")]
    SecondMembership {
        /// Where.
        line: usize,
    },
    /// Not `all`, `any` or a number from 1 to the number of members.
    #[error("line {line}: not a threshold for this group")]
    Threshold {
        /// Where.
        line: usize,
    },
    /// A second quorum line.
    #[error("line {line}: a second quorum")]
    SecondQuorum {
        /// Where.
        line: usize,
    },
    /// No quorum line.
    #[error("no quorum line")]
    NoQuorum,
    /// A federation of one: no policy can accept its heads.
    #[error("a log without witnesses has no quorum")]
    Unwitnessed,
    /// A witness key is missing, so that the policy would ask for a member it does not know.
    #[error("a witness without a key")]
    MissingKey,
    /// The note or a signature in it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What is signed is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No log of the policy signed.
    #[error("not signed by a log of the policy")]
    NoLog,
    /// Too few witnesses.
    #[error("the quorum is not reached")]
    NotReached,
}

/// A log that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, named as its origin.
    pub key: VerifierKey,
    /// Where to reach it.
    pub url: Option<String>,
}

/// A witness that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name inside the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where to reach it.
    pub url: Option<String>,
}

/// A group, met when at least `threshold` of its members are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name inside the policy.
    pub name: String,
    /// From 1 to the number of members.
    pub threshold: usize,
    /// Witnesses, and groups that stand before this one.
    pub members: Vec<String>,
}

/// A policy. Only the reader and [`Policy::federation`] make one, so its names and thresholds fit. Its text form is
/// its `Display`, one spacing, no comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<String>,
}

impl Policy {
    /// The policy for a log of a federation: k of the witness groups, agencies under one parent as one. Witnesses are
    /// named as their agencies.
    ///
    /// # Errors
    /// [`PolicyError::Unwitnessed`] without witnesses, [`PolicyError::MissingKey`] when `keys` has none for one of
    /// them, [`PolicyError::Note`] for a key with a bad name; or what the reader would refuse, such as two agencies
    /// with one key.
    pub fn federation(log: Log, witnesses: &Witnesses, keys: &[WitnessKey]) -> Result<Self, PolicyError> {
        if witnesses.count() == 0 {
            return Err(PolicyError::Unwitnessed);
        }
        let mut policy = Self { logs: vec![log], witnesses: Vec::new(), groups: Vec::new(), quorum: Some("federation.quorum".to_owned()) };
        let mut kin: Vec<(&Kin, Vec<String>)> = Vec::new();
        for (agency, group) in witnesses.agencies() {
            let key = keys.iter().find(|key| key.agency == *agency).ok_or(PolicyError::MissingKey)?;
            let key = VerifierKey::new(&key.name, Algorithm::Cosignature, key.key)?;
            policy.witnesses.push(Witness { name: agency.to_string(), key, url: None });
            match kin.iter_mut().find(|(known, _)| *known == group) {
                Some((_, members)) => members.push(agency.to_string()),
                None => kin.push((group, vec![agency.to_string()])),
            }
        }
        let mut members = Vec::new();
        for (number, (group, agencies)) in kin.into_iter().enumerate() {
            match group {
                Kin::Agency(agency) => members.push(agency.to_string()),
                // An agency id has no dot, so these names are free; a parent's own name may have spaces.
                Kin::Parent(_) => {
                    let name = format!("parent.{}", number + 1);
                    members.push(name.clone());
                    policy.groups.push(Group { name, threshold: witnesses.majority(group), members: agencies });
                }
            }
        }
        policy.groups.push(Group { name: "federation.quorum".to_owned(), threshold: witnesses.threshold(), members });
        Self::parse(policy.to_string().as_bytes())
    }

    /// The logs.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The groups, each after its members.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The witness or group that must be met; `None` for `quorum none`.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// Checks a checkpoint's note: signed by a log of the policy under its origin, cosigned by the quorum. Returns
    /// what was signed. A failing signature by any key of the policy refuses the note.
    ///
    /// # Errors
    /// [`PolicyError::Note`], [`PolicyError::Checkpoint`], [`PolicyError::NoLog`] or [`PolicyError::NotReached`].
    pub fn verify(&self, note: &str) -> Result<Checkpoint, PolicyError> {
        let note = Note::parse(note)?;
        let keys: Vec<VerifierKey> =
            self.logs.iter().map(|log| log.key.clone()).chain(self.witnesses.iter().map(|witness| witness.key.clone())).collect();
        let signers = note.verify(&keys)?;
        let (checkpoint, _extensions) = Checkpoint::parse_foreign(&note.text)?;
        let by_log = |key: &&&VerifierKey| key.algorithm() == Algorithm::Ed25519 && key.name() == checkpoint.origin;
        if signers.iter().find(by_log).is_none() {
            return Err(PolicyError::NoLog);
        }
        let mut met: BTreeSet<&str> =
            self.witnesses.iter().filter(|witness| signers.contains(&&witness.key)).map(|witness| witness.name.as_str()).collect();
        for group in &self.groups {
            // Members stand before their group, so their verdict is known.
            if group.members.iter().filter(|member| met.contains(member.as_str())).count() >= group.threshold {
                met.insert(&group.name);
            }
        }
        match &self.quorum {
            Some(name) if !met.contains(name.as_str()) => Err(PolicyError::NotReached),
            _ => Ok(checkpoint),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
        self.logs.iter().try_for_each(|log| writeln!(f, "log {}{}", log.key, url(&log.url)))?;
        self.witnesses.iter().try_for_each(|w| writeln!(f, "witness {} {}{}", w.name, w.key, url(&w.url)))?;
        self.groups.iter().try_for_each(|g| writeln!(f, "group {} {} {}", g.name, g.threshold, g.members.join(" ")))?;
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}
