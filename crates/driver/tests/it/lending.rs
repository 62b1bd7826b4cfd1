//! A client key that is lent serves for as long as its owner lives, whatever the clocks do, and not after it was removed.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::client_key::{KeyTerms, NewKey};
use evergrant_driver::clock::{Clock, SystemClock, TestClock};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Hooks};
use http::{HeaderMap, Uri};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_lent_key_outlives_the_sleep_of_its_machine() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new(SystemClock::new().now()));
    let hooks = Hooks {
        clock: Some(Arc::clone(&clock) as Arc<dyn Clock>),
        ..Hooks::default()
    };
    let settings = Settings::load(Some(folder.path().join("home")), []).unwrap();
    let driver = Driver::open_with(settings, hooks).unwrap();
    let lent = driver.lend_client_key("exec", KeyTerms::default()).await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", lent.key().expose().parse().unwrap());
    let uri = Uri::from_static("/v1/models");
    let is_let_in = async || driver.let_in(&uri, &headers, true).await.is_ok();
    assert!(is_let_in().await);
    // The wall clock goes on for most of a day and no timer does; then somebody makes a key, which clears away what is long over.
    clock.advance_wall(Duration::from_secs(80_000));
    let name = "other".parse().unwrap();
    let terms = KeyTerms::default();
    let other = NewKey {
        name,
        terms,
        lent: false,
    };
    driver.add_client_key(other).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(driver.client_keys().await.unwrap().len(), 2);
    assert!(is_let_in().await, "it is the same key");
    // In ordinary times it is written every two minutes, not every second.
    let expiry = async || {
        let keys = driver.client_keys().await.unwrap();
        keys.iter().find_map(|key| key.terms.expires_at).unwrap()
    };
    let until = expiry().await;
    clock.advance(Duration::from_secs(60));
    sleep(Duration::from_secs(3)).await;
    assert_eq!(expiry().await, until);
    clock.advance(Duration::from_secs(61));
    sleep(Duration::from_secs(3)).await;
    assert!(expiry().await > until);
    // Whoever removes it has the last word.
    driver.remove_client_key(lent.name()).await.unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(400));
        sleep(Duration::from_secs(3)).await;
        assert_eq!(driver.client_keys().await.unwrap().len(), 1);
    }
    assert!(!is_let_in().await);
}

#[tokio::test(start_paused = true)]
async fn a_lent_key_that_was_removed_while_its_owner_was_stopped_stays_removed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new(SystemClock::new().now()));
    let hooks = Hooks {
        clock: Some(Arc::clone(&clock) as Arc<dyn Clock>),
        ..Hooks::default()
    };
    let settings = Settings::load(Some(folder.path().join("home")), []).unwrap();
    let driver = Driver::open_with(settings, hooks).unwrap();
    let lent = driver.lend_client_key("exec", KeyTerms::default()).await.unwrap();
    // Stopped by Ctrl-Z: its time runs out, and no timer goes on.
    clock.advance_wall(Duration::from_secs(3_600));
    driver.remove_client_key(lent.name()).await.unwrap();
    for _ in 0..3 {
        sleep(Duration::from_secs(3)).await;
        assert!(driver.client_keys().await.unwrap().is_empty(), "it came back");
        clock.advance(Duration::from_secs(700));
    }
}
