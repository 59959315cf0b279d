//! API tokens: 256 random bits, shown once, kept as their SHA-256 only. Looking a token up by its hash takes the same
//! time whether it exists or not, since whoever guesses cannot steer the hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parangon_protocol::id::{Hash, Name};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::roles::{Actor, Caller, Role, Roles};
use super::{Context, Error, random_bytes};

/// What every token begins with, so that scanners find leaked ones.
pub const PREFIX: &str = "pgn_";

/// Days until a token expires when nothing else was asked for.
pub const DEFAULT_DAYS: u32 = 90;

/// The longest life of a token, in days.
pub const LONGEST_DAYS: u32 = 730;

/// Tokens of one agency: a few dozen people and programs.
pub const TOKENS: usize = 256;

const DAY: u64 = 86_400;

/// What tokens allowed before there were roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reading: the role `read-only`.
    Read,
    /// Everything: the role `admin`.
    Write,
}

impl Scope {
    fn role(self) -> Role {
        match self {
            Self::Read => Role::ReadOnly,
            Self::Write => Role::Admin,
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for: shown in lists.
    pub name: String,
    /// What it allows: one role at least.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// In place of roles, for programs from before there were any: `read` is `read-only`, `write` is `admin`.
    #[serde(default)]
    #[schema(deprecated)]
    pub scope: Option<Scope>,
    /// Days until it expires, 1 to 730; 90 when absent.
    #[serde(default)]
    pub expires_days: Option<u32>,
}

/// A token as it is shown when it was just made, and never again.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MadeToken {
    /// Names it in lists.
    pub id: String,
    /// The secret: keep it, it is not shown again.
    pub token: String,
    /// What it allows.
    pub roles: Roles,
    /// When it ends.
    #[schema(value_type = String)]
    pub expires: Timestamp,
}

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeToken({})", self.id)
    }
}

/// A token as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// Names it.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub roles: Roles,
    /// When it was made.
    #[schema(value_type = String)]
    pub created: Timestamp,
    /// When it ends.
    #[schema(value_type = String)]
    pub expires: Timestamp,
    /// Whether it has ended.
    pub expired: bool,
}

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    name: Name,
    #[serde(default)]
    roles: Roles,
    /// Of tokens from before there were roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    created: Timestamp,
    expires: Timestamp,
}

impl Row {
    fn roles(&self) -> Roles {
        if self.roles.is_empty() { self.scope.map(Scope::role).into_iter().collect() } else { self.roles.clone() }
    }
}

fn read(bytes: &[u8]) -> Result<Row, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::Damaged { what: "token" })
}

fn hash(token: &str) -> Hash {
    Hash::of(&[b"parangon/token\n", token.as_bytes()])
}

/// Makes a token that allows no more than `by` may do.
///
/// # Errors
/// [`Error::Field`] for a bad name or life or no role, [`Error::MoreRights`], [`Error::State`] when there are [`TOKENS`]
/// already.
pub fn create(context: &Context, by: &Caller, new: &NewToken) -> Result<MadeToken, Error> {
    let name: Name = new.name.trim().parse().map_err(Error::name("/name"))?;
    let days = new.expires_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(Error::field("/expires_days", format!("between 1 and {LONGEST_DAYS}")));
    }
    let roles: Roles = new.roles.iter().copied().chain(new.scope.map(Scope::role)).collect();
    if roles.is_empty() {
        return Err(Error::field("/roles", "one role at least"));
    }
    if !by.roles.cover(&roles) {
        return Err(Error::MoreRights);
    }
    let secret = Zeroizing::new(random_bytes::<32>()?);
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&secret[..]));
    let id = hex::encode(random_bytes::<6>()?);
    let created = context.now();
    let expires = created.plus(u64::from(days) * DAY);
    let row = Row { id: id.clone(), name, roles: roles.clone(), scope: None, created, expires };
    let bytes = serde_json::to_vec(&row).map_err(|_| Error::Damaged { what: "token" })?;
    context.transact(|tx| {
        if tx.tokens()?.len() >= TOKENS {
            let state = format!("full: there are {TOKENS} tokens");
            return Err(Error::State { what: "list of tokens", state, needed: "revoke those that nobody uses" });
        }
        Ok(tx.put_token(&hash(&token), &bytes)?)
    })?;
    Ok(MadeToken { id, token, roles, expires })
}

/// Every token, oldest first.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<TokenView>, Error> {
    let now = context.now();
    let mut views = Vec::new();
    for (_, bytes) in context.store().read()?.tokens()? {
        let row = read(&bytes)?;
        let (roles, expired) = (row.roles(), row.expires < now);
        let Row { id, name, created, expires, .. } = row;
        views.push(TokenView { id, name: name.to_string(), roles, created, expires, expired });
    }
    views.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(views)
}

/// Revokes a token: it opens nothing from then on.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke(context: &Context, id: &str) -> Result<(), Error> {
    context.transact(|tx| {
        for (hash, bytes) in tx.tokens()? {
            if read(&bytes)?.id == id {
                tx.delete_token(&hash)?;
                return Ok(());
            }
        }
        Err(Error::missing("token", id))
    })
}

/// Who presents a token.
///
/// # Errors
/// [`Error::Unauthenticated`] when there is none, or it has ended: the answer does not say which.
pub fn check(context: &Context, token: &str) -> Result<Caller, Error> {
    let bytes = context.store().read()?.token(&hash(token))?.ok_or(Error::Unauthenticated)?;
    let row = read(&bytes)?;
    if row.expires < context.now() {
        return Err(Error::Unauthenticated);
    }
    let roles = row.roles();
    Ok(Caller { actor: Actor::Token { id: row.id, name: row.name.to_string() }, roles })
}

#[cfg(test)]
mod tests;
