//! The evidence of a dossier on its way in. The reviewer asks for a few parts at a time and for the next one with each that came,
//! so that little waits in the owner's outbox and a cut costs little. A dossier is shown when all of it is here, never before.

use parangon_protocol::assessment::Evidence;
use parangon_protocol::id::{AgencyId, EvidenceId, Hash};
use parangon_protocol::review::{Dossier, Message, PartContent, PartPlace, State};
use zeroize::Zeroizing;

use super::{Assigned, DossierKey, load, owner, review};
use crate::sealing::{self, FreshKey};
use crate::service::assessments::EvidenceFile;
use crate::service::{Context, Error, item, mail};
use crate::store::{ReadTx, Source, Tx, WriteTx};

/// The kind under which parts lie, sealed to the dossier's key as they arrived: destroying the key destroys them too.
const SEALED_PART: u8 = 14;

/// Parts under way at once: two megabytes.
const WINDOW: usize = 4;

/// Seconds without a part after which the missing ones are asked for again: the other side may have lost what it had queued.
const PATIENCE: u64 = 600;

/// Ids read at once.
const PAGE: usize = 512;

/// Which parts there are, in the order in which they are asked for.
fn places(dossier: &Dossier) -> Vec<PartPlace> {
    let of = |file: &Evidence| {
        let id = file.id.clone();
        let count = u32::try_from(file.parts.len()).unwrap_or(u32::MAX);
        (0..count).map(move |part| PartPlace { file: id.clone(), part })
    };
    dossier.assessment.files().flat_map(|(_, file)| of(file)).collect()
}

fn part_id(offer: &str, file: &EvidenceId, part: u32) -> String {
    format!("{offer}/{file}/{part:04}")
}

/// Names of the parts that are here.
fn held<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Vec<String>, Error> {
    let prefix = format!("{offer}/");
    let (mut found, mut after) = (Vec::new(), prefix.clone());
    loop {
        let page = tx.private_ids(SEALED_PART, Some(&after), PAGE)?;
        let ours = page.iter().take_while(|id| id.starts_with(&prefix)).cloned();
        let before = found.len();
        found.extend(ours);
        match found.last() {
            Some(last) if found.len() - before == PAGE => after.clone_from(last),
            _ => return Ok(found),
        }
    }
}

/// How many parts are here.
pub(super) fn received<S: Source>(tx: &Tx<S>, offer: &str) -> Result<u32, Error> {
    Ok(u32::try_from(held(tx, offer)?.len()).unwrap_or(u32::MAX))
}

/// The dossier came: the first parts are asked for.
pub(super) fn begin(context: &Context, tx: &mut WriteTx, assigned: &mut Assigned, dossier: &Dossier) -> Result<(), Error> {
    let places = places(dossier);
    assigned.parts = u32::try_from(places.len()).unwrap_or(u32::MAX);
    ask(context, tx, assigned, &places[..places.len().min(WINDOW)])
}

fn ask(context: &Context, tx: &mut WriteTx, assigned: &mut Assigned, places: &[PartPlace]) -> Result<(), Error> {
    if places.is_empty() {
        return Ok(());
    }
    assigned.asked += u32::try_from(places.len()).unwrap_or(u32::MAX);
    assigned.part_at = context.now();
    let message = Message::Fetch { offer: assigned.assignment.offer_hash(), places: places.to_vec() };
    mail::queue(context, tx, owner(assigned), &message)
}

/// A part came. What is not the dossier's is refused; what comes after the review changes nothing.
pub(crate) fn on_part(
    context: &Context,
    tx: &mut WriteTx,
    from: &AgencyId,
    offer: &Hash,
    place: &PartPlace,
    content: &PartContent,
    sealed: &[u8],
) -> Result<(), Error> {
    let id = offer.to_string();
    let mut assigned = load(tx, &id)?;
    if owner(&assigned) != from {
        return Err(Error::missing("review request", id));
    }
    if assigned.assignment.state() != State::DossierSent {
        return Ok(());
    }
    let dossier = review::unseal(tx, &id, &assigned)?;
    let file = dossier.assessment.files().map(|(_, file)| file).find(|file| file.id == place.file);
    if !file.is_some_and(|file| file.is_part(place.index(), content.as_bytes())) {
        return Err(Error::Message { rule: "a part that is not the dossier's" });
    }
    tx.put_private(SEALED_PART, &part_id(&id, &place.file, place.part), sealed)?;
    let next = places(&dossier).get(usize::try_from(assigned.asked).unwrap_or(usize::MAX)).cloned();
    assigned.part_at = context.now();
    ask(context, tx, &mut assigned, next.as_slice())?;
    item::put(tx, &id, &assigned)
}

