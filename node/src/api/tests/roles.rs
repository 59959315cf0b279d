//! Roles and the audit trail over the whole router.

use super::*;
use crate::api::permissions::{self, Line, Rule, Trace};
use crate::service::audit;
use crate::service::roles::Roles;

fn rule(method: &Method, path: &str) -> Option<Rule> {
    match permissions::line(method, path) {
        Line::Rule(rule) => Some(rule),
        _ => None,
    }
}

/// Every method and path of the description, as it is written there.
fn templates() -> Vec<(Method, String)> {
    let description = serde_json::to_value(openapi()).expect("JSON");
    let paths = description["paths"].as_object().expect("paths").clone();
    let routes = paths.into_iter().flat_map(|(path, item)| {
        let methods: Vec<Method> = item.as_object().expect("an item").keys().filter_map(|m| m.to_uppercase().parse().ok()).collect();
        methods.into_iter().map(move |method| (method, path.clone()))
    });
    routes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_its_line_says_and_nothing_else() {
    let client = client(None).await;
    for role in Role::ALL {
        let token = client.token("test", &[role]).await;
        for (method, path) in templates() {
            // The stream of events does not end by itself, and whether the node is ready is nobody's secret.
            let Some(rule) = rule(&method, &path).filter(|_| path != "/api/v1/events") else { continue };
            let filled: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "0" } else { part }).collect();
            let request = Request::builder().method(method.clone()).uri(filled.join("/"));
            let answer = client.send(request.header(header::AUTHORIZATION, format!("Bearer {token}")), Body::empty()).await;
            let allowed = [role].into_iter().collect::<Roles>().allow(rule.who);
            assert_eq!(answer.status != StatusCode::FORBIDDEN, allowed, "{role:?} {method} {path}: {}", answer.status);
            if !allowed {
                assert_eq!(answer.code(), "PGN-0403");
                assert!(answer.json()["detail"].as_str().is_some_and(|text| text.contains("admin")));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_roles_add_up_and_a_revoked_one_is_gone() {
    let client = client(Some(Role::Admin)).await;
    let made = client.post("/api/v1/tokens", json!({ "name": "desk", "roles": ["staff", "reviewer"] })).await.json();
    assert_eq!(made["roles"], json!(["staff", "reviewer"]));
    let as_desk = |request: axum::http::request::Builder| {
        request.header(header::AUTHORIZATION, format!("Bearer {}", made["token"].as_str().unwrap_or_default()))
    };
    for (path, status) in [("/api/v1/inbox", 200), ("/api/v1/offers", 200), ("/api/v1/tokens", 403), ("/api/v1/audit", 403)] {
        assert_eq!(client.send(as_desk(Request::get(path)), Body::empty()).await.status, status, "{path}");
    }
    let none = client.post("/api/v1/tokens", json!({ "name": "nothing", "roles": [] })).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "PGN-0702"));
    assert_eq!(client.post("/api/v1/tokens", json!({ "name": "x", "roles": ["boss"] })).await.code(), "PGN-0701");
    let listed = client.get("/api/v1/tokens").await.json();
    assert!(listed.as_array().is_some_and(|tokens| tokens.iter().any(|token| token["roles"] == json!(["staff", "reviewer"]))));
    client.send(Request::delete(format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"))), Body::empty()).await;
    assert_eq!(client.send(as_desk(Request::get("/api/v1/offers")), Body::empty()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_says_who_did_what_and_nothing_of_what_it_said() {
    let client = client(Some(Role::Admin)).await;
    let staff = client.token("desk", &[Role::Staff]).await;
    let as_staff = |request: axum::http::request::Builder| request.header(header::AUTHORIZATION, format!("Bearer {staff}"));
    let json_body = |request: axum::http::request::Builder| request.header(header::CONTENT_TYPE, "application/json");
    let cluster = json!({ "name": "Canarius", "country": "DE" }).to_string();
    let made = client.send(json_body(as_staff(Request::post("/api/v1/clusters"))), cluster.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(client.send(json_body(as_staff(Request::post("/api/v1/clusters"))), cluster).await.code(), "PGN-0602");
    client.send(as_staff(Request::get("/api/v1/assessments/canary/scores")), Body::empty()).await;
    client.send(as_staff(Request::get("/api/v1/clusters")), Body::empty()).await;
    client.send(as_staff(Request::delete(format!("/api/v1/tokens/{staff}"))), Body::empty()).await;
    assert_eq!(client.send(Request::get("/api/v1/audit"), Body::empty()).await.status, StatusCode::OK);

    let trail = client.get("/api/v1/audit?oldest=true").await.json();
    let short = |entry: &Value| {
        let ids = entry["ids"].as_object().map(|ids| ids.values().map(|id| id.as_str().expect("text")).collect::<Vec<_>>().join(","));
        let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
        let number = |name: &str| entry[name].as_u64().map_or("-".to_owned(), |number| number.to_string());
        format!(
            "{} {} {} {} {} {}",
            text("method"),
            text("route"),
            ids.unwrap_or_default(),
            number("status"),
            text("code"),
            number("answers")
        )
    };
    let entries: Vec<_> = trail.as_array().expect("a list").iter().map(short).collect();
    assert_eq!(
        entries,
        [
            "POST /api/v1/clusters  - - -",
            "POST /api/v1/clusters  201 - 1",
            "POST /api/v1/clusters  - - -",
            "POST /api/v1/clusters  409 PGN-0602 3",
            "GET /api/v1/assessments/{id}/scores ? 404 PGN-0501 -",
            "DELETE /api/v1/tokens/{id} ? 403 PGN-0403 -",
            "GET /api/v1/audit  200 - -",
        ]
    );
    let text = trail.to_string();
    for secret in ["Canarius", "canary", &staff, &staff[4..], client.token.as_deref().expect("a token")] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let first = &trail[0];
    assert!(first["actor"].as_str().is_some_and(|actor| actor.starts_with("token ") && actor.ends_with(" \"desk\"")), "{first}");
    assert_eq!((&first["roles"], &first["number"]), (&json!(["staff"]), &json!(1)));

    // Pages go on where the last one ended, in both directions, and the filter holds.
    let mut path = "/api/v1/audit?limit=3&actor=token+".to_owned();
    let mut numbers = Vec::new();
    for _ in 0..4 {
        let page = client.get(&path).await;
        numbers.extend(page.json().as_array().expect("a list").iter().filter_map(|entry| entry["number"].as_u64()));
        let Some(link) = page.headers.get(header::LINK).and_then(|link| link.to_str().ok()) else { break };
        path = link[1..link.find('>').expect("a target")].to_owned();
    }
    assert_eq!(numbers.iter().rev().take(7).copied().collect::<Vec<_>>(), (1..=7).collect::<Vec<u64>>());
    assert_eq!(client.get("/api/v1/audit?actor=uid+9").await.json(), json!([]));
    assert_eq!(client.get("/api/v1/audit?since=2999-01-01T00:00:00Z").await.json(), json!([]));
    let chain = client.get("/api/v1/audit/chain").await.json();
    assert!(chain["broken"].is_null() && chain["first"] == 1, "{chain}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_leaves_a_change_with_its_end() {
    let client = client(Some(Role::Admin)).await;
    let request = Request::post("/api/v1/clusters").header(header::HOST, HOST).header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", client.token.as_deref().expect("a token")));
    let request = request.body(Body::from(json!({ "name": "Once", "country": "DE" }).to_string())).expect("a request");
    let mut asked = Box::pin(client.router.clone().oneshot(request));
    // It is polled once, which begins it, and dropped.
    assert!(futures::poll!(&mut asked).is_pending());
    // Past the API: to ask it would leave entries, too.
    let entry = |status: Value| {
        let context = client.agency.context.clone();
        async move {
            let (trail, _) = context.run(|context| audit::list(context, &audit::Filter::default(), None, 100)).await.expect("a trail");
            let trail = serde_json::to_value(trail).expect("JSON");
            let is_it = |entry: &Value| entry["route"] == "/api/v1/clusters" && entry["status"] == status;
            trail.as_array().and_then(|trail| trail.iter().find(|entry| is_it(entry)).cloned())
        }
    };
    while entry(Value::Null).await.is_none() {
        if futures::poll!(&mut asked).is_ready() {
            break; // quicker than the question
        }
    }
    drop(asked);
    crate::service::tests::support::until("its end", || entry(json!(201))).await;
    assert_eq!(client.get("/api/v1/clusters").await.json().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_new_route_is_traced_unless_it_only_reads() {
    for (method, path) in templates() {
        let Some(rule) = rule(&method, &path) else { continue };
        assert!(method == Method::GET || rule.trace == Trace::Change || permissions::COMPUTING.contains(&path.as_str()), "{method} {path}");
    }
}
