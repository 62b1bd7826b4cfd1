//! Every surface of a provider: what is asked and what is answered are the same bytes on both sides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::upstream::{Seen, Upstream};

/// One request, what it is answered by the provider, and what it must look like there.
struct Row {
    request: &'static str,
    headers: &'static str,
    body: &'static [u8],
    answer: &'static str,
    answered: &'static [u8],
}

const JSON: &str = "content-type: application/json\r\n";

const FORM: &str = "content-type: multipart/form-data; boundary=b1\r\n";

/// A file first, with bytes of every kind and a trap, and the model at the end.
const UPLOAD: &[u8] = b"--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\
    \x00\x01\xff\xfb\r\n--b\r\nname=\"model\"\r\n\r\nnone\r\n--b1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nraw-1\r\n--b1--\r\n";

const MP3: &[u8] = b"ID3\x04\x00\r\n\r\n\xff\xfb\x90\x00data: no event\n\n";

/// What a gzip answer begins like; nobody on the way opens it.
const ZIPPED: &[u8] = b"\x1f\x8b\x08\x00not really a file";

const fn row(request: &'static str, headers: &'static str, body: &'static [u8]) -> Row {
    Row {
        request,
        headers,
        body,
        answer: "200 OK\r\ncontent-type: application/json",
        answered: b"{ \"object\" : \"x\" }\n",
    }
}

const fn answered(row: Row, answer: &'static str, answered: &'static [u8]) -> Row {
    Row {
        answer,
        answered,
        ..row
    }
}

fn rows() -> Vec<Row> {
    let model: &[u8] = b"{ \"model\" : \"raw-1\" , \"input\":\"\xc3\xa9\" }";
    let get = |request| row(request, "", b"");
    vec![
        row("POST /v1/chat/completions", JSON, model),
        row("POST /v1/completions", JSON, model),
        row("POST /v1/embeddings", JSON, model),
        row("POST /v1/responses", JSON, model),
        row("POST /v1/responses/compact", JSON, model),
        get("GET /v1/responses/resp_1?include=message.output_text.logprobs&stream=false"),
        get("GET /v1/responses/resp_1/input_items?limit=2&order=asc"),
        row("POST /v1/responses/resp_1/cancel", "", b""),
        answered(
            get("DELETE /v1/responses/resp_1"),
            "200 OK\r\ncontent-type: application/json",
            b"{\"deleted\":true}",
        ),
        row(
            "POST /v1/messages",
            "content-type: application/json\r\nanthropic-version: 2023-06-01\r\n",
            model,
        ),
        row(
            "POST /v1/messages/count_tokens",
            "content-type: application/json\r\nanthropic-version: 2023-06-01\r\n",
            model,
        ),
        row("POST /v1/images/generations", JSON, model),
        row("POST /v1/images/edits", FORM, UPLOAD),
        row("POST /v1/audio/transcriptions", FORM, UPLOAD),
        answered(
            row("POST /v1/audio/speech", JSON, model),
            "200 OK\r\ncontent-type: audio/mpeg",
            MP3,
        ),
        row("POST /v1/files", FORM, UPLOAD),
        get("GET /v1/files?purpose=batch&after=file_1"),
        answered(
            row(
                "GET /v1/files/file_1/content",
                "range: bytes=2-5\r\nif-range: \"e1\"\r\n",
                b"",
            ),
            "206 Partial Content\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes 2-5/100\r\netag: \"e1\"",
            b"\x00\xff\r\n",
        ),
        answered(
            row("GET /v1/files/file_1/content", "range: bytes=900-\r\n", b""),
            "416 Range Not Satisfiable\r\ncontent-type: text/plain\r\ncontent-range: bytes */100",
            b"no",
        ),
        answered(
            row("GET /v1/files/file_1/content", "accept-encoding: gzip, br\r\n", b""),
            "200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\nvary: accept-encoding",
            ZIPPED,
        ),
        row(
            "POST /v1/batches",
            JSON,
            b"{\"input_file_id\":\"file_1\",\"endpoint\":\"/v1/responses\"}",
        ),
        row(
            "PATCH /p/raw/anything/below?a=%2F&b",
            "content-type: text/x-odd; p=\"1\"\r\n",
            b"\x00\x01\r\n",
        ),
        row("PUT /p/raw/v1/objects/1", "if-match: \"e1\"\r\n", b""),
        row("OPTIONS /p/raw/v1/objects", "", b""),
    ]
}

fn path_at_the_provider(row: &Row) -> (String, String) {
    let (method, path) = row.request.split_once(' ').unwrap();
    let below = path
        .strip_prefix("/v1")
        .or(path.strip_prefix("/p/raw/v1"))
        .or(path.strip_prefix("/p/raw"));
    (method.to_owned(), format!("/base/v1{}", below.unwrap()))
}

