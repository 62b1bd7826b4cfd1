//! Request framing: what two readers could read differently is refused or made one thing, and never two requests of one.

use std::time::Duration;

use tokio::time::timeout;

use super::framing_rows::{Row, Then, rows};
use super::upstream::{Seen, Upstream};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// Whatever follows a request that leaves its connection in step.
const LAST: &str = "GET /v1/last HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// What was wrong with a row, in words.
fn faults(row: &Row, answer: &[u8], seen: &[Seen]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut wrong = |what: String| faults.push(format!("{}: {what}", row.name));
    let answers = statuses(answer);
    let paths: Vec<_> = seen.iter().filter_map(|seen| seen.head.split(' ').nth(1)).collect();
    let expected = match &row.then {
        Then::Refused => {
            if !paths.is_empty() {
                wrong(format!("the provider saw {paths:?}"));
            }
            // No answer at all is a refusal, too.
            if answers.len() > 1 || answers.iter().any(|status| !REFUSALS.contains(status)) {
                wrong(format!("the client got {answers:?}"));
            }
            return faults;
        }
        Then::Ends(body) => vec![("/base/v1/row", *body)],
        Then::GoesOn(body) => vec![("/base/v1/row", *body), ("/base/v1/last", "")],
        Then::Both(one, other) => vec![("/base/v1/row", *one), ("/base/v1/row", *other), ("/base/v1/last", "")],
    };
    let found: Vec<_> = seen
        .iter()
        .zip(&paths)
        .map(|(seen, path)| (*path, String::from_utf8_lossy(&seen.body)))
        .collect();
    if found
        .iter()
        .map(|(path, body)| (*path, body.as_ref()))
        .collect::<Vec<_>>()
        != expected
    {
        wrong(format!("the provider saw {found:?} in place of {expected:?}"));
    }
    if answers != vec![200; expected.len()] {
        wrong(format!("the client got {answers:?}"));
    }
    for seen in seen {
        for hop in HOPS {
            if !seen.header(hop).is_empty() {
                wrong(format!("`{hop}` of the client's choice reached the provider"));
            }
        }
        let (lengths, codings) = (seen.header("content-length"), seen.header("transfer-encoding"));
        if lengths.len() + codings.len() > 1 || codings.iter().any(|coding| *coding != "chunked") {
            wrong(format!(
                "the provider was told the length by {lengths:?} and {codings:?}"
            ));
        }
        if lengths
            .first()
            .is_some_and(|length| *length != seen.body.len().to_string())
        {
            wrong(format!(
                "the provider was told {lengths:?} for {} bytes",
                seen.body.len()
            ));
        }
        if seen.header("authorization") != ["Bearer sk-raw-secret"] || !seen.header("host")[0].starts_with("127.0.0.1:")
        {
            wrong(format!("the provider was told something else: {}", seen.head));
        }
        if seen.head.contains("smuggled") || seen.head.bytes().any(|byte| byte == 0) {
            wrong(format!("the provider was told more than was asked: {}", seen.head));
        }
    }
    faults
}

/// The statuses of the answers in some bytes, without those that only announce one.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let mut statuses = Vec::new();
    for (at, _) in text.match_indices("HTTP/1.") {
        let status: u16 = text[at..]
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        if status != 100 {
            statuses.push(status);
        }
    }
    statuses
}

#[tokio::test]
async fn no_request_is_read_as_two_and_no_header_steers_the_way_on() {
    let upstream = Upstream::answering(vec![vec![OK.as_bytes().to_vec()]]).await;
    let (mut before, mut all, mut refused) = (0, Vec::new(), 0);
    let table = rows();
    assert!(table.len() >= 80, "{} rows", table.len());
    for row in &table {
        let request = [row.request.as_slice(), LAST.as_bytes()].concat();
        let Ok(answer) = timeout(PATIENCE, upstream.gateway.raw(&request)).await else {
            all.push(format!("{}: nothing ended it", row.name));
            continue;
        };
        let seen = upstream.seen();
        all.extend(faults(row, &answer, &seen[before..]));
        refused += usize::from(matches!(row.then, Then::Refused));
        before = seen.len();
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
    println!(
        "framing: {} rows, {refused} refused, {} passed on as one thing; {before} requests reached the provider, none of them smuggled",
        table.len(),
        table.len() - refused
    );
}

#[tokio::test]
async fn what_a_provider_frames_in_two_ways_reaches_the_client_in_one() {
    for (answer, expected) in [
        // A length beside a transfer coding counts for nothing.
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n6\r\nwhole!\r\n0\r\n\r\n",
            Some("whole!"),
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: 1\r\ntrailer: x-t\r\ncontent-length: 2\r\n\r\nok",
            Some("ok"),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
            None,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok", None),
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nsmuggled",
            None,
        ),
    ] {
        let upstream = Upstream::answering(vec![vec![answer.as_bytes().to_vec()]]).await;
        let request = "GET /v1/row HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let got = String::from_utf8(upstream.gateway.raw(request.as_bytes()).await).unwrap();
        let (head, body) = got.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        for hop in ["x-hop", "trailer:", "upgrade:", "smuggled"] {
            assert!(!head.contains(hop), "{hop} in {head}");
        }
        match expected {
            Some(whole) => {
                let body = if head.contains("transfer-encoding: chunked") {
                    assert!(!head.contains("content-length"), "{head}");
                    super::bytes::dechunked(body.as_bytes())
                } else {
                    body.to_owned()
                };
                assert_eq!(body, whole, "{answer}");
            }
            None => assert!(
                head.starts_with("http/1.1 503") && body.contains("unreachable"),
                "{answer}: {got}"
            ),
        }
    }
}

#[tokio::test]
async fn what_a_provider_says_unasked_is_the_answer_to_nothing() {
    let poisoned = format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned");
    let upstream = Upstream::answering(vec![vec![poisoned.into_bytes()]]).await;
    for round in 0..20 {
        let request = "GET /v1/row HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let got = String::from_utf8(upstream.gateway.raw(request.as_bytes()).await).unwrap();
        assert!(got.starts_with("HTTP/1.1 200") && got.ends_with("{}"), "{round}: {got}");
        assert!(!got.contains("poisoned"), "{round}: {got}");
    }
}

/// What concerns the client's connection to the gateway, and nothing beyond it.
const HOPS: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "expect",
    "x-hop",
    "transfer_encoding",
    "content_length",
];

/// Longer than an answer takes on a machine that is busy, and shorter than a body is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ways to say no to a request: none of them is an answer of the provider's.
const REFUSALS: [u16; 6] = [400, 403, 413, 414, 431, 505];
