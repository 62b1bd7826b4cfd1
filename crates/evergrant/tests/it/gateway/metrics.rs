//! What `/metrics` tells after a known play, to whom, and what it never tells.

use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Order, Wording};

use super::bytes::post;
use super::desk::{Desk, question, streamed};
use super::keys::key;
use super::numbers::Numbers;

const CHAT: &str = "surface=\"chat-completions\"";
const ACME: &str = "provider=\"acme\"";

#[tokio::test]
async fn a_known_play_has_exact_numbers() {
    let desk = Desk::open().await;
    for _ in 0..3 {
        assert_eq!(desk.chat().await.status, 200);
    }
    // A stale token: one refusal, one renewal, one repair.
    desk.control().expire(Wording::Wke);
    assert_eq!(desk.chat().await.status, 200);
    // A stream, and a page that leads nowhere.
    let mut stream = HttpClient::new()
        .stream(&desk.url("/v1/messages"), &streamed())
        .await
        .unwrap();
    stream.rest().await.unwrap();
    assert_eq!(desk.gateway.status(&post("/nowhere", "{}")).await.0, 404);
    let numbers = Numbers::until(&desk.gateway, |numbers| {
        numbers.sum("evergrant_requests_total", &["surface=\"messages\""]) >= 1.0
            && numbers.sum("evergrant_requests_total", &["4xx"]) >= 1.0
            && numbers.value("evergrant_requests_in_flight") == 1.0
    })
    .await;
    let is = |series: &str, expected: f64| assert_eq!(numbers.value(series), expected, "{series}\n{}", numbers.text);
    is(
        &format!("evergrant_requests_total{{{ACME},{CHAT},status=\"2xx\"}}"),
        4.0,
    );
    is(
        "evergrant_requests_total{provider=\"acme\",surface=\"messages\",status=\"2xx\"}",
        1.0,
    );
    is(
        "evergrant_requests_total{provider=\"none\",surface=\"own\",status=\"4xx\"}",
        1.0,
    );
    is("evergrant_own_answers_total{code=\"unknown-path\"}", 1.0);
    let verdicts = "evergrant_verdicts_total{provider=\"acme\",channel";
    is(&format!("{verdicts}=\"inference\",verdict=\"success\"}}"), 5.0);
    // A young token is tried once more before it is renewed.
    let tries = desk.control().counters().inference_requests as f64;
    let again = numbers.value("evergrant_repairs_total{provider=\"acme\",action=\"wait\"}");
    assert_eq!(tries, 6.0 + again);
    is(
        &format!("{verdicts}=\"inference\",verdict=\"unauthenticated\"}}"),
        1.0 + again,
    );
    is(&format!("{verdicts}=\"token\",verdict=\"success\"}}"), 1.0);
    is("evergrant_repairs_total{provider=\"acme\",action=\"refresh\"}", 1.0);
    is("evergrant_repairs_total{provider=\"acme\",action=\"rotate\"}", 0.0);
    is("evergrant_renewals_total{provider=\"acme\",outcome=\"renewed\"}", 1.0);
    is("evergrant_renewals_in_flight{provider=\"acme\"}", 0.0);
    is("evergrant_renewal_duration_seconds_count{provider=\"acme\"}", 1.0);
    is("evergrant_upstream_latency_seconds_count{provider=\"acme\"}", tries);
    is("evergrant_request_duration_seconds_count{provider=\"acme\"}", 5.0);
    is("evergrant_time_to_first_byte_seconds_count{provider=\"acme\"}", 5.0);
    is("evergrant_own_latency_seconds_count", 5.0);
    is("evergrant_credentials{provider=\"acme\",health=\"ready\"}", 1.0);
    is("evergrant_credentials{provider=\"acme\",health=\"quarantined\"}", 0.0);
    is("evergrant_credentials_usable{provider=\"acme\"}", 1.0);
    is("evergrant_streams_open", 0.0);
    is("evergrant_replay_kept_bytes", 0.0);
    is("evergrant_requests_in_flight", 1.0);
    is("evergrant_claim_conflicts_total{provider=\"acme\"}", 0.0);
    assert!(numbers.value("evergrant_received_bytes_total") > 0.0);
    assert!(numbers.value("evergrant_sent_bytes_total") > 0.0);
    assert!(numbers.value("evergrant_connections_open") >= 1.0);
    let expiry = numbers.sum("evergrant_credential_expiry_timestamp_seconds", &[ACME]);
    let refreshed = numbers.sum("evergrant_credential_refreshed_timestamp_seconds", &[ACME]);
    assert!(refreshed > 1.6e9 && expiry > refreshed, "{refreshed} {expiry}");
}

