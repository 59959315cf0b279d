//! Adopts in our log each version of the charter that took effect, from where on it rules our records, and keeps the file
//! beside the store that says which federation this is.

use std::time::Duration;

use parangon_protocol::charter::ChainText;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::replica::Refusal;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::super::{Context, Error};
use crate::engine::{Change, EngineError, News};
use crate::keystore::file::FileError;

/// After an adoption could not be written, until it is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// Runs until `stop`.
pub async fn run(context: Context, remember: impl Fn(&ChainText) -> Result<(), FileError> + Send + Sync, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    loop {
        if let Err(error) = remember(&context.chain().to_text()) {
            tracing::warn!(%error, "the file that names the federation could not be written; the store knows the charter");
        }
        let wait = match adopt(&context).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "the charter in effect could not be adopted; it is tried again");
                Some(RETRY)
            }
        };
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => break,
                change = changes.recv() => change,
            };
            match change {
                Ok(News::Log(Change::Charter { .. } | Change::Recovery)) | Err(RecvError::Lagged(_)) => break,
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Adopts the newest version where our log has not. A log adopts the last of several at once: each version was agreed to.
async fn adopt(context: &Context) -> Result<(), Error> {
    let charter = context.charter();
    let overview = context.engine().overview();
    let Some((_, adopted)) = overview.logs.get(&context.own_log()).and_then(|log| log.adopted) else { return Ok(()) };
    if adopted >= charter.version || charter.member(context.me()).is_none() || context.store().is_recovering() {
        return Ok(());
    }
    let hash = charter.hash().map_err(|error| Error::Amendment(error.into()))?;
    let record = Record::Charter(Adoption { version: charter.version, hash });
    match context.engine().append(vec![record]).await {
        Ok(_) => tracing::info!(version = charter.version, "our log adopts this version of the charter"),
        // Ours has adopted it meanwhile.
        Err(EngineError::Refused(Refusal::Adoption)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
