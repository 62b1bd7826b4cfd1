//! The callback listener against raw requests.

use std::net::SocketAddr;
use std::sync::Arc;

use evergrant_driver::loopback::Loopback;
use evergrant_engine::failure::Code;
use evergrant_engine::login::{Callback, State};
use evergrant_engine::provider::{Redirect, Row};
use evergrant_engine::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::rows::acme_with;

struct Waiting {
    address: SocketAddr,
    answer: JoinHandle<Callback>,
}

fn state() -> State {
    State::from_entropy(&Secret::new([5; 32]))
}

fn redirect(host: &str, port: u16) -> Redirect {
    Redirect {
        host: host.to_owned(),
        port,
        path: "/callback".to_owned(),
    }
}

fn row() -> Arc<Row> {
    Arc::new(acme_with(|oauth| {
        oauth.callback_origins = vec!["https://accounts.acme.example".to_owned()];
    }))
}

async fn waiting() -> Waiting {
    let loopback = Loopback::bind(&redirect("127.0.0.1", 0), false).await.unwrap();
    let uri: Url = loopback.redirect_uri().parse().unwrap();
    Waiting {
        address: SocketAddr::from(([127, 0, 0, 1], uri.port().unwrap())),
        answer: tokio::spawn(loopback.answer(row(), state())),
    }
}

impl Waiting {
    /// Sends these lines with a good Host, and reads the answer to its end.
    async fn ask(&self, line: &str, headers: &str) -> String {
        self.ask_raw(&format!("{line} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.address))
            .await
    }

    async fn ask_raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A refused request may be answered by a reset once its answer has been read.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).to_lowercase()
    }

    async fn genuine(self, query: &str) -> Callback {
        let line = format!("GET /callback?{query}&state={}", state().expose());
        assert!(self.ask(&line, "").await.starts_with("http/1.1 200"));
        self.answer.await.unwrap()
    }
}

#[tokio::test]
async fn the_genuine_answer_is_taken_and_its_page_shows_nothing_of_it() {
    let waiting = waiting().await;
    let line = format!("GET /callback?code=canary&state={}", state().expose());
    let page = waiting.ask(&line, "").await;
    assert!(page.starts_with("http/1.1 200"), "{page}");
    for header in [
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
    ] {
        assert!(page.contains(header), "{header} in {page}");
    }
    assert!(!page.contains("canary") && !page.contains(&state().expose().to_lowercase()));
    assert_eq!(waiting.answer.await.unwrap(), Callback::Code("canary".into()));
}

#[tokio::test]
async fn a_thousand_wrong_states_do_not_end_the_wait() {
    let waiting = waiting().await;
    for round in 0..1_000 {
        let line = match round % 4 {
            0 => "GET /callback?code=a&state=wrong",
            1 => "GET /callback?code=a",
            2 => "GET /callback?error=access_denied&state=wrong",
            _ => "GET /callback",
        };
        let answer = waiting.ask(line, "").await;
        assert!(answer.starts_with("http/1.1 400"), "{answer}");
    }
    assert_eq!(waiting.genuine("code=abc").await, Callback::Code("abc".into()));
}

#[tokio::test]
async fn a_denial_ends_the_wait() {
    let denied = waiting()
        .await
        .genuine("error=access_denied&error_description=no")
        .await;
    assert!(matches!(denied, Callback::Denied { .. }));
}

