//! Which catalogues this node can read: the bundled one, and those that were imported.

use std::borrow::Cow;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::CatalogueId;

use super::{Context, Error};

/// The name under which the store keeps a catalogue's text.
fn document(reference: &CatalogueRef) -> String {
    format!("catalogue/{}", reference.hash)
}

/// The catalogue of exactly this content.
///
/// # Errors
/// [`Error::NotFound`] when it was never imported here.
pub fn by_reference(context: &Context, reference: &CatalogueRef) -> Result<Cow<'static, Catalogue>, Error> {
    let bundled = Catalogue::ecei();
    if bundled.reference() == *reference {
        return Ok(Cow::Borrowed(bundled));
    }
    let text = context.store().read()?.document(&document(reference))?;
    let text = text.ok_or_else(|| Error::missing("catalogue", &reference.id))?;
    match Catalogue::read(&text) {
        Ok(catalogue) if catalogue.reference() == *reference => Ok(Cow::Owned(catalogue)),
        _ => Err(Error::Damaged { what: "catalogue" }),
    }
}

/// The catalogue that the charter lists under this name, or its only one when none is named.
///
/// # Errors
/// [`Error::Field`] when the charter has no such catalogue, or several and none was named.
pub fn of_charter(context: &Context, id: Option<&CatalogueId>) -> Result<CatalogueRef, Error> {
    let listed = &context.charter().catalogues;
    let names = || listed.iter().map(|catalogue| catalogue.id.as_str()).collect::<Vec<_>>().join(", ");
    match (id, &listed[..]) {
        (Some(id), _) => {
            let found = context.charter().catalogue(id).cloned();
            found.ok_or_else(|| Error::field("/catalogue", format!("the charter lists {}", names())))
        }
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Error::field("/catalogue", format!("name one of {}", names()))),
    }
}
