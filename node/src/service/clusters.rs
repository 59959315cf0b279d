//! The clusters that this agency looks after. They are private until a label names one.

use parangon_protocol::id::{ClusterId, Country, Hash, Name};
use parangon_protocol::label::ClusterFacts;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::item::{self, Item};
use super::{Context, Error, csv, random_bytes};
use crate::store::{Source, Tx, WriteTx};

/// What is known of a cluster before it has an id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCluster {
    /// Its name, 1 to 200 characters; white space around it is taken off.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its region.
    #[serde(default)]
    pub region: Option<String>,
    /// Its technology field.
    #[serde(default)]
    pub field: Option<String>,
}

/// A cluster as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClusterView {
    /// `<agency>/<24 hex digits>`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its technology field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl From<&ClusterFacts> for ClusterView {
    fn from(facts: &ClusterFacts) -> Self {
        Self {
            id: facts.id.to_string(),
            name: facts.name.to_string(),
            country: facts.country.to_string(),
            region: facts.region.as_ref().map(ToString::to_string),
            field: facts.field.as_ref().map(ToString::to_string),
        }
    }
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    /// Rows of the file that are good.
    pub read: usize,
    /// Clusters that are new; nothing was added in a dry run, or when there are problems.
    pub added: usize,
    /// Rows whose cluster is here already.
    pub known: usize,
    /// Rows that cannot be used.
    pub problems: Vec<csv::Problem>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) facts: ClusterFacts,
    created: Timestamp,
}

impl Item for Cluster {
    const KIND: u8 = 1;
    const WHAT: &'static str = "cluster";
}

/// Finds a cluster by what people call it: the id in the store is a hash, so it holds no text.
#[derive(Serialize, Deserialize)]
struct ByName {
    id: ClusterId,
}

impl Item for ByName {
    const KIND: u8 = 2;
    const WHAT: &'static str = "cluster";
}

fn name_key(name: &Name, country: &Country) -> String {
    Hash::of(&[b"parangon/cluster-name\n", country.as_str().as_bytes(), b"\n", name.as_str().as_bytes()]).to_string()
}

/// Adds a cluster.
///
/// # Errors
/// [`Error::Field`], or [`Error::Exists`] when one of this name and country is here.
pub fn add(context: &Context, new: &NewCluster) -> Result<ClusterView, Error> {
    let name: Name = new.name.trim().parse().map_err(Error::name("/name"))?;
    let country: Country = new.country.parse().map_err(Error::name("/country"))?;
    let optional = |text: &Option<String>, pointer| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.map(|text| text.parse::<Name>().map_err(Error::name(pointer))).transpose()
    };
    let (region, field) = (optional(&new.region, "/region")?, optional(&new.field, "/field")?);
    let id = ClusterId::new(context.me(), random_bytes()?);
    let facts = ClusterFacts { id, name, country, region, field };
    context.transact(|tx| {
        if known(tx, &facts.name, &facts.country)? {
            return Err(Error::Exists { what: "a cluster of this name and country".into() });
        }
        insert(tx, context, facts.clone())
    })?;
    Ok((&facts).into())
}

fn known<S: Source>(tx: &Tx<S>, name: &Name, country: &Country) -> Result<bool, Error> {
    Ok(item::find::<ByName, S>(tx, &name_key(name, country))?.is_some())
}

/// The rows whose cluster is not here yet.
fn unknown<'a, S: Source>(tx: &Tx<S>, rows: &'a [csv::ClusterRow]) -> Result<Vec<&'a csv::ClusterRow>, Error> {
    let mut new = Vec::new();
    for row in rows {
        if !known(tx, &row.name, &row.country)? {
            new.push(row);
        }
    }
    Ok(new)
}

fn insert(tx: &mut WriteTx, context: &Context, facts: ClusterFacts) -> Result<(), Error> {
    item::put(tx, &name_key(&facts.name, &facts.country), &ByName { id: facts.id.clone() })?;
    let id = facts.id.to_string();
    item::put(tx, &id, &Cluster { facts, created: context.now() })
}

/// Reads a spreadsheet of clusters. All rows are added or none.
///
/// # Errors
/// [`Error::Table`] when a row has a problem and this is no dry run.
pub fn import(context: &Context, bytes: &[u8], dry_run: bool) -> Result<Imported, Error> {
    let csv::Reading { rows, problems } = csv::read_clusters(bytes);
    if !dry_run && !problems.is_empty() {
        return Err(Error::Table(problems));
    }
    let read = rows.len();
    let added = if dry_run {
        unknown(&context.store().read()?, &rows)?.len()
    } else {
        context.transact(|tx| {
            let new = unknown(tx, &rows)?;
            for row in &new {
                let id = ClusterId::new(context.me(), random_bytes()?);
                let csv::ClusterRow { name, country, region, field, .. } = (*row).clone();
                insert(tx, context, ClusterFacts { id, name, country, region, field })?;
            }
            Ok(new.len())
        })?
    };
    Ok(Imported { read, added, known: read - added, problems })
}

/// One cluster.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<ClusterView, Error> {
    Ok((&facts(&context.store().read()?, id)?).into())
}

pub(crate) fn facts<S: Source>(tx: &Tx<S>, id: &str) -> Result<ClusterFacts, Error> {
    Ok(item::get::<Cluster, S>(tx, id)?.facts)
}

/// Up to `limit` clusters by id, those after `after`.
///
/// # Errors
/// [`Error::Store`].
pub fn list(context: &Context, after: Option<&str>, limit: usize) -> Result<Vec<ClusterView>, Error> {
    let found = item::page::<Cluster, _>(&context.store().read()?, after, limit)?;
    Ok(found.iter().map(|(_, cluster)| (&cluster.facts).into()).collect())
}

/// How many clusters there are.
///
/// # Errors
/// [`Error::Store`].
pub fn count(context: &Context) -> Result<usize, Error> {
    item::count::<Cluster, _>(&context.store().read()?)
}
