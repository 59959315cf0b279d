//! Which catalogues this node can read: the bundled ones, and those that were imported; and their translations.
//!
//! A catalogue's text is public and opaque to the store. It lies under its hash, so an imported one can replace nothing.

mod choice;

use std::borrow::Cow;

use parangon_protocol::catalogue::{Catalogue, Translation};
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::{CatalogueId, Hash};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use choice::{Sought, choose};

use super::{Context, Error};
use crate::store::{Source, Tx};

const CATALOGUES: &str = "catalogue/";
const TRANSLATIONS: &str = "translation/";

/// A catalogue as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CatalogueView {
    /// Its id, such as `ecei-2026`.
    pub id: String,
    /// SHA-256 of its canonical text: what assessments, reviews, labels and releases name.
    pub hash: String,
    /// The label system that it belongs to.
    pub scheme: String,
    /// Its version, as its author counts.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Indicators.
    pub indicators: usize,
    /// Sum of all indicators' maxima; zero for a questionnaire.
    pub max_points: u32,
    /// Answers are collected, not scored.
    pub questionnaire: bool,
    /// It came with the program.
    pub bundled: bool,
    /// The charter in effect lists exactly this one: assessments may use it.
    pub in_charter: bool,
    /// Its translations here.
    pub translations: Vec<TranslationView>,
}

/// A translation of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TranslationView {
    /// BCP 47.
    pub language: String,
    /// Somebody who answers for it has read it.
    pub approved: bool,
    /// Texts that it has.
    pub translated: usize,
    /// Texts that the catalogue has.
    pub total: usize,
}

/// A catalogue with all its words, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CatalogueText {
    /// What lists show of it.
    #[serde(flatten)]
    pub catalogue: CatalogueView,
    /// What its author says about it, such as which numbers are assumptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The translation that these words come from; absent for the catalogue's own language. What it does not have
    /// stands in the catalogue's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<TranslationView>,
    /// Its dimensions with their indicators, in the file's order.
    pub dimensions: Vec<DimensionText>,
}

/// A dimension in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DimensionText {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its indicators.
    pub indicators: Vec<IndicatorText>,
}

/// An indicator in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndicatorText {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
    /// Level 0 to 4.
    pub levels: Vec<LevelText>,
    /// The level that labels with minimums ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u8>,
}

/// A level of an indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelText {
    /// Points that it earns.
    pub points: u32,
    /// What it means, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What an import brought, or would bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportedCatalogue {
    /// The catalogue, or the one that the translation is of.
    pub catalogue: CatalogueView,
    /// Its language, for a translation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether this very text was here before.
    pub known: bool,
    /// Whether it was saved.
    pub saved: bool,
}

fn document(hash: &Hash) -> String {
    format!("{CATALOGUES}{hash}")
}

fn translation_name(hash: &Hash, language: &str) -> String {
    format!("{TRANSLATIONS}{hash}/{}", language.to_ascii_lowercase())
}

/// The catalogue of exactly this content.
///
/// # Errors
/// [`Error::NotFound`] when it was never imported here.
pub fn by_reference(context: &Context, reference: &CatalogueRef) -> Result<Cow<'static, Catalogue>, Error> {
    match by_hash(&context.store().read()?, &reference.hash)? {
        Some(catalogue) if catalogue.reference() == *reference => Ok(catalogue),
        _ => Err(Error::missing("catalogue", &reference.id)),
    }
}

fn by_hash<S: Source>(tx: &Tx<S>, hash: &Hash) -> Result<Option<Cow<'static, Catalogue>>, Error> {
    if let Some(bundled) = Catalogue::bundled().into_iter().find(|catalogue| catalogue.hash() == *hash) {
        return Ok(Some(Cow::Borrowed(bundled)));
    }
    let Some(text) = tx.document(&document(hash))? else { return Ok(None) };
    match Catalogue::read(&text) {
        Ok(catalogue) if catalogue.hash() == *hash => Ok(Some(Cow::Owned(catalogue))),
        _ => Err(Error::Damaged { what: "catalogue" }),
    }
}

/// The catalogue of the charter that figures are asked for: the one that is named, else the only one that gives points.
///
/// # Errors
/// [`Error::Field`] when it has no such, or several; [`Error::NotFound`] for one that was never imported here.
pub fn of_figures(context: &Context, named: Option<&str>) -> Result<CatalogueRef, Error> {
    let charter = context.charter();
    let mut fitting = Vec::new();
    for listed in &charter.catalogues {
        let fits = match named {
            Some(name) => listed.id.as_str() == name,
            None => charter.catalogues.len() == 1 || by_reference(context, listed)?.gives_points(),
        };
        fitting.extend(fits.then_some(listed));
    }
    match &fitting[..] {
        [only] => Ok((*only).clone()),
        _ => {
            let names: Vec<_> = charter.catalogues.iter().map(|catalogue| catalogue.id.as_str()).collect();
            Err(Error::field("/catalogue", format!("name one of {}", names.join(", "))))
        }
    }
}

