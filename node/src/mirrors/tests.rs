//! Mirrors that are honest, and others, on a server of this process.

mod honest;
mod hostile;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use parangon_protocol::id::LogId;
use parangon_protocol::log::tiles::Tile;
use parangon_protocol::record::{Anchor, Record};
use parangon_protocol::time::Timestamp;
use serde_json::json;

use super::follow::Progress;
use super::http::Fetcher;
use super::{Mirror, MirrorError};
use crate::service::mirrors::{self, MARKER, Marker, TRUST, fork_path};
use crate::service::tests::support::{Agency, until};
use crate::service::{Context, evidence, verification};
use server::{Reply, Server};

/// Longer than any file here takes, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The files of a mirror.
type Files = BTreeMap<String, Vec<u8>>;

/// What a node's mirror holds but for labels and pages.
async fn files(agency: &Agency) -> Files {
    agency.context.run(collect).await.expect("a mirror")
}

fn collect(context: &Context) -> Result<Files, crate::service::Error> {
    let view = mirrors::view(context)?;
    let mut files = Files::new();
    let agencies = |names: &[String]| names.iter().map(|name| name.parse().expect("a slug")).collect::<Vec<_>>();
    for log in &view.logs {
        files.insert(format!("{}/checkpoint", log.agency), log.checkpoint.clone().into_bytes());
        for tile in Tile::after(0, log.size) {
            let path = format!("{}/{tile}", log.agency);
            files.insert(path.clone(), mirrors::file(context, &path)?);
        }
    }
    for agency in agencies(&view.forks) {
        files.insert(fork_path(&agency), evidence::evidence(context, agency.as_str())?);
    }
    let logs: Vec<_> = view.logs.iter().map(|log| log.agency.clone()).collect();
    let marker = Marker::new(*context.federation(), agencies(&logs), agencies(&view.forks));
    files.insert(MARKER.into(), json!(marker).to_string().into_bytes());
    files.insert(TRUST.into(), json!(verification::trust(context).expect("a trust file")).to_string().into_bytes());
    Ok(files)
}

fn mirror(server: &Server) -> Mirror {
    let url: crate::config::MirrorUrl = server.url().parse().expect("a URL");
    Mirror { fetcher: Fetcher::new(url.clone(), None).within(PATIENCE), ..Mirror::new(url, None) }
}

/// Reads a mirror once; how many records came from it.
async fn read(agency: &Agency, mirror: &mut Mirror) -> Result<u64, MirrorError> {
    let mut progress = Progress::default();
    mirror.read(&agency.context, &mut progress).await.map(|()| progress.taken)
}

/// Reads a mirror with these files once.
async fn read_files(agency: &Agency, files: Files) -> Result<u64, MirrorError> {
    let server = Server::start(move |path| files.get(path).map_or(Reply::Missing, |bytes| Reply::File(bytes.clone()))).await;
    read(agency, &mut mirror(&server)).await
}

/// Records that nobody minds.
async fn append(agency: &Agency, days: std::ops::Range<u64>) {
    let anchor =
        |day: u64| Record::Anchor(Anchor { day: Timestamp::from_seconds(day * 86_400).expect("a date"), root: Default::default() });
    agency.context.engine().append(days.map(anchor).collect()).await.expect("appended");
}

/// What a node holds of another one's log: size, final size, head, and whether it is frozen.
fn held(agency: &Agency, of: &Agency) -> (u64, u64, Option<String>, bool) {
    let overview = agency.context.engine().overview();
    let log = overview.logs.get(&LogId::first(of.context.me().clone())).cloned().unwrap_or_default();
    (log.size, log.final_size, log.head, log.frozen)
}

/// Waits until a node holds so much of a log, final.
async fn until_final(agency: &Agency, of: &Agency, size: u64) {
    until("a final head", || async { (held(agency, of).1 == size).then_some(()) }).await;
}
