use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use super::*;

/// The table as `::csv` reads it: one map a line.
fn lines(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|line| line.expect("a line")).collect()
}

#[test]
fn csv_has_a_line_a_row_and_nothing_where_something_is_hidden() {
    let data = data();
    let text = text(&data, Format::Csv);
    assert!(text.ends_with("\r\n") && text.matches("\r\n").count() == data.observations().len() + 1);
    let header = "catalogue,catalogue_hash,period,dimension,group,indicator,indicator_name,level,count,lower,upper,status,reasons,clusters,agencies,\
                  pooled,hidden_in,obs_status,conf_status,demonstration";
    assert_eq!(text.lines().next(), Some(header));
    let hash = catalogue().hash;
    let line = format!("test-2026,{hash},2026-Q3,all,all,2.5,\"Contacts, direct\",2,,0,9,hidden,small+group,40,3,0,2,Q,C,false");
    assert_eq!(text.lines().filter(|other| **other == line).count(), 1, "{text}");
    for (line, row) in lines(&text).iter().zip(data.observations()) {
        assert_eq!(line["count"], row.count.map_or_else(String::new, |count| count.to_string()));
        assert_eq!((line["level"].as_str(), line["lower"].parse::<u64>()), (row.level_word().as_str(), Ok(row.lower)));
    }
}

#[test]
fn json_has_every_number_and_null_where_something_is_hidden() {
    let data = data();
    let json: Value = serde_json::from_str(&text(&data, Format::Json)).expect("JSON");
    let fields: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected =
        ["as_of", "catalogues", "citation", "coverage", "demonstration", "federation", "licence", "observations", "periods", "title"];
    assert!(expected.iter().all(|field| fields.contains(field)) && fields.len() == expected.len(), "{fields:?}");
    assert_eq!(json["periods"], "2026-Q2 to 2026-Q3");
    assert_eq!(json["coverage"][1]["missing"][0], "oslo");
    assert_eq!(json["licence"]["spdx"], "CC-BY-4.0");
    let rows = json["observations"].as_array().expect("rows");
    assert_eq!(rows.len(), data.observations().len());
    for (json, row) in rows.iter().zip(data.observations()) {
        assert_eq!(json["count"].as_u64(), row.count);
        assert!(row.count.is_some() || json["count"].is_null());
        assert_eq!((json["lower"].as_u64(), json["upper"].as_u64()), (Some(row.lower), Some(row.upper)));
        assert_eq!(json["reasons"].as_array().map(Vec::len), Some(row.reasons.len()));
    }
}

/// Where a cell of the cube stands, by the codes of its six dimensions.
fn cell<'a>(json: &'a Value, codes: [&str; 6]) -> (usize, &'a Value) {
    let ids = json["id"].as_array().expect("ids");
    let mut at = 0;
    for ((id, size), code) in ids.iter().zip(json["size"].as_array().expect("sizes")).zip(codes) {
        let index = json["dimension"][id.as_str().expect("an id")]["category"]["index"].as_array().expect("an index");
        assert_eq!(Some(index.len() as u64), size.as_u64());
        at = at * index.len() + index.iter().position(|one| one == code).unwrap_or_else(|| panic!("no {code}"));
    }
    match &json["value"] {
        Value::Array(values) => (at, &values[at]),
        named => (at, &named[at.to_string()]),
    }
}

