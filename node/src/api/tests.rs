use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::service::roles::{Caller, Role};
use crate::service::tests::support::{Agency, federation};
use crate::service::tokens::{self, NewToken};

mod figures;
mod roles;

const HOST: &str = "127.0.0.1:7480";

struct Client {
    router: Router,
    token: Option<String>,
    agency: Agency,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    fn code(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        for field in ["type", "title", "detail", "next_step"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
        }
        let code = problem["code"].as_str().expect("a code").to_owned();
        assert_eq!(problem["type"], format!("urn:parangon:problem:{code}"));
        code
    }
}

fn client_of(agency: Agency) -> Client {
    let router = router(agency.context.clone(), Hosts::new(HOST.parse().expect("an address"), &[]), CancellationToken::new());
    Client { router, token: None, agency }
}

async fn client(role: Option<Role>) -> Client {
    let mut client = client_of(federation(&[("stuttgart", "DE", None)]).await.remove(0));
    if let Some(role) = role {
        client.token = Some(client.token("test", &[role]).await);
    }
    client
}

impl Client {
    /// The secret of a new token.
    async fn token(&self, name: &str, roles: &[Role]) -> String {
        let new = NewToken { name: name.into(), roles: roles.to_vec(), scope: None, expires_days: None };
        let made = self.agency.context.run(move |context| tokens::create(context, &Caller::user(0), &new)).await;
        made.expect("a token").token
    }

    async fn send(&self, request: axum::http::request::Builder, body: impl Into<Body>) -> Answer {
        let has_host = request.headers_ref().is_some_and(|headers| headers.contains_key(header::HOST));
        let request = if has_host { request } else { request.header(header::HOST, HOST) };
        let has_token = request.headers_ref().is_some_and(|headers| headers.contains_key(header::AUTHORIZATION));
        let request = match &self.token {
            Some(token) if !has_token => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            _ => request,
        };
        let response = self.router.clone().oneshot(request.body(body.into()).expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.expect("a body").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Request::post(path).header(header::CONTENT_TYPE, "application/json"), body.to_string()).await
    }
}

