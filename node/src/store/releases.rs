//! Releases of statistics a second time, beside their records: by period, and in a form that is read many times faster than canonical
//! text. A row says what its record says, for it is written from it in the same transaction; it can be written again at any time.

use std::fmt::Write;

use bincode::{Decode, Encode};
use parangon_protocol::catalogue::LEVELS;
use parangon_protocol::charter::{CatalogueRef, Noise};
use parangon_protocol::id::{AgencyId, Hash, IndicatorId, LogId, Name};
use parangon_protocol::statistics::{Cell, Dimension, Part, Period, Perturbation, Reason, Release, Row};

use super::{Source, StoreError, Tx, WriteTx};
use crate::codec;

/// The name of a row: this, the period, the agency, and the index in its log in hex.
const FIGURES: &str = "figures/";

/// Bytes of a row at most, also while it is read: a record is smaller, and a count of one digit takes eight bytes in memory.
const ROW_BYTES: usize = 16 * parangon_protocol::limits::RECORD_BYTES;

const MALFORMED: StoreError = StoreError::Row { table: "documents" };

/// The only format so far.
const FORMAT: u8 = 1;

/// Cells of a row: unknown, and the levels.
const CELLS: usize = LEVELS + 1;

/// A release with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// In which log.
    pub log: LogId,
    /// At which index.
    pub index: u64,
    /// What it says.
    pub release: Release,
}

#[derive(Encode, Decode)]
struct Stored {
    format: u8,
    epoch: u32,
    by: Option<u8>,
    catalogue: String,
    hash: [u8; 32],
    /// Maximum and variance in tenths.
    noise: Option<(u8, u32)>,
    rounding: Option<u32>,
    version: u32,
    reason: Option<String>,
    population: u32,
    /// Each once; rows name them by their place.
    codes: Vec<String>,
    rows: Vec<u64>,
    groups: Vec<StoredPart>,
}

#[derive(Encode, Decode)]
struct StoredPart {
    population: u32,
    value: Option<String>,
    rows: Vec<u64>,
}

/// Reasons by their number; a count stands behind them.
const REASONS: [Reason; 4] = [Reason::Population, Reason::Small, Reason::Group, Reason::Derivable];

fn number(cell: Cell) -> u64 {
    match cell {
        Cell::Count(count) => REASONS.len() as u64 + u64::from(count),
        Cell::Hidden(reason) => REASONS.iter().position(|known| *known == reason).unwrap_or_default() as u64,
    }
}

fn cell(number: u64) -> Result<Cell, StoreError> {
    match number.checked_sub(REASONS.len() as u64) {
        Some(count) => u32::try_from(count).map(Cell::Count).map_err(|_| MALFORMED),
        None => usize::try_from(number).ok().and_then(|at| REASONS.get(at)).map(|reason| Cell::Hidden(*reason)).ok_or(MALFORMED),
    }
}

/// For each row the place of its code, unknown, and the levels.
fn written(rows: &[Row], codes: &mut Vec<IndicatorId>) -> Vec<u64> {
    let mut numbers = Vec::with_capacity(rows.len() * (1 + CELLS));
    for (at, row) in rows.iter().enumerate() {
        // All groups of a table have the same rows.
        let known = codes.get(at).filter(|code| **code == row.indicator).map(|_| at);
        let place = known.or_else(|| codes.iter().position(|code| *code == row.indicator)).unwrap_or_else(|| {
            codes.push(row.indicator.clone());
            codes.len() - 1
        });
        numbers.push(place as u64);
        numbers.push(number(row.unknown));
        numbers.extend(row.cells.map(number));
    }
    numbers
}

fn read(numbers: &[u64], codes: &[IndicatorId]) -> Result<Vec<Row>, StoreError> {
    let (rows, []) = numbers.as_chunks::<{ 1 + CELLS }>() else { return Err(MALFORMED) };
    let row = |[place, unknown, levels @ ..]: &[u64; 1 + CELLS]| {
        let code = usize::try_from(*place).ok().and_then(|at| codes.get(at)).ok_or(MALFORMED)?;
        let mut cells = [Cell::Count(0); LEVELS];
        for (into, from) in cells.iter_mut().zip(levels) {
            *into = cell(*from)?;
        }
        Ok(Row { indicator: code.clone(), cells, unknown: cell(*unknown)? })
    };
    rows.iter().map(row).collect()
}

