//! What a client shows or keeps of its own stays here wherever it stands, and what a provider would have it keep does not come.

use super::keys::key;
use super::socket::ask;
use super::upstream::Upstream;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: __cf_bm=account; path=/\r\n\
                  Set-Cookie2: a=b\r\ncontent-length: 2\r\n\r\n{}";

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                        sec-websocket-protocol: realtime\r\nset-cookie: _cfuvid=account\r\n\r\n";

const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn answer(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

/// A `POST` to this path and query with these lines in its head.
fn post(path: &str, lines: &str) -> String {
    let body = "{\"model\":\"raw-1\"}";
    let lines = if lines.is_empty() {
        String::new()
    } else {
        format!("{lines}\r\n")
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{lines}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A gateway that asks for a key even here, and such a key.
async fn guarded(answers: Vec<Vec<Vec<u8>>>) -> (Upstream, String) {
    let upstream = Upstream::answering(answers).await;
    let secret = key(&upstream.scratch, "laptop", &[]).await;
    upstream.scratch.write("config.toml", "[serve]\nrequire_key = true\n");
    while upstream.gateway.status(&post("/v1/chat/completions", "")).await.0 != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    (upstream, secret)
}

#[tokio::test]
async fn a_key_is_known_where_clients_carry_it_and_goes_no_further() {
    let (upstream, secret) = guarded(vec![answer(OK)]).await;
    let path = "/v1/chat/completions";
    let before = upstream.seen().len();
    let forms = [
        (path.to_owned(), format!("Authorization: bearer {secret}")),
        (path.to_owned(), format!("x-api-key: {secret}")),
        (path.to_owned(), format!("api-key: {secret}")),
        (path.to_owned(), format!("x-goog-api-key: {secret}")),
        (format!("{path}?key={secret}"), String::new()),
        (format!("{path}?api_key={secret}"), String::new()),
        (format!("{path}?api-key={secret}"), String::new()),
        (format!("{path}?access_token={secret}"), String::new()),
        (format!("{path}?a=%20b&%6bey={secret}&a=+c"), String::new()),
    ];
    for (path, line) in &forms {
        let (status, text) = upstream.gateway.status(&post(path, line)).await;
        assert_eq!(status, 200, "{path} {line}: {text}");
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), before + forms.len());
    for seen in &seen {
        assert!(!seen.head.contains("sk-evergrant-"), "{}", seen.head);
        assert_eq!(seen.header("authorization"), ["Bearer sk-raw-secret"]);
        let line = seen.head.lines().next().unwrap();
        let kept = ["/base/v1/chat/completions", "/base/v1/chat/completions?a=%20b&a=+c"];
        assert!(
            kept.iter().any(|kept| line == format!("POST {kept} HTTP/1.1")),
            "{line}"
        );
    }
}

#[tokio::test]
async fn nothing_that_is_a_clients_own_goes_upstream() {
    let (upstream, secret) = guarded(vec![answer(OK)]).await;
    let path = "/v1/chat/completions";
    for (path, line) in [
        (path.to_owned(), "cookie: session=canary".to_owned()),
        (path.to_owned(), format!("cookie: session={secret}")),
        (path.to_owned(), "X-Auth-Token: canary".to_owned()),
        (path.to_owned(), "x_api_key: canary".to_owned()),
        (path.to_owned(), "x-forwarded-access-token: canary".to_owned()),
        (path.to_owned(), "cf-access-client-secret: canary".to_owned()),
        (path.to_owned(), "cf-access-jwt-assertion: canary".to_owned()),
        (path.to_owned(), format!("x-note: mine is {secret}")),
        (path.to_owned(), format!("referer: https://page.example/?key={secret}")),
        (format!("{path}?apiKey=canary"), String::new()),
        (format!("{path}?access-token=canary&auth_token=canary"), String::new()),
        (format!("{path}?note={secret}"), String::new()),
        (path.to_owned(), "x-http-method-override: DELETE canary".to_owned()),
    ] {
        let shown = format!("authorization: Bearer {secret}");
        let lines = if line.is_empty() {
            shown
        } else {
            format!("{shown}\r\n{line}")
        };
        let answered = upstream.gateway.raw(post(&path, &lines).as_bytes()).await;
        let answered = String::from_utf8(answered).unwrap().to_ascii_lowercase();
        assert!(answered.starts_with("http/1.1 200"), "{path} {line}: {answered}");
        assert!(!answered.contains("cookie"), "{answered}");
        let seen = upstream.seen().pop().unwrap();
        assert!(
            !seen.head.contains("canary") && !seen.head.contains("sk-evergrant-"),
            "{path} {line}: {}",
            seen.head
        );
    }
    let before = upstream.seen().len();
    for path in [
        format!("/v1/{secret}/chat"),
        format!("/v1/files/{}", secret.replacen('-', "%2D", 1)),
        format!("/{secret}/chat"),
    ] {
        let (status, text) = upstream
            .gateway
            .status(&post(&path, &format!("x-api-key: {secret}")))
            .await;
        assert_eq!(status, 404, "{path}");
        assert!(!text.contains(&secret), "what is answered is logged: {text}");
    }
    assert_eq!(upstream.seen().len(), before);
    // What only looks like it goes on.
    let lines =
        format!("x-api-key: {secret}\r\nidempotency-key: one\r\nopenai-organization: two\r\nx-tokens-left: three");
    let path = "/v1/chat/completions?api-version=1&page_token=4&keys=5";
    assert_eq!(upstream.gateway.status(&post(path, &lines)).await.0, 200);
    let seen = upstream.seen().pop().unwrap();
    assert!(
        seen.head.contains("?api-version=1&page_token=4&keys=5 "),
        "{}",
        seen.head
    );
    for (name, value) in [
        ("idempotency-key", "one"),
        ("openai-organization", "two"),
        ("x-tokens-left", "three"),
    ] {
        assert_eq!(seen.header(name), [value]);
    }
}

#[tokio::test]
async fn a_websockets_protocols_carry_a_key_to_here_alone() {
    let (upstream, secret) = guarded(vec![answer(SWITCHED)]).await;
    let offers = format!("realtime, openai-insecure-api-key.{secret}, openai-beta.realtime-v1");
    let request = format!(
        "GET /v1/realtime?model=raw-1 HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}sec-websocket-protocol: {offers}\r\n\r\n"
    );
    let answered = String::from_utf8(upstream.gateway.raw(request.as_bytes()).await).unwrap();
    assert!(answered.starts_with("HTTP/1.1 101"), "{answered}");
    assert!(!answered.to_ascii_lowercase().contains("cookie"), "{answered}");
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(
        seen.header("sec-websocket-protocol"),
        ["realtime, openai-beta.realtime-v1"],
        "{}",
        seen.head
    );
    assert!(!seen.head.contains("sk-evergrant-"), "{}", seen.head);
    assert_eq!(seen.header("authorization"), ["Bearer sk-raw-secret"]);
    // Some other key in its place is none of ours, and stays here all the same.
    let other =
        request
            .replace(&secret, "sk-proj-canary")
            .replacen("host:", &format!("x-api-key: {secret}\r\nhost:"), 1);
    let answered = String::from_utf8(upstream.gateway.raw(other.as_bytes()).await).unwrap();
    assert!(answered.starts_with("HTTP/1.1 101"), "{answered}");
    let seen = upstream.seen().pop().unwrap();
    assert!(!seen.head.contains("canary"), "{}", seen.head);
}

#[tokio::test]
async fn a_page_that_offers_nothing_but_its_key_is_told_before_a_session_begins() {
    let upstream = Upstream::answering(vec![vec![SWITCHED.as_bytes().to_vec()]]).await;
    let secret = key(&upstream.scratch, "page", &[]).await;
    let asked = |offers: &str, lines: &str| {
        format!(
            "GET /v1/realtime?model=raw-1 HTTP/1.1\r\nhost: localhost\r\n{UPGRADE}{lines}sec-websocket-protocol: {offers}\r\n\r\n"
        )
    };
    let carrier = format!("openai-insecure-api-key.{secret}");
    let page = "origin: https://app.example\r\n";
    let (status, text) = upstream.gateway.status(&asked(&carrier, page)).await;
    assert_eq!(status, 400, "{text}");
    assert!(
        text.contains("request-malformed") && text.contains("`realtime`"),
        "{text}"
    );
    assert!(!text.contains(&secret), "{text}");
    assert!(upstream.seen().is_empty(), "no session was begun");
    // Beside another it is what browsers need, and whoever is none needs no choice.
    for (offers, lines) in [(format!("realtime, {carrier}"), page), (carrier, "")] {
        let (head, _stream) = ask(&upstream.gateway, &asked(&offers, lines)).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(!head.contains("insecure"), "{head}");
    }
    assert_eq!(upstream.seen()[0].header("sec-websocket-protocol"), ["realtime"]);
    assert!(upstream.seen()[1].header("sec-websocket-protocol").is_empty());
}
