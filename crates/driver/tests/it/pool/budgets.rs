//! A provider that refuses everything, in every way: how often it is asked, for how long, and what is said.

use std::time::{Duration, Instant};

use evergrant_driver::client::{Body, Call, Route};
use evergrant_driver::{Driver, KeySource, Label, Secret};
use evergrant_engine::recovery::attempt::limits;
use evergrant_sandbox::{Config, Order};
use http::Method;
use serde_json::{Value, json};

use crate::client::asking::{ask, chat, replay_all, streamed};
use crate::renewal::scene::Scene;

const KEYS: usize = 6;

/// Two grants, then six keys, then six keys of a third provider: more of everything than any budget allows.
async fn scene() -> (Scene, Driver) {
    let keys: Vec<String> = (0..2 * KEYS).map(|number| format!("sk-sandbox-{number:016}")).collect();
    let scene = Scene::start(Config {
        api_keys: keys.clone(),
        ..Config::default()
    })
    .await;
    let rows = scene.settings().home.providers();
    let row = |name: &str| std::fs::read_to_string(rows.join(format!("{name}.toml"))).unwrap();
    let patient = "first_byte_secs = 1\n";
    let third = row("acme-key").replace("acme-key", "acme-third");
    for (name, text) in [
        ("acme", row("acme")),
        ("acme-key", row("acme-key")),
        ("acme-third", third),
    ] {
        std::fs::write(rows.join(format!("{name}.toml")), format!("{patient}{text}")).unwrap();
    }
    let routes = "[route]\n\"grok-*\" = [\"acme\", \"acme-key\", \"acme-third\"]\n";
    std::fs::write(scene.settings().home.configuration(), routes).unwrap();
    let driver = scene.open();
    scene.log_in(&driver).await;
    scene
        .control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    scene.log_in(&driver).await;
    for (number, key) in keys.iter().enumerate() {
        let provider = if number < KEYS { "acme-key" } else { "acme-third" };
        let label = Some(Label::from(format!("k{number}")));
        let key = KeySource::Value(Secret::from(key.as_str()));
        driver.add_key(&provider.into(), label, key).await.unwrap();
    }
    scene.clock.advance(Duration::from_secs(300));
    (scene, driver)
}

fn by_model(call: Call) -> Call {
    Call {
        route: Route::Model("grok-4.3".to_owned()),
        ..call
    }
}

/// A request that may be repeated whatever became of it.
fn list() -> Call {
    let mut call = by_model(chat());
    *call.request.method_mut() = Method::GET;
    *call.request.uri_mut() = "/models".parse().unwrap();
    *call.request.body_mut() = Body::empty();
    call
}

/// Every way to refuse, by name.
fn ways() -> Vec<(String, Order)> {
    let mut ways: Vec<_> = [
        "stale-wke",
        "stale-401",
        "stale-both",
        "stale-stream",
        "overloaded",
        "server-error",
        "edge-html",
        "entitlement",
        "spending-limit",
        "bare-403",
        "rate-limit",
        "usage-limit",
        "stream-error-first",
        "stream-cut",
        "stream-empty",
        "hang",
    ]
    .map(|name| (name.to_owned(), Order::new(name)))
    .to_vec();
    for status in [401, 402, 403, 408, 409, 425, 429, 500, 502, 503, 504, 529] {
        let bodies: [(&str, Value); 3] = [
            ("nothing", json!("")),
            ("a page", json!("<html><body>Service Unavailable</body></html>")),
            (
                "an error",
                json!({"error": {"message": "no", "type": "error", "code": "no"}}),
            ),
        ];
        for (said, body) in bodies {
            let order = Order::new("respond")
                .with("path", "/v1")
                .with("status", status)
                .with("body", body);
            ways.push((format!("{status} with {said}"), order));
        }
    }
    ways
}

/// The largest of everything that was seen.
#[derive(Debug, Default)]
struct Most {
    tries: (u64, String),
    refreshes: (u64, String),
    millis: (u128, String),
    requests: u64,
}

