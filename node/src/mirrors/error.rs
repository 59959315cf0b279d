//! Why a mirror was not followed: one cause, one name. Nothing was changed by what was refused.

use parangon_protocol::charter::ChainError;
use parangon_protocol::check::CheckError;
use parangon_protocol::id::AgencyId;
use parangon_protocol::log::tiles::TileError;
use parangon_protocol::time::Timestamp;

use crate::engine::EngineError;
use crate::service::Error;

/// Everything that a reading of a mirror may end with.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The certificates that a TLS connection is checked by cannot be read.
    #[error("the certificates to trust cannot be read: {reason}")]
    Certificates {
        /// Why.
        reason: String,
    },
    /// No connection.
    #[error("no connection: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {reason}")]
    Broken {
        /// Why.
        reason: String,
    },
    /// A file took too long.
    #[error("{path} did not arrive within {seconds} seconds")]
    Slow {
        /// Which.
        path: String,
        /// How long it may take.
        seconds: u64,
    },
    /// A reading was broken off: what was taken holds, and the next one goes on from there.
    #[error("it answers too slowly to be read at once: the next reading goes on where this one stopped")]
    Long,
    /// It sends readers elsewhere, and they do not go.
    #[error("{path} is answered with a redirect ({status}): name the address that it leads to")]
    Redirected {
        /// Which.
        path: String,
        /// The status.
        status: u16,
    },
    /// Neither a file nor its absence.
    #[error("{path} is answered with status {status}")]
    Status {
        /// Which.
        path: String,
        /// The status.
        status: u16,
    },
    /// A file that has to be there is not.
    #[error("{path} is not there")]
    Missing {
        /// Which.
        path: String,
    },
    /// More bytes than such a file has.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// Bytes at most.
        limit: usize,
    },
    /// It is compressed, which nobody asked for.
    #[error("{path} comes compressed; it has to be served as it is")]
    Encoded {
        /// Which.
        path: String,
    },
    /// What is there is no part of a mirror.
    #[error("{path} is not what a mirror has there")]
    NotAMirror {
        /// Which.
        path: String,
    },
    /// A mirror of another federation.
    #[error("it is the mirror of another federation")]
    OtherFederation,
    /// Its charter does not follow.
    #[error("its charter: {0}")]
    Charter(ChainError),
    /// A checkpoint that is not one of the log that it stands for.
    #[error("the checkpoint of {agency}: {cause}")]
    Head {
        /// Whose log.
        agency: AgencyId,
        /// Why.
        cause: CheckError,
    },
    /// Records that no log may hold.
    #[error("the records of {agency}: {cause}")]
    Records {
        /// Whose log.
        agency: AgencyId,
        /// Why.
        cause: CheckError,
    },
    /// Tiles or entries that were changed or cut off.
    #[error("the log of {agency}: {cause}")]
    Tiles {
        /// Whose log.
        agency: AgencyId,
        /// Why.
        cause: TileError,
    },
    /// Evidence that proves nothing.
    #[error("the evidence against {agency} proves nothing")]
    Evidence {
        /// Whose log.
        agency: AgencyId,
    },
    /// It showed more of a log before.
    #[error("it shows {now} records of the log of {agency}, and showed {before} before")]
    Older {
        /// Whose log.
        agency: AgencyId,
        /// Records before.
        before: u64,
        /// Records now.
        now: u64,
    },
    /// Nothing that it shows was confirmed for days.
    #[error("nothing that it shows was confirmed since {since}: it is not written any more")]
    Stale {
        /// The newest time that a witness gives.
        since: Timestamp,
    },
    /// The records hold, and do not follow what is held here.
    #[error("its records of {agency} do not follow the {held} that are held here")]
    NotTaken {
        /// Whose log.
        agency: AgencyId,
        /// Records held.
        held: u64,
    },
    /// Our own side.
    #[error(transparent)]
    Own(#[from] Error),
}

impl From<EngineError> for MirrorError {
    fn from(error: EngineError) -> Self {
        Self::Own(error.into())
    }
}

impl MirrorError {
    /// A stable code (docs/operating.md, "A mirror").
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificates { .. } | Self::Unreachable { .. } | Self::Broken { .. } => "PGN-0910",
            Self::Slow { .. } | Self::Long => "PGN-0911",
            Self::Redirected { .. } => "PGN-0912",
            Self::Status { .. } | Self::Missing { .. } => "PGN-0913",
            Self::TooLarge { .. } => "PGN-0914",
            Self::NotAMirror { .. } | Self::Encoded { .. } => "PGN-0915",
            Self::OtherFederation => "PGN-0916",
            Self::Charter(_) | Self::Head { .. } | Self::Records { .. } | Self::Evidence { .. } => "PGN-0917",
            Self::Tiles { .. } => "PGN-0918",
            Self::Older { .. } | Self::Stale { .. } | Self::NotTaken { .. } => "PGN-0919",
            Self::Own(_) => "PGN-0101",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Certificates { .. } => {
                "correct mirrors.ca_file, or install the system's certificates (ca-certificates), and restart the node"
            }
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Slow { .. } | Self::Long => {
                "look whether the address can be reached from here; it is tried again by itself"
            }
            Self::Redirected { .. } => "put the address that the redirect leads to into mirrors.urls",
            Self::Status { .. } | Self::Missing { .. } | Self::NotAMirror { .. } | Self::Encoded { .. } => {
                "compare mirrors.urls with the address of the mirror, and tell whoever runs it"
            }
            Self::OtherFederation => "take the address out of mirrors.urls: the mirror is of another federation",
            Self::TooLarge { .. }
            | Self::Charter(_)
            | Self::Head { .. }
            | Self::Records { .. }
            | Self::Evidence { .. }
            | Self::Tiles { .. } => "nothing was taken; tell whoever runs the mirror that it is damaged or forged, and read another one",
            Self::Older { .. } | Self::Stale { .. } => "tell whoever runs the mirror that it is not written any more, and read another one",
            Self::NotTaken { .. } => "nothing now; where it stays, ask the members what became of that log",
            Self::Own(_) => "look at the node's log",
        }
    }

    /// Whether the rest of the mirror is not worth asking for now.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Certificates { .. }
                | Self::Unreachable { .. }
                | Self::Broken { .. }
                | Self::Slow { .. }
                | Self::Long
                | Self::OtherFederation
                | Self::Own(_)
        )
    }
}
