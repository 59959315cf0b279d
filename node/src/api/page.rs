//! Lists in pages: `?limit=&cursor=`, and a `Link` header with the next one.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::ApiError;

/// Entries of a page when nothing was asked for.
const DEFAULT: usize = 100;

/// Entries of one page at most.
const LARGEST: usize = 1_000;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    /// Entries, 1 to 1000; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    pub(super) limit: Option<usize>,
    /// Where the page begins: from the `Link` header of the one before.
    #[serde(default)]
    pub(super) cursor: Option<String>,
}

impl Paging {
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        limit(self.limit)
    }
}

/// The number of entries that was asked for.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(DEFAULT);
    if (1..=LARGEST).contains(&limit) { Ok(limit) } else { Err(ApiError::Malformed { problem: format!("limit must be 1 to {LARGEST}") }) }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Path and query of the next page.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// A page that was asked for with one entry more than `limit`: if that came, there is a next page, which begins after
    /// the last entry shown.
    pub(super) fn of(mut items: Vec<T>, limit: usize, path: &str, id: impl Fn(&T) -> &str) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| format!("{path}?limit={limit}&cursor={}", encode(id(last))));
        Self { items, next }
    }
}

/// Percent-encodes what a query may not hold.
pub(super) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.items).into_response();
        if let Some(link) = self.next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_exists_only_when_there_is_more() {
        let items = |count: usize| (0..count).map(|n| format!("a b/{n}")).collect::<Vec<_>>();
        assert_eq!(Page::of(items(2), 2, "/x", |id| id).next, None);
        let page = Page::of(items(3), 2, "/x", |id| id);
        assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("/x?limit=2&cursor=a%20b/1")));
        assert!(limit(Some(0)).is_err() && limit(Some(1_001)).is_err() && limit(None).is_ok());
    }
}
