//! Real, publicly listed clusters as a CSV file: every row is used, or left out with a reason.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use parangon_protocol::charter::Level;
use parangon_protocol::id::{Country, Name};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Public label awards, 2012 to 2024, as the sources in the file's last column list them.
pub(super) const BUNDLED: &str = include_str!("../../data/labelled_clusters.csv");

/// The columns, in any order; others are ignored.
const COLUMNS: [&str; 7] = ["name", "country_iso2", "region", "technology_field", "level", "awarded", "expires"];

/// One cluster: all rows of one name and country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DemoCluster {
    pub(super) name: Name,
    pub(super) country: Country,
    pub(super) region: Option<Name>,
    pub(super) field: Option<Name>,
    /// The highest level of its rows.
    pub(super) level: Level,
    /// The lowest of them.
    pub(super) lowest: Level,
    /// How many rows it stands in.
    pub(super) rows: usize,
}

/// The dates in the rows that are used: shown as history, and used for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct History {
    /// Rows with a date.
    pub(super) rows: usize,
    /// The earliest date.
    pub(super) first: Option<Date>,
    /// The latest.
    pub(super) last: Option<Date>,
}

/// A row that is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LeftOut {
    /// Line in the file, from 1.
    pub(super) line: u64,
    /// The name in it.
    pub(super) name: String,
    /// Why.
    pub(super) reason: String,
}

/// The file as read.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) clusters: Vec<DemoCluster>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) rows: usize,
    /// Rows with a value that could not be kept although the cluster was.
    pub(super) remarks: Vec<LeftOut>,
    pub(super) history: History,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    country_iso2: String,
    region: String,
    technology_field: String,
    level: String,
    awarded: String,
    expires: String,
}

/// Reads the file. A row that cannot be used is listed, not an error; a file without the columns is one.
pub(super) fn read(text: &[u8]) -> Result<Data, Failure> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::invalid(format!("line {line} is not UTF-8 (Windows-1252?)")).next("save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(Failure::invalid)?.clone();
    if let Some(missing) = COLUMNS.iter().find(|column| headers.iter().all(|header| header != **column)) {
        return Err(Failure::invalid(format!("the column {missing} is missing")).next(format!("the columns are {}", COLUMNS.join(", "))));
    }
    let name_at = headers.iter().position(|header| header == COLUMNS[0]).unwrap_or(0);
    let mut data = Data::default();
    let mut clusters: BTreeMap<(String, String), DemoCluster> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(Failure::invalid)?;
        let line = record.position().map_or(0, csv::Position::line);
        data.rows += 1;
        let name = record.get(name_at).unwrap_or_default().to_owned();
        match record.deserialize::<Row>(Some(&headers)).map_err(|_| "it has too few columns".to_owned()).and_then(|row| cluster(&row)) {
            Ok(Used { cluster, dates, remarks }) => {
                data.remarks.extend(remarks.into_iter().map(|reason| LeftOut { line, name: name.clone(), reason }));
                data.history.add(dates);
                let key = (cluster.name.to_string(), cluster.country.to_string());
                clusters.entry(key).and_modify(|known| known.merge(&cluster)).or_insert(cluster);
            }
            Err(reason) => data.left_out.push(LeftOut { line, name, reason }),
        }
    }
    data.clusters = clusters.into_values().collect();
    if data.clusters.is_empty() {
        return Err(Failure::invalid("no row of the file can be used").next("each row needs a name, a country and a level"));
    }
    Ok(data)
}

/// What a row that can be used says.
struct Used {
    cluster: DemoCluster,
    dates: Vec<Date>,
    /// Values that could not be kept.
    remarks: Vec<String>,
}

fn cluster(row: &Row) -> Result<Used, String> {
    let name: Name = row.name.trim().parse().map_err(|error: parangon_protocol::id::NameError| error.rule.to_owned())?;
    let country = row.country_iso2.trim();
    if country.is_empty() {
        return Err("no country, so no agency is in charge".to_owned());
    }
    let country: Country = country.parse().map_err(|_| format!("{country:?} is no ISO 3166-1 country code"))?;
    let level: Level = row.level.trim().parse().map_err(|_| format!("{:?} is no level", row.level))?;
    let mut remarks = Vec::new();
    let region = optional("region", &row.region, "name", &mut remarks);
    let field = optional("technology_field", &row.technology_field, "name", &mut remarks);
    let awarded = optional("awarded", &row.awarded, "date", &mut remarks);
    let expires = optional("expires", &row.expires, "date", &mut remarks);
    let dates = awarded.into_iter().chain(expires).collect();
    Ok(Used { cluster: DemoCluster { name, country, region, field, level, lowest: level, rows: 1 }, dates, remarks })
}

