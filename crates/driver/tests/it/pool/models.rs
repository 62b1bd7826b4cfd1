//! Limits that are a model's and not the account's, and answers that come when their generation is over.

use std::time::Duration;

use evergrant_driver::client::{Call, Route};
use evergrant_engine::store::{Health, Standing};
use evergrant_sandbox::{Config, Order};
use serde_json::json;

use crate::client::asking::{ask, chat, good, post, replay_all};
use crate::renewal::scene::Scene;

fn asking_for(model: &str) -> Call {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    Call {
        route: Route::Provider("acme".into()),
        ..post("/chat/completions", &body)
    }
}

fn standing(scene: &Scene, label: &str) -> Standing {
    let records = scene.records();
    let record = records.iter().find(|record| record.label.as_str() == label);
    Standing::clone(&record.unwrap().standing)
}

#[tokio::test]
async fn a_limit_of_a_model_rests_for_that_model_alone_and_its_lifting_is_found() {
    let scene = Scene::start(Config::default()).await;
    scene.rewrite_row(|row| format!("limits_by_model = [\"rate-limited\"]\n{row}"));
    let driver = scene.open();
    scene.log_in(&driver).await;
    scene.clock.advance(Duration::from_secs(1));
    scene
        .control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    scene.log_in(&driver).await;
    scene.clock.advance(Duration::from_secs(300));
    let limit = Order::new("rate-limit")
        .with("subject", "user-1")
        .with("retry_after_secs", 86_400);
    scene.control().arm(limit).unwrap();
    let who = |told: crate::client::asking::Told| (told.trail.label.unwrap().to_string(), told.trail.attempts);

    let told = good(ask(&driver, asking_for("grok-4.3")).await);
    assert_eq!(who(told), ("default-2".to_owned(), 2));
    driver.drain(Duration::ZERO).await;
    let limited = standing(&scene, "default");
    assert_eq!((limited.health, &*limited.models[0].model), (Health::Ready, "grok-4.3"));
    scene.control().disarm_all();
    // Another process of the home knows it from its start; the other model is served as before.
    for driver in [&driver, &scene.open()] {
        let told = good(ask(driver, asking_for("grok-4.3")).await);
        assert_eq!(who(told), ("default-2".to_owned(), 1));
        let told = good(ask(driver, asking_for("grok-4.3-mini")).await);
        assert_eq!(who(told), ("default".to_owned(), 1));
    }
    // It was lifted long before its time: a minute later that is found.
    scene.clock.advance(Duration::from_secs(61));
    let told = good(ask(&driver, asking_for("grok-4.3")).await);
    assert_eq!(who(told), ("default".to_owned(), 1));
    driver.drain(Duration::ZERO).await;
    assert!(standing(&scene, "default").models.is_empty());
    assert_eq!(standing(&scene, "default-2").health, Health::Ready);
    replay_all(&scene);
}

#[tokio::test]
async fn what_an_old_generation_earned_is_no_penalty_of_the_new_one() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.clock.advance(Duration::from_secs(300));
    // The answer, a limit, comes when the token that it was for has been renewed by another process.
    let limit = json!({"error": {"type": "usage_limit_reached", "message": "The usage limit has been reached"}});
    let late = Order::new("respond")
        .with("path", "/v1/chat")
        .with("status", 429)
        .with("body", limit)
        .with("delay_ms", 1_500);
    scene.control().arm(late.times(1)).unwrap();
    let asking = tokio::spawn({
        let driver = driver.clone();
        async move { ask(&driver, chat()).await }
    });
    while !scene.control().armed().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.open().refresh("acme/default").await.unwrap();
    assert!(!asking.is_finished(), "it is still on its way");
    let told = asking.await.unwrap().unwrap();
    assert_eq!(told.status, 429);
    driver.drain(Duration::ZERO).await;
    let after = standing(&scene, "default");
    assert_eq!(after.health, Health::Ready);
    assert_eq!((scene.grant().0.generation.0, scene.refreshes()), (2, 1));
    assert_eq!(good(ask(&driver, chat()).await).trail.attempts, 1);
    replay_all(&scene);
}
