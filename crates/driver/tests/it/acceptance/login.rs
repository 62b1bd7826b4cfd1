//! Section A: the token exchange as the sandbox sees it.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::sign_in::SignInEvent;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::Verifier;
use evergrant_engine::provider::{Auth, Endpoints, Flow, OAuth, Quirks, Row};
use evergrant_engine::remedy::Remedy;
use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Captured, Config, Order};
use tokio::net::TcpListener;
use tokio::time::Instant;
use url::Url;

use crate::login::bench::{Bench, Who, network};

/// The one token request that the sandbox saw, as fields in the order sent.
fn fields(captured: &[Captured]) -> Vec<(String, String)> {
    let [captured] = captured else {
        panic!("one token request, not {}", captured.len());
    };
    url::form_urlencoded::parse(&captured.body).into_owned().collect()
}

fn field(fields: &[(String, String)], name: &str) -> Option<String> {
    let found = fields.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.clone())
}

fn asked(events: &[SignInEvent], name: &str) -> String {
    let [SignInEvent::Authorize { url, .. }] = events else {
        panic!("{events:?}");
    };
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap().1.into_owned()
}

fn change(bench: &mut Bench, how: impl FnOnce(&mut OAuth)) {
    let mut row = Row::clone(&bench.row);
    if let Auth::OAuth(oauth) = &mut row.auth {
        how(oauth);
    }
    bench.row = Arc::new(row);
}

/// Moves the token endpoint elsewhere and leaves the others where they are.
async fn move_token_endpoint(bench: &mut Bench, to: &str) {
    let known = bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    change(bench, |oauth| {
        oauth.endpoints = Endpoints {
            token: to.parse().ok(),
            ..known
        };
    });
}

async fn failed(bench: &Bench) -> Failure {
    let failure = bench.login(Who::Opens).await.1.unwrap_err();
    assert!(bench.kept().is_empty(), "nothing is stored");
    failure
}

#[tokio::test]
async fn exchange_sends_verifier() {
    let bench = Bench::by(Flow::Browser).await;
    let (events, result) = bench.login(Who::Opens).await;
    result.unwrap();
    let sent = fields(&bench.control().token_requests());
    let verifier = Verifier::read(&field(&sent, "code_verifier").unwrap(), &"acme".into()).unwrap();
    assert_eq!(verifier.challenge().as_str(), asked(&events, "code_challenge"));
}

#[tokio::test]
async fn exchange_echoes_challenge() {
    let mut bench = Bench::by(Flow::Browser).await;
    let (events, result) = bench.login(Who::Opens).await;
    result.unwrap();
    let sent = fields(&bench.control().token_requests());
    assert_eq!(field(&sent, "code_challenge"), Some(asked(&events, "code_challenge")));
    assert_eq!(field(&sent, "code_challenge_method").as_deref(), Some("S256"));

    bench.control().reset();
    change(&mut bench, |oauth| oauth.quirks = Quirks::default());
    let failure = bench.login(Who::Opens).await.1.unwrap_err();
    let sent = fields(&bench.control().token_requests());
    assert_eq!(field(&sent, "code_challenge"), None);
    assert_eq!(field(&sent, "code_challenge_method"), None);
    assert!(failure.message.starts_with("HTTP 400: "), "{}", failure.message);
    bench
        .control()
        .reconfigure(|config| config.require_challenge_at_token = false);
    bench.login(Who::Opens).await.1.unwrap();
}

#[tokio::test]
async fn exchange_is_form_encoded() {
    let mut bench = Bench::start(Config {
        client_ids: vec!["a+b & c=d".to_owned()],
        ..Config::default()
    })
    .await;
    bench.options.flow = Some(Flow::Browser);
    bench.login(Who::Opens).await.1.unwrap();
    let captured = bench.control().token_requests();
    let head = String::from_utf8(captured[0].head.clone()).unwrap().to_lowercase();
    assert!(head.starts_with("post /oauth2/token http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"));
    assert!(head.contains("\r\naccept: application/json\r\n"));
    let body = String::from_utf8(captured[0].body.clone()).unwrap();
    assert!(body.contains("&client_id=a%2Bb+%26+c%3Dd&"), "{body}");
    let names: Vec<String> = fields(&captured).into_iter().map(|(name, _)| name).collect();
    let expected = "grant_type code redirect_uri client_id code_verifier code_challenge code_challenge_method";
    assert_eq!(names.join(" "), expected);
    let token = format!("{}/oauth2/token", bench.sandbox.issuer());
    let fields = serde_json::json!({"grant_type": "authorization_code"});
    let json = HttpClient::new().post_json(&token, &fields).await.unwrap();
    assert_eq!(json.status, 400, "the sandbox takes no JSON");
}

