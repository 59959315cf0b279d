//! What a label may stand on and until when it is valid: months from the assessment, renewal from the expiry before, the level
//! that has to come first (protocol, "Label rules").

use crate::charter::{Level, LevelRule, MonthSpan};
use crate::time::Month;

/// A label that the same cluster was given before in the same scheme, and that was not withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its level.
    pub level: Level,
    /// Month of its assessment.
    pub assessed: Month,
    /// Its last month.
    pub valid_until: Month,
}

/// Why a level cannot be sought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfounded {
    /// The level that has to come first was never held.
    #[error("it needs a {predecessor} label first")]
    Predecessor {
        /// That level.
        predecessor: Level,
    },
    /// That level was held, but assessed too short or too long before.
    #[error("assessed {found} months after {predecessor} ({assessed}); {} to {} are asked for", .span.from, .span.to)]
    Distance {
        /// The level that came first.
        predecessor: Level,
        /// The month in which the last of these was assessed.
        assessed: Month,
        /// Months between the two assessments.
        found: i32,
        /// What the charter asks for.
        span: MonthSpan,
    },
    /// The renewal would run for longer than any label may: it comes too early.
    #[error("the label before runs to {expiry}: renewed now, it would run to {until}, and {latest} is the latest")]
    Early {
        /// The last month of the label before.
        expiry: Month,
        /// Where the renewal would end.
        until: Month,
        /// Where it may end.
        latest: Month,
    },
}

/// The last month of validity of an award assessed in `assessed`; `previous` is the expiry of the same
/// cluster's label of this level before it, if there was one.
#[must_use]
pub fn valid_until(rule: &LevelRule, assessed: Month, previous: Option<Month>) -> Month {
    match previous {
        Some(expiry) if assessed.since(expiry) <= i32::from(rule.renewal_window_months) => expiry.plus(rule.renewal_months),
        _ => assessed.plus(rule.first_months),
    }
}

/// The latest month in which any label ends that was assessed in `assessed`: a renewal adds one award to what is left of the one before.
#[must_use]
pub fn latest(rule: &LevelRule, assessed: Month) -> Month {
    assessed.plus(rule.first_months.max(rule.renewal_months)).plus(rule.renewal_months)
}

/// The expiry from which an award of this rule would renew: that of the last label of its level.
#[must_use]
pub fn previous(rule: &LevelRule, held: &[Held]) -> Option<Month> {
    held.iter().filter(|held| held.level == rule.level).map(|held| held.valid_until).max()
}

/// The last month of an award assessed in `assessed`, after what the cluster held before. What has to come first is asked of
/// first awards only: a renewal stands on the label that it renews.
///
/// # Errors
/// Every reason of [`Unfounded`].
pub fn award(rule: &LevelRule, assessed: Month, held: &[Held]) -> Result<Month, Unfounded> {
    let first = valid_until(rule, assessed, None);
    let renewed = previous(rule, held).filter(|expiry| assessed.since(*expiry) <= i32::from(rule.renewal_window_months));
    let Some(expiry) = renewed else { return founded(rule, assessed, held).map(|()| first) };
    let (until, latest) = (valid_until(rule, assessed, Some(expiry)), latest(rule, assessed));
    if until > latest { Err(Unfounded::Early { expiry, until, latest }) } else { Ok(until) }
}

/// Whether the level that has to come first was held, and assessed as long before as the rule asks.
fn founded(rule: &LevelRule, assessed: Month, held: &[Held]) -> Result<(), Unfounded> {
    let Some(predecessor) = rule.predecessor else { return Ok(()) };
    let before = held.iter().filter(|held| held.level == predecessor).map(|held| held.assessed);
    let last = before.clone().max().ok_or(Unfounded::Predecessor { predecessor })?;
    match rule.predecessor_months {
        Some(span) if !before.into_iter().any(|earlier| span.contains(assessed.since(earlier))) => {
            Err(Unfounded::Distance { predecessor, assessed: last, found: assessed.since(last), span })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