#[tokio::test]
async fn a_dead_grant_and_a_limit_are_told() {
    let desk = Desk::open().await;
    desk.control().arm(Order::new("usage-limit").times(20)).unwrap();
    let refused = desk.chat().await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    let numbers = Numbers::of(&desk.gateway).await;
    let limited = numbers.sum("evergrant_verdicts_total", &["channel=\"inference\"", "-limited\""]);
    assert!(limited >= 1.0, "{}", numbers.text);
    assert_eq!(numbers.sum("evergrant_unrepaired_total", &["action=\"deliver\""]), 1.0);
    assert_eq!(numbers.sum("evergrant_credentials", &["health=\"cooling\""]), 1.0);

    let desk = Desk::open().await;
    desk.control().revoke_logins(None);
    desk.control().expire(Wording::Wke);
    desk.chat().await;
    desk.chat().await;
    let numbers = Numbers::of(&desk.gateway).await;
    let is = |series: &str, expected: f64| assert_eq!(numbers.value(series), expected, "{series}\n{}", numbers.text);
    is("evergrant_renewals_total{provider=\"acme\",outcome=\"dead\"}", 1.0);
    is(
        "evergrant_verdicts_total{provider=\"acme\",channel=\"token\",verdict=\"grant-dead\"}",
        1.0,
    );
    is("evergrant_credentials{provider=\"acme\",health=\"quarantined\"}", 1.0);
    is("evergrant_credentials_usable{provider=\"acme\"}", 0.0);
    is("evergrant_own_answers_total{code=\"grant-dead\"}", 1.0);
}

#[tokio::test]
async fn a_lock_that_is_held_is_told_while_it_is_waited_for_and_afterwards() {
    let desk = Desk::open().await;
    desk.chat().await;
    let listed = desk.scratch.run(&["list", "--json"]).await.json();
    let id = listed["credentials"][0]["id"].as_str().unwrap().to_owned();
    let lock = desk.scratch.home().join("locks").join(format!("{id}.lock"));
    std::fs::write(&lock, "").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let held = std::fs::File::open(&lock).unwrap();
    held.lock().unwrap();
    desk.control().expire(Wording::Wke);
    let release = async {
        Numbers::until(&desk.gateway, |numbers| {
            numbers.value("evergrant_renewals_waiting{provider=\"acme\"}") == 1.0
        })
        .await;
        held.unlock().unwrap();
    };
    let (answer, ()) = tokio::join!(desk.chat(), release);
    assert_eq!(answer.status, 200);
    let numbers = Numbers::of(&desk.gateway).await;
    let is = |series: &str, expected: f64| assert_eq!(numbers.value(series), expected, "{series}\n{}", numbers.text);
    is("evergrant_lock_wait_seconds_count{provider=\"acme\"}", 1.0);
    is("evergrant_renewals_waiting{provider=\"acme\"}", 0.0);
    is("evergrant_renewals_total{provider=\"acme\",outcome=\"renewed\"}", 1.0);
}

#[tokio::test]
async fn reading_the_numbers_changes_nothing_and_no_page_may_read_them() {
    let desk = Desk::open().await;
    let files = |desk: &Desk| {
        let mut found: Vec<_> = std::fs::read_dir(desk.scratch.home())
            .unwrap()
            .map(Result::unwrap)
            // Whoever looks at a database takes a place among its readers there.
            .filter(|entry| !entry.file_name().to_string_lossy().ends_with("-shm"))
            .map(|entry| {
                let about = entry.metadata().unwrap();
                (entry.file_name(), about.len(), about.modified().unwrap())
            })
            .collect();
        found.sort();
        found
    };
    let (before, seen) = (files(&desk), desk.control().counters());
    for _ in 0..50 {
        Numbers::of(&desk.gateway).await;
    }
    assert_eq!(files(&desk), before);
    let now = desk.control().counters();
    assert_eq!(
        (now.refreshes, now.inference_requests),
        (seen.refreshes, seen.inference_requests)
    );
    for header in [
        "host: evil.example\r\n",
        "host: localhost\r\norigin: https://evil.example\r\n",
        "host: localhost\r\nsec-fetch-site: cross-site\r\n",
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\n{header}connection: close\r\n\r\n");
        let (status, body) = desk.gateway.status(&request).await;
        assert_eq!(status, 403, "{header}");
        assert!(!body.contains("evergrant_"), "{body}");
    }
}

