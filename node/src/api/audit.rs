//! The audit trail: who did what through this API.

use axum::extract::State;
use parangon_protocol::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::error::{ApiError, Problem};
use super::extract::{Json, Query};
use super::page::{Page, encode, limit};
use crate::service::audit::{self, ChainView, Entry, Filter};

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// Only of this actor: `uid 1000`, or `token` and the beginning of its id.
    #[serde(default)]
    actor: Option<String>,
    /// Only from this time on.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// The oldest first instead of the newest.
    #[serde(default)]
    oldest: Option<bool>,
    /// Entries, 1 to 1000; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Where the page begins: the number of an entry. From the `Link` header of the page before.
    #[serde(default)]
    cursor: Option<u64>,
}

impl Listing {
    /// Path and query of the page that begins at `cursor`.
    fn at(&self, limit: usize, cursor: u64) -> String {
        let since = self.since.map(|since| since.to_string());
        let oldest = self.oldest.map(|oldest| oldest.to_string());
        let named = [("actor", &self.actor), ("since", &since), ("oldest", &oldest)];
        let kept: String = named.iter().filter_map(|(name, value)| Some(format!("{name}={}&", encode(value.as_ref()?)))).collect();
        format!("/api/v1/audit?{kept}limit={limit}&cursor={cursor}")
    }
}

/// Entries of the audit trail, the newest first. What changed something has two: that it was asked for, and how it ended.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Listing), responses(
    (status = 200, body = Vec<Entry>),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<App>, Query(listing): Query<Listing>) -> Result<Page<Entry>, ApiError> {
    let limit = limit(listing.limit)?;
    let filter = Filter { actor: listing.actor.clone(), since: listing.since, oldest_first: listing.oldest.unwrap_or(false) };
    let cursor = listing.cursor;
    let (items, next) = app.context.run(move |context| audit::list(context, &filter, cursor, limit)).await?;
    Ok(Page { items, next: next.map(|cursor| listing.at(limit, cursor)) })
}

/// The chain of the audit trail, recomputed from its first entry to its last.
#[utoipa::path(get, path = "/api/v1/audit/chain", tag = "audit", responses(
    (status = 200, body = ChainView),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn chain(State(app): State<App>) -> Result<Json<ChainView>, ApiError> {
    Ok(Json(app.context.run(audit::check).await?))
}
