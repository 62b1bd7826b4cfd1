//! Rows that can be read, and the user's rows over the built-in ones.

use std::time::Duration;

use evergrant_engine::provider::{
    Auth, BodyForm, Field, Flow, Needles, Origin, Pattern, Quirk, Redirect, Row, RowFile, Table, Tier,
};
use evergrant_engine::vocabulary::{Channel, Verdict};

/// The row of INTERFACE.md.
pub(super) const ACME: &str = r#"id = "acme"
name = "Acme LLM"
base_url = "http://127.0.0.1:9000/v1"
hosts = ["127.0.0.1"]
auth = "oauth"
models = ["acme-*"]
probe = "/models"

[oauth]
issuer = "http://127.0.0.1:9000"
client_id = "evergrant"
scope = "openid offline_access"
redirect = "http://127.0.0.1:0/callback"
flows = ["browser", "device", "paste"]
authorize_params = { plan = "generic" }
quirks = ["echo-code-challenge"]
lead_secs = 300
reuse_grace_secs = 0
terminal = ["invalid_grant"]

[[signal]]
name = "acme-stale"
channel = "inference"
status = [403]
where = "any"
contains = "Token could not be validated"
all = []
verdict = "unauthenticated"
"#;

fn of_user(text: &str) -> RowFile {
    RowFile::parse("acme.toml", text, Origin::File("acme.toml".to_owned())).unwrap()
}

#[test]
fn the_row_of_the_contract() {
    let row = Row::parse("acme.toml", ACME, Origin::File("acme.toml".to_owned())).unwrap();
    assert_eq!((row.id.as_str(), row.name.as_str()), ("acme", "Acme LLM"));
    assert!(row.serves("acme-1") && !row.serves("other"));
    let oauth = row.oauth().unwrap();
    assert_eq!(oauth.flows, [Flow::Browser, Flow::Device, Flow::Paste]);
    assert_eq!(oauth.authorize_params, [("plan".to_owned(), "generic".to_owned())]);
    assert!(oauth.quirks.has(Quirk::EchoCodeChallenge) && !oauth.quirks.has(Quirk::RevokeNonStandard));
    assert_eq!(oauth.lead, Some(Duration::from_secs(300)));
    assert_eq!(oauth.refresh_body, BodyForm::Form);
    let signal = &row.signals[0];
    assert_eq!(
        (signal.tier, signal.line, signal.file.as_str()),
        (Tier::User, 21, "acme.toml")
    );
    assert_eq!((signal.channel, &signal.field), (Channel::Inference, &Field::Any));
    assert_eq!(
        signal.pattern,
        Pattern::Contains(Needles::new(vec!["token could not be validated".to_owned()]))
    );
    assert_eq!(
        (signal.status.as_slice(), signal.verdict),
        ([403].as_slice(), Verdict::Unauthenticated)
    );
}

#[test]
fn an_exchange_has_a_floor_of_20_seconds() {
    for (written, seconds) in [("2", 20), ("45", 45)] {
        let text = ACME.replace("lead_secs = 300", &format!("exchange_timeout_secs = {written}"));
        let row = Row::parse("acme.toml", &text, Origin::BuiltIn).unwrap();
        assert_eq!(row.oauth().unwrap().exchange_timeout, Duration::from_secs(seconds));
    }
}

#[test]
fn a_redirect_is_loopback_with_a_port() {
    for good in [
        "http://127.0.0.1:0/callback",
        "http://[::1]:80/cb",
        "http://localhost:1455/auth/callback",
    ] {
        assert!(Redirect::parse(good).is_ok(), "{good}");
    }
    let bad = [
        "https://127.0.0.1:1/callback",
        "http://example.com:1/callback",
        "http://127.0.0.1/callback",
        "http://localhost.evil.example:1/",
        "http://127.0.0.2:1/",
        "http://user@127.0.0.1:1/",
        "http://127.0.0.1:1/?code=1",
        "127.0.0.1:1",
        "",
    ];
    for bad in bad {
        assert!(Redirect::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_user_row_takes_the_place_of_a_built_in_one_and_is_read_first() {
    let text = ACME.replace("id = \"acme\"", "id = \"xai\"");
    let table = Table::built_in().with([of_user(&text)]).unwrap();
    let before = Table::built_in().rows().count();
    assert_eq!(table.rows().count(), before);
    let row = table.row(&"xai".into()).unwrap();
    assert!(matches!(row.auth, Auth::OAuth(_)));
    assert_eq!(row.signals[0].tier, Tier::User);
    assert!(row.signals[1..].iter().all(|signal| signal.tier == Tier::Provider));
    assert!(row.signals.len() > 1);
}

#[test]
fn signals_alone_extend_a_built_in_row() {
    let text =
        "id = \"xai-oauth\"\n\n[[signal]]\nname = \"mine\"\ncontains = \"anti-bot\"\nverdict = \"unauthenticated\"\n";
    let table = Table::built_in().with([of_user(text)]).unwrap();
    let row = table.row(&"xai-oauth".into()).unwrap();
    assert_eq!((row.signals[0].name.as_str(), row.signals[0].line), ("mine", 3));
    assert_eq!(row.oauth().unwrap().client_id, "b1a00492-073a-47ea-816f-4c329264a828");
}

#[test]
fn a_new_row_comes_last_and_models_find_their_rows_in_order() {
    let text = ACME.replace("acme-*", "grok-*");
    let table = Table::built_in().with([of_user(&text)]).unwrap();
    let ids: Vec<_> = table.by_model("grok-4.3").map(|row| row.id.to_string()).collect();
    assert_eq!(ids, ["xai-oauth", "xai", "acme"]);
}

#[test]
fn the_row_of_the_grok_subscription_has_every_fact() {
    let table = Table::built_in();
    let row = table.row(&"xai-oauth".into()).unwrap();
    let oauth = row.oauth().unwrap();
    assert_eq!(
        oauth.scope,
        "openid profile email offline_access grok-cli:access api:access"
    );
    assert_eq!(
        (oauth.redirect.port, oauth.redirect.path.as_str()),
        (56121, "/callback")
    );
    assert!(oauth.port_fallback && oauth.quirks.has(Quirk::EchoCodeChallenge));
    assert!(
        oauth
            .authorize_params
            .contains(&("plan".to_owned(), "generic".to_owned()))
    );
    assert!(
        oauth
            .authorize_params
            .contains(&("referrer".to_owned(), "evergrant".to_owned()))
    );
    assert_eq!(oauth.callback_origins, ["https://accounts.x.ai", "https://auth.x.ai"]);
    assert!(row.hosts.allows(&"https://auth.x.ai/oauth2/token".parse().unwrap()));
    assert!(!row.hosts.allows(&"https://evil-x.ai/".parse().unwrap()));
}
