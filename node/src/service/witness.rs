//! Witnessing logs outside the federation, as c2sp.org/tlog-witness says. Such a cosignature says that this node saw the
//! head, consistent with all it saw before; it never counts towards a quorum, and its key is not the members' witness key.

use parangon_protocol::id::{AgencyId, Fingerprint, LogId};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::log::VerifierKey;
use parangon_protocol::log::note::Algorithm;
use parangon_protocol::log::tlog_witness::{self, AddCheckpoint, Admitted, Refusal, Seen};

use super::{Context, Error};
use crate::store::{Source, StoreError, Tx};

/// Name of the rows: the newest head that was cosigned, by the log's origin.
const SEEN: &str = "tlog-witness/";

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// What was asked for may not be cosigned. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was cosigned before is not known for certain: the store was restored or copied.
    #[error("this node is recovering and signs nothing")]
    Recovering,
    /// The node could not do it.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A witness for logs outside the federation.
#[derive(Debug)]
pub struct Witness {
    key: SecretKey,
    name: String,
    logs: Vec<VerifierKey>,
}

/// The name under which an agency cosigns the heads of logs outside the federation.
#[must_use]
pub fn outside_name(federation: &Fingerprint, agency: &AgencyId) -> String {
    format!("parangon/{federation}/{agency}/outside-witness")
}

/// What others have to know of us: the keys of our log, and of our cosignatures on their heads, in C2SP form.
///
/// # Panics
/// Never: origins and names of ours are key names.
#[must_use]
pub fn keys(context: &Context) -> [VerifierKey; 2] {
    let key = |name: &str, algorithm, key: SecretKey| VerifierKey::new(name, algorithm, key.public()).expect("a key name");
    let federation = context.federation();
    let log = context.own_log();
    let epoch = context.engine().overview().logs.get(&log).map_or(1, |held| held.epoch);
    [
        key(&LogId { epoch, ..log }.origin(federation), Algorithm::Ed25519, context.keys().log_key()),
        key(&outside_name(federation, context.me()), Algorithm::Cosignature, context.keys().outside_witness_key()),
    ]
}

impl Witness {
    /// A witness for `logs`. Logs of this federation are left out: their heads are cosigned by members that replay them,
    /// with another key.
    #[must_use]
    pub fn new(context: &Context, logs: &[VerifierKey]) -> Self {
        let federation = context.federation();
        let (own, logs): (Vec<_>, Vec<_>) = logs.iter().cloned().partition(|key| LogId::from_origin(key.name(), federation).is_ok());
        for key in own {
            tracing::warn!(origin = key.name(), "witness.logs names a log of this federation: it is not witnessed over HTTP");
        }
        Self { key: context.keys().outside_witness_key(), name: outside_name(federation, context.me()), logs }
    }

    /// Decides on a request; the answer is a cosignature line. Blocks: what it rests on is on disk when it returns.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn add_checkpoint(&self, context: &Context, request: &str) -> Result<String, WitnessError> {
        let admitted = tlog_witness::admit(request.parse::<AddCheckpoint>()?, &self.logs)?;
        if context.store().is_recovering() {
            return Err(WitnessError::Recovering);
        }
        let row = format!("{SEEN}{}", admitted.origin());
        // A refusal and a repetition cost no write.
        let store = context.store();
        let seen = last(&store.read().map_err(Error::from)?, &row).map_err(Error::from)?;
        if decide(&admitted, seen.as_ref())? != seen {
            // Whoever came in between was written first, and is seen here.
            let decided = store.write(|tx| {
                let next = admitted.follows(last(tx, &row)?.as_ref());
                if let Ok(next) = &next {
                    tx.put_document(&row, &serde_json::to_vec(next).expect("integers and hex have a JSON form"))?;
                }
                Ok(next)
            });
            decided.map_err(Error::from)??;
        }
        Ok(format!("{}\n", admitted.cosign(&self.key, &self.name, context.now())))
    }
}

fn decide(admitted: &Admitted, seen: Option<&Seen>) -> Result<Option<Seen>, Refusal> {
    admitted.follows(seen).map(Some)
}

fn last<S: Source>(tx: &Tx<S>, row: &str) -> Result<Option<Seen>, StoreError> {
    let Some(bytes) = tx.document(row)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| StoreError::Row { table: "documents" })
}
