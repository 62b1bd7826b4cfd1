//! From one provider to the next: who is passed over, and what never falls back.

use evergrant_driver::client::{Call, Route};
use evergrant_driver::{Code, Driver};
use evergrant_sandbox::{Config, Order};
use serde_json::json;

use crate::client::asking::{Told, ask, chat, good, post};
use crate::renewal::scene::Scene;

/// A grant at `acme`, then a key at `acme-key`; each row begins with what is given.
async fn scene(acme: &str, key: &str) -> (Scene, Driver) {
    let scene = Scene::start(Config::default()).await;
    for (row, begins) in [("acme", acme), ("acme-key", key)] {
        let path = scene.settings().home.providers().join(format!("{row}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{begins}\n{text}")).unwrap();
    }
    let routes = "[route]\n\"grok-*\" = [\"acme\", \"acme-key\"]\n";
    std::fs::write(scene.settings().home.configuration(), routes).unwrap();
    let driver = scene.open();
    scene.log_in(&driver).await;
    scene.add_key(&driver).await;
    (scene, driver)
}

fn by_model(call: Call) -> Call {
    Call {
        route: Route::Model("grok-4.3".to_owned()),
        ..call
    }
}

fn served_by(told: &Told) -> &str {
    told.trail.provider.as_ref().unwrap().as_str()
}

#[tokio::test]
async fn a_provider_that_lacks_the_path_is_passed_over_and_that_is_said() {
    let (scene, driver) = scene("surfaces = [\"chat\"]", "").await;
    let body = json!({"model": "grok-4.3", "input": "hello"});
    let told = good(ask(&driver, by_model(post("/responses", &body))).await);
    assert_eq!(served_by(&told), "acme-key");
    assert_eq!((told.trail.skipped[0].as_str(), told.trail.attempts), ("acme", 1));
    assert!(told.trail.repaired.is_empty(), "nothing was broken");
    let told = good(ask(&driver, by_model(chat())).await);
    assert_eq!((served_by(&told), told.trail.skipped.len()), ("acme", 0));
    // A path of no surface is asked for where the route says.
    let told = ask(&driver, by_model(post("/files", &body))).await.unwrap();
    assert_eq!((served_by(&told), told.trail.skipped.len()), ("acme", 0));
    assert_eq!(scene.control().counters().inference_by_path["/v1/responses"], 1);
}

#[tokio::test]
async fn where_nobody_has_the_path_the_first_says_so_itself() {
    let (scene, driver) = scene("surfaces = [\"chat\"]", "surfaces = [\"chat\"]").await;
    let body = json!({"model": "grok-4.3", "input": "hello"});
    let told = good(ask(&driver, by_model(post("/responses", &body))).await);
    assert_eq!((served_by(&told), told.trail.skipped[0].as_str()), ("acme", "acme-key"));
    assert_eq!(scene.control().counters().inference_requests, 1);
}

#[tokio::test]
async fn what_is_the_requests_own_fault_never_falls_back() {
    let (scene, driver) = scene("", "").await;
    for (status, code) in [
        (400, "invalid_request_error"),
        (400, "context_length_exceeded"),
        (404, "model_not_found"),
        (413, "payload_too_large"),
        (422, "invalid_request_error"),
    ] {
        let error =
            json!({"error": {"message": "The request is not valid", "type": "invalid_request_error", "code": code}});
        let order = Order::new("respond")
            .with("path", "/v1/chat")
            .with("status", status)
            .with("body", error);
        scene.control().arm(order.times(1)).unwrap();
        let told = ask(&driver, by_model(chat())).await.unwrap();
        assert_eq!(
            (told.status, told.trail.attempts, served_by(&told)),
            (status, 1, "acme"),
            "{code}"
        );
    }
    good(ask(&driver, by_model(chat())).await);
}

#[tokio::test]
async fn the_last_refusal_goes_through_as_it_is_and_ours_names_everyone() {
    let (scene, driver) = scene("", "").await;
    let limit = Order::new("usage-limit").with("resets_in_secs", 7_200);
    scene.control().arm(limit).unwrap();
    let told = ask(&driver, by_model(chat())).await.unwrap();
    assert_eq!(
        (told.status, told.trail.attempts, served_by(&told)),
        (429, 2, "acme-key")
    );
    assert!(told.text.contains("usage_limit_reached"), "{}", told.text);
    assert_eq!(told.refusal.unwrap().code, Code::UsageLimited);
    let before = scene.control().counters().inference_requests;
    let (failure, trail) = ask(&driver, by_model(chat())).await.unwrap_err();
    assert_eq!((failure.code, trail.attempts), (Code::UsageLimited, 0));
    assert_eq!(
        scene.control().counters().inference_requests,
        before,
        "nothing was sent"
    );
    let named: Vec<_> = failure.credentials.iter().map(|one| one.provider.as_str()).collect();
    assert_eq!(named, ["acme", "acme-key"]);
    for one in &failure.credentials {
        assert!(
            one.until.is_some() && one.remedy.is_some() && !one.message.is_empty(),
            "{one:?}"
        );
    }
    let soonest = failure.retry_after.unwrap().as_secs();
    assert!((7_100..=7_200).contains(&soonest), "{soonest}");
}
