//! Repairs that the client behind the gateway never notices.

use std::sync::Arc;

use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Order, Wording};

use super::desk::{Desk, question, streamed};

#[tokio::test]
async fn a_stale_token_is_repaired_in_every_wording_and_on_every_surface() {
    let desk = Desk::open().await;
    let paths = [
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/messages",
        "/p/acme/chat/completions",
    ];
    for (count, wording) in (1..).zip(Wording::ALL) {
        let url = desk.url(paths[count % paths.len()]);
        desk.control().expire(wording);
        let mut stream = HttpClient::new().stream(&url, &streamed()).await.unwrap();
        assert_eq!(stream.status, 200, "{wording:?}");
        let told = stream.headers["x-evergrant-repaired"].to_str().unwrap();
        assert!(told.split(", ").any(|word| word == "refresh"), "{wording:?}: {told}");
        let said: String = stream.rest().await.unwrap().iter().map(|event| event.text()).collect();
        assert!(said.contains("hello"), "{wording:?}: {said}");
        assert_eq!(desk.control().counters().refreshes, count as u64, "{wording:?}");
    }
}

#[tokio::test]
async fn two_hundred_and_fifty_six_requests_share_one_renewal() {
    let desk = Arc::new(Desk::open().await);
    desk.chat().await;
    desk.control().expire(Wording::Wke);
    desk.control()
        .arm(Order::new("token-slow").with("delay_ms", 300))
        .unwrap();
    let tasks: Vec<_> = (0..256)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.chat().await })
        })
        .collect();
    for task in tasks {
        let reply = task.await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(desk.control().counters().refreshes, 1);
}

#[tokio::test]
async fn an_entitlement_goes_through_as_it_is() {
    let desk = Desk::open().await;
    for (scenario, words) in [
        ("entitlement", "active Grok subscription"),
        ("spending-limit", "spending-limit"),
        ("bare-403", "Forbidden"),
    ] {
        desk.control().arm(scenario).unwrap();
        desk.scratch.run(&["reset", "acme/default"]).await.expect(0);
        // The gateway sees within a poll what another process has written.
        let reply = loop {
            let reply = desk.chat().await;
            if !reply.header("x-evergrant-attempts").is_empty() && reply.header("x-evergrant-attempts") != "0" {
                break reply;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(reply.status, 403, "{scenario}");
        assert!(reply.text().contains(words), "{scenario}: {}", reply.text());
        assert_eq!(reply.header("x-evergrant-repaired"), "", "{scenario}");
        desk.control().disarm_all();
    }
    assert!(desk.control().counters().refreshes <= 1);
    let url = desk.url("/v1/chat/completions");
    let reply = HttpClient::new()
        .header("x-evergrant-credential", "nobody")
        .post_json(&url, &question())
        .await;
    assert_eq!(reply.unwrap().status, 401);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_once_costs_a_wait_and_nothing_else() {
    let desk = Desk::open().await;
    desk.control().arm("fresh-token-refused").unwrap();
    let reply = desk.chat().await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-evergrant-repaired")),
        (200, "wait")
    );
    assert_eq!(desk.control().counters().refreshes, 0);
    let status = desk.scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["health"], "ready");
    assert!(status["credentials"][0]["last_error"].is_null(), "{status}");
}
