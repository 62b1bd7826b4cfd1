//! Recovery of a request (section C of the acceptance cases), through the one client that every caller uses.

use std::time::Duration;

use evergrant_driver::client::Route;
use evergrant_driver::store::{Draft, Mode, Placement, open};
use evergrant_driver::{Code, Driver, Target};
use evergrant_engine::credential::Material;
use evergrant_engine::store::Health;
use evergrant_engine::verdict::Verdict;
use evergrant_sandbox::{Config, Control, Order, Wording};

use crate::client::asking::{ask, chat, good, replay_all, streamed, to};
use crate::client::listening::Listening;
use crate::renewal::scene::Scene;

/// Old enough for its refusal not to be the lag of the provider's edge.
const SETTLED_IN: Duration = Duration::from_secs(300);

/// A home with a grant whose token is no longer new.
async fn scene() -> (Scene, Driver) {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.clock.advance(SETTLED_IN);
    (scene, driver)
}

#[tokio::test]
async fn stale_token_is_refreshed_once() {
    let (scene, driver) = scene().await;
    for (count, wording) in (1..).zip([Wording::Wke, Wording::Code, Wording::Unauthorized]) {
        let before = scene.grant().0.generation;
        scene.control().expire(wording);
        let told = good(ask(&driver, chat()).await);
        assert_eq!((told.trail.attempts, &told.trail.repaired[..]), (2, &["refresh"][..]));
        assert_eq!(scene.refreshes(), count, "{wording:?}");
        let after = scene.grant().0;
        assert_eq!(after.generation, before.next(), "one swap");
        assert_eq!(after.standing.health, Health::Ready);
        scene.clock.advance(SETTLED_IN);
    }
    assert!(replay_all(&scene) == 3 && scene.replay() > 0);
}

#[tokio::test]
async fn stale_token_is_refreshed_once_for_who_asks_for_a_token() {
    let (scene, driver) = scene().await;
    let target = Target::parse("acme/default").unwrap();
    let first = driver.token(&target, Duration::ZERO).await.unwrap();
    assert_eq!(driver.token(&target, Duration::ZERO).await.unwrap(), first);
    assert_eq!(scene.refreshes(), 0, "a token that serves is not renewed");
    // A request finds out that it is stale, and cannot renew it just then.
    scene.control().arm(Order::new("token-429").times(1)).unwrap();
    scene.control().expire(Wording::Wke);
    assert_eq!(ask(&driver, chat()).await.unwrap().status, 403);
    scene.clock.advance(SETTLED_IN);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (driver, target) = (driver.clone(), target.clone());
            tokio::spawn(async move { driver.token(&target, Duration::ZERO).await.unwrap() })
        })
        .collect();
    for task in tasks {
        let token = task.await.unwrap();
        assert_ne!(token.access_token, first.access_token);
        assert!(token.saved && token.label.as_str() == "default" && token.expires_at.is_some());
    }
    assert_eq!(scene.refreshes(), 2, "the one that was put off, and one");
}

#[tokio::test]
async fn entitlement_never_refreshes() {
    for (scenario, code) in [
        ("entitlement", Code::NotEntitled),
        ("entitlement-resources", Code::NotEntitled),
        ("spending-limit", Code::OutOfCredit),
    ] {
        let (scene, driver) = scene().await;
        scene
            .control()
            .arm(Order::new(scenario).with("subject", "user-1"))
            .unwrap();
        let told = ask(&driver, chat()).await.unwrap();
        assert_eq!(
            (told.status, told.trail.attempts),
            (403, 1),
            "{scenario}: the provider's own words"
        );
        let refusal = told.refusal.unwrap();
        assert!(refusal.code == code && refusal.remedy.is_some(), "{refusal:?}");
        assert!(told.text.contains("code"), "{}", told.text);
        driver.drain(Duration::from_secs(5)).await;
        let record = scene.grant().0;
        let error = record.standing.into_inner().last_error.unwrap();
        assert_eq!(error.code, code);
        assert!(told.text.contains("Grok subscription"), "{}", told.text);
        let account = driver.accounts().remove(0);
        assert!(account.remedy.is_some() && account.last_error.is_some(), "{account:?}");
        // The next credential is used if there is one.
        scene
            .control()
            .reconfigure(|config| config.subject = "user-2".to_owned());
        scene.log_in(&driver).await;
        let told = good(ask(&driver, chat()).await);
        assert_eq!(told.trail.label.unwrap().as_str(), "default-2");
        assert_eq!(scene.refreshes(), 0, "{scenario}");
    }
}

