//! Who may be assessed at all (protocol, "Label rules"; the published rule since 15 November 2019).

use serde::{Deserialize, Serialize};

/// What the rule looks at, as the agency found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligibility {
    /// Listed on the European Cluster Collaboration Platform.
    pub eccp_listed: bool,
    /// Management staff in hundredths of a full-time equivalent: 50 is half a post.
    pub management_fte_hundredths: u32,
    /// Committed members.
    pub members: u32,
    /// Kinds of members (companies, research, …).
    pub member_types: u32,
}

/// The rule as data of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EligibilityRule {
    /// Whether the listing is asked for.
    pub eccp_listed: bool,
    /// At least this many hundredths of a full-time equivalent.
    pub management_fte_hundredths: u32,
    /// At least this many committed members.
    pub members: u32,
    /// At least this many kinds of members.
    pub member_types: u32,
}

impl Default for EligibilityRule {
    /// The rule in force since 15 November 2019.
    fn default() -> Self {
        Self { eccp_listed: true, management_fte_hundredths: 50, members: 15, member_types: 2 }
    }
}

/// One reason why a cluster is not eligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ineligible {
    /// Not on the platform.
    #[error("not listed on the European Cluster Collaboration Platform")]
    NotListed,
    /// Too little management.
    #[error("management of {actual} hundredths of a full-time post, {needed} are needed")]
    Management {
        /// Hundredths it has.
        actual: u32,
        /// Hundredths it needs.
        needed: u32,
    },
    /// Too few members.
    #[error("{actual} committed members, {needed} are needed")]
    Members {
        /// Members it has.
        actual: u32,
        /// Members it needs.
        needed: u32,
    },
    /// Too few kinds of members.
    #[error("{actual} kinds of members, {needed} are needed")]
    MemberTypes {
        /// Kinds it has.
        actual: u32,
        /// Kinds it needs.
        needed: u32,
    },
}

impl Eligibility {
    /// Whether the rule is met.
    ///
    /// # Errors
    /// Every reason against it, never an empty list.
    pub fn check(&self, rule: &EligibilityRule) -> Result<(), Vec<Ineligible>> {
        let mut reasons = Vec::new();
        if rule.eccp_listed && !self.eccp_listed {
            reasons.push(Ineligible::NotListed);
        }
        let mut at_least = |actual: u32, needed: u32, reason: fn(u32, u32) -> Ineligible| {
            if actual < needed {
                reasons.push(reason(actual, needed));
            }
        };
        at_least(self.management_fte_hundredths, rule.management_fte_hundredths, |actual, needed| Ineligible::Management {
            actual,
            needed,
        });
        at_least(self.members, rule.members, |actual, needed| Ineligible::Members { actual, needed });
        at_least(self.member_types, rule.member_types, |actual, needed| Ineligible::MemberTypes { actual, needed });
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }
}
