//! Rows and configuration that change under a running driver.

use std::path::PathBuf;
use std::time::Duration;

use evergrant_driver::client::{Call, Route};
use evergrant_driver::{Code, Driver, ProviderId, Verdict};
use evergrant_sandbox::{Config, Order};

use super::asking::{ask, chat, good};
use super::listening::Listening;
use crate::renewal::scene::Scene;

const SIGNAL: &str = "id = \"acme\"\n[[signal]]\nname = \"own\"\nstatus = [403]\ncontains = \"frobnicate\"\n\
                      verdict = \"out-of-credit\"\n";

fn refuses(scene: &Scene, body: &str) {
    scene.control().disarm_all();
    let order = Order::new("respond")
        .with("path", "/v1/chat")
        .with("status", 403)
        .with("body", body);
    scene.control().arm(order).unwrap();
}

fn rows(scene: &Scene) -> PathBuf {
    scene.settings().home.providers()
}

/// What the last error of the one grant was read as, once it is there.
async fn last_verdict(driver: &Driver) -> Option<Verdict> {
    driver.drain(Duration::ZERO).await;
    let account = driver
        .accounts()
        .into_iter()
        .find(|account| account.provider == ProviderId::from("acme"));
    account
        .and_then(|account| account.last_error)
        .map(|error| error.verdict)
}

#[tokio::test]
async fn a_signal_holds_as_soon_as_its_file_is_read_again() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    refuses(&scene, "{\"error\":\"cannot frobnicate\"}");
    let _ = ask(&driver, chat()).await;
    assert_ne!(last_verdict(&driver).await, Some(Verdict::OutOfCredit));
    let file = rows(&scene).join("acme-signals.toml");
    std::fs::write(&file, SIGNAL).unwrap();
    assert_eq!(driver.reload().await.unwrap(), [file]);
    assert!(driver.reload().await.unwrap().is_empty(), "nothing has changed since");
    driver.reset("acme/default").await.unwrap();
    let _ = ask(&driver, chat()).await;
    assert_eq!(last_verdict(&driver).await, Some(Verdict::OutOfCredit));
}

#[tokio::test]
async fn a_broken_file_changes_nothing() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let file = rows(&scene).join("acme-signals.toml");
    std::fs::write(file, SIGNAL.replace("verdict", "verdcit")).unwrap();
    let failure = driver.reload().await.unwrap_err();
    assert_eq!(failure.code, Code::RowInvalid);
    assert!(failure.message.contains("acme-signals.toml:6: `verdcit`"), "{failure}");
    good(ask(&driver, chat()).await);
}

#[tokio::test]
async fn a_driver_that_stays_follows_its_files_and_says_what_is_wrong_with_them() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let heard = Listening::start();
    driver.stay();
    let mut said = Vec::new();
    let file = rows(&scene).join("acme-signals.toml");
    let configuration = scene.settings().home.configuration();
    std::fs::write(&file, "id = \"acme\"\n[[signal]\n").unwrap();
    until(&heard, &mut said, "nothing of the change holds").await;
    good(ask(&driver, chat()).await);
    std::fs::write(&file, SIGNAL).unwrap();
    until(&heard, &mut said, "in order again").await;
    refuses(&scene, "{\"error\":\"cannot frobnicate\"}");
    let _ = ask(&driver, chat()).await;
    assert_eq!(last_verdict(&driver).await, Some(Verdict::OutOfCredit));
    let told = said
        .iter()
        .filter(|line| line.contains("nothing of the change holds"))
        .count();
    assert_eq!(told, 1, "one mistake is told once: {said:?}");
    let route = "[route]\n\"other-*\" = [\"acme\"]\n[serve]\nlisten = [\"127.0.0.1:1\"]\n";
    std::fs::write(configuration, route).unwrap();
    until(&heard, &mut said, "serve.listen").await;
    scene.control().disarm_all();
    driver.reset("acme/default").await.unwrap();
    let call = Call {
        route: Route::Model("other-1".to_owned()),
        ..chat()
    };
    good(ask(&driver, call).await);
}

/// Waits until it has been said.
async fn until(heard: &Listening, said: &mut Vec<String>, words: &str) {
    for _ in 0..1_000 {
        said.extend(heard.take());
        if said.iter().any(|line| line.contains(words)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("`{words}` was never said: {said:?}");
}
