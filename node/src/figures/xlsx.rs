//! A workbook of three sheets: the figures, what they are about, and what the codes mean. Nothing in it is a formula.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::columns::{COLUMNS, Kind, Value, values};
use super::{Dataset, FiguresError, Observation, Reason, Status, citation, codes};

/// The workbook.
pub(super) fn write(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let mut book = Workbook::new();
    let made = i64::try_from(data.about().as_of.seconds()).unwrap_or(i64::MAX);
    let properties = DocProperties::new().set_title(data.title()).set_author(data.about().federation.as_str());
    book.set_properties(&properties.set_creation_datetime(&ExcelDateTime::from_timestamp(made)?));
    figures(book.add_worksheet(), data)?;
    about(book.add_worksheet(), data)?;
    meanings(book.add_worksheet(), data)?;
    Ok(book.save_to_buffer()?)
}

fn head() -> Format {
    Format::new().set_bold().set_background_color(0xE9_EC_EF).set_border_bottom(FormatBorder::Thin)
}

/// As text, so that no program makes a number or a date of a code.
fn as_text() -> Format {
    Format::new().set_num_format("@")
}

fn at(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX) // there are twenty columns
}

fn figures(sheet: &mut Worksheet, data: &Dataset) -> Result<(), XlsxError> {
    sheet.set_name("Figures")?;
    let (head, code) = (head(), as_text());
    let hidden = Format::new().set_italic().set_font_color(0x6C_75_7D).set_align(FormatAlign::Right);
    for (index, column) in COLUMNS.iter().enumerate() {
        let width = match column.name {
            "indicator_name" => 40.0,
            "catalogue_hash" | "count" => 20.0,
            "group" | "reasons" => 18.0,
            _ => 12.0,
        };
        sheet.write_string_with_format(0, at(index), column.name, &head)?.set_column_width(at(index), width)?;
    }
    for (line, row) in (1..).zip(data.observations()) {
        for (index, value) in values(data, row).into_iter().enumerate() {
            match value {
                Value::Text(text) => sheet.write_string_with_format(line, at(index), text, &code)?,
                // Counts stay far below the 2^53 that a cell can hold exactly.
                Value::Number(number) => sheet.write_number(line, at(index), number as f64)?,
                Value::Hidden => sheet.write_string_with_format(line, at(index), hidden_word(row), &hidden)?,
            };
        }
    }
    let last = u32::try_from(data.observations().len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, at(COLUMNS.len() - 1))?.set_freeze_panes(1, 0)?;
    Ok(())
}

/// What stands in a cell without a number: never 0, and why.
fn hidden_word(row: &Observation) -> String {
    format!("hidden ({})", row.reasons_word())
}

fn about(sheet: &mut Worksheet, data: &Dataset) -> Result<(), XlsxError> {
    sheet.set_name("About")?;
    sheet.set_column_width(0, 24)?.set_column_width(1, 110)?;
    let about = data.about();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let mut lines = vec![
        ("federation", about.federation.to_string()),
        ("fingerprint", about.fingerprint.to_string()),
        ("periods", data.periods()),
        ("as of", about.as_of.to_string()),
        ("demonstration", if about.demonstration { "yes: the figures are made up" } else { "no" }.to_owned()),
        ("licence", format!("{} ({}), {}", about.licence.name, about.licence.spdx, about.licence.url)),
        ("", about.licence.asks.to_owned()),
        ("citation", citation::words(data)),
    ];
    for info in data.catalogues() {
        lines.push(("catalogue", format!("{}: {}, SHA-256 {}", info.reference.id, info.title, info.reference.hash)));
    }
    for covered in data.coverage() {
        let mut words = format!("{} of {} agencies, {} clusters", covered.agencies, covered.members, covered.clusters);
        for (word, ids) in [("missing", &covered.missing), ("not counted, against a rule", &covered.void)] {
            if !ids.is_empty() {
                let ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
                words = format!("{words}; {word}: {}", ids.join(", "));
            }
        }
        lines.push(("coverage", format!("{}: {words}", covered.period)));
    }
    sheet.write_string_with_format(0, 0, data.title(), &Format::new().set_bold().set_font_size(14))?;
    for (line, (name, value)) in (2..).zip(lines) {
        // A cell holds 32,767 characters; 300 members without figures have fewer.
        sheet.write_string_with_format(line, 0, name, &wrapped)?.write_string_with_format(line, 1, value, &wrapped)?;
    }
    Ok(())
}

fn meanings(sheet: &mut Worksheet, data: &Dataset) -> Result<(), XlsxError> {
    sheet.set_name("Codes")?;
    let (head, code) = (head(), as_text());
    for (index, (name, width)) in [("list", 14.0), ("code", 18.0), ("meaning", 110.0)].into_iter().enumerate() {
        sheet.write_string_with_format(0, at(index), name, &head)?.set_column_width(at(index), width)?;
    }
    for (line, words) in (1..).zip(rows(data)) {
        for (index, word) in words.into_iter().enumerate() {
            sheet.write_string_with_format(line, at(index), word, &code)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// Every code with the list that it is in.
fn rows(data: &Dataset) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    let mut add = |list: &str, code: &str, meaning: &str| rows.push([list, code, meaning].map(str::to_owned));
    for column in &COLUMNS {
        let kind = match column.kind {
            Kind::Text => "text",
            Kind::Number | Kind::Count => "whole number",
        };
        add("column", column.name, &format!("{kind}: {}", column.meaning));
    }
    for status in Status::EVERY {
        add("status", status.as_str(), codes::status_meaning(status));
    }
    for reason in Reason::EVERY {
        add("reasons", reason.as_str(), codes::reason_meaning(reason));
    }
    for (code, meaning) in codes::OBS_STATUS {
        add("obs_status", code, meaning);
    }
    for (code, meaning) in codes::CONF_STATUS {
        add("conf_status", code, meaning);
    }
    for info in data.catalogues() {
        for (indicator, name) in &info.indicators {
            add("indicator", indicator.as_str(), name.as_str());
        }
    }
    rows
}
