//! Many processes find one access token dead at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use evergrant_sandbox::Order;

use super::scene::{Scene, access_token};
use crate::exchange::Exchange;

#[tokio::test(flavor = "multi_thread")]
async fn forty_eight_processes_spend_one_refresh_token_once() {
    let scene = Scene::logged_in(Duration::from_secs(1)).await;
    // Slow enough for all of them to arrive before the answer does.
    scene
        .sandbox
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 1500))
        .unwrap();
    scene.lapse().await;

    let arguments = ["token", "acme", "--json"];
    let started: Vec<_> = (0..PROCESSES)
        .map(|_| scene.scratch.evergrant(&arguments).spawn().unwrap())
        .collect();
    let mut tokens = BTreeSet::new();
    for child in started {
        let output = child.wait_with_output().await.unwrap();
        let exchange = Exchange::new(&arguments, output, &scene.scratch.home()).expect(0);
        assert!(scene.accepts(&exchange).await, "{exchange}");
        tokens.insert(access_token(&exchange));
    }

    let counters = scene.counters();
    assert_eq!(tokens.len(), 1, "they all have the token of the one renewal");
    assert_eq!(counters.refreshes, 1, "{counters:?}");
    assert_eq!(counters.refresh_reuses, 0, "{counters:?}");
    let credential = scene.credential().await;
    assert_eq!(credential["health"], "ready");
    assert_eq!(credential["generation"], 2);
}

/// As many as the first slice asks for.
const PROCESSES: usize = 48;
