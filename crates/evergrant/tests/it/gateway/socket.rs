//! WebSockets: repaired before they begin, untouched while they last, ended together.

use std::time::{Duration, Instant};

use evergrant_sandbox::{Order, Wording};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::desk::{Desk, Serving};
use super::upstream::{Upstream, leading_to};

pub(crate) const HANDSHAKE: &str = "GET /v1/realtime HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\n\
     upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) const SWITCHED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

pub(crate) const TEXT: u8 = 1;
const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as clients send it (RFC 6455 section 5.2).
pub(crate) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
        middle @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The next frame as servers send it: its opcode and payload, or nothing at the end.
pub(crate) async fn next(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let first = stream.read_u8().await.ok()?;
    assert_ne!(first & 0x80, 0, "the sandbox sends whole messages");
    let length = match stream.read_u8().await.unwrap() {
        126 => u64::from(stream.read_u16().await.unwrap()),
        127 => stream.read_u64().await.unwrap(),
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.unwrap();
    Some((first & 0x0f, payload))
}

/// Asks for a WebSocket; the head of the answer, and the connection behind it.
pub(crate) async fn ask(gateway: &Serving, request: &str) -> (String, TcpStream) {
    let mut stream = gateway.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap().to_ascii_lowercase(), stream)
}

/// The same, where nothing stands in the way.
pub(crate) async fn open(gateway: &Serving) -> TcpStream {
    let (head, stream) = ask(gateway, HANDSHAKE).await;
    assert!(head.starts_with("http/1.1 101"), "{head}");
    stream
}

/// Numbers without a pattern that a fault could share.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from(self.roll() % limit).unwrap()
    }
}

