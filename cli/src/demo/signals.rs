//! Ctrl-C and SIGTERM, noticed from the start: a demonstration that is ended puts its directories away first.

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// A signal that ends a demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// What a shell shows for a process that this signal ended.
    pub(super) fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// The signals that came so far.
#[derive(Debug)]
pub(super) struct Signals {
    seen: watch::Receiver<Vec<Signal>>,
}

impl Signals {
    /// Listens from now on; a signal no longer ends the process by itself.
    pub(super) fn listen(runtime: &Runtime) -> Result<Self, Failure> {
        let _context = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
        let (sender, seen) = watch::channel(Vec::new());
        runtime.spawn(async move {
            loop {
                let came = tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    () = sender.closed() => return,
                };
                sender.send_modify(|seen| seen.push(came));
            }
        });
        Ok(Self { seen })
    }

    /// The signal that came first.
    pub(super) fn first(&self) -> Option<Signal> {
        self.seen.borrow().first().copied()
    }

    /// How many came.
    pub(super) fn count(&self) -> usize {
        self.seen.borrow().len()
    }

    /// Fails once a signal has come, so that work ends at its next step.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.first() {
            None => Ok(()),
            Some(signal) => Err(Failure::failed(format!("ended by {}", signal.name()))),
        }
    }

    /// Waits until more than `count` signals have come.
    pub(super) async fn more_than(&self, count: usize) {
        let mut seen = self.seen.clone();
        let _listening = seen.wait_for(|seen| seen.len() > count).await;
    }
}
