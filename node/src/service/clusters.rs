//! The clusters that this agency looks after. They are private until a label names one.
//!
//! A cluster is its id. Name and register numbers are attributes that change; the former ones go on to find it, so that an
//! old list brings no second copy of it.

mod edit;
mod import;

use std::fmt;
use std::str::FromStr;

use parangon_protocol::id::{AgencyId, ClusterId, Country, Hash, Name};
use parangon_protocol::label::ClusterFacts;
use parangon_protocol::region::Nuts;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use edit::{NewObjection, edit, merge, object};
pub use import::{Imported, ImportedRow, RowOutcome, import};

use super::item::{self, Item};
use super::{Context, Error, random_bytes};
use crate::store::{Source, Tx, WriteTx};

/// Numbers of one cluster in registers.
pub const REGISTERS: usize = 16;

/// A number in a register, national or other. Written `REGISTER=NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterNumber {
    /// The register, such as `REAEI`.
    #[schema(value_type = String)]
    pub register: Name,
    /// The number there, such as `REAEI-00023`.
    #[schema(value_type = String)]
    pub number: Name,
}

impl fmt::Display for RegisterNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.register, self.number)
    }
}

impl FromStr for RegisterNumber {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not a number in a register such as REAEI=REAEI-00023".to_owned();
        let (register, number) = text.split_once('=').ok_or_else(wrong)?;
        let name = |text: &str| text.trim().parse().map_err(|_| wrong());
        Ok(Self { register: name(register)?, number: name(number)? })
    }
}

/// A NUTS region with the version of the classification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NutsView {
    /// Its code, such as `DE11`.
    pub code: String,
    /// The year that names the version.
    pub version: u16,
}

/// What people say of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name, 1 to 200 characters; white space around it is taken off.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its region, in words.
    #[serde(default)]
    pub region: Option<String>,
    /// Its region by NUTS.
    #[serde(default)]
    pub nuts: Option<NutsView>,
    /// Its technology field.
    #[serde(default)]
    pub field: Option<String>,
    /// Its legal form.
    #[serde(default)]
    pub legal_form: Option<String>,
    /// Its numbers in registers, at most 16.
    #[serde(default)]
    pub registers: Vec<RegisterNumber>,
}

/// A name that a cluster had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormerName {
    /// The name.
    #[schema(value_type = String)]
    pub name: Name,
    /// When another took its place here.
    #[schema(value_type = String)]
    pub until: Timestamp,
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
    /// Its region by NUTS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nuts: Option<NutsView>,
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
            nuts: facts.nuts.as_ref().map(|nuts| NutsView { code: nuts.code().to_owned(), version: nuts.version() }),
            field: facts.field.as_ref().map(ToString::to_string),
        }
    }
}

/// A cluster with what stays in the agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClusterFile {
    /// What a label would say of it.
    #[serde(flatten)]
    pub cluster: ClusterView,
    /// Its legal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_form: Option<String>,
    /// Its numbers in registers.
    pub registers: Vec<RegisterNumber>,
    /// Names that it had, oldest first.
    pub former_names: Vec<FormerName>,
    /// The cluster that it was merged into: nothing new is assessed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Clusters that were merged into this one.
    pub absorbed: Vec<String>,
    /// The agency that it does not want as a reviewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects_to: Option<String>,
    /// Names this version, for `If-Match`.
    pub etag: String,
    /// When it was registered here.
    #[schema(value_type = String)]
    pub created: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String)]
    pub changed: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) facts: ClusterFacts,
    created: Timestamp,
    #[serde(default)]
    legal_form: Option<Name>,
    #[serde(default)]
    registers: Vec<RegisterNumber>,
    #[serde(default)]
    former: Vec<FormerName>,
    #[serde(default)]
    merged_into: Option<ClusterId>,
    #[serde(default)]
    absorbed: Vec<ClusterId>,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    changed: Option<Timestamp>,
    #[serde(default)]
    objects_to: Option<AgencyId>,
}

impl Item for Cluster {
    const KIND: u8 = 1;
    const WHAT: &'static str = "cluster";
}

/// Finds a cluster by what people call it: the id in the store is a hash, so it holds no text.
#[derive(Serialize, Deserialize)]
struct Reference {
    id: ClusterId,
}

