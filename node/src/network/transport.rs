//! How bytes travel: TCP with Noise and Yamux, QUIC beside it, names resolved by DNS. Tests inside one process use the
//! memory transport with the same security.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::num::NonZeroU8;
use std::time::Duration;

use libp2p::core::Transport;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, dns, noise, quic, swarm, tcp, yamux};

use super::error::NetworkError;
use super::limits;

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

pub(super) fn build(keypair: &Keypair, memory: bool) -> Result<Connections, NetworkError> {
    if memory {
        return secure(MemoryTransport::default(), keypair);
    }
    let tcp = secure(tcp::tokio::Transport::new(tcp::Config::default().nodelay(true)), keypair)?;
    let quic = quic::tokio::Transport::new(quic_config(keypair)).map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));
    let both = tcp.or_transport(quic).map(|either, _| either.into_inner()).boxed();
    if let Err(error) = dns_settings() {
        tracing::warn!(%error, "no resolver settings: addresses with names cannot be dialled");
        return Ok(both);
    }
    let named = dns::tokio::Transport::system(both).map_err(|_| NetworkError::Setting("resolver"))?;
    Ok(named.boxed())
}

/// Reads the system's resolver settings once to know whether they can be read: a container without them still has addresses.
fn dns_settings() -> io::Result<()> {
    dns::tokio::Transport::system(MemoryTransport::default()).map(|_| ())
}

fn secure<T>(transport: T, keypair: &Keypair) -> Result<Connections, NetworkError>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    let noise = noise::Config::new(keypair).map_err(|_| NetworkError::Setting("noise"))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(limits::STREAMS);
    Ok(transport.upgrade(Version::V1).authenticate(noise).multiplex(yamux).timeout(limits::HANDSHAKE).boxed())
}

/// The idle time-out is short: with the library's fault after restarts (rust-libp2p 5097) a connection whose other end has
/// gone stays in the way until then.
fn quic_config(keypair: &Keypair) -> quic::Config {
    let mut config = quic::Config::new(keypair);
    config.max_idle_timeout = 10_000;
    config.keep_alive_interval = Duration::from_secs(3);
    config.max_concurrent_stream_limit = 64;
    config.max_stream_data = 1024 * 1024;
    config.max_connection_data = 4 * 1024 * 1024;
    config
}

/// Refuses a TCP port that somebody listens on. libp2p listens with `SO_REUSEPORT`: a second node of the same user would
/// silently get half of the connections. (QUIC binds exclusively by itself.)
pub(super) fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

pub(super) fn swarm_config() -> swarm::Config {
    swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(limits::IDLE)
        .with_max_negotiating_inbound_streams(limits::NEGOTIATING_STREAMS)
        .with_per_connection_event_buffer_size(limits::CONNECTION_EVENTS)
        .with_dial_concurrency_factor(NonZeroU8::new(limits::DIAL_CONCURRENCY).unwrap_or(NonZeroU8::MIN))
}
