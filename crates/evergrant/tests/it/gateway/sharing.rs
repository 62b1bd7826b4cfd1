//! What one process of a home meets, the others know.

use std::time::{Duration, Instant};

use evergrant_driver::Driver;
use evergrant_driver::client::{Body, Call, Route};
use evergrant_driver::settings::Settings;
use evergrant_sandbox::Order;
use evergrant_sandbox::client::{HttpClient, Reply};
use http::{Method, Request};

use super::desk::{Desk, Serving, question};

async fn ask(gateway: &Serving) -> Reply {
    let reply = asked(gateway, &HttpClient::new()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

async fn asked(gateway: &Serving, client: &HttpClient) -> Reply {
    let url = gateway.url("/v1/chat/completions");
    client.post_json(&url, &question()).await.unwrap()
}

/// Waits until a gateway knows who has been logged in since it began.
async fn learns_of(gateway: &Serving, label: &str) {
    let client = HttpClient::new().header("x-evergrant-credential", label);
    while asked(gateway, &client).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A question as a chat asks it: by a driver of its own.
async fn said(driver: &Driver) -> (String, u32) {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/chat/completions")
        .header("content-type", "application/json")
        .body(Body::full(question().to_string().into()));
    let call = Call {
        request: request.unwrap(),
        route: Route::Provider("acme".into()),
        pin: None,
    };
    let answer = driver.send(call).await.unwrap();
    assert_eq!(answer.response.status(), 200);
    (answer.trail.label.unwrap().to_string(), answer.trail.attempts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_one_meets_is_known_to_the_others_within_a_second() {
    let desk = Desk::open().await;
    desk.control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    desk.scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let other = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    let third = Driver::open(Settings::load(Some(desk.scratch.home()), []).unwrap()).unwrap();
    third.stay();
    for gateway in [&desk.gateway, &other] {
        learns_of(gateway, "default-2").await;
    }
    let (mut slowest, mut requests) = (Duration::ZERO, 0);
    for round in 0..ROUNDS {
        // Everyone knows that the first one serves.
        for gateway in [&desk.gateway, &other] {
            while ask(gateway).await.header("x-evergrant-credential") != "default" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        while said(&third).await.0 != "default" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        desk.control()
            .arm(Order::new("usage-limit").with("subject", "user-1"))
            .unwrap();
        let before = desk.control().counters().inference_requests;
        let reply = ask(&desk.gateway).await;
        assert_eq!(reply.header("x-evergrant-repaired"), "rotate", "{round}");
        let met = Instant::now();
        while !third.accounts().iter().any(|account| account.health == "cooling") {
            assert!(met.elapsed() < WITHIN, "{round}: not known after a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        slowest = slowest.max(met.elapsed());
        tokio::time::sleep(WITHIN.saturating_sub(met.elapsed())).await;
        let reply = ask(&other).await;
        let told = (
            reply.header("x-evergrant-credential"),
            reply.header("x-evergrant-attempts"),
        );
        assert_eq!(told, ("default-2", "1"), "{round}");
        assert_eq!(said(&third).await, ("default-2".to_owned(), 1), "{round}");
        let sent = desk.control().counters().inference_requests - before;
        assert_eq!(sent, 4, "{round}: one was refused, three were answered");
        requests += sent;
        desk.control().disarm_all();
        desk.scratch.run(&["reset", "acme/default"]).await.expect(0);
    }
    println!(
        "shared: {ROUNDS} limits met by one of three processes, {requests} requests, {ROUNDS} refused, known elsewhere after {} ms at most",
        slowest.as_millis()
    );
}

const ROUNDS: u64 = 5;

/// What is promised of the processes of one home.
const WITHIN: Duration = Duration::from_secs(1);