/// The messages of a conversation: sizes at every border of the format, small ones mostly, some of a mebibyte.
fn messages() -> impl Iterator<Item = (u8, Vec<u8>)> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..MESSAGES).map(move |number| {
        let length = match number % 100 {
            0 => 0,
            1 => 125,
            2 => 126,
            3 => 65_535,
            4 => 65_536,
            5 if number % 2_500 == 5 => 1024 * 1024,
            _ => dice.below(1_200),
        };
        let seed = u8::try_from(dice.below(26)).unwrap();
        let (kind, first) = if number % 2 == 0 { (TEXT, b'a') } else { (BINARY, 0xe5) };
        let payload = (0..length)
            .map(|at| first + (u8::try_from(at % 26).unwrap() + seed) % 26)
            .collect();
        (kind, payload)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_come_back_as_they_went_after_a_stale_token_was_repaired() {
    let desk = Desk::open().await;
    desk.control().expire(Wording::Wke);
    let (head, stream) = ask(&desk.gateway, HANDSHAKE).await;
    assert!(head.starts_with("http/1.1 101"), "{head}");
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "x-evergrant-repaired: refresh",
        "sec-websocket-accept: ",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    let counters = desk.control().counters();
    assert_eq!((counters.refreshes, counters.upgrades), (1, 1));
    let began = Instant::now();
    let (reading, writing) = stream.into_split();
    let sending = tokio::spawn(async move {
        let (mut writing, mut dice) = (BufWriter::new(writing), Dice(7));
        for (number, (kind, payload)) in messages().enumerate() {
            let mask = u32::try_from(dice.roll() >> 32).unwrap().to_be_bytes();
            if number % 7 == 0 && payload.len() > 2 {
                // In three frames, with a ping between them.
                let (first, rest) = payload.split_at(payload.len() / 3);
                let (second, third) = rest.split_at(rest.len() / 2);
                writing.write_all(&frame(kind, first, mask)).await.unwrap();
                writing.write_all(&frame(0x80 | PING, b"there?", mask)).await.unwrap();
                writing.write_all(&frame(0, second, mask)).await.unwrap();
                writing.write_all(&frame(0x80, third, mask)).await.unwrap();
            } else {
                writing.write_all(&frame(0x80 | kind, &payload, mask)).await.unwrap();
            }
        }
        writing
            .write_all(&frame(0x80 | CLOSE, &[0x0f, 0xa1], [1, 2, 3, 4]))
            .await
            .unwrap();
        writing.flush().await.unwrap();
        writing
    });
    let mut reading = BufReader::new(reading);
    let (greeting, _) = (next(&mut reading).await.unwrap(), ());
    assert!(String::from_utf8(greeting.1).unwrap().contains("session.created"));
    let (mut pongs, mut bytes) = (0, 0);
    for (number, expected) in messages().enumerate() {
        let found = loop {
            let found = timeout(PATIENCE, next(&mut reading))
                .await
                .expect("the next message")
                .unwrap();
            if found.0 != PONG {
                break found;
            }
            pongs += 1;
        };
        assert!(
            found == expected,
            "message {number}: {} bytes of kind {}",
            found.1.len(),
            found.0
        );
        bytes += found.1.len();
    }
    let closed = loop {
        let found = next(&mut reading).await.expect("a close frame");
        if found.0 != PONG {
            break found;
        }
    };
    assert_eq!(
        (closed.0, &closed.1[..2]),
        (CLOSE, &[0x0f, 0xa1][..]),
        "the code 4001 is told back"
    );
    let writing = sending.await.unwrap();
    assert_eq!(timeout(PATIENCE, next(&mut reading)).await.expect("the end"), None);
    drop(writing);
    assert!(pongs > 0, "pings are answered by the provider, not by the gateway");
    let counters = desk.control().counters();
    assert_eq!((counters.refreshes, counters.upgrades), (1, 1));
    println!(
        "socket: {MESSAGES} messages of 0 B to 1 MiB, {} KiB each way, all as they went; the stale token was repaired before the 101, {} refresh; {} ms",
        bytes / 1024,
        counters.refreshes,
        began.elapsed().as_millis()
    );
}

#[tokio::test]
async fn every_wording_of_a_stale_token_is_repaired_before_the_upgrade() {
    let desk = Desk::open().await;
    for (round, wording) in (1..).zip([
        Wording::Unauthorized,
        Wording::Code,
        Wording::Phrase,
        Wording::ReasonMessage,
    ]) {
        // A token that was never accepted is waited for first; one upgrade accepts it.
        drop(open(&desk.gateway).await);
        desk.control().expire(wording);
        drop(open(&desk.gateway).await);
        assert_eq!(desk.control().counters().refreshes, round, "{wording:?}");
    }
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer_of_http_and_the_connection_goes_on() {
    for (scenario, status, words) in [
        ("entitlement", "403", "subscription"),
        ("rate-limit", "429", "rate_limit_exceeded"),
        ("spending-limit", "403", "credits"),
    ] {
        let desk = Desk::open().await;
        let order = Order::new(scenario).with("path", "/v1/realtime");
        desk.control().arm(order).unwrap();
        let before = desk.control().counters();
        let plain = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answers = desk.gateway.raw(format!("{HANDSHAKE}{plain}").as_bytes()).await;
        let answers = String::from_utf8(answers).unwrap();
        assert!(
            answers.starts_with(&format!("HTTP/1.1 {status} ")),
            "{scenario}: {answers}"
        );
        let (head, rest) = answers.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        for hop in [
            "upgrade:",
            "connection: upgrade",
            "transfer-encoding: chunked\r\ncontent-length",
        ] {
            assert!(!head.contains(hop), "{hop} in {head}");
        }
        assert!(rest.to_ascii_lowercase().contains(words), "{scenario}: {rest}");
        assert!(
            rest.ends_with("\r\n\r\nok\n"),
            "{scenario}: the next request of the connection is answered: {rest}"
        );
        let after = desk.control().counters();
        assert_eq!(
            (after.refreshes, after.upgrades),
            (before.refreshes, before.upgrades),
            "{scenario}"
        );
    }
}

#[tokio::test]
async fn a_dead_grant_is_told_to_whoever_asks_for_an_upgrade() {
    let desk = Desk::open().await;
    desk.control().revoke_logins(None);
    desk.control().expire(Wording::Wke);
    let request = HANDSHAKE.replacen("keep-alive", "close", 1);
    let refused = desk.gateway.raw(request.as_bytes());
    let refused = String::from_utf8(refused.await).unwrap();
    assert!(
        refused.starts_with("HTTP/1.1 403 "),
        "the provider's own last word: {refused}"
    );
    let (head, mut stream) = ask(&desk.gateway, &HANDSHAKE.replacen("keep-alive", "close", 1)).await;
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    let mut body = String::new();
    stream.read_to_string(&mut body).await.unwrap();
    assert!(
        body.contains("grant-dead") && body.contains("evergrant login acme"),
        "{body}"
    );
    assert_eq!(desk.control().counters().upgrades, 0);
}

#[tokio::test]
async fn a_close_that_the_provider_sends_reaches_the_client() {
    let mut answer = SWITCHED.to_vec();
    // An unmasked close frame: 1013, try again later.
    answer.extend([0x80 | CLOSE, 2, 0x03, 0xf5]);
    let upstream = Upstream::answering(vec![vec![answer]]).await;
    let mut stream = open(&upstream.gateway).await;
    assert_eq!(next(&mut stream).await, Some((CLOSE, vec![0x03, 0xf5])));
    assert_eq!(timeout(PATIENCE, next(&mut stream)).await.expect("the end"), None);
    let [seen] = &upstream.seen()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (seen.header("upgrade"), seen.header("connection")),
        (vec!["websocket"], vec!["upgrade"])
    );
    assert_eq!(seen.header("authorization"), ["Bearer sk-raw-secret"]);
    assert_eq!(seen.header("sec-websocket-key"), ["dGhlIHNhbXBsZSBub25jZQ=="]);
}

#[tokio::test]
async fn an_abrupt_end_of_either_side_ends_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_scratch, gateway) = leading_to(listener.local_addr().unwrap()).await;
    for provider_ends in [true, false] {
        let accepting = async {
            let (mut provider, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(provider.read_u8().await.unwrap());
            }
            provider.write_all(SWITCHED).await.unwrap();
            provider
        };
        let (mut client, mut provider) = tokio::join!(open(&gateway), accepting);
        client.write_all(b"amid a fra").await.unwrap();
        let mut heard = [0; 10];
        provider.read_exact(&mut heard).await.unwrap();
        let (ended, mut left) = if provider_ends {
            (provider, client)
        } else {
            (client, provider)
        };
        // With a reset, as a process that is killed leaves it.
        ended.set_zero_linger().unwrap();
        drop(ended);
        let end = timeout(PATIENCE, left.read(&mut [0; 1]))
            .await
            .expect("the end of the other side");
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
}

const MESSAGES: usize = 10_000;

/// Longer than anything here takes on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
