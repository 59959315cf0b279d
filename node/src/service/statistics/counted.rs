//! What counts for a period: the newest release of each agency, with its tables, where it keeps the charter's rule and counts those
//! whom the register says; and the totals of pools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::AgencyId;
use parangon_protocol::statistics::pool::PoolTotal;
use parangon_protocol::statistics::{self, Aggregate, Contributor, GroupKey, Knowledge, Ledger, Period, Release};
use parangon_protocol::time::Timestamp;

use super::registered::{Registered, registered};
use super::{Placed, counted_at, placed};
use crate::service::{Context, Error, pools};
use crate::store::{Source, Tx};

/// What counts for a period, added up: at least one release, or the total of a pool.
pub(super) struct Counted {
    ledger: Ledger,
    /// Who is in it.
    agencies: BTreeSet<AgencyId>,
    /// Whose release or table is not, and why.
    pub(super) void: Vec<(AgencyId, String)>,
    /// What the register says of each agency.
    register: BTreeMap<AgencyId, Registered>,
}

impl Counted {
    /// The total of all clusters.
    pub(super) fn whole(&self) -> Result<Aggregate, Error> {
        let totals = self.ledger.totals();
        totals.aggregate(&GroupKey::All).ok_or_else(|| Error::missing("final release", format!("for {}", totals.period())))
    }

    /// The total of a group; None where nobody has such clusters.
    pub(super) fn group(&self, key: &GroupKey) -> Option<Aggregate> {
        self.ledger.totals().aggregate(key)
    }

    /// The totals of all groups.
    pub(super) fn groups(&self) -> Vec<Aggregate> {
        self.ledger.totals().aggregates()
    }

    /// Adds the total of a pool: it counts once, for all its members. None of them publishes anything alone.
    fn pool(&mut self, total: &Arc<PoolTotal>) -> Result<(), Error> {
        let (mut population, mut registered) = (0, statistics::Registered::new());
        for member in &total.members {
            let Some(known) = self.register.get(member) else { continue };
            population += known.number().possible;
            for (by, values) in known.by_dimension() {
                let counts = registered.entry(by).or_default();
                values.into_iter().for_each(|(value, clusters)| *counts.entry(value).or_insert(0) += clusters);
            }
        }
        let knowledge = Knowledge::Pool { total: Arc::clone(total), by: None, population, registered };
        self.ledger.put(Contributor::Pool(total.round), knowledge)?;
        self.agencies.extend(total.members.iter().cloned());
        Ok(())
    }

    /// Clusters that held a valid label, of all agencies, as the register says.
    pub(super) fn registered(&self) -> u64 {
        self.register.values().map(|agency| u64::from(agency.number().certain)).sum()
    }

    /// Members of which nothing is here.
    pub(super) fn missing(&self, context: &Context) -> Vec<AgencyId> {
        let is_known = |id: &AgencyId| self.agencies.contains(id) || self.void.iter().any(|(agency, _)| agency == id);
        context.charter().members.iter().map(|member| &member.id).filter(|id| !is_known(id)).cloned().collect()
    }
}

/// Where something is public on a catalogue.
pub(super) struct Public {
    catalogue: CatalogueRef,
    /// The periods that anybody has released for, on any catalogue, or that a pool has a total for. None that is to come.
    periods: BTreeSet<Period>,
    /// The totals of pools.
    totals: BTreeMap<Period, Arc<PoolTotal>>,
}

impl Public {
    /// What is there by now.
    pub(super) fn on<S: Source>(context: &Context, tx: &Tx<S>, catalogue: CatalogueRef) -> Result<Self, Error> {
        let last = Period::of(context.now()).previous();
        let totals = last.map(|last| pools::totals(context, tx, &catalogue, last)).transpose()?.unwrap_or_default();
        let totals: BTreeMap<_, _> = totals.into_iter().map(|(period, total)| (period, Arc::new(total))).collect();
        let written = tx.release_places()?.into_iter().map(|(period, ..)| period);
        let mut periods: BTreeSet<_> = written.chain(totals.keys().copied()).collect();
        // Otherwise whoever releases for a quarter in a hundred years has the newest one for good.
        periods.retain(|period| counted_at(context, *period).is_ok());
        Ok(Self { catalogue, periods, totals })
    }

