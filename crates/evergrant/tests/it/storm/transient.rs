//! A token endpoint that fails in any way short of a proof of death.

use std::time::Duration;

use evergrant_sandbox::Order;
use tokio::task::JoinSet;

use super::scene::{Scene, access_token};

#[tokio::test(flavor = "multi_thread")]
async fn transient_errors_leave_tokens_and_generation_unchanged() {
    let mut faults = JoinSet::new();
    for (scenario, exit, requests) in FAULTS {
        faults.spawn(untouched(scenario, exit, requests));
    }
    faults.join_all().await;
}

async fn untouched(scenario: &'static str, exit: i32, requests: u64) {
    let scene = Scene::logged_in(Duration::from_secs(3600)).await;
    let credential = scene.credential().await;
    let token = access_token(&scene.token().await.expect(0));
    let family = scene.family();
    let control = scene.sandbox.control();
    control.arm(Order::new(scenario)).unwrap();

    let refused = scene.refresh().await.expect(exit);
    assert_eq!(scene.counters().refreshes, requests, "{scenario}: {refused}");

    let after = scene.credential().await;
    assert_eq!(after["generation"], credential["generation"], "{scenario}: {after}");
    assert_eq!(after["expires_at"], credential["expires_at"], "{scenario}: {after}");
    assert_ne!(after["health"], "quarantined", "{scenario}: {after}");
    let still = scene.token().await.expect(0);
    assert_eq!(access_token(&still), token, "{scenario}");
    assert_eq!(
        scene.family(),
        family,
        "{scenario}: the provider never heard of a rotation"
    );
    assert_eq!(
        scene.counters().refreshes,
        requests,
        "{scenario}: the good token was not worth another request"
    );

    // What was not taken is sent again as soon as it may be; what may have been taken waits for the lapse.
    control.disarm_all();
    if after["health"] != "outcome-unknown" {
        scene.scratch.run(&["reset", "acme/main"]).await.expect(0);
        scene.refresh().await.expect(0);
        assert_eq!(scene.credential().await["generation"], 2, "{scenario}");
        assert_eq!(scene.counters().refresh_reuses, 0, "{scenario}");
    }
}

/// The scenario, the exit of a forced refresh that meets it, and how often it asks: an endpoint that may have moved is
/// looked up again and asked once more.
const FAULTS: [(&str, i32, u64); 12] = [
    ("token-other-400", 5, 1),
    ("token-invalid-client", 2, 1),
    ("token-403-html", 5, 2),
    ("token-404", 5, 2),
    ("token-429", 5, 1),
    ("token-500", 5, 1),
    ("token-503", 5, 1),
    ("token-temporarily-unavailable", 5, 1),
    ("token-html-200", 5, 1),
    ("token-array", 5, 1),
    ("token-empty-object", 5, 1),
    ("token-junk", 5, 1),
];
