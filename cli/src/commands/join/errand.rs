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
    /// The other node's, since it was first told: it is not told ours before this is on disk.
    host: Option<Hash>,
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
    host: Option<Hash>,
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
                Ok(Self { invitation, nonce: Hash(nonce), host: None, begun: false, compared: false })
            }
        }
    }

    fn stored(dir: &Path) -> Result<Option<Self>, Failure> {
        let path = dir.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let text = Zeroizing::new(file::read(&path).map_err(Failure::failed)?);
        let damaged = |_| Failure::invalid(format!("{} is damaged", path.display())).next("delete it, and ask for a new invite");
        let Stored { invitation, nonce, host, compared } = serde_json::from_slice(&text).map_err(damaged)?;
        Ok(Some(Self { invitation, nonce, host, begun: true, compared }))
    }

    /// Writes it down.
    pub(super) fn save(&mut self, dir: &Path) -> Result<(), Failure> {
        let stored = Stored { invitation: self.invitation.clone(), nonce: self.nonce, host: self.host, compared: self.compared };
        let text = Zeroizing::new(serde_json::to_vec(&stored).map_err(Failure::failed)?);
        let path = dir.join(NAME);
        let write = if path.exists() { file::replace } else { file::write_new };
        write(&path, &text).map_err(Failure::failed)?;
        self.begun = true;
        Ok(())
    }

    /// Takes the other node's nonce. It has one, whenever it is asked.
    pub(super) fn met(&mut self, host: Hash, dir: &Path) -> Result<(), Failure> {
        match self.host {
            Some(known) if known == host => Ok(()),
            Some(_) => {
                let agency = &self.invitation.agency;
                let text = format!("the node of {agency} answers otherwise than before: somebody stands in between");
                Err(Failure::new(Exit::Refused, text).next(format!("telephone {agency}, and ask for a new invite by another way")))
            }
            None => {
                self.host = Some(host);
                self.save(dir)
            }
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use parangon_protocol::id::Fingerprint;
    use parangon_protocol::invitation::Secret;
    use parangon_protocol::keys::SecretKey;

    use super::*;

    fn invite() -> String {
        let invitation = Invitation {
            agency: "oslo".parse().expect("slug"),
            to: "bergen".parse().expect("name"),
            federation: Fingerprint(Hash([7; 32])),
            expires: "2999-01-01T00:00:00Z".parse().expect("time"),
            transport: SecretKey::from_seed(&[1; 32]).public(),
            addresses: vec!["/ip4/127.0.0.1/tcp/1".to_owned()],
            secret: Secret::new([2; 32]),
        };
        invitation.to_text().expect("text").to_string()
    }

    /// A host that may choose its nonce after it knows ours chooses the words, too: in this run or in a later one.
    #[test]
    fn the_other_nodes_nonce_is_fixed_before_ours_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut errand = Errand::of(Some(&invite()), dir.path()).expect("an invite");
        errand.met(Hash([3; 32]), dir.path()).expect("the first");
        let mode = std::fs::metadata(dir.path().join(NAME)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for given in [None, Some(invite())] {
            let mut again = Errand::of(given.as_deref(), dir.path()).expect("under way");
            assert!(again.begun && again.nonce == errand.nonce);
            again.met(Hash([3; 32]), dir.path()).expect("the same");
            let failure = again.met(Hash([4; 32]), dir.path()).expect_err("another one");
            assert_eq!(failure.exit, Exit::Refused);
        }
        Errand::done(dir.path());
        assert!(Errand::of(None, dir.path()).is_err());
    }
}
