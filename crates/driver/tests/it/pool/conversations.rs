//! Conversations that stay with their credential, seen by the provider.

use std::collections::BTreeMap;

use evergrant_driver::client::Call;
use evergrant_driver::{Driver, KeySource, Label, Secret};
use evergrant_sandbox::{Config, Order};
use serde_json::{Value, json};

use crate::client::asking::{ask, good, post, to};
use crate::renewal::scene::Scene;

const KEYS: usize = 8;

fn key(number: usize) -> String {
    format!("sk-sandbox-{number:016}")
}

/// Eight keys that conversations are spread over.
async fn scene() -> (Scene, Driver) {
    let config = Config {
        api_keys: (0..KEYS).map(key).collect(),
        ..Config::default()
    };
    let scene = Scene::start(config).await;
    std::fs::write(
        scene.settings().home.configuration(),
        "[pool.acme-key]\nstrategy = \"affinity\"\n",
    )
    .unwrap();
    let driver = scene.open();
    for number in 0..KEYS {
        let (label, key) = (
            Label::from(format!("k{number}")),
            KeySource::Value(Secret::from(key(number))),
        );
        driver.add_key(&"acme-key".into(), Some(label), key).await.unwrap();
    }
    (scene, driver)
}

fn turn(conversation: usize, turns: usize) -> Value {
    let mut messages = vec![json!({"role": "user", "content": format!("conversation {conversation}")})];
    for turn in 1..turns {
        messages.push(json!({"role": "assistant", "content": "yes"}));
        messages.push(json!({"role": "user", "content": format!("and {turn}?")}));
    }
    json!({"model": "grok-4.3", "messages": messages})
}

async fn asked(driver: &Driver, call: Call) -> String {
    let told = good(ask(driver, to("acme-key", call)).await);
    told.trail.label.unwrap().to_string()
}

#[tokio::test]
async fn each_turn_goes_to_the_same_one_until_that_cannot_serve() {
    let (scene, driver) = scene().await;
    let mut own = BTreeMap::new();
    for conversation in 0..40 {
        let label = asked(&driver, post("/chat/completions", &turn(conversation, 1))).await;
        own.insert(conversation, label);
    }
    let used: std::collections::BTreeSet<_> = own.values().cloned().collect();
    assert!(used.len() >= 6, "{used:?}");
    for (conversation, label) in &own {
        for turns in 2..4 {
            assert_eq!(
                asked(&driver, post("/chat/completions", &turn(*conversation, turns))).await,
                *label
            );
        }
    }
    // Another process comes to the same.
    let sibling = scene.open();
    for (conversation, label) in &own {
        assert_eq!(
            asked(&sibling, post("/chat/completions", &turn(*conversation, 5))).await,
            *label
        );
    }
    let dead = own[&0].clone();
    driver.disable(&format!("acme-key/{dead}")).await.unwrap();
    let mut moved = 0;
    for (conversation, label) in &own {
        let now = asked(&driver, post("/chat/completions", &turn(*conversation, 6))).await;
        assert_eq!(now != *label, *label == dead, "only those of {dead} move");
        moved += usize::from(now != *label);
    }
    println!(
        "conversations: 40 of up to 6 turns over {KEYS} keys and 2 processes, one key switched off: its {moved} moved, no other"
    );
}

#[tokio::test]
async fn a_limit_moves_a_conversation_and_its_end_brings_it_back() {
    let (scene, driver) = scene().await;
    let own = asked(&driver, post("/chat/completions", &turn(1, 1))).await;
    let number: usize = own[1..].parse().unwrap();
    let limit = Order::new("rate-limit")
        .with("bearer", key(number))
        .with("retry_after_secs", 30);
    scene.control().arm(limit.times(1)).unwrap();
    let other = asked(&driver, post("/chat/completions", &turn(1, 2))).await;
    assert_ne!(other, own);
    assert_eq!(
        asked(&driver, post("/chat/completions", &turn(1, 3))).await,
        other,
        "and stays there"
    );
    scene.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(asked(&driver, post("/chat/completions", &turn(1, 4))).await, own);
}

#[tokio::test]
async fn names_and_answers_keep_a_conversation_together() {
    let (_scene, driver) = scene().await;
    let mut by_key = Vec::new();
    for turns in 1..4 {
        let mut body = turn(turns, turns);
        body["prompt_cache_key"] = json!("one and the same");
        by_key.push(asked(&driver, post("/chat/completions", &body)).await);
    }
    assert!(by_key.windows(2).all(|pair| pair[0] == pair[1]), "{by_key:?}");
    let mut by_session = Vec::new();
    for turns in 1..4 {
        let mut call = post("/chat/completions", &turn(turns, turns));
        call.request
            .headers_mut()
            .insert("x-session-id", "s-1".parse().unwrap());
        by_session.push(asked(&driver, call).await);
    }
    assert!(by_session.windows(2).all(|pair| pair[0] == pair[1]), "{by_session:?}");
    for stream in [false, true] {
        for conversation in 0..12 {
            let mut body = json!({"model": "grok-4.3", "stream": stream, "input": format!("begin {conversation}")});
            let mut labels = Vec::new();
            for _ in 0..3 {
                let told = good(ask(&driver, to("acme-key", post("/responses", &body))).await);
                labels.push(told.trail.label.unwrap().to_string());
                let id = told.text.split("\"id\":").nth(1).unwrap().split('"').nth(1).unwrap();
                body["input"] = json!("go on");
                body["previous_response_id"] = json!(id);
            }
            assert!(labels.windows(2).all(|pair| pair[0] == pair[1]), "{stream} {labels:?}");
        }
    }
}
