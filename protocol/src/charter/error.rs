//! Why a charter is refused.

use super::Level;
use crate::canonical::CanonicalError;
use crate::id::{AgencyId, CatalogueId, SchemeId};
use crate::keys::KeyError;
use crate::limits;
use crate::statistics::MAXIMUM_NOISE;

/// Why a charter is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// The text is not canonical or not of this shape.
    #[error("the charter cannot be read: {0}")]
    Canonical(#[from] CanonicalError),
    /// No member, or more than [`limits::MEMBERS`].
    #[error("{count} members; 1 to {} are allowed", limits::MEMBERS)]
    MemberCount {
        /// How many there are.
        count: usize,
    },
    /// Members out of order or twice.
    #[error("members must be sorted by id, each once ({0})")]
    MemberOrder(AgencyId),
    /// One key in two places.
    #[error("{0} has a key that another member or role has too")]
    SharedKey(AgencyId),
    /// A version that does not fit its predecessor.
    #[error("version {version} with{} a predecessor", if *.previous { "" } else { "out" })]
    Version {
        /// What the charter says.
        version: u32,
        /// Whether it names one.
        previous: bool,
    },
    /// A level names a catalogue that the charter does not list.
    #[error("the catalogue {0} is not listed in the charter")]
    UnknownCatalogue(CatalogueId),
    /// A right names a scheme that the charter does not have.
    #[error("the scheme {0} is not in the charter")]
    UnknownScheme(SchemeId),
    /// The minimum is below 3, or protects nothing.
    #[error("disclosure parameters are too weak: minimum {minimum} (at least 3), protection {protection} (at least 1)")]
    Disclosure {
        /// The smallest publishable count asked for.
        minimum: u32,
        /// The interval asked for.
        protection: u32,
    },
    /// Noise that is no table, or of which some never occurs.
    #[error("noise: a maximum of 1 to {MAXIMUM_NOISE}, and with one of {maximum} a variance of {least} to {most} tenths, not {tenths}")]
    Noise {
        /// The most clusters that are added or taken away.
        maximum: u8,
        /// The variance asked for, in tenths.
        tenths: u32,
        /// The smallest with this maximum.
        least: u32,
        /// The largest.
        most: u32,
    },
    /// Rounding to multiples of something else than [`super::BASES`].
    #[error("rounding: to multiples of 3, 5 or 10, not of {base}")]
    Rounding {
        /// What was asked for.
        base: u32,
    },
    /// Noise, and rounding as well.
    #[error("counts get noise or are rounded, not both")]
    Perturbed,
    /// A table that stands twice.
    #[error("tables: each of country, region, field and level once at most")]
    Tables,
    /// Agencies that can publish nothing alone, and are not pooled.
    #[error("pools: agencies below {below} clusters are pooled; those below {minimum} can publish nothing alone")]
    Pool {
        /// From how many clusters on an agency publishes alone.
        below: u32,
        /// The smallest count that may be published.
        minimum: u32,
    },
    /// A period of retention outside its bounds.
    #[error("retention: dossiers are kept 1 to 365 days, reviews 30 to 3650 days, assessments 6 to 240 months")]
    Retention,
    /// What it continues is not told in order.
    #[error("the federation that is continued: its heads must be sorted by agency, each once and not empty")]
    Refounding,
    /// A re-keying of somebody who is no member, out of order, in the founding document, or to a key that somebody has.
    #[error("the re-keying of {0}: it is of a member, in its order and to a key that nobody has")]
    Rekeying(AgencyId),
    /// A resumption of somebody who is no member, out of order, in the founding document, or of no epoch.
    #[error("the resumption of the log of {0}: it is of a member, in its order and of an epoch from 1 on")]
    Resumption(AgencyId),
    /// A tie of somebody who is no member, to itself, out of order or twice.
    #[error("the ties of {0}: each is of a member to somebody else, in its order, and stands once")]
    Tie(AgencyId),
    /// A scheme, catalogue or level that stands twice.
    #[error("{0} stands twice")]
    Twice(String),
    /// A level that more have to endorse than a label can carry, or more from abroad than in all.
    #[error("{level} of the scheme {scheme}: at most {} reviewers, and no more from abroad", limits::ENDORSEMENTS)]
    Reviewers {
        /// The scheme.
        scheme: SchemeId,
        /// Its level.
        level: Level,
    },
    /// Months after a level that need not come first, or that end before they begin.
    #[error("{level} of the scheme {scheme}: its months after another level say nothing")]
    Predecessor {
        /// The scheme.
        scheme: SchemeId,
        /// Its level.
        level: Level,
    },
    /// A status that is too old at once.
    #[error("a label's status is good for 1 day at least")]
    StatusAge,
    /// A member's signature is missing or fails.
    #[error("{agency}: {cause}")]
    Signature {
        /// Whose.
        agency: AgencyId,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// Not every founder signed.
    #[error("these founders have not signed: {}", .0.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(", "))]
    Unsigned(Vec<AgencyId>),
    /// A signature by somebody who is no founder.
    #[error("{0} signed but is no member")]
    NotAMember(AgencyId),
}