#[test]
fn a_cube_of_json_stat_holds_each_number_in_its_place() {
    let data = data();
    let json: Value = serde_json::from_str(&text(&data, Format::JsonStat)).expect("JSON");
    assert_eq!((json["version"].as_str(), json["class"].as_str()), (Some("2.0"), Some("dataset")));
    assert_eq!(json["dimension"]["period"]["category"]["index"], serde_json::json!(["2026-Q2", "2026-Q3"]));
    for row in data.observations() {
        let group = if row.group == Group::All { "all".to_owned() } else { format!("country {}", row.group) };
        let (level, period) = (row.level_word(), row.period.to_string());
        let of = |measure| cell(&json, ["test-2026", &group, row.indicator.as_str(), &level, &period, measure]);
        let (at, count) = of("count");
        assert_eq!(count.as_u64(), row.count);
        assert_eq!((of("lower").1.as_u64(), of("upper").1.as_u64()), (Some(row.lower), Some(row.upper)));
        assert_eq!((of("clusters").1.as_u64(), of("hidden_in").1.as_u64()), (Some(row.clusters), Some(row.hidden_in.into())));
        let status = json["status"][at.to_string()].as_str().unwrap_or("A");
        assert_eq!(status, codes::obs_status(row));
    }
    // Many groups of few indicators each: the cells are named instead of written out.
    let sparse = (0..40_u8).map(|n| {
        let indicator = if n == 0 { "2.10" } else { "2.5" };
        let row = by_country(Some(&format!("G{n}")), row(indicator, (n < 5).then_some(n), 1));
        Observation { period: parangon_protocol::statistics::Period::new(2000 + u16::from(n), 1).expect("a period"), ..row }
    });
    let json: Value = serde_json::from_str(&text(&of(sparse.collect()), Format::JsonStat)).expect("JSON");
    assert!(json["value"].is_object());
    assert_eq!(cell(&json, ["test-2026", "country G3", "2.5", "3", "2003-Q1", "count"]).1.as_u64(), Some(1));
}

#[test]
fn sdmx_csv_uses_the_codes_of_its_structure() {
    let data = data();
    let structure = text(&data, Format::SdmxStructure);
    let rows = lines(&text(&data, Format::SdmxCsv));
    assert_eq!(rows.len(), data.observations().len());
    for (line, row) in rows.iter().zip(data.observations()) {
        assert_eq!((line["STRUCTURE"].as_str(), line["STRUCTURE_ID"].as_str()), ("dataflow", "PARANGON:FIGURES(1.0.0)"));
        assert_eq!(line["OBS_VALUE"], row.count.map_or_else(|| "NaN".to_owned(), |count| count.to_string()));
        for (column, list) in [
            ("FREQ", "CL_FREQ"),
            ("CATALOGUE", "CL_CATALOGUE"),
            ("BREAKDOWN", "CL_BREAKDOWN"),
            ("GROUP", "CL_GROUP"),
            ("INDICATOR", "CL_INDICATOR"),
            ("LEVEL", "CL_LEVEL"),
            ("OBS_STATUS", "CL_OBS_STATUS"),
            ("CONF_STATUS", "CL_CONF_STATUS"),
        ] {
            let code = format!("urn=\"urn:sdmx:org.sdmx.infomodel.codelist.Code=PARANGON:{list}(1.0.0).{}\"", line[column]);
            assert!(structure.contains(&code), "{code}");
        }
    }
    let columns = rows[0].keys().filter(|column| !["STRUCTURE", "STRUCTURE_ID", "ACTION"].contains(&column.as_str()));
    for column in columns {
        assert!(structure.contains(&format!(
            "<str:ConceptIdentity>urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=PARANGON:CS_FIGURES(1.0.0).{column}<"
        )));
    }
}

#[test]
fn a_workbook_has_three_sheets_and_no_zero_for_what_is_hidden() {
    let data = data();
    let mut book = Xlsx::new(Cursor::new(write(&data, Format::Xlsx).expect("written"))).expect("a workbook");
    assert_eq!(book.sheet_names(), ["Figures", "About", "Codes"]);
    let sheet = book.worksheet_range("Figures").expect("a sheet");
    let head: Vec<_> = sheet.rows().next().expect("a heading").iter().map(ToString::to_string).collect();
    assert_eq!(head, columns::COLUMNS.map(|column| column.name));
    assert_eq!(sheet.rows().count(), data.observations().len() + 1);
    for (cells, row) in sheet.rows().skip(1).zip(data.observations()) {
        match row.count {
            Some(count) => assert_eq!(cells[8], Data::Float(count as f64)),
            None => assert_eq!(cells[8], Data::String(format!("hidden ({})", row.reasons_word()))),
        }
        assert_eq!(cells[5], Data::String(row.indicator.to_string()), "a code is no number");
        assert_eq!((&cells[9], &cells[10]), (&Data::Float(row.lower as f64), &Data::Float(row.upper as f64)));
    }
    let about = book.worksheet_range("About").expect("a sheet");
    assert!(about.rows().any(|cells| cells.get(1).is_some_and(|cell| *cell == Data::String(GREEK.to_owned()))));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_read_back() {
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::record::Field;

    let data = data();
    let file = SerializedFileReader::new(axum::body::Bytes::from(write(&data, Format::Parquet).expect("written"))).expect("a file");
    let rows: Vec<_> = file.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), data.observations().len());
    for (cells, row) in rows.iter().zip(data.observations()) {
        let cells: std::collections::BTreeMap<_, _> = cells.get_column_iter().map(|(name, field)| (name.as_str(), field)).collect();
        let count = row.count.map_or(Field::Null, |count| Field::Long(i64::try_from(count).expect("small")));
        assert_eq!(cells["count"], &count);
        assert_eq!(cells["upper"], &Field::Long(i64::try_from(row.upper).expect("small")));
        assert_eq!(cells["indicator_name"], &Field::Str(data.indicator_name(row).to_owned()));
    }
}

