//! Limits, faults and absences: who is used instead, what is sent again, and what is said.

use std::time::{Duration, Instant};

use evergrant_driver::client::{Call, Route};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, KeySource, Target};
use evergrant_engine::store::Health;
use evergrant_sandbox::{Config, Order, Wording};
use http::Method;

use super::asking::{ask, chat, good, pinned, replay_all, to};
use crate::renewal::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_and_fifty_six_tasks_share_one_renewal() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    good(ask(&driver, chat()).await);
    scene.clock.advance(Duration::from_secs(300));
    scene.control().expire(Wording::Both);
    let tasks: Vec<_> = (0..256)
        .map(|_| {
            let driver = driver.clone();
            tokio::spawn(async move { good(ask(&driver, chat()).await) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(scene.refreshes(), 1);
    driver.drain(Duration::ZERO).await;
    let record = scene.grant().0;
    assert_eq!(record.standing.health, Health::Ready);
    assert_eq!(record.standing.accepted, Some(record.generation));
    assert_eq!(replay_all(&scene), 257);
}

#[tokio::test]
async fn a_dropped_request_does_not_take_the_renewal_along() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.clock.advance(Duration::from_secs(300));
    scene.control().expire(Wording::Code);
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 500).times(1))
        .unwrap();
    let asking = tokio::spawn({
        let driver = driver.clone();
        async move { ask(&driver, chat()).await.is_ok() }
    });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asking.abort();
    assert!(driver.drain(Duration::from_secs(20)).await);
    assert_eq!(scene.grant().0.generation.0, 2, "kept although nobody waited for it");
    good(ask(&driver, chat()).await);
    assert_eq!(scene.refreshes(), 1);
}

#[tokio::test]
async fn a_rate_limit_moves_on_or_waits_a_little() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("rate-limit").times(1)).unwrap();
    let start = Instant::now();
    let told = good(ask(&driver, chat()).await);
    assert_eq!(&told.trail.repaired[..], ["wait"], "the only one waits for its second");
    assert!(start.elapsed() >= Duration::from_millis(900));
    let order = Order::new("rate-limit").with("retry_after_secs", 30).times(1);
    scene.control().arm(order).unwrap();
    let told = ask(&driver, chat()).await.unwrap();
    assert_eq!(
        (told.status, told.headers["retry-after"].to_str().unwrap()),
        (429, "30")
    );
    assert_eq!(told.refusal.unwrap().retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn what_the_provider_may_have_done_is_not_asked_for_twice() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("server-error").times(1)).unwrap();
    let told = ask(&driver, chat()).await.unwrap();
    assert_eq!((told.status, told.trail.attempts), (500, 1));
    scene.control().arm(Order::new("server-error").times(1)).unwrap();
    let list = || {
        let mut call = chat();
        *call.request.method_mut() = Method::GET;
        *call.request.uri_mut() = "/models".parse().unwrap();
        *call.request.body_mut() = evergrant_driver::client::Body::empty();
        call
    };
    assert_eq!(
        good(ask(&driver, list()).await).trail.attempts,
        2,
        "a GET may be repeated"
    );
    scene.control().arm(Order::new("overloaded").times(1)).unwrap();
    assert_eq!(good(ask(&driver, chat()).await).trail.attempts, 2, "529 took nothing");
    assert_eq!(scene.grant().0.standing.health, Health::Ready);
}

#[tokio::test]
async fn another_provider_of_the_route_takes_over() {
    let scene = Scene::start(Config::default()).await;
    let (driver, settings) = routed(&scene);
    scene.log_in(&driver).await;
    scene.add_key(&driver).await;
    drop(settings);
    scene
        .control()
        .arm(Order::new("spending-limit").with("credential", "grant"))
        .unwrap();
    let call = Call {
        route: Route::Model("grok-4.3".to_owned()),
        ..chat()
    };
    let told = good(ask(&driver, call).await);
    assert_eq!(
        (told.trail.provider.unwrap().as_str(), &told.trail.repaired[..]),
        ("acme-key", &["fallback"][..])
    );
    // Who names a credential wants that one.
    let told = ask(&driver, pinned("default", to("acme", chat()))).await;
    let code = told.map_or_else(|(failure, _)| failure.code, |told| told.refusal.unwrap().code);
    assert_eq!(code, Code::OutOfCredit);
}

fn routed(scene: &Scene) -> (Driver, Settings) {
    let settings = scene.settings();
    std::fs::write(
        settings.home.configuration(),
        "[route]\n\"grok-*\" = [\"acme\", \"acme-key\"]\n",
    )
    .unwrap();
    (scene.open(), scene.settings())
}

#[tokio::test]
async fn a_key_in_the_environment_is_read_at_use() {
    let scene = Scene::start(Config::default()).await;
    let driver = scene.open();
    let provider = "acme-key".into();
    let source = KeySource::Variable("SOME_KEY".to_owned());
    driver.add_key(&provider, None, source).await.unwrap();
    let (failure, trail) = ask(&driver, to("acme-key", chat())).await.unwrap_err();
    assert_eq!((failure.code, trail.attempts), (Code::NeedsLogin, 0));
    assert!(failure.message.contains("SOME_KEY"), "{failure}");
    drop(driver);
    let mut settings = scene.settings();
    let variables = [("SOME_KEY".to_owned(), "sk-sandbox-0000000000000000".to_owned())];
    settings.environment = evergrant_driver::settings::Environment::new(variables);
    let driver = Driver::open(settings).unwrap();
    good(ask(&driver, to("acme-key", chat())).await);
    let token = driver
        .token(&Target::parse("acme-key").unwrap(), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(token.access_token.expose(), "sk-sandbox-0000000000000000");
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_asked_or_the_reason_is_told() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let target = Target::parse("acme").unwrap();
    let first = driver.token(&target, Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(scene.refreshes(), 0);
    scene.clock.advance(Duration::from_secs(5 * 3_600 + 1_800));
    scene.control().arm(Order::new("token-429")).unwrap();
    let failure = driver.token(&target, Duration::from_secs(3_600)).await.unwrap_err();
    assert_eq!(failure.code.exit(), 5, "{failure:?}");
    let old = driver.token(&target, Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        old.access_token, first.access_token,
        "it still lives as long as was asked"
    );
    scene.control().disarm_all();
    scene.clock.advance(Duration::from_secs(400));
    let new = driver.token(&target, Duration::from_secs(3_600)).await.unwrap();
    assert_ne!(new.access_token, first.access_token);
    for text in ["", "/", "acme/", "/x"] {
        assert_eq!(Target::parse(text).unwrap_err().code, Code::Usage, "{text}");
    }
}
