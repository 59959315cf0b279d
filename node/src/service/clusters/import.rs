//! A list of clusters from a spreadsheet: every row is shown with what it would do before anything is done, and then all of them
//! are done or none.

use std::collections::BTreeMap;

use parangon_protocol::id::ClusterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cluster, Said, by_name, by_register, claim, edit, item};
use crate::service::spreadsheet::{self, ClusterRow, Kind, Problem};
use crate::service::{Context, Error, random_bytes};
use crate::store::{Source, Tx};

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RowOutcome {
    /// Its cluster is new.
    Added,
    /// Its cluster is here, and the row says something else of it.
    Changed,
    /// Its cluster is here, and the row says nothing new.
    Known,
}

/// A field that a row changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Which field.
    pub field: &'static str,
    /// So far; empty for nothing.
    pub from: String,
    /// From now on; empty for nothing.
    pub to: String,
}

/// One row and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportedRow {
    /// The row as a spreadsheet counts it.
    pub row: usize,
    /// The cluster's name in the file.
    pub name: String,
    /// The cluster's id, when it is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the row does.
    pub outcome: RowOutcome,
    /// What changes of a cluster that is here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    /// What the file was read as, such as `CSV, Windows-1252`.
    pub format: &'static str,
    /// Rows of the file that are good.
    pub read: usize,
    /// Clusters that are new; nothing was added in a dry run, or when there are problems.
    pub added: usize,
    /// Clusters of which something else is said.
    pub changed: usize,
    /// Rows that say nothing new.
    pub known: usize,
    /// Rows that do something.
    pub rows: Vec<ImportedRow>,
    /// Rows that cannot be used.
    pub problems: Vec<Problem>,
}

/// A row with what it says of a cluster in the end.
struct Planned<'a> {
    row: &'a ClusterRow,
    /// The cluster, when it is here.
    held: Option<Cluster>,
    said: Said,
}

/// Reads a spreadsheet of clusters. A row's cluster is found by its id, a register number, or a name that it has or had; an empty
/// cell leaves what is said so far. All rows are taken or none.
///
/// # Errors
/// [`Error::Table`] when a row has a problem and this is no dry run.
pub fn import(context: &Context, bytes: &[u8], dry_run: bool) -> Result<Imported, Error> {
    let spreadsheet::Reading { format, rows, problems, .. } = spreadsheet::read_clusters(bytes);
    if dry_run {
        let tx = context.store().read()?;
        let (plan, mut found) = plan(&tx, &rows)?;
        let mut problems = problems;
        problems.append(&mut found);
        problems.truncate(spreadsheet::PROBLEMS);
        return Ok(report(format, &plan, problems));
    }
    if !problems.is_empty() {
        return Err(Error::Table(problems));
    }
    let now = context.now();
    context.transact(|tx| {
        let (mut plan, problems) = plan(tx, &rows)?;
        if !problems.is_empty() {
            return Err(Error::Table(problems));
        }
        let report = report(format, &plan, problems);
        for planned in &mut plan {
            match &mut planned.held {
                Some(held) if held.said() == planned.said => {}
                Some(held) => edit::save(tx, held, &planned.said, now)?,
                None => {
                    let cluster = Cluster::new(ClusterId::new(context.me(), random_bytes()?), &planned.said, now);
                    claim(tx, &cluster)?;
                    item::put(tx, cluster.facts.id.as_str(), &cluster)?;
                }
            }
        }
        Ok(report)
    })
}

fn report(format: &'static str, plan: &[Planned<'_>], problems: Vec<Problem>) -> Imported {
    let rows: Vec<_> = plan.iter().map(Planned::report).collect();
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let (added, changed, known) = (count(RowOutcome::Added), count(RowOutcome::Changed), count(RowOutcome::Known));
    let rows = rows.into_iter().filter(|row| row.outcome != RowOutcome::Known).collect();
    Imported { format, read: plan.len(), added, changed, known, rows, problems }
}

impl Planned<'_> {
    fn report(&self) -> ImportedRow {
        let changes = self.held.as_ref().map(|held| differences(&held.said(), &self.said));
        let outcome = match &changes {
            None => RowOutcome::Added,
            Some(changes) if changes.is_empty() => RowOutcome::Known,
            Some(_) => RowOutcome::Changed,
        };
        ImportedRow {
            row: self.row.place.1,
            name: self.row.name.to_string(),
            id: self.held.as_ref().map(|held| held.facts.id.to_string()),
            outcome,
            changes: changes.unwrap_or_default(),
        }
    }
}