/// Every method and path of the description, with something in the place of parameters.
fn every_route(fill: &str) -> Vec<(Method, String)> {
    let description = serde_json::to_value(openapi()).expect("JSON");
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        let path: String = path.split('/').map(|part| if part.starts_with('{') { fill } else { part }).collect::<Vec<_>>().join("/");
        for method in item.as_object().expect("an item").keys() {
            if let Ok(method) = method.to_uppercase().parse::<Method>() {
                routes.push((method, path.clone()));
            }
        }
    }
    assert!(routes.len() > 35, "{}", routes.len());
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_who_is_there() {
    let client = client(None).await;
    for (method, path) in every_route("x") {
        let open = ["/healthz", "/readyz", "/verify"].contains(&path.as_str());
        let request = || Request::builder().method(method.clone()).uri(&path);
        for tokens in [&[][..], &["Bearer "], &["Bearer pgn_wrong"], &["Basic eDp5"], &["bearer x", "Bearer y"]] {
            let request = tokens.iter().fold(request(), |request, token| request.header(header::AUTHORIZATION, *token));
            let answer = client.send(request, Body::empty()).await;
            if !open {
                assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "PGN-0401"), "{method} {path}");
                assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            }
        }
        for (name, value, code) in
            [("host", "evil.test", "PGN-0410"), ("origin", "http://evil.test", "PGN-0411"), ("sec-fetch-site", "cross-site", "PGN-0411")]
        {
            // Links to the page that checks labels may stand anywhere.
            if path == "/verify" && name != "host" {
                continue;
            }
            let answer = client.send(request().header(name, value), Body::empty()).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, code), "{method} {path}");
            assert_eq!(answer.headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
            assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_in_paths_find_nothing() {
    let client = client(Some(Role::Admin)).await;
    for fill in ["..", "%2e%2e%2f", "..%2f..%2fetc%2fpasswd", "%00", "a%0ab", "%ff", "'%20OR%201=1", &"x".repeat(5_000)] {
        for (method, path) in every_route(fill).into_iter().filter(|(_, path)| path.contains(fill)) {
            for (kind, body) in [("application/json", "{}"), ("text/csv", "a,b\n")] {
                let request =
                    Request::builder().method(method.clone()).uri(&path).header(header::CONTENT_TYPE, kind).header("if-match", "*");
                let answer = client.send(request, body).await;
                assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_kind_a_shape_and_a_size() {
    let client = client(Some(Role::Admin)).await;
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Request::post("/api/v1/clusters").header(header::CONTENT_TYPE, kind);
        async {
            let answer = client.send(request, body).await;
            (answer.status.as_u16(), answer.code())
        }
    };
    let answer = |status, code: &str| (status, code.to_owned());
    assert_eq!(send("text/plain", b"{}".to_vec()).await, answer(415, "PGN-0704"));
    assert_eq!(send("application/x-www-form-urlencoded", b"name=x".to_vec()).await, answer(415, "PGN-0704"));
    assert_eq!(send("application/json", b"{".to_vec()).await, answer(400, "PGN-0701"));
    assert_eq!(send("application/json", br#"{"name":"x","country":"DE","x":1}"#.to_vec()).await, answer(400, "PGN-0701"));
    assert_eq!(send("application/json", br#"{"name":"","country":"DE"}"#.to_vec()).await, answer(422, "PGN-0702"));
    assert_eq!(send("application/json", vec![b' '; 1024 * 1024 + 1]).await, answer(413, "PGN-0703"));
    let endless = Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536])));
    let request = Request::post("/api/v1/clusters").header(header::CONTENT_TYPE, "application/json");
    assert_eq!(client.send(request, endless).await.code(), "PGN-0703");
    assert_eq!(client.get("/api/v1/nothing").await.code(), "PGN-0502");
    let answer = client.send(Request::delete("/api/v1/clusters"), Body::empty()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "PGN-0503"));
    assert_eq!(client.get("/api/v1/clusters?limit=0").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.get("/api/v1/clusters?limt=5").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.get("/api/v1/clusters").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let client = client(Some(Role::Admin)).await;
    let file = format!("name;country\n{}", (0..5).map(|n| format!("Cluster {n};DE\n")).collect::<String>());
    let request = Request::post("/api/v1/clusters/import").header(header::CONTENT_TYPE, "text/csv");
    let imported = client.send(request, file.clone()).await.json();
    assert_eq!((&imported["read"], &imported["added"], &imported["problems"]), (&json!(5), &json!(5), &json!([])));
    let request = Request::post("/api/v1/clusters/import?dry_run=true").header(header::CONTENT_TYPE, "text/csv");
    let again = client.send(request, file).await.json();
    assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(5)));

    let (mut seen, mut path) = (BTreeSet::new(), "/api/v1/clusters?limit=2".to_owned());
    for _ in 0..3 {
        let page = client.get(&path).await;
        seen.extend(page.json().as_array().expect("a list").iter().map(|cluster| cluster["id"].to_string()));
        let Some(link) = page.headers.get(header::LINK) else { break };
        let link = link.to_str().expect("text");
        assert!(link.ends_with("rel=\"next\""), "{link}");
        path = link[1..link.find('>').expect("a target")].to_owned();
    }
    assert_eq!(seen.len(), 5);
    let one = client.get(&format!("/api/v1/clusters/{}", seen.first().expect("one").trim_matches('"'))).await;
    assert_eq!((one.status, one.json()["country"].clone()), (StatusCode::OK, json!("DE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_at_the_same_time_has_one_effect() {
    let client = client(Some(Role::Admin)).await;
    let post = |name: &'static str| {
        let request = Request::post("/api/v1/clusters").header(header::CONTENT_TYPE, "application/json").header("idempotency-key", "k1");
        client.send(request, json!({ "name": name, "country": "DE" }).to_string())
    };
    let answers = futures::future::join_all((0..50).map(|_| post("Once"))).await;
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, StatusCode::CREATED);
            answer.json()["id"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(client.get("/api/v1/clusters").await.json().as_array().map(Vec::len), Some(1));
    let other = post("Another").await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "PGN-0606"));
    let plain = client.post("/api/v1/clusters", json!({ "name": "Once", "country": "DE" })).await;
    assert_eq!(plain.code(), "PGN-0602");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_and_revoked_and_metrics_name_nobody() {
    let client = client(Some(Role::Admin)).await;
    let made = client.post("/api/v1/tokens", json!({ "name": "report", "roles": ["read-only"] })).await.json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["token"].as_str().expect("a secret"));
    let with = |token: &str| Request::get("/api/v1/node").header(header::AUTHORIZATION, format!("Bearer {token}"));
    assert_eq!(client.send(with(secret), Body::empty()).await.status, StatusCode::OK);
    assert!(!String::from_utf8_lossy(&client.get("/api/v1/tokens").await.body).contains(secret));
    assert_eq!(client.send(Request::delete(format!("/api/v1/tokens/{id}")), Body::empty()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.send(with(secret), Body::empty()).await.status, StatusCode::UNAUTHORIZED);

    client.post("/api/v1/clusters", json!({ "name": "Secretive", "country": "DE" })).await;
    let metrics = client.get("/metrics").await;
    let text = String::from_utf8(metrics.body).expect("text");
    for name in
        ["parangon_build_info{version=", "parangon_store_bytes ", "parangon_http_request_duration_seconds_bucket", "parangon_log_records"]
    {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(!text.contains("Secretive") && !text.contains(id));
    assert_eq!(client.get("/healthz").await.body, b"ok\n");
    assert_eq!(client.get("/readyz").await.status, StatusCode::OK);
    let status = client.get("/api/v1/status").await.json();
    assert!(
        status["lines"].as_array().is_some_and(|lines| lines.iter().all(|line| line["reason"].is_string() && line["since"].is_string()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_streamed_to_one_at_a_time_and_opens_with_the_identity_key_alone() {
    let client = client(Some(Role::Admin)).await;
    let store = client.agency.context.store().dir().to_owned();
    // Large enough that the writer has to wait for its reader.
    let large = vec![7; 2 * 1024 * 1024];
    client.agency.context.store().write(|tx| tx.put_private(99, "large", &large)).expect("written");
    let post = || Request::post("/api/v1/backups").header(header::HOST, HOST);
    let begin = || async {
        let request = post().header(header::AUTHORIZATION, format!("Bearer {}", client.token.as_deref().unwrap_or_default()));
        client.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("infallible")
    };
    let response = begin().await;
    assert_eq!(response.status(), StatusCode::OK);
    let second = client.send(post(), Body::empty()).await;
    assert_eq!((second.status, second.code().as_str()), (StatusCode::CONFLICT, "PGN-0601"));
    drop(response); // the reader goes away, and its place is free again
    let again = || async { Some(begin().await).filter(|response| response.status() == StatusCode::OK) };
    let response = crate::service::tests::support::until("a second backup", again).await;
    let name = response.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").to_owned();
    assert!(name.starts_with("attachment; filename=\"stuttgart-2") && name.ends_with("Z.pgnbak\""), "{name}");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 25).await.expect("a whole body").to_vec();
    let backup = crate::backup::open(bytes.as_slice(), &client.agency.identity).expect("opened");
    let dir = tempfile::tempdir().expect("a directory");
    let unpacked = backup.unpack(dir.path(), &client.agency.identity).expect("to the last byte");
    crate::backup::audit(&unpacked, dir.path()).expect("sound");
    std::fs::remove_file(store.join(crate::backup::RECIPIENT_FILE)).expect("there");
    let refused = crate::service::tests::support::until("the place is free again", || async {
        let answer = client.send(post(), Body::empty()).await;
        Some(answer.code()).filter(|code| code != "PGN-0601")
    });
    assert_eq!(refused.await, "PGN-0613");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_checks_labels_is_for_everybody() {
    let client = client(None).await;
    let answer = client.send(Request::get("/verify").header("sec-fetch-site", "cross-site"), Body::empty()).await;
    assert_eq!(
        (answer.status, &answer.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().expect("a value"))
    );
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && policy.ends_with("; frame-ancestors 'none'"), "{policy}");
    let page = String::from_utf8(answer.body).expect("text");
    let trust = page.split("id=\"trust\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("a trust file");
    let known = parangon_protocol::verify::TrustFile::read(trust.as_bytes()).expect("a trust file");
    assert_eq!(known.chain().fingerprint(), client.agency.context.federation());
    assert!(!known.keysets().is_empty(), "what a printed code is checked with");
}

#[test]
fn the_description_is_the_one_that_is_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let text = openapi().to_pretty_json().expect("JSON") + "\n";
    assert!(text.contains("\"openapi\": \"3.1"), "{}", &text[..60]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).expect("docs/ is there");
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == text, "docs/openapi.json differs from the code; if that is meant, run this test with UPDATE=1");
}
