//! Figures as files: which rows are asked for, in which format, under which name.

use std::collections::BTreeSet;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::id::{IndicatorId, Name};
use parangon_protocol::statistics::Period;
use parangon_protocol::time::Timestamp;

use super::counted::{self, Public};
use crate::figures::{self, About, CatalogueInfo, Coverage, Dataset, Dimension, FileName, Format, Licence, Observation};
use crate::service::{Context, Error, catalogues};

/// The word for the newest period that anybody has released for.
const LATEST: &str = "latest";

/// The word for all periods: a time series.
const ALL: &str = "all";

const DAY: u64 = 86_400;

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sought<'a> {
    /// `2026-Q3`, `latest`, or `all` for a time series.
    pub period: &'a str,
    /// The file's name, which says in which format.
    pub file: &'a str,
    /// Which catalogue; the charter's only one that gives points when absent.
    pub catalogue: Option<&'a str>,
    /// One indicator's code; all when absent.
    pub indicator: Option<&'a str>,
    /// What the table is divided by; nothing when absent.
    pub by: Option<&'a str>,
}

/// A file of figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its name, with the period.
    pub name: String,
    /// Its media type.
    pub media: &'static str,
    /// The period that it is of; `all` of several.
    pub period: String,
}

/// Adds up what is asked for and writes it.
///
/// # Errors
/// [`Error::NotFound`] for a file or a period that is not there, [`Error::NoTable`] for a dimension that nobody has released by,
/// [`Error::Field`] for an unknown catalogue, indicator or dimension, [`Error::Figures`] where it cannot be written.
pub fn file(context: &Context, sought: &Sought<'_>) -> Result<File, Error> {
    let FileName { format, indicator } = FileName::read(sought.file).ok_or_else(|| Error::missing("file of figures", sought.file))?;
    let of_name = indicator.as_ref().map(IndicatorId::as_str);
    let indicator = match (of_name, sought.indicator) {
        (Some(one), Some(other)) if one != other => return Err(Error::field("/indicator", "the file's name says another one")),
        (one, other) => one.or(other),
    };
    if format == Format::Parquet && cfg!(not(feature = "parquet")) {
        return Err(figures::FiguresError::NoParquet.into());
    }
    let (data, period) = dataset(context, sought, indicator)?;
    // The word of several files would say too little in a folder of downloads.
    let of = indicator.filter(|_| of_name.is_none()).map_or_else(String::new, |code| format!("-{code}"));
    let name = format!("{period}{of}-{}", sought.file);
    Ok(File { bytes: figures::write(&data, format)?, name, media: format.media_type(), period })
}

fn dataset(context: &Context, sought: &Sought<'_>, indicator: Option<&str>) -> Result<(Dataset, String), Error> {
    let reference = catalogues::of_figures(context, sought.catalogue)?;
    let catalogue = catalogues::by_reference(context, &reference)?;
    let indicator = indicator.map(|code| catalogue.find(code).map(|found| found.code.clone()));
    let indicator = indicator.transpose().map_err(|error| Error::field("/indicator", error))?;
    let by = sought.by.map_or(Ok(Dimension::All), |word| Dimension::named(word).ok_or_else(|| Error::field("/by", no_dimension())))?;
    let tx = context.store().read()?;
    let public = Public::on(context, &tx, reference)?;
    let periods = match sought.period {
        LATEST => vec![public.newest(context, &tx)?],
        ALL => public.all(context, &tx)?,
        one => {
            let period = one.parse().map_err(|error| Error::field("/period", error))?;
            vec![counted::counted(context, &tx, &public, period)?]
        }
    };
    let (mut rows, mut coverage) = (Vec::new(), Vec::new());
    for counted in &periods {
        let sum = counted.whole()?;
        coverage.push(Coverage {
            period: sum.period,
            agencies: sum.agencies,
            members: u32::try_from(context.charter().members.len()).unwrap_or(u32::MAX),
            clusters: sum.clusters,
            registered: counted.registered(),
            missing: counted.missing(context),
            void: counted.void.iter().map(|(agency, _)| agency.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        });
        rows.extend(figures::observations(&counted.groups()));
    }
    rows.retain(|row| row.dimension == by && indicator.as_ref().is_none_or(|code| row.indicator == *code));
    let newest = coverage.last().map(|coverage| coverage.period).ok_or_else(|| Error::missing("final release", "of any period"))?;
    let named = if sought.period == ALL { ALL.to_owned() } else { newest.to_string() };
    if rows.is_empty() && by != Dimension::All {
        return Err(Error::NoTable { by: by.as_str(), of: format!("for {named}") });
    }
    let info = described(&catalogue, &rows)?;
    Ok((Dataset::new(about(context, newest), vec![info], coverage, rows)?, named))
}

fn no_dimension() -> String {
    format!("not one of {}", Dimension::EVERY.map(Dimension::as_str).join(", "))
}

fn about(context: &Context, newest: Period) -> About {
    let (now, charter) = (context.now(), context.charter());
    let today = Timestamp::from_seconds(now.seconds() / DAY * DAY).unwrap_or(now);
    About {
        federation: charter.name.clone(),
        fingerprint: *context.federation(),
        as_of: newest.end().min(today),
        demonstration: charter.demonstration,
        licence: Licence::default(),
    }
}

/// The catalogue with its names. An indicator that some release has and the catalogue does not is called by its code.
fn described(catalogue: &Catalogue, rows: &[Observation]) -> Result<CatalogueInfo, Error> {
    let mut indicators: Vec<_> = catalogue.indicators.iter().map(|indicator| (indicator.code.clone(), indicator.name.clone())).collect();
    let known: BTreeSet<_> = catalogue.indicators.iter().map(|indicator| &indicator.code).collect();
    let others: BTreeSet<_> = rows.iter().map(|row| &row.indicator).filter(|code| !known.contains(code)).collect();
    for code in others {
        indicators.push((code.clone(), code.as_str().parse::<Name>().map_err(|_| Error::Damaged { what: "catalogue" })?));
    }
    Ok(CatalogueInfo { reference: catalogue.reference(), title: catalogue.title.clone(), indicators })
}