#[tokio::test]
async fn entitlement_uses_the_next_credential_at_once() {
    let (scene, driver) = scene().await;
    scene
        .control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    scene.log_in(&driver).await;
    scene
        .control()
        .arm(Order::new("spending-limit").with("subject", "user-1"))
        .unwrap();
    let told = good(ask(&driver, chat()).await);
    assert_eq!((told.trail.attempts, &told.trail.repaired[..]), (2, &["rotate"][..]));
    assert_eq!(told.trail.label.unwrap().as_str(), "default-2");
    assert_eq!(
        good(ask(&driver, chat()).await).trail.attempts,
        1,
        "the other one rests"
    );
    assert_eq!(scene.refreshes(), 0);
}

#[tokio::test]
async fn bare_403_is_settled_by_one_refresh() {
    let (scene, driver) = scene().await;
    scene.control().arm("bare-403").unwrap();
    let told = ask(&driver, chat()).await.unwrap();
    assert_eq!(told.status, 403);
    assert!(told.text.contains("Forbidden"), "{}", told.text);
    assert_eq!(told.refusal.unwrap().code, Code::NotEntitled);
    assert_eq!(scene.refreshes(), 1);
    driver.drain(Duration::from_secs(5)).await;
    let standing = scene.grant().0.standing;
    assert!(matches!(standing.health, Health::NotEntitled { .. }), "{standing:?}");
    assert!(standing.settled.is_some());
    for _ in 0..10 {
        scene.clock.advance(Duration::from_secs(120));
        match ask(&driver, chat()).await {
            Ok(told) => assert_eq!(told.status, 403),
            Err((failure, _)) => assert_eq!(failure.code, Code::NotEntitled),
        }
    }
    assert_eq!(scene.refreshes(), 1, "settled for an hour");
}

#[tokio::test]
async fn no_refresh_storm() {
    for scenario in ["entitlement", "stale-wke", "stale-code", "bare-403"] {
        let (scene, driver) = scene().await;
        scene.control().expire(Wording::Wke);
        scene.control().arm(scenario).unwrap();
        let before = scene.control().counters().inference_requests;
        for _ in 0..20 {
            let told = ask(&driver, chat()).await;
            assert!(told.is_err() || told.unwrap().status == 403, "{scenario}");
            scene.clock.advance(Duration::from_secs(20));
        }
        assert_eq!(scene.refreshes(), 1, "{scenario}");
        let sent = scene.control().counters().inference_requests - before;
        assert!(sent <= 40, "{scenario}: {sent} requests went out for 20 questions");
        replay_all(&scene);
    }
}

#[tokio::test]
async fn genuine_auth_failure_still_refreshes() {
    let (scene, driver) = scene().await;
    refuse_once(&scene.control(), 401, "Invalid API key");
    let told = good(ask(&driver, chat()).await);
    assert_eq!(&told.trail.repaired[..], ["refresh"]);
    assert_eq!(scene.refreshes(), 1);
}

fn refuse_once(control: &Control, status: u64, message: &str) {
    let order = Order::new("respond").with("path", "/v1/chat").with("status", status);
    let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}});
    control.arm(order.with("body", body).times(1)).unwrap();
}

#[tokio::test]
async fn caller_is_found_by_route_not_by_host() {
    let (scene, driver) = scene().await;
    scene.add_key(&driver).await;
    let (_, grant) = scene.grant();
    let key = Control::fingerprint("sk-sandbox-0000000000000000");
    let token = Control::fingerprint(grant.access_token.expose());
    for (provider, bearer) in [("acme", token), ("acme-key", key)] {
        let told = good(ask(&driver, to(provider, chat())).await);
        assert_eq!(told.trail.provider.unwrap().as_str(), provider);
        let seen = scene.control().log().pop().unwrap();
        assert_eq!(seen.bearer_fingerprint, Some(bearer), "both live on one host");
    }
    // A key that is refused does not touch the grant beside it.
    refuse_once(&scene.control(), 401, "Invalid API key");
    let told = ask(&driver, to("acme-key", chat())).await.unwrap();
    assert_eq!(told.refusal.unwrap().code, Code::Unauthenticated);
    assert_eq!(scene.refreshes(), 0);
    good(ask(&driver, to("acme", chat())).await);
}

