//! Why a node did not start, and the one thing to do about each reason.

use std::io::ErrorKind;

use parangon_node::NodeError;
use parangon_node::engine::EngineError;
use parangon_node::network::NetworkError;
use parangon_node::store::StoreError;

use crate::failure::Failure;

/// The failure with its next step, where there is one.
pub(crate) fn refused(error: &NodeError) -> Failure {
    let failure = Failure::failed(error);
    match next_step(error) {
        Some(step) => failure.next(step),
        None => failure,
    }
}

fn next_step(error: &NodeError) -> Option<String> {
    match error {
        NodeError::Store(error) => Some(store(error).to_owned()),
        NodeError::Engine(EngineError::Store(error)) => Some(store(error).to_owned()),
        NodeError::Listen { source, .. } => Some(listen(source.kind(), "api.listen, api.socket or witness.listen")),
        NodeError::Network(NetworkError::Listen { source, .. }) => {
            Some(listen(source.kind(), "network.listen, and tell the other members the new address"))
        }
        NodeError::OtherKeys { number } => Some(format!("put the node.keys or node.keys.next of key set {number} into the data directory")),
        _ => None,
    }
}

/// `setting` is what names the address.
fn listen(kind: ErrorKind, setting: &str) -> String {
    match kind {
        ErrorKind::AddrInUse => format!("another program, or another node, has the address: end it, or change {setting}"),
        ErrorKind::AddrNotAvailable => format!("this machine does not have the address: change {setting}"),
        ErrorKind::PermissionDenied => format!("this user may not listen there: change {setting}"),
        _ => format!("see whether the address is free and this machine's own, or change {setting}"),
    }
}

fn store(error: &StoreError) -> &'static str {
    match error {
        StoreError::InUse { .. } => "end the node that runs on this directory, or use that one: two with the same keys are a fork",
        StoreError::NoLocks { .. } => "move the data directory to a local disk and name it with --data",
        StoreError::Newer { .. } => "install the newer version of parangon that made this store; nothing was changed",
        StoreError::WrongKey => "restore the node.keys that belong to this store, or name the right directory with --data",
        StoreError::Corrupted(_) | StoreError::Refused { .. } | StoreError::Row { .. } => {
            "check the disk, keep a copy of the directory, and restore the newest backup into a new one: parangon restore"
        }
        StoreError::DiskFull { .. } => "free space on that disk, then start again; nothing is lost",
        StoreError::Disk(source) if source.kind() == ErrorKind::PermissionDenied => {
            "let the user that runs the node read and write the data directory, or name another with --data"
        }
        StoreError::Disk(_) => "look at the disk and the system's log, then start again",
        StoreError::Moved(_) => "put parangon.redb back where it was, then start again",
        StoreError::ReadOnly | StoreError::Random(_) | StoreError::Database(_) => {
            "start again; if it stays, keep the directory as it is and report this message"
        }
        StoreError::NotNext { .. }
        | StoreError::Hashes { .. }
        | StoreError::NoRecord { .. }
        | StoreError::TooLarge { .. }
        | StoreError::HighWater { .. }
        | StoreError::Recovering
        | StoreError::NotRecovering => "this is a fault of the program: keep the directory as it is and report this message",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn step(error: impl Into<NodeError>) -> String {
        refused(&error.into()).problem.next_step.clone().unwrap_or_default()
    }

    #[test]
    fn each_trouble_of_the_store_has_its_own_next_step() {
        let dir = || "/srv/p".into();
        let cases = [
            (StoreError::InUse { dir: dir(), process: Some(7) }, "end the node"),
            (StoreError::NoLocks { path: dir(), source: ErrorKind::Unsupported.into() }, "local disk"),
            (StoreError::Newer { found: 2, reads: 1 }, "newer version"),
            (StoreError::WrongKey, "node.keys"),
            (StoreError::Corrupted("a page".into()), "parangon restore"),
            (StoreError::Row { table: "logs" }, "parangon restore"),
            (StoreError::DiskFull { dir: dir(), free: 1 }, "free space"),
            (StoreError::Disk(ErrorKind::PermissionDenied.into()), "user"),
            (StoreError::Disk(io::Error::other("broken")), "system's log"),
            (StoreError::Moved(dir()), "back where it was"),
            (StoreError::Recovering, "fault of the program"),
        ];
        for (error, expected) in cases {
            let text = error.to_string();
            let found = step(error);
            assert!(found.contains(expected), "{text}: {found}");
            assert!(text.contains("in use") || !found.contains("fork"), "only a second node is told of a fork: {text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_had_names_its_setting() {
        let listen = |kind: ErrorKind| NodeError::Listen { address: "127.0.0.1:80".into(), source: kind.into() };
        for (kind, expected) in [
            (ErrorKind::AddrInUse, "has the address"),
            (ErrorKind::AddrNotAvailable, "does not have"),
            (ErrorKind::PermissionDenied, "may not"),
        ] {
            let found = step(listen(kind));
            assert!(found.contains(expected) && found.contains("api.listen"), "{kind:?}: {found}");
        }
    }
}
