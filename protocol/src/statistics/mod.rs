//! Anonymous statistics: how many clusters stand at which level of each indicator, with small numbers hidden so
//! that they cannot be worked out again (protocol, "Statistics").
//!
//! A node counts its [`Table`] (confidential), [`disclose`]s it into a [`Release`] (public, a record in its log),
//! and [`aggregate`]s the releases of all agencies. Nothing hidden is needed for the last step.

mod aggregate;
mod csv;
mod disclosure;
mod period;
pub mod pool;
mod release;
mod table;
#[cfg(test)]
mod tests;

pub use aggregate::{Aggregate, AggregateError, AggregateRow, Sum, aggregate};
pub use csv::{csv_field, to_csv};
pub use disclosure::disclose;
pub use period::{Period, PeriodError};
pub use release::{Cell, Reason, Release, ReleaseError, Row};
pub use table::{Counts, Member, Table, TallyError};
