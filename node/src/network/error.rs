//! What can go wrong between nodes, one variant a cause. Codes such as `E-W03` are stable.

use std::io::{self, ErrorKind};

use libp2p::{Multiaddr, PeerId};
use parangon_protocol::id::AgencyId;

use crate::codec::CodecError;

/// Why an operation of the network failed. Nothing was changed on either side unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The network was stopped.
    #[error("the network is stopped")]
    Stopped,
    /// The agency is no member, or its transport key is not known yet.
    #[error("{0} is not a member whose transport key is known")]
    UnknownAgency(AgencyId),
    /// No connection at the moment; the redial loop goes on trying.
    #[error("not connected to {0}")]
    NotConnected(AgencyId),
    /// The connection closed before the answer: the request may or may not have arrived.
    #[error("the connection closed before the answer")]
    Disconnected,
    /// No answer within the deadline: the request may or may not have arrived.
    #[error("no answer within {0} s")]
    Timeout(u64),
    /// The other node speaks no version of this protocol that we speak.
    #[error("E-W09 unsupported version, we speak {ours}")]
    UnsupportedVersion {
        /// Our version.
        ours: u8,
    },
    /// The other node refused the request.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The message is over a bound (ours, before sending), or the answer was not what the protocol allows.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream broke.
    #[error("the stream broke: {0:?}")]
    Stream(std::io::ErrorKind),
    /// Gossip is switched off in the configuration: pulling finds everything, later.
    #[error("gossip is switched off")]
    GossipOff,
    /// Nobody who listens is connected. Not an emergency: gossip is a hint.
    #[error("no connected member listens to gossip")]
    NobodyListens,
    /// Every connected member's queue is full.
    #[error("the gossip queues of all {0} members are full")]
    QueuesFull(usize),
    /// The address cannot be listened on, for instance because the port is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The configured address.
        address: Multiaddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A setting that the libraries refuse. Cannot happen with the constants of this version.
    #[error("unusable network setting: {0}")]
    Setting(&'static str),
}

/// Why bytes of a peer are no frame of ours, or a message of ours must not become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Over the bound, as its length says or as counted.
    #[error("E-W03 too large: {bytes} bytes (max {limit})")]
    TooLarge {
        /// Announced or counted.
        bytes: usize,
        /// Allowed.
        limit: usize,
    },
    /// The version byte is another one.
    #[error("E-W09 unsupported version {theirs}, we speak {ours}")]
    Version {
        /// Theirs.
        theirs: u8,
        /// Ours.
        ours: u8,
    },
    /// Not an encoding of the message.
    #[error("E-W01 malformed: {0}")]
    Encoding(#[from] CodecError),
    /// A field breaks its grammar or its bound.
    #[error("E-W01 malformed: {0}")]
    Field(&'static str),
    /// The stream ended inside a frame, or before the first byte.
    #[error("E-W01 malformed: the stream ended early")]
    Cut,
    /// The bytes in flight of all private messages reached their bound; later it may fit.
    #[error("E-W05 busy")]
    Busy,
}

/// What a node answers when it does not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a message of the protocol.
    #[error("E-W01 malformed")]
    Malformed,
    /// Over a bound.
    #[error("E-W03 too large")]
    TooLarge,
    /// Too much at once: try later.
    #[error("E-W05 busy")]
    Busy,
    /// Another version.
    #[error("E-W09 unsupported version, we speak {}", super::limits::WIRE_VERSION)]
    UnsupportedVersion,
    /// The other node's application gave no answer.
    #[error("no answer")]
    NoAnswer,
    /// A code of the application, from [`super::AckSlot::refuse`].
    #[error("code {0}")]
    Application(u16),
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLarge { .. } => Self::TooLarge,
            FrameError::Version { .. } => Self::UnsupportedVersion,
            FrameError::Busy => Self::Busy,
            FrameError::Encoding(_) | FrameError::Field(_) | FrameError::Cut => Self::Malformed,
        }
    }
}

