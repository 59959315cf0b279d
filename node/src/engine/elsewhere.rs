//! What comes over another way than from a member's node: the same checks and the same core as for what is pulled, and nobody who is
//! asked again or blamed.

use parangon_protocol::charter::Chain;
use parangon_protocol::check::{self, CheckError, CheckedHead};
use parangon_protocol::id::LogId;
use parangon_protocol::log::fork::ForkProof;
use parangon_protocol::message::{Head, Range};
use parangon_protocol::replica::Event;
use tokio::sync::oneshot;

use super::core::Command;
use super::intake::checked_span;
use super::{Engine, EngineError};

/// Why what came was not handed to the core.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It does not pass the checks.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Our own side.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Takes a head. When this returns, what follows from it is durable.
    ///
    /// # Errors
    /// [`TakeError`]; nothing was changed. [`CheckError::UnknownKey`] where nothing of the log is held: then its first range brings the key.
    pub async fn take_head(&self, head: &Head) -> Result<CheckedHead, TakeError> {
        let head = check::head(&self.book(), head)?;
        self.take(Event::Head { from: self.me().clone(), head: head.clone() }).await?;
        Ok(head)
    }

    /// Takes a span of a log. When this returns, what was taken of it is durable: the overview says how much that is.
    ///
    /// # Errors
    /// [`TakeError`]; nothing was changed.
    pub async fn take_range(&self, range: Range) -> Result<(), TakeError> {
        let Range { log, start, records, note, proof } = range;
        let span = checked_span(self.book(), log, note, start, records, proof).await?;
        Ok(self.take(Event::Span { from: self.me().clone(), span }).await?)
    }

    /// Takes evidence that a log told two stories.
    ///
    /// # Errors
    /// [`TakeError`]; nothing was changed.
    pub async fn take_fork(&self, proof: ForkProof) -> Result<(), TakeError> {
        let fork = check::fork(&self.book(), proof)?;
        Ok(self.take(Event::Fork(fork)).await?)
    }

    /// Takes versions of the charter, as [`Engine::extend`]; when this returns, they are in effect.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn take_chain(&self, chain: Chain) -> Result<(), EngineError> {
        self.take(Event::Chain(Box::new(chain))).await
    }

    /// The head of a log of which nothing is held yet, checked by the key set that its first record states.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn first_head(&self, log: &LogId, note: &str, first: Vec<u8>) -> Result<CheckedHead, CheckError> {
        check::span_head(&self.book(), log, note, 0, &[first], &[]).map(|(head, _)| head)
    }

    async fn take(&self, event: Event) -> Result<(), EngineError> {
        self.event(event).await?;
        self.settled().await
    }

    /// Waits until what the core had taken in before is durable, and what follows from that is done.
    pub(crate) async fn settled(&self) -> Result<(), EngineError> {
        let (reply, durable) = oneshot::channel();
        self.commands.send(Command::Flush { reply }).await.map_err(|_| EngineError::Stopped)?;
        durable.await.map_err(|_| EngineError::Stopped)
    }
}
