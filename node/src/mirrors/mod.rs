//! Follows the federation's logs over HTTP(S), for a node that reaches no member's node, or to be sure of hearing what members do not
//! tell it (protocol, "Mirror"). A mirror is trusted with nothing: what it holds goes the way of what members answer.
//!
//! One task a mirror. It never sends anything of ours; a mirror of our own log is for others to read (`parangon mirror export`).

mod error;
mod follow;
mod http;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parangon_protocol::charter::{Chain, ChainError, ChainText};
use parangon_protocol::id::{AgencyId, Fingerprint, Hash, LogId};
use parangon_protocol::limits;
use parangon_protocol::verify::fork::ForkFile;
use rustls::ClientConfig;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

pub use error::MirrorError;

use crate::config::{MirrorUrl, Mirrors};
use crate::engine::TakeError;
use crate::keystore::random;
use crate::service::mirrors::{MARKER, MARKER_BYTES, Marker, TRUST, fork_path};
use crate::service::{Context, Error};
use follow::{Follow, Progress, Seen};
use http::{Fetched, Fetcher};

/// After failures a mirror is asked at least so often.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What a reading takes at most, and one file more: nobody keeps a node waiting for days by answering slowly.
const READING: Duration = Duration::from_secs(1_800);

/// Without a newer cosignature on any of its logs a mirror is not written any more: witnesses renew theirs every day.
const STALE_SECONDS: u64 = 3 * 86_400;

/// Reads all of `mirrors` until `stop`.
pub async fn run(context: Context, mirrors: Mirrors, stop: CancellationToken) {
    let secure = mirrors.urls.iter().any(|url| url.secure);
    let tls = if secure { http::tls(&mirrors).map(Some) } else { Ok(None) };
    let every = Duration::from_secs(mirrors.every_seconds.into());
    let tasks = mirrors.urls.iter().map(|url| {
        let (context, stop, tls) = (context.clone(), stop.clone(), tls.clone());
        async move {
            let mirror = match tls {
                Err(reason) if url.secure => {
                    let error = MirrorError::Certificates { reason };
                    tracing::error!(mirror = %url, %error, code = error.code(), "a mirror cannot be read");
                    return context.mirrors().failed(url, context.now(), &error);
                }
                tls => Mirror::new(url.clone(), tls.ok().flatten()),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = mirror.keep(&context, every) => {}
            }
        }
    });
    futures::future::join_all(tasks).await;
}

/// One mirror, and what is remembered of it while the node runs.
struct Mirror {
    url: MirrorUrl,
    fetcher: Fetcher,
    marker: Option<(String, Marker)>,
    /// The tag and the hash of the trust file that was taken.
    trust: Option<(Option<String>, Hash)>,
    logs: BTreeMap<AgencyId, Seen>,
    /// The log at which the last reading was broken off.
    resumes: Option<AgencyId>,
    forks: BTreeSet<AgencyId>,
}

/// What is read of a trust file.
#[derive(Deserialize)]
struct TrustText {
    #[serde(flatten)]
    chain: ChainText,
}

impl Mirror {
    fn new(url: MirrorUrl, tls: Option<Arc<ClientConfig>>) -> Self {
        let fetcher = Fetcher::new(url.clone(), tls);
        Self { url, fetcher, marker: None, trust: None, logs: BTreeMap::new(), resumes: None, forks: BTreeSet::new() }
    }

    async fn keep(mut self, context: &Context, every: Duration) {
        let mut failures = 0u32;
        loop {
            let mut progress = Progress::default();
            self.fetcher.begin(READING);
            let outcome = match self.read(context, &mut progress).await {
                Err(MirrorError::Long) if progress.taken > 0 => {
                    progress.more = true;
                    Ok(())
                }
                outcome => outcome,
            };
            let pause = match outcome {
                Ok(()) => {
                    failures = 0;
                    context.mirrors().read(&self.url, context.now(), progress.taken);
                    if progress.more { Duration::ZERO } else { every }
                }
                Err(error) => {
                    tracing::warn!(mirror = %self.url, %error, code = error.code(), "a mirror was not followed; it is read again");
                    context.mirrors().failed(&self.url, context.now(), &error);
                    let pause = every.saturating_mul(1 << failures.min(12)).min(LONGEST.max(every));
                    failures = failures.saturating_add(1);
                    pause
                }
            };
            tokio::time::sleep(jittered(pause)).await;
        }
    }

