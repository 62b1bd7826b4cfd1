//! Rotation, reuse, grace, revocation.

use std::time::Duration;

use evergrant_sandbox::{Control, Wording};

use crate::visitor::{Visitor, error, pair};

#[tokio::test]
async fn a_refresh_rotates_and_the_new_pair_works() {
    let visitor = Visitor::new().await;
    let first = visitor.login().await;
    let second = pair(&visitor.refresh(&first.refresh).await);
    assert_ne!(first.refresh, second.refresh);
    assert_ne!(first.access, second.access);
    assert_eq!(visitor.chat(&second.access).await.status, 200);
    assert_eq!(
        visitor.chat(&first.access).await.status,
        200,
        "still within its lifetime"
    );
    let counters = visitor.control.counters();
    assert_eq!((counters.refreshes, counters.rotations), (1, 1));
    let sent = Control::fingerprint(&first.refresh);
    assert_eq!(counters.refresh_sends.get(&sent), Some(&1));
    let state = visitor.control.state();
    assert_eq!(state.families[0].rotations, 1);
    assert_eq!(
        state.families[0].refresh_fingerprint,
        Some(Control::fingerprint(&second.refresh))
    );
    assert_eq!(state.live_access_tokens, 2);
}

#[tokio::test]
async fn a_reuse_revokes_the_whole_family_and_no_other() {
    let visitor = Visitor::new().await;
    let other = visitor.login_as("user-2").await;
    let first = visitor.login().await;
    let second = pair(&visitor.refresh(&first.refresh).await);
    let reused = visitor.refresh(&first.refresh).await;
    assert_eq!(
        (reused.status.as_u16(), error(&reused).as_str()),
        (400, "invalid_grant")
    );
    let dead = visitor.refresh(&second.refresh).await;
    assert_eq!(error(&dead), "invalid_grant");
    assert_eq!(visitor.chat(&second.access).await.status, 403);
    assert_eq!(visitor.chat(&other.access).await.status, 200);
    let counters = visitor.control.counters();
    assert_eq!((counters.refresh_reuses, counters.families_revoked), (1, 1));
    let state = visitor.control.state();
    let alive: Vec<bool> = state.families.iter().map(|family| family.alive).collect();
    assert_eq!(alive, [true, false]);
}

