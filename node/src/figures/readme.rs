//! What stands beside the figures in a zip.

use std::fmt::Write;

use super::columns::COLUMNS;
use super::{Dataset, Format, Status, citation, codes};

/// What each file is.
fn about(format: Format) -> &'static str {
    match format {
        Format::Csv => "the table as comma-separated values (RFC 4180, UTF-8)",
        Format::Json => "the table with what it is about, as JSON",
        Format::JsonStat => "the table as JSON-stat 2.0",
        Format::SdmxCsv => "the table as SDMX-CSV 2.0",
        Format::SdmxStructure => "its structure message, SDMX-ML 3.0",
        Format::Xlsx => "the table as a workbook",
        Format::Parquet => "the table as Parquet",
        Format::Chart(chart) => chart.about(),
        Format::Zip => "all of them",
    }
}

/// The readme.
pub(super) fn write(data: &Dataset) -> String {
    let about_data = data.about();
    let mut out = format!("{}\n\n", data.title());
    if about_data.demonstration {
        out.push_str("This is a DEMONSTRATION: the figures are made up.\n\n");
    }
    let _ = writeln!(out, "Federation:  {}\nFingerprint: {}", about_data.federation, about_data.fingerprint);
    let _ = writeln!(out, "Period:      {}\nAs of:       {}", data.periods(), about_data.as_of);
    for info in data.catalogues() {
        let _ = writeln!(out, "Catalogue:   {} ({})\n             SHA-256 {}", info.reference.id, info.title, info.reference.hash);
    }
    for covered in data.coverage() {
        let _ = writeln!(
            out,
            "Coverage:    {}: {} of {} agencies, {} of {} clusters with a valid label",
            covered.period, covered.agencies, covered.members, covered.clusters, covered.registered
        );
    }
    let _ = writeln!(out, "Licence:     {}\n\nHow to cite\n  {}\n\nFiles", about_data.licence.spdx, citation::words(data));
    for format in Format::EVERY.iter().filter(|format| **format != Format::Zip) {
        let _ = writeln!(out, "  {:22} {}", format.file_name(), about(*format));
    }
    out.push_str("  citation.bib           the citation as BibTeX\n  citation.json          the citation as CSL-JSON\n");
    out.push_str("  codes/                 what each code means\n\nColumns\n");
    for column in &COLUMNS {
        let _ = writeln!(out, "  {:15} {}", column.name, column.meaning);
    }
    out.push_str("\nStatus\n");
    for status in Status::EVERY {
        let _ = writeln!(out, "  {:15} {}", status.as_str(), codes::status_meaning(status));
    }
    out.push_str(
        "\nA hidden figure is empty in CSV, null in JSON and JSON-stat, NaN in SDMX-CSV and a word in the workbook. It is never 0.\n\
         Levels are ordinal: use medians and shares, not means. Figures of two catalogues (two hashes) are no series.\n",
    );
    out
}

/// The licence in short words, with where its text is.
pub(super) fn licence(data: &Dataset) -> String {
    let licence = &data.about().licence;
    format!("{} ({})\n{}\n\n{}\n\nSource to be named:\n{}\n", licence.name, licence.spdx, licence.url, licence.asks, citation::words(data))
}
