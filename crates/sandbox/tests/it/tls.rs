//! TLS under a private authority, WebSocket upgrades, and the end of a sandbox.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use evergrant_sandbox::client::{ClientError, HttpClient};
use evergrant_sandbox::{Config, Sandbox};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::visitor::Visitor;

#[tokio::test]
async fn everything_works_over_tls_for_those_who_trust_the_authority() {
    let visitor = Visitor::with(|config| config.tls = true).await;
    assert!(visitor.sandbox.base_url().starts_with("https://127.0.0.1:"));
    let tokens = visitor.login().await;
    assert_eq!(visitor.refresh(&tokens.refresh).await.status, 200);
    assert_eq!(visitor.chat(&tokens.access).await.status, 200);
    assert!(
        visitor.control.token_requests()[0]
            .head
            .starts_with(b"POST /oauth2/token")
    );
    let other = Visitor::with(|config| config.tls = true).await;
    let stranger = HttpClient::trusting(other.sandbox.ca_pem().unwrap()).unwrap();
    let refused = stranger.get(&visitor.url("/jwks")).await;
    assert!(matches!(refused, Err(ClientError::Connection(_))));
}

#[tokio::test]
async fn a_websocket_is_upgraded_for_a_good_credential_only() {
    let visitor = Visitor::new().await;
    for (token, status) in [("sk-sandbox-0000000000000000", 101), ("garbage", 403)] {
        let mut stream = TcpStream::connect(visitor.sandbox.address()).await.unwrap();
        let head = format!(
            "GET /v1/realtime HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes());
        if status == 101 {
            // A masked text frame "hi" (RFC 6455 section 5.3, with a mask of zeros).
            let frame = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
            stream.write_all(&frame).await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(&[0x81, 2, b'h', b'i']) {
                seen.push(stream.read_u8().await.unwrap());
            }
            let text = String::from_utf8_lossy(&seen).into_owned();
            assert!(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "RFC 6455 section 1.3");
            assert!(text.contains("session.created"));
        }
    }
    assert_eq!(visitor.control.counters().upgrades, 1);
}

#[tokio::test]
async fn stopping_closes_the_listener_and_its_connections() {
    let visitor = Visitor::new().await;
    let mut open = TcpStream::connect(visitor.sandbox.address()).await.unwrap();
    visitor.http.get(&visitor.url("/jwks")).await.unwrap();
    let url = visitor.url("/jwks");
    visitor.sandbox.stop().await;
    assert_eq!(open.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(visitor.http.get(&url).await.is_err());
}

#[test]
fn a_sandbox_can_run_on_a_thread_of_its_own() {
    let sandbox = Sandbox::start_apart(Config::default()).unwrap();
    let mut stream = std::net::TcpStream::connect(sandbox.address()).unwrap();
    stream
        .write_all(b"GET /jwks HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
    assert_eq!(sandbox.control().counters().requests, 1);
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let visitor = Visitor::with(|config| {
        config.tls = true;
        config.http2 = true;
    })
    .await;
    let pem = visitor.sandbox.ca_pem().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(visitor.sandbox.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TokioIo::new(connector.connect(name, stream).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(visitor.url("/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(http_body_util::Full::<bytes::Bytes>::from("grant_type=refresh_token"))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (400, http::Version::HTTP_2)
    );
    assert_eq!(visitor.control.token_requests()[0].body, b"grant_type=refresh_token");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tokens() {
    let (one, two) = (Visitor::new().await, Visitor::new().await);
    assert_eq!(one.login().await.refresh, two.login().await.refresh);
    let other = Visitor::with(|config| config.seed = None).await;
    assert_ne!(one.login().await.refresh, other.login().await.refresh);
}
