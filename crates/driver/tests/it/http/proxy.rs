//! Proxies: every connection goes through them by CONNECT, and one that refuses leaves the request unwritten.

use std::net::SocketAddr;

use evergrant_driver::http::{ExchangeLimits, Network, NetworkSettings};
use evergrant_engine::wire::Phase;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::authority::Authority;
use super::server::{LIMITS, SHORT, Server, closed_address, loopback, post, read_head, read_request};

/// Answers one CONNECT by connecting to the address it names; tells what it was asked.
async fn carry(mut client: impl AsyncRead + AsyncWrite + Unpin, seen: mpsc::UnboundedSender<String>) {
    let head = read_head(&mut client).await;
    let address: SocketAddr = head.split(' ').nth(1).unwrap().parse().unwrap();
    seen.send(head).unwrap();
    let mut target = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"HTTP/1.1 200 Connection Established\r\nvia: x\r\n\r\n")
        .await
        .unwrap();
    let _ = copy_bidirectional(&mut client, &mut target).await;
}

async fn carrying_proxy() -> (Server, mpsc::UnboundedReceiver<String>) {
    let (seen, heads) = mpsc::unbounded_channel();
    (Server::start(move |stream, _| carry(stream, seen.clone())).await, heads)
}

async fn target() -> Server {
    Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .await
            .unwrap();
        let _ = stream.read_u8().await;
    })
    .await
}

async fn secure_target(authority: &Authority) -> Server {
    let acceptor = authority.acceptor("127.0.0.1", &["http/1.1"]);
    Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .await
                .unwrap();
            let _ = stream.read_u8().await;
        }
    })
    .await
}

fn by_http_proxy(proxy: String) -> Network {
    let settings = NetworkSettings {
        http_proxy: Some(proxy),
        ..NetworkSettings::default()
    };
    Network::new(&settings).unwrap()
}

#[tokio::test]
async fn https_goes_through_connect_with_the_proxys_own_credentials() {
    let authority = Authority::new();
    let (target, (proxy, mut heads)) = (secure_target(&authority).await, carrying_proxy().await);
    let settings = NetworkSettings {
        https_proxy: Some(format!("http://me:pass%20word@{}", proxy.address)),
        ..authority.settings()
    };
    let url = format!("https://{}/token", target.address).parse().unwrap();
    let network = Network::new(&settings).unwrap();
    let reply = network.exchange(post(url, "a=b"), &loopback(), LIMITS).await.unwrap();
    assert_eq!((reply.status, proxy.connections(), target.connections()), (200, 1, 1));
    let expected = format!(
        "CONNECT {0} HTTP/1.1\r\nhost: {0}\r\nproxy-authorization: Basic bWU6cGFzcyB3b3Jk\r\n\r\n",
        target.address
    );
    assert_eq!(heads.recv().await.unwrap(), expected);
}

#[tokio::test]
async fn http_goes_through_connect_too_loopback_included() {
    let (target, (proxy, mut heads)) = (target().await, carrying_proxy().await);
    let network = by_http_proxy(proxy.address.to_string());
    let reply = network
        .exchange(post(target.url("/"), "a=b"), &loopback(), LIMITS)
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    assert!(
        heads
            .recv()
            .await
            .unwrap()
            .starts_with(&format!("CONNECT {} ", target.address))
    );
}

#[tokio::test]
async fn no_proxy_is_reached_directly() {
    let (target, (proxy, _)) = (target().await, carrying_proxy().await);
    let settings = NetworkSettings {
        http_proxy: Some(format!("http://{}", proxy.address)),
        no_proxy: Some("x.ai,127.0.0.0/8".to_owned()),
        ..NetworkSettings::default()
    };
    let network = Network::new(&settings).unwrap();
    network
        .exchange(post(target.url("/"), "a=b"), &loopback(), LIMITS)
        .await
        .unwrap();
    assert_eq!((proxy.connections(), target.connections()), (0, 1));
}

#[tokio::test]
async fn a_proxy_may_itself_be_spoken_to_over_tls() {
    let authority = Authority::new();
    let (target, secure_target) = (target().await, secure_target(&authority).await);
    let acceptor = authority.acceptor("127.0.0.1", &["http/1.1"]);
    let (seen, mut heads) = mpsc::unbounded_channel();
    let proxy = Server::start(move |stream, _| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move { carry(acceptor.accept(stream).await.unwrap(), seen).await }
    })
    .await;
    let settings = NetworkSettings {
        http_proxy: Some(format!("https://{}", proxy.address)),
        https_proxy: Some(format!("https://{}", proxy.address)),
        ..authority.settings()
    };
    let network = Network::new(&settings).unwrap();
    let secure_url = format!("https://{}/", secure_target.address).parse().unwrap();
    for url in [target.url("/"), secure_url] {
        let reply = network.exchange(post(url, "a=b"), &loopback(), LIMITS).await.unwrap();
        assert_eq!(reply.status, 200);
        assert!(heads.recv().await.unwrap().starts_with("CONNECT 127.0.0.1:"));
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_leaves_the_request_unwritten() {
    for status in [
        "407 Proxy Authentication Required",
        "403 Forbidden",
        "502 Bad Gateway",
        "301 Moved",
    ] {
        let target = target().await;
        let proxy = Server::start(move |mut stream, _| async move {
            read_head(&mut stream).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 3\r\n\r\nno!");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut more = Vec::new();
            let _ = stream.read_to_end(&mut more).await;
            assert_eq!(more, b"");
        })
        .await;
        let network = by_http_proxy(format!("http://me:canary@{}", proxy.address));
        let broken = network
            .exchange(post(target.url("/"), "a=b"), &loopback(), LIMITS)
            .await
            .unwrap_err();
        assert_eq!((broken.phase, target.connections()), (Phase::Connect, 0));
        assert!(broken.detail.contains(&format!("http://{}", proxy.address)), "{broken}");
        assert!(broken.detail.contains(&status[..3]), "{broken}");
        assert!(!format!("{broken:?}").contains("canary"), "{broken:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_breaks_off_hangs_or_is_not_there_leaves_the_request_unwritten() {
    let target = target().await;
    let closing = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
    })
    .await;
    let hanging = Server::start(|mut stream, _| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let eager = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nsurprise").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let absent = closed_address().await;
    let cases = [
        (closing.address, LIMITS.connect, false),
        (hanging.address, SHORT, true),
        (eager.address, LIMITS.connect, false),
        (absent, LIMITS.connect, false),
    ];
    for (address, connect, timed_out) in cases {
        let network = by_http_proxy(format!("http://{address}"));
        let limits = ExchangeLimits { connect, ..LIMITS };
        let broken = network
            .exchange(post(target.url("/"), "a=b"), &loopback(), limits)
            .await
            .unwrap_err();
        assert_eq!(
            (broken.phase, broken.timed_out),
            (Phase::Connect, timed_out),
            "{broken}"
        );
        assert!(broken.detail.contains(&format!("http://{address}")), "{broken}");
    }
    assert_eq!(target.connections(), 0);
}