/// Why an address did not answer, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The machine is there, and nobody listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// No route leads to the machine or its network.
    #[error("the host cannot be reached")]
    Unreachable,
    /// Nothing came back in time.
    #[error("it timed out")]
    TimedOut,
    /// Anything else, in the words of whoever noticed.
    #[error("{0}")]
    Other(String),
}

impl Unanswered {
    /// Longest text that is kept of an error.
    const CHARS: usize = 200;

    /// From what a transport reported: it wraps the system's error, often several times.
    pub(super) fn of(error: &io::Error) -> Self {
        match kind(error) {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Self::Unreachable,
            ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Other(last_line(&error.to_string())),
        }
    }
}

/// The kind of the system's error inside of wrappers. They call themselves "other" and do not name their source, but their
/// text ends with the system's number.
fn kind(error: &io::Error) -> ErrorKind {
    if error.kind() != ErrorKind::Other {
        return error.kind();
    }
    let text = error.to_string();
    let number = text.rsplit_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
    number.map_or(ErrorKind::Other, |number| io::Error::from_raw_os_error(number).kind())
}

/// The same error with the system's kind, where wrappers hide it.
pub(super) fn plain(error: io::Error) -> io::Error {
    let kind = kind(&error);
    if kind == error.kind() { error } else { io::Error::new(kind, last_line(&error.to_string())) }
}

/// The last line of a text of several: transports list their attempts, one a line.
fn last_line(text: &str) -> String {
    let line = text.lines().rev().map(|line| line.trim().trim_start_matches("- ")).find(|line| !line.is_empty());
    line.unwrap_or("no reason was given").chars().take(Unanswered::CHARS).collect()
}

/// Why the last attempt to reach a member failed, or why its connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No charter address and no address record names a way to it: it has to dial us.
    #[error("no address is known")]
    NoAddress,
    /// Somebody else answers at the address: another key than the one the agency's key set names.
    #[error("E-W16 not a member: {obtained} answers at {address}")]
    WrongPeer {
        /// Who answered.
        obtained: PeerId,
        /// Where.
        address: Multiaddr,
    },
    /// None of the addresses answered; the last one's reason.
    #[error("{address} does not answer: {reason}")]
    Unreachable {
        /// The last address tried.
        address: Multiaddr,
        /// What the system says.
        reason: Unanswered,
    },
    /// The address is of a kind this node cannot dial.
    #[error("{address} cannot be dialled")]
    Unsupported {
        /// The address.
        address: Multiaddr,
    },
    /// A limit of this node denied it.
    #[error("denied by a limit of this node")]
    Denied,
    /// It did not answer pings.
    #[error("does not answer pings")]
    Silent,
    /// The connection ended.
    #[error("the connection ended")]
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_answers_is_said_in_words() {
        let wrapped = |text: &str| io::Error::other(io::Error::other(text.to_owned()));
        for (error, words) in [
            (io::Error::from(ErrorKind::ConnectionRefused), "the connection was refused"),
            (ErrorKind::HostUnreachable.into(), "the host cannot be reached"),
            (ErrorKind::TimedOut.into(), "it timed out"),
            (wrapped("Connection refused (os error 111)"), "the connection was refused"),
            (wrapped("Multiple dial errors occurred:\n - No route to host (os error 113)\n"), "the host cannot be reached"),
            (wrapped("Several:\n - Timeout has been reached"), "Timeout has been reached"),
            (wrapped(" \n"), "no reason was given"),
        ] {
            assert_eq!(Unanswered::of(&error).to_string(), words, "{error:?}");
        }
        assert_eq!(Unanswered::of(&wrapped(&"x".repeat(1_000))).to_string().len(), Unanswered::CHARS);
    }

    #[test]
    fn a_wrapped_error_keeps_its_words_and_gets_its_kind() {
        let error = plain(io::Error::other("Address already in use (os error 98)"));
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::AddrInUse, "Address already in use (os error 98)"));
    }
}
