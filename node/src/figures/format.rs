//! Formats, their media types, and the names of files in addresses.

use parangon_protocol::id::IndicatorId;

use super::Chart;

/// A format of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// The API's own JSON.
    Json,
    /// JSON-stat 2.0.
    JsonStat,
    /// SDMX-CSV 2.0.
    SdmxCsv,
    /// Its structure message, SDMX-ML 3.0.
    SdmxStructure,
    /// A workbook.
    Xlsx,
    /// Parquet, where the program was built with it.
    Parquet,
    /// A drawing, SVG.
    Chart(Chart),
    /// All of them, with a readme, licence, citation and code lists.
    Zip,
}

impl Format {
    /// All formats that this program writes.
    pub const EVERY: &[Self] = &[
        Self::Csv,
        Self::Json,
        Self::JsonStat,
        Self::SdmxCsv,
        Self::SdmxStructure,
        Self::Xlsx,
        #[cfg(feature = "parquet")]
        Self::Parquet,
        Self::Chart(Chart::Levels),
        Self::Chart(Chart::Spread),
        Self::Chart(Chart::Panels),
        Self::Zip,
    ];

    /// The name of its file.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "figures.csv",
            Self::Json => "figures.json",
            Self::JsonStat => "figures.jsonstat.json",
            Self::SdmxCsv => "figures.sdmx.csv",
            Self::SdmxStructure => "structure.xml",
            Self::Xlsx => "figures.xlsx",
            Self::Parquet => "figures.parquet",
            Self::Chart(Chart::Levels) => "levels.svg",
            Self::Chart(Chart::Spread) => "spread.svg",
            Self::Chart(Chart::Panels) => "panels.svg",
            Self::Zip => "figures.zip",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json | Self::JsonStat => "application/json",
            Self::SdmxCsv => "application/vnd.sdmx.data+csv; version=2.0.0; charset=utf-8",
            Self::SdmxStructure => "application/vnd.sdmx.structure+xml; version=3.0.0; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Chart(_) => "image/svg+xml",
            Self::Zip => "application/zip",
        }
    }

    /// Whether it is no text: it belongs into a file, not onto a terminal.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx | Self::Parquet | Self::Zip)
    }
}

/// What the last part of an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// In which format.
    pub format: Format,
    /// Of one indicator: `chart-2.5.svg`.
    pub indicator: Option<IndicatorId>,
}

impl FileName {
    /// Reads it; none when there is no such file. `figures.parquet` is one also where it cannot be written.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        if let Some(code) = name.strip_prefix("chart-").and_then(|rest| rest.strip_suffix(".svg")) {
            let indicator = code.parse().ok()?;
            return Some(Self { format: Format::Chart(Chart::Levels), indicator: Some(indicator) });
        }
        let every = Format::EVERY.iter().copied().chain([Format::Parquet]);
        let format = every.into_iter().find(|format| format.file_name() == name)?;
        Some(Self { format, indicator: None })
    }
}