impl Most {
    fn see(&mut self, what: &str, tries: u64, refreshes: u64, took: Duration) {
        self.requests += 1;
        if tries > self.tries.0 {
            self.tries = (tries, what.to_owned());
        }
        if refreshes > self.refreshes.0 {
            self.refreshes = (refreshes, what.to_owned());
        }
        if took.as_millis() > self.millis.0 {
            self.millis = (took.as_millis(), what.to_owned());
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            tries: self.tries.max(other.tries),
            refreshes: self.refreshes.max(other.refreshes),
            millis: self.millis.max(other.millis),
            requests: self.requests + other.requests,
        }
    }
}

/// Asks in each form while everything is refused in one way, then once more.
async fn refused(way: &str, order: Order, most: &mut Most) {
    let (scene, driver) = scene().await;
    scene.control().arm(order).unwrap();
    for (form, call) in [
        ("a request", by_model(chat())),
        ("a stream", by_model(streamed("/chat/completions"))),
        ("a question", list()),
        ("the same again", by_model(chat())),
    ] {
        let what = format!("{way}, {form}");
        let before = scene.control().counters();
        let began = Instant::now();
        let answered = ask(&driver, call).await;
        let took = began.elapsed();
        let seen = scene.control().counters();
        let tries = seen.inference_requests - before.inference_requests;
        // What a door answers is not counted as inference.
        let tries = tries.max(
            answered
                .as_ref()
                .map_or_else(|(_, trail)| trail.attempts, |told| told.trail.attempts)
                .into(),
        );
        let refreshes = seen.refreshes - before.refreshes;
        assert!(tries <= u64::from(limits::TRIES), "{what}: {tries} tries");
        assert!(refreshes <= limits::CREDENTIALS as u64, "{what}: {refreshes} refreshes");
        assert!(took < PATIENCE, "{what}: {took:?}");
        match answered {
            // A list of models is no stream and has no account to refuse, and what comes late goes through as it came.
            Ok(told) if told.status == 200 => {}
            Ok(told) => {
                assert!(told.trail.attempts > 0, "{what}: the provider's own words");
                let is_explained = told.refusal.as_ref().is_none_or(|failure| !failure.message.is_empty());
                assert!(is_explained, "{what}: {:?}", told.refusal);
            }
            Err((failure, trail)) => {
                assert!(
                    !failure.message.is_empty() && failure.remedy.is_some(),
                    "{what}: {failure:?}"
                );
                // Where nothing was sent, everyone is named with the reason.
                let named = failure.credentials.len();
                assert!(trail.attempts > 0 || named >= 1, "{what}: {named} named, {failure:?}");
            }
        }
        most.see(&what, tries, refreshes, took);
    }
    replay_all(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_refuse_is_asked_so_often_and_no_longer() {
    let mut most = Most::default();
    let mut ways = ways().into_iter();
    let count = ways.len();
    // Several at once: most of the time is backoff.
    loop {
        let mut together = tokio::task::JoinSet::new();
        for (way, order) in ways.by_ref().take(TOGETHER) {
            together.spawn(async move {
                let mut most = Most::default();
                refused(&way, order, &mut most).await;
                most
            });
        }
        if together.is_empty() {
            break;
        }
        while let Some(done) = together.join_next().await {
            most = most.or(done.unwrap());
        }
    }
    println!(
        "budgets: {count} ways to refuse, {} requests, one answer each",
        most.requests
    );
    println!(
        "budgets: {} tries at most of {} ({})",
        most.tries.0,
        limits::TRIES,
        most.tries.1
    );
    println!("budgets: {} refreshes at most ({})", most.refreshes.0, most.refreshes.1);
    println!("budgets: {} ms at most ({})", most.millis.0, most.millis.1);
}

#[tokio::test]
async fn nobody_there_at_all_is_one_answer_too() {
    let (mut scene, driver) = scene().await;
    scene.stop_provider().await;
    let began = Instant::now();
    let (failure, _) = ask(&driver, by_model(chat())).await.unwrap_err();
    assert_eq!(failure.code.as_str(), "unreachable", "{failure:?}");
    assert!(began.elapsed() < PATIENCE);
    println!(
        "budgets: a provider that is gone: {:.1} s",
        began.elapsed().as_secs_f64()
    );
}

/// 40 s: three providers, each with three tries of a second's silence and two backoffs of up to a second, and a slow machine.
const PATIENCE: Duration = Duration::from_secs(40);

const TOGETHER: usize = 8;
