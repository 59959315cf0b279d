//! The logs that this node holds, as far as they are final.

use parangon_protocol::log::{Checkpoint, Note};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Context, Error};

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogView {
    /// Whose.
    pub agency: String,
    /// The epoch that its records have come to.
    pub epoch: u32,
    /// Records held.
    pub size: u64,
    /// Whether nothing more of it is taken.
    pub frozen: bool,
    /// The epoch that told two stories, where it is frozen for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forked: Option<u32>,
    /// Its newest head with a quorum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<ConfirmedHead>,
}

/// A head with its quorum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConfirmedHead {
    /// Records under it.
    pub size: u64,
    /// The Merkle root over them, 64 hex digits.
    pub root: String,
}

/// Every log that is held, by agency.
///
/// # Errors
/// [`Error::Store`], or [`Error::Damaged`] for a head that cannot be read.
pub fn list(context: &Context) -> Result<Vec<LogView>, Error> {
    let tx = context.store().read()?;
    let damaged = || Error::Damaged { what: "head" };
    let view = |(log, held): (&parangon_protocol::id::LogId, &crate::engine::LogOverview)| {
        let confirmed = match tx.last_kept_note(log)? {
            Some((_, note)) => {
                let note = Note::parse(&note).map_err(|_| damaged())?;
                let head = Checkpoint::parse(&note.text).map_err(|_| damaged())?;
                Some(ConfirmedHead { size: head.size, root: head.root.to_string() })
            }
            None => None,
        };
        Ok(LogView {
            agency: log.agency.to_string(),
            epoch: held.epoch,
            size: held.size,
            frozen: held.frozen,
            forked: held.forked,
            confirmed,
        })
    };
    context.engine().overview().logs.iter().map(view).collect()
}
