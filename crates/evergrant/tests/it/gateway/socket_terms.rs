//! What a WebSocket is held to for as long as it lasts: its place, its key, and the end of the gateway.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::desk::{Desk, Serving};
use super::numbers::Numbers;
use super::socket::{CLOSE, HANDSHAKE, PATIENCE, SWITCHED, TEXT, ask, frame, next, open};
use super::upstream::leading_to;
use crate::scratch::{Scratch, signal};

async fn key(scratch: &Scratch, name: &str, terms: &[&str]) -> String {
    let arguments = [&["key", "add", name, "--json"], terms].concat();
    let added = scratch.run(&arguments).await.expect(0).json();
    added["key"].as_str().unwrap().to_owned()
}

fn with_key(key: &str) -> String {
    HANDSHAKE.replacen("\r\n\r\n", &format!("\r\nauthorization: Bearer {key}\r\n\r\n"), 1)
}

/// A WebSocket for the holder of this key, its greeting read.
async fn held_by(gateway: &Serving, key: &str) -> TcpStream {
    let (head, mut stream) = ask(gateway, &with_key(key)).await;
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(next(&mut stream).await.is_some(), "the greeting");
    stream
}

/// The code with which it is closed, and then its end.
async fn closed(stream: &mut TcpStream) -> u16 {
    let last = timeout(PATIENCE, next(stream))
        .await
        .expect("a close")
        .expect("a frame");
    assert_eq!(last.0, CLOSE, "{last:?}");
    assert_eq!(timeout(PATIENCE, next(stream)).await.expect("the end"), None);
    u16::from_be_bytes([last.1[0], last.1[1]])
}

async fn say(stream: &mut TcpStream, message: &Value) {
    let message = frame(0x80 | TEXT, message.to_string().as_bytes(), [1, 2, 3, 4]);
    stream.write_all(&message).await.unwrap();
}

#[tokio::test]
async fn it_keeps_the_place_of_its_connection() {
    let desk = Desk::open().await;
    desk.scratch.write("config.toml", "[serve]\nmax_connections = 2\n");
    let gateway = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    let socket = open(&gateway).await;
    let numbers = Numbers::until(&gateway, |numbers| numbers.value("evergrant_tunnels_open") == 1.0).await;
    assert_eq!(
        numbers.value("evergrant_connections_open"),
        2.0,
        "its own and this one's"
    );
    let other = open(&gateway).await;
    // Now both places are taken: whoever comes waits, until one of them leaves.
    let mut late = gateway.connect().await;
    let health = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    late.write_all(health).await.unwrap();
    let early = timeout(Duration::from_millis(300), late.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    drop(socket);
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("ok\n"), "{answer}");
    drop(other);
}

#[tokio::test]
async fn a_gateway_that_ends_tells_both_sides_between_two_frames() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_scratch, mut gateway) = leading_to(listener.local_addr().unwrap()).await;
    let accepting = async {
        let (mut provider, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(provider.read_u8().await.unwrap());
        }
        provider.write_all(SWITCHED).await.unwrap();
        provider
    };
    let ((_, mut client), mut provider) = tokio::join!(ask(&gateway, HANDSHAKE), accepting);
    provider.write_all(&[0x81, 6, b'h', b'a', b'l']).await.unwrap();
    let mut heard = [0; 5];
    client.read_exact(&mut heard).await.unwrap();
    signal(&gateway.child, "TERM");
    // Masked, as what comes from a client: 1001.
    let mut told = [0; 8];
    timeout(PATIENCE, provider.read_exact(&mut told))
        .await
        .expect("a close")
        .unwrap();
    assert_eq!((told[0], told[1] & 0x80), (0x80 | CLOSE, 0x80));
    assert_eq!([told[6] ^ told[2], told[7] ^ told[3]], 1001_u16.to_be_bytes());
    provider.write_all(b"ves").await.unwrap();
    let mut rest = [0; 3];
    client.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"ves");
    assert_eq!(closed(&mut client).await, 1001);
    drop((client, provider));
    let ended = timeout(PATIENCE, gateway.child.wait()).await.expect("the end");
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_key_that_is_removed_or_over_ends_what_it_began() {
    let desk = Desk::open().await;
    let removed = key(&desk.scratch, "removed", &[]).await;
    let kept = key(&desk.scratch, "kept", &[]).await;
    let over = key(&desk.scratch, "over", &["--expires", "6s"]).await;
    let mut expires = held_by(&desk.gateway, &over).await;
    let mut ends = held_by(&desk.gateway, &removed).await;
    let mut stays = held_by(&desk.gateway, &kept).await;
    desk.scratch.run(&["key", "remove", "removed"]).await.expect(0);
    assert_eq!(closed(&mut ends).await, 1008);
    assert_eq!(closed(&mut expires).await, 1008);
    say(&mut stays, &json!({"type": "ping"})).await;
    assert_eq!(next(&mut stays).await.unwrap().0, TEXT);
}
