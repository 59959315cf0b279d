//! `parangon stats`.

mod files;
mod show;

use clap::Subcommand;
use parangon_protocol::id::{CatalogueId, IndicatorId};
use serde_json::{Value, json};

use super::Context;
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::text;
use crate::prompt;

const PATH: &str = "/api/v1/statistics";

/// Verbs of `parangon stats`.
#[derive(Debug, Subcommand)]
pub(crate) enum StatsCommand {
    /// Show what a release would publish, publish nothing
    Prepare(PeriodArgs),
    /// Publish this agency's figures for a period, for good
    Release(ReleaseArgs),
    /// List the releases of all agencies
    List,
    /// Show where the rounds of pools stand, in which small agencies add up
    Pools,
    /// Show the distribution of levels over all agencies
    Show(ShowArgs),
    /// Show figures over all agencies as a table, by group and period
    ///
    /// Examples:
    ///   parangon stats query --indicator 2.5
    ///   parangon stats query --indicator 2.5 --by country
    ///   parangon stats query --indicator 2.5 --period all --json
    #[command(verbatim_doc_comment)]
    Query(files::QueryArgs),
    /// Write figures as files: CSV, JSON, JSON-stat, SDMX, XLSX, Parquet, SVG, or a zip of all
    ///
    /// Examples:
    ///   parangon stats export --format zip -o figures.zip                    all formats, with readme, licence and code lists
    ///   parangon stats export --indicator 2.5 --format xlsx -o contacts.xlsx
    ///   parangon stats export --period all --format sdmx-csv -o figures.sdmx.csv
    ///   parangon stats export --format svg --chart spread > spread.svg
    #[command(verbatim_doc_comment)]
    Export(files::ExportArgs),
}

/// Arguments of `parangon stats prepare`.
#[derive(Debug, clap::Args)]
pub(crate) struct PeriodArgs {
    /// The catalogue, when the charter has several that give points
    #[arg(long, value_name = "ID")]
    catalogue: Option<CatalogueId>,
    /// The quarter, such as 2026-Q3 [default: the last one that is over]
    #[arg(long)]
    period: Option<String>,
}

/// Arguments of `parangon stats release`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    period: PeriodArgs,
    /// Why figures that were released before are corrected
    #[arg(long)]
    reason: Option<String>,
    /// Publish without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Arguments of `parangon stats show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The indicator's code, such as 4.1.3
    #[arg(long, value_name = "CODE")]
    indicator: Option<IndicatorId>,
    #[command(flatten)]
    period: PeriodArgs,
}

/// Runs one verb.
pub(crate) fn run(command: StatsCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        StatsCommand::Prepare(args) => prepare(&args, context),
        StatsCommand::Release(args) => release(&args, context),
        StatsCommand::List => list(context),
        StatsCommand::Pools => pools(context),
        StatsCommand::Show(args) => show(&args, context),
        StatsCommand::Query(args) => files::ask(&args, context),
        StatsCommand::Export(args) => files::export(&args, context),
    }
}

fn query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<String> = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?)))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

impl PeriodArgs {
    fn catalogue(&self) -> Option<&str> {
        self.catalogue.as_ref().map(CatalogueId::as_str)
    }
}

impl ShowArgs {
    fn path(&self) -> String {
        let indicator = self.indicator.as_ref().map(IndicatorId::as_str);
        query(PATH, &[("catalogue", self.period.catalogue()), ("indicator", indicator), ("period", self.period.period.as_deref())])
    }
}

fn prepare(args: &PeriodArgs, context: &Context<'_>) -> Result<(), Failure> {
    let preview =
        context.client.get(&query(&format!("{PATH}/prepare"), &[("catalogue", args.catalogue()), ("period", args.period.as_deref())]))?;
    context.out.result(&preview, |page| {
        show::write(&preview, context.out.is_unicode(), page);
        let period = preview["period"].as_str().map(|_| format!(" --period {}", text(&preview, "period"))).unwrap_or_default();
        page.next(format!("parangon stats release{period}"));
    })
}

fn release(args: &ReleaseArgs, context: &Context<'_>) -> Result<(), Failure> {
    let period = args.period.period.as_deref();
    let named = period.map_or_else(|| "the last period".to_owned(), str::to_owned);
    prompt::confirm(context.out, &format!("Publish this agency's figures for {named}? They stay in its log for good."), args.yes)?;
    let mut body = json!({});
    for (name, value) in [("catalogue", args.period.catalogue()), ("period", period), ("reason", args.reason.as_deref())] {
        if let Some(value) = value {
            body[name] = value.into();
        }
    }
    let made = context.client.post(&format!("{PATH}/releases"), body)?;
    context.out.result(&made, |page| {
        show::write(&made, context.out.is_unicode(), page);
        page.remark("The release is in this agency's log and on its way to every member. It cannot be taken back.");
        page.next("parangon stats show --indicator CODE");
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let releases = context.client.list(&format!("{PATH}/releases"), None)?;
    context.out.result(&releases, |page| {
        if releases.is_empty() {
            page.remark("No agency has released figures yet.");
            page.next("parangon stats prepare");
            return;
        }
        let row = |release: &Value| {
            let [agency, period, catalogue, version, population, suppressed] =
                ["agency", "period", "catalogue", "version", "population", "suppressed"].map(|name| text(release, name));
            let by = release["by"].as_str().unwrap_or("all").to_owned();
            [agency, period, catalogue, version, by, population, suppressed]
        };
        page.table(["AGENCY", "PERIOD", "CATALOGUE", "VERSION", "BY", "CLUSTERS", "HIDDEN"], releases.iter().map(row));
    })
}

fn pools(context: &Context<'_>) -> Result<(), Failure> {
    let rounds = context.client.list(&format!("{PATH}/pools"), None)?;
    context.out.result(&rounds, |page| {
        if rounds.is_empty() {
            page.remark("The charter has no pools for the last quarters.");
            return;
        }
        page.table(["PERIOD", "CATALOGUE", "AGENCIES", "ATTEMPT", "STATE", "AWAITED OR NAMED"], rounds.iter().map(round));
        for reason in rounds.iter().filter_map(|round| round["reason"].as_str().map(|reason| (text(round, "period"), reason))) {
            page.remark(format!("{}: {}", reason.0, reason.1));
        }
    })
}

/// One line of a round.
fn round(round: &Value) -> [String; 6] {
    let count = round["agencies"].as_array().map_or(0, Vec::len).to_string();
    let list = |name: &str| round[name].as_array().cloned().unwrap_or_default();
    let awaited = list("awaited").iter().filter_map(|agency| agency.as_str().map(str::to_owned)).collect::<Vec<_>>();
    let named = list("named")
        .iter()
        .map(|named| format!("{} ({})", named["agency"].as_str().unwrap_or("nobody"), text(named, "fault")))
        .collect::<Vec<_>>();
    [
        text(round, "period"),
        text(round, "catalogue"),
        count,
        text(round, "attempt"),
        text(round, "state"),
        [awaited, named].concat().join(", "),
    ]
}

fn show(args: &ShowArgs, context: &Context<'_>) -> Result<(), Failure> {
    let aggregate = context.client.get(&args.path())?;
    context.out.result(&aggregate, |page| show::write(&aggregate, context.out.is_unicode(), page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_what_was_given() {
        assert_eq!(query("/a", &[("x", None), ("y", None)]), "/a");
        assert_eq!(query("/a", &[("x", Some("4.1")), ("y", Some("a&b"))]), "/a?x=4.1&y=a%26b");
    }
}
