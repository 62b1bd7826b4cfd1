//! The authorize request, consent, and the exchange of a code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use evergrant_sandbox::client::Browser;
use http::Method;
use serde_json::Value;
use url::Url;

use crate::visitor::{CHALLENGE, SCOPE, VERIFIER, Visitor, error, query};

fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[tokio::test]
async fn authorize_redirects_with_code_state_and_issuer() {
    let visitor = Visitor::new().await;
    let browser = Browser::new(visitor.http.clone());
    let url = browser.peek(&visitor.authorize_url(&[])).await.unwrap();
    assert_eq!(query(&url, "state"), "a state & more");
    assert_eq!(query(&url, "iss"), visitor.sandbox.issuer());
    assert!(url.as_str().starts_with("http://127.0.0.1:56121/callback?"));
    assert_eq!(visitor.control.counters().authorize, 1);
    let queries = visitor.control.authorize_queries();
    assert!(queries[0].contains("code_challenge_method=S256"));
}

#[tokio::test]
async fn a_code_gives_tokens_with_the_claims_of_xai() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    let reply = visitor.exchange(&code, &[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let json = reply.json().unwrap();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["scope"], SCOPE);
    assert_eq!(json["expires_in"], 6 * 60 * 60);
    let access = claims(json["access_token"].as_str().unwrap());
    for name in ["exp", "iat", "sub", "aud", "scope", "principal_id", "tier", "team_id"] {
        assert!(!access[name].is_null(), "{name} is missing");
    }
    let id = claims(json["id_token"].as_str().unwrap());
    assert_eq!(id["nonce"], "a nonce");
    assert_eq!(id["aud"], "evergrant");
}

#[tokio::test]
async fn the_verifier_is_verified() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    let other = "x".repeat(43);
    for (verifier, wanted) in [
        ("", "invalid_grant"),
        (other.as_str(), "invalid_grant"),
        ("short", "invalid_request"),
    ] {
        let reply = visitor.exchange(&code, &[("code_verifier", verifier)]).await;
        assert_eq!((reply.status.as_u16(), error(&reply).as_str()), (400, wanted));
    }
    let reply = visitor.exchange(&code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(reply.status, 200, "a refused exchange must not spend the code");
}

#[tokio::test]
async fn the_challenge_is_wanted_again_unless_configured_otherwise() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    let reply = visitor.exchange(&code, &[("code_challenge", "")]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("code_challenge is required"));
    let reply = visitor.exchange(&code, &[("code_challenge", &"x".repeat(43))]).await;
    assert_eq!(error(&reply), "invalid_grant");
    visitor
        .control
        .reconfigure(|config| config.require_challenge_at_token = false);
    let reply = visitor
        .exchange(&code, &[("code_challenge", ""), ("code_challenge_method", "")])
        .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_code_works_once_and_its_reuse_revokes_the_grant() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    let first = visitor.exchange(&code, &[]).await.json().unwrap();
    let again = visitor.exchange(&code, &[]).await;
    assert_eq!((again.status.as_u16(), error(&again).as_str()), (400, "invalid_grant"));
    let refused = visitor.chat(first["access_token"].as_str().unwrap()).await;
    assert_eq!(refused.status, 403);
    assert_eq!(visitor.control.counters().families_revoked, 1);
}

#[tokio::test]
async fn wrong_redirect_client_and_encoding_are_refused() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    for (field, value, status, wanted) in [
        ("redirect_uri", "http://127.0.0.1:56121/other", 400, "invalid_grant"),
        ("redirect_uri", "", 400, "invalid_request"),
        ("client_id", "someone", 401, "invalid_client"),
        ("client_id", "", 400, "invalid_request"),
        ("client_secret", "s", 401, "invalid_client"),
        ("code", "nonsense", 400, "invalid_grant"),
        ("code", "", 400, "invalid_request"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("grant_type", "", 400, "invalid_request"),
    ] {
        let reply = visitor.exchange(&code, &[(field, value)]).await;
        assert_eq!(
            (reply.status.as_u16(), error(&reply).as_str()),
            (status, wanted),
            "{field}={value}"
        );
    }
    let url = visitor.url("/oauth2/token");
    let json = serde_json::json!({"grant_type": "authorization_code", "code": code});
    let reply = visitor.http.post_json(&url, &json).await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), error(&reply).as_str()),
        (400, "invalid_request")
    );
    let twice = [("client_id", "evergrant"), ("client_id", "evergrant")];
    assert_eq!(error(&visitor.token(&twice).await), "invalid_request");
    let get = visitor.http.get(&url).await.unwrap();
    assert_eq!(get.status, 404);
    assert_eq!(visitor.exchange(&code, &[]).await.status, 200);
}