#[test]
fn without_parquet_it_is_said() {
    if cfg!(not(feature = "parquet")) {
        assert!(matches!(write(&data(), Format::Parquet), Err(FiguresError::NoParquet)));
    }
}

#[test]
fn drawings_say_hidden_in_words_and_have_text_and_no_script() {
    let data = data();
    for chart in [Chart::Levels, Chart::Spread, Chart::Panels] {
        let svg = text(&data, Format::Chart(chart));
        for needed in ["<title id=\"title\">", "<desc id=\"desc\">", "prefers-color-scheme:dark", "url(#hatch)", ">hidden</text>", "n = 40"]
        {
            assert!(svg.contains(needed), "{chart:?}: {needed}");
        }
        assert!(svg.contains("level 2 hidden") && svg.contains("level 1 7 to 12"), "{chart:?}: the description has what is drawn");
        let active = ["<script", "href", "onload", "<foreignObject", "@import"];
        assert!(active.iter().all(|word| !svg.contains(word)), "{chart:?}");
    }
    let levels = text(&data, Format::Chart(Chart::Levels));
    assert!(levels.contains("n = 40, 12 hidden"), "28 of 40 are shown");
    let spread = text(&data, Format::Chart(Chart::Spread));
    assert!(spread.contains("median 4; n = 40") && spread.contains("median hidden, 3 to 4; n = 40, 12 hidden"), "{spread}");
}

#[test]
fn a_zip_has_everything_and_is_the_same_twice() {
    let data = data();
    let bytes = write(&data, Format::Zip).expect("written");
    assert_eq!(bytes, write(&data.clone(), Format::Zip).expect("written"));
    let mut zip = ::zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let names: Vec<_> = zip.file_names().map(|name| name.expect("a name").into_owned()).collect();
    for needed in ["README.txt", "LICENCE.txt", "citation.bib", "citation.json", "codes/indicators.csv", "codes/obs_status.csv"] {
        assert!(names.iter().any(|name| name == needed), "{needed}");
    }
    for format in Format::EVERY.iter().filter(|format| **format != Format::Zip) {
        let mut inside = Vec::new();
        zip.by_name(format.file_name()).expect("there").read_to_end(&mut inside).expect("read");
        assert_eq!(inside, write(&data, *format).expect("written"), "{format:?}");
    }
    let mut readme = String::new();
    zip.by_name("README.txt").expect("there").read_to_string(&mut readme).expect("text");
    for name in names.iter().filter(|name| !name.contains('/') && *name != "README.txt" && *name != "LICENCE.txt") {
        assert!(readme.contains(name.as_str()), "{name}");
    }
    let mut bib = String::new();
    zip.by_name("citation.bib").expect("there").read_to_string(&mut bib).expect("text");
    assert!(bib.starts_with("@misc{parangon-") && bib.contains("year = {2026}"), "{bib}");
}

#[test]
fn a_demonstration_says_so_in_every_file() {
    let demonstration = About { demonstration: true, ..about() };
    let data = Dataset::new(demonstration, vec![info()], vec![coverage("2026-Q3")], vec![row("2.5", Some(1), 7)]).expect("a table");
    for format in [Format::Json, Format::JsonStat, Format::SdmxStructure, Format::Chart(Chart::Levels), Format::Chart(Chart::Panels)] {
        assert!(text(&data, format).contains("DEMONSTRATION"), "{format:?}");
    }
    assert!(text(&data, Format::Csv).contains(",F,true\r\n"));
    assert!(text(&data, Format::SdmxCsv).contains(",true\r\n"));
}
