//! A workbook as a person with a spreadsheet program sees it.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Range, Reader, Xlsx};

fn sheets(path: &Path) -> Vec<(String, Range<Data>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(std::fs::read(path).expect("a workbook"))).expect("XLSX");
    book.sheet_names().into_iter().map(|name| (name.clone(), book.worksheet_range(&name).expect("a sheet"))).collect()
}

fn column(range: &Range<Data>, title: &str) -> Option<usize> {
    range.rows().next().and_then(|row| row.iter().position(|cell| *cell == Data::String(title.to_owned())))
}

/// The levels of a workbook that are filled in.
pub(crate) fn levels(path: &Path) -> usize {
    let filled = |range: &Range<Data>| {
        let Some(at) = column(range, "level") else { return 0 };
        range.rows().skip(1).filter(|row| !matches!(&row[at], Data::Empty) && !row[at].to_string().is_empty()).count()
    };
    sheets(path).iter().map(|(_, range)| filled(range)).sum()
}

/// Fills it in: a level on every indicator, a note on the first of each sheet, everything else as it is.
pub(crate) fn fill(path: &Path, level: &str) {
    let mut filled = rust_xlsxwriter::Workbook::new();
    for (name, range) in sheets(path) {
        let sheet = filled.add_worksheet();
        sheet.set_name(&name).expect("a name");
        let (levels, notes) = (column(&range, "level"), column(&range, "note"));
        for (row, cells) in range.rows().enumerate() {
            for (at, cell) in cells.iter().enumerate() {
                let (down, right) = (u32::try_from(row).expect("small"), u16::try_from(at).expect("small"));
                match cell {
                    _ if row > 0 && Some(at) == levels => sheet.write_string(down, right, level).expect("a cell"),
                    _ if row == 1 && Some(at) == notes => sheet.write_string(down, right, "See the minutes.").expect("a cell"),
                    cell => sheet.write_string(down, right, cell.to_string()).expect("a cell"),
                };
            }
        }
    }
    filled.save(path).expect("written");
}
