//! Asking witnesses outside the federation for their cosignature on our log (c2sp.org/tlog-witness). They add protection
//! and never count towards a quorum: verifiers of the federation ignore their lines.
//!
//! One task, one request at a time. What is shown to them is the newest head that has its quorum; where no other member
//! could make one, the newest head.

mod http;

use std::time::Duration;

use parangon_protocol::log::merkle;
use parangon_protocol::log::note::Note;
use parangon_protocol::log::tlog_witness::{self, AddCheckpoint, AnswerError};
use parangon_protocol::log::{Checkpoint, NoteError};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use http::HttpError;

use crate::config::Outside;
use crate::engine::{Change, News, StoredLog};
use crate::service::outside::{self, Cosigned};
use crate::service::{Context, Error};

/// After a first failure; doubled with each further one.
const RETRY: Duration = Duration::from_secs(30);

/// Between two tries at most, and between two looks when nothing happens.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Why a witness has not cosigned our head.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// It did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It answered something else than a cosignature of ours.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// It has cosigned a longer log of ours: somebody else signs with our key, or our store is an old one.
    #[error(
        "it has cosigned {theirs} records of our log, and we have {ours}: a second node signs with our key, or our store is an old copy"
    )]
    Ahead {
        /// What it has seen.
        theirs: u64,
        /// What we have.
        ours: u64,
    },
    /// It will not follow the proof from where it says that it stands.
    #[error("it has cosigned {size} records of our log and does not follow from there: it may hold another story of it")]
    Parted {
        /// Where it stands.
        size: u64,
    },
    /// Our own side.
    #[error(transparent)]
    Own(#[from] Error),
}

struct Desk {
    witness: Outside,
    failures: u32,
    not_before: Instant,
}

/// Shows our heads to all of `witnesses` until `stop`.
pub async fn run(context: Context, witnesses: Vec<Outside>, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    let began = Instant::now();
    let mut desks: Vec<_> = witnesses.into_iter().map(|witness| Desk { witness, failures: 0, not_before: began }).collect();
    while !desks.is_empty() {
        for desk in &mut desks {
            if desk.failures > 0 && Instant::now() < desk.not_before {
                continue;
            }
            let shown = tokio::select! {
                () = stop.cancelled() => return,
                shown = show(&context, &desk.witness) => shown,
            };
            desk.settle(shown);
        }
        let next = desks.iter().filter(|desk| desk.failures > 0).map(|desk| desk.not_before).min();
        let pause = tokio::time::sleep_until(next.unwrap_or(Instant::now() + SWEEP));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut pause => break,
                change = changes.recv() => match change {
                    Ok(News::Log(Change::Final { log, .. } | Change::Record { log, .. })) if log == context.own_log() => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

impl Desk {
    fn settle(&mut self, shown: Result<(), OutsideError>) {
        let Err(error) = shown else {
            self.failures = 0;
            return;
        };
        tracing::warn!(%error, witness = self.witness.key.name(), "a witness outside the federation has not cosigned our head; it is asked again");
        let pause = RETRY.saturating_mul(1 << self.failures.min(10)).min(SWEEP);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Instant::now() + pause;
    }
}

/// Our head as it is shown.
struct Head {
    note: String,
    checkpoint: Checkpoint,
}

/// Shows the newest head to one witness, unless it has cosigned that.
async fn show(context: &Context, witness: &Outside) -> Result<(), OutsideError> {
    let key = witness.key.clone();
    let (head, last) = context.run(move |context| Ok((newest(context)?, outside::last(context, &key)?))).await?;
    let Some(Head { note, checkpoint }) = head else { return Ok(()) };
    if last.as_ref().is_some_and(|last| (last.size, last.root) == (checkpoint.size, checkpoint.root)) {
        return Ok(());
    }
    let mut old = last.map_or(0, |last| last.size).min(checkpoint.size);
    // A witness that stands elsewhere says where; it is asked once more from there.
    for _ in 0..2 {
        let (start, size) = (old, checkpoint.size);
        let proof = context.run(move |context| {
            let (tx, log) = (context.store().read()?, context.own_log());
            Ok(merkle::consistency_proof(&StoredLog::new(&tx, &log)?, start, size)?)
        });
        let request = AddCheckpoint { old, proof: proof.await?, checkpoint: note.clone() };
        let answer = http::post(&witness.url, request.to_string()).await?;
        let media_type = answer.media_type.split(';').next().unwrap_or_default().trim();
        match tlog_witness::answer(&checkpoint, &witness.key, answer.status, media_type, &answer.body)? {
            tlog_witness::Answer::Cosigned(line) => {
                let (key, Checkpoint { size, root, .. }) = (witness.key.clone(), checkpoint);
                let kept = Cosigned { size, root, line: line.to_string() };
                return Ok(context.run(move |context| outside::keep(context, &key, &kept)).await?);
            }
            tlog_witness::Answer::Conflict { size: theirs } if theirs > size => return Err(OutsideError::Ahead { theirs, ours: size }),
            tlog_witness::Answer::Conflict { size: theirs } if theirs == old => return Err(OutsideError::Parted { size: theirs }),
            tlog_witness::Answer::Conflict { size: theirs } => old = theirs,
        }
    }
    Err(OutsideError::Parted { size: old })
}

fn newest(context: &Context) -> Result<Option<Head>, Error> {
    let log = context.own_log();
    let kept = context.store().read()?.last_kept_note(&log)?.map(|(_, note)| note);
    let alone = context.charter().witnesses(context.me()).count() == 0;
    let newest = || context.engine().overview().logs.get(&log).and_then(|held| held.head.clone());
    let Some(note) = kept.or_else(|| newest().filter(|_| alone)) else { return Ok(None) };
    let damaged = |_: NoteError| Error::Damaged { what: "head" };
    let text = Note::parse(&note).map_err(damaged)?.text;
    let checkpoint = Checkpoint::parse(&text).map_err(|_| Error::Damaged { what: "head" })?;
    Ok(Some(Head { note, checkpoint }))
}
