//! Figures over all agencies: as a table for people, and as files for the programs of statisticians.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use parangon_protocol::id::{CatalogueId, IndicatorId};
use serde_json::{Value, json};

use super::{PATH, query};
use crate::commands::Context;
use crate::failure::Failure;
use crate::fields::{items, plain, text};
use crate::files;
use crate::output::Page;

/// Levels of an indicator, then those that are not known, as columns.
const LEVELS: [&str; 6] = ["0", "1", "2", "3", "4", "unknown"];

/// Which figures.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// The indicator's code, such as 4.1.3 [default: all]
    #[arg(long, value_name = "CODE")]
    indicator: Option<IndicatorId>,
    /// What the table is divided by
    #[arg(long, value_enum, default_value_t = By::All)]
    by: By,
    /// The catalogue, when the charter has several that give points
    #[arg(long, value_name = "ID")]
    catalogue: Option<CatalogueId>,
    /// The quarter, such as 2026-Q3; `all` for a time series [default: the newest with a release]
    #[arg(long)]
    period: Option<String>,
}

/// Arguments of `parangon stats export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    selection: Selection,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = FormatChoice::Csv)]
    format: FormatChoice,
    /// Which drawing, with --format svg [default: levels]
    #[arg(long, value_enum)]
    chart: Option<ChartChoice>,
    /// Where the file goes [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Arguments of `parangon stats query`.
#[derive(Debug, clap::Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    selection: Selection,
}

/// What a table is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Nothing: all clusters
    All,
    /// The cluster's country
    Country,
    /// Its NUTS region
    Region,
    /// Its technology field
    Field,
    /// The level of its label
    Level,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatChoice {
    /// Comma-separated values
    Csv,
    /// The API's own JSON
    Json,
    /// JSON-stat 2.0
    JsonStat,
    /// SDMX-CSV 2.0
    SdmxCsv,
    /// The structure of the SDMX data, SDMX-ML 3.0
    SdmxStructure,
    /// A workbook
    Xlsx,
    /// Parquet, where the node was built with it
    Parquet,
    /// A drawing
    Svg,
    /// All of them, with readme, licence, citation and code lists
    Zip,
}

/// A drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ChartChoice {
    /// Bars divided by level
    Levels,
    /// Median, quartiles and dots
    Spread,
    /// Small charts side by side, each with its n
    Panels,
}

fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

impl Selection {
    fn path(&self, file: &str) -> String {
        let by = (self.by != By::All).then(|| word(self.by));
        let (catalogue, indicator) = (self.catalogue.as_ref().map(CatalogueId::as_str), self.indicator.as_ref().map(IndicatorId::as_str));
        let period = crate::client::encode(self.period.as_deref().unwrap_or("latest"));
        query(&format!("{PATH}/{period}/{file}"), &[("catalogue", catalogue), ("indicator", indicator), ("by", by.as_deref())])
    }
}

impl ExportArgs {
    fn file(&self) -> &'static str {
        match (self.format, self.chart.unwrap_or(ChartChoice::Levels)) {
            (FormatChoice::Csv, _) => "figures.csv",
            (FormatChoice::Json, _) => "figures.json",
            (FormatChoice::JsonStat, _) => "figures.jsonstat.json",
            (FormatChoice::SdmxCsv, _) => "figures.sdmx.csv",
            (FormatChoice::SdmxStructure, _) => "structure.xml",
            (FormatChoice::Xlsx, _) => "figures.xlsx",
            (FormatChoice::Parquet, _) => "figures.parquet",
            (FormatChoice::Svg, ChartChoice::Levels) => "levels.svg",
            (FormatChoice::Svg, ChartChoice::Spread) => "spread.svg",
            (FormatChoice::Svg, ChartChoice::Panels) => "panels.svg",
            (FormatChoice::Zip, _) => "figures.zip",
        }
    }

    fn is_binary(&self) -> bool {
        matches!(self.format, FormatChoice::Xlsx | FormatChoice::Parquet | FormatChoice::Zip)
    }
}

/// Writes a file of figures, to stdout unless it is told where.
pub(super) fn export(args: &ExportArgs, context: &Context<'_>) -> Result<(), Failure> {
    if args.chart.is_some() && args.format != FormatChoice::Svg {
        return Err(Failure::usage("--chart goes with --format svg"));
    }
    let format = word(args.format);
    let nowhere = args.output.is_none() && (context.out.is_json() || std::io::stdout().is_terminal());
    if args.is_binary() && nowhere {
        return Err(Failure::usage(format!("{format} is no text: it goes into a file (-o FILE) or a pipe")));
    }
    let bytes = context.client.download(&args.selection.path(args.file()))?;
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        if context.out.is_json() && args.output.is_none() && args.format != FormatChoice::Json {
            return context.out.result(&json!({ format: String::from_utf8_lossy(&bytes) }), |_| {});
        }
        context.out.raw(&bytes);
        return Ok(());
    };
    files::write_new(path, &bytes)?;
    context.out.result(&json!({ "file": path, "bytes": bytes.len() }), |page| page.field("figures", path.to_string_lossy()))
}

