//! Every bound of the network layer with its unit and reason. All nodes of a federation must agree on those that
//! mark wire sizes.

use std::time::Duration;

use parangon_protocol::limits as protocol;

/// The version byte of every frame, and the last part of every protocol name.
pub(super) const WIRE_VERSION: u8 = 1;

// Sizes on the wire, in bytes.

/// One gossiped announcement. Fork evidence is the largest: two notes with 300 cosignatures each, and room for JSON.
pub const GOSSIP_BYTES: usize = 2 * protocol::NOTE_BYTES + protocol::INLINE_BYTES;
/// One log request. Telling a head takes a whole note; asking for what differs from 600 known heads about 30 KiB.
pub const LOG_REQUEST_BYTES: usize = protocol::NOTE_BYTES + 4 * 1024;
/// One log answer: versions of the charter are the largest; a range has records of 256 KiB, a note and a proof. Heads that do
/// not fit are left out: they differ next time, too.
pub const LOG_RESPONSE_BYTES: usize = protocol::AMENDMENTS_BYTES + 16 * 1024;
/// What a witness saw last: a note as text in JSON, with names and a signature.
pub(super) const LAST_SEEN_BYTES: usize = 2 * protocol::NOTE_BYTES;
/// One sealed private message.
pub const PRIVATE_BYTES: usize = protocol::PRIVATE_BYTES;
/// The answer to a private message: a variant and a code.
pub(super) const ACK_BYTES: usize = 16;
/// One question of an invited agency: a membership card and a hash.
pub(super) const QUESTION_BYTES: usize = protocol::RECORD_BYTES + 1024;
/// Its answer: the whole charter with all its versions.
pub(super) const ANSWER_BYTES: usize = protocol::DOCUMENT_BYTES + 1024;
/// Questions of invited agencies that wait for the application.
pub const VISITS: usize = 16;
/// Agencies that may be invited at the same time.
pub const GUESTS: usize = 16;
/// Connections of one guest: more, and the oldest is closed. Whoever else has the string cannot keep it out.
pub(super) const GUEST_CONNECTIONS: usize = 2;
/// Exchanges on one connection of a guest.
pub(super) const GUEST_STREAMS: usize = 2;
/// Bytes of guests' questions that are read at once, in KiB: one of each guest.
pub(super) const GUESTS_KIB: usize = GUESTS * QUESTION_BYTES.div_ceil(1024);
/// Read at a time, so that no more is allocated than was delivered (case W2).
pub(super) const READ_BYTES: usize = 64 * 1024;
/// Bytes of inbound private messages that wait for the application at once, in KiB: 16 of the largest ones.
pub(super) const INFLIGHT_KIB: usize = 64 * 1024;
/// Heads in one request or answer: every member with some old epochs.
pub(super) const HEADS: usize = 4 * protocol::MEMBERS;
/// Bytes of a cosignature's line: a key name of 150 and 76 bytes in base64, doubled.
pub(super) const LINE_BYTES: usize = 512;

// Connections.

/// Handshakes of unknown origin at once: the allow-list acts only after the handshake (case W6).
pub(super) const PENDING_INCOMING: u32 = 32;
/// Dials at once.
pub(super) const PENDING_OUTGOING: u32 = 16;
/// Open connections that others dialled.
pub(super) const ESTABLISHED_INCOMING: u32 = 96;
/// Open connections that we dialled.
pub(super) const ESTABLISHED_OUTGOING: u32 = 48;
/// Open connections, both ways.
pub(super) const ESTABLISHED: u32 = 128;
/// Two when both sides dialled at once, and one more from a peer that has restarted while we still hold those.
pub(super) const ESTABLISHED_PER_PEER: u32 = 3;
/// Addresses of one peer that are tried at the same time.
pub(super) const DIAL_CONCURRENCY: u8 = 4;
/// Addresses kept of one member: more than any host has.
pub(super) const ADDRESSES: usize = 8;
/// Streams of one connection whose protocol is still being negotiated.
pub(super) const NEGOTIATING_STREAMS: usize = 32;
/// Streams of one connection.
pub(super) const STREAMS: usize = 64;
/// Events that one connection may have waiting for the swarm.
pub(super) const CONNECTION_EVENTS: usize = 16;
/// A handshake, security and multiplexing included.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections are kept: a member is always wanted, and redialling costs more than an idle socket.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often a connection is pinged; finds dead TCP links and one-way links (case N2).
pub(super) const PING_EVERY: Duration = Duration::from_secs(10);
/// How long a ping may take.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// Two connections of one peer that come up within this time mean that both sides dialled at once: the second dial began
/// before the first one had come through.
pub(super) const SIMULTANEOUS: Duration = HANDSHAKE;

// Redial.

/// The first wait after a failed dial.
pub(super) const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// A connection that ended sooner was none: the other side turned us away.
pub(super) const LASTING: Duration = Duration::from_secs(10);
/// The longest wait.
pub(super) const BACKOFF_LAST: Duration = Duration::from_secs(60);
/// How much longer the node with the larger PeerId waits before its first dial, so that two nodes that start together
/// seldom meet twice.
pub(super) const POLITENESS: Duration = Duration::from_millis(200);

// Requests.

/// A whole exchange. Four MiB at 140 KiB/s.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests in flight to one peer and protocol; more wait their turn in the caller. Half of what the other side's
/// [`CONCURRENT_STREAMS`] leaves us when it asks as much as we do.
pub(super) const REQUESTS_PER_PEER: usize = 8;
/// Exchanges on one connection and protocol, both ways.
pub(super) const CONCURRENT_STREAMS: usize = 32;
/// Requests that a peer may make per second in the long run: 128 records each is what one core can verify.
pub(super) const REQUEST_RATE: u32 = 200;
/// Requests that a peer may make at once.
pub(super) const REQUEST_BURST: u32 = 400;

// Channels.

/// Commands waiting for the actor.
pub(super) const COMMANDS: usize = 256;
/// What waits for the application. Beyond it gossip is ignored and requests are answered "busy".
pub(super) const INCOMING: usize = 1024;
/// Gossiped messages that wait to be decoded.
pub(super) const UNDECODED: usize = 256;
/// Gossiped messages whose verdict is owed.
pub(super) const VERDICTS: usize = 2048;
/// Requests whose answer is owed.
pub(super) const REPLIES: usize = 1024;

// Gossip.

/// Wakes the swarm: without it gossipsub 0.50 loses its heartbeat on an idle swarm, because it does not poll its timer
/// again after resetting it.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// Messages waiting for one peer.
pub(super) const GOSSIP_QUEUE: usize = 512;
/// Heartbeat of the mesh.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);
/// Heartbeats for which a message is kept; a verdict that takes longer than this comes too late to forward.
pub(super) const HISTORY: usize = 12;
/// How long a message is known as seen.
pub(super) const DUPLICATES: Duration = Duration::from_secs(600);
