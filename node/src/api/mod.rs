//! The admin API: JSON over HTTP/1.1, on loopback and on a Unix socket. One file a resource, one error mapping, and an
//! OpenAPI 3.1 description that is generated from the same annotations.
//!
//! Handlers translate; [`crate::service`] decides.

mod access;
mod assessments;
mod audit;
mod auth;
mod backups;
mod carriers;
mod catalogues;
mod charter;
mod clusters;
pub mod draws;
mod erasures;
mod error;
mod events;
mod evidence;
mod extract;
pub mod guard;
mod health;
mod idempotency;
mod inbox;
mod invitations;
mod keys;
mod labels;
mod logs;
mod metrics;
mod mirror;
mod node;
mod offers;
mod page;
mod permissions;
mod server;
mod statistics;
mod tokens;
mod trace;
mod verification;
pub(crate) mod witness;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use error::ApiError;
pub use guard::{Hosts, Way};
pub use server::Listeners;

use crate::service::Context;

/// What handlers share.
#[derive(Debug, Clone)]
pub struct App {
    context: Context,
    metrics: metrics::Metrics,
    keys: Arc<idempotency::Keys>,
    page: Arc<verification::Page>,
    /// Ends streams of events.
    stop: CancellationToken,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parangon admin API",
        description = "Assessments, peer reviews, labels and statistics of one agency's node. Errors are \
                       `application/problem+json` with a stable code; the first two digits of a code are the command \
                       line's exit code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Security),
    security(("token" = []))
)]
struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pgn_…");
        let token = token.description(Some("From `parangon token create`. Not needed on the Unix socket.")).build();
        api.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(token));
    }
}

fn resources() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::scrape))
        .routes(routes!(node::about))
        .routes(routes!(node::status))
        .routes(routes!(node::reminders))
        .routes(routes!(node::peers))
        .routes(routes!(node::witnesses))
        .routes(routes!(logs::list))
        .routes(routes!(logs::evidence))
        .routes(routes!(clusters::list, clusters::add))
        .routes(routes!(clusters::import))
        .routes(routes!(clusters::show, clusters::edit))
        .routes(routes!(clusters::merge))
        .routes(routes!(clusters::object))
        .routes(routes!(catalogues::list, catalogues::import))
        .routes(routes!(catalogues::show))
        .routes(routes!(catalogues::file))
        .routes(routes!(assessments::list, assessments::create))
        .routes(routes!(assessments::show, assessments::edit))
        .routes(routes!(assessments::answers, assessments::set_scores))
        .routes(routes!(assessments::benchmark))
        .routes(routes!(assessments::workbook))
        .routes(routes!(assessments::export))
        .routes(routes!(evidence::attach))
        .routes(routes!(evidence::fetch, evidence::detach))
        .routes(routes!(draws::list, draws::call))
        .routes(routes!(draws::show))
        .routes(routes!(offers::list, offers::create))
        .routes(routes!(offers::show))
        .routes(routes!(offers::withdraw))
        .routes(routes!(offers::refuse))
        .routes(routes!(offers::appeal))
        .routes(routes!(offers::rule))
        .routes(routes!(offers::answer))
        .routes(routes!(offers::respond))
        .routes(routes!(offers::eligible))
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::show))
        .routes(routes!(inbox::accept))
        .routes(routes!(inbox::decline))
        .routes(routes!(inbox::step_back))
        .routes(routes!(inbox::dossier))
        .routes(routes!(inbox::evidence))
        .routes(routes!(inbox::conversation))
        .routes(routes!(inbox::ask))
        .routes(routes!(inbox::finalise))
        .routes(routes!(inbox::work, inbox::write, inbox::import))
        .routes(routes!(inbox::workbook))
        .routes(routes!(inbox::review))
        .routes(routes!(labels::list, labels::issue))
        .routes(routes!(labels::preview))
        .routes(routes!(labels::take_back))
        .routes(routes!(labels::show))
        .routes(routes!(labels::recount))
        .routes(routes!(labels::bundle))
        .routes(routes!(carriers::certificate))
        .routes(routes!(carriers::badge))
        .routes(routes!(carriers::press))
        .routes(routes!(carriers::reminder))
        .routes(routes!(labels::status_list))
        .routes(routes!(labels::standing))
        .routes(routes!(labels::preview_objection, labels::object, labels::lift))
        .routes(routes!(charter::show))
        .routes(routes!(charter::versions, charter::extend))
        .routes(routes!(charter::proposals))
        .routes(routes!(charter::ballot))
        .routes(routes!(charter::vote))
        .routes(routes!(keys::list, keys::replace))
        .routes(routes!(mirror::show))
        .routes(routes!(mirror::file))
        .routes(routes!(verification::verify))
        .routes(routes!(verification::trust))
        .routes(routes!(verification::page))
        .routes(routes!(statistics::aggregate))
        .routes(routes!(statistics::aggregate_csv))
        .routes(routes!(statistics::prepare))
        .routes(routes!(statistics::rounds))
        .routes(routes!(statistics::releases, statistics::release))
        .routes(routes!(statistics::file))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::show, invitations::cancel))
        .routes(routes!(erasures::list, erasures::order))
        .routes(routes!(erasures::plan))
        .routes(routes!(erasures::show))
        .routes(routes!(access::report))
        .routes(routes!(access::erase))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(audit::chain))
        .routes(routes!(backups::create))
        .routes(routes!(events::events))
}

/// The description of the API, OpenAPI 3.1.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    resources().into_openapi()
}

/// All routes behind their guards: Host and Origin first, then who asks and what they may, then everything else.
pub fn router(context: Context, hosts: Hosts, stop: CancellationToken) -> Router {
    let app = App { context, metrics: metrics::Metrics::default(), keys: Arc::default(), page: Arc::default(), stop };
    let (routes, description) = resources().split_for_parts();
    let description: Arc<str> = description.to_json().expect("a description made of constants can be written").into();
    let serve_description = move || {
        let description = Arc::clone(&description);
        async move { ([(axum::http::header::CONTENT_TYPE, "application/json")], description.to_string()) }
    };
    routes
        .route("/api/openapi.json", axum::routing::get(serve_description))
        .fallback(|| async { ApiError::Route })
        .method_not_allowed_fallback(|| async { ApiError::Method })
        .layer(from_fn_with_state(app.clone(), idempotency::replay))
        .layer(from_fn_with_state(app.clone(), auth::check))
        .layer(from_fn_with_state(app.clone(), metrics::measure))
        .layer(CatchPanicLayer::custom(|_| ApiError::Panicked.into_response()))
        .layer(from_fn_with_state(hosts, guard::check))
        .with_state(app)
}

/// Answers requests until `stop`; those under way get a few seconds to end.
pub async fn serve(context: Context, listeners: Listeners, allowed_hosts: Vec<String>, stop: CancellationToken) {
    let hosts = Hosts::new(listeners.address(), &allowed_hosts);
    let router = router(context, hosts, stop.clone());
    server::run(listeners, router, stop).await;
}