    /// Reads the mirror once. A log that cannot be followed keeps no other one from being followed.
    async fn read(&mut self, context: &Context, progress: &mut Progress) -> Result<(), MirrorError> {
        let marker = self.marker(context.federation()).await?;
        let mut first = self.charter(context).await.err();
        if let Some(error) = first.take_if(|error| error.is_final()) {
            return Err(error);
        }
        let chain = context.chain();
        // From where the last one was broken off, so that no log stays the one that is never come to.
        let mut logs: Vec<_> = marker.logs.iter().filter(|agency| chain.knows(agency)).collect::<BTreeSet<_>>().into_iter().collect();
        if let Some(first) = self.resumes.take() {
            let at = logs.partition_point(|agency| **agency < first);
            logs.rotate_left(at);
        }
        for agency in logs {
            let seen = self.logs.entry(agency.clone()).or_default();
            let mut follow = Follow { context, fetcher: &mut self.fetcher, log: LogId::first(agency.clone()) };
            match follow.read(seen).await {
                Ok(one) => {
                    progress.taken += one.taken;
                    progress.more |= one.more;
                }
                Err(error) if error.is_final() => {
                    self.resumes = Some(agency.clone());
                    return Err(error);
                }
                Err(error) => {
                    tracing::debug!(%agency, %error, "a log of a mirror was not followed");
                    first.get_or_insert(error);
                }
            }
        }
        for agency in marker.forks.iter().filter(|agency| chain.knows(agency)).collect::<BTreeSet<_>>() {
            if let Err(error) = self.evidence(context, agency).await {
                first.get_or_insert(error);
            }
        }
        first.or_else(|| self.stale(context)).map_or(Ok(()), Err)
    }

    async fn marker(&mut self, federation: &Fingerprint) -> Result<Marker, MirrorError> {
        let tag = self.marker.as_ref().map(|(tag, _)| tag.as_str());
        let marker = match (self.fetcher.get(MARKER, MARKER_BYTES, tag).await?, &self.marker) {
            (Fetched::File { bytes, tag }, _) => {
                let marker = Marker::read(&bytes).ok_or(MirrorError::NotAMirror { path: MARKER.into() })?;
                self.marker = tag.map(|tag| (tag, marker.clone()));
                marker
            }
            (Fetched::Same, Some((_, marker))) => marker.clone(),
            (Fetched::Same | Fetched::Missing, _) => return Err(MirrorError::Missing { path: MARKER.into() }),
        };
        if marker.federation == *federation { Ok(marker) } else { Err(MirrorError::OtherFederation) }
    }

    /// Newer versions of the charter.
    async fn charter(&mut self, context: &Context) -> Result<(), MirrorError> {
        let path = || TRUST.to_owned();
        let known = self.trust.as_ref().and_then(|(tag, _)| tag.as_deref());
        let (bytes, tag) = match self.fetcher.get(TRUST, limits::DOCUMENT_BYTES, known).await? {
            Fetched::Same => return Ok(()),
            Fetched::Missing => return Err(MirrorError::Missing { path: path() }),
            Fetched::File { bytes, tag } => (bytes, tag),
        };
        let hash = Hash::of(&[&bytes]);
        if self.trust.as_ref().is_some_and(|(_, taken)| *taken == hash) {
            return Ok(());
        }
        let federation = *context.federation();
        let read = tokio::task::spawn_blocking(move || {
            let text: TrustText = serde_json::from_slice(&bytes).map_err(|_| MirrorError::NotAMirror { path: path() })?;
            Chain::read(text.chain, Some(&federation)).map_err(|cause| match cause {
                ChainError::OtherFederation { .. } => MirrorError::OtherFederation,
                cause => MirrorError::Charter(cause),
            })
        });
        let chain = read.await.map_err(|_| MirrorError::Own(Error::Stopping))??;
        if chain.newest().version > context.chain().newest().version || context.chain().parts_from(&chain).is_some() {
            context.engine().take_chain(chain).await?;
        }
        self.trust = Some((tag, hash));
        Ok(())
    }

    /// Evidence that a log told two stories, once.
    async fn evidence(&mut self, context: &Context, agency: &AgencyId) -> Result<(), MirrorError> {
        let frozen = context.engine().overview().logs.get(&LogId::first(agency.clone())).is_some_and(|log| log.frozen);
        if frozen || self.forks.contains(agency) {
            return Ok(());
        }
        let path = fork_path(agency);
        let Fetched::File { bytes, .. } = self.fetcher.get(&path, limits::DOCUMENT_BYTES, None).await? else {
            return Err(MirrorError::Missing { path });
        };
        let nothing = || MirrorError::Evidence { agency: agency.clone() };
        let file = ForkFile::read(&bytes).map_err(|_| nothing())?;
        match context.engine().take_fork(file.proof()).await {
            Ok(()) => {}
            Err(TakeError::Check(_)) => return Err(nothing()),
            Err(TakeError::Engine(error)) => return Err(error.into()),
        }
        self.forks.insert(agency.clone());
        Ok(())
    }

    /// Whether it is not written any more.
    fn stale(&self, context: &Context) -> Option<MirrorError> {
        let since = self.logs.values().filter_map(|seen| seen.confirmed).max()?;
        (context.now() > since.plus(STALE_SECONDS)).then_some(MirrorError::Stale { since })
    }
}

/// Up to a tenth more or less, so that nodes do not come at once.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0; 1];
    let drawn = random::system(&mut byte).map_or(128, |()| u32::from(byte[0]));
    pause.saturating_mul(900 + drawn * 200 / 255) / 1000
}
