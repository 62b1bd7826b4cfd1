//! Section D: how a grant ends, and what does not end it.

use std::time::Duration;

use evergrant_engine::store::Standing;
use evergrant_sandbox::{Config, Order};

use crate::renewal::scene::{Scene, code};

#[tokio::test]
async fn terminal_predicate() {
    for (scenario, codes) in [
        ("token-invalid-grant", &["grant-dead"][..]),
        ("token-other-400", &["request-rejected", "transient"]),
        ("token-invalid-client", &["client-rejected"]),
        ("token-403-html", &["edge-blocked"]),
        ("token-404", &["edge-blocked", "transient", "request-rejected"]),
        ("token-429", &["transient"]),
        ("token-temporarily-unavailable", &["transient"]),
        ("token-500", &["outcome-unknown"]),
        ("token-503", &["outcome-unknown", "transient"]),
    ] {
        let (scene, driver) = Scene::logged_in(Config::default()).await;
        scene.control().arm(scenario).unwrap();
        let said = code(driver.refresh("acme/default").await);
        assert!(codes.contains(&said), "{scenario}: {said}");
        let dead = scene.grant().0.standing.health.as_str() == "quarantined";
        assert_eq!(dead, scenario == "token-invalid-grant", "{scenario}");
    }
    // A reason that nobody knows is no rejection that configuration could mend: it is tried again soon.
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let unheard = Order::new("respond")
        .with("path", "/oauth2/token")
        .with("status", 400)
        .with("body", r#"{"error":"out_to_lunch"}"#);
    scene.control().arm(unheard).unwrap();
    let failure = driver.refresh("acme/default").await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.code.exit()), ("transient", 5));
    assert_eq!(scene.grant().0.standing.health.as_str(), "ready");
    // The word of another provider's row means nothing here.
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let foreign = Order::new("respond")
        .with("path", "/oauth2/token")
        .with("status", 400)
        .with("body", r#"{"error":{"code":"refresh_token_reused"}}"#);
    scene.control().arm(foreign).unwrap();
    driver.refresh("acme/default").await.unwrap_err();
    assert_ne!(scene.grant().0.standing.health.as_str(), "quarantined");
}

#[tokio::test]
async fn an_opinion_ends_nothing_where_the_row_names_no_code() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    drop(driver);
    scene.rewrite_row(|row| row.replace("terminal = [\"invalid_grant\"]\n", ""));
    let driver = scene.open();
    let says = |sentence: &str| {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{sentence}"}}"#);
        let order = Order::new("respond")
            .times(1)
            .with("path", "/oauth2/token")
            .with("status", 400)
            .with("body", body);
        scene.control().arm(order).unwrap();
    };
    let before = scene.grant().1;
    says("The session behind it was superseded, please log in again");
    let failure = driver.refresh("acme/default").await.unwrap_err();
    assert_eq!(failure.code.as_str(), "transient", "{failure}");
    let (record, grant) = scene.grant();
    assert_eq!(
        (record.standing.health.as_str(), &grant.refresh_token),
        ("ready", &before.refresh_token)
    );
    let error = record.standing.into_inner().last_error.unwrap();
    assert_eq!(error.verdict.as_str(), "transient");
    scene.clock.advance(failure.retry_after.unwrap());
    driver.refresh("acme/default").await.unwrap();
    assert_ne!(scene.grant().1.refresh_token, before.refresh_token);
    says("The refresh token has already been used");
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    assert_eq!(scene.grant().0.standing.health.as_str(), "quarantined");
}

#[tokio::test]
async fn terminal_quarantines_across_restarts() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let before = scene.grant();
    scene.control().revoke_logins(None);
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    for _ in 0..5 {
        assert_eq!(code(scene.open().refresh("acme/default").await), "grant-dead");
    }
    assert_eq!(scene.refreshes(), 1);
    let (record, grant) = scene.grant();
    assert_eq!(
        (record.standing.health.as_str(), grant.refresh_token),
        ("quarantined", None)
    );
    assert_eq!(
        grant.access_token, before.1.access_token,
        "it serves until it expires or is refused"
    );
    let error = record.standing.into_inner().last_error.unwrap();
    assert_eq!((error.code.as_str(), error.at), ("grant-dead", scene.now().wall));
    let account = &driver.accounts()[0];
    assert!(account.usable && account.last_error.is_some());
    scene.clock.advance(Duration::from_secs(7 * 3_600));
    assert!(!driver.accounts()[0].usable);
}

