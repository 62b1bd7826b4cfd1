//! Rows, answers and readings to test with.

use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::provider::{
    Auth, BodyForm, DeviceDialect, Endpoints, Flow, Hosts, OAuth, Origin, Quirk, Quirks, Redirect, Row, Tier,
};
use evergrant_engine::verdict::{Reading, SignalRef, Verdict};
use evergrant_engine::wire::{Reply, Request};
use http::HeaderMap;

/// A provider that departs from no standard.
pub(crate) fn acme() -> Row {
    acme_with(|_| ())
}

/// The same after a change of its OAuth half.
pub(crate) fn acme_with(change: impl FnOnce(&mut OAuth)) -> Row {
    let mut oauth = OAuth {
        issuer: "https://auth.acme.example".parse().ok(),
        endpoints: Endpoints::default(),
        client_id: "evergrant".to_owned(),
        scope: "openid offline_access".to_owned(),
        redirect: Redirect {
            host: "127.0.0.1".to_owned(),
            port: 0,
            path: "/callback".to_owned(),
        },
        flows: vec![Flow::Browser, Flow::Device, Flow::Paste],
        authorize_params: Vec::new(),
        quirks: Quirks::default(),
        lead: None,
        reuse_grace: Duration::ZERO,
        terminal: vec!["invalid_grant".to_owned()],
        exchange_timeout: Duration::from_secs(60),
        callback_origins: Vec::new(),
        port_fallback: true,
        hard_end: None,
        idle: None,
        serialize_client: false,
        refresh_body: BodyForm::Form,
        refresh_token_header: None,
        device: DeviceDialect::Rfc8628,
    };
    change(&mut oauth);
    Row {
        id: "acme".into(),
        name: "Acme".to_owned(),
        base_url: "https://api.acme.example/v1".parse().unwrap(),
        hosts: Hosts::new(["acme.example".to_owned()]),
        auth: Auth::OAuth(Box::new(oauth)),
        models: Vec::new(),
        default_model: None,
        probe: None,
        headers: HeaderMap::new(),
        replayable: Vec::new(),
        errors_in_200: false,
        local_hours: 0,
        surfaces: Vec::new(),
        plan_page: None,
        billing_page: None,
        keys_page: None,
        key_provider: None,
        pauses: evergrant_engine::provider::Pauses::default(),
        first_byte: None,
        signals: Vec::new(),
        origin: Origin::BuiltIn,
    }
}

/// The same with one quirk.
pub(crate) fn acme_that(quirk: Quirk) -> Row {
    acme_with(|oauth| oauth.quirks = Quirks::new([quirk]))
}

/// An answer.
pub(crate) fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        truncated: false,
    }
}

/// What the classifier would say.
pub(crate) fn reading(verdict: Verdict) -> Reading {
    Reading {
        verdict,
        signal: SignalRef {
            name: "test".into(),
            tier: Tier::Status,
            file: "test".into(),
            line: 0,
        },
        retry_after: None,
        reset_source: None,
        fragment: String::new(),
    }
}

/// The body of a request as text.
pub(crate) fn body(request: &Request) -> String {
    String::from_utf8(request.body.expose().clone()).unwrap()
}

/// The fields of a form body, in order.
pub(crate) fn fields(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.body.expose())
        .into_owned()
        .collect()
}

/// One field of a form body.
pub(crate) fn field(request: &Request, name: &str) -> Option<String> {
    let mut found = fields(request).into_iter().filter(|(key, _)| key == name);
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

/// A JWT with this payload.
pub(crate) fn jwt(payload: &str) -> String {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", encode(r#"{"alg":"none"}"#), encode(payload))
}
