//! What of an offer is here, for whoever deletes it.

use parangon_protocol::id::AgencyId;
use parangon_protocol::time::Timestamp;

use super::{Notes, Offered};

impl Offered {
    /// Our assessment's id.
    pub(crate) fn sheet(&self) -> &str {
        &self.sheet
    }

    /// When it ended. Where that was not kept, the last thing that is known to have happened.
    pub(crate) fn ended(&self) -> Timestamp {
        let last = self.parties.values().map(|notes| notes.since).max();
        self.ended.or(last).unwrap_or(self.offer.body.created)
    }

    /// When an agency said that its copy of the dossier is deleted.
    pub(crate) fn copy_deleted(&self, agency: &AgencyId) -> Option<Timestamp> {
        self.parties.get(agency)?.deleted
    }

    /// How many reviews came in, drafts and contradictions too.
    pub(crate) fn received(&self) -> usize {
        let of = |notes: &Notes| [&notes.review, &notes.last, &notes.contradiction].into_iter().flatten().count();
        self.parties.values().map(of).sum()
    }

    /// How many questions came in.
    pub(crate) fn questions(&self) -> usize {
        self.parties.values().map(|notes| notes.questions.len()).sum()
    }
}