impl Item for Reference {
    const KIND: u8 = 2;
    const WHAT: &'static str = "cluster";
}

fn name_key(name: &Name, country: &Country) -> String {
    Hash::of(&[b"parangon/cluster-name\n", country.as_str().as_bytes(), b"\n", name.as_str().as_bytes()]).to_string()
}

fn register_key(number: &RegisterNumber) -> String {
    Hash::of(&[b"parangon/cluster-register\n", number.to_string().as_bytes()]).to_string()
}

/// What a description says, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    name: Name,
    country: Country,
    region: Option<Name>,
    nuts: Option<Nuts>,
    field: Option<Name>,
    legal_form: Option<Name>,
    registers: Vec<RegisterNumber>,
}

impl Said {
    fn read(new: &Description) -> Result<Self, Error> {
        let optional = |text: &Option<String>, pointer| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| text.parse::<Name>().map_err(Error::name(pointer))).transpose()
        };
        let country: Country = new.country.parse().map_err(Error::name("/country"))?;
        let nuts = new.nuts.as_ref().map(|nuts| Nuts::new(&nuts.code, nuts.version)).transpose();
        let nuts = nuts.map_err(|error| Error::field("/nuts", error))?;
        if let Some(nuts) = &nuts {
            nuts.check_country(&country).map_err(|error| Error::field("/nuts", error))?;
        }
        let said = Self {
            name: new.name.trim().parse().map_err(Error::name("/name"))?,
            country,
            region: optional(&new.region, "/region")?,
            nuts,
            field: optional(&new.field, "/field")?,
            legal_form: optional(&new.legal_form, "/legal_form")?,
            registers: new.registers.clone(),
        };
        said.check_registers().map_err(|problem| Error::field("/registers", problem))?;
        Ok(said)
    }

    fn check_registers(&self) -> Result<(), String> {
        let twice = self.registers.iter().enumerate().find(|(at, number)| self.registers[..*at].contains(number));
        match twice {
            Some((_, number)) => Err(format!("{number} stands twice")),
            None if self.registers.len() > REGISTERS => Err(format!("at most {REGISTERS} numbers")),
            None => Ok(()),
        }
    }

    fn facts(&self, id: ClusterId) -> ClusterFacts {
        let Self { name, country, region, nuts, field, .. } = self.clone();
        ClusterFacts { country, field, id, name, nuts, region }
    }
}

impl Cluster {
    fn new(id: ClusterId, said: &Said, now: Timestamp) -> Self {
        Self {
            facts: said.facts(id),
            created: now,
            legal_form: said.legal_form.clone(),
            registers: said.registers.clone(),
            former: Vec::new(),
            merged_into: None,
            absorbed: Vec::new(),
            version: 1,
            changed: None,
            objects_to: None,
        }
    }

    /// What was said of it so far.
    fn said(&self) -> Said {
        let ClusterFacts { country, field, name, nuts, region, .. } = self.facts.clone();
        Said { name, country, region, nuts, field, legal_form: self.legal_form.clone(), registers: self.registers.clone() }
    }

    fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    fn file(&self) -> ClusterFile {
        ClusterFile {
            cluster: (&self.facts).into(),
            legal_form: self.legal_form.as_ref().map(ToString::to_string),
            registers: self.registers.clone(),
            former_names: self.former.clone(),
            merged_into: self.merged_into.as_ref().map(ToString::to_string),
            absorbed: self.absorbed.iter().map(ToString::to_string).collect(),
            objects_to: self.objects_to.as_ref().map(ToString::to_string),
            etag: self.etag(),
            created: self.created,
            changed: self.changed.unwrap_or(self.created),
        }
    }

    /// Refuses what would begin anew on a cluster that another one took over.
    fn is_open(&self) -> Result<(), Error> {
        match &self.merged_into {
            Some(into) => Err(Error::State { what: "cluster", state: format!("merged into {into}"), needed: "use that one" }),
            None => Ok(()),
        }
    }
}

/// Adds a cluster.
///
/// # Errors
/// [`Error::Field`], or [`Error::Exists`] when one with this name and country, or with one of the numbers, is here.
pub fn add(context: &Context, new: &Description) -> Result<ClusterFile, Error> {
    let said = Said::read(new)?;
    let cluster = Cluster::new(ClusterId::new(context.me(), random_bytes()?), &said, context.now());
    context.transact(|tx| {
        claim(tx, &cluster)?;
        item::put(tx, cluster.facts.id.as_str(), &cluster)
    })?;
    Ok(cluster.file())
}