#[tokio::test]
async fn each_surface_is_passed_on_and_answered_as_it_is() {
    for row in rows() {
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-length: {}\r\n\r\n",
            row.answer,
            row.answered.len()
        );
        let upstream = Upstream::answering(vec![vec![[head.as_bytes(), row.answered].concat()]]).await;
        let (got_head, got) = ask(&upstream, row.request, row.headers, row.body).await;
        let status = row.answer.split(' ').next().unwrap();
        assert!(
            got_head.starts_with(&format!("http/1.1 {status} ")),
            "{}: {got_head}",
            row.request
        );
        for line in row.answer.split("\r\n").skip(1) {
            assert!(
                got_head.contains(&format!("{line}\r\n")),
                "{}: {line} in {got_head}",
                row.request
            );
        }
        assert_eq!(got, row.answered, "{}", row.request);
        let [seen] = &upstream.seen()[..] else {
            panic!("{}: one request", row.request)
        };
        let (method, path) = path_at_the_provider(&row);
        assert_eq!(seen.head.lines().next().unwrap(), format!("{method} {path} HTTP/1.1"));
        assert_eq!(seen.body, row.body, "{}", row.request);
        assert_eq!(
            seen.header("authorization"),
            ["Bearer sk-raw-secret"],
            "{}",
            row.request
        );
        for line in row.headers.split_terminator("\r\n") {
            let (name, value) = line.split_once(": ").unwrap();
            assert_eq!(seen.header(name), [value], "{}", row.request);
        }
        assert_eq!(told_length(seen), row.body.len(), "{}", row.request);
    }
}

#[tokio::test]
async fn the_head_of_a_file_tells_its_length_and_ends_there() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\naccept-ranges: bytes\r\ncontent-length: 1000\r\n\r\n";
    let upstream = Upstream::answering(vec![vec![head.as_bytes().to_vec()]]).await;
    let (got, body) = ask(&upstream, "HEAD /v1/files/file_1/content", "", b"").await;
    assert!(
        got.contains("content-length: 1000\r\n") && got.contains("accept-ranges: bytes\r\n"),
        "{got}"
    );
    assert_eq!(body, b"");
    assert_eq!(
        upstream.seen()[0].head.lines().next().unwrap(),
        "HEAD /base/v1/files/file_1/content HTTP/1.1"
    );
}

#[tokio::test]
async fn a_coded_body_is_routed_by_its_model_and_goes_out_as_it_came() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let upstream = Upstream::answering(vec![vec![answer.as_bytes().to_vec()]]).await;
    for (number, (coding, known, unknown)) in (1..).zip(CODED) {
        let headers = format!("content-type: application/json\r\ncontent-encoding: {coding}\r\n");
        let body = STANDARD.decode(known).unwrap();
        let (got, _) = ask(&upstream, "POST /v1/responses", &headers, &body).await;
        assert!(
            got.starts_with("http/1.1 200 ") && got.contains("x-evergrant-provider: raw\r\n"),
            "{coding}: {got}"
        );
        let seen = upstream.seen();
        assert_eq!(seen.len(), number, "{coding}");
        assert_eq!(seen[number - 1].body, body, "{coding}");
        assert_eq!(seen[number - 1].header("content-encoding"), [coding]);
        let body = STANDARD.decode(unknown).unwrap();
        let (got, said) = ask(&upstream, "POST /v1/responses", &headers, &body).await;
        let said = String::from_utf8(said).unwrap();
        assert!(
            got.starts_with("http/1.1 404 ") && said.contains("unknown-model"),
            "{coding}: {got}{said}"
        );
        assert_eq!(upstream.seen().len(), number, "{coding}");
    }
    // What is no such thing at all is for the provider to judge.
    for coding in ["gzip", "zstd", "br", "compress"] {
        let headers = format!("content-type: application/json\r\ncontent-encoding: {coding}\r\n");
        let (got, _) = ask(&upstream, "POST /v1/responses", &headers, b"{\"model\":\"nobody-1\"}").await;
        assert!(got.starts_with("http/1.1 200 "), "{coding}: {got}");
        assert_eq!(upstream.seen().last().unwrap().body, b"{\"model\":\"nobody-1\"}");
    }
}

/// The head of the answer in small letters, and its body.
async fn ask(upstream: &Upstream, request: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let head = format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}{length}\r\n");
    let answer = upstream.gateway.raw(&[head.as_bytes(), body].concat()).await;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("an answer")
        + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    (head, answer[end..].to_vec())
}

fn told_length(seen: &Seen) -> usize {
    seen.header("content-length")
        .first()
        .map_or(0, |length| length.parse().unwrap())
}

/// `{"input":"hello hello hello","model":M}` for a model that is served and one that nobody has, as others code it.
const CODED: [(&str, &str, &str); 4] = [
    (
        "gzip",
        "H4sIAAAAAAACA6tWyswrKC1RslLKSM3JyVdAIpV0lHLzU1JzgHJFieW6hkq1AIABglotAAAA",
        "H4sIAAAAAAACA6tWyswrKC1RslLKSM3JyVdAIpV0lHLzU1JzgHJ5+Un5KZW6hkq1AFRcZGIwAAAA",
    ),
    (
        "deflate",
        "eJyrVsrMKygtUbJSykjNyclXQCKVdJRy81NSc4ByRYnluoZKtQBm1w8O",
        "eJyrVsrMKygtUbJSykjNyclXQCKVdJRy81NSc4ByeflJ+SmVuoZKtQCYdhBP",
    ),
    (
        "zstd",
        "KLUv/SAtaQEAeyJpbnB1dCI6ImhlbGxvIGhlbGxvIGhlbGxvIiwibW9kZWwiOiJyYXctMSJ9",
        "KLUv/SAwgQEAeyJpbnB1dCI6ImhlbGxvIGhlbGxvIGhlbGxvIiwibW9kZWwiOiJub2JvZHktMSJ9",
    ),
    (
        "br",
        "CxaAeyJpbnB1dCI6ImhlbGxvIGhlbGxvIGhlbGxvIiwibW9kZWwiOiJyYXctMSJ9Aw==",
        "Gy8AUBwJdgzi/k5gBL0UadnrGLe3PsWiAxtwIhBm4UL3AchKE+Zq3CPqZKEw",
    ),
];
