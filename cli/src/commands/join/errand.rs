//! The invite that is being used, and the nonce that binds it to this directory, on disk before the node hears of them.

use std::io::Read;
use std::path::Path;

use parangon_node::keystore::{file, random};
use parangon_protocol::id::Hash;
use parangon_protocol::invitation::Invitation;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::commands::key::now;
use crate::exit::Exit;
use crate::failure::Failure;

/// Its file in the data directory. It lets whoever has it speak as the invited agency, so it is private like keys.
const NAME: &str = "invitation.json";

/// Bytes of an invite with line breaks, and of the file.
const BYTES: u64 = 64 * 1024;

/// What this directory is about to do with an invite.
pub(super) struct Errand {
    /// The invite.
    pub(super) invitation: Invitation,
    /// Ours. Its commitment is the invite's for good once it was sent.
    pub(super) nonce: Hash,
    /// The rules were accepted.
    pub(super) begun: bool,
    /// The check words were compared.
    pub(super) compared: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    invitation: Invitation,
    nonce: Hash,
    compared: bool,
}

impl Errand {
    /// With the invite that was given, or the one that is under way in `dir`.
    pub(super) fn of(given: Option<&str>, dir: &Path) -> Result<Self, Failure> {
        let stored = Self::stored(dir)?;
        let given = match given {
            Some("-") => {
                let mut text = Zeroizing::new(String::new());
                std::io::stdin().lock().take(BYTES).read_to_string(&mut text).map_err(Failure::failed)?;
                Some(text)
            }
            Some(text) => Some(Zeroizing::new(text.to_owned())),
            None => None,
        };
        let invitation = match given {
            Some(text) => {
                let read =
                    Invitation::read(&text).map_err(|error| Failure::invalid(error).next("copy the whole line that you were sent"))?;
                Some(read)
            }
            None => None,
        };
        match (invitation, stored) {
            (None, None) => {
                Err(Failure::usage("no invite is under way in this directory").next("parangon join pgn1-…, the line that a member sent"))
            }
            (None, Some(stored)) => Ok(stored),
            (Some(given), Some(stored)) if given == stored.invitation => Ok(stored),
            (Some(invitation), _) => {
                if invitation.expires < now() {
                    let text = format!("the invite of {} had to be used until {}", invitation.agency, invitation.expires);
                    return Err(Failure::new(Exit::Refused, text).next(format!("ask {} for a new one", invitation.agency)));
                }
                let mut nonce = [0; 32];
                random::system(&mut nonce).map_err(Failure::failed)?;
                Ok(Self { invitation, nonce: Hash(nonce), begun: false, compared: false })
            }
        }
    }

    fn stored(dir: &Path) -> Result<Option<Self>, Failure> {
        let path = dir.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let text = Zeroizing::new(file::read(&path).map_err(Failure::failed)?);
        let damaged = |_| Failure::invalid(format!("{} is damaged", path.display())).next("delete it, and use the invite again");
        let Stored { invitation, nonce, compared } = serde_json::from_slice(&text).map_err(damaged)?;
        Ok(Some(Self { invitation, nonce, begun: true, compared }))
    }

    /// Writes it down.
    pub(super) fn save(&mut self, dir: &Path) -> Result<(), Failure> {
        let stored = Stored { invitation: self.invitation.clone(), nonce: self.nonce, compared: self.compared };
        let text = Zeroizing::new(serde_json::to_vec(&stored).map_err(Failure::failed)?);
        let path = dir.join(NAME);
        let write = if path.exists() { file::replace } else { file::write_new };
        write(&path, &text).map_err(Failure::failed)?;
        self.begun = true;
        Ok(())
    }

    /// Remembers that the words were compared.
    pub(super) fn compared(&mut self, dir: &Path) -> Result<(), Failure> {
        self.compared = true;
        self.save(dir)
    }

    /// The invite has done its work.
    pub(super) fn done(dir: &Path) {
        // What stays lets nobody in any more.
        let _ = std::fs::remove_file(dir.join(NAME));
    }
}
