use super::*;
use crate::service::statistics::{self, NewRelease, Wanted};
use crate::service::tests::support::until;

/// A client of a node whose release of this quarter is final, and the other member, who confirmed it.
async fn released() -> (Client, Agency) {
    let mut agencies = federation(&[("stuttgart", "DE", None), ("lyon", "FR", None)]).await;
    let (other, agency) = (agencies.remove(1), agencies.remove(0));
    statistics::release(&agency.context, NewRelease::default()).await.expect("a release");
    until("a final release", || async { agency.context.run(|context| statistics::aggregate(context, &Wanted::default())).await.ok() })
        .await;
    let mut client = client_of(agency);
    client.token = Some(client.token("test", &[Role::ReadOnly]).await);
    (client, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_figures_has_its_kind_its_name_and_a_tag() {
    let (client, _other) = released().await;
    let latest = client.get("/api/v1/statistics/latest/figures.csv?indicator=2.5").await;
    assert_eq!(latest.status, StatusCode::OK);
    assert_eq!(latest.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    let stays = latest.headers[header::CONTENT_LOCATION].to_str().expect("text").to_owned();
    let (period, rest) = stays.trim_start_matches("/api/v1/statistics/").split_once('/').expect("a period");
    assert_eq!((period.len(), rest), (7, "figures.csv?indicator=2.5"));
    assert_eq!(latest.headers[header::CONTENT_DISPOSITION], format!("attachment; filename=\"{period}-2.5-figures.csv\""));
    let dated = client.get(&stays).await;
    assert_eq!((dated.status, &dated.body), (StatusCode::OK, &latest.body));
    let tag = dated.headers[header::ETAG].to_str().expect("text").to_owned();
    for (known, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"x\", W/{tag}"), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"x\"".to_owned(), StatusCode::OK),
        (tag.trim_matches('"').to_owned(), StatusCode::OK),
    ] {
        let answer = client.send(Request::get(&stays).header(header::IF_NONE_MATCH, &known), Body::empty()).await;
        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.headers[header::ETAG], tag.as_str());
        assert_eq!(answer.body.is_empty(), status == StatusCode::NOT_MODIFIED);
    }
    let mut tags = BTreeSet::from([tag]);
    for format in crate::figures::Format::EVERY {
        let answer = client.get(&format!("/api/v1/statistics/all/{}", format.file_name())).await;
        assert_eq!((answer.status, answer.headers[header::CONTENT_TYPE].to_str().expect("text")), (StatusCode::OK, format.media_type()));
        assert!(tags.insert(answer.headers[header::ETAG].to_str().expect("text").to_owned()), "{format:?}");
    }
    let chart = client.get(&format!("/api/v1/statistics/{period}/chart-2.5.svg")).await;
    let same = client.get(&format!("/api/v1/statistics/{period}/levels.svg?indicator=2.5")).await;
    assert_eq!((chart.status, &chart.body), (StatusCode::OK, &same.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_figures_are_not_there_is_said() {
    let (client, _other) = released().await;
    for (path, code) in [
        ("latest/figures.docx", "PGN-0501"),
        ("latest/Figures.csv", "PGN-0501"),
        ("1999-Q1/figures.csv", "PGN-0501"),
        ("latest/figures.csv?by=country", "PGN-0505"),
        ("all/levels.svg?by=field", "PGN-0505"),
        ("latest/figures.csv?by=colour", "PGN-0702"),
        ("2026/figures.csv", "PGN-0702"),
        ("latest/figures.csv?indicator=9.9.9", "PGN-0702"),
        ("latest/chart-9.9.9.svg", "PGN-0702"),
        ("latest/chart-2.5.svg?indicator=2.1", "PGN-0702"),
        ("latest/figures.csv?catalogue=other", "PGN-0702"),
    ] {
        assert_eq!(client.get(&format!("/api/v1/statistics/{path}")).await.code(), code, "{path}");
    }
    assert_eq!(client.get("/api/v1/statistics/latest/figures.csv?x=1").await.status, StatusCode::BAD_REQUEST);
    let parquet = client.get("/api/v1/statistics/latest/figures.parquet").await;
    if cfg!(feature = "parquet") {
        assert_eq!(parquet.status, StatusCode::OK);
    } else {
        assert_eq!(parquet.code(), "PGN-0506");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_release_there_are_no_figures() {
    let client = client(Some(Role::ReadOnly)).await;
    for period in ["latest", "all", "2026-Q3"] {
        assert_eq!(client.get(&format!("/api/v1/statistics/{period}/figures.json")).await.code(), "PGN-0501", "{period}");
    }
}
