//! Backups of this node. Whoever asks gets the sealed file; the node cannot open it.

use std::io::Write;

use tokio::sync::OwnedSemaphorePermit;

use super::{Context, Error};
use crate::backup::Plan;

/// A backup that is about to be written. One at a time: each holds a snapshot of the store.
#[derive(Debug)]
pub struct Begun {
    plan: Plan,
    _place: OwnedSemaphorePermit,
}

/// Takes the snapshot.
///
/// # Errors
/// [`Error::State`] while another one is being made, or [`Error::Backup`]. Nothing was begun.
pub fn begin(context: &Context) -> Result<Begun, Error> {
    let needed = "it has to end first";
    let busy = |_| Error::State { what: "backup", state: "being made by somebody else".to_owned(), needed };
    let place = context.backing_up().clone().try_acquire_owned().map_err(busy)?;
    Ok(Begun { plan: Plan::new(context.store(), &context.keys(), context.now())?, _place: place })
}

impl Begun {
    /// The name that the file should have.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.plan.manifest().file_name()
    }

    /// Writes the file. Blocks.
    ///
    /// # Errors
    /// [`Error::Backup`]; what was written until then opens for nobody.
    pub fn write(self, out: impl Write) -> Result<(), Error> {
        self.plan.write(out)?;
        Ok(())
    }
}
