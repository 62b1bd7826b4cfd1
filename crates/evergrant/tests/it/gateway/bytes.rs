//! Byte-faithful: a request and its answer go through as they are.

use std::time::Duration;

use super::upstream::Upstream;

fn whole(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_request_reaches_the_provider_as_it_is() {
    let upstream = Upstream::answering(vec![whole(OK)]).await;
    let body = "{ \"messages\":[\"\\u00e9 \\\"model\\\": \\\"no\\\"\"] ,\t\"model\" : \"raw-1\" ,\"x\":1e400}\n";
    let request = format!(
        "POST /v1/chat/completions?api-version=1&a=%20b&a=+c HTTP/1.1\r\nHOST: localhost:1\r\nContent-TYPE: application/JSON\r\n\
         X-Odd: one\r\nx-odd: two\r\nX-Empty:\r\nX-Bytes: caf\u{e9}\r\nAccept-Encoding: gzip, br\r\nUser-Agent: OpenAI/Python 9\r\n\
         Authorization: Bearer client-canary\r\nX-Api-Key: client-canary\r\nProxy-Authorization: Basic client-canary\r\n\
         Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nTE: trailers\r\nx-evergrant-credential: default\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = upstream.gateway.raw(request.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(b"\r\n\r\n{}"));
    let [seen] = &upstream.seen()[..] else {
        panic!("one request")
    };
    assert_eq!(seen.body, body.as_bytes());
    let line = seen.head.lines().next().unwrap();
    assert_eq!(
        line,
        "POST /base/v1/chat/completions?api-version=1&a=%20b&a=+c HTTP/1.1"
    );
    assert_eq!(seen.header("authorization"), ["Bearer sk-raw-secret"]);
    assert_eq!(seen.header("x-odd"), ["one", "two"]);
    assert_eq!(seen.header("x-empty"), [""]);
    assert_eq!(seen.header("x-bytes"), ["caf\u{e9}"]);
    assert_eq!(seen.header("content-type"), ["application/JSON"]);
    assert_eq!(seen.header("accept-encoding"), ["identity"], "the one listed exception");
    assert_eq!(seen.header("user-agent"), ["OpenAI/Python 9"]);
    assert_eq!(seen.header("content-length"), [body.len().to_string()]);
    for gone in [
        "x-api-key",
        "proxy-authorization",
        "x-hop",
        "keep-alive",
        "te",
        "x-evergrant-credential",
        "connection",
    ] {
        assert_eq!(seen.header(gone), [""; 0], "{gone}");
    }
    assert!(!seen.head.contains("client-canary"), "{}", seen.head);
    assert!(seen.header("host")[0].starts_with("127.0.0.1:"), "{}", seen.head);
}

#[tokio::test]
async fn a_body_in_chunks_arrives_whole() {
    let upstream = Upstream::answering(vec![whole(OK)]).await;
    let body = "{\"model\":\"raw-1\",\"a\":\"0123456789\"}";
    let mut request = String::from(
        "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for byte in body.chars() {
        request.push_str(&format!("1\r\n{byte}\r\n"));
    }
    request.push_str("0\r\n\r\n");
    assert_eq!(upstream.gateway.status(&request).await.0, 200);
    let [seen] = &upstream.seen()[..] else {
        panic!("one request")
    };
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
}

#[tokio::test]
async fn an_answer_comes_back_as_it_is() {
    let long = "x".repeat(200_000);
    let answers = [
        "HTTP/1.1 200 Fine\r\nContent-Type: audio/mpeg\r\nX-Doubled: a=1\r\nx-doubled: b=2\r\nX-Ratelimit: 9\r\ncontent-length: 5\r\n\r\n\u{0}\u{1}\u{2}\r\n".to_owned(),
        "HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n1\r\n!\r\n0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nretry-after: 7\r\ncontent-length: {}\r\n\r\n{long}", long.len()),
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 24\r\n\r\n{\"error\":{\"code\":\"nope\"}}"[..].to_owned(),
        "HTTP/1.1 204 No Content\r\nx-kept: 1\r\n\r\n".to_owned(),
        "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\n\r\n".to_owned(),
        "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ];
    let bodies = [
        "\u{0}\u{1}\u{2}\r\n",
        "one!",
        &long,
        "{\"error\":{\"code\":\"nope\"}",
        "",
        "",
        "",
    ];
    let statuses = [200, 201, 400, 404, 204, 304, 302];
    let headers = [
        "x-doubled: a=1\r\nx-doubled: b=2",
        "content-type: text/plain",
        "retry-after: 7",
        "content-type: application/json",
        "x-kept: 1",
        "etag: \"e\"",
        "location: https://elsewhere.example/",
    ];
    for number in 0..answers.len() {
        let upstream = Upstream::answering(vec![whole(&answers[number])]).await;
        let request = "GET /v1/files/1/content HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answer = String::from_utf8(upstream.gateway.raw(request.as_bytes()).await).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {}", statuses[number])), "{head}");
        assert!(head.contains(headers[number]), "{} in {head}", headers[number]);
        for ours in [
            "x-evergrant-request-id: ",
            "x-evergrant-provider: raw",
            "x-evergrant-credential: default",
            "x-evergrant-attempts: 1",
        ] {
            assert!(head.contains(ours), "{ours} in {head}");
        }
        let body = if head.contains("transfer-encoding: chunked") {
            dechunked(body.as_bytes())
        } else {
            body.to_owned()
        };
        assert_eq!(body, bodies[number]);
        assert_eq!(
            upstream.seen().len(),
            1,
            "the request's own fault is nobody's to repair"
        );
    }
}

#[tokio::test]
async fn a_stream_is_the_same_to_the_byte() {
    let events = ": hello\n\nevent: message_start\r\ndata: {\"type\":\"message_start\"}\r\n\r\n\
                  id: 7\rdata:  {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\rdata: two\ndata: lines\n\n\
                  retry: 10\n\ndata: {\"x\":\"\u{2603} error failed\"}\n\ndata: [DONE]\n\nno end";
    for size in [1, 3, 17, events.len()] {
        let mut answer = vec![b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-end: close\r\n\r\n".to_vec()];
        answer.extend(events.as_bytes().chunks(size).map(<[u8]>::to_vec));
        let upstream = Upstream::answering(vec![answer]).await;
        let request = post("/v1/chat/completions", "{\"model\":\"raw-1\",\"stream\":true}");
        let answer = upstream.gateway.raw(request.as_bytes()).await;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        assert!(chunked, "{head}");
        assert_eq!(dechunked(body), events, "in pieces of {size}");
    }
}

#[tokio::test]
async fn a_stream_is_not_held_back_once_it_speaks() {
    let first = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let answer = vec![
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        format!("{:x}\r\n{first}\r\n", first.len()).into_bytes(),
    ];
    let upstream = Upstream::answering(vec![answer]).await;
    let mut stream = upstream.gateway.connect().await;
    let request = post("/v1/chat/completions", "{\"model\":\"raw-1\",\"stream\":true}");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains(first) {
        let mut piece = [0; 4096];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut piece);
        let length = tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .expect("the first event")
            .unwrap();
        assert_ne!(length, 0);
        got.extend_from_slice(&piece[..length]);
    }
}

pub(super) fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The body of an answer in chunks; one that was cut has what came before the cut.
pub(super) fn dechunked(text: &[u8]) -> String {
    let (mut rest, mut body) = (text, Vec::new());
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        let Some(chunk) = rest.get(end + 2..end + 2 + length) else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + length..).unwrap_or_default();
    }
    String::from_utf8(body).unwrap()
}
