//! Figures as files that statisticians load: one tidy table, written in many formats.
//!
//! Everything here is a pure function from a [`Dataset`] to bytes: no store, no network, no clock. The same dataset gives the
//! same bytes, so that a file can be compared, cached and cited. What the columns and codes mean stands in docs/figures.md.

mod archive;
mod chart;
mod citation;
mod codes;
mod columns;
mod csv;
mod dataset;
mod format;
mod from_aggregate;
mod json;
mod json_stat;
mod observation;
#[cfg(feature = "parquet")]
mod parquet;
mod readme;
mod sdmx;
mod xlsx;

#[cfg(test)]
mod tests;

pub use chart::Chart;
pub use dataset::{About, CatalogueInfo, Coverage, Dataset, DatasetError, Licence, MAX_OBSERVATIONS};
pub use format::{FileName, Format};
pub use from_aggregate::observations;
pub use observation::{Dimension, Group, Observation, Status};
pub use parangon_protocol::statistics::Cause as Reason;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// The workbook.
    #[error("the workbook could not be written: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The zip.
    #[error("the zip could not be written: {0}")]
    Archive(#[from] ::zip::result::ZipError),
    /// The JSON.
    #[error("the JSON could not be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The XML.
    #[error("the structure could not be written: {0}")]
    Xml(#[from] std::io::Error),
    /// The Parquet file.
    #[cfg(feature = "parquet")]
    #[error("the Parquet file could not be written: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// This program was built without Parquet.
    #[error("this program was built without Parquet (cargo feature parquet)")]
    NoParquet,
}

/// Writes the figures in a format.
///
/// # Errors
/// [`FiguresError::NoParquet`] where the program was built without it; the others when a text or the table is larger than the
/// format allows.
pub fn write(data: &Dataset, format: Format) -> Result<Vec<u8>, FiguresError> {
    match format {
        Format::Csv => Ok(csv::write(data).into_bytes()),
        Format::Json => json::write(data),
        Format::JsonStat => json_stat::write(data),
        Format::SdmxCsv => Ok(sdmx::data(data).into_bytes()),
        Format::SdmxStructure => sdmx::structure(data),
        Format::Xlsx => xlsx::write(data),
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::write(data),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(FiguresError::NoParquet),
        Format::Chart(chart) => Ok(chart::draw(data, chart).into_bytes()),
        Format::Zip => archive::write(data),
    }
}