#[tokio::test]
async fn within_the_grace_a_reuse_answers_the_same_pair() {
    let visitor = Visitor::with(|config| config.reuse_grace_secs = 10).await;
    let first = visitor.login().await;
    let second = pair(&visitor.refresh(&first.refresh).await);
    let again = pair(&visitor.refresh(&first.refresh).await);
    assert_eq!((&second.access, &second.refresh), (&again.access, &again.refresh));
    assert_eq!(visitor.control.counters().refresh_reuses, 1);
    visitor.control.advance(Duration::from_secs(11));
    assert_eq!(error(&visitor.refresh(&first.refresh).await), "invalid_grant");
    assert_eq!(error(&visitor.refresh(&second.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn without_rotation_the_token_stays() {
    let visitor = Visitor::with(|config| config.rotate_refresh_tokens = false).await;
    let first = visitor.login().await;
    for _ in 0..3 {
        assert_eq!(pair(&visitor.refresh(&first.refresh).await).refresh, first.refresh);
    }
    let counters = visitor.control.counters();
    assert_eq!(
        (counters.refreshes, counters.rotations, counters.refresh_reuses),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn a_scope_can_be_narrowed_never_widened() {
    let visitor = Visitor::new().await;
    let first = visitor.login().await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "evergrant"),
        ("refresh_token", first.refresh.as_str()),
        ("scope", "openid everything"),
    ];
    assert_eq!(error(&visitor.token(&fields).await), "invalid_scope");
    assert_eq!(visitor.refresh(&first.refresh).await.status, 200);
}

#[tokio::test]
async fn an_expired_access_token_is_refused_and_a_refresh_cures_it() {
    let visitor = Visitor::new().await;
    let first = visitor.login().await;
    visitor.control.advance(Duration::from_secs(6 * 60 * 60));
    assert_eq!(visitor.chat(&first.access).await.status, 403);
    let second = pair(&visitor.refresh(&first.refresh).await);
    assert_eq!(visitor.chat(&second.access).await.status, 200);
}

#[tokio::test]
async fn expire_makes_all_tokens_stale_in_the_chosen_words() {
    let visitor = Visitor::new().await;
    let first = visitor.login().await;
    assert_eq!(visitor.control.expire(Wording::Code), 1);
    let refused = visitor.chat(&first.access).await;
    assert_eq!(refused.json().unwrap()["code"], "unauthenticated:bad-credentials");
    visitor.control.expire(Wording::Unauthorized);
    let refused = visitor.chat(&first.access).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));
    let second = pair(&visitor.refresh(&first.refresh).await);
    assert_eq!(visitor.chat(&second.access).await.status, 200);
}

#[tokio::test]
async fn revocation_ends_the_grant_and_knows_its_client() {
    let visitor = Visitor::with(|config| config.client_ids.push(String::from("other"))).await;
    let url = visitor.url("/oauth2/revoke");
    let first = visitor.login().await;
    let foreign = [("client_id", "other"), ("token", first.refresh.as_str())];
    assert_eq!(visitor.http.post_form(&url, &foreign).await.unwrap().status, 200);
    assert_eq!(visitor.chat(&first.access).await.status, 200, "not its client");
    let unknown = [("client_id", "evergrant"), ("token", "nonsense")];
    assert_eq!(visitor.http.post_form(&url, &unknown).await.unwrap().status, 200);
    let own = [("client_id", "evergrant"), ("token", first.refresh.as_str())];
    let reply = visitor.http.post_form(&url, &own).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    assert_eq!(error(&visitor.refresh(&first.refresh).await), "invalid_grant");
    assert_eq!(visitor.chat(&first.access).await.status, 403);
    let counters = visitor.control.counters();
    assert_eq!((counters.revocations, counters.families_revoked), (3, 1));
    let missing = visitor.http.post_form(&url, &own[..1]).await.unwrap();
    assert_eq!(error(&missing), "invalid_request");
    let second = visitor.login().await;
    let access = [("client_id", "evergrant"), ("token", second.access.as_str())];
    assert_eq!(visitor.http.post_form(&url, &access).await.unwrap().status, 200);
    assert_eq!(error(&visitor.refresh(&second.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn a_revocation_can_end_one_token_alone() {
    let visitor = Visitor::with(|config| config.revocation_ends_login = false).await;
    let url = visitor.url("/oauth2/revoke");
    let first = visitor.login().await;
    let second = pair(&visitor.refresh(&first.refresh).await);
    let third = pair(&visitor.refresh(&second.refresh).await);
    for (token, access, refresh) in [
        (&first.access, 2, 1),
        (&first.refresh, 0, 1),
        (&third.refresh, 0, 0),
        (&third.access, 0, 0),
    ] {
        let form = [("client_id", "evergrant"), ("token", token.as_str())];
        assert_eq!(visitor.http.post_form(&url, &form).await.unwrap().status, 200);
        let state = visitor.control.state();
        assert_eq!((state.live_access_tokens, state.live_refresh_tokens), (access, refresh));
    }
    assert_eq!(error(&visitor.refresh(&second.refresh).await), "invalid_grant");
    assert_ne!(visitor.chat(&second.access).await.status, 200);
}

#[tokio::test]
async fn a_thousand_refreshes_and_calls_take_no_time_to_speak_of() {
    let visitor = Visitor::new().await;
    let mut pair_now = visitor.login().await;
    for _ in 0..1000 {
        pair_now = pair(&visitor.refresh(&pair_now.refresh).await);
        assert_eq!(visitor.chat(&pair_now.access).await.status, 200);
    }
    assert_eq!(visitor.control.state().families[0].rotations, 1000);
}
