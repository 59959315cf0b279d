//! Why a figure is hidden.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::statistics::Reason;

/// Why an agency or a pool hides a figure. None says which cell of a row is the small one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The agency has fewer clusters than the minimum, or so few of this value that they have no group of their own.
    Population,
    /// A cell of the row is too small; it is hidden, and so are those that would give it away.
    Small,
    /// The whole row is hidden: it would tell the level of every cluster of a group, or no part of it is safe.
    Group,
    /// The whole row is hidden because other published figures would give it away.
    Derivable,
    /// The clusters belong to a pooled agency, and are in no total of a pool that could be published.
    Pool,
}

impl Cause {
    /// All of them, in the order in which they are written.
    pub const EVERY: [Self; 5] = [Self::Population, Self::Small, Self::Group, Self::Derivable, Self::Pool];

    /// Its word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Population => "population",
            Self::Small => "small",
            Self::Group => "group",
            Self::Derivable => "derivable",
            Self::Pool => "pool",
        }
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Population => Self::Population,
            Reason::Small => Self::Small,
            Reason::Group => Self::Group,
            Reason::Derivable => Self::Derivable,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Some of the causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Causes(u8);

impl Causes {
    /// Adds one.
    pub fn insert(&mut self, cause: Cause) {
        self.0 |= 1 << cause as u8;
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contains(self, cause: Cause) -> bool {
        self.0 & (1 << cause as u8) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::EVERY.into_iter().filter(move |cause| self.contains(*cause))
    }
}

impl FromIterator<Cause> for Causes {
    fn from_iter<I: IntoIterator<Item = Cause>>(causes: I) -> Self {
        let mut all = Self::default();
        causes.into_iter().for_each(|cause| all.insert(cause));
        all
    }
}

impl Serialize for Causes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
