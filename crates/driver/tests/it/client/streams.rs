//! Streams: repaired until they speak, and in the right one's account when they break later.

use std::time::Duration;

use evergrant_driver::Code;
use evergrant_engine::store::Health;
use evergrant_sandbox::{Config, Order};
use http_body_util::BodyExt as _;

use super::asking::{ask, good, read, replay_all, streamed};
use crate::renewal::scene::Scene;

const SURFACES: [&str; 3] = ["/chat/completions", "/responses", "/messages"];

#[tokio::test]
async fn an_error_before_the_first_content_is_repaired_on_every_surface() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for (count, surface) in (1..).zip(SURFACES) {
        scene.clock.advance(Duration::from_secs(300));
        let order = Order::new("stream-error-first").times(1);
        let order = order.with("text", "The OAuth2 access token could not be validated.");
        scene
            .control()
            .arm(
                order
                    .with("code", "unauthenticated:bad-credentials")
                    .with("shape", "nested"),
            )
            .unwrap();
        let told = good(ask(&driver, streamed(surface)).await);
        assert_eq!(&told.trail.repaired[..], ["refresh"], "{surface}");
        assert!(
            !told.text.contains("could not be validated"),
            "{surface}: {}",
            told.text
        );
        assert_eq!(scene.refreshes(), count, "{surface}");
    }
    replay_all(&scene);
}

#[tokio::test]
async fn every_form_of_a_streams_error_is_repaired_before_the_first_word() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let forms = ["flat", "nested", "failed", "chunk", "finish", "array"];
    for (count, form) in (1..).zip(forms) {
        scene.clock.advance(Duration::from_secs(300));
        let order = Order::new("stream-error-first")
            .times(1)
            .with("shape", form)
            .with("pings", 3);
        let order = order.with("text", "The OAuth2 access token could not be validated.");
        let order = order.with("code", "unauthenticated:bad-credentials");
        scene.control().arm(order).unwrap();
        let told = good(ask(&driver, streamed("/chat/completions")).await);
        assert_eq!(&told.trail.repaired[..], ["refresh"], "{form}");
        assert!(!told.text.contains("validated"), "{form}: {}", told.text);
        assert_eq!(scene.refreshes(), count, "{form}");
    }
    replay_all(&scene);
}

#[tokio::test]
async fn an_answer_that_a_filter_cut_short_is_handed_on_and_nobody_is_blamed() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let order = Order::new("stream-error-first").times(1).with("shape", "incomplete");
    scene.control().arm(order).unwrap();
    let told = good(ask(&driver, streamed("/responses")).await);
    assert!(told.text.contains("content_filter"), "{}", told.text);
    assert_eq!(told.trail.attempts, 1);
    assert_eq!(scene.grant().0.standing.health, Health::Ready);
}

#[tokio::test]
async fn a_stream_that_ends_without_its_last_event_was_cut_on_every_surface() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for surface in SURFACES {
        // Enough events for the first content on each surface, and none that ends it.
        let order = Order::new("stream-cut")
            .with("events", 5)
            .with("clean", "true")
            .times(1);
        scene.control().arm(order).unwrap();
        let told = ask(&driver, streamed(surface)).await.unwrap();
        assert!(told.broke, "{surface}: {}", told.text);
        let whole = good(ask(&driver, streamed(surface)).await);
        assert!(!whole.broke, "{surface}: {}", whole.text);
    }
    assert_eq!(
        scene.grant().0.standing.health,
        Health::Ready,
        "no fault of the credential"
    );
    replay_all(&scene);
}

#[tokio::test]
async fn an_error_after_content_stays_in_the_stream_and_is_counted_once() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for surface in SURFACES {
        scene.control().arm(Order::new("stream-error-late").times(1)).unwrap();
        let before = scene.control().counters().inference_requests;
        let told = good(ask(&driver, streamed(surface)).await);
        assert!(
            told.text.contains("active Grok subscription"),
            "{surface}: {}",
            told.text
        );
        assert_eq!(
            scene.control().counters().inference_requests,
            before + 1,
            "nothing is sent again"
        );
        driver.drain(Duration::ZERO).await;
        let standing = scene.grant().0.standing;
        assert!(
            matches!(standing.health, Health::NotEntitled { .. }),
            "{surface}: {standing:?}"
        );
        driver.reset("acme/default").await.unwrap();
    }
    assert_eq!(scene.refreshes(), 0);
    replay_all(&scene);
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_in_an_error_and_never_in_a_false_end() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let cut_after = |events: u64| Order::new("stream-cut").with("events", events).times(1);
    scene.control().arm(cut_after(1)).unwrap();
    let (failure, trail) = ask(&driver, streamed("/chat/completions")).await.unwrap_err();
    let end = (failure.code, trail.attempts);
    assert_eq!(end, (Code::ServerError, 1), "it may have been acted on");
    scene.control().arm(cut_after(3)).unwrap();
    let told = ask(&driver, streamed("/chat/completions")).await.unwrap();
    assert!(told.broke && !told.text.contains("[DONE]"), "{told:?}");
    assert_eq!(told.trail.attempts, 1, "what was begun is not begun again");
    let health = scene.grant().0.standing.into_inner().health;
    assert_eq!(health, Health::Ready, "no fault of the credential");
    replay_all(&scene);
}

#[tokio::test]
async fn a_stream_without_a_word_is_no_answer() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene.control().arm(Order::new("stream-empty").times(1)).unwrap();
    let (failure, _) = ask(&driver, streamed("/chat/completions")).await.unwrap_err();
    assert_eq!(failure.code, Code::ServerError);
}

#[tokio::test]
async fn dropping_the_answer_ends_the_stream_upstream() {
    let config = Config {
        chunks: 1_000,
        gap_ms: 20,
        ..Config::default()
    };
    let (scene, driver) = Scene::logged_in(config).await;
    let mut answer = driver.send(streamed("/responses")).await.unwrap();
    answer.response.body_mut().frame().await.unwrap().unwrap();
    drop(answer);
    while scene.control().counters().streams_disconnected == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let config = Config {
        gap_ms: 50,
        ..Config::default()
    };
    let (_scene, driver) = Scene::logged_in(config).await;
    let answer = driver.send(streamed("/chat/completions")).await.unwrap();
    let (head, mut body) = answer.response.into_parts();
    let mut pieces = 0;
    while let Some(frame) = body.frame().await {
        frame.unwrap();
        pieces += 1;
    }
    assert!(pieces >= 5, "{pieces} pieces");
    assert_eq!(head.status, 200);
    let again = driver.send(streamed("/chat/completions")).await.unwrap();
    assert!(read(again).await.text.ends_with("data: [DONE]\n\n"));
}
