//! The metadata document, whole and broken, and the provider rows.

use evergrant_sandbox::Order;

use crate::visitor::Visitor;

const PATH: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn the_document_names_endpoints_that_answer() {
    let visitor = Visitor::new().await;
    let document = visitor.http.get(&visitor.url(PATH)).await.unwrap();
    let document = document.json().unwrap();
    assert_eq!(document["issuer"], visitor.sandbox.issuer());
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "device_authorization_endpoint",
        "revocation_endpoint",
        "jwks_uri",
    ] {
        let endpoint = document[name].as_str().unwrap();
        assert!(endpoint.starts_with(&visitor.sandbox.issuer()), "{name}");
    }
    let keys = visitor.http.get(document["jwks_uri"].as_str().unwrap()).await.unwrap();
    assert_eq!(keys.status, 200);
    assert_eq!(visitor.control.counters().discoveries, 1);
}

#[tokio::test]
async fn each_scenario_breaks_it_in_its_own_way() {
    let visitor = Visitor::new().await;
    let url = visitor.url(PATH);
    let arm = |name: &str| visitor.control.arm(Order::new(name).times(1)).unwrap();
    arm("discovery-html");
    let html = visitor.http.get(&url).await.unwrap();
    assert_eq!(html.status, 200);
    assert!(html.header("content-type").starts_with("text/html"));
    arm("discovery-500");
    assert_eq!(visitor.http.get(&url).await.unwrap().status, 500);
    arm("discovery-wrong-issuer");
    let wrong = visitor.http.get(&url).await.unwrap().json().unwrap();
    assert_eq!(wrong["issuer"], "https://auth.example.com");
    arm("discovery-foreign-endpoint");
    let foreign = visitor.http.get(&url).await.unwrap().json().unwrap();
    assert_eq!(foreign["token_endpoint"], "https://evil.example.com/oauth2/token");
    assert_eq!(foreign["issuer"], visitor.sandbox.issuer());
    let healed = visitor.http.get(&url).await.unwrap().json().unwrap();
    assert_eq!(healed["issuer"], visitor.sandbox.issuer());
}

#[tokio::test]
async fn the_rows_are_valid_toml_and_say_what_the_sandbox_demands() {
    let visitor = Visitor::new().await;
    let row: toml::Value = toml::from_str(&visitor.sandbox.provider_row("acme")).unwrap();
    assert_eq!(row["id"].as_str(), Some("acme"));
    assert_eq!(row["base_url"].as_str(), Some(visitor.sandbox.base_url().as_str()));
    assert_eq!(row["hosts"][0].as_str(), Some("127.0.0.1"));
    assert_eq!(row["oauth"]["issuer"].as_str(), Some(visitor.sandbox.issuer().as_str()));
    assert_eq!(row["oauth"]["quirks"][0].as_str(), Some("echo-code-challenge"));
    assert_eq!(row["oauth"]["authorize_params"]["plan"].as_str(), Some("generic"));
    assert_eq!(row["probe"].as_str(), Some("/models"));
    visitor
        .control
        .reconfigure(|config| config.require_challenge_at_token = false);
    assert!(!visitor.sandbox.provider_row("acme").contains("quirks"));
    let row: toml::Value = toml::from_str(&visitor.sandbox.api_key_row("my-key")).unwrap();
    assert_eq!(row["auth"].as_str(), Some("api-key"));
    assert_eq!(row["key_env"][0].as_str(), Some("MY_KEY_API_KEY"));
}
