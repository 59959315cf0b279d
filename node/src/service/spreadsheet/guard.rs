//! What a ZIP archive of a spreadsheet would unfold to, measured before anybody trusts the numbers in it: bytes, and cells
//! that stand for others (`repeated`), whose count decides how much memory a reader takes.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::{Kind, Problem};

/// Bytes of everything in the archive. A workbook of 20,000 rows has 10 MiB.
const UNFOLDED_BYTES: u64 = 96 * 1024 * 1024;

/// Files in the archive.
const ENTRIES: usize = 2_000;

/// Cells of a table from its first one to the last that holds something, empty ones between them included.
const CELLS: u64 = 2_000_000;

/// The largest number of things that a part may announce before it holds them.
const ANNOUNCED: u64 = 1_000_000;

/// A merged area: its first and its last row and column, from 0.
pub(super) type Area = ((u32, u32), (u32, u32));

/// The merged areas of one table.
pub(super) type Merged = Vec<Area>;

/// Which of the two formats it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archive {
    Xlsx,
    Ods,
}

/// What was found on the way.
#[derive(Debug)]
pub(super) struct Plan {
    pub kind: Archive,
    /// Of ODS only, by table.
    pub merged: Vec<Merged>,
}

/// Reads the whole archive once and keeps nothing of it.
///
/// # Errors
/// [`Kind::TooLarge`] for what would unfold too far, [`Kind::Malformed`] for what is no spreadsheet.
pub(super) fn inspect(bytes: &[u8]) -> Result<Plan, Problem> {
    let damaged = || Problem::file(Kind::Malformed, "the file begins like a spreadsheet (a ZIP archive) and is damaged");
    let bomb = || Problem::file(Kind::TooLarge, "the file would unfold to more than a spreadsheet of this size needs");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if archive.len() > ENTRIES {
        return Err(bomb());
    }
    let mut left = UNFOLDED_BYTES;
    let (mut kind, mut merged) = (None, Vec::new());
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|_| damaged())?;
        let name = entry.name().map_err(|_| damaged())?.to_ascii_lowercase();
        let mut text = Vec::new();
        // The length that the archive states is not asked: it may be anything.
        let length = (&mut entry).take(left + 1).read_to_end(&mut text).map_err(|_| damaged())? as u64;
        left = left.checked_sub(length).ok_or_else(bomb)?;
        match name.trim_start_matches('/') {
            "content.xml" => {
                let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
                merged = tables(text).map_err(|_| damaged())?.ok_or_else(bomb)?;
                kind = Some(Archive::Ods);
            }
            name if name.ends_with(".xml") => {
                let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
                if !announces_little(text).map_err(|_| damaged())? {
                    return Err(bomb());
                }
                if name.ends_with("workbook.xml") {
                    kind = Some(Archive::Xlsx);
                }
            }
            _ => {}
        }
    }
    let other = || Problem::file(Kind::Malformed, "the file is an archive, but no spreadsheet (XLSX and ODS are read)");
    Ok(Plan { kind: kind.ok_or_else(other)?, merged })
}

/// Whether the numbers for which the reader makes room beforehand are those of a sheet that people fill in.
fn announces_little(xml: &str) -> Result<bool, quick_xml::Error> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(true),
            Event::Start(element) | Event::Empty(element) => {
                let announced = match element.local_name().as_ref() {
                    "sst" => attribute(&element, "uniqueCount"),
                    "f" => attribute(&element, "si"),
                    _ => None,
                };
                if announced.is_some_and(|announced| announced > ANNOUNCED) {
                    return Ok(false);
                }
            }
            _ => {}
        }
    }
}

/// Where a walk through a table is.
#[derive(Default)]
struct Table {
    merged: Merged,
    row: u64,
    row_repeats: u64,
    column: u64,
    /// The row holds something.
    holds: bool,
    /// Columns to the last cell that holds something.
    width: u64,
}

/// The merged areas of each table of an ODS file; none when a table is larger than [`CELLS`], or stands
/// in another one.
fn tables(xml: &str) -> Result<Option<Vec<Merged>>, quick_xml::Error> {
    let mut reader = Reader::from_str(xml);
    let (mut done, mut table, mut inside) = (Vec::new(), Table::default(), false);
    loop {
        let event = reader.read_event()?;
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof => return Ok(Some(done)),
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                "table:table" if inside => return Ok(None),
                "table:table" => (table, inside) = (Table::default(), true),
                "table:table-row" => {
                    table.row_repeats = attribute(&element, "table:number-rows-repeated").unwrap_or(1);
                    (table.column, table.holds) = (0, false);
                    if is_empty {
                        table.row = table.row.saturating_add(table.row_repeats);
                    }
                }
                "table:table-cell" | "table:covered-table-cell" => table.cell(&element, is_empty),
                _ => {}
            },
            Event::End(element) => match element.name().as_ref() {
                "table:table-row" => {
                    table.row = table.row.saturating_add(table.row_repeats);
                    if table.holds && table.row.saturating_mul(table.width) > CELLS {
                        return Ok(None);
                    }
                }
                "table:table" => {
                    done.push(std::mem::take(&mut table.merged));
                    inside = false;
                }
                _ => {}
            },
            _ => {}
        }
    }
}

impl Table {
    fn cell(&mut self, element: &BytesStart<'_>, is_empty: bool) {
        let spans = |name| attribute(element, name).unwrap_or(1).max(1);
        let (rows, columns) = (spans("table:number-rows-spanned"), spans("table:number-columns-spanned"));
        if rows > 1 || columns > 1 {
            let place = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
            let start = (place(self.row), place(self.column));
            self.merged.push((start, (place(self.row.saturating_add(rows - 1)), place(self.column.saturating_add(columns - 1)))));
        }
        self.column = self.column.saturating_add(spans("table:number-columns-repeated"));
        let says = |attribute: &str| attribute.starts_with("office:") || attribute == "table:formula";
        if !is_empty || element.attributes().flatten().any(|attribute| says(attribute.key.as_ref())) {
            self.holds = true;
            self.width = self.width.max(self.column);
        }
    }
}

/// A number among the attributes, under exactly the name by which the reader asks for it; one that cannot be read is as large as it
/// gets.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<u64> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
    Some(found.value.trim().parse().unwrap_or(u64::MAX))
}
