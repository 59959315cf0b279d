//! From opened sums to what is published.

use super::{Attempt, Plan, PoolError, PoolGroup, PoolTotal, SignedSum, Vector};
use crate::statistics::release::CELLS;
use crate::statistics::{Counts, Table, disclose};

impl PoolTotal {
    /// Adds the sums of all members up. Each was checked against its logged hash. What does not pass the disclosure rule is hidden.
    ///
    /// # Errors
    /// [`PoolError::Levels`] when they are no table of these units: a row that does not add up to the register's count, a count that
    /// is larger, or fewer at a level than labels prove. [`PoolError::Length`] for sums of other lengths.
    pub fn of<'a>(plan: &Plan, attempt: &Attempt, sums: impl IntoIterator<Item = &'a SignedSum>) -> Result<Self, PoolError> {
        let mut total = Vector::new(vec![0; attempt.counters(plan)])?;
        for sum in sums {
            total = total.add(&sum.body.values)?;
        }
        let each = plan.indicators().len() * CELLS;
        let mut groups = Vec::new();
        for (at, counters) in attempt.groups().iter().zip(total.elements().chunks(each)) {
            let table = table(plan, attempt, *at, counters)?;
            let value = plan.groups()[*at].value.clone();
            groups.push(PoolGroup { population: table.population(), rows: disclose(&table, &plan.rule()), value });
        }
        Ok(Self {
            attempt: attempt.number(),
            catalogue: plan.catalogue().clone(),
            groups,
            members: attempt.members().to_vec(),
            period: plan.period(),
            round: *attempt.round(),
            set: *attempt.set(),
        })
    }
}

/// The table of one group.
fn table(plan: &Plan, attempt: &Attempt, group: usize, counters: &[u64]) -> Result<Table, PoolError> {
    let (units, known) = plan.known(attempt, group);
    let narrow = |counts: &[u64]| -> Result<[u32; CELLS], PoolError> {
        let counts: Vec<u32> = counts.iter().map(|count| u32::try_from(*count)).collect::<Result<_, _>>().map_err(|_| PoolError::Levels)?;
        counts.try_into().map_err(|_| PoolError::Levels)
    };
    let population = u32::try_from(units).map_err(|_| PoolError::Levels)?;
    let mut rows = Vec::new();
    for ((indicator, cells), floors) in plan.indicators().iter().zip(counters.chunks(CELLS)).zip(&known) {
        let cells = narrow(cells)?;
        if cells.iter().map(|count| u64::from(*count)).sum::<u64>() != units {
            return Err(PoolError::Levels);
        }
        let (mut above, mut proven) = (0u64, 0u64);
        for (count, floor) in cells.iter().zip(floors).rev() {
            above += u64::from(*count);
            proven += floor;
            if above < proven {
                return Err(PoolError::Levels);
            }
        }
        rows.push(Counts { indicator: indicator.clone(), cells, floors: narrow(floors)? });
    }
    Ok(Table { population, rows })
}
