//! Why there is no backup, or none that counts, and what to do about each reason.

use parangon_node::backup::BackupError;
use parangon_node::store::StoreError;

use crate::exit::Exit;
use crate::failure::Failure;

/// The failure with its next step, where there is one.
pub(crate) fn refused(error: BackupError) -> Failure {
    let (exit, step) = match &error {
        BackupError::NoRecipient(_) | BackupError::BadRecipient(_) => {
            (Exit::Conflict, "make it with the identity key: parangon backup recipient")
        }
        BackupError::OtherKeys(_) => {
            (Exit::Conflict, "if the keys were replaced while the node ran, restart it, then make the backup again")
        }
        BackupError::NotABackup => (Exit::Invalid, "name a file AGENCY-TIME.pgnbak; parangon backup list shows those of a directory"),
        BackupError::OtherKey => (
            Exit::Invalid,
            "use the identity key or the recovery sheet of the agency in the file's name, as they were when it was made; if they are, the \
             file is damaged",
        ),
        BackupError::Damaged(_) | BackupError::TooLarge { .. } | BackupError::Keys(_) => {
            (Exit::Invalid, "take another copy of this backup, or the one before it; nothing was changed")
        }
        BackupError::Newer { .. } | BackupError::Store(StoreError::Newer { .. }) => {
            (Exit::Invalid, "install the version of parangon that made it, or a newer one; nothing was changed")
        }
        BackupError::Inconsistent(_)
        | BackupError::Store(StoreError::Corrupted(_) | StoreError::Row { .. } | StoreError::Refused { .. }) => {
            (Exit::Invalid, "do not use it: take the backup before it, and find out who made this one; nothing was changed")
        }
        BackupError::Store(StoreError::InUse { .. }) => {
            (Exit::Failed, "a node runs on this directory: name its socket with --node, or stop it")
        }
        BackupError::DiskFull => (Exit::Failed, "free space or use another disk (TMPDIR for `backup check`); nothing was changed"),
        BackupError::Store(_) | BackupError::Random(_) | BackupError::File(_) | BackupError::Io(_) => {
            return Failure::failed(error);
        }
    };
    Failure::new(exit, error).next(step)
}