fn stored(epoch: u32, release: &Release) -> Vec<u8> {
    let mut codes = Vec::new();
    let rows = written(&release.rows, &mut codes);
    let group = |part: &Part| StoredPart {
        population: part.population,
        value: part.value.as_ref().map(ToString::to_string),
        rows: written(&part.rows, &mut codes),
    };
    let groups = release.groups.iter().map(group).collect();
    let (noise, rounding) = match release.perturbation {
        Some(Perturbation::Noise(Noise { maximum, tenths })) => (Some((maximum, tenths)), None),
        Some(Perturbation::Rounding(base)) => (None, Some(base)),
        None => (None, None),
    };
    let by = release.by.and_then(|by| Dimension::EVERY.iter().position(|known| *known == by));
    codec::encode(&Stored {
        format: FORMAT,
        epoch,
        by: by.and_then(|by| u8::try_from(by).ok()),
        catalogue: release.catalogue.id.to_string(),
        hash: release.catalogue.hash.0,
        noise,
        rounding,
        version: release.version,
        reason: release.reason.as_ref().map(ToString::to_string),
        population: release.population,
        codes: codes.iter().map(ToString::to_string).collect(),
        rows,
        groups,
    })
}

fn name(text: Option<String>) -> Result<Option<Name>, StoreError> {
    text.map(|text| text.parse().map_err(|_| MALFORMED)).transpose()
}

/// `PERIOD/AGENCY/INDEX`.
fn place(name: &str) -> Option<(Period, AgencyId, u64)> {
    let mut parts = name.strip_prefix(FIGURES)?.splitn(3, '/');
    let (period, agency) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((period, agency, u64::from_str_radix(parts.next()?, 16).ok()?))
}

fn released(name_of: &str, bytes: &[u8]) -> Result<Released, StoreError> {
    let (period, agency, index) = place(name_of).ok_or(MALFORMED)?;
    let row: Stored = codec::decode::<Stored, ROW_BYTES>(bytes).map_err(|_| MALFORMED)?;
    let by = row.by.map(|by| Dimension::EVERY.get(usize::from(by)).copied().ok_or(MALFORMED)).transpose()?;
    if row.format != FORMAT {
        return Err(MALFORMED);
    }
    let codes = row.codes.iter().map(|code| code.parse().map_err(|_| MALFORMED)).collect::<Result<Vec<IndicatorId>, _>>()?;
    let group = |part: StoredPart| -> Result<Part, StoreError> {
        Ok(Part { population: part.population, rows: read(&part.rows, &codes)?, value: name(part.value)? })
    };
    let release = Release {
        by,
        catalogue: CatalogueRef { id: row.catalogue.parse().map_err(|_| MALFORMED)?, hash: Hash(row.hash) },
        groups: row.groups.into_iter().map(group).collect::<Result<_, _>>()?,
        period,
        perturbation: match (row.noise, row.rounding) {
            (Some((maximum, tenths)), None) => Some(Perturbation::Noise(Noise { maximum, tenths })),
            (None, rounding) => rounding.map(Perturbation::Rounding),
            _ => return Err(MALFORMED),
        },
        version: row.version,
        reason: name(row.reason)?,
        population: row.population,
        rows: read(&row.rows, &codes)?,
    };
    Ok(Released { log: LogId { agency, epoch: row.epoch }, index, release })
}

fn name_of(period: Period, agency: &AgencyId, index: u64) -> String {
    let mut name = format!("{FIGURES}{period}/{agency}/");
    write!(name, "{index:016x}").expect("a String takes everything");
    name
}

impl<S: Source> Tx<S> {
    /// Shows every release of a period, or of all of them, to `visit`: by period, agency and index.
    ///
    /// # Errors
    /// [`StoreError::Row`] for a row that is not one of ours, or an error of the database.
    pub fn releases(&self, period: Option<Period>, mut visit: impl FnMut(Released)) -> Result<(), StoreError> {
        let prefix = period.map_or_else(|| FIGURES.to_owned(), |period| format!("{FIGURES}{period}/"));
        self.each_document(&prefix, |name, bytes| released(name, bytes).map(&mut visit))
    }

    /// One release.
    ///
    /// # Errors
    /// As [`Tx::releases`].
    pub fn release(&self, period: Period, agency: &AgencyId, index: u64) -> Result<Option<Released>, StoreError> {
        let name = name_of(period, agency, index);
        self.document(&name)?.map(|bytes| released(&name, &bytes)).transpose()
    }

    /// The places of all releases that have such a row.
    ///
    /// # Errors
    /// An error of the database.
    pub fn release_places(&self) -> Result<Vec<(Period, AgencyId, u64)>, StoreError> {
        Ok(self.document_names(FIGURES)?.iter().filter_map(|name| place(name)).collect())
    }
}

impl WriteTx {
    /// Keeps what a release says.
    ///
    /// # Errors
    /// An error of the database.
    pub fn put_release(&mut self, log: &LogId, index: u64, release: &Release) -> Result<(), StoreError> {
        self.put_document(&name_of(release.period, &log.agency, index), &stored(log.epoch, release))
    }

    /// Forgets all releases of an agency.
    ///
    /// # Errors
    /// An error of the database.
    pub fn delete_releases(&mut self, of: &AgencyId) -> Result<(), StoreError> {
        for (period, agency, index) in self.release_places()?.into_iter().filter(|(_, agency, _)| agency == of) {
            self.delete_document(&name_of(period, &agency, index))?;
        }
        Ok(())
    }
}
