//! A version of the charter as label files carry it: what it changes of the one before, and as many of its votes as it takes.
//! The text is put together again and is what the votes are checked against, so nothing rests on how it was taken apart.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::vote::{Ballot, LastHead, Vote};
use super::{Amendment, Charter, CharterError, Counting, Member};
use crate::canonical::CanonicalError;
use crate::id::{AgencyId, Fingerprint};
use crate::keys::Signature;

/// What one version changes, and who agreed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Fields of the charter with their new values; version, previous hash and members are not among them.
    pub set: Map<String, Value>,
    /// Fields that it has no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
    /// Members that are new or changed, whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Members that are no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<AgencyId>,
    /// Votes for it.
    pub votes: Vec<Consent>,
}

/// A vote for the text: what else its ballot says follows from that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Who.
    pub agency: AgencyId,
    /// The last heads that it named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<LastHead>,
    /// By its identity key.
    pub signature: Signature,
}

/// Fields that a version has of itself, or that stand elsewhere.
const DERIVED: [&str; 3] = ["version", "previous", "members"];

impl Revision {
    /// Takes a version apart that follows `before`.
    ///
    /// # Errors
    /// [`CharterError::Canonical`] when a field cannot be written.
    pub fn of(federation: &Fingerprint, before: &Charter, amendment: &Amendment) -> Result<Self, CharterError> {
        let (old, mut set) = (fields(before)?, fields(&amendment.charter)?);
        let unset = old.keys().filter(|name| !set.contains_key(*name)).cloned().collect();
        set.retain(|name, value| !DERIVED.contains(&name.as_str()) && old.get(name) != Some(value));
        let next = &amendment.charter.members;
        let members = next.iter().filter(|member| before.member(&member.id) != Some(member)).cloned().collect();
        let gone = before.members.iter().filter(|member| amendment.charter.member(&member.id).is_none()).map(|member| member.id.clone());
        let consent = |vote: &Vote| Consent { agency: vote.body.agency.clone(), heads: vote.body.heads.clone(), signature: vote.signature };
        let votes = enough(federation, before, amendment).iter().map(consent).collect();
        Ok(Self { set, unset, members, gone: gone.collect(), votes })
    }

    /// Puts the version together again.
    ///
    /// # Errors
    /// [`CharterError`] when it does not make a charter. Whether that is the one voted for, the votes tell.
    pub fn amendment(self, before: &Charter) -> Result<Amendment, CharterError> {
        let Self { set, unset, members, gone, votes } = self;
        if set.keys().chain(&unset).any(|name| DERIVED.contains(&name.as_str())) {
            return Err(CanonicalError::Shape.into());
        }
        // Members are most of the text and seldom change: they go over as they are.
        let mut all = fields(&Charter { members: vec![], ..before.clone() })?;
        all.retain(|name, _| !unset.contains(name));
        all.extend(set);
        let mut charter: Charter = serde_json::from_value(Value::Object(all)).map_err(|_| CanonicalError::Shape)?;
        charter.version = before.version.checked_add(1).ok_or(CanonicalError::Shape)?;
        charter.previous = Some(before.hash()?);
        charter.members.clone_from(&before.members);
        charter.members.retain(|member| !gone.contains(&member.id) && members.iter().all(|other| other.id != member.id));
        charter.members.extend(members);
        charter.members.sort_by(|a, b| a.id.cmp(&b.id));
        let (version, hash) = (charter.version, charter.hash()?);
        let vote =
            |Consent { agency, heads, signature }| Vote { body: Ballot { version, charter: hash, agency, accept: true, heads }, signature };
        Ok(Amendment { charter, votes: votes.into_iter().map(vote).collect() })
    }
}

fn fields(charter: &Charter) -> Result<Map<String, Value>, CharterError> {
    match serde_json::to_value(charter) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(CanonicalError::Shape.into()),
    }
}

/// As many votes as it takes, in their order. All of them where they say where a log ends: there each one counts.
fn enough(federation: &Fingerprint, before: &Charter, amendment: &Amendment) -> Vec<Vote> {
    let all = || amendment.votes.clone();
    let Ok(mut counting) = Counting::new(before, amendment.charter.clone()) else { return all() };
    if counting.ends_a_log() {
        return all();
    }
    let mut votes = Vec::new();
    for vote in &amendment.votes {
        if counting.standing(before).accepted() {
            break;
        }
        if counting.add(federation, before, vote).is_ok() {
            votes.push(vote.clone());
        }
    }
    votes
}