    /// What counts for the newest period of which anything does.
    pub(super) fn newest<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<Counted, Error> {
        for period in self.periods.iter().rev() {
            match counted(context, tx, self, *period) {
                Err(Error::NotFound { .. }) => {}
                answer => return answer,
            }
        }
        Err(Error::missing("final release", "of any period"))
    }

    /// What counts for each period of which anything does, the oldest first.
    pub(super) fn all<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<Vec<Counted>, Error> {
        let mut found = Vec::new();
        for period in &self.periods {
            match counted(context, tx, self, *period) {
                // A quarter of which nothing counts leaves a gap in a series.
                Err(Error::NotFound { .. }) => {}
                answer => found.push(answer?),
            }
        }
        Ok(found)
    }
}

/// Judges the newest release of each agency for a period, and its tables. What it corrects counts no more, also where it is void itself.
///
/// # Errors
/// [`Error::NotFound`] where nothing counts.
pub(super) fn counted<S: Source>(context: &Context, tx: &Tx<S>, public: &Public, period: Period) -> Result<Counted, Error> {
    let Public { catalogue, totals, .. } = public;
    let total = totals.get(&period);
    let mut found = placed(context, tx, Some(period))?;
    // A member of a pool publishes nothing alone.
    let is_pooled = |agency: &AgencyId| total.is_some_and(|total| total.members.contains(agency));
    found.retain(|placed| placed.is_final && placed.release.catalogue == *catalogue && !is_pooled(&placed.agency));
    let mut newest = BTreeMap::<&AgencyId, &Placed>::new();
    for placed in found.iter().filter(|placed| placed.release.by.is_none()) {
        let known = newest.entry(&placed.agency).or_insert(placed);
        if known.index < placed.index {
            *known = placed;
        }
    }
    let indices = newest.values().map(|placed| (placed.agency.clone(), placed.index)).collect();
    let register = registered(context, tx, catalogue, period.end().min(context.now()), &indices)?;
    let mut counted = Counted { ledger: Ledger::new(catalogue.clone(), period), agencies: BTreeSet::new(), void: Vec::new(), register };
    let none = Registered::default();
    for (agency, placed) in newest {
        let known = counted.register.get(agency).unwrap_or(&none);
        if let Some(because) = flaw(context, &placed.release, known) {
            counted.void.push((agency.clone(), because));
            continue;
        }
        let mut own: Vec<_> =
            found.iter().filter(|other| other.agency == *agency && other.release.version == placed.release.version).collect();
        own.sort_by_key(|other| other.index);
        // A table belongs to the table of all of its version; the first one of a dimension counts.
        let (mut tables, mut seen) = (Vec::new(), BTreeSet::new());
        for table in own.into_iter().map(|other| &other.release).filter(|table| table.by.is_some_and(|by| seen.insert(by))) {
            let differs = table.population != placed.release.population;
            let differs = differs.then(|| "its tables count different numbers of clusters".to_owned());
            match differs.or_else(|| flaw(context, table, known)) {
                None => tables.push(Arc::clone(table)),
                Some(because) => counted.void.push((agency.clone(), because)),
            }
        }
        let knowledge = Knowledge::Agency { release: Arc::clone(&placed.release), tables, registered: known.by_dimension() };
        counted.ledger.put(Contributor::Agency(agency.clone()), knowledge)?;
        counted.agencies.insert(agency.clone());
    }
    if let Some(total) = total {
        counted.pool(total)?;
    }
    if counted.agencies.is_empty() {
        return Err(Error::missing("final release", format!("for {period}")));
    }
    Ok(counted)
}

/// Why a release does not count: by the charter, and by any version that was the newest at the period's end or later. So what was
/// released before its rule changed still counts.
fn flaw(context: &Context, release: &Release, registered: &Registered) -> Option<String> {
    let (chain, end) = (context.chain(), release.period.end());
    let (mut because, mut later) = (None, None::<Timestamp>);
    for charter in chain.versions().rev() {
        if later.is_some_and(|created| created < end) {
            break;
        }
        let rule = &charter.disclosure;
        let flaw = match (release.check_disclosure(rule), release.by.filter(|by| !rule.tables.contains(by))) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(()), Some(by)) => Some(format!("the charter has no table by {by}")),
            (Ok(()), None) => registered.flaw(release, rule.minimum),
        };
        let flaw = flaw?;
        because = because.or(Some(flaw));
        later = Some(charter.created);
    }
    because
}
