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
    let new = |name: &str, scope, days| NewToken { name: name.into(), scope, expires_days: days };
    let check = |token: String| context.run(move |context| check(context, &token));

    let reader = context
        .run({
            let new = new("report", Scope::Read, Some(1));
            move |context| create(context, &new)
        })
        .await
        .expect("made");
    clock.advance(1);
    let writer = context
        .run({
            let new = new("staff", Scope::Write, None);
            move |context| create(context, &new)
        })
        .await
        .expect("made");
    assert!(reader.token.starts_with(PREFIX) && reader.token.len() == PREFIX.len() + 43, "{}", reader.token.len());
    assert_eq!(check(reader.token.clone()).await.expect("alive"), Scope::Read);
    assert_eq!(check(writer.token.clone()).await.expect("alive"), Scope::Write);
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
        let new = NewToken { name: name.into(), scope: Scope::Read, expires_days: days };
        assert_eq!(context.run(move |context| create(context, &new)).await.expect_err("refused").code(), "PGN-0702", "{name:?} {days:?}");
    }
}
