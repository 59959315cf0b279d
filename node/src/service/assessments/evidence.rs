//! Files of evidence. Each lies in parts of half a megabyte, sealed with a data key of its own each; what a part is called tells
//! nothing of it. The assessment names the parts by their hash, and the dossier's commitment binds those.

use parangon_protocol::assessment::{Evidence, MediaType};
use parangon_protocol::id::{EvidenceId, IndicatorId, Name};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{AssessmentView, Sheet, item, sheet};
use crate::service::{Context, Error, catalogues, erasure, random_bytes};
use crate::store::{Source, Tx, WriteTx};

/// The kind under which parts lie.
const PART: u8 = 13;

/// A file to be added.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// What it is evidence for.
    pub indicator: String,
    /// Its file name.
    pub name: String,
    /// Its media type; unknown when absent.
    pub media: Option<String>,
    /// The language of its content, BCP 47.
    pub language: Option<String>,
}

/// A file as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EvidenceView {
    /// Names it.
    pub id: String,
    /// Its file name. Confidential, like everything in an assessment.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// The language of its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its bytes.
    pub bytes: u64,
}

impl std::fmt::Debug for EvidenceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EvidenceView({})", self.id)
    }
}

impl From<&Evidence> for EvidenceView {
    fn from(file: &Evidence) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.to_string(),
            media: file.media.as_str().to_owned(),
            language: file.language.clone(),
            bytes: file.bytes,
        }
    }
}

/// A file with its content.
pub struct EvidenceFile {
    /// What it is.
    pub file: Evidence,
    /// What it holds.
    pub content: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for EvidenceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EvidenceFile({:?})", self.file)
    }
}

fn part_id(assessment: &str, file: &EvidenceId, at: usize) -> String {
    format!("{assessment}/{file}/{at:04}")
}

/// Adds a file to an indicator: all of it or nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Unconditional`] and [`Error::Changed`] for `If-Match`, [`Error::State`] when an offer froze
/// the assessment, [`Error::Field`] for indicator, name, media type or language, [`Error::Assessment`] beyond a bound.
pub fn attach(context: &Context, id: &str, new: NewEvidence, content: &[u8], if_match: Option<&str>) -> Result<AssessmentView, Error> {
    let if_match = if_match.ok_or(Error::Unconditional { what: "assessment" })?;
    let name: Name = new.name.trim().parse().map_err(Error::name("/name"))?;
    let media = new.media.map_or_else(|| Ok(MediaType::unknown()), |media| media.parse());
    let media = media.map_err(|error: parangon_protocol::assessment::EvidenceError| Error::field("/media", error))?;
    let indicator: IndicatorId = new.indicator.parse().map_err(Error::name("/indicator"))?;
    let file_id: EvidenceId = hex::encode(random_bytes::<12>()?).parse().map_err(Error::name("/id"))?;
    let file = Evidence::of(file_id, name, media, new.language, content).map_err(parangon_protocol::assessment::AssessmentError::from)?;
    context.transact(|tx| {
        let mut sheet = sheet(tx, id)?;
        sheet.is_open(if_match)?;
        sheet.assessment.evidence.entry(indicator).or_default().push(file.clone());
        for (at, part) in Evidence::split(content).enumerate() {
            tx.put_private(PART, &part_id(id, &file.id, at), part)?;
        }
        save(context, tx, id, &mut sheet)
    })
}

/// Removes a file with its parts and their keys.
///
/// # Errors
/// [`Error::NotFound`] for the assessment or the file, and as [`attach`].
pub fn detach(context: &Context, id: &str, file: &str, if_match: Option<&str>) -> Result<AssessmentView, Error> {
    let if_match = if_match.ok_or(Error::Unconditional { what: "assessment" })?;
    context.transact(|tx| {
        let mut sheet = sheet(tx, id)?;
        sheet.is_open(if_match)?;
        let found = find(&sheet, file)?.clone();
        for files in sheet.assessment.evidence.values_mut() {
            files.retain(|known| known.id != found.id);
        }
        sheet.assessment.evidence.retain(|_, files| !files.is_empty());
        for at in 0..found.parts.len() {
            tx.delete_private(PART, &part_id(id, &found.id, at))?;
        }
        erasure::owe(tx, false)?;
        save(context, tx, id, &mut sheet)
    })
}

/// Deletes the parts of all files. Returns how many there were.
pub(super) fn erase(tx: &mut WriteTx, id: &str, sheet: &Sheet) -> Result<u64, Error> {
    let mut items = 0;
    for (_, file) in sheet.assessment.files() {
        for at in 0..file.parts.len() {
            items += u64::from(tx.delete_private(PART, &part_id(id, &file.id, at))?);
        }
    }
    Ok(items)
}

fn save(context: &Context, tx: &mut WriteTx, id: &str, sheet: &mut Sheet) -> Result<AssessmentView, Error> {
    let catalogue = catalogues::by_reference(context, &sheet.assessment.catalogue)?;
    sheet.assessment.check(&catalogue)?;
    sheet.touch(context.now());
    item::put(tx, id, sheet)?;
    Ok(sheet.view(id.to_owned(), &catalogue))
}

fn find<'a>(sheet: &'a Sheet, file: &str) -> Result<&'a Evidence, Error> {
    let found = sheet.assessment.files().map(|(_, known)| known).find(|known| known.id.as_str() == file);
    found.ok_or_else(|| Error::missing("file of evidence", file))
}

/// A file with its content.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Damaged`] when a part is missing or another.
pub fn fetch(context: &Context, id: &str, file: &str) -> Result<EvidenceFile, Error> {
    let tx = context.store().read()?;
    let file = find(&sheet(&tx, id)?, file)?.clone();
    Ok(EvidenceFile { content: content(&tx, id, &file)?, file })
}

/// What a file holds.
pub(crate) fn content<S: Source>(tx: &Tx<S>, id: &str, file: &Evidence) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(file.bytes).unwrap_or_default()));
    for at in 0..file.parts.len() {
        content.extend_from_slice(&part(tx, id, file, at)?);
    }
    Ok(content)
}

/// One part of a file.
pub(crate) fn part<S: Source>(tx: &Tx<S>, assessment: &str, file: &Evidence, at: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let damaged = || Error::Damaged { what: "file of evidence" };
    let part = tx.private(PART, &part_id(assessment, &file.id, at))?.ok_or_else(damaged)?;
    if file.is_part(at, &part) { Ok(part) } else { Err(damaged()) }
}
