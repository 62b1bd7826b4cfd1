//! The forward proxy for tests.

use evergrant_sandbox::proxy::{Proxy, ProxyMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::visitor::Visitor;

async fn through(proxy: &Proxy, target: &str, then: &str) -> String {
    let address = proxy.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let connect = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n");
    stream.write_all(connect.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    let mut answer = String::from_utf8(answer).unwrap();
    if stream.write_all(then.as_bytes()).await.is_ok() {
        let mut rest = Vec::new();
        // A proxy that closes early may reset; what came before is what counts.
        let _ = stream.read_to_end(&mut rest).await;
        answer.push_str(&String::from_utf8_lossy(&rest));
    }
    answer
}

#[tokio::test]
async fn a_tunnel_reaches_the_sandbox_and_is_counted() {
    let visitor = Visitor::new().await;
    let proxy = Proxy::start(ProxyMode::Pass).await.unwrap();
    let target = visitor.sandbox.address().to_string();
    let request = format!("GET /jwks HTTP/1.1\r\nhost: {target}\r\nconnection: close\r\n\r\n");
    let answer = through(&proxy, &target, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("{\"keys\":[]}"), "{answer}");
    assert_eq!((proxy.connects(), proxy.tunnels()), (1, 1));
    assert_eq!(proxy.targets(), [target]);
}

#[tokio::test]
async fn a_proxy_can_refuse_or_close() {
    let visitor = Visitor::new().await;
    let target = visitor.sandbox.address().to_string();
    let proxy = Proxy::start(ProxyMode::Refuse).await.unwrap();
    assert!(through(&proxy, &target, "").await.starts_with("HTTP/1.1 403"));
    proxy.set_mode(ProxyMode::AskForCredentials);
    assert!(through(&proxy, &target, "").await.starts_with("HTTP/1.1 407"));
    proxy.set_mode(ProxyMode::CloseAfterConnect);
    let answer = through(&proxy, &target, "").await;
    assert_eq!(answer, "HTTP/1.1 200 Connection Established\r\n\r\n");
    assert_eq!((proxy.connects(), proxy.tunnels()), (3, 0));
    assert_eq!(visitor.control.counters().connections, 0);
}
