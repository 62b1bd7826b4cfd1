//! Who and what is kept out, and in which words.

use evergrant_sandbox::client::HttpClient;
use serde_json::Value;

use super::bytes::post;
use super::desk::Desk;

fn code(body: &str) -> String {
    let error: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {body}"));
    error["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_in_a_browser_does_not_spend_the_plan() {
    let desk = Desk::open().await;
    let body = "{\"model\":\"grok-4.3\"}";
    for header in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let request = post("/v1/chat/completions", body).replacen("host:", &format!("{header}host:"), 1);
        let (status, body) = desk.gateway.status(&request).await;
        assert_eq!((status, code(&body).as_str()), (403, "cross-site"), "{header}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example:80", ""] {
        let request = post("/v1/chat/completions", body).replacen("host: localhost", &format!("host: {host}"), 1);
        assert_eq!(desk.gateway.status(&request).await.0, 403, "{host}");
    }
    let preflight = "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(desk.gateway.status(preflight).await.0, 403);
    assert_eq!(desk.control().counters().inference_requests, 0);
}

#[tokio::test]
async fn what_leads_nowhere_is_told_in_the_clients_own_form() {
    let desk = Desk::open().await;
    let client = HttpClient::new();
    for (path, body, status, expected) in [
        (
            "/v1/chat/completions",
            "{\"model\":\"no-such-model\"}",
            404,
            "unknown-model",
        ),
        ("/nowhere", "{}", 404, "unknown-path"),
        ("/v1", "{}", 404, "unknown-path"),
        ("/p/nobody/chat/completions", "{}", 404, "unknown-provider"),
        ("/v1/../admin", "{\"model\":\"grok-4.3\"}", 404, "unknown-path"),
        ("/v1/%2e%2e/admin", "{\"model\":\"grok-4.3\"}", 404, "unknown-path"),
    ] {
        let (found, text) = desk.gateway.status(&post(path, body)).await;
        assert_eq!((found, code(&text).as_str()), (status, expected), "{path}");
        let error: Value = serde_json::from_str(&text).unwrap();
        assert!(
            error["error"]["message"].is_string() && error["error"]["type"].is_string(),
            "{text}"
        );
    }
    let (status, text) = desk
        .gateway
        .status(&post("/v1/messages", "{\"model\":\"no-such-model\"}"))
        .await;
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, error["type"].as_str()), (404, Some("error")));
    assert_eq!(error["error"]["type"], "not_found_error");
    let reply = client.get(&desk.url("/healthz")).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok\n"));
    assert_eq!(desk.control().counters().inference_requests, 0);
}

#[tokio::test]
async fn a_request_that_names_no_model_is_sent_to_nobody() {
    let desk = Desk::open().await;
    for path in [
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/embeddings",
        "/v1/audio/speech",
    ] {
        for body in [
            "",
            "hello",
            "[1]",
            "{}",
            "{\"messages\":[]}",
            "{\"model\":7}",
            "{\"metadata\":{\"model\":\"grok-4.3\"}}",
        ] {
            let (status, text) = desk.gateway.status(&post(path, body)).await;
            assert_eq!((status, code(&text).as_str()), (400, "model-missing"), "{path}: {body}");
            let error: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(error["error"]["type"], "invalid_request_error", "{text}");
            assert_eq!(error["error"]["remedy"]["command"], "evergrant models", "{text}");
            assert_eq!(error["type"] == "error", path == "/v1/messages", "{text}");
        }
    }
    assert_eq!(desk.control().counters().inference_requests, 0);
    // What needs none goes on, and so does a form that names one.
    let form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngrok-4.3\r\n--b--\r\n";
    let form =
        post("/v1/audio/transcriptions", form).replacen("application/json", "multipart/form-data; boundary=b", 1);
    let listed = "GET /v1/files HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned();
    for request in [
        form,
        post("/v1/files", "x"),
        listed,
        post("/p/acme/chat/completions", "{}"),
    ] {
        let (_, text) = desk.gateway.status(&request).await;
        assert!(!text.contains("model-missing"), "{request}: {text}");
    }
}

#[tokio::test]
async fn a_dead_grant_is_told_with_its_remedy() {
    let desk = Desk::open().await;
    desk.control().revoke_logins(None);
    desk.control().expire(evergrant_sandbox::Wording::Wke);
    let reply = desk.chat().await;
    assert_eq!(reply.status, 403, "the provider's own last word");
    let reply = desk.chat().await;
    let error = reply.json().unwrap();
    assert_eq!(
        (reply.status.as_u16(), error["error"]["code"].as_str()),
        (401, Some("grant-dead"))
    );
    assert_eq!(error["error"]["remedy"]["kind"], "login");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("evergrant login acme"),
        "{error}"
    );
    assert_eq!(desk.control().counters().refreshes, 1);
    let ready = HttpClient::new().get(&desk.url("/readyz")).await.unwrap();
    assert_eq!(ready.status, 503);
    // A new login is seen without a restart.
    desk.scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    while desk.chat().await.status != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(HttpClient::new().get(&desk.url("/readyz")).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_models_of_all_usable_providers_are_one_list() {
    let desk = Desk::open().await;
    let added = desk
        .scratch
        .run_with(&["add", "acme-key", "--stdin"], b"sk-sandbox-0000000000000000");
    added.await.expect(0);
    let mut providers = Vec::new();
    while providers != ["acme", "acme-key"] {
        let reply = HttpClient::new().get(&desk.url("/v1/models")).await.unwrap();
        assert_eq!(reply.status, 200);
        let list = reply.json().unwrap();
        assert_eq!(list["object"], "list");
        providers = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["provider"].as_str().unwrap().to_owned())
            .collect();
        providers.dedup();
    }
    let one = HttpClient::new().get(&desk.url("/v1/models/grok-4.3")).await.unwrap();
    assert_eq!(one.json().unwrap()["id"], "grok-4.3");
}