#[tokio::test]
async fn basic_authentication_is_challenged() {
    let visitor = Visitor::new().await;
    let client = visitor.http.clone().header("authorization", "Basic bm9ib2R5OnM=");
    let reply = client
        .post_form(&visitor.url("/oauth2/token"), &[("grant_type", "refresh_token")])
        .await
        .unwrap();
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").starts_with("Basic realm="));
}

#[tokio::test]
async fn an_old_code_is_refused() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    visitor.control.advance(std::time::Duration::from_secs(61));
    assert_eq!(error(&visitor.exchange(&code, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn errors_of_the_authorize_request_go_where_they_belong() {
    let visitor = Visitor::new().await;
    for (field, value) in [
        ("client_id", "someone"),
        ("redirect_uri", "https://example.com/callback"),
        ("redirect_uri", "http://example.com/callback"),
    ] {
        let url = visitor.authorize_url(&[(field, value)]);
        let reply = visitor.http.get(&url).await.unwrap();
        assert_eq!(reply.status, 400, "{field}={value} must be shown, never redirected");
    }
    let browser = Browser::new(visitor.http.clone());
    for (field, value, wanted) in [
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
    ] {
        let url = visitor.authorize_url(&[(field, value)]);
        let back = browser.peek(&url).await.unwrap();
        assert_eq!(query(&back, "error"), wanted, "{field}={value}");
        assert_eq!(query(&back, "state"), "a state & more");
    }
}

#[tokio::test]
async fn a_person_can_approve_or_deny() {
    let visitor = Visitor::with(|config| {
        config.automatic_consent = false;
        config.show_code = true;
    })
    .await;
    let browser = Browser::new(visitor.http.clone());
    let page = browser.visit(&visitor.authorize_url(&[])).await.unwrap();
    assert!(page.reply.text().contains("id=\"approve\""));
    let shown = browser.press(&page, "approve").await.unwrap();
    let text = shown.reply.text();
    let code = text.split("id=\"code\">").nth(1).unwrap();
    let code = code.split('<').next().unwrap();
    assert_eq!(visitor.exchange(code, &[]).await.status, 200);
    let denied = visitor
        .http
        .send(
            Method::POST,
            &visitor.url("/oauth2/consent"),
            "application/x-www-form-urlencoded",
            consent_form(&visitor.authorize_url(&[])),
        )
        .await
        .unwrap();
    let back = Url::parse(denied.header("location")).unwrap();
    assert_eq!(query(&back, "error"), "access_denied");
}

fn consent_form(authorize_url: &str) -> Bytes {
    let query = Url::parse(authorize_url).unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query", query.query().unwrap())
        .append_pair("decision", "deny")
        .finish();
    form.into()
}

#[tokio::test]
async fn the_bytes_of_a_token_request_are_kept_as_sent() {
    let visitor = Visitor::new().await;
    let code = visitor.code().await;
    visitor.exchange(&code, &[]).await;
    let captured = visitor.control.token_requests();
    let head = String::from_utf8(captured[0].head.clone()).unwrap();
    let body = String::from_utf8(captured[0].body.clone()).unwrap();
    assert!(head.starts_with("POST /oauth2/token HTTP/1.1\r\n"));
    assert!(head.ends_with("\r\n\r\n"));
    assert!(head.contains("application/x-www-form-urlencoded"));
    assert!(body.contains(&format!("code_challenge={CHALLENGE}")));
    assert!(body.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A56121%2Fcallback"));
    let seen = visitor.control.log();
    let line = seen.iter().find(|line| line.path == "/oauth2/token").unwrap();
    assert_eq!(line.status, Some(200));
    assert_eq!(line.grant_type.as_deref(), Some("authorization_code"));
    assert!(line.fields.contains(&String::from("code_verifier")));
}
