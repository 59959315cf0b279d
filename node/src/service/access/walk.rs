//! Every text of every private item, with its place.

use serde_json::Value;

use super::PlaceView;
use super::kinds::{self, Kind};
use super::text::Needle;
use crate::service::assessments::{self, Sheet};
use crate::service::item::{self, Item};
use crate::service::{Context, Error, inbox, tokens};
use crate::store::ReadTx;

/// Kinds that hold bytes instead of a document: parts of evidence here, dossiers and their parts as they came. They are looked into
/// through the assessment, or the request, that they belong to.
const BYTES: [u8; 3] = [7, 13, 14];

/// The kind of dossiers.
const DOSSIER: u8 = 7;

/// Ids read at once.
const PAGE: usize = 256;

/// Hands every text of a document to `each`, with its JSON pointer.
pub(super) fn texts(value: &Value, pointer: &mut String, each: &mut impl FnMut(&str, &str)) {
    let mut below = |step: &str, value: &Value| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        texts(value, pointer, each);
        pointer.truncate(length);
    };
    match value {
        Value::String(text) => each(pointer, text),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        _ => {}
    }
}

/// Whether a text of this item is under no signature and no commitment.
pub(super) fn is_free(kind: &Kind, item: &Value, pointer: &str) -> bool {
    let frozen = kind.kind == Sheet::KIND && item.get("offer").is_some_and(|offer| !offer.is_null());
    !frozen && kind.free.iter().any(|pattern| kinds::fits(pattern, pointer))
}

/// Every private item that is a document.
pub(super) fn documents(tx: &ReadTx, mut each: impl FnMut(u8, &str, Value) -> Result<(), Error>) -> Result<(), Error> {
    for kind in (0..=u8::MAX).filter(|kind| !BYTES.contains(kind)) {
        let mut after: Option<String> = None;
        loop {
            let ids = tx.private_ids(kind, after.as_deref(), PAGE)?;
            let Some(last) = ids.last().cloned() else { break };
            for id in ids {
                let Some(bytes) = tx.private(kind, &id)? else { continue };
                if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
                    each(kind, &id, value)?;
                }
            }
            after = Some(last);
        }
    }
    Ok(())
}

/// Every place where it stands.
pub(super) fn places(context: &Context, tx: &ReadTx, needle: &Needle) -> Result<Vec<PlaceView>, Error> {
    let mut places = Vec::new();
    documents(tx, |kind, id, value| {
        in_document(kind, id, &value, needle, &mut places);
        Ok(())
    })?;
    item::each::<Sheet, _>(tx, |id, sheet| {
        for (_, file) in sheet.assessment.files() {
            if needle.is_in(&assessments::content(tx, &id, file)?) {
                let whole = match sheet.offer {
                    Some(_) => kinds::of(Sheet::KIND).map(|kind| kind.whole.to_owned()),
                    None => Some(format!("remove the file: parangon assess detach {id} {}", file.id)),
                };
                places.push(in_file(Sheet::KIND, &id, file.id.as_str(), whole));
            }
        }
        Ok(())
    })?;
    for (id, value, files) in inbox::dossiers(tx)? {
        in_document(DOSSIER, &id, &value, needle, &mut places);
        let whole = || kinds::of(DOSSIER).map(|kind| kind.whole.to_owned());
        places.extend(files.iter().filter(|(_, content)| needle.is_in(content)).map(|(file, _)| in_file(DOSSIER, &id, file, whole())));
    }
    for token in tokens::list(context)? {
        if let Some(excerpt) = needle.excerpt(&token.name) {
            let whole = Some(format!("revoke it: parangon token revoke {}", token.id));
            places.push(PlaceView { kind: 0, what: "token".into(), id: token.id, field: "/name".into(), excerpt, free: false, whole });
        }
    }
    Ok(places)
}

fn in_file(kind: u8, id: &str, file: &str, whole: Option<String>) -> PlaceView {
    let what = kinds::of(kind).map_or_else(String::new, |known| known.what.to_owned());
    let excerpt = "stands in the content of the file".to_owned();
    PlaceView { kind, what, id: id.to_owned(), field: format!("/evidence/{file}"), excerpt, free: false, whole }
}

fn in_document(kind: u8, id: &str, value: &Value, needle: &Needle, places: &mut Vec<PlaceView>) {
    let known = kinds::of(kind);
    texts(value, &mut String::new(), &mut |pointer, text| {
        let Some(excerpt) = needle.excerpt(text) else { return };
        let free = known.is_some_and(|known| is_free(known, value, pointer));
        let whole = known.map_or("delete it with the command that made it", |known| known.whole);
        places.push(PlaceView {
            kind,
            what: known.map_or_else(|| format!("item of kind {kind}"), |known| known.what.to_owned()),
            id: id.to_owned(),
            field: pointer.to_owned(),
            excerpt,
            free,
            whole: (!free).then(|| whole.to_owned()),
        });
    });
}