/// The cluster that has or had this name.
fn by_name<S: Source>(tx: &Tx<S>, name: &Name, country: &Country) -> Result<Option<ClusterId>, Error> {
    Ok(item::find::<Reference, S>(tx, &name_key(name, country))?.map(|reference| reference.id))
}

/// The cluster that has this number.
fn by_register<S: Source>(tx: &Tx<S>, number: &RegisterNumber) -> Result<Option<ClusterId>, Error> {
    Ok(item::find::<Reference, S>(tx, &register_key(number))?.map(|reference| reference.id))
}

/// Makes name and numbers of a cluster lead to it.
fn claim(tx: &mut WriteTx, cluster: &Cluster) -> Result<(), Error> {
    let id = &cluster.facts.id;
    let other = |found: Option<ClusterId>| found.filter(|found| found != id);
    if let Some(other) = other(by_name(tx, &cluster.facts.name, &cluster.facts.country)?) {
        return Err(Error::Exists { what: format!("a cluster that has or had this name in this country: {other}") });
    }
    for number in &cluster.registers {
        if let Some(other) = other(by_register(tx, number)?) {
            return Err(Error::Exists { what: format!("a cluster with the number {number}: {other}") });
        }
        item::put(tx, &register_key(number), &Reference { id: id.clone() })?;
    }
    item::put(tx, &name_key(&cluster.facts.name, &cluster.facts.country), &Reference { id: id.clone() })
}

/// One cluster.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<ClusterFile, Error> {
    Ok(item::get::<Cluster, _>(&context.store().read()?, id)?.file())
}

/// What a label would say of a cluster on which something new may begin.
pub(crate) fn facts<S: Source>(tx: &Tx<S>, id: &str) -> Result<ClusterFacts, Error> {
    let cluster = item::get::<Cluster, S>(tx, id)?;
    cluster.is_open()?;
    Ok(cluster.facts)
}

/// The agency that a cluster does not want as a reviewer.
pub(crate) fn objection<S: Source>(tx: &Tx<S>, id: &ClusterId) -> Result<Option<AgencyId>, Error> {
    Ok(item::get::<Cluster, S>(tx, id.as_str())?.objects_to)
}

/// Deletes a cluster with what leads to it. Returns how many items that were.
pub(crate) fn erase(tx: &mut WriteTx, id: &str) -> Result<u64, Error> {
    let cluster = item::get::<Cluster, _>(tx, id)?;
    let names = cluster.former.iter().map(|former| &former.name).chain([&cluster.facts.name]);
    let names = names.map(|name| name_key(name, &cluster.facts.country));
    let keys: Vec<String> = names.chain(cluster.registers.iter().map(register_key)).collect();
    let mut items = 0;
    for key in keys {
        let leads_here = item::find::<Reference, _>(tx, &key)?.is_some_and(|reference| reference.id == cluster.facts.id);
        items += u64::from(leads_here && tx.delete_private(Reference::KIND, &key)?);
    }
    Ok(items + u64::from(tx.delete_private(Cluster::KIND, id)?))
}

/// The name of a cluster, whatever became of it.
pub(crate) fn name<S: Source>(tx: &Tx<S>, id: &str) -> Result<Name, Error> {
    Ok(item::get::<Cluster, S>(tx, id)?.facts.name)
}

/// Up to `limit` clusters by id, those after `after`.
///
/// # Errors
/// [`Error::Store`].
pub fn list(context: &Context, after: Option<&str>, limit: usize) -> Result<Vec<ClusterFile>, Error> {
    let found = item::page::<Cluster, _>(&context.store().read()?, after, limit)?;
    Ok(found.iter().map(|(_, cluster)| cluster.file()).collect())
}

/// How many clusters there are, but for those that others took over.
///
/// # Errors
/// [`Error::Store`].
pub fn count(context: &Context) -> Result<usize, Error> {
    let mut count = 0;
    item::each::<Cluster, _>(&context.store().read()?, |_, cluster| {
        count += usize::from(cluster.merged_into.is_none());
        Ok(())
    })?;
    Ok(count)
}
