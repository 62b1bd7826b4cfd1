//! Rows to log in by.

use std::time::Duration;

use evergrant_engine::provider::{
    Auth, BodyForm, DeviceDialect, Endpoints, Flow, Hosts, OAuth, Origin, Quirks, Redirect, Row,
};

/// A provider on loopback that departs from no standard, after a change of its OAuth half.
pub(crate) fn acme_with(change: impl FnOnce(&mut OAuth)) -> Row {
    let mut oauth = OAuth {
        issuer: None,
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
        port_fallback: false,
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
        base_url: "http://127.0.0.1:1/v1".parse().unwrap(),
        hosts: Hosts::new(["127.0.0.1".to_owned()]),
        auth: Auth::OAuth(Box::new(oauth)),
        models: Vec::new(),
        default_model: None,
        probe: None,
        headers: http::HeaderMap::new(),
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