#[tokio::test]
async fn quarantine_spares_others() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.add_key(&driver).await;
    scene
        .control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    scene.log_in(&driver).await;
    scene.control().arm(Order::new("token-invalid-grant").times(1)).unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    for record in scene
        .records()
        .iter()
        .filter(|record| record.label.as_str() != "default" || record.provider.as_str() != "acme")
    {
        let untouched = Standing {
            minted: record.standing.minted.clone(),
            ..Standing::default()
        };
        assert_eq!(*record.standing, untouched, "{}", record.label);
    }
    driver.refresh("acme/default-2").await.unwrap();
}

#[tokio::test]
async fn quarantine_spares_a_rotated_grant() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let late = Order::new("respond")
        .with("path", "/oauth2/token")
        .with("grant_type", "refresh_token")
        .with("status", 400)
        .with("body", r#"{"error":"invalid_grant"}"#)
        .with("delay_ms", 400);
    scene.control().arm(late.times(1)).unwrap();
    let asked = tokio::spawn({
        let driver = driver.clone();
        async move { driver.refresh("acme/default").await }
    });
    while scene.control().counters().token_requests < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Meanwhile another process has put a newer grant in its place.
    scene.log_in(&scene.open()).await;
    let newer = scene.grant();
    asked.await.unwrap().unwrap();
    assert_eq!(scene.grant(), newer);
    assert_eq!(newer.0.standing.health.as_str(), "ready");
}

#[tokio::test]
async fn transient_leaves_tokens_untouched() {
    for scenario in [
        "token-429",
        "token-500",
        "token-503",
        "token-temporarily-unavailable",
        "token-403-html",
    ] {
        let (scene, driver) = Scene::logged_in(Config::default()).await;
        let before = scene.grant();
        scene.control().arm(scenario).unwrap();
        let failure = driver.refresh("acme/default").await.unwrap_err();
        assert_eq!(failure.code.exit(), 5, "{scenario}: {failure}");
        let after = scene.grant();
        assert_eq!(
            (after.0.generation, &after.1),
            (before.0.generation, &before.1),
            "{scenario}"
        );
    }
    let (mut scene, driver) = Scene::logged_in(Config::default()).await;
    let before = scene.grant();
    scene.stop_provider().await;
    let failure = driver.refresh("acme/default").await.unwrap_err();
    assert_eq!(failure.code.as_str(), "unreachable");
    let after = scene.grant();
    assert_eq!((after.0.generation, &after.1), (before.0.generation, &before.1));
    assert_eq!(scene.claims(), 0, "no claim stands for what was not sent");
}

#[tokio::test]
async fn new_login_ends_quarantine() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("token-invalid-grant").times(1)).unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    scene.log_in(&driver).await;
    assert_eq!(scene.records().len(), 1, "the login takes the dead one's place");
    let (record, _) = scene.grant();
    assert_eq!(
        (record.standing.health.as_str(), &record.standing.last_error),
        ("ready", &None)
    );
    assert!(driver.accounts()[0].usable);
    driver.refresh("acme/default").await.unwrap();
}

#[tokio::test]
async fn missing_refresh_token_is_said() {
    let scene = Scene::start(Config::default()).await;
    scene.control().arm("no-refresh-token-in-answer").unwrap();
    let driver = scene.open();
    let account = scene.log_in(&driver).await;
    assert!(account.usable);
    scene.clock.advance(Duration::from_secs(7 * 3_600));
    let account = &driver.accounts()[0];
    assert_eq!((account.health, account.usable), ("needs-login", false));
    assert!(account.why.as_ref().unwrap().contains("no refresh token"));
    assert_eq!(code(driver.refresh("acme/default").await), "needs-login");
    assert_eq!(scene.refreshes(), 0);
}
