//! One spend: however many ask, the refresh token is sent once, and only when it may be.

use std::time::Duration;

use evergrant_driver::{Driver, KeySource, Secret};
use evergrant_sandbox::{Config, Order};

use super::scene::{Scene, code};

#[tokio::test]
async fn a_renewal_rotates_on_disk_and_in_memory() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let before = scene.grant();
    let account = driver.refresh("acme/default").await.unwrap();
    let after = scene.grant();
    assert_eq!(scene.refreshes(), 1);
    assert_eq!(account.generation, after.0.generation);
    assert_eq!(after.0.generation, before.0.generation.next());
    assert_ne!(after.1.access_token, before.1.access_token);
    assert_ne!(after.1.refresh_token, before.1.refresh_token);
    assert_eq!(scene.claims(), 0);
    assert!(scene.replay() > 5);
}

#[tokio::test]
async fn sixty_four_tasks_share_one_flight() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("token-slow").with("delay_ms", 200))
        .unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let driver = driver.clone();
            tokio::spawn(async move { driver.refresh("acme/default").await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(scene.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_homes_in_one_share_one_rotation() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("token-slow").with("delay_ms", 200))
        .unwrap();
    let drivers: Vec<_> = (0..8).map(|_| scene.open()).collect();
    let tasks: Vec<_> = drivers
        .into_iter()
        .map(|driver| {
            tokio::spawn(async move { driver.refresh("acme/default").await.map(|account| account.generation) })
        })
        .collect();
    let mut generations = Vec::new();
    for task in tasks {
        generations.push(task.await.unwrap().unwrap());
    }
    generations.dedup();
    assert_eq!((scene.refreshes(), generations.len()), (1, 1));
    drop(driver);
    assert_eq!(scene.control().counters().families_revoked, 0);
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_abandon_what_was_sent() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let before = scene.grant().0.generation;
    scene
        .control()
        .arm(Order::new("token-slow").with("delay_ms", 300))
        .unwrap();
    let asked = tokio::spawn({
        let driver = driver.clone();
        async move { driver.refresh("acme/default").await }
    });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asked.abort();
    assert!(driver.drain(Duration::from_secs(10)).await);
    assert_eq!(scene.grant().0.generation, before.next());
}

#[test]
fn a_runtime_that_is_dropped_does_not_abandon_what_was_sent() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox_runtime = tokio::runtime::Runtime::new().unwrap();
    let (scene, driver) = sandbox_runtime.block_on(Scene::logged_in(Config::default()));
    let before = scene.grant().0.generation;
    scene
        .control()
        .arm(Order::new("token-slow").with("delay_ms", 300))
        .unwrap();
    let asking = driver.clone();
    runtime.spawn(async move { asking.refresh("acme/default").await });
    while scene.refreshes() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    runtime.shutdown_background();
    assert!(sandbox_runtime.block_on(driver.drain(Duration::from_secs(10))));
    assert_eq!(scene.grant().0.generation, before.next());
}

#[tokio::test]
async fn a_driver_that_is_dropped_does_not_abandon_what_was_sent() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let before = scene.grant().0.generation;
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 300))
        .unwrap();
    let asked = tokio::spawn(async move { driver.refresh("acme/default").await });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The last clone of the driver goes with the task.
    asked.abort();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while scene.grant().0.generation == before && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(scene.grant().0.generation, before.next());
    assert_eq!(scene.refreshes(), 1);
}

/// Two that are given the same label at once: both are kept, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_bring_at_once_is_not_lost() {
    let scene = Scene::start(Config::default()).await;
    let drivers = [scene.open(), scene.open(), scene.open(), scene.open()];
    for round in 0..25 {
        let bringing: Vec<_> = drivers
            .iter()
            .map(|driver| {
                let (driver, label) = (driver.clone(), format!("label-{}", round / 5));
                tokio::spawn(async move {
                    let key = KeySource::Value(Secret::from("sk-sandbox-0000000000000000"));
                    driver
                        .add_key(&"acme-key".into(), Some(label.as_str().into()), key)
                        .await
                })
            })
            .collect();
        for brought in bringing {
            brought.await.unwrap().unwrap();
        }
    }
    assert_eq!(scene.records().len(), 5);
    assert!(scene.records().iter().all(|record| record.epoch.0 == 20));
}

#[tokio::test]
async fn an_answer_that_never_came_is_not_asked_for_again_while_the_token_serves() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("answer-lost").times(1)).unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "outcome-unknown");
    assert_eq!(code(driver.refresh("acme/default").await), "outcome-unknown");
    assert_eq!(code(scene.open().refresh("acme/default").await), "outcome-unknown");
    assert_eq!(scene.refreshes(), 1);
    assert_eq!(scene.claims(), 1);
    assert_eq!(scene.records()[0].standing.health.as_str(), "outcome-unknown");
}

/// A provider that answers a replay the pair it made before, and a row that says so.
async fn outcome_unknown_within_grace() -> (Scene, Driver) {
    let config = Config {
        access_token_lifetime_secs: 600,
        reuse_grace_secs: 36_000,
        ..Config::default()
    };
    let (scene, driver) = Scene::logged_in(config).await;
    scene.control().arm(Order::new("answer-lost").times(1)).unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "outcome-unknown");
    (scene, driver)
}

#[tokio::test]
async fn a_grace_saves_what_was_lost() {
    let (scene, driver) = outcome_unknown_within_grace().await;
    driver.refresh("acme/default").await.unwrap();
    assert_eq!(scene.refreshes(), 2);
    assert_eq!(scene.control().counters().families_revoked, 0);
    assert_eq!(scene.claims(), 0);
    assert_eq!(scene.records()[0].standing.health.as_str(), "ready");
}

#[tokio::test]
async fn what_a_replay_brings_is_as_old_as_the_send_that_made_it() {
    let (scene, driver) = outcome_unknown_within_grace().await;
    let made_before = scene.now();
    scene.clock.advance(Duration::from_secs(60));
    driver.refresh("acme/default").await.unwrap();
    assert_eq!(scene.refreshes(), 2);
    assert!(scene.grant().1.obtained.boot <= made_before.boot);
}

#[tokio::test]
async fn what_a_replay_brings_too_late_is_renewed_once_more() {
    let (scene, driver) = outcome_unknown_within_grace().await;
    let before = scene.grant().0.generation;
    scene.clock.advance(Duration::from_secs(700));
    driver.refresh("acme/default").await.unwrap();
    let (record, grant) = scene.grant();
    assert_eq!(scene.refreshes(), 3);
    assert_eq!(record.generation, before.next().next());
    assert!(grant.usable_for(Duration::from_secs(590), &scene.now()));
    assert_eq!(scene.control().counters().families_revoked, 0);
}

#[tokio::test]
async fn without_a_grace_the_replay_brings_the_proof_of_death() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("answer-lost").times(1)).unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "outcome-unknown");
    scene.clock.advance(Duration::from_secs(7 * 3_600));
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
    assert_eq!(scene.refreshes(), 2);
}
