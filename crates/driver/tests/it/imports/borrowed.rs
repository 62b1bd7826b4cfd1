//! Borrowed tokens are used, read again when their owner has renewed them, and never renewed here.

use std::time::Duration;

use evergrant_driver::{Failure, ImportWay, ImportedHow, Target, Token};
use evergrant_engine::credential::Material;
use evergrant_engine::store::Source;
use evergrant_sandbox::{Config, Wording};

use super::scene::{Neighbours, hermes};
use crate::client::asking::{ask, chat, good};
use crate::renewal::scene::code;

async fn token(neighbours: &Neighbours) -> Result<Token, Failure> {
    let target = Target::parse("acme").unwrap();
    neighbours.driver.token(&target, Duration::ZERO).await
}

#[tokio::test]
async fn a_borrowed_token_is_used_and_its_refresh_token_not_even_kept() {
    let neighbours = Neighbours::start(Config::default()).await;
    let imported = neighbours.import(ImportWay::Borrow).await.unwrap();
    assert_eq!(imported.credentials.len(), 1, "{imported:?}");
    assert_eq!(imported.credentials[0].how, ImportedHow::Borrowed);
    good(ask(&neighbours.driver, chat()).await);
    let record = neighbours.only();
    assert_eq!(record.source, Source::Imported("hermes".to_owned()));
    let Material::Borrowed(borrowed) = &record.material else {
        panic!("{record:?}")
    };
    assert_eq!(borrowed.entry, "providers.acme");
    assert_eq!(borrowed.login.subject.as_deref(), Some("user-1"));
    let account = &neighbours.driver.accounts()[..];
    let account = account.iter().find(|account| account.id == record.id).unwrap();
    assert_eq!(account.owner.as_deref(), Some("hermes"));
    assert_eq!((account.kind.as_str(), account.next_refresh_at), ("borrowed", None));
    assert_eq!(neighbours.scene.refreshes(), 0);
    assert!(neighbours.beside().is_empty());
}

#[tokio::test]
async fn a_refused_one_is_read_again_and_the_request_goes_on() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    neighbours.scene.control().expire(Wording::Wke);
    neighbours.renews_its_file().await;
    let told = good(ask(&neighbours.driver, chat()).await);
    assert_eq!((told.trail.attempts, &told.trail.repaired[..]), (2, &["refresh"][..]));
    let record = neighbours.only();
    assert_eq!((record.generation.0, record.epoch.0), (2, 1));
    assert_eq!(neighbours.scene.refreshes(), 1, "the one of its owner");
}

#[tokio::test]
async fn where_its_owner_has_no_newer_one_the_remedy_is_to_take_it_over() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    neighbours.scene.control().expire(Wording::Wke);
    let told = ask(&neighbours.driver, chat()).await.unwrap();
    let refusal = told.refusal.unwrap();
    assert_eq!((refusal.code.as_str(), refusal.code.exit()), ("needs-login", 3));
    let command = refusal.remedy.and_then(|remedy| remedy.command());
    assert_eq!(command.as_deref(), Some("evergrant import hermes --take"));
    let id = neighbours.only().id;
    assert_eq!(code(neighbours.driver.refresh(id.as_str()).await), "needs-login");
    assert_eq!(neighbours.scene.refreshes(), 0);
}

#[tokio::test]
async fn one_that_is_used_up_is_read_again_before_anything_is_sent() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let first = token(&neighbours).await.unwrap();
    let day = Duration::from_secs(86_400);
    neighbours.scene.clock.advance(day);
    neighbours.scene.control().advance(day);
    let failure = token(&neighbours).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.code.exit()), ("needs-login", 3));
    assert_eq!(
        failure.remedy.and_then(|remedy| remedy.command()).as_deref(),
        Some("evergrant import hermes --take")
    );
    neighbours.renews_its_file().await;
    let second = token(&neighbours).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(neighbours.scene.refreshes(), 1);
}

#[tokio::test]
async fn a_changed_file_is_seen_before_the_old_token_is_refused() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let first = token(&neighbours).await.unwrap();
    let answer = neighbours.renews_its_file().await;
    let second = token(&neighbours).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(answer["access_token"], second.access_token.expose().as_str());
    // In a process that stays it is seen without anyone's asking.
    neighbours.driver.stay();
    neighbours.renews_its_file().await;
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while neighbours.only().generation.0 < 3 {
        assert!(std::time::Instant::now() < until, "{:?}", neighbours.only());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_file_that_is_being_written_harms_nothing() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let whole = neighbours.text();
    for half in ["", "{", &whole[..whole.len() / 2], "[]", "{\"version\":2}"] {
        std::fs::write(neighbours.file(), half).unwrap();
        token(&neighbours).await.unwrap();
    }
    std::fs::remove_file(neighbours.file()).unwrap();
    token(&neighbours).await.unwrap();
    assert_eq!(neighbours.only().generation.0, 1);
}

#[tokio::test]
async fn another_persons_login_is_not_taken_for_the_same() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let mine = neighbours.grant.access_token.expose().clone();
    let payload = mine.split('.').nth(1).unwrap();
    let theirs = mine.replace(payload, "eyJzdWIiOiJ1c2VyLTIiLCJleHAiOjQxMDI0NDQ4MDB9");
    neighbours.write(&hermes(&theirs, "other"));
    assert_eq!(token(&neighbours).await.unwrap().access_token.expose(), &mine);
    let imported = neighbours.import(ImportWay::Borrow).await.unwrap();
    assert_eq!(imported.credentials[0].how, ImportedHow::Borrowed);
    assert_eq!(neighbours.living().len(), 2, "a person, a record");
}

#[tokio::test]
async fn one_grant_is_one_record() {
    let neighbours = Neighbours::start(Config::default()).await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    let again = neighbours.import(ImportWay::Borrow).await.unwrap();
    assert_eq!(again.credentials[0].how, ImportedHow::Unchanged);
    neighbours.renews_its_file().await;
    neighbours.import(ImportWay::Borrow).await.unwrap();
    assert_eq!(neighbours.only().generation.0, 2);
    // Logging in here as the same person takes its place.
    neighbours.scene.log_in(&neighbours.driver).await;
    let own = neighbours.only();
    assert!(matches!(own.material, Material::Grant(_)));
    // And then the tool's is not wanted.
    for way in [ImportWay::Borrow, ImportWay::Take] {
        let failure = neighbours.import(way).await.unwrap_err();
        assert_eq!(failure.code.as_str(), "import-invalid");
        assert!(failure.message.contains("ours already"), "{failure}");
    }
    assert_eq!(neighbours.only(), own);
    assert!(neighbours.text().contains("refresh_token"));
}