/// Asks again for what is missing of dossiers of which nothing came for a while.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub(crate) fn resume(context: &Context) -> Result<(), Error> {
    let mut stuck = Vec::new();
    item::each::<Assigned, _>(&context.store().read()?, |id, assigned| {
        let waits = assigned.assignment.state() == State::DossierSent && assigned.parts > 0;
        if waits && context.now().since(assigned.part_at) >= PATIENCE {
            stuck.push(id);
        }
        Ok(())
    })?;
    for id in stuck {
        let asked = context.transact(|tx| {
            let mut assigned = load(tx, &id)?;
            let (dossier, held) = (review::unseal(tx, &id, &assigned)?, held(tx, &id)?);
            let all = places(&dossier);
            let missing: Vec<_> = all.iter().filter(|place| !held.contains(&part_id(&id, &place.file, place.part))).cloned().collect();
            // What was asked for and not missed any more counts as asked.
            let first = missing.first().and_then(|first| all.iter().position(|place| place == first)).unwrap_or(all.len());
            assigned.asked = u32::try_from(first).unwrap_or(u32::MAX);
            ask(context, tx, &mut assigned, &missing[..missing.len().min(WINDOW)])?;
            item::put(tx, &id, &assigned)
        });
        // One owner that cannot be asked holds up nobody else.
        if let Err(error) = asked {
            tracing::warn!(offer = %id, code = error.code(), "missing parts of a dossier could not be asked for");
        }
    }
    context.queued().notify_one();
    Ok(())
}

/// Deletes the parts of a dossier. Returns how many there were.
pub(super) fn forget(tx: &mut WriteTx, offer: &str) -> Result<u64, Error> {
    let held = held(tx, offer)?;
    for id in &held {
        tx.delete_private(SEALED_PART, id)?;
    }
    Ok(held.len() as u64)
}

/// A file of evidence of a dossier that is here whole.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::State`] before it arrived and after it was reviewed.
pub fn evidence(context: &Context, offer: &str, file: &str) -> Result<EvidenceFile, Error> {
    let tx = context.store().read()?;
    let dossier = review::open(&tx, offer)?;
    let found = dossier.assessment.files().map(|(_, known)| known).find(|known| known.id.as_str() == file);
    let file = found.ok_or_else(|| Error::missing("file of evidence", file))?.clone();
    Ok(EvidenceFile { content: content(&tx, offer, &file)?, file })
}

/// A dossier as a document, with its offer, and the files of it that are here whole.
pub(crate) type Opened = (String, serde_json::Value, Vec<(String, Zeroizing<Vec<u8>>)>);

/// Every dossier that can be opened, with its files once they are here.
pub(crate) fn dossiers(tx: &ReadTx) -> Result<Vec<Opened>, Error> {
    let mut found = Vec::new();
    item::each::<Assigned, _>(tx, |id, assigned| {
        if item::find::<DossierKey, _>(tx, &id)?.is_none() || tx.private(super::SEALED_DOSSIER, &id)?.is_none() {
            return Ok(());
        }
        let dossier = review::unseal(tx, &id, &assigned)?;
        let mut files = Vec::new();
        if assigned.parts(tx)?.is_none() {
            for (_, file) in dossier.assessment.files() {
                files.push((file.id.to_string(), content(tx, &id, file)?));
            }
        }
        let value = serde_json::to_value(&dossier).map_err(|_| Error::Damaged { what: "dossier" })?;
        found.push((id, value, files));
        Ok(())
    })?;
    Ok(found)
}

fn content<S: Source>(tx: &Tx<S>, offer: &str, file: &Evidence) -> Result<Zeroizing<Vec<u8>>, Error> {
    let damaged = || Error::Damaged { what: "file of evidence" };
    let key = item::find::<DossierKey, S>(tx, offer)?.ok_or_else(damaged)?;
    let key = FreshKey::from_secret_text(&Zeroizing::new(key.secret))?;
    let mut content = Zeroizing::new(Vec::new());
    for at in 0..u32::try_from(file.parts.len()).unwrap_or(u32::MAX) {
        let sealed = tx.private(SEALED_PART, &part_id(offer, &file.id, at))?.ok_or_else(damaged)?;
        match Message::decode(&sealing::open(key.identity(), &sealed)?)? {
            Message::Part { content: part, .. } => content.extend_from_slice(part.as_bytes()),
            _ => return Err(damaged()),
        }
    }
    Ok(content)
}
