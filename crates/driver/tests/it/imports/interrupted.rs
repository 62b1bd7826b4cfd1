//! A copy that may be all there is of a grant is neither overwritten nor removed, and what it holds is told.

use std::fs;
use std::path::PathBuf;

use evergrant_driver::{ImportWay, ImportedHow};
use evergrant_engine::credential::Material;
use evergrant_sandbox::Config;
use serde_json::json;

use super::scene::{Neighbours, hermes};

fn pending(neighbours: &Neighbours) -> PathBuf {
    neighbours.file().with_file_name("auth.json.evergrant-pending")
}

#[tokio::test]
async fn a_copy_that_waits_is_not_overwritten_by_the_next() {
    let neighbours = Neighbours::start(Config::default()).await;
    let before = neighbours.text();
    let only = json!({"version": 1, "providers": {"vanished": {
        "tokens": {"access_token": "theirs", "refresh_token": "nowhere else"},
    }}});
    fs::write(pending(&neighbours), only.to_string()).unwrap();
    let failure = neighbours.import(ImportWay::Take).await.unwrap_err();
    assert!(failure.message.contains("auth.json.evergrant-pending"), "{failure}");
    assert_eq!(fs::read_to_string(pending(&neighbours)).unwrap(), only.to_string());
    assert_eq!(neighbours.text(), before);
    assert!(neighbours.living().is_empty());
    fs::remove_file(pending(&neighbours)).unwrap();
    neighbours.import(ImportWay::Take).await.unwrap();
    assert!(matches!(neighbours.only().material, Material::Grant(_)));
}

#[tokio::test]
async fn a_copy_stays_while_another_login_has_the_place_of_its_grant() {
    let neighbours = Neighbours::start(Config::default()).await;
    let only = hermes("older", "nowhere else").to_string();
    fs::write(pending(&neighbours), &only).unwrap();
    let before = neighbours.text();
    let failure = neighbours.import(ImportWay::Take).await.unwrap_err();
    assert!(failure.message.contains("auth.json.evergrant-pending"), "{failure}");
    assert_eq!(fs::read_to_string(pending(&neighbours)).unwrap(), only);
    assert_eq!(neighbours.text(), before);
    assert!(neighbours.living().is_empty());
}

#[tokio::test]
async fn a_place_that_is_null_holds_no_grant() {
    let neighbours = Neighbours::start(Config::default()).await;
    fs::rename(neighbours.file(), pending(&neighbours)).unwrap();
    neighbours.write(&json!({"version": 1, "providers": {"acme": null}, "credential_pool": {}}));
    neighbours.import(ImportWay::Take).await.unwrap();
    let record = neighbours.only();
    let Material::Grant(ours) = &record.material else {
        panic!("it is not ours")
    };
    assert_eq!(ours.refresh_token, neighbours.grant.refresh_token);
    assert_eq!(neighbours.beside(), [format!("auth.json.evergrant-{}", record.id)]);
}

/// A giving back that stopped before the tool's file was replaced; answers the file that was to be.
async fn half_returned(neighbours: &Neighbours) -> PathBuf {
    neighbours.import(ImportWay::Take).await.unwrap();
    let cut = neighbours.tree();
    let id = neighbours.only().id;
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    let ready = neighbours
        .file()
        .with_file_name(format!("auth.json.evergrant-return-{id}"));
    fs::rename(neighbours.file(), &ready).unwrap();
    neighbours.write(&cut);
    ready
}

#[tokio::test]
async fn what_the_tool_has_written_since_stays_when_a_return_is_finished() {
    let neighbours = Neighbours::start(Config::default()).await;
    let mut tree = neighbours.tree();
    tree["providers"]["other"] = json!({"tokens": {"access_token": "a", "refresh_token": "spent"}});
    neighbours.write(&tree);
    let ready = half_returned(&neighbours).await;
    assert!(fs::read_to_string(&ready).unwrap().contains("spent"));
    let mut now = neighbours.tree();
    now["providers"]["other"]["tokens"]["refresh_token"] = json!("rotated");
    neighbours.write(&now);
    let told = neighbours.import(ImportWay::Borrow).await;
    assert!(format!("{told:?}").contains("import hermes --undo"), "{told:?}");
    assert!(ready.exists());
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    tree["providers"]["other"]["tokens"]["refresh_token"] = json!("rotated");
    assert_eq!(neighbours.tree(), tree);
    assert!(neighbours.beside().is_empty(), "{:?}", neighbours.beside());
}

#[tokio::test]
async fn a_return_that_came_to_nothing_is_begun_anew_with_the_tokens_of_now() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Take).await.unwrap();
    let (stale, id) = (neighbours.text(), neighbours.only().id);
    let ready = neighbours
        .file()
        .with_file_name(format!("auth.json.evergrant-return-{id}"));
    fs::write(&ready, stale.replace("access_token", "of_an_earlier_try")).unwrap();
    neighbours.driver.refresh(id.as_str()).await.unwrap();
    let Material::Grant(ours) = neighbours.only().material else {
        panic!("it is not ours")
    };
    let imported = neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert_eq!(imported.credentials.len(), 1);
    assert_eq!(imported.credentials[0].how, ImportedHow::Returned);
    let token = ours.refresh_token.unwrap().expose().clone();
    assert!(neighbours.text().contains(token.as_str()));
    assert!(!neighbours.text().contains("of_an_earlier_try"));
    assert!(neighbours.beside().is_empty(), "{:?}", neighbours.beside());
}

#[tokio::test]
async fn a_return_does_not_replace_a_newer_login() {
    let neighbours = Neighbours::start(Config::default()).await;
    let ready = half_returned(&neighbours).await;
    let kept = fs::read(&ready).unwrap();
    let newer = hermes("newer", "of a newer login");
    neighbours.write(&newer);
    let failure = neighbours.import(ImportWay::GiveBack).await.unwrap_err();
    assert!(failure.message.contains("auth.json.evergrant-return-"), "{failure}");
    assert_eq!(neighbours.tree(), newer);
    assert_eq!(fs::read(&ready).unwrap(), kept);
}

#[tokio::test]
async fn a_return_whose_credential_was_removed_keeps_its_file() {
    let neighbours = Neighbours::start(Config::default()).await;
    let ready = half_returned(&neighbours).await;
    let kept = fs::read(&ready).unwrap();
    neighbours.driver.remove(neighbours.only().id.as_str()).await.unwrap();
    let failure = neighbours.import(ImportWay::GiveBack).await.unwrap_err();
    assert!(failure.message.contains("auth.json.evergrant-return-"), "{failure}");
    assert_eq!(fs::read(&ready).unwrap(), kept);
}

#[cfg(unix)]
#[tokio::test]
async fn a_copy_that_cannot_be_written_hinders_no_taking() {
    use std::os::unix::fs::PermissionsExt;

    let neighbours = Neighbours::start(Config::default()).await;
    let profile = neighbours.file().with_file_name("profiles/second/auth.json");
    let folder = profile.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(&profile, neighbours.text()).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
    let is_barred = fs::write(folder.join("probe"), "").is_err();
    let imported = neighbours.import(ImportWay::Take).await.unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(imported.credentials[0].how, ImportedHow::Taken);
    assert!(matches!(neighbours.only().material, Material::Grant(_)));
    assert!(!pending(&neighbours).exists());
    // Nothing bars the superuser.
    if is_barred {
        let entry = &imported.skipped[0].entry;
        assert!(entry.ends_with("profiles/second/auth.json"), "{entry}");
    }
}
