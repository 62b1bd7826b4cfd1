//! The examples, run against the sandbox as they are.

use std::path::Path;

use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, KeySource, Secret};
use evergrant_sandbox::{Config, Wording};

use crate::renewal::scene::Scene;

#[allow(dead_code, reason = "its `main` is for those who run it")]
#[path = "../../examples/chat.rs"]
mod chat;
#[allow(dead_code, reason = "its `main` is for those who run it")]
#[path = "../../examples/custom_provider.rs"]
mod custom_provider;
#[allow(dead_code, reason = "its `main` is for those who run it")]
#[path = "../../examples/custom_store.rs"]
mod custom_store;
#[allow(dead_code, reason = "its `main` is for those who run it")]
#[path = "../../examples/streamed.rs"]
mod streamed;

#[tokio::test]
async fn a_chat_call_and_a_streamed_one_survive_a_stale_token() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let said = chat::ask(&driver, "acme", "grok-4.3", "hello").await.unwrap();
    assert!(!said.is_empty());
    scene.control().expire(Wording::Wke);
    assert!(
        !chat::ask(&driver, "acme", "grok-4.3", "again")
            .await
            .unwrap()
            .is_empty()
    );
    scene.control().expire(Wording::Wke);
    let mut pieces = Vec::new();
    streamed::stream(&driver, "acme", "grok-4.3", "go on", |piece| {
        pieces.push(piece.to_owned())
    })
    .await
    .unwrap();
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(scene.refreshes(), 2, "one for each of the two that died");
    let nobody = chat::ask(&driver, "nobody", "m", "hello").await.unwrap_err();
    assert_eq!(nobody.to_string(), "there is no provider `nobody`");
}

#[tokio::test]
async fn a_provider_of_ones_own_is_a_file_and_a_variable() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    std::fs::create_dir(&home).unwrap();
    custom_provider::write_row(&home, "acme", "https://api.acme.example/v1", "acme.example").unwrap();
    let variables = [("ACME_KEY".to_owned(), "sk-of-my-own".to_owned())];
    let settings = Settings::load(Some(home), variables).unwrap();
    let known = evergrant_driver::providers(&settings).unwrap();
    let own = known.iter().find(|provider| provider.id.as_str() == "acme").unwrap();
    assert_eq!(own.models, ["acme-*"]);
    let driver = Driver::open(settings).unwrap();
    assert_eq!(
        custom_provider::key_of(&driver, "acme", "ACME_KEY").await.unwrap(),
        "sk-of-my-own"
    );
}

#[tokio::test]
async fn a_store_lies_where_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let (home, database) = (directory.path().join("home"), directory.path().join("elsewhere.db"));
    let driver = custom_store::open(&home, &database).unwrap();
    let key = KeySource::Value(Secret::from("sk-0000000000000000"));
    driver.add_key(&"openai".into(), None, key).await.unwrap();
    assert!(database.exists() && !home.join("evergrant.db").exists());
    let settings = custom_store::settings(&home, Path::new(&database)).unwrap();
    let held = evergrant_driver::holdings(&settings).unwrap();
    assert_eq!(held.accounts.len(), 1);
}
