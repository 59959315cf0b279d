//! The Bitstring Status List of our labels: for programs that know credentials and nothing of our logs (decision 025).

use parangon_protocol::label::LabelId;
use parangon_protocol::label::credential::StatusListSheet;
use parangon_protocol::label::status::{Bitstring, State};
use parangon_protocol::record::Record;

use crate::engine::RegisterRow;
use crate::service::{Context, Error, reactor};
use crate::store::{ReadTx, StoreError};

/// Rows of the register in one read.
const PAGE: usize = 1024;

/// The signed list as it was stated last: the same bytes until the next status.
///
/// # Errors
/// [`Error::State`] while what became of a label is not stated in the log yet, or nothing was ever stated.
pub fn status_list(context: &Context) -> Result<String, Error> {
    let tx = context.store().read()?;
    let labels = own(context, &tx)?;
    let states = labels.iter().map(|(id, _, state)| (*id, *state)).collect();
    let unstated = || Error::State {
        what: "status list",
        state: "not stated yet".into(),
        needed: "a status record of our labels, which follows by itself",
    };
    let stated = reactor::stated(&tx, &states)?.ok_or_else(unstated)?;
    let (charter, key) = (context.chain().newest().clone(), context.issue_key());
    let sheet = StatusListSheet {
        federation: *context.federation(),
        demonstration: charter.demonstration,
        owner: context.me().clone(),
        owner_name: charter.member(context.me()).map_or(context.me().as_str(), |member| member.name.as_str()).into(),
        stated,
        list: Bitstring::new(labels.iter().map(|(_, place, state)| (*place, *state))),
    };
    let proof = sheet.sign(&key);
    Ok(sheet.to_json(&key.public(), &proof))
}

/// Our labels with their places and what became of them.
fn own(context: &Context, tx: &ReadTx) -> Result<Vec<(LabelId, u32, State)>, Error> {
    let (log, mut after, mut labels) = (context.own_log(), None, Vec::new());
    loop {
        let page = tx.labels(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(labels) };
        after = Some(*last);
        for (_, bytes) in &page {
            let row = RegisterRow::parse(bytes)?.label;
            if row.log != log {
                continue;
            }
            let record = tx.record(&log, row.index)?.ok_or(StoreError::NoRecord { index: row.index })?;
            let Ok(Record::Label(label)) = Record::read(&record) else { return Err(Error::Damaged { what: "label" }) };
            labels.push((row.id, label.status_index, row.state));
        }
    }
}
