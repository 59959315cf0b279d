//! API tokens: 256 random bits, shown once, kept as their SHA-256 only. Looking a token up by its hash takes the same
//! time whether it exists or not, since whoever guesses cannot steer the hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parangon_protocol::id::{Hash, Name};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

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

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reading only.
    Read,
    /// Everything but making tokens beyond its own scope.
    Write,
}

impl Scope {
    /// `read` or `write`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for: shown in lists.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
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
    pub scope: Scope,
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
    pub scope: Scope,
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
    scope: Scope,
    created: Timestamp,
    expires: Timestamp,
}

fn read(bytes: &[u8]) -> Result<Row, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::Damaged { what: "token" })
}

fn hash(token: &str) -> Hash {
    Hash::of(&[b"parangon/token\n", token.as_bytes()])
}

/// Makes a token.
///
/// # Errors
/// [`Error::Field`] for a bad name or life, [`Error::State`] when there are [`TOKENS`] already.
pub fn create(context: &Context, new: &NewToken) -> Result<MadeToken, Error> {
    let name: Name = new.name.trim().parse().map_err(Error::name("/name"))?;
    let days = new.expires_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(Error::field("/expires_days", format!("between 1 and {LONGEST_DAYS}")));
    }
    let secret = Zeroizing::new(random_bytes::<32>()?);
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&secret[..]));
    let id = hex::encode(random_bytes::<6>()?);
    let created = context.now();
    let expires = created.plus(u64::from(days) * DAY);
    let row = Row { id: id.clone(), name, scope: new.scope, created, expires };
    let bytes = serde_json::to_vec(&row).map_err(|_| Error::Damaged { what: "token" })?;
    context.transact(|tx| {
        if tx.tokens()?.len() >= TOKENS {
            let state = format!("full: there are {TOKENS} tokens");
            return Err(Error::State { what: "list of tokens", state, needed: "revoke those that nobody uses" });
        }
        Ok(tx.put_token(&hash(&token), &bytes)?)
    })?;
    Ok(MadeToken { id, token, scope: new.scope, expires })
}

/// Every token, oldest first.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<TokenView>, Error> {
    let now = context.now();
    let mut views = Vec::new();
    for (_, bytes) in context.store().read()?.tokens()? {
        let Row { id, name, scope, created, expires } = read(&bytes)?;
        views.push(TokenView { id, name: name.to_string(), scope, created, expires, expired: expires < now });
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

/// What a presented token allows.
///
/// # Errors
/// [`Error::Unauthenticated`] when there is none, or it has ended: the answer does not say which.
pub fn check(context: &Context, token: &str) -> Result<Scope, Error> {
    let bytes = context.store().read()?.token(&hash(token))?.ok_or(Error::Unauthenticated)?;
    let row = read(&bytes)?;
    if row.expires < context.now() { Err(Error::Unauthenticated) } else { Ok(row.scope) }
}

#[cfg(test)]
mod tests;
