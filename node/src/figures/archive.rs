//! A zip with everything: the figures in all formats, a readme, licence, citation and code lists. Times and order are fixed.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::columns::COLUMNS;
use super::{Dataset, FiguresError, Format, Reason, Status, citation, codes, csv, readme};

/// The zip.
pub(super) fn write(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), FiguresError> {
        zip.start_file(name, options)?;
        zip.write_all(bytes).map_err(zip::result::ZipError::from)?;
        Ok(())
    };
    add("README.txt", readme::write(data).as_bytes())?;
    add("LICENCE.txt", readme::licence(data).as_bytes())?;
    add("citation.bib", citation::bibtex(data).as_bytes())?;
    add("citation.json", &citation::csl(data)?)?;
    for format in Format::EVERY.iter().filter(|format| **format != Format::Zip) {
        add(format.file_name(), &super::write(data, *format)?)?;
    }
    for (name, list) in lists(data) {
        add(&format!("codes/{name}.csv"), list.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Code lists, each as a table of its own.
fn lists(data: &Dataset) -> Vec<(&'static str, String)> {
    let list = |rows: Vec<[String; 2]>| {
        let mut out = String::new();
        csv::line(&mut out, ["code", "meaning"].map(str::to_owned));
        rows.into_iter().for_each(|row| csv::line(&mut out, row));
        out
    };
    let pair = |code: &str, meaning: &str| [code, meaning].map(str::to_owned);
    let fixed = |codes: &[codes::Code]| list(codes.iter().map(|(code, meaning)| pair(code, meaning)).collect());
    let mut indicators = String::new();
    csv::line(&mut indicators, ["catalogue", "catalogue_hash", "indicator", "name", "sdmx"].map(str::to_owned));
    for info in data.catalogues() {
        for (code, name) in &info.indicators {
            let hash = info.reference.hash.to_string();
            let words = [info.reference.id.as_str(), &hash, code.as_str(), name.as_str(), &codes::indicator(code.as_str())];
            csv::line(&mut indicators, words.map(str::to_owned));
        }
    }
    vec![
        ("columns", list(COLUMNS.iter().map(|column| pair(column.name, column.meaning)).collect())),
        ("conf_status", fixed(&codes::CONF_STATUS)),
        ("indicators", indicators),
        ("obs_status", fixed(&codes::OBS_STATUS)),
        ("reasons", list(Reason::EVERY.map(|reason| pair(reason.as_str(), codes::reason_meaning(reason))).into())),
        ("status", list(Status::EVERY.map(|status| pair(status.as_str(), codes::status_meaning(status))).into())),
    ]
}