#[tokio::test]
async fn no_label_tells_a_secret_or_whose_account_it_is() {
    let desk = Desk::open().await;
    desk.scratch
        .run(&["rename", "acme/default", "wilma@acme.example"])
        .await
        .expect(0);
    desk.chat().await;
    let hostile = "{\"model\":\"grok-\\\"}\\n4.3\",\"messages\":[]}";
    desk.gateway.status(&post("/v1/chat/completions", hostile)).await;
    desk.gateway
        .status(&post(
            "/v1/sk-hunter2-hunter2-hunter2?key=hunter2",
            "{\"model\":\"grok-4.3\"}",
        ))
        .await;
    let text = Numbers::of(&desk.gateway).await.text;
    for never in ["wilma", "acme.example", "hunter2", "grok-", "sandbox-"] {
        assert!(!text.contains(never), "{never}: {text}");
    }
    let secrets = desk.scratch.run(&["token", "acme"]).await;
    assert!(!text.contains(secrets.stdout.trim()));
}

#[tokio::test]
async fn whoever_asks_for_open_metrics_gets_it() {
    let desk = Desk::open().await;
    desk.chat().await;
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\naccept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\nconnection: close\r\n\r\n";
    let answer = String::from_utf8(desk.gateway.raw(request.as_bytes()).await).unwrap();
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{answer}"
    );
    assert!(answer.contains("# UNIT evergrant_own_latency_seconds seconds") && answer.ends_with("# EOF\n"));
    let plain = HttpClient::new().get(&desk.url("/metrics")).await.unwrap();
    let typed = plain.headers["content-type"].to_str().unwrap();
    assert_eq!(typed, "text/plain; version=0.0.4; charset=utf-8");
    assert!(
        plain.text().contains("# TYPE evergrant_requests_total counter"),
        "{}",
        plain.text()
    );
    assert!(!plain.text().contains("# EOF"));
}

#[tokio::test]
async fn requests_make_no_new_series() {
    let desk = Desk::open().await;
    desk.chat().await;
    let request = |number: usize| {
        let body = format!("{{\"model\":\"model-{number}\"}}");
        let request = post(&format!("/v1/thing-{number}/x"), &body);
        request.replacen("host:", &format!("x-request-id: id-{number}\r\nhost:"), 1)
    };
    desk.gateway.status(&request(0)).await;
    let before = Numbers::until(&desk.gateway, |numbers| {
        let of = |surface| numbers.sum("evergrant_requests_total", &[surface]);
        of("surface=\"other\"") >= 1.0 && of("surface=\"own\"") >= 1.0 && of(CHAT) >= 1.0
    })
    .await;
    for number in 1..200 {
        desk.gateway.status(&request(number)).await;
    }
    let after = Numbers::of(&desk.gateway).await;
    assert_eq!(after.series(), before.series());
}

#[tokio::test]
async fn only_the_operator_reads_them() {
    let desk = Desk::open().await;
    let secret = key(&desk.scratch, "laptop", &[]).await;
    let scraper = key(&desk.scratch, "prometheus", &["--metrics"]).await;
    let get = async |secret: &str, path: &str| {
        let client = HttpClient::new().bearer(secret);
        client.get(&desk.url(path)).await.unwrap()
    };
    // Who is on this machine without a key runs it; a client is none of those who may know what others do.
    assert_eq!(HttpClient::new().get(&desk.url("/metrics")).await.unwrap().status, 200);
    let kept_out = get(&secret, "/metrics").await;
    let told = kept_out.json().unwrap();
    assert_eq!(
        (kept_out.status.as_u16(), &told["error"]["code"]),
        (403, &"client-key-forbidden".into()),
        "{told}"
    );
    assert!(!kept_out.text().contains("acme"), "{told}");
    let shown = get(&scraper, "/metrics").await;
    assert!(
        shown.status == 200 && shown.text().contains("evergrant_requests_total"),
        "{}",
        shown.text()
    );
    // Such a key does nothing else.
    for path in ["/v1/models", "/p/acme/models"] {
        assert_eq!(get(&scraper, path).await.status, 403, "{path}");
    }
    let client = HttpClient::new().bearer(&scraper);
    let asked = client.post_json(&desk.url("/v1/chat/completions"), &question()).await;
    assert_eq!(asked.unwrap().status, 403);
    assert_eq!(desk.control().counters().inference_requests, 0);
    let listed = desk.scratch.run(&["key", "list", "--json"]).await.expect(0).json();
    let metrics: Vec<_> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["metrics"].as_bool().unwrap())
        .collect();
    assert_eq!(metrics, [false, true], "{listed}");
    desk.scratch.write("config.toml", "[serve]\nrequire_key = true\n");
    while HttpClient::new().get(&desk.url("/metrics")).await.unwrap().status == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(get(&scraper, "/metrics").await.status, 200);
    let mixed = ["key", "add", "both", "--metrics", "--model", "x"];
    desk.scratch.run(&mixed).await.expect(2);
}
