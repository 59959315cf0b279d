//! The workbook that people fill in away from the node: one sheet a dimension, a list of levels to choose from, and
//! everything else locked. What is read back are the columns `indicator`, `level` and `note`.

use std::collections::BTreeSet;

use parangon_protocol::catalogue::{Catalogue, Dimension, LEVELS, Translation};
use rust_xlsxwriter::{DataValidation, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use crate::service::Error;

/// The cell beside which the catalogue's hash stands.
pub(super) const CATALOGUE: &str = "catalogue";

/// The cells beside which the assessment's id and version stand.
pub(super) const ASSESSMENT: &str = "assessment";
pub(super) const VERSION: &str = "version";

/// Characters of a sheet's name, by Excel's rule.
const NAME_CHARS: usize = 31;

/// One indicator's present answers.
#[derive(Clone, Default)]
pub struct WorkbookRow {
    /// The answer, as text; empty for none.
    pub level: String,
    /// The note.
    pub note: String,
    /// The answer of the assessment before.
    pub last: Option<String>,
}

impl std::fmt::Debug for WorkbookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkbookRow")
    }
}

/// What a workbook is about.
#[derive(Debug, Clone)]
pub struct Workbook<'a> {
    /// What stands on top of its first sheet.
    pub title: String,
    /// Lines below: name and value.
    pub about: Vec<(&'static str, String)>,
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// Its words in another language.
    pub translation: Option<&'a Translation>,
}

impl Workbook<'_> {
    /// The XLSX file, with `row` telling the answers of each indicator.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a text is longer than a cell may be.
    pub fn to_xlsx(&self, row: impl Fn(&str) -> WorkbookRow) -> Result<Vec<u8>, Error> {
        self.write(row).map_err(|_| Error::Damaged { what: "workbook" })
    }

    fn write(&self, row: impl Fn(&str) -> WorkbookRow) -> Result<Vec<u8>, XlsxError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        self.cover(book.add_worksheet())?;
        let mut used = BTreeSet::new();
        for dimension in &self.catalogue.dimensions {
            let name = self.translation.and_then(|t| t.dimensions.get(&dimension.code)).unwrap_or(&dimension.name);
            let sheet = book.add_worksheet();
            sheet.set_name(sheet_name(dimension.code.as_str(), name.as_str(), &mut used))?;
            self.dimension(sheet, dimension, &row)?;
        }
        book.save_to_buffer()
    }

    fn cover(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name("About")?;
        sheet.set_column_width(0, 18)?.set_column_width(1, 90)?;
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        sheet.write_string(0, 0, CATALOGUE)?.write_string(0, 1, self.catalogue.hash().to_string())?;
        sheet.write_string_with_format(1, 0, &self.title, &Format::new().set_bold().set_font_size(14))?;
        let how = "Each sheet has one dimension. Fill in the columns \"level\" (choose from the list, or type not-known) and \"note\". \
                   Everything else is locked. A cell that stays empty is not answered.";
        let lines = self.about.iter().map(|(name, value)| (*name, value.as_str())).chain([("how to", how)]);
        for (at, (name, value)) in (2..).zip(lines) {
            sheet.write_string_with_format(at, 0, name, &wrapped)?.write_string_with_format(at, 1, value, &wrapped)?;
        }
        sheet.protect();
        Ok(())
    }

    fn dimension(&self, sheet: &mut Worksheet, dimension: &Dimension, row: &impl Fn(&str) -> WorkbookRow) -> Result<(), XlsxError> {
        let head = Format::new().set_bold().set_background_color(0xE9_EC_EF).set_border_bottom(FormatBorder::Thin);
        let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        // As text, so that no program makes a number or a date of a code.
        let code = Format::new().set_num_format("@").set_align(FormatAlign::Top).set_bold();
        let open = Format::new().set_unlocked().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Hair);
        let indicators: Vec<_> = self.catalogue.indicators.iter().filter(|i| i.dimension == dimension.code).collect();
        let rows: Vec<_> = indicators.iter().map(|indicator| row(indicator.code.as_str())).collect();
        let has_last = rows.iter().any(|row| row.last.is_some());
        let mut columns: Vec<(String, f64)> =
            [("indicator", 10.0), ("name", 30.0), ("asks", 40.0), ("level", 11.0), ("note", 50.0)].map(|(n, w)| (n.to_owned(), w)).into();
        if has_last {
            columns.push(("last time".to_owned(), 11.0));
        }
        columns.extend((0..LEVELS).map(|level| (format!("level {level}"), 28.0)));
        for (at, (name, width)) in columns.iter().enumerate() {
            let at = column(at);
            sheet.write_string_with_format(0, at, name, &head)?.set_column_width(at, *width)?;
        }
        for (at, (indicator, answer)) in indicators.iter().zip(&rows).enumerate() {
            let at = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let words = self.translation.map_or_else(|| indicator.words(), |translation| translation.words(indicator));
            let name = words.name.as_ref().unwrap_or(&indicator.name);
            sheet.write_string_with_format(at, 0, indicator.code.as_str(), &code)?;
            sheet.write_string_with_format(at, 1, name.as_str(), &text)?;
            sheet.write_string_with_format(at, 2, words.asks.as_ref().map_or("", |asks| asks.as_str()), &text)?;
            match answer.level.parse::<u8>() {
                Ok(level) => sheet.write_number_with_format(at, 3, level, &open)?,
                Err(_) => sheet.write_string_with_format(at, 3, &answer.level, &open)?,
            };
            sheet.write_string_with_format(at, 4, &answer.note, &open)?;
            if has_last {
                sheet.write_string_with_format(at, 5, answer.last.as_deref().unwrap_or(""), &text)?;
            }
            for (level, meaning) in words.texts.iter().flatten().enumerate() {
                sheet.write_string_with_format(at, column(5 + usize::from(has_last) + level), meaning.as_str(), &text)?;
            }
        }
        let last = u32::try_from(indicators.len()).unwrap_or(u32::MAX).max(1);
        let levels: Vec<String> = (0..LEVELS).map(|level| level.to_string()).chain(["not-known".to_owned()]).collect();
        let list = DataValidation::new().allow_list_strings(&levels)?;
        let list = list.set_error_title("Not a level")?.set_error_message("Choose 0, 1, 2, 3, 4 or not-known.")?;
        sheet.add_data_validation(1, 3, last, 3, &list)?;
        sheet.set_freeze_panes(1, 2)?.protect();
        Ok(())
    }
}

fn column(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// Code and name of a dimension without what Excel does not allow in the name of a sheet, each once.
fn sheet_name(code: &str, name: &str, used: &mut BTreeSet<String>) -> String {
    let allowed = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
    let whole = format!("{code} {name}");
    let cut = |chars: usize| whole.chars().filter(allowed).take(chars).collect::<String>().trim_end().to_owned();
    let mut chosen = cut(NAME_CHARS);
    for number in 2.. {
        if used.insert(chosen.to_lowercase()) {
            break;
        }
        let number = format!(" {number}");
        chosen = format!("{}{number}", cut(NAME_CHARS - number.len()));
    }
    chosen
}