#[tokio::test]
async fn missing_pool_is_graceful() {
    let scene = Scene::start(Config::default()).await;
    let driver = scene.open();
    let (failure, trail) = ask(&driver, chat()).await.unwrap_err();
    assert_eq!((failure.code, trail.attempts), (Code::NoCredential, 0));
    assert!(failure.remedy.is_some(), "{failure:?}");
    let (failure, _) = ask(&driver, to("nobody", chat())).await.unwrap_err();
    assert!(failure.code == Code::UnknownProvider && failure.remedy.is_some());
    let unknown = evergrant_driver::client::Call {
        route: Route::Model("no-such-model".to_owned()),
        ..chat()
    };
    let (failure, _) = ask(&driver, unknown).await.unwrap_err();
    assert!(failure.code == Code::UnknownModel && failure.remedy.is_some());
    let any = evergrant_driver::client::Call {
        route: Route::Any,
        ..chat()
    };
    assert_eq!(ask(&driver, any).await.unwrap_err().0.code, Code::NoCredential);
    for target in ["acme", "acme/nobody"] {
        let target = Target::parse(target).unwrap();
        let failure = driver.token(&target, Duration::ZERO).await.unwrap_err();
        assert!(
            failure.code == Code::NoCredential && failure.remedy.is_some(),
            "{failure:?}"
        );
    }
    assert_eq!(scene.control().counters().requests, 0);
}

#[tokio::test]
async fn long_running_process_recovers() {
    let (scene, driver) = scene().await;
    good(ask(&driver, chat()).await);
    // Another process rotates; this one slept through it and past the end of its token.
    scene.open().refresh("acme/default").await.unwrap();
    scene.clock.advance(Duration::from_secs(5 * 3_600 + 3_590));
    scene.control().expire(Wording::Wke);
    let sibling = scene.open();
    sibling.refresh("acme/default").await.unwrap();
    assert_eq!(scene.refreshes(), 2);
    good(ask(&driver, chat()).await);
    assert_eq!(scene.refreshes(), 2, "adopted, not renewed");
}

#[tokio::test]
async fn idle_process_recovers_alone() {
    let week = Config {
        access_token_lifetime_secs: 7 * 24 * 3_600,
        ..Config::default()
    };
    let (scene, driver) = Scene::logged_in(week).await;
    good(ask(&driver, streamed("/chat/completions")).await);
    scene.clock.advance(Duration::from_secs(22 * 3_600));
    scene.control().expire(Wording::Wke);
    let told = good(ask(&driver, streamed("/chat/completions")).await);
    assert!(told.text.ends_with("data: [DONE]\n\n"));
    assert_eq!(&told.trail.repaired[..], ["refresh"]);
    good(ask(&driver, chat()).await);
    assert_eq!(scene.refreshes(), 1);
}

#[tokio::test]
async fn garbage_access_token_recovers() {
    let (scene, driver) = scene().await;
    drop(driver);
    let (record, mut grant) = scene.grant();
    grant.access_token = "garbage".into();
    let settings = scene.settings();
    let store = open(&settings.home, &settings.key, Mode::ReadWrite).unwrap();
    let draft = Draft {
        provider: record.provider.clone(),
        label: Some(record.label.clone()),
        source: record.source.clone(),
        material: Material::Grant(Box::new(grant)),
        at: record.updated_at,
        entropy: 1,
    };
    store.place(&draft, &Placement::Replace(record.fence())).unwrap();
    drop(store);
    let driver = scene.open();
    let told = good(ask(&driver, chat()).await);
    assert_eq!((told.trail.attempts, &told.trail.repaired[..]), (2, &["refresh"][..]));
    assert_eq!(scene.refreshes(), 1);
}

#[tokio::test]
async fn repairs_are_logged() {
    let (scene, driver) = scene().await;
    let generation = scene.grant().0.generation.0;
    let log = Listening::start();
    good(ask(&driver, chat()).await);
    assert_eq!(log.take(), [""; 0], "a request that needs no repair says nothing");
    scene.control().expire(Wording::Code);
    good(ask(&driver, chat()).await);
    let lines = log.take();
    let [line] = &lines[..] else {
        panic!("one line a repair: {lines:?}");
    };
    assert!(line.starts_with("INFO"), "{line}");
    for field in [
        "provider=acme",
        "label=default",
        "verdict=unauthenticated",
        "action=refresh",
        "signal=",
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
    assert!(line.contains(&format!("generation={generation}")), "{line}");
    scene.control().arm("entitlement").unwrap();
    assert_eq!(ask(&driver, chat()).await.unwrap().status, 403);
    let lines = log.take();
    let [line] = &lines[..] else {
        panic!("one line a refusal: {lines:?}");
    };
    for field in [
        "INFO",
        "verdict=not-entitled",
        "action=deliver",
        "provider=acme",
        "label=default",
        "signal=",
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
    driver.drain(Duration::from_secs(5)).await;
    let error = scene.grant().0.standing.into_inner().last_error.unwrap();
    assert_eq!(
        (error.verdict, error.generation.0),
        (Verdict::NotEntitled, generation + 1)
    );
}
