//! Who asks, and what they may do. A role is a kind of work; a token has one or several, and whoever may open the node's
//! socket has all of them (docs/decisions/009). Which role may call which route stands in one table: `api/permissions.rs`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads what is public, and lists; never scores, evidence, dossiers or findings.
    ReadOnly,
    /// Looks after clusters, assessments, offers and catalogues.
    Staff,
    /// Reviews for other agencies.
    Reviewer,
    /// Decides on labels and their standing, and releases statistics.
    Approver,
    /// Everything: tokens, keys, the charter, invites, backups, the audit trail, and what the others do.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::ReadOnly, Self::Staff, Self::Reviewer, Self::Approver, Self::Admin];

    /// `read-only`, `staff`, `reviewer`, `approver` or `admin`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Staff => "staff",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

/// The roles of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// All of them: whoever may open the socket.
    #[must_use]
    pub fn all() -> Self {
        Role::ALL.into_iter().collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of `who` is among them. An admin may do everything.
    #[must_use]
    pub fn allow(&self, who: &[Role]) -> bool {
        self.0.contains(&Role::Admin) || who.iter().any(|role| self.0.contains(role))
    }

    /// Whether whoever has these may do all that `others` allow. Every role may do what `read-only` may.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        let covers = |role: &Role| self.allow(&[*role]) || (*role == Role::ReadOnly && !self.is_empty());
        others.0.iter().all(covers)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|role| role.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

/// Who did something, as the audit trail names them. Two actors are two people as far as a node can tell: another token,
/// or another user of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Actor {
    /// Whoever holds a token.
    Token {
        /// Its id.
        id: String,
        /// What it is for.
        name: String,
    },
    /// A user of this machine, over the node's socket.
    User {
        /// The number that the operating system vouches for.
        uid: u32,
    },
}

impl Actor {
    /// Whether it is the same one. A token's name says nothing of that.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token { id, .. }, Self::Token { id: other, .. }) => id == other,
            (Self::User { uid }, Self::User { uid: other }) => uid == other,
            _ => false,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { id, name } => write!(f, "token {id} \"{name}\""),
            Self::User { uid } => write!(f, "uid {uid}"),
        }
    }
}

/// Who asks, with their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// What they may do.
    pub roles: Roles,
}

impl Caller {
    /// A user of this machine, who opened the node's socket.
    #[must_use]
    pub fn user(uid: u32) -> Self {
        Self { actor: Actor::User { uid }, roles: Roles::all() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_covers_more_than_they_have() {
        let of = |roles: &[Role]| roles.iter().copied().collect::<Roles>();
        assert!(Roles::all().cover(&Roles::all()) && of(&[Role::Admin]).cover(&Roles::all()));
        assert!(of(&[Role::Staff, Role::Approver]).cover(&of(&[Role::Approver, Role::ReadOnly])));
        for (has, wants) in [(Role::Staff, Role::Approver), (Role::Approver, Role::Admin), (Role::ReadOnly, Role::Staff)] {
            assert!(!of(&[has]).cover(&of(&[wants])), "{has:?} {wants:?}");
        }
        assert!(!Roles::default().cover(&of(&[Role::ReadOnly])) && !Roles::default().allow(&Role::ALL));
    }

    #[test]
    fn an_actor_is_known_by_its_number() {
        let token = |id: &str, name: &str| Actor::Token { id: id.into(), name: name.into() };
        assert!(token("1a", "desk").is(&token("1a", "other")) && !token("1a", "desk").is(&token("1b", "desk")));
        assert!(Actor::User { uid: 0 }.is(&Actor::User { uid: 0 }) && !Actor::User { uid: 0 }.is(&Actor::User { uid: 1 }));
        assert!(!token("0", "uid 0").is(&Actor::User { uid: 0 }));
        assert_eq!((token("1a", "desk").to_string(), Actor::User { uid: 7 }.to_string()), ("token 1a \"desk\"".into(), "uid 7".into()));
    }
}
