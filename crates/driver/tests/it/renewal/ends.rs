//! How a renewal ends at a token endpoint that refuses, breaks or ends the grant.

use std::time::Duration;

use evergrant_sandbox::{Config, Order};
use rusqlite::Connection;

use super::scene::{Scene, code};

#[tokio::test]
async fn what_may_have_been_taken_is_told_apart() {
    for scenario in [
        "token-500",
        "answer-cut",
        "token-html-200",
        "token-array",
        "token-empty-object",
        "token-junk",
    ] {
        let (scene, driver) = Scene::logged_in(Config::default()).await;
        let before = scene.grant();
        scene.control().arm(Order::new(scenario).times(1)).unwrap();
        assert_eq!(
            code(driver.refresh("acme/default").await),
            "outcome-unknown",
            "{scenario}"
        );
        let after = scene.grant();
        assert_eq!(
            (after.0.generation, &after.1),
            (before.0.generation, &before.1),
            "{scenario}"
        );
        assert_eq!(scene.claims(), 1, "{scenario}");
        assert_eq!(after.0.standing.health.as_str(), "outcome-unknown", "{scenario}");
    }
}

#[tokio::test]
async fn a_redirect_of_the_token_endpoint_is_not_followed() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm("token-redirect").unwrap();
    assert!(driver.refresh("acme/default").await.is_err());
    assert_eq!(scene.control().counters().redirects_followed, 0);
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let (scene, driver) = Scene::logged_in(Config {
        rotate_refresh_tokens: false,
        ..Config::default()
    })
    .await;
    let before = scene.grant();
    scene.control().arm("no-refresh-token-in-answer").unwrap();
    for _ in 0..3 {
        driver.refresh("acme/default").await.unwrap();
    }
    let after = scene.grant();
    assert_eq!(after.1.refresh_token, before.1.refresh_token);
    assert_eq!(after.0.generation.0, before.0.generation.0 + 3);
}

#[tokio::test]
async fn a_row_that_changed_after_the_login_sends_nothing() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    drop(driver);
    let row = scene.settings().home.providers().join("acme.toml");
    let text = std::fs::read_to_string(&row).unwrap();
    let client = text.lines().find(|line| line.starts_with("client_id")).unwrap();
    std::fs::write(&row, text.replace(client, "client_id = \"another\"")).unwrap();
    let before = scene.control().counters().token_requests;
    assert_eq!(code(scene.open().refresh("acme/default").await), "row-changed");
    assert_eq!(scene.control().counters().token_requests, before);
}

#[tokio::test]
async fn a_record_that_is_gone_altogether_ends_the_renewal() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 300))
        .unwrap();
    let flying = driver.clone();
    let flight = tokio::spawn(async move { code(flying.refresh("acme/default").await) });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let home = scene.settings().home;
    let deleted = Connection::open(home.database())
        .unwrap()
        .execute("DELETE FROM credential", [])
        .unwrap();
    assert_eq!(deleted, 1);
    assert_eq!(flight.await.unwrap(), "needs-login");
    // It does not try to save for ever.
    assert!(driver.drain(Duration::from_secs(5)).await);
    assert!(scene.records().is_empty());
}