/// Shows figures as a table: a line for each group, indicator and period.
pub(super) fn ask(args: &QueryArgs, context: &Context<'_>) -> Result<(), Failure> {
    let figures = context.client.get(&args.selection.path("figures.json"))?;
    context.out.result(&figures, |page| write(&figures, page))
}

fn write(figures: &Value, page: &mut Page) {
    page.field("catalogue", items(figures, "catalogues").iter().map(|info| text(info, "id")).collect::<Vec<_>>().join(", "));
    page.field("as of", text(figures, "as_of"));
    for covered in items(figures, "coverage") {
        let [period, agencies, members, clusters] = ["period", "agencies", "members", "clusters"].map(|name| text(covered, name));
        page.field("coverage", format!("{period}: {agencies} of {members} agencies, {clusters} clusters"));
    }
    if figures["demonstration"] == true {
        page.remark("From a DEMONSTRATION: the scores are made up.");
    }
    let rows = items(figures, "observations");
    page.table(["PERIOD", "GROUP", "INDICATOR", "0", "1", "2", "3", "4", "UNKNOWN", "N"], lines(rows));
    if rows.iter().any(|row| plain(row, "status") != Some("exact")) {
        page.remark(
            "Two numbers: agencies hide theirs, because too few clusters stand behind it. The true number is one of these or between.",
        );
    }
    page.next("parangon stats export --format zip -o figures.zip");
}

/// The rows side by side, in the order in which they come.
fn lines(rows: &[Value]) -> Vec<[String; 10]> {
    let mut lines = Vec::<[String; 10]>::new();
    let mut places = BTreeMap::new();
    for row in rows {
        let key = ["catalogue_hash", "period", "dimension", "group", "indicator"].map(|name| text(row, name));
        let place = *places.entry(key).or_insert_with(|| {
            let missing = || "-".to_owned();
            let [period, group, indicator, n] = ["period", "group", "indicator", "clusters"].map(|name| text(row, name));
            lines.push([period, group, indicator, missing(), missing(), missing(), missing(), missing(), missing(), n]);
            lines.len() - 1
        });
        if let Some(level) = LEVELS.iter().position(|level| plain(row, "level") == Some(level)) {
            lines[place][3 + level] = shown(row);
        }
    }
    lines
}

/// The number, or between which it is.
fn shown(row: &Value) -> String {
    match plain(row, "status") {
        Some("exact") => text(row, "count"),
        _ => format!("{}-{}", text(row, "lower"), text(row, "upper")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_side_by_side_and_what_is_hidden_is_no_zero() {
        let row = |period: &str, level: &str, count: Value, lower: u32, upper: u32, status: &str| {
            json!({ "catalogue_hash": "x", "period": period, "dimension": "all", "group": "all", "indicator": "2.5", "level": level,
                    "count": count, "lower": lower, "upper": upper, "status": status, "clusters": 40 })
        };
        let rows = [
            row("2026-Q2", "0", json!(7), 7, 7, "exact"),
            row("2026-Q3", "0", json!(0), 0, 0, "exact"),
            row("2026-Q2", "unknown", Value::Null, 0, 9, "hidden"),
            row("2026-Q3", "4", json!(7), 7, 12, "at-least"),
            row("2026-Q3", "3", json!(8), 6, 12, "perturbed"),
        ];
        assert_eq!(
            lines(&rows),
            [
                ["2026-Q2", "all", "2.5", "7", "-", "-", "-", "-", "0-9", "40"].map(str::to_owned),
                ["2026-Q3", "all", "2.5", "0", "-", "-", "6-12", "7-12", "-", "40"].map(str::to_owned),
            ]
        );
    }

    #[test]
    fn an_address_names_the_period_first() {
        let selection = Selection {
            indicator: Some("2.5".parse().expect("a code")),
            by: By::Country,
            catalogue: None,
            period: Some("2026-Q3/..".to_owned()),
        };
        assert_eq!(selection.path("figures.csv"), "/api/v1/statistics/2026-Q3%2F../figures.csv?indicator=2.5&by=country");
        let plain = Selection { indicator: None, by: By::All, catalogue: None, period: None };
        assert_eq!(plain.path("figures.zip"), "/api/v1/statistics/latest/figures.zip");
    }
}