#[tokio::test]
async fn other_hosts_paths_and_methods_are_refused() {
    let waiting = waiting().await;
    let genuine = format!("/callback?code=a&state={}", state().expose());
    for (request, status) in [
        (format!("GET {genuine} HTTP/1.1\r\nhost: evil.example\r\n\r\n"), "421"),
        (format!("GET {genuine} HTTP/1.1\r\nhost: 127.0.0.1:1\r\n\r\n"), "421"),
        (format!("GET {genuine} HTTP/1.1\r\n\r\n"), "421"),
        (
            format!(
                "GET {genuine} HTTP/1.1\r\nhost: {0}\r\nhost: {0}\r\n\r\n",
                waiting.address
            ),
            "421",
        ),
        (
            format!("GET /other HTTP/1.1\r\nhost: {}\r\n\r\n", waiting.address),
            "404",
        ),
        (
            format!("GET /callback/ HTTP/1.1\r\nhost: {}\r\n\r\n", waiting.address),
            "404",
        ),
        (
            format!(
                "POST {genuine} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\n\r\n",
                waiting.address
            ),
            "405",
        ),
        (
            format!("HEAD {genuine} HTTP/1.1\r\nhost: {}\r\n\r\n", waiting.address),
            "405",
        ),
        (
            format!(
                "GET {genuine}&x={} HTTP/1.1\r\nhost: {}\r\n\r\n",
                "a".repeat(100_000),
                waiting.address
            ),
            "4",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = waiting.ask_raw(&request).await;
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{status}: {answer}");
    }
    assert_eq!(waiting.genuine("code=abc").await, Callback::Code("abc".into()));
}

#[tokio::test]
async fn a_listed_page_may_ask_by_cors_and_no_other() {
    let waiting = waiting().await;
    let preflight = "access-control-request-method: GET\r\naccess-control-request-private-network: true\r\n";
    let listed = waiting
        .ask(
            "OPTIONS /callback",
            &format!("origin: https://accounts.acme.example\r\n{preflight}"),
        )
        .await;
    assert!(listed.starts_with("http/1.1 204"), "{listed}");
    assert!(listed.contains("access-control-allow-origin: https://accounts.acme.example"));
    assert!(listed.contains("access-control-allow-private-network: true"));
    let other = waiting
        .ask(
            "OPTIONS /callback",
            &format!("origin: https://evil.example\r\n{preflight}"),
        )
        .await;
    assert!(
        other.starts_with("http/1.1 403") && !other.contains("access-control"),
        "{other}"
    );
    let line = format!("GET /callback?code=abc&state={}", state().expose());
    let answer = waiting.ask(&line, "origin: https://accounts.acme.example\r\n").await;
    assert!(answer.contains("access-control-allow-origin: https://accounts.acme.example"));
    assert_eq!(waiting.answer.await.unwrap(), Callback::Code("abc".into()));
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_stand_in_the_way() {
    let waiting = waiting().await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(waiting.address).await.unwrap());
    }
    assert_eq!(waiting.genuine("code=abc").await, Callback::Code("abc".into()));
}

#[tokio::test]
async fn the_port_is_free_once_the_wait_is_over() {
    let waiting = waiting().await;
    let address = waiting.address;
    waiting.genuine("code=abc").await;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let port = address.port();
    Loopback::bind(&redirect("127.0.0.1", port), false).await.unwrap();
}

#[tokio::test]
async fn dropping_the_wait_closes_the_listener() {
    let waiting = waiting().await;
    waiting.answer.abort();
    assert!(waiting.answer.await.is_err());
    while TcpStream::connect(waiting.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_or_avoided() {
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = holder.local_addr().unwrap().port();
    let failure = Loopback::bind(&redirect("127.0.0.1", port), false).await.unwrap_err();
    assert_eq!(failure.code, Code::AddressInUse);
    assert!(failure.message.contains(&format!("127.0.0.1:{port}")));
    let other = Loopback::bind(&redirect("127.0.0.1", port), true).await.unwrap();
    let uri: Url = other.redirect_uri().parse().unwrap();
    assert_ne!(uri.port(), Some(port));
    assert_eq!(uri.path(), "/callback");
}

#[tokio::test]
async fn localhost_is_named_as_the_row_names_it() {
    let loopback = Loopback::bind(&redirect("localhost", 0), false).await.unwrap();
    let uri = loopback.redirect_uri();
    assert!(
        uri.starts_with("http://localhost:") && uri.ends_with("/callback"),
        "{uri}"
    );
}
