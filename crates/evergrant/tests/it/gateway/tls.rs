//! TLS to clients, and HTTP/2 with and without it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_sandbox::client::HttpClient;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::desk::{Desk, Serving, question};
use crate::scratch::{Scratch, sandbox, signal};

/// A certificate for this machine, and its key.
fn pair() -> (String, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn write(scratch: &Scratch, (certificate, key): &(String, String)) {
    scratch.write("tls/cert.pem", certificate);
    scratch.write("tls/key.pem", key);
}

async fn health(gateway: &Serving, certificate: &str) -> bool {
    let client = HttpClient::trusting(certificate).unwrap();
    let reply = client.get(&format!("https://{}/healthz", gateway.address)).await;
    reply.is_ok_and(|reply| reply.status == 200)
}

/// Status and version of a question that is asked by HTTP/2.
#[expect(clippy::disallowed_methods, reason = "a client of the gateway's, not a part of it")]
async fn asked<S>(stream: S, gateway: &Serving) -> (u16, http::Version, String)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://{}/v1/chat/completions", gateway.address))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(question().to_string())))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (status, version) = (response.status().as_u16(), response.version());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, version, String::from_utf8(body.to_vec()).unwrap())
}

fn connector(certificate: &str, protocol: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let der = tokio_rustls::rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    roots.add(der).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn http_2_is_spoken_with_prior_knowledge() {
    let desk = Desk::open().await;
    let stream = desk.gateway.connect().await;
    let (status, version, body) = asked(stream, &desk.gateway).await;
    assert_eq!((status, version), (200, http::Version::HTTP_2), "{body}");
    // The other form goes on beside it.
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn a_certificate_is_shown_and_replaced_while_it_serves() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let first = pair();
    write(&scratch, &first);
    scratch.write(
        "config.toml",
        "[serve]\ntls_cert = \"tls/cert.pem\"\ntls_key = \"tls/key.pem\"\n",
    );
    let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    assert!(health(&gateway, &first.0).await);
    let name = ServerName::try_from("localhost").unwrap();
    let shaken = connector(&first.0, b"h2").connect(name, gateway.connect().await).await;
    let stream = shaken.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (status, version, body) = asked(stream, &gateway).await;
    assert_eq!((status, version), (200, http::Version::HTTP_2), "{body}");

    // A mistake changes nothing, and is no reason to end.
    scratch.write("tls/key.pem", &pair().1);
    signal(&gateway.child, "HUP");
    assert!(health(&gateway, &first.0).await);
    let second = pair();
    write(&scratch, &second);
    while !health(&gateway, &second.0).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!health(&gateway, &first.0).await);
    // Whoever speaks no TLS is no client here.
    let plain: SocketAddr = gateway.address.parse().unwrap();
    assert!(HttpClient::new().get(&format!("http://{plain}/healthz")).await.is_err());
    // `exec` cannot know for which name the certificate is, and brings a gateway of its own.
    let base = scratch
        .run(&["exec", "--", "sh", "-c", "echo $OPENAI_BASE_URL"])
        .await
        .expect(0);
    assert!(
        base.stdout.starts_with("http://127.0.0.1:") && !base.stdout.contains(&gateway.address),
        "{base}"
    );
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told() {
    let scratch = Scratch::new();
    let (certificate, key) = pair();
    write(&scratch, &(certificate.clone(), pair().1));
    let at = |name: &str| scratch.home().join("tls").join(name).display().to_string();
    let (certificate_at, key_at) = (at("cert.pem"), at("key.pem"));
    let arguments = [
        "serve",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &certificate_at,
        "--tls-key",
        &key_at,
    ];
    let told = scratch.run(&arguments).await.expect(2).json();
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("does not belong to"), "{told}");
    write(&scratch, &("nothing".to_owned(), key));
    let told = scratch.run(&arguments).await.expect(2).json();
    assert!(
        told["error"]["message"].as_str().unwrap().contains("no certificate"),
        "{told}"
    );
    scratch.run(&arguments[..6]).await.expect(2);
}
