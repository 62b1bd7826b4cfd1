//! What `config.toml` may say, and what is said of what it may not.

use std::path::Path;
use std::time::Duration;

use evergrant_engine::failure::Code;
use evergrant_engine::pool::Strategy;
use evergrant_engine::provider::{Origin, Pause, RowFile};
use evergrant_engine::verdict::Verdict;

use super::*;

fn parse(text: &str) -> Result<Configuration, Failure> {
    let rows = ["other", "third"].map(|id| {
        let text = format!("id = \"{id}\"\nbase_url = \"https://{id}.example/v1\"\nauth = \"api-key\"\n");
        RowFile::parse("row.toml", &text, Origin::File("row.toml".to_owned())).unwrap()
    });
    let source = Source {
        path: Path::new("/h/config.toml"),
        text,
    };
    Configuration::parse(source, &Table::built_in().with(rows).unwrap())
}

#[track_caller]
fn refused(text: &str, says: &str) {
    let failure = parse(text).unwrap_err();
    assert_eq!(failure.code, Code::ConfigInvalid);
    assert!(failure.message.starts_with(says), "{}", failure.message);
}

#[test]
fn the_documented_file_is_read() {
    let read = parse(
        r#"
[serve]
listen = ["127.0.0.1:8787", "unix:/run/evergrant.sock"]
[store]
url = "sqlite:evergrant.db"                # or postgres://user@host/db
key = "env:STORE_KEY"
[pool.xai-oauth]
strategy = "round-robin"
[route]
"grok-*" = ["xai-oauth", "xai"]
"*" = ["other"]
"a*" = ["third"]
[chat]
provider = "xai-oauth"
model = "grok-4.3"
window_tokens = 32000
[tasks]
title = { provider = "xai-oauth", model = "grok-4.3", timeout_secs = 5, budget_tokens = 16 }
summary = { model = "grok-4.3", enabled = false }
"#,
    )
    .unwrap();
    assert_eq!(read.lasting.listen.len(), 2);
    assert_eq!(read.lasting.key, KeyChoice::Environment("STORE_KEY".to_owned()));
    assert_eq!(
        read.pools[&ProviderId::from("xai-oauth")].strategy,
        Strategy::RoundRobin
    );
    let globs: Vec<_> = read.routes.iter().map(|route| route.models.0.as_str()).collect();
    assert_eq!(globs, ["grok-*", "*", "a*"], "in the order of the file");
    assert_eq!(read.routes[0].providers, ["xai-oauth".into(), "xai".into()]);
    assert_eq!(read.chat.model.as_deref(), Some("grok-4.3"));
    assert_eq!(read.chat.window_tokens, 32_000);
    assert_eq!(read.tasks.title.timeout, Duration::from_secs(5));
    assert_eq!(read.tasks.title.budget_tokens, 16);
    assert_eq!(read.tasks.summary.provider, None);
    assert!(!read.tasks.summary.enabled && read.tasks.title.enabled);
}

#[test]
fn a_pool_says_how_it_chooses_and_how_long_it_rests() {
    let read = parse(
        r#"
[pool.other]
strategy = "affinity"
limits_by_model = ["rate-limited"]
[pool.other.cooldown]
rate-limited = { first_secs = 30, reset_most_secs = 600 }
out-of-credit = { first_secs = 60, most_secs = 120, sole_most_secs = 10 }
"#,
    );
    let pool = &read.unwrap().pools[&ProviderId::from("other")];
    assert_eq!(pool.strategy, Strategy::Affinity);
    assert_eq!(pool.pauses.by_model.as_deref(), Some(&[Verdict::RateLimited][..]));
    let secs = |secs| Some(Duration::from_secs(secs));
    let limited = Pause {
        first: secs(30),
        reset_most: secs(600),
        ..Pause::default()
    };
    let of = |verdict| pool.pauses.of.iter().find(|(of, _)| *of == verdict).unwrap().1;
    assert_eq!(of(Verdict::RateLimited), limited);
    assert_eq!(of(Verdict::OutOfCredit).sole_most, secs(10));
}

#[test]
fn an_empty_file_means_the_defaults() {
    let read = parse("").unwrap();
    assert_eq!(read.lasting.listen, ["127.0.0.1:8787".parse().unwrap()]);
    assert_eq!(read.lasting.store, StoreUrl::Sqlite("evergrant.db".into()));
    assert_eq!(read.lasting.key, KeyChoice::File);
    assert!(read.routes.is_empty());
}

