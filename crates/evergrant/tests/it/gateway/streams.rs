//! Streams that fail: repaired behind the gateway while nothing has been said, and told in them afterwards.

use std::time::{Duration, Instant};

use evergrant_sandbox::Order;
use evergrant_sandbox::client::HttpClient;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::bytes::{dechunked, post};
use super::desk::{Desk, streamed};
use super::numbers::Numbers;
use super::upstream::{Upstream, leading_to};

const PATHS: [&str; 3] = ["/v1/chat/completions", "/v1/responses", "/v1/messages"];

fn stale(form: &str) -> Order {
    let order = Order::new("stream-error-first")
        .times(1)
        .with("shape", form)
        .with("pings", 2);
    let order = order.with("code", "unauthenticated:bad-credentials");
    order.with("text", "The OAuth2 access token could not be validated.")
}

#[tokio::test]
async fn an_error_in_any_form_is_repaired_while_nothing_has_been_said() {
    let desk = Desk::open().await;
    desk.chat().await;
    for (form, path) in ["nested", "failed", "flat", "chunk", "array", "finish"]
        .iter()
        .zip(PATHS.iter().cycle())
    {
        desk.control().arm(stale(form)).unwrap();
        let before = desk.control().counters().inference_requests;
        let mut stream = HttpClient::new().stream(&desk.url(path), &streamed()).await.unwrap();
        let told = stream.headers["x-evergrant-repaired"].to_str().unwrap().to_owned();
        let said: String = stream.rest().await.unwrap().iter().map(|event| event.text()).collect();
        assert!(said.contains("hello"), "{form} {path} {told}: {said}");
        assert!(!said.contains("validated"), "{form} {path}: {said}");
        assert!(
            desk.control().counters().inference_requests > before + 1,
            "{form} {path}"
        );
    }
}

/// What a client of the gateway reads of a provider's stream.
async fn through(path: &str, stream: &'static str, chunked: bool) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let answer = match chunked {
        // The head comes in two, so that whoever answers does not wait for another request: the last chunk never comes.
        true => vec![
            format!("{head}transfer-").into_bytes(),
            format!("encoding: chunked\r\n\r\n{:x}\r\n{stream}\r\n", stream.len()).into_bytes(),
        ],
        false => vec![format!("{head}connection: close\r\n\r\n{stream}").into_bytes()],
    };
    let upstream = Upstream::answering(vec![answer]).await;
    let question = r#"{"model":"raw-1","stream":true,"input":"hi","messages":[]}"#;
    let answer = upstream.gateway.raw(post(path, question).as_bytes()).await;
    let head_end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    dechunked(&answer[head_end..])
}

#[tokio::test]
async fn a_stream_that_stops_amid_its_answer_ends_with_an_error_in_the_surfaces_form() {
    let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let told = through("/v1/chat/completions", begun, false).await;
    let error = told.strip_prefix(begun).unwrap_or_else(|| panic!("{told}"));
    assert!(error.starts_with("data: {\"error\":{"), "{told}");
    assert!(!told.contains("[DONE]"), "{told}");

    let begun = "event: response.created\ndata: {\"type\":\"response.created\"}\n\n\
                 event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n";
    let told = through("/v1/responses", begun, false).await;
    let error = told.strip_prefix(begun).unwrap_or_else(|| panic!("{told}"));
    assert!(
        error.starts_with("event: error\ndata: {") && error.contains("\"type\":\"error\""),
        "{told}"
    );

    let begun = "event: message_start\ndata: {\"type\":\"message_start\"}\n\n\
                 event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\n";
    let told = through("/v1/messages", begun, false).await;
    let error = told.strip_prefix(begun).unwrap_or_else(|| panic!("{told}"));
    assert!(
        error.starts_with("event: error\ndata: {") && error.contains("api_error"),
        "{told}"
    );
}

