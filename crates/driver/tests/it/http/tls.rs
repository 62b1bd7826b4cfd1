//! TLS with a private authority: who is trusted, what is offered, and where a break leaves the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant_driver::http::{Broken, ExchangeLimits, Network, NetworkSettings};
use evergrant_engine::failure::Code;
use evergrant_engine::wire::{Phase, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use url::Url;

use super::authority::Authority;
use super::server::{LIMITS, SHORT, Server, loopback, post, read_request};

fn secure(server: &Server) -> Url {
    format!("https://{}/token", server.address).parse().unwrap()
}

/// Exchanges over TLS with a server that has a certificate for this name; also tells how many requests it read.
async fn exchanged(authority: &Authority, name: &str, network: &Network) -> (Result<Reply, Broken>, usize) {
    let acceptor = authority.acceptor(name, &["h2", "http/1.1"]);
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let server = Server::start(move |stream, _| {
        let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let (head, _) = read_request(&mut stream).await;
            if !head.is_empty() {
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.unwrap();
                let _ = stream.read_u8().await;
            }
        }
    })
    .await;
    let outcome = network
        .exchange(post(secure(&server), "a=b"), &loopback(), LIMITS)
        .await;
    (outcome, read.load(Ordering::SeqCst))
}

#[tokio::test]
async fn the_file_given_is_whom_we_trust() {
    let authority = Authority::new();
    let (outcome, read) = exchanged(&authority, "127.0.0.1", &authority.network()).await;
    assert_eq!((outcome.unwrap().status, read), (200, 1));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_before_the_request() {
    let authority = Authority::new();
    let (outcome, read) = exchanged(&authority, "elsewhere.example", &authority.network()).await;
    let broken = outcome.unwrap_err();
    assert_eq!((broken.phase, read), (Phase::Connect, 0));
    assert!(broken.detail.contains("elsewhere.example"), "{broken}");
}

#[tokio::test]
async fn an_authority_that_we_do_not_know_is_refused_before_the_request() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (outcome, read) = exchanged(&authority, "127.0.0.1", &other.network()).await;
    let broken = outcome.unwrap_err();
    assert_eq!((broken.phase, read), (Phase::Connect, 0));
    assert!(broken.detail.contains("TLS with `127.0.0.1:"), "{broken}");
}

#[tokio::test]
async fn a_file_that_is_missing_or_holds_no_certificate_is_named() {
    let authority = Authority::new();
    let file = authority.file();
    for content in [
        None,
        Some(""),
        Some("junk"),
        Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let failure = Network::new(&authority.settings()).unwrap_err();
        assert_eq!(failure.code, Code::ConfigInvalid, "{content:?}");
        assert!(failure.message.contains(file.to_str().unwrap()), "{failure}");
    }
    let unset = NetworkSettings::default();
    assert!(Network::new(&unset).is_ok());
}

#[tokio::test]
async fn a_handshake_that_breaks_or_hangs_wrote_nothing_of_the_request() {
    let authority = Authority::new();
    let network = authority.network();
    let limits = ExchangeLimits {
        connect: SHORT,
        ..LIMITS
    };
    let closing = Server::start(|mut stream, _| async move {
        let _ = stream.read_u8().await;
    })
    .await;
    let broken = network
        .exchange(post(secure(&closing), "a=b"), &loopback(), LIMITS)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Connect, false));

    let hanging = Server::start(|mut stream, _| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let broken = network
        .exchange(post(secure(&hanging), "a=b"), &loopback(), limits)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Connect, true));

    let plain = Server::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let broken = network
        .exchange(post(secure(&plain), "a=b"), &loopback(), LIMITS)
        .await
        .unwrap_err();
    assert_eq!(broken.phase, Phase::Connect);
}

#[tokio::test]
async fn a_body_that_ends_without_tls_being_closed_is_cut() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &[]);
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            stream.get_mut().0.shutdown().await.unwrap();
        }
    })
    .await;
    let outcome = authority
        .network()
        .exchange(post(secure(&server), "a=b"), &loopback(), LIMITS)
        .await;
    assert_eq!(outcome.unwrap_err().phase, Phase::Sent);
}

#[tokio::test]
async fn given_up_at_the_gate_no_application_byte_is_encrypted() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &["http/1.1"]);
    let (seen, mut bytes) = mpsc::unbounded_channel();
    let server = Server::start(move |stream, _| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            seen.send(all).unwrap();
        }
    })
    .await;
    let network = authority.network();
    let fresh = network
        .connect(&secure(&server), &loopback(), LIMITS.connect)
        .await
        .unwrap();
    let broken = fresh
        .exchange(post(secure(&server), "a=b"), || false, LIMITS.total)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.gave_up), (Phase::Connect, true));
    assert_eq!(bytes.recv().await.unwrap(), b"");
}