fn differences(before: &Said, after: &Said) -> Vec<FieldChange> {
    fn text(value: Option<&impl ToString>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }
    let numbers = |said: &Said| said.registers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    let fields = |said: &Said| {
        [
            ("name", said.name.to_string()),
            ("country", said.country.to_string()),
            ("region", text(said.region.as_ref())),
            ("nuts", text(said.nuts.as_ref())),
            ("field", text(said.field.as_ref())),
            ("legal_form", text(said.legal_form.as_ref())),
            ("register_numbers", numbers(said)),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    pairs.filter(|((_, from), (_, to))| from != to).map(|((field, from), (_, to))| FieldChange { field, from, to }).collect()
}

/// What each row does, judged against what is here and against the rows above it.
fn plan<'a, S: Source>(tx: &Tx<S>, rows: &'a [ClusterRow]) -> Result<(Vec<Planned<'a>>, Vec<Problem>), Error> {
    let (mut plan, mut problems) = (Vec::new(), Vec::new());
    // Who a name or a number will belong to, and in which row that is said.
    let mut claimed: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let held = match held(tx, row)? {
            Ok(held) => held,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let said = merged(held.as_ref(), row);
        let own = held.as_ref().map_or_else(|| super::name_key(&row.name, &row.country), |held| held.facts.id.to_string());
        let keys = [own, super::name_key(&row.name, &row.country)].into_iter().chain(row.registers.iter().map(super::register_key));
        let above = keys.clone().find_map(|key| claimed.get(&key).copied());
        if let Some(above) = above {
            let text = format!("this cluster stands in row {above} already");
            problems.push(row.problem("name", row.name.as_str(), Kind::Twice, text));
            continue;
        }
        if let Err(text) = said.check_registers() {
            problems.push(row.problem("register_numbers", "", Kind::Value, text));
            continue;
        }
        claimed.extend(keys.map(|key| (key, row.place.1)));
        plan.push(Planned { row, held, said });
    }
    Ok((plan, problems))
}

/// The cluster that a row is about; the inner error names a row that is about two.
fn held<S: Source>(tx: &Tx<S>, row: &ClusterRow) -> Result<Result<Option<Cluster>, Problem>, Error> {
    let mut found: Vec<(&'static str, String, ClusterId)> = Vec::new();
    if let Some(id) = &row.id {
        found.push(("id", id.to_string(), id.clone()));
    }
    for number in &row.registers {
        found.extend(by_register(tx, number)?.map(|id| ("register_numbers", number.to_string(), id)));
    }
    found.extend(by_name(tx, &row.name, &row.country)?.map(|id| ("name", row.name.to_string(), id)));
    let Some((column, value, id)) = found.first() else { return Ok(Ok(None)) };
    if let Some((other_column, other, _)) = found.iter().find(|(_, _, other)| other != id) {
        let text = format!("{column} and {other_column} belong to two clusters that are here");
        return Ok(Err(row.problem(other_column, other, Kind::Value, text)));
    }
    let Some(cluster) = item::find::<Cluster, S>(tx, id.as_str())? else {
        return Ok(Err(row.problem(column, value, Kind::Value, "there is no such cluster here; leave the id empty for a new one")));
    };
    match &cluster.merged_into {
        Some(into) => Ok(Err(row.problem(column, value, Kind::Value, format!("the cluster was merged into {into}")))),
        None => Ok(Ok(Some(cluster))),
    }
}

/// What is said of the cluster with the row: the row's words where it has any. A former name in an old list renames nothing back.
fn merged(held: Option<&Cluster>, row: &ClusterRow) -> Said {
    let ClusterRow { name, country, region, field, legal_form, nuts, registers, .. } = row.clone();
    let Some(held) = held else { return Said { name, country, region, nuts, field, legal_form, registers } };
    let before = held.said();
    let is_former = row.id.is_none() && held.former.iter().any(|former| former.name == name);
    let mut numbers = before.registers;
    for number in registers {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Said {
        name: if is_former { before.name } else { name },
        country,
        region: region.or(before.region),
        nuts: nuts.or(before.nuts),
        field: field.or(before.field),
        legal_form: legal_form.or(before.legal_form),
        registers: numbers,
    }
}