/// Every catalogue that is here: those of the charter first, then by id and hash.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<CatalogueView>, Error> {
    let tx = context.store().read()?;
    let mut views = all(&tx)?.iter().map(|catalogue| view(context, &tx, catalogue)).collect::<Result<Vec<_>, _>>()?;
    views.sort_by(|a, b| (!a.in_charter, &a.id, &a.hash).cmp(&(!b.in_charter, &b.id, &b.hash)));
    Ok(views)
}

fn all<S: Source>(tx: &Tx<S>) -> Result<Vec<Cow<'static, Catalogue>>, Error> {
    let mut found: Vec<_> = Catalogue::bundled().into_iter().map(Cow::Borrowed).collect();
    for name in tx.document_names(CATALOGUES)? {
        let hash = name[CATALOGUES.len()..].parse().map_err(|_| Error::Damaged { what: "catalogue" })?;
        if found.iter().all(|known| known.hash() != hash) {
            found.extend(by_hash(tx, &hash)?);
        }
    }
    Ok(found)
}

fn translations<S: Source>(tx: &Tx<S>, catalogue: &Catalogue) -> Result<Vec<Translation>, Error> {
    let names = tx.document_names(&translation_name(&catalogue.hash(), ""))?;
    names.iter().map(|name| read_translation(tx, name, catalogue)).filter_map(Result::transpose).collect()
}

fn read_translation<S: Source>(tx: &Tx<S>, name: &str, catalogue: &Catalogue) -> Result<Option<Translation>, Error> {
    let Some(text) = tx.document(name)? else { return Ok(None) };
    let read = Translation::read(&text).ok().filter(|read| read.check(catalogue).is_ok());
    read.map(Some).ok_or(Error::Damaged { what: "translation" })
}

fn view<S: Source>(context: &Context, tx: &Tx<S>, catalogue: &Catalogue) -> Result<CatalogueView, Error> {
    let translations = translations(tx, catalogue)?;
    Ok(CatalogueView {
        id: catalogue.id.to_string(),
        hash: catalogue.hash().to_string(),
        scheme: catalogue.scheme.to_string(),
        version: catalogue.version,
        title: catalogue.title.to_string(),
        indicators: catalogue.indicators.len(),
        max_points: catalogue.max_points,
        questionnaire: catalogue.questionnaire,
        bundled: Catalogue::bundled().iter().any(|bundled| bundled.hash() == catalogue.hash()),
        in_charter: context.charter().catalogue(&catalogue.id).is_some_and(|listed| listed.hash == catalogue.hash()),
        translations: translations.iter().map(|translation| translation_view(translation, catalogue)).collect(),
    })
}

fn translation_view(translation: &Translation, catalogue: &Catalogue) -> TranslationView {
    let (translated, total) = translation.coverage(catalogue);
    TranslationView { language: translation.language.clone(), approved: translation.approved, translated, total }
}

/// The catalogue of this id or hash. Of several with one id it is the charter's.
fn find<S: Source>(context: &Context, tx: &Tx<S>, name: &str) -> Result<Cow<'static, Catalogue>, Error> {
    let missing = || Error::missing("catalogue", name);
    if let Ok(hash) = name.parse::<Hash>() {
        return by_hash(tx, &hash)?.ok_or_else(missing);
    }
    let mut named: Vec<_> = all(tx)?.into_iter().filter(|catalogue| catalogue.id.as_str() == name).collect();
    let listed = name.parse::<CatalogueId>().ok().and_then(|id| context.charter().catalogue(&id).cloned());
    if let Some(at) = listed.and_then(|listed| named.iter().position(|catalogue| catalogue.hash() == listed.hash)) {
        return Ok(named.swap_remove(at));
    }
    match (named.pop(), named.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), others) => {
            let state = format!("there {} times with another content each", others + 1);
            Err(Error::State { what: "catalogue", state, needed: "name the one that is meant by its hash" })
        }
        (None, _) => Err(missing()),
    }
}

/// The translation of a catalogue into `language`.
pub(crate) fn translation<S: Source>(tx: &Tx<S>, catalogue: &Catalogue, language: &str) -> Result<Translation, Error> {
    let found = read_translation(tx, &translation_name(&catalogue.hash(), language), catalogue)?;
    found.ok_or_else(|| Error::missing("translation of this catalogue into", language))
}

