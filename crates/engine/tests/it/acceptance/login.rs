//! Section A: the token exchange, as far as it can be seen without a network.

use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{
    AnswerFault, AuthorizeRequest, Nonce, State, Verifier, authorize_url, exchange, exchange_failure, exchange_timeout,
    read_token_answer, redirect_uri,
};
use evergrant_engine::provider::{Origin, Quirk, Row, Table};
use evergrant_engine::secret::Secret;
use evergrant_engine::verdict::Verdict;
use evergrant_engine::wire::Request;
use url::Url;

use crate::rows::{acme, acme_that, acme_with, body, field, fields, reading, reply};

fn verifier() -> Verifier {
    Verifier::from_entropy(&Secret::new([7; 32]))
}

fn endpoint() -> Url {
    "https://auth.acme.example/oauth2/token".parse().unwrap()
}

fn exchanged(row: &Row) -> Request {
    let verifier = verifier();
    let challenge = verifier.challenge();
    let redirect = redirect_uri(&row.oauth().unwrap().redirect, 50_000);
    exchange(
        row,
        &endpoint(),
        &"the-code".into(),
        &verifier,
        Some(&challenge),
        &redirect,
    )
    .unwrap()
}

#[test]
fn exchange_sends_verifier() {
    assert_eq!(
        field(&exchanged(&acme()), "code_verifier").as_deref(),
        Some(verifier().expose().as_str())
    );
}

#[test]
fn exchange_echoes_challenge() {
    let echoing = exchanged(&acme_that(Quirk::EchoCodeChallenge));
    assert_eq!(
        field(&echoing, "code_challenge").as_deref(),
        Some(verifier().challenge().as_str())
    );
    assert_eq!(field(&echoing, "code_challenge_method").as_deref(), Some("S256"));
    let plain = exchanged(&acme());
    assert_eq!(field(&plain, "code_challenge"), None);
    assert_eq!(field(&plain, "code_challenge_method"), None);
}

#[test]
fn exchange_without_challenge_omits_only_the_echo() {
    let row = acme_that(Quirk::EchoCodeChallenge);
    let request = exchange(
        &row,
        &endpoint(),
        &"c".into(),
        &verifier(),
        None,
        "http://127.0.0.1:1/cb",
    )
    .unwrap();
    let names: Vec<String> = fields(&request).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["grant_type", "code", "redirect_uri", "client_id", "code_verifier"]
    );
}

#[test]
fn exchange_refuses_empty_verifier() {
    let failure = Verifier::read("", &"acme".into()).unwrap_err();
    assert_eq!(failure.code.as_str(), "pkce-verifier-missing");
    assert!(failure.message.contains("nothing was sent"));
    let remedy = failure.remedy.unwrap();
    assert_eq!(remedy.command().as_deref(), Some("evergrant login acme"));
}

