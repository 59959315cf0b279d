//! What others show us of their anchors: by when a statement existed that came to us.

use parangon_protocol::anchor::{AnchorError, Dated};
use parangon_protocol::check::CheckError;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::bundle::BundleError;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::service::item::{self, Item};
use crate::service::{Context, Error, inbox, offers};
use crate::store::{Source, Tx, WriteTx};

/// When a statement of another agency existed. Named by its hash.
#[derive(Serialize, Deserialize)]
pub(super) struct Witnessed {
    pub(super) about: Hash,
    existed_by: Timestamp,
}

impl Item for Witnessed {
    const KIND: u8 = 19;
    const WHAT: &'static str = "date of a statement";
}

/// By when a statement that came to us existed, as its author's witnesses vouch; none where nothing was shown.
pub(crate) fn existed_by<S: Source>(tx: &Tx<S>, statement: &Hash) -> Result<Option<Timestamp>, Error> {
    Ok(item::find::<Witnessed, S>(tx, &statement.to_string())?.map(|witnessed| witnessed.existed_by))
}

/// Another agency shows a date. One of a statement that we do not have says nothing here, and the answer does not tell whether we do.
pub(crate) fn on_dated(context: &Context, tx: &mut WriteTx, from: &AgencyId, dated: &Dated, about: &Hash) -> Result<(), Error> {
    let date = match dated.check(&context.engine().book(), from) {
        Ok(date) => date,
        Err(AnchorError::Unproven(BundleError::Check(CheckError::UnknownKey(log)))) => return Err(Error::KeysUnknown(log.agency)),
        Err(error) => {
            // It dates nothing, and is no reason to take nothing more about this offer.
            tracing::warn!(agency = %from, %error, "the date of a statement does not hold");
            return Ok(());
        }
    };
    let known = offers::said_by(tx, about, from)?.into_iter().chain(inbox::said_by(tx, about, from)?);
    let id = date.statement().to_string();
    if known.into_iter().any(|statement| statement == *date.statement()) && existed_by(tx, date.statement())?.is_none() {
        item::put(tx, &id, &Witnessed { about: *about, existed_by: date.existed_by() })?;
    }
    Ok(())
}
