//! Discovery and its cache: what is asked for, how long it is believed, and what is never believed.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::clock::TestClock;
use evergrant_engine::failure::Code;
use evergrant_engine::provider::{Auth, Flow, Row};
use evergrant_sandbox::{Config, Order};

use super::bench::{Bench, Who, network};

#[tokio::test]
async fn an_issuer_is_asked_once_a_day_and_by_one_process() {
    let mut bench = Bench::start(Config::default()).await;
    let clock = Arc::new(TestClock::default());
    bench.clock = clock.clone();
    let (network, metadata) = (network(), bench.metadata());
    let asked = || bench.control().counters().discoveries;
    for _ in 0..3 {
        metadata.endpoints(&bench.row, &network).await.unwrap();
    }
    assert_eq!(asked(), 1, "memory");
    let another = bench.metadata();
    let endpoints = another.endpoints(&bench.row, &network).await.unwrap();
    assert!(endpoints.token.is_some() && endpoints.revocation.is_some());
    assert_eq!(asked(), 1, "the file");
    clock.advance(Duration::from_secs(24 * 3_600 - 1));
    metadata.endpoints(&bench.row, &network).await.unwrap();
    assert_eq!(asked(), 1, "not yet a day");
    clock.advance(Duration::from_secs(1));
    metadata.endpoints(&bench.row, &network).await.unwrap();
    assert_eq!(asked(), 2, "a day");
    metadata.forget(&bench.row);
    bench.metadata().endpoints(&bench.row, &network).await.unwrap();
    assert_eq!(asked(), 3, "forgotten on disk as well");
}

#[cfg(unix)]
#[tokio::test]
async fn the_cache_is_ours_alone_and_a_broken_one_is_made_anew() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::start(Config::default()).await;
    let file = bench.home.run().join("metadata.json");
    bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "{").unwrap();
    bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    assert_eq!(bench.control().counters().discoveries, 2);
    assert!(std::fs::read_to_string(&file).unwrap().contains("/oauth2/token"));
    assert_eq!(
        std::fs::read_dir(bench.home.run()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[tokio::test]
async fn while_the_issuer_cannot_be_reached_its_last_word_counts() {
    let mut bench = Bench::start(Config::default()).await;
    let clock = Arc::new(TestClock::default());
    bench.clock = clock.clone();
    let metadata = bench.metadata();
    let known = metadata.endpoints(&bench.row, &network()).await.unwrap();
    bench.sandbox.stop().await;
    clock.advance(Duration::from_secs(2 * 24 * 3_600));
    assert_eq!(metadata.endpoints(&bench.row, &network()).await.unwrap(), known);
    clock.advance(Duration::from_secs(40 * 24 * 3_600));
    let failure = metadata.endpoints(&bench.row, &network()).await.unwrap_err();
    assert_eq!(failure.code, Code::Unreachable);
    assert!(
        failure.message.contains("/.well-known/openid-configuration"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn discovery_that_cannot_be_trusted_stops_a_login_before_anything_is_sent() {
    for scenario in ["discovery-html", "discovery-wrong-issuer", "discovery-foreign-endpoint"] {
        let bench = Bench::by(Flow::Browser).await;
        bench.control().arm(Order::new(scenario)).unwrap();
        let failure = bench.login(Who::Opens).await.1.unwrap_err();
        assert_eq!(failure.code, Code::DiscoveryInvalid, "{scenario}: {failure:?}");
        let seen = bench.control().counters();
        assert_eq!(
            (seen.authorize, seen.token_requests, seen.redirects_followed),
            (0, 0, 0)
        );
    }
}

#[tokio::test]
async fn a_row_that_names_its_endpoints_needs_no_discovery() {
    let mut bench = Bench::by(Flow::Browser).await;
    let known = bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    let mut row = Row::clone(&bench.row);
    if let Auth::OAuth(oauth) = &mut row.auth {
        oauth.endpoints = known;
    }
    bench.row = Arc::new(row);
    bench.control().reset();
    assert_eq!(bench.login(Who::Opens).await.1, Ok(Flow::Browser));
    assert_eq!(bench.control().counters().discoveries, 0);
}

#[tokio::test]
async fn a_cached_endpoint_that_has_moved_is_discovered_again_and_the_login_succeeds() {
    let bench = Bench::by(Flow::Browser).await;
    bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    let file = bench.home.run().join("metadata.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("/oauth2/token", "/oauth/token")).unwrap();
    assert_eq!(bench.login(Who::Opens).await.1, Ok(Flow::Browser));
    assert_eq!(bench.control().counters().discoveries, 2);
    assert!(std::fs::read_to_string(&file).unwrap().contains("/oauth2/token"));
}

#[tokio::test]
async fn a_cached_endpoint_on_a_host_that_is_not_allowed_is_not_believed() {
    let bench = Bench::by(Flow::Browser).await;
    bench.metadata().endpoints(&bench.row, &network()).await.unwrap();
    let file = bench.home.run().join("metadata.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("\"token\":\"http://127.0.0.1", "\"token\":\"https://evil.example"),
    )
    .unwrap();
    assert_eq!(bench.login(Who::Opens).await.1, Ok(Flow::Browser));
    assert_eq!(bench.control().counters().discoveries, 2);
}
