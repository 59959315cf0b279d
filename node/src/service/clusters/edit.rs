//! Clusters change their names, and two become one. What was said of them before stays.

use parangon_protocol::id::{AgencyId, ClusterId};
use parangon_protocol::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Cluster, ClusterFile, Description, FormerName, RegisterNumber, Said, by_name, claim, item, name_key, register_key};
use crate::service::{Context, Error};
use crate::store::WriteTx;

/// Merged clusters of one; more are a mistake in a script.
const ABSORBED: usize = 1_000;

impl Cluster {
    /// Takes on what is said. A name that changes becomes a former one.
    pub(super) fn take(&mut self, said: &Said, now: Timestamp) {
        let before = self.said();
        if before == *said {
            return;
        }
        if before.name != said.name {
            self.former.retain(|former| former.name != said.name);
            self.former.push(FormerName { name: before.name, until: now });
        }
        self.facts = said.facts(self.facts.id.clone());
        self.legal_form = said.legal_form.clone();
        self.registers = said.registers.clone();
        self.touch(now);
    }

    fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.changed = Some(now);
    }
}

fn unchanged(cluster: &Cluster, if_match: Option<&str>) -> Result<(), Error> {
    let if_match = if_match.ok_or(Error::Unconditional { what: "cluster" })?;
    if if_match == "*" || if_match == cluster.etag() {
        Ok(())
    } else {
        Err(Error::Changed { what: "cluster", at: cluster.changed.unwrap_or(cluster.created) })
    }
}

/// An agency that a cluster does not want as a reviewer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewObjection {
    /// Which; absent to take the objection back.
    #[serde(default)]
    pub agency: Option<String>,
}

/// Notes the one agency that the cluster does not want as a reviewer, or takes that back. It tells nobody.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`] for nobody who could be asked, [`Error::State`] when the cluster objects to another one.
pub fn object(context: &Context, id: &str, new: &NewObjection) -> Result<ClusterFile, Error> {
    let charter = context.charter();
    let agency: Option<AgencyId> = new.agency.as_deref().map(|text| text.parse().map_err(Error::name("/agency"))).transpose()?;
    if agency.as_ref().is_some_and(|agency| charter.member(agency).is_none() || agency == context.me()) {
        return Err(Error::field("/agency", "name another member of the federation"));
    }
    context.transact(|tx| {
        let mut cluster = item::get::<Cluster, _>(tx, id)?;
        cluster.is_open()?;
        match &cluster.objects_to {
            Some(other) if agency.as_ref().is_some_and(|agency| agency != other) => {
                let state = format!("objecting to {other} already");
                return Err(Error::State { what: "cluster", state, needed: "it has one objection; take that one back first" });
            }
            before if *before == agency => return Ok(cluster.file()),
            _ => {}
        }
        cluster.objects_to = agency;
        cluster.touch(context.now());
        item::put(tx, id, &cluster)?;
        Ok(cluster.file())
    })
}

/// Replaces what is said of a cluster. Its former name goes on to find it; a number that is no longer its own does not.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Unconditional`] and [`Error::Changed`] for `If-Match`, [`Error::State`] when it was merged,
/// and as [`super::add`].
pub fn edit(context: &Context, id: &str, new: &Description, if_match: Option<&str>) -> Result<ClusterFile, Error> {
    let said = Said::read(new)?;
    context.transact(|tx| {
        let mut cluster = item::get::<Cluster, _>(tx, id)?;
        unchanged(&cluster, if_match)?;
        cluster.is_open()?;
        save(tx, &mut cluster, &said, context.now())?;
        Ok(cluster.file())
    })
}

/// Saves what is said of a cluster that is here.
pub(super) fn save(tx: &mut WriteTx, cluster: &mut Cluster, said: &Said, now: Timestamp) -> Result<(), Error> {
    let before: Vec<RegisterNumber> = cluster.registers.clone();
    cluster.take(said, now);
    claim(tx, cluster)?;
    for number in before.iter().filter(|number| !cluster.registers.contains(number)) {
        tx.delete_private(<super::Reference as item::Item>::KIND, &register_key(number))?;
    }
    item::put(tx, cluster.facts.id.as_str(), cluster)
}

/// Makes one cluster of two: `from` stays readable with its assessments and labels, and nothing new begins on it; its names and
/// numbers lead to `into` from now on.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Field`] for a cluster and itself, [`Error::Unconditional`] and [`Error::Changed`] for
/// `If-Match` of `from`, [`Error::State`] when one of them was merged before.
pub fn merge(context: &Context, from: &str, into: &str, if_match: Option<&str>) -> Result<ClusterFile, Error> {
    if from == into {
        return Err(Error::field("/into", "a cluster cannot be merged into itself"));
    }
    let now = context.now();
    context.transact(|tx| {
        let mut gone = item::get::<Cluster, _>(tx, from)?;
        unchanged(&gone, if_match)?;
        gone.is_open()?;
        let mut stays = item::get::<Cluster, _>(tx, into).map_err(|_| Error::field("/into", "there is no such cluster"))?;
        stays.is_open()?;
        if stays.absorbed.len() >= ABSORBED {
            return Err(Error::field("/into", "too many clusters were merged into it"));
        }
        let (id, country) = (stays.facts.id.clone(), gone.facts.country.clone());
        for name in gone.former.iter().map(|former| &former.name).chain([&gone.facts.name]) {
            redirect(tx, &name_key(name, &country), &gone.facts.id, by_name(tx, name, &country)?, &id)?;
        }
        for number in gone.registers.clone() {
            let found = super::by_register(tx, &number)?;
            redirect(tx, &register_key(&number), &gone.facts.id, found, &id)?;
            stays.registers.push(number);
        }
        if stays.registers.len() > super::REGISTERS {
            return Err(Error::field(
                "/into",
                format!("together they have more than {} numbers in registers: remove some first", super::REGISTERS),
            ));
        }
        stays.former.append(&mut gone.former.clone());
        stays.former.push(FormerName { name: gone.facts.name.clone(), until: now });
        stays.absorbed.push(gone.facts.id.clone());
        stays.touch(now);
        gone.merged_into = Some(id.clone());
        gone.touch(now);
        item::put(tx, from, &gone)?;
        item::put(tx, into, &stays)?;
        Ok(stays.file())
    })
}

/// Makes a key that led to `from` lead to `to`.
fn redirect(tx: &mut WriteTx, key: &str, from: &ClusterId, found: Option<ClusterId>, to: &ClusterId) -> Result<(), Error> {
    if found.as_ref() == Some(from) { item::put(tx, key, &super::Reference { id: to.clone() }) } else { Ok(()) }
}
