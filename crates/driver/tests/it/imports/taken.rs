//! A grant that is taken over has one owner at every moment, and can be given back.

use std::fs;
use std::time::Duration;

use evergrant_driver::{ImportWay, ImportedHow};
use evergrant_engine::credential::Material;
use evergrant_sandbox::Config;
use serde_json::{Value, json};

use super::scene::Neighbours;
use crate::client::asking::{ask, chat, good};

#[tokio::test]
async fn it_is_ours_then_and_the_tool_has_no_refresh_token() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let borrowed = neighbours.only();
    let before = neighbours.text();
    #[cfg(unix)]
    fs::set_permissions(neighbours.file(), std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let imported = neighbours.import(ImportWay::Take).await.unwrap();
    let one = &imported.credentials[0];
    assert_eq!((one.how, &one.account.id), (ImportedHow::Taken, &borrowed.id));
    assert!(!neighbours.text().contains("refresh_token"), "{}", neighbours.text());
    assert_eq!(neighbours.tree()["active_provider"], "acme", "the rest stays");
    let backup = one.backup.as_ref().unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for (path, mode) in [(backup, 0o600), (&neighbours.file(), 0o640)] {
            assert_eq!(
                fs::metadata(path).unwrap().permissions().mode() & 0o777,
                mode,
                "{}",
                path.display()
            );
        }
    }
    let record = neighbours.only();
    let refreshed = neighbours.driver.refresh(record.id.as_str()).await.unwrap();
    assert_eq!(refreshed.generation, record.generation.next());
    good(ask(&neighbours.driver, chat()).await);
    let seen = neighbours.scene.control().counters();
    assert_eq!((seen.refreshes, seen.rotations, seen.families_revoked), (1, 1, 0));
}

#[tokio::test]
async fn it_is_given_back_with_the_tokens_that_it_has_now() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Take).await.unwrap();
    let record = neighbours.only();
    neighbours.driver.refresh(record.id.as_str()).await.unwrap();
    let Material::Grant(ours) = neighbours.only().material else {
        panic!("it is not ours")
    };
    let imported = neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert_eq!(imported.credentials[0].how, ImportedHow::Returned);
    let token = ours.refresh_token.as_ref().unwrap().expose().clone();
    let tree = neighbours.tree();
    assert_eq!(tree["providers"]["acme"]["tokens"]["refresh_token"], token.as_str());
    assert_eq!(tree["credential_pool"]["acme"][0]["refresh_token"], token.as_str());
    assert!(neighbours.beside().is_empty(), "{:?}", neighbours.beside());
    assert!(matches!(neighbours.only().material, Material::Borrowed(_)));
    // The tool renews it, and what it renews is used here.
    neighbours.renews_its_file().await;
    good(ask(&neighbours.driver, chat()).await);
    let seen = neighbours.scene.control().counters();
    assert_eq!((seen.refreshes, seen.refresh_reuses, seen.families_revoked), (2, 0, 0));
    // And it can be taken over again.
    neighbours.import(ImportWay::Take).await.unwrap();
    neighbours.driver.refresh(record.id.as_str()).await.unwrap();
    assert_eq!(neighbours.scene.control().counters().families_revoked, 0);
}

#[tokio::test]
async fn what_the_tool_has_since_is_not_overwritten() {
    let neighbours = Neighbours::start(Config::default()).await;
    let before = neighbours.tree();
    neighbours.import(ImportWay::Take).await.unwrap();
    neighbours.write(&before);
    let failure = neighbours.import(ImportWay::GiveBack).await.unwrap_err();
    assert_eq!(neighbours.tree(), before, "{failure}");
    assert!(matches!(neighbours.only().material, Material::Grant(_)));
}

/// Where a crash can fall, and what it leaves: the file, and the copy beside it.
enum Left {
    /// The copy was made, the file is whole.
    Copied,
    /// The file has lost the grant, and nobody has it.
    Cut,
    /// It is ours, and the copy has not got its name.
    Committed,
}

async fn crashed(left: Left) {
    let neighbours = Neighbours::start(Config::default()).await;
    let whole = neighbours.text();
    let cut = json!({"version": 1, "active_provider": "acme", "providers": {}, "credential_pool": {"acme": []}});
    let pending = neighbours.file().with_file_name("auth.json.evergrant-pending");
    match left {
        Left::Copied => fs::write(&pending, &whole).unwrap(),
        Left::Cut => {
            fs::write(&pending, &whole).unwrap();
            neighbours.write(&cut);
        }
        Left::Committed => {
            let taken = neighbours.import(ImportWay::Take).await.unwrap();
            fs::rename(taken.credentials[0].backup.as_ref().unwrap(), &pending).unwrap();
        }
    }
    let kept = neighbours.living().len();
    // Who does not take is told, and changes nothing.
    if let Left::Cut = left {
        let failure = neighbours.import(ImportWay::Borrow).await.unwrap_err();
        assert!(failure.message.contains("evergrant import hermes --take"), "{failure}");
        assert_eq!(neighbours.living().len(), kept);
        assert!(pending.exists());
    }
    let again = neighbours.import(ImportWay::Take).await;
    if let Left::Committed = left {
        assert_eq!(neighbours.living().len(), 1, "{again:?}");
    } else {
        assert_eq!(again.unwrap().credentials[0].how, ImportedHow::Taken);
    }
    assert!(!pending.exists());
    assert!(!neighbours.text().contains("refresh_token"));
    let record = neighbours.only();
    assert_eq!(neighbours.beside(), [format!("auth.json.evergrant-{}", record.id)]);
    neighbours.driver.refresh(record.id.as_str()).await.unwrap();
    let seen = neighbours.scene.control().counters();
    assert_eq!((seen.refreshes, seen.families_revoked), (1, 0));
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert!(neighbours.text().contains("refresh_token"));
}

