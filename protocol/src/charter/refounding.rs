//! Founding again: a new federation that names the one it continues, because that one cannot agree on anything any more
//! (protocol, "Founding again").

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, Fingerprint, Hash};
use crate::limits;

/// Which federation is continued, and where it stood. It gives nobody anything: whoever trusts the former one has to trust this one
/// by a decision of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refounding {
    /// The former federation.
    pub federation: Fingerprint,
    /// Its last version of the charter that its founders know.
    pub version: u32,
    /// Hash of that version's text.
    pub charter: Hash,
    /// The last heads with a quorum of its logs, by agency.
    pub heads: Vec<FormerHead>,
}

/// Where a log of the former federation stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerHead {
    /// Whose log.
    pub agency: AgencyId,
    /// Its records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Refounding {
    /// Whether its heads are in order, each agency's once, and no more than a federation can have had.
    pub(super) fn is_well_formed(&self) -> bool {
        let in_order = self.heads.windows(2).all(|pair| pair[0].agency < pair[1].agency);
        let sizes = self.heads.iter().all(|head| head.size > 0 && head.size <= limits::LOG_SIZE);
        self.version > 0 && in_order && sizes && self.heads.len() <= 4 * limits::MEMBERS && self.federation != Fingerprint::NONE
    }
}
