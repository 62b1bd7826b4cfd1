//! What a probe finds out beside whether a credential is accepted.

use std::time::Duration;

use evergrant_driver::doctor::Level;
use evergrant_sandbox::Config;

use crate::renewal::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_is_held_against_the_provider_s() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let found = driver.probe().await;
    assert!(found.iter().all(|finding| finding.check != "clock"), "{found:?}");

    scene.clock.advance(Duration::from_secs(20 * 60));
    let found = driver.probe().await;
    let clock = found.iter().find(|finding| finding.check == "clock").unwrap();
    assert_eq!(clock.level, Level::Warn);
    assert!(clock.message.contains("which is ahead of"), "{}", clock.message);
    assert!(
        clock.message.ends_with("the time at Sandbox (acme)"),
        "{}",
        clock.message
    );
    let accepted = found.iter().find(|finding| finding.check == "probe acme/default");
    assert_eq!(accepted.map(|finding| finding.level), Some(Level::Ok), "{found:?}");
    assert!(clock.remedy.is_some());
}