/// A value that may be missing; one that is none of its kind is left out with a remark.
fn optional<T: FromStr>(column: &str, text: &str, kind: &str, remarks: &mut Vec<String>) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let value = text.parse().ok();
    if value.is_none() {
        remarks.push(format!("{column} left out: it is no {kind}"));
    }
    value
}

/// A year, month or day as ISO 8601 writes it, so that earlier ones sort first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Date(String);

impl FromStr for Date {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let fits = |pattern: &str| {
            let same = |(c, p): (char, char)| if p == '0' { c.is_ascii_digit() } else { c == p };
            text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(same)
        };
        if ["0000", "0000-00", "0000-00-00"].into_iter().any(fits) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl History {
    /// Takes in the dates of one row.
    fn add(&mut self, dates: Vec<Date>) {
        self.rows += usize::from(!dates.is_empty());
        for date in dates {
            self.first = self.first.take().map_or(Some(date.clone()), |first| Some(first.min(date.clone())));
            self.last = self.last.take().max(Some(date));
        }
    }
}

impl Data {
    /// Rows that name a cluster which an earlier row has named.
    pub(super) fn merged(&self) -> usize {
        self.clusters.iter().map(|cluster| cluster.rows - 1).sum()
    }
}

impl DemoCluster {
    /// The levels that it is awarded, one after the other: the lowest that its rows name, then the highest.
    pub(super) fn awards(&self) -> Vec<Level> {
        if self.lowest == self.level { vec![self.level] } else { vec![self.lowest, self.level] }
    }

    fn merge(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        self.lowest = self.lowest.min(other.lowest);
        self.region = self.region.take().or_else(|| other.region.clone());
        self.field = self.field.take().or_else(|| other.field.clone());
        self.rows += other.rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_bundled_file_is_accounted_for() {
        let data = read(BUNDLED.as_bytes()).expect("the bundled file");
        let used: usize = data.clusters.iter().map(|cluster| cluster.rows).sum();
        assert_eq!(used + data.left_out.len(), data.rows);
        assert_eq!(data.clusters.len() + data.merged(), used);
        assert_eq!(data.left_out, []);
        let packaging: Vec<_> = data.clusters.iter().filter(|cluster| cluster.name.as_str() == "Packaging Cluster").collect();
        assert_eq!((packaging.len(), packaging[0].rows), (1, 2));
        let habitat = data.clusters.iter().find(|cluster| cluster.name.as_str() == "Sustainable Habitat Cluster").expect("is there");
        assert_eq!((habitat.level, habitat.rows), (Level::Gold, 3));
        assert_eq!(habitat.awards(), [Level::Bronze, Level::Gold]);
        assert_eq!(packaging[0].awards(), [Level::Gold]);
        assert_eq!(data.clusters.iter().map(|cluster| cluster.awards().len()).sum::<usize>(), 102);
    }

    #[test]
    fn rows_that_cannot_be_used_are_named_with_the_reason() {
        let text = "level,name,country_iso2,region,technology_field,awarded,expires,more\n\
            gold,A,DE,,,,,\nbronze,B,,,,,,\nplatinum,C,FR,,,,,\nsilver,,FR,,,,,\nsilver,D,Germany,,,,,\nbronze,A,DE,Bayern,ICT,2012,2014,x\n";
        let data = read(text.as_bytes()).expect("has the columns");
        assert_eq!((data.rows, data.clusters.len()), (6, 1));
        let lines: Vec<u64> = data.left_out.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
        let names: Vec<&str> = data.left_out.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["B", "C", "", "D"]);
        let one = &data.clusters[0];
        assert_eq!((one.level, one.region.as_ref().map(Name::as_str), one.rows), (Level::Gold, Some("Bayern"), 2));
    }

    #[test]
    fn dates_are_history_and_what_is_none_is_remarked_upon() {
        let text = "name,country_iso2,region,technology_field,level,awarded,expires\n\
            A,DE,,,gold,2014-05-01,2016\nB,DE,,,gold,,2012-03\nC,DE,,,gold,,\nD,DE,,,gold,soon,\nE,,,,gold,1999,\n";
        let data = read(text.as_bytes()).expect("has the columns");
        let date = |text: &str| Some(text.parse::<Date>().expect("a date"));
        assert_eq!(data.history, History { rows: 2, first: date("2012-03"), last: date("2016") });
        let remarks: Vec<_> = data.remarks.iter().map(|row| (row.line, row.name.as_str(), row.reason.as_str())).collect();
        assert_eq!(remarks, [(5, "D", "awarded left out: it is no date")]);
    }

    #[test]
    fn a_file_of_something_else_is_one_error() {
        for bad in [
            &b""[..],
            b"name;country_iso2\n",
            b"name,country_iso2\nA,DE\n",
            b"name,country_iso2,region,technology_field,level,awarded,expires\n",
            b"\xe9",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
