//! What cannot be imported is told by place, reason and remedy, and leaves nothing behind.

use std::fs;

use evergrant_driver::{Failure, ImportWay, Tool};

use super::formats::Desk;
use super::scene::import;

async fn refused(desk: &Desk, tool: Tool, way: ImportWay) -> Failure {
    let file = desk.folder.path().join("tool/auth.json");
    let before = fs::read(&file).ok();
    let failure = import(&desk.driver, tool, &file, way).await.unwrap_err();
    assert_eq!(
        (failure.code.as_str(), failure.code.exit()),
        ("import-invalid", 2),
        "{failure}"
    );
    assert!(failure.message.contains("tool/auth.json"), "{failure}");
    assert!(failure.remedy.is_some(), "{failure}");
    assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
    assert!(desk.driver.accounts().is_empty());
    assert_eq!(fs::read(&file).ok(), before);
    failure
}

#[tokio::test]
async fn nothing_usable() {
    let desk = Desk::new();
    for way in [ImportWay::Borrow, ImportWay::Take, ImportWay::GiveBack] {
        for tool in Tool::ALL {
            refused(&desk, tool, way).await;
        }
    }
    let bad = [
        "",
        "canary",
        "[]",
        "null",
        "{\"canary\": ",
        "{}",
        r#"{"version": 99, "providers": {"xai-oauth": {"access_token": "canary"}}}"#,
        r#"{"version": 1, "providers": {}, "credential_pool": {"xai-oauth": [{"auth_type": "oauth", "id": "a"}]}}"#,
        r#"{"tokens": {"refresh_token": "canary"}}"#,
        r#"{"tokens": "canary", "OPENAI_API_KEY": "changeme"}"#,
        r#"{"https://auth.x.ai::x": {"refresh_token": "canary"}}"#,
        "\u{0}\u{1}",
    ];
    for text in bad {
        desk.write(text);
        for way in [ImportWay::Borrow, ImportWay::Take] {
            for tool in Tool::ALL {
                refused(&desk, tool, way).await;
            }
        }
    }
    let version = {
        desk.write(r#"{"version": 2, "providers": {}}"#);
        refused(&desk, Tool::Hermes, ImportWay::Borrow).await
    };
    assert!(version.message.contains("version"), "{version}");
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.path().join("tool/auth.json")).unwrap();
    let folder = desk.folder.path().join("tool");
    let failure = import(&desk.driver, Tool::Codex, &folder, ImportWay::Borrow)
        .await
        .unwrap_err();
    assert_eq!(failure.code.as_str(), "import-invalid");
}

#[tokio::test]
async fn a_grant_of_another_client() {
    let desk = Desk::new();
    desk.write(r#"{"version": 1, "providers": {"nous": {"client_id": "another", "access_token": "canary"}}}"#);
    let failure = refused(&desk, Tool::Hermes, ImportWay::Borrow).await;
    assert!(failure.message.contains("another client"), "{failure}");
}