#[test]
fn exchange_names_grant_and_client() {
    let row = acme();
    let redirect = redirect_uri(&row.oauth().unwrap().redirect, 50_000);
    let (state, nonce) = (
        State::from_entropy(&Secret::new([1; 32])),
        Nonce::from_entropy(&Secret::new([2; 32])),
    );
    let asked = authorize_url(
        &row,
        &AuthorizeRequest {
            endpoint: &"https://auth.acme.example/authorize".parse().unwrap(),
            redirect_uri: &redirect,
            challenge: &verifier().challenge(),
            state: &state,
            nonce: &nonce,
        },
    )
    .unwrap();
    let asked_redirect = asked.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
    let request = exchanged(&row);
    assert_eq!(field(&request, "grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(field(&request, "code").as_deref(), Some("the-code"));
    assert_eq!(
        field(&request, "redirect_uri").as_deref(),
        Some(asked_redirect.as_ref())
    );
    assert_eq!(field(&request, "client_id").as_deref(), Some("evergrant"));
}

#[test]
fn exchange_is_form_encoded() {
    let row = acme_with(|oauth| oauth.client_id = "a+b & c=d".to_owned());
    let code = "+ &=%?#/ü";
    let request = exchange(
        &row,
        &endpoint(),
        &code.into(),
        &verifier(),
        None,
        "http://127.0.0.1:1/c b",
    )
    .unwrap();
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(request.headers["accept"], "application/json");
    assert_eq!(field(&request, "code").as_deref(), Some(code));
    assert_eq!(field(&request, "client_id").as_deref(), Some("a+b & c=d"));
    assert_eq!(
        field(&request, "redirect_uri").as_deref(),
        Some("http://127.0.0.1:1/c b")
    );
    assert!(body(&request).is_ascii() && !body(&request).contains(' '));
}

#[test]
fn exchange_uses_the_given_endpoint() {
    for given in [
        "https://auth.acme.example/oauth2/token",
        "https://acme.example/a/b?tenant=1",
    ] {
        let url: Url = given.parse().unwrap();
        let request = exchange(&acme(), &url, &"c".into(), &verifier(), None, "r").unwrap();
        assert_eq!(request.url.as_str(), given);
    }
    for elsewhere in [
        "https://evil-acme.example/token",
        "http://auth.acme.example/token",
        "https://acme.example.evil.example/token",
        "https://user:pass@auth.acme.example/token",
    ] {
        let failure = exchange(
            &acme(),
            &elsewhere.parse().unwrap(),
            &"c".into(),
            &verifier(),
            None,
            "r",
        )
        .unwrap_err();
        assert_eq!(failure.code, Code::RowInvalid, "{elsewhere}");
        assert!(failure.message.contains("nothing was sent"));
        assert!(!failure.message.contains("pass"));
    }
}

#[test]
fn exchange_timeout_has_a_floor() {
    for (configured, used) in [(2, 20), (45, 45)] {
        let row = acme_with(|oauth| oauth.exchange_timeout = Duration::from_secs(configured));
        assert_eq!(exchange_timeout(row.oauth().unwrap()), Duration::from_secs(used));
    }
}

#[test]
fn exchange_error_shows_status_and_body() {
    let required = r#"{"error":"invalid_request","error_description":"code_challenge is required"}"#;
    let failure = exchange_failure(
        &acme(),
        &endpoint(),
        &reply(400, required),
        &reading(Verdict::RequestRejected),
        &[],
        None,
    );
    assert_eq!(failure.code.as_str(), "token-exchange-failed");
    assert_eq!(failure.message, "HTTP 400: invalid_request: code_challenge is required");

    let tier = r#"{"error":"access to this API needs a higher tier"}"#;
    let failure = exchange_failure(
        &acme(),
        &endpoint(),
        &reply(403, tier),
        &reading(Verdict::NotEntitled),
        &[],
        Some(&"acme-key".into()),
    );
    assert_eq!(failure.message, "HTTP 403: access to this API needs a higher tier");
    let remedy = failure.remedy.unwrap();
    assert_eq!(remedy.command().as_deref(), Some("evergrant add acme-key"));
    assert!(!remedy.command().unwrap().contains("login"));
}

#[test]
fn exchange_rejects_non_object() {
    let row = acme();
    for (answer, fault) in [
        ("[1,2,3]", AnswerFault::NotAnObject),
        ("<!doctype html><html>canary</html>", AnswerFault::Html),
        ("{}", AnswerFault::NoAccessToken),
        (r#"{"refresh_token":"canary"}"#, AnswerFault::NoAccessToken),
        (r#"{"access_token":""}"#, AnswerFault::NoAccessToken),
        (r#"{"access_token":7}"#, AnswerFault::NoAccessToken),
        (r#"{"access_token":"cana"#, AnswerFault::NotJson),
        ("", AnswerFault::Empty),
        ("null", AnswerFault::NotAnObject),
        (r#"{"access_token":"a\nb"}"#, AnswerFault::UnfitAccessToken),
    ] {
        let found = read_token_answer(row.oauth().unwrap(), &reply(200, answer)).unwrap_err();
        assert_eq!(found, fault, "{answer}");
        let failure = found.into_failure(&endpoint());
        assert_eq!(failure.code.as_str(), "token-exchange-invalid");
        assert!(!format!("{failure:?}").contains("canary"));
    }
    let mut junk = reply(200, &"x".repeat(1_000_000));
    junk.truncated = true;
    assert_eq!(
        read_token_answer(row.oauth().unwrap(), &junk),
        Err(AnswerFault::Oversized)
    );
}

#[test]
fn exchange_returns_everything() {
    let answer = read_token_answer(
        acme().oauth().unwrap(),
        &reply(
            200,
            r#"{"access_token":"A","refresh_token":"R","id_token":"I","token_type":"bearer","expires_in":3600,"scope":"s t"}"#,
        ),
    )
    .unwrap();
    assert_eq!(answer.access_token, "A".into());
    assert_eq!(answer.refresh_token, Some("R".into()));
    assert_eq!(answer.id_token, Some("I".into()));
    assert_eq!(answer.token_type, "bearer");
    assert_eq!(answer.scope.as_deref(), Some("s t"));
    assert_eq!(answer.lifetime, Some(Duration::from_secs(3_600)));
}

#[test]
fn redirect_must_be_loopback() {
    let parse = |redirect: &str| {
        let row = format!(
            r#"
id = "acme"
name = "Acme"
base_url = "https://api.acme.example/v1"
hosts = ["acme.example"]
auth = "oauth"
[oauth]
issuer = "https://auth.acme.example"
client_id = "evergrant"
scope = "openid"
redirect = "{redirect}"
flows = ["browser"]
"#
        );
        Row::parse("acme.toml", &row, Origin::File("acme.toml".to_owned()))
    };
    for refused in [
        "https://127.0.0.1:56121/callback",
        "http://acme.example:56121/callback",
        "http://0.0.0.0:56121/callback",
        "http://127.0.0.1/callback",
        "http://localhost.evil.example:1/callback",
        "http://user@127.0.0.1:1/callback",
        "http://127.0.0.1:1/callback#x",
        "custom:callback",
    ] {
        let failure = Failure::from(parse(refused).unwrap_err());
        assert_eq!(failure.code.as_str(), "redirect-invalid", "{refused}: {failure}");
    }
    for named in [
        "http://127.0.0.1:0/callback",
        "http://[::1]:56121/callback",
        "http://localhost:1455/auth/callback",
    ] {
        let row = parse(named).unwrap();
        let redirect = &row.oauth().unwrap().redirect;
        assert_eq!(redirect_uri(redirect, redirect.port), named, "byte for byte");
    }
}

#[test]
fn authorize_carries_the_row() {
    let table = Table::built_in();
    let row = table.row(&"xai-oauth".into()).unwrap();
    let (state, nonce) = (
        State::from_entropy(&Secret::new([1; 32])),
        Nonce::from_entropy(&Secret::new([2; 32])),
    );
    let url = authorize_url(
        row,
        &AuthorizeRequest {
            endpoint: &"https://auth.x.ai/oauth2/authorize".parse().unwrap(),
            redirect_uri: "http://127.0.0.1:56121/callback",
            challenge: &verifier().challenge(),
            state: &state,
            nonce: &nonce,
        },
    )
    .unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("response_type", "code"),
        ("client_id", "b1a00492-073a-47ea-816f-4c329264a828"),
        ("redirect_uri", "http://127.0.0.1:56121/callback"),
        (
            "scope",
            "openid profile email offline_access grok-cli:access api:access",
        ),
        ("code_challenge", verifier().challenge().as_str()),
        ("code_challenge_method", "S256"),
        ("state", state.expose()),
        ("nonce", nonce.expose()),
        ("plan", "generic"),
        ("referrer", "evergrant"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs, expected);
    assert!(
        state.expose().len() >= 43 && nonce.expose().len() >= 43,
        "256 bits each"
    );
}
