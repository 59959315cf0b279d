use std::sync::Arc;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::service::tests::support::federation_at;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_until_it_is_revoked_or_ends() {
    let start = Timestamp::from_seconds(1_800_000_000).expect("in range");
    let clock = Arc::new(ManualClock::new(start));
    let shared = clock.clone();
    let agencies = federation_at(&[("stuttgart", "DE", None)], move || shared.clone() as Arc<dyn Clock>).await;
    let context = agencies[0].context.clone();
    let new = |name: &str, roles: &[Role], days| NewToken { name: name.into(), roles: roles.to_vec(), scope: None, expires_days: days };
    let check = |token: String| context.run(move |context| check(context, &token));

    let reader = context
        .run({
            let new = new("report", &[Role::ReadOnly], Some(1));
            move |context| create(context, &Caller::user(0), &new)
        })
        .await
        .expect("made");
    clock.advance(1);
    let writer = context
        .run({
            let new = new("staff", &[Role::Staff, Role::Approver], None);
            move |context| create(context, &Caller::user(0), &new)
        })
        .await
        .expect("made");
    assert!(reader.token.starts_with(PREFIX) && reader.token.len() == PREFIX.len() + 43, "{}", reader.token.len());
    let caller = check(writer.token.clone()).await.expect("alive");
    assert_eq!(caller.actor, Actor::Token { id: writer.id.clone(), name: "staff".into() });
    assert_eq!(caller.roles.to_string(), "staff, approver");
    assert_eq!(check(reader.token.clone()).await.expect("alive").roles.to_string(), "read-only");
    for wrong in ["", "pgn_", &reader.token[..20], &format!("{}x", reader.token), &reader.token.to_uppercase(), &reader.id] {
        assert!(matches!(check(wrong.to_owned()).await, Err(Error::Unauthenticated)), "{wrong}");
    }
    assert!(!format!("{reader:?}").contains(&reader.token));

    clock.advance(DAY + 1);
    assert!(matches!(check(reader.token.clone()).await, Err(Error::Unauthenticated)));
    let listed = context.run(list).await.expect("a list");
    let states: Vec<_> = listed.iter().map(|token| (token.name.as_str(), token.expired)).collect();
    assert_eq!(states, [("report", true), ("staff", false)]);

    let id = writer.id.clone();
    context.run(move |context| revoke(context, &id)).await.expect("revoked");
    assert!(matches!(check(writer.token.clone()).await, Err(Error::Unauthenticated)));
    let id = writer.id.clone();
    assert_eq!(context.run(move |context| revoke(context, &id)).await.expect_err("gone").code(), "PGN-0501");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_a_name_and_a_bounded_life() {
    let agencies = crate::service::tests::support::federation(&[("stuttgart", "DE", None)]).await;
    let context = agencies[0].context.clone();
    for (name, days) in [("", None), ("a\nb", None), ("x", Some(0)), ("x", Some(LONGEST_DAYS + 1))] {
        let new = NewToken { name: name.into(), roles: vec![Role::ReadOnly], scope: None, expires_days: days };
        assert_eq!(
            context.run(move |context| create(context, &Caller::user(0), &new)).await.expect_err("refused").code(),
            "PGN-0702",
            "{name:?} {days:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_makes_one_of_more_rights() {
    let agencies = crate::service::tests::support::federation(&[("stuttgart", "DE", None)]).await;
    let context = agencies[0].context.clone();
    let make = |by: &[Role], roles: &[Role], scope: Option<Scope>| {
        let by = Caller { actor: Actor::User { uid: 0 }, roles: by.iter().copied().collect() };
        let new = NewToken { name: "x".into(), roles: roles.to_vec(), scope, expires_days: None };
        context.run(move |context| create(context, &by, &new))
    };
    assert_eq!(make(&[Role::Staff], &[Role::Staff, Role::Approver], None).await.expect_err("more").code(), "PGN-0404");
    assert_eq!(make(&[Role::Approver], &[], Some(Scope::Write)).await.expect_err("more").code(), "PGN-0404");
    assert_eq!(make(&[Role::Admin], &[], None).await.expect_err("nothing").code(), "PGN-0702");
    let made = make(&[Role::Admin], &[Role::Staff, Role::Reviewer], None).await.expect("less");
    assert_eq!(made.roles.to_string(), "staff, reviewer");
    assert_eq!(make(&[Role::Staff], &[], Some(Scope::Read)).await.expect("less").roles.to_string(), "read-only");
}

#[test]
fn tokens_from_before_there_were_roles_go_on() {
    let row = |scope: &str| {
        let text =
            format!(r#"{{"id":"0a","name":"old","scope":"{scope}","created":"2026-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z"}}"#);
        read(text.as_bytes()).expect("a row").roles()
    };
    assert_eq!((row("read").to_string().as_str(), row("write").to_string().as_str()), ("read-only", "admin"));
    assert!(row("write").cover(&Roles::all()));
}
