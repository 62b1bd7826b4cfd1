//! What the client repairs, and what it leaves alone.

use std::time::Duration;

use evergrant_sandbox::{Config, Wording};

use super::asking::{ask, chat, good, replay_all, streamed};
use crate::renewal::scene::Scene;

#[tokio::test]
async fn a_good_request_is_sent_once_and_writes_once() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let told = good(ask(&driver, chat()).await);
    assert!(told.text.contains("chat.completion"), "{told:?}");
    assert_eq!(told.trail.attempts, 1);
    assert!(told.trail.repaired.is_empty());
    driver.drain(Duration::ZERO).await;
    let first = scene.grant().0;
    assert_eq!(first.standing.accepted, Some(first.generation));
    for _ in 0..5 {
        good(ask(&driver, chat()).await);
    }
    driver.drain(Duration::ZERO).await;
    assert_eq!(scene.grant().0.updated_at, first.updated_at, "nothing more is written");
    assert_eq!(
        (scene.refreshes(), scene.control().counters().inference_requests),
        (0, 6)
    );
    assert_eq!(replay_all(&scene), 6);
}

#[tokio::test]
async fn a_stale_token_is_repaired_in_every_wording() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for (count, wording) in (1..).zip(Wording::ALL) {
        scene.clock.advance(Duration::from_secs(300));
        scene.control().expire(wording);
        let told = good(ask(&driver, streamed("/chat/completions")).await);
        assert!(told.text.ends_with("data: [DONE]\n\n"), "{wording:?}: {}", told.text);
        assert_eq!(
            (told.trail.attempts, &told.trail.repaired[..]),
            (2, &["refresh"][..]),
            "{wording:?}"
        );
        assert_eq!(scene.refreshes(), count, "{wording:?}");
    }
    replay_all(&scene);
}
