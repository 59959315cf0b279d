//! Anonymous statistics: how many clusters stand at which level of each indicator, with small numbers hidden so
//! that they cannot be worked out again (protocol, "Statistics").
//!
//! A node counts its [`Table`] (confidential), [`disclose`]s it into a [`Release`] (public, a record in its log),
//! and [`aggregate`]s the releases of all agencies. Nothing hidden is needed for the last step.
//! What overlaps is [`audit`]ed together before it is released; a [`PerturbationTable`] adds noise to counts, where it is asked for.

mod aggregate;
mod audit;
mod cell_key;
mod csv;
mod dimension;
mod disclosure;
mod guard;
mod period;
pub mod pool;
mod release;
mod table;
#[cfg(test)]
mod tests;

pub use aggregate::{
    Aggregate, AggregateError, AggregateRow, Cause, Causes, Contribution, Contributor, GroupKey, Knowledge, Ledger, Median, Piece,
    Registered, Share, Sum, Totals, aggregate,
};
pub use audit::{AuditError, Derived, Effort, Interval, MOST_UNITS, Published, Shown, Subject, Unshown, World, WorldError, audit};
pub use cell_key::{CellKey, CellSecret, MAXIMUM_NOISE, PerturbationError, PerturbationTable, RecordKey};
pub use csv::{csv_field, to_csv};
pub use dimension::{Dimension, pattern};
pub use disclosure::disclose;
pub use guard::{Counted, PERIODS, guard};
pub use period::{Period, PeriodError};
pub use release::{Cell, Part, Reason, Release, ReleaseError, Row};
pub use table::{Counts, Member, Table, TallyError};
