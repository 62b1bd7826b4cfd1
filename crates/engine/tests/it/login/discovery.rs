//! Discovery: what is believed of an issuer's metadata.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{discovery_request, read_discovery};
use evergrant_engine::provider::{Endpoints, Row};
use evergrant_engine::time::Timestamp;
use http::Method;

use crate::rows::{acme, acme_with, reply};

const GOOD: &str = r#"{"issuer":"https://auth.acme.example/","authorization_endpoint":"https://auth.acme.example/authorize",
    "token_endpoint":"https://auth.acme.example/token","jwks_uri":"https://elsewhere.example/keys"}"#;

fn read(row: &Row, status: u16, document: &str) -> Result<Endpoints, Failure> {
    read_discovery(row, &reply(status, document), Timestamp::default())
}

#[test]
fn the_document_is_asked_for_below_the_issuer() {
    let request = discovery_request(&acme()).unwrap();
    assert_eq!(request.method, Method::GET);
    assert_eq!(
        request.url.as_str(),
        "https://auth.acme.example/.well-known/openid-configuration"
    );
    let tenant = acme_with(|oauth| oauth.issuer = "https://auth.acme.example/tenant/".parse().ok());
    let request = discovery_request(&tenant).unwrap();
    assert_eq!(request.url.path(), "/tenant/.well-known/openid-configuration");
    let elsewhere = acme_with(|oauth| oauth.issuer = "https://evil.example".parse().ok());
    assert_eq!(discovery_request(&elsewhere).unwrap_err().code, Code::RowInvalid);
}

#[test]
fn a_good_document_is_read_and_the_rows_own_endpoints_win() {
    let endpoints = read(&acme(), 200, GOOD).unwrap();
    assert_eq!(endpoints.token.unwrap().as_str(), "https://auth.acme.example/token");
    assert_eq!(endpoints.device_authorization, None);
    let row = acme_with(|oauth| oauth.endpoints.token = "https://acme.example/own".parse().ok());
    let endpoints = read(&row, 200, GOOD).unwrap();
    assert_eq!(endpoints.token.unwrap().as_str(), "https://acme.example/own");
}

#[track_caller]
fn check_refused(document: &str, says: &str) {
    let failure = read(&acme(), 200, document).unwrap_err();
    assert_eq!(failure.code, Code::DiscoveryInvalid);
    assert!(failure.message.contains(says), "{}", failure.message);
}

#[test]
fn a_bad_document_is_refused_by_what_is_wrong_with_it() {
    let with = |key: &str, value: &str| {
        let mut fields: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        fields[key] = serde_json::from_str(value).unwrap();
        fields.to_string()
    };
    check_refused("", "empty");
    check_refused("<html></html>", "HTML");
    check_refused("[]", "not a JSON object");
    check_refused("{", "not JSON");
    check_refused("{}", "`issuer`");
    check_refused(&with("issuer", "7"), "`issuer`");
    check_refused(&with("issuer", "\"https://evil.example\""), "`https://evil.example`");
    check_refused(&with("issuer", "\"https://auth.acme.example/other\""), "/other");
    check_refused(&with("token_endpoint", "null"), "`token_endpoint`");
    check_refused(&with("token_endpoint", "[]"), "`token_endpoint`");
    check_refused(&with("token_endpoint", "\"/token\""), "not a URL");
    check_refused(
        &with("token_endpoint", "\"http://auth.acme.example/token\""),
        "not allowed",
    );
    check_refused(
        &with("token_endpoint", "\"https://evil-acme.example/token\""),
        "not allowed",
    );
    check_refused(
        &with("revocation_endpoint", "\"https://evil.example/r\""),
        "`revocation_endpoint`",
    );
    let failure = read(&acme(), 404, "not here").unwrap_err();
    assert!(failure.message.ends_with("(HTTP 404)"), "{}", failure.message);
    assert_eq!(failure.code, Code::DiscoveryInvalid);
}

#[test]
fn an_issuer_that_fails_for_now_is_not_called_invalid() {
    for (status, document) in [
        (503, "busy"),
        (500, r#"{"error":"server_error"}"#),
        (429, "slow down"),
        (500, GOOD),
    ] {
        let failure = read(&acme(), status, document).unwrap_err();
        assert_eq!(failure.code.exit(), 5, "{status} {document}: {failure:?}");
        assert!(failure.message.contains(&format!("HTTP {status}")));
    }
}