#[test]
fn mistakes_are_told_with_file_line_and_key() {
    refused(
        "\n[serve]\nlisten = [\"8787\"]",
        "/h/config.toml:3: `serve.listen`: `8787` is not an address",
    );
    refused("[serve]\nlisten = 3", "/h/config.toml:2: `serve.listen`: invalid type");
    refused(
        "[serve]\nlissten = []",
        "/h/config.toml:2: `serve.lissten`: unknown field `lissten`",
    );
    refused("[sserve]", "/h/config.toml:1: `sserve`: unknown field `sserve`");
    refused(
        "[store]\nkey = \"keyfile\"",
        "/h/config.toml:2: `store.key`: is not one of",
    );
    refused(
        "[store]\nkey = \"env:\"",
        "/h/config.toml:2: `store.key`: is not one of",
    );
    refused("[store]\nurl = \"mysql://x\"", "/h/config.toml:2: `store.url`: is not");
    refused(
        "[store]\nurl = \"postgres://x\"",
        "/h/config.toml:2: `store.url`: this build has no PostgreSQL",
    );
    refused(
        "[pool.xai]\nstrategy = \"best\"",
        "/h/config.toml:2: `pool.xai.strategy`: is not one of",
    );
    refused(
        "[pool.xai.cooldown]\noverloaded = { first_secs = 1 }",
        "/h/config.toml:2: `pool.xai.cooldown.overloaded`: is not one of",
    );
    refused(
        "[pool.xai.cooldown]\nrate-limited = { first_sec = 1 }",
        "/h/config.toml:2: `pool.xai.cooldown.rate-limited.first_sec`: unknown field",
    );
    refused(
        "[pool.xai]\nlimits_by_model = [\"not-entitled\"]",
        "/h/config.toml:2: `pool.xai.limits_by_model`: is not one of",
    );
    refused(
        "[pool.xai]\nstrategy = 1",
        "/h/config.toml:2: `pool.xai.strategy`: invalid type",
    );
    refused(
        "[route]\n\"x\" = []",
        "/h/config.toml:2: `route.\"x\"`: names no provider",
    );
    refused(
        "[chat]\nmodel = \"a\"\nmodel = \"b\"",
        "/h/config.toml:3: `chat.model`: duplicate key",
    );
    refused(
        "[tasks]\npoem = { model = \"a\" }",
        "/h/config.toml:2: `tasks.poem`: unknown field",
    );
    refused(
        "[chat]\nwindow_tokens = 12",
        "/h/config.toml:2: `chat.window_tokens`: `12` is not from 1000 to 100000000",
    );
    refused("[chat]\nmodel = \"\"", "/h/config.toml:2: `chat.model`: is empty");
    refused(
        "[tasks]\ntitle = { timeout_secs = 0 }",
        "/h/config.toml:2: `tasks.title.timeout_secs`: `0` is not from 1 to 600",
    );
    refused(
        "[tasks]\nsummary = { budget_tokens = -1 }",
        "/h/config.toml:2: `tasks.summary.budget_tokens`: `-1` is not from 1 to 1000000",
    );
    refused(
        "[tasks]\nsummary = { secs = 1 }",
        "/h/config.toml:2: `tasks.summary.secs`: unknown field",
    );
    refused("serve = ", "/h/config.toml:1: `serve`: ");
}

#[test]
fn a_provider_that_is_not_there_is_told_with_its_line() {
    refused(
        "[pool.xai-ouath]\n",
        "/h/config.toml:1: `pool.xai-ouath`: there is no provider `xai-ouath`",
    );
    refused(
        "[route]\n\"grok-*\" = [\"xai\", \"nobody\"]\n",
        "/h/config.toml:2: `route.\"grok-*\"`: there is no provider `nobody`",
    );
    refused(
        "[tasks]\ntitle = { provider = \"nobody\" }\n",
        "/h/config.toml:2: `tasks.title.provider`: there is no provider `nobody`",
    );
}

#[test]
fn serving_has_a_certificate_with_its_key_and_limits() {
    let text = "[serve]\ntls_cert = \"tls/cert.pem\"\ntls_key = \"/etc/key.pem\"\nmax_connections = 100\nidle_secs = 5\nwrite_idle_secs = 7\ndrain_secs = 0\nusage = false\nmetrics = false\n";
    let serve = parse(text).unwrap().lasting.serve;
    let files = serve.certificate.clone().unwrap();
    assert_eq!(files.certificate, Path::new("/h/tls/cert.pem"));
    assert_eq!(files.key, Path::new("/etc/key.pem"));
    assert_eq!(
        (serve.connections, serve.idle, serve.write_idle, serve.drain),
        (100, Duration::from_secs(5), Duration::from_secs(7), Duration::ZERO)
    );
    let plain = Configuration::default().lasting.serve;
    let differing: Vec<_> = serve.differing(&plain).collect();
    assert_eq!(
        differing,
        [
            "serve.tls_cert",
            "serve.max_connections",
            "serve.idle_secs",
            "serve.write_idle_secs",
            "serve.drain_secs",
            "serve.usage",
            "serve.metrics"
        ]
    );
    refused(
        "[serve]\ntls_cert = \"c\"\n",
        "/h/config.toml:2: `serve.tls_cert`: is of no use",
    );
    refused(
        "[serve]\ntls_key = \"k\"\n",
        "/h/config.toml:2: `serve.tls_key`: is of no use",
    );
    refused(
        "[serve]\nidle_secs = 0\n",
        "/h/config.toml:2: `serve.idle_secs`: `0` is not from 1",
    );
}