/// A catalogue with all its words, in its own language or in `language`.
///
/// # Errors
/// [`Error::NotFound`] for catalogue or translation, [`Error::State`] for an id that several have.
pub fn show(context: &Context, name: &str, language: Option<&str>) -> Result<CatalogueText, Error> {
    let tx = context.store().read()?;
    let catalogue = find(context, &tx, name)?;
    let translation = language.map(|language| translation(&tx, &catalogue, language)).transpose()?;
    let translated = translation.as_ref();
    let dimension = |dimension: &parangon_protocol::catalogue::Dimension| DimensionText {
        code: dimension.code.to_string(),
        name: translated.and_then(|t| t.dimensions.get(&dimension.code)).unwrap_or(&dimension.name).to_string(),
        indicators: catalogue.indicators.iter().filter(|i| i.dimension == dimension.code).map(|i| indicator(i, translated)).collect(),
    };
    let mut catalogue_view = view(context, &tx, &catalogue)?;
    if let Some(title) = translated.and_then(|translation| translation.title.as_ref()) {
        catalogue_view.title = title.to_string();
    }
    Ok(CatalogueText {
        catalogue: catalogue_view,
        note: catalogue.note.clone(),
        language: translated.map(|translation| translation_view(translation, &catalogue)),
        dimensions: catalogue.dimensions.iter().map(dimension).collect(),
    })
}

fn indicator(indicator: &parangon_protocol::catalogue::Indicator, translation: Option<&Translation>) -> IndicatorText {
    let words = translation.map_or_else(|| indicator.words(), |translation| translation.words(indicator));
    let level = |(at, points): (usize, &u32)| LevelText { points: *points, text: words.texts.as_ref().map(|texts| texts[at].to_string()) };
    IndicatorText {
        code: indicator.code.to_string(),
        name: words.name.as_ref().unwrap_or(&indicator.name).to_string(),
        asks: words.asks.as_ref().map(ToString::to_string),
        levels: indicator.levels.iter().enumerate().map(level).collect(),
        minimum: indicator.minimum,
    }
}

/// The canonical text of a catalogue, to hand on.
///
/// # Errors
/// As [`show`].
pub fn file(context: &Context, name: &str) -> Result<Vec<u8>, Error> {
    Ok(find(context, &context.store().read()?, name)?.to_text())
}

/// Takes a catalogue or a translation in. A translation replaces the one of its language; a catalogue replaces nothing,
/// whatever its id is.
///
/// # Errors
/// [`Error::Catalogue`] or [`Error::Translation`] with what is wrong with the file, [`Error::NotFound`] when the
/// translation's catalogue is not here.
pub fn import(context: &Context, bytes: &[u8], dry_run: bool) -> Result<ImportedCatalogue, Error> {
    match Translation::read(bytes) {
        Ok(translation) => import_translation(context, &translation, bytes, dry_run),
        // Of the two kinds of files only a translation names a catalogue.
        Err(error) if serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|file| file.get("catalogue").is_some()) => {
            Err(Error::Translation(error))
        }
        Err(_) => import_catalogue(context, bytes, dry_run),
    }
}

fn import_catalogue(context: &Context, bytes: &[u8], dry_run: bool) -> Result<ImportedCatalogue, Error> {
    let catalogue = Catalogue::read(bytes)?;
    let tx = context.store().read()?;
    let known = by_hash(&tx, &catalogue.hash())?.is_some();
    let view = view(context, &tx, &catalogue)?;
    if !known && !dry_run {
        context.transact(|tx| Ok(tx.put_document(&document(&catalogue.hash()), &catalogue.to_text())?))?;
    }
    Ok(ImportedCatalogue { catalogue: view, language: None, known, saved: !dry_run })
}

fn import_translation(context: &Context, translation: &Translation, bytes: &[u8], dry_run: bool) -> Result<ImportedCatalogue, Error> {
    let catalogue = by_reference(context, &translation.catalogue)?;
    translation.check(&catalogue)?;
    let name = translation_name(&catalogue.hash(), &translation.language);
    let tx = context.store().read()?;
    let known = read_translation(&tx, &name, &catalogue)?.as_ref() == Some(translation);
    if !known && !dry_run {
        context.transact(|tx| Ok(tx.put_document(&name, bytes)?))?;
    }
    let view = view(context, &context.store().read()?, &catalogue)?;
    Ok(ImportedCatalogue { catalogue: view, language: Some(translation.language.clone()), known, saved: !dry_run })
}