#[tokio::test]
async fn what_ends_as_it_should_gets_no_word_of_ours() {
    for stream in [
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]",
        "data: {\"tokens\":\"of an API that nobody knows\"}\n\n",
        "data: {\"type\":\"response.created\"}\n\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n\
         data: {\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n",
    ] {
        assert_eq!(through("/v1/chat/completions", stream, false).await, stream);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_between_events_is_told_and_amid_one_breaks_the_clients() {
    let between = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let told = through("/v1/chat/completions", between, true).await;
    assert!(told.starts_with(between) && told.contains("\"error\""), "{told}");
    let amid = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"cho";
    let told = through("/v1/chat/completions", amid, true).await;
    assert_eq!(told, amid);
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_let_go_after_ten_seconds_and_kept_alive_after_fifteen_more() {
    let opening = "event: response.created\ndata: {\"type\":\"response.created\"}\n\n";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = format!("{head}{:x}\r\n{opening}\r\n", opening.len()).into_bytes();
    let upstream = Upstream::answering(vec![vec![answer]]).await;
    let mut stream = upstream.gateway.connect().await;
    let request = post("/v1/responses", r#"{"model":"raw-1","stream":true,"input":"hi"}"#);
    stream.write_all(request.as_bytes()).await.unwrap();
    let began = Instant::now();
    let mut got = String::new();
    for (wanted, after) in [(opening, 9), (": keep-alive\n\n", 24)] {
        while !got.contains(wanted) {
            let mut piece = [0; 4096];
            let read = timeout(Duration::from_secs(60), stream.read(&mut piece)).await;
            let length = read.expect("more of the stream").unwrap();
            assert_ne!(length, 0, "{got}");
            got.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        }
        assert!(
            began.elapsed() >= Duration::from_secs(after),
            "{wanted} after {:?}",
            began.elapsed()
        );
    }
    assert_eq!(upstream.seen().len(), 1);
}

/// Reads until this has come.
async fn until(stream: &mut (impl AsyncRead + Unpin), wanted: &str) {
    let (mut got, mut seen) = (Vec::<u8>::new(), 0);
    while !got[seen..]
        .windows(wanted.len())
        .any(|window| window == wanted.as_bytes())
    {
        seen = got.len().saturating_sub(wanted.len());
        let mut piece = vec![0; 64 * 1024];
        let read = timeout(Duration::from_secs(60), stream.read(&mut piece)).await;
        let length = read.expect("more of it").unwrap();
        assert_ne!(length, 0, "it ended before {wanted:?}");
        got.extend_from_slice(&piece[..length]);
    }
}

#[tokio::test]
async fn a_stream_that_has_begun_holds_nothing_of_its_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_scratch, gateway) = leading_to(listener.local_addr().unwrap()).await;
    for length in [100, 1024 * 1024] {
        let mut client = gateway.connect().await;
        let question = format!(
            "{{\"model\":\"raw-1\",\"stream\":true,\"messages\":[],\"x\":\"{}\",\"end\":1}}",
            "x".repeat(length)
        );
        let asked = post("/v1/chat/completions", &question);
        client.write_all(asked.as_bytes()).await.unwrap();
        let (mut provider, _) = listener.accept().await.unwrap();
        until(&mut provider, "\"end\":1}").await;
        // Until there is an answer it could have to be sent again.
        let numbers = Numbers::of(&gateway).await;
        assert_eq!(numbers.value("evergrant_replay_kept_bytes"), question.len() as f64);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
        let begun = format!("{head}{:x}\r\n{event}\r\n", event.len());
        provider.write_all(begun.as_bytes()).await.unwrap();
        until(&mut client, "Hel").await;
        let numbers = Numbers::of(&gateway).await;
        assert_eq!(numbers.value("evergrant_streams_open"), 1.0);
        assert_eq!(
            numbers.value("evergrant_replay_kept_bytes"),
            0.0,
            "of {}",
            question.len()
        );
        drop((client, provider));
        Numbers::until(&gateway, |numbers| numbers.value("evergrant_streams_open") == 0.0).await;
    }
}