#[tokio::test]
async fn a_crash_before_the_file_is_changed_changes_nothing() {
    crashed(Left::Copied).await;
}

#[tokio::test]
async fn a_crash_before_the_grant_is_ours_leaves_it_in_the_copy() {
    crashed(Left::Cut).await;
}

#[tokio::test]
async fn a_crash_after_it_loses_nothing() {
    crashed(Left::Committed).await;
}

#[tokio::test]
async fn a_crash_while_it_is_given_back_leaves_it_in_the_file_that_was_to_be() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Take).await.unwrap();
    let cut = neighbours.text();
    let record = neighbours.only();
    let backup = neighbours
        .file()
        .with_file_name(format!("auth.json.evergrant-{}", record.id));
    let copy = fs::read(&backup).unwrap();
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    let ready = backup.with_file_name(format!("auth.json.evergrant-return-{}", record.id));
    fs::rename(neighbours.file(), &ready).unwrap();
    fs::write(&backup, copy).unwrap();
    fs::write(neighbours.file(), &cut).unwrap();
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert!(neighbours.text().contains("refresh_token"));
    assert!(neighbours.beside().is_empty(), "{:?}", neighbours.beside());
}

#[tokio::test]
async fn the_tools_own_lock_is_waited_for() {
    let neighbours = Neighbours::start(Config::default()).await;
    let lock = fs::File::create(neighbours.file().with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let file = neighbours.file();
    let released = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let held: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        drop(lock);
        held["providers"]["acme"]["tokens"]["refresh_token"].is_string()
    });
    neighbours.import(ImportWay::Take).await.unwrap();
    assert!(released.await.unwrap(), "it was changed under the lock of another");
}

#[tokio::test]
async fn copies_in_other_files_of_the_tool_go_as_well() {
    let neighbours = Neighbours::start(Config::default()).await;
    let profile = neighbours.file().with_file_name("profiles/second/auth.json");
    fs::create_dir_all(profile.parent().unwrap()).unwrap();
    fs::write(&profile, neighbours.text()).unwrap();
    neighbours.import(ImportWay::Take).await.unwrap();
    let left = fs::read_to_string(profile).unwrap();
    assert!(
        !left.contains("refresh_token") && left.contains("access_token"),
        "{left}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_the_file_stays_a_link() {
    let neighbours = Neighbours::start(Config::default()).await;
    let real = neighbours.file().with_file_name("real.json");
    fs::rename(neighbours.file(), &real).unwrap();
    std::os::unix::fs::symlink(&real, neighbours.file()).unwrap();
    neighbours.import(ImportWay::Take).await.unwrap();
    assert!(fs::symlink_metadata(neighbours.file()).unwrap().is_symlink());
    assert!(!fs::read_to_string(&real).unwrap().contains("refresh_token"));
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert!(fs::read_to_string(&real).unwrap().contains("refresh_token"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_tools_file_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    let neighbours = Neighbours::start(Config::default()).await;
    let folder = neighbours.file().parent().unwrap().to_owned();
    for path in [&folder, &neighbours.file()] {
        if chown(path, Some(12_345), Some(12_345)).is_err() {
            println!("skipped: only root can give a file away");
            return;
        }
    }
    let owners = || {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                let found = fs::metadata(&path).unwrap();
                (path.display().to_string(), found.uid(), found.gid())
            })
            .filter(|(_, user, group)| (*user, *group) != (12_345, 12_345))
            .collect::<Vec<_>>()
    };
    neighbours.import(ImportWay::Take).await.unwrap();
    assert_eq!(owners(), [], "after the taking");
    neighbours.import(ImportWay::GiveBack).await.unwrap();
    assert_eq!(owners(), [], "after the return");
}

#[tokio::test]
async fn what_was_switched_off_stays_off() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let id = neighbours.only().id;
    neighbours.driver.disable(id.as_str()).await.unwrap();
    let imported = neighbours.import(ImportWay::Take).await.unwrap();
    assert_eq!(imported.credentials[0].how, ImportedHow::Taken);
    let record = neighbours.only();
    assert_eq!((&record.id, record.standing.disabled), (&id, true));
    assert_eq!(imported.credentials[0].account.health, "disabled");
}
