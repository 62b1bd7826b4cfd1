//! Who is innocent keeps a good name, whatever happens to the others on the way.

use std::time::Duration;

use evergrant_driver::Driver;
use evergrant_engine::store::{Health, Record, Standing};
use evergrant_sandbox::{Config, Order};

use crate::client::asking::{ask, chat, good, pinned, replay_all};
use crate::renewal::scene::Scene;

/// Three grants of three people, each of which has served.
async fn three() -> (Scene, Driver) {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for subject in ["user-2", "user-3"] {
        // The older is preferred, so that one must be.
        scene.clock.advance(Duration::from_secs(1));
        scene
            .control()
            .reconfigure(|config| config.subject = subject.to_owned());
        scene.log_in(&driver).await;
    }
    for label in ["default", "default-2", "default-3"] {
        good(ask(&driver, pinned(label, chat())).await);
    }
    scene.clock.advance(Duration::from_secs(300));
    driver.drain(Duration::ZERO).await;
    (scene, driver)
}

fn standing(records: &[Record], label: &str) -> Standing {
    let record = records.iter().find(|record| record.label.as_str() == label);
    Standing::clone(&record.unwrap().standing)
}

#[tokio::test]
async fn the_first_dies_on_the_way_and_the_others_have_no_penalty() {
    let (scene, driver) = three().await;
    let before = scene.records();
    scene
        .control()
        .arm(Order::new("stale-wke").with("subject", "user-1"))
        .unwrap();
    scene
        .control()
        .arm(Order::new("token-slow").with("delay_ms", 300))
        .unwrap();
    let asking = tokio::spawn({
        let driver = driver.clone();
        async move { ask(&driver, chat()).await }
    });
    while scene.refreshes() == 0 && !asking.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its token is refused and its renewal is under way: only now the grant dies.
    scene.control().revoke_logins(Some("user-1"));
    let told = good(asking.await.unwrap());
    assert_eq!(told.trail.label.as_ref().unwrap().as_str(), "default-2");
    assert_eq!((told.trail.attempts, &told.trail.repaired[..]), (2, &["rotate"][..]));
    driver.drain(Duration::ZERO).await;
    let after = scene.records();
    let dead = standing(&after, "default");
    assert!(matches!(dead.health, Health::Quarantined { .. }), "{dead:?}");
    for label in ["default-2", "default-3"] {
        assert_eq!(standing(&after, label), standing(&before, label), "{label}");
    }
    let sent = scene.control().counters();
    assert_eq!((sent.refreshes, sent.inference_requests), (1, 5));
    // And nobody is asked in vain from now on.
    for _ in 0..3 {
        let told = good(ask(&driver, chat()).await);
        assert_eq!(
            (told.trail.attempts, told.trail.label.unwrap().as_str()),
            (1, "default-2")
        );
    }
    assert_eq!(scene.refreshes(), 1, "a dead grant is not renewed again");
    replay_all(&scene);
    println!(
        "innocent: 1 of 3 died on the way, 1 refresh request, answered by the second, 0 penalties for the other two"
    );
}

#[tokio::test]
async fn each_limit_stays_with_its_own() {
    for scenario in ["usage-limit", "spending-limit", "entitlement", "rate-limit"] {
        let (scene, driver) = three().await;
        let before = scene.records();
        scene
            .control()
            .arm(Order::new(scenario).with("subject", "user-1"))
            .unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let driver = driver.clone();
                tokio::spawn(async move { good(ask(&driver, chat()).await) })
            })
            .collect();
        for task in tasks {
            assert_eq!(
                task.await.unwrap().trail.label.unwrap().as_str(),
                "default-2",
                "{scenario}"
            );
        }
        driver.drain(Duration::ZERO).await;
        let after = scene.records();
        let limited = standing(&after, "default");
        assert_eq!(limited.last_error.as_ref().unwrap().generation.0, 1, "{scenario}");
        assert_ne!(limited.health, Health::Ready, "{scenario}");
        for label in ["default-2", "default-3"] {
            assert_eq!(standing(&after, label), standing(&before, label), "{scenario} {label}");
        }
        replay_all(&scene);
    }
}