#[tokio::test]
async fn exchange_names_grant_and_client() {
    let bench = Bench::by(Flow::Browser).await;
    let (events, result) = bench.login(Who::Opens).await;
    result.unwrap();
    let sent = fields(&bench.control().token_requests());
    assert_eq!(field(&sent, "grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(field(&sent, "client_id").as_deref(), Some("evergrant"));
    assert_eq!(field(&sent, "redirect_uri"), Some(asked(&events, "redirect_uri")));
    assert!(field(&sent, "code").is_some_and(|code| !code.is_empty()));
}

#[tokio::test]
async fn exchange_uses_the_given_endpoint() {
    let mut bench = Bench::by(Flow::Browser).await;
    let given = format!("{}/oauth2/token?tenant=1", bench.sandbox.issuer());
    move_token_endpoint(&mut bench, &given).await;
    bench.login(Who::Opens).await.1.unwrap();
    let captured = bench.control().token_requests();
    let head = String::from_utf8(captured[0].head.clone()).unwrap();
    assert!(head.starts_with("POST /oauth2/token?tenant=1 HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn authorize_carries_the_row() {
    let bench = Bench::by(Flow::Browser).await;
    bench.login(Who::Opens).await.1.unwrap();
    let queries = bench.control().authorize_queries();
    let asked: Vec<(String, String)> = url::form_urlencoded::parse(queries[0].as_bytes())
        .into_owned()
        .collect();
    let oauth = bench.row.oauth().unwrap();
    assert_eq!(field(&asked, "scope"), Some(oauth.scope.clone()));
    assert_eq!(field(&asked, "plan").as_deref(), Some("generic"));
    assert_eq!(field(&asked, "code_challenge_method").as_deref(), Some("S256"));
    for name in ["state", "nonce"] {
        assert_eq!(field(&asked, name).unwrap().len(), 43, "256 bits of {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn exchange_timeout_has_a_floor() {
    for (configured, used) in [(2, 20), (45, 45)] {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let token: Url = format!("http://{}/token", silent.local_addr().unwrap())
            .parse()
            .unwrap();
        let mut bench = Bench::by(Flow::Browser).await;
        move_token_endpoint(&mut bench, token.as_str()).await;
        change(&mut bench, |oauth| {
            oauth.exchange_timeout = Duration::from_secs(configured)
        });
        let start = Instant::now();
        let failure = failed(&bench).await;
        assert_eq!(start.elapsed().as_secs(), used, "configured {configured} s");
        assert_eq!(failure.code, Code::Unreachable);
        assert!(failure.message.contains(token.as_str()), "{}", failure.message);
    }
}

#[tokio::test]
async fn exchange_error_shows_status_and_body() {
    let bench = Bench::by(Flow::Browser).await;
    bench.control().arm(Order::new("challenge-required").times(1)).unwrap();
    let failure = failed(&bench).await;
    assert_eq!(failure.code, Code::TokenExchangeFailed);
    assert!(failure.message.starts_with("HTTP 400: "), "{}", failure.message);
    assert!(
        failure.message.contains("code_challenge is required"),
        "{}",
        failure.message
    );

    bench.control().arm(Order::new("tier-refused").times(1)).unwrap();
    let failure = failed(&bench).await;
    assert_eq!(failure.code, Code::NotEntitled, "{failure:?}");
    assert!(failure.message.starts_with("HTTP 403: "), "{}", failure.message);
    assert!(failure.message.len() > "HTTP 403: ".len());
    let command = failure.remedy.as_ref().and_then(Remedy::command);
    assert!(!command.unwrap_or_default().contains("login"), "{failure:?}");
}

#[tokio::test]
async fn exchange_transport_error_is_typed() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut bench = Bench::by(Flow::Browser).await;
    let token = format!("http://{closed}/oauth2/token");
    move_token_endpoint(&mut bench, &token).await;
    let failure = failed(&bench).await;
    assert_eq!(failure.code, Code::Unreachable);
    assert!(failure.message.contains(&token), "{}", failure.message);
}

#[tokio::test]
async fn exchange_rejects_non_object() {
    let bench = Bench::by(Flow::Browser).await;
    for scenario in ["token-array", "token-html-200", "token-empty-object", "token-junk"] {
        bench.control().arm(Order::new(scenario).times(1)).unwrap();
        let failure = failed(&bench).await;
        assert_eq!(failure.code, Code::TokenExchangeInvalid, "{scenario}: {failure:?}");
    }
    bench.login(Who::Opens).await.1.unwrap();
}

#[tokio::test]
async fn exchange_does_not_follow_redirects() {
    let bench = Bench::by(Flow::Browser).await;
    bench.control().arm(Order::new("token-redirect").times(1)).unwrap();
    let failure = failed(&bench).await;
    assert!(failure.message.starts_with("HTTP 302"), "{}", failure.message);
    let seen = bench.control().counters();
    assert_eq!((seen.token_requests, seen.redirects_followed), (1, 0));
}

#[tokio::test]
async fn exchange_returns_everything() {
    let bench = Bench::by(Flow::Browser).await;
    bench.login(Who::Opens).await.1.unwrap();
    let grant = &bench.kept()[0];
    assert!(grant.refresh_token.is_some() && grant.id_token.is_some());
    assert_eq!(grant.token_type, "Bearer");
    assert_eq!(grant.scope.as_deref(), Some(bench.row.oauth().unwrap().scope.as_str()));
    assert_eq!(grant.lifetime, Some(Duration::from_secs(6 * 3_600)));
}
