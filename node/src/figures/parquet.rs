//! Parquet: the columns of the table with their types, without compression. Any reader has what it takes.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::columns::{COLUMNS, Kind, Value, values};
use super::{Dataset, FiguresError, citation};

/// Rows of one group: some 20 MB in memory.
const GROUP: usize = 100_000;

/// The table.
pub(super) fn write(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let fields: String = COLUMNS
        .iter()
        .map(|column| match column.kind {
            Kind::Text => format!("REQUIRED BYTE_ARRAY {} (UTF8);", column.name),
            Kind::Number => format!("REQUIRED INT64 {};", column.name),
            Kind::Count => format!("OPTIONAL INT64 {};", column.name),
        })
        .collect();
    let schema = Arc::new(parse_message_type(&format!("message figures {{ {fields} }}"))?);
    let about = data.about();
    let words = [
        ("title", data.title()),
        ("federation", about.federation.to_string()),
        ("fingerprint", about.fingerprint.to_string()),
        ("as_of", about.as_of.to_string()),
        ("licence", format!("{} {}", about.licence.spdx, about.licence.url)),
        ("citation", citation::words(data)),
        ("demonstration", about.demonstration.to_string()),
    ];
    let words = words.into_iter().map(|(name, value)| KeyValue::new(name.to_owned(), value)).collect();
    let properties = WriterProperties::builder().set_created_by("parangon".to_owned()).set_key_value_metadata(Some(words)).build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for rows in data.observations().chunks(GROUP) {
        let rows: Vec<_> = rows.iter().map(|row| values(data, row)).collect();
        let mut group = file.next_row_group()?;
        for (at, column) in COLUMNS.iter().enumerate() {
            let Some(mut writer) = group.next_column()? else { break };
            let cells = rows.iter().map(|row| &row[at]);
            if column.kind == Kind::Text {
                let texts: Vec<ByteArray> = cells
                    .map(|cell| if let Value::Text(text) = cell { ByteArray::from(text.as_str()) } else { ByteArray::from("") })
                    .collect();
                writer.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
            } else {
                let number = |cell: &Value| if let Value::Number(number) = cell { i64::try_from(*number).ok() } else { None };
                let numbers: Vec<Option<i64>> = cells.map(number).collect();
                let there: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
                let numbers: Vec<i64> = numbers.into_iter().flatten().collect();
                let levels = (column.kind == Kind::Count).then_some(there.as_slice());
                writer.typed::<Int64Type>().write_batch(&numbers, levels, None)?;
            }
            writer.close()?;
        }
        group.close()?;
    }
    Ok(file.into_inner()?)
}
