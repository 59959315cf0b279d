//! `parangon serve`: the node in the foreground, until a signal ends it.

mod logging;
mod refusal;

use std::time::Duration;

use clap::Args;
use parangon_node::config::Config;
use parangon_node::keystore::{KeyFiles, KeyFilesError, Keystore};
use parangon_node::{Node, NodeConfig, NodeFiles};
use sd_notify::NotifyState;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::config::ConfigFile;
use crate::args::DataDir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use refusal::refused;

/// How long the parts of the node may take to end. Then the process ends anyway: the store survives that.
const STOPPING: Duration = Duration::from_secs(20);

/// Arguments of `parangon serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    file: ConfigFile,
    /// Announce nothing, only pull: a test that the federation still converges
    #[arg(long, hide = true)]
    no_gossip: bool,
}

/// Runs the node.
pub(crate) async fn run(args: ServeArgs, out: &Output) -> Result<(), Failure> {
    let mut config = args.file.load(&args.data)?;
    config.network.gossip &= !args.no_gossip;
    logging::start(config.log_level, config.log_format);
    let dir = config.data_dir.clone();
    if !dir.join(NodeFiles::NAME).exists() {
        let failure = Failure::new(Exit::NotFound, format!("{} belongs to no federation yet", dir.display()));
        return Err(
            failure.next("parangon init, then parangon join INVITE, or found one (parangon federation); or name the directory with --data")
        );
    }
    let keystore = open_keystore(&config)?;
    let files = NodeFiles::load(&dir).map_err(Failure::invalid)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::failed)?;

    let start = NodeConfig { config: config.clone(), keystore, files, settings: Default::default() };
    let mut node = Node::start(start).await.map_err(|error| refused(&error))?;
    announce(&node, &config, out).await?;
    tell(&[NotifyState::Ready]);
    let watchdog = tokio::spawn(watchdog());
    loop {
        let context = node.context().clone();
        let rekeyed = tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => false,
            () = context.rekeyed() => true,
        };
        drop(context); // it holds the store
        if rekeyed {
            node = again(node, &mut config).await?;
            continue;
        }
        match args.file.load(&args.data) {
            Ok(_) => tracing::info!("the configuration is sound; restart the node to use it"),
            Err(failure) => tracing::warn!(%failure, "the configuration has a mistake; the old one stays in use"),
        }
    }
    tell(&[NotifyState::Stopping]);
    watchdog.abort();
    out.say("Stopping. Ctrl-C again ends at once.");
    tokio::select! {
        () = node.stop() => Ok(()),
        _ = interrupt.recv() => Err(Failure::failed("ended before everything was put away; the next start checks the store")),
        () = tokio::time::sleep(STOPPING) => Err(Failure::failed("the node did not end in time; the next start checks the store")),
    }
}

/// Opens the node's keys with what the configuration names.
pub(crate) fn open_keystore(config: &Config) -> Result<Keystore, Failure> {
    KeyFiles::new(&config.data_dir, config.keys.clone()).open().map_err(|error| match error {
        KeyFilesError::NoSecret => Failure::usage(error).next("set keys.passphrase_file or keys.key_file in the configuration"),
        error => Failure::failed(error),
    })
}

/// The node anew in this process, with the keys that follow: its log and its connections use new ones only from the start.
async fn again(node: Node, config: &mut Config) -> Result<Node, Failure> {
    tracing::info!("the node begins anew with its new keys");
    config.api.listen = node.api_address(); // also where the system chose the port
    if tokio::time::timeout(STOPPING, node.stop()).await.is_err() {
        return Err(Failure::failed("the node did not end in time to use its new keys").next("start it again: it uses them then"));
    }
    let files = NodeFiles::load(&config.data_dir).map_err(Failure::invalid)?;
    let start = NodeConfig { config: config.clone(), keystore: open_keystore(config)?, files, settings: Default::default() };
    Node::start(start).await.map_err(|error| refused(&error))
}

/// Says where the node answers. Written when it does, so that whoever started it can wait for this line.
async fn announce(node: &Node, config: &Config, out: &Output) -> Result<(), Failure> {
    let context = node.context();
    let charter = context.charter();
    let listening = node.network().listen_addrs().await.map_err(Failure::failed)?;
    let addresses: Vec<String> = listening.iter().map(ToString::to_string).collect();
    let api = format!("http://{}", node.api_address());
    let json = json!({
        "agency": context.me(), "federation": charter.name, "fingerprint": context.federation(), "api": api,
        "socket": config.api.socket, "listen": addresses,
    });
    out.result(&json, |page| {
        page.remark(format!("{} serves \"{}\". Ctrl-C ends it.", context.me(), crate::output::clean(charter.name.as_str())));
        page.field("api", &api);
        if let Some(socket) = &config.api.socket {
            page.field("socket", socket.to_string_lossy());
        }
        for address in &addresses {
            page.field("listens on", address);
        }
    })
}

/// Tells systemd, when it started us. Elsewhere this does nothing.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}

/// A sign of life in half the time that the unit allows.
async fn watchdog() {
    let Some(period) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(period / 2);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}
