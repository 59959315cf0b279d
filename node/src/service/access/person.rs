//! Taking a name out of free texts.

use parangon_protocol::id::Name;
use parangon_protocol::limits;
use serde_json::Value;

use super::kinds;
use super::text::Needle;
use super::walk::{is_free, places, texts};
use super::{ErasedPersonView, Unwanted, needle};
use crate::service::assessments::Sheet;
use crate::service::item::Item;
use crate::service::{Context, Error, erasure};

/// Puts `[erased]` where the text stands in free texts, and says what goes only as a whole.
///
/// # Errors
/// [`Error::Field`] for a text that is too short or too long, or is not confirmed; [`Error::Store`].
pub fn erase(context: &Context, unwanted: &Unwanted) -> Result<ErasedPersonView, Error> {
    let needle = needle(&unwanted.text)?;
    if !unwanted.dry_run && unwanted.confirm.as_deref().map(str::trim) != Some(unwanted.text.trim()) {
        return Err(Error::field("/confirm", "not the same text; nothing was changed"));
    }
    let found = places(context, &context.store().read()?, &needle)?;
    let (erased, mut left): (Vec<_>, Vec<_>) = found.into_iter().partition(|place| place.free);
    if unwanted.dry_run {
        return Ok(ErasedPersonView { dry_run: true, erased, left });
    }
    let mut items: Vec<(u8, String)> = erased.iter().map(|place| (place.kind, place.id.clone())).collect();
    items.dedup();
    let mut count = 0;
    for (kind, id) in items {
        count += u64::from(in_item(context, kind, &id, &needle)?);
    }
    if count > 0 {
        context.counters().count_erased("person", count);
        tracing::info!(items = count, "a text was taken out of items");
        context.erasing().notify_one();
    }
    // What was too long to be changed, or was frozen meanwhile.
    let after = places(context, &context.store().read()?, &needle)?;
    left = after;
    let erased = erased.into_iter().filter(|place| !left.iter().any(|kept| same(place, kept))).collect();
    Ok(ErasedPersonView { dry_run: false, erased, left })
}

fn same(one: &super::PlaceView, other: &super::PlaceView) -> bool {
    (one.kind, &one.id, &one.field) == (other.kind, &other.id, &other.field)
}

/// One item in one transaction, as it is now. True when it was changed.
fn in_item(context: &Context, kind: u8, id: &str, needle: &Needle) -> Result<bool, Error> {
    let Some(known) = kinds::of(kind) else { return Ok(false) };
    let now = context.now();
    context.transact(|tx| {
        let Some(bytes) = tx.private(kind, id)? else { return Ok(false) };
        let damaged = || Error::Damaged { what: known.what };
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let mut changes = Vec::new();
        texts(&value, &mut String::new(), &mut |pointer, text| {
            let new = needle.erased(text).filter(|new| is_free(known, &value, pointer) && fits(pointer, new));
            changes.extend(new.map(|new| (pointer.to_owned(), new)));
        });
        if changes.is_empty() {
            return Ok(false);
        }
        for (pointer, new) in changes {
            *value.pointer_mut(&pointer).ok_or_else(damaged)? = Value::String(new);
        }
        if kind == Sheet::KIND {
            // Whoever has the assessment open sees that it changed.
            let version = value["version"].as_u64().ok_or_else(damaged)?;
            value["version"] = version.saturating_add(1).into();
            value["changed"] = serde_json::to_value(now).map_err(|_| damaged())?;
        }
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&value).map_err(|_| damaged())?);
        tx.put_private(kind, id, &bytes)?;
        erasure::owe(tx, true)?;
        Ok(true)
    })
}

/// Whether a text may stand there: names are shorter than other texts.
fn fits(pointer: &str, text: &str) -> bool {
    let is_name = pointer.ends_with("/name") || pointer == "/to";
    if is_name { text.parse::<Name>().is_ok() } else { text.chars().count() <= limits::TEXT_CHARS }
}
