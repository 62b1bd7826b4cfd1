//! A grant that came back from a backup: what is sent of it, by how many homes, and what the provider makes of that.

use std::time::Duration;

use evergrant_driver::store::{Draft, LockName, Mode, Placement, open, this_process};
use evergrant_driver::{
    Driver, Failure, OpenedBackup, Restoration, RestoredReport, SealedBackup, Secret, Target, Token, export,
};
use evergrant_engine::credential::Material;
use evergrant_engine::store::{Health, Source};
use evergrant_sandbox::{Config, Order};

use super::scene::{Scene, code};

fn opened(scene: &Scene) -> OpenedBackup {
    let passphrase = Secret::from("correct horse");
    let text = export(&scene.settings(), &passphrase).unwrap().text;
    SealedBackup::read(text.as_bytes()).unwrap().open(&passphrase).unwrap()
}

async fn token(driver: &Driver) -> Result<Token, Failure> {
    driver.token(&Target::parse("acme").unwrap(), Duration::ZERO).await
}

/// The words of what was left out.
fn left(report: &RestoredReport) -> Vec<&'static str> {
    let words = report.credentials.iter().map(|one| match &one.end {
        Restoration::Left { word, .. } => *word,
        Restoration::Back { .. } => "back",
    });
    words.collect()
}

/// Another home in which the backup is.
async fn carried(scene: &Scene, backup: &OpenedBackup) -> (Scene, Driver) {
    let there = scene.beside();
    let driver = there.open();
    let report = driver.restore(backup.clone(), false).await.unwrap();
    assert_eq!(left(&report), ["back"]);
    assert!(matches!(there.grant().0.standing.health, Health::OutcomeUnknown { .. }));
    (there, driver)
}

#[tokio::test]
async fn one_backup_in_two_homes_is_sent_once_by_each_and_not_while_a_token_serves() {
    let (scene, first) = Scene::logged_in(Config::default()).await;
    let backup = opened(&scene);
    let (one, in_one) = carried(&scene, &backup).await;
    let (other, in_other) = carried(&scene, &backup).await;
    // Both are told, and neither sends anything as long as the access token serves both.
    for driver in [&in_one, &in_other] {
        assert!(token(driver).await.is_ok());
        let refused = driver.refresh("acme/default").await.unwrap_err();
        assert_eq!(refused.code.as_str(), "outcome-unknown");
        assert!(refused.message.contains("came back from a backup"), "{refused}");
    }
    assert_eq!(scene.refreshes(), 0);
    // Then the first to come has it; the other sends its own copy once, and never again.
    scene.clock.advance(LAPSES);
    assert!(token(&in_one).await.is_ok());
    assert_eq!(one.grant().0.standing.health, Health::Ready);
    for _ in 0..3 {
        assert_eq!(token(&in_other).await.unwrap_err().code.as_str(), "grant-dead");
    }
    let seen = scene.control().counters();
    assert_eq!((seen.refreshes, seen.rotations, seen.refresh_reuses), (2, 1, 1));
    assert!(matches!(other.grant().0.standing.health, Health::Quarantined { .. }));
    // What a provider without a grace makes of that ends the grant everywhere; each home says so and sends no more.
    for driver in [&in_one, &first] {
        for _ in 0..2 {
            assert_eq!(code(driver.refresh("acme/default").await), "grant-dead");
        }
    }
    assert_eq!(scene.refreshes(), 4);
}

#[tokio::test]
async fn within_a_grace_both_homes_go_on() {
    let (scene, _driver) = Scene::logged_in(Config {
        reuse_grace_secs: 600,
        ..Config::default()
    })
    .await;
    let backup = opened(&scene);
    let (_one, in_one) = carried(&scene, &backup).await;
    let (_other, in_other) = carried(&scene, &backup).await;
    // The grace is for a send of one's own: nobody's copy is sent because of it.
    assert_eq!(code(in_one.refresh("acme/default").await), "outcome-unknown");
    assert_eq!(scene.refreshes(), 0);
    scene.clock.advance(LAPSES);
    assert!(token(&in_one).await.is_ok());
    assert!(token(&in_other).await.is_ok());
    assert_eq!(scene.refreshes(), 2);
}

#[tokio::test]
async fn a_revival_waits_for_the_renewal_under_way_and_takes_back_nothing_that_it_spent() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let backup = opened(&scene);
    let slow = Order::new("answer-slow").with("delay_ms", 1_000);
    scene.control().arm(slow).unwrap();
    let flying = driver.clone();
    let flight = tokio::spawn(async move { flying.refresh("acme/default").await });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    driver.remove("acme/default").await.unwrap();
    let soon = Duration::from_millis(1);
    let busy = driver.restore_within(backup.clone(), true, soon).await.unwrap_err();
    assert_eq!(busy.code.as_str(), "lock-held");
    assert_eq!(scene.records()[0].material, Material::Gone);
    let report = driver.restore(backup, true).await.unwrap();
    assert_eq!(left(&report), ["spent"]);
    assert!(flight.await.unwrap().is_err());
    assert_eq!(scene.records()[0].material, Material::Gone);
    assert_eq!(scene.refreshes(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_revival_of_many_waits_once_and_opens_one_lock_at_a_time() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let (record, grant) = scene.grant();
    let settings = scene.settings();
    let store = open(&settings.home, &settings.key, Mode::ReadWrite).unwrap();
    for number in 0..20_u8 {
        let mut grant = grant.clone();
        grant.access_token = Secret::from(format!("access-{number}"));
        grant.refresh_token = Some(Secret::from(format!("refresh-{number}")));
        grant.login.subject = Some(number.to_string());
        let draft = Draft {
            provider: record.provider.clone(),
            label: Some(format!("of-{number}").as_str().into()),
            source: record.source.clone(),
            material: Material::Grant(Box::new(grant)),
            at: scene.now().wall,
            entropy: u128::from(number) + 1,
        };
        store.place(&draft, &Placement::New).unwrap();
    }
    let backup = opened(&scene);
    for record in store.records().unwrap() {
        store.bury(&record.id, scene.now().wall).unwrap();
    }
    let last = store.records().unwrap().pop().unwrap().id;
    let owner = this_process(scene.now().wall);
    let held = store.try_lock(&LockName::Credential(last), &owner).unwrap().unwrap();
    let (waits, again) = (driver.clone(), backup.clone());
    let waiting = tokio::spawn(async move { waits.restore_within(again, true, Duration::from_millis(300)).await });
    let locks = settings.home.locks();
    let open_locks = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let files = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        files.filter(|file| file.starts_with(&locks)).count()
    };
    let mut most = 0;
    while !waiting.is_finished() {
        most = most.max(open_locks());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(waiting.await.unwrap().unwrap_err().code.as_str(), "lock-held");
    assert!((1..=3).contains(&most), "{most} files of locks were open at once");
    drop(held);
    let report = driver.restore(backup, true).await.unwrap();
    assert_eq!(left(&report), ["back"; 21]);
}

#[tokio::test]
async fn what_is_said_of_a_restored_grant_is_what_happened() {
    let (scene, _driver) = Scene::logged_in(Config::default()).await;
    let backup = opened(&scene);
    let (mut there, driver) = carried(&scene, &backup).await;
    let account = || driver.accounts().remove(0);
    let serves = account();
    assert!(serves.usable && serves.why.unwrap().contains("came back from a backup"));
    // Nothing brings it back by itself where nobody stays: its next use does.
    let remedy = serves.remedy.unwrap();
    assert_eq!((remedy.kind(), remedy.command()), ("wait", None));
    assert!(
        remedy.sentence().contains("whatever uses it after"),
        "{}",
        remedy.sentence()
    );
    let early = driver.refresh("acme/default").await.unwrap_err();
    assert!(early.remedy.unwrap().sentence().contains("whatever uses it after"));
    // A renewal that was not taken is none that was sent and never answered.
    scene.clock.advance(LAPSES);
    scene.control().arm("token-temporarily-unavailable").unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "transient");
    scene.control().disarm_all();
    let lapsed = account();
    assert_eq!(lapsed.health, "outcome-unknown");
    assert!(lapsed.why.unwrap().contains("came back from a backup"));
    assert!(there.grant().0.standing.is_restored());
    // Once it was, that is said.
    scene.clock.advance(Duration::from_secs(60));
    scene.control().arm("answer-lost").unwrap();
    assert_eq!(code(driver.refresh("acme/default").await), "outcome-unknown");
    let sent = account();
    assert!(sent.why.unwrap().contains("its answer never came"));
    assert!(!there.grant().0.standing.is_restored());
    there.stop_provider().await;
}

#[tokio::test]
async fn a_backup_older_than_any_claim_that_is_kept_is_not_sent() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let backup = opened(&scene);
    driver.refresh("acme/default").await.unwrap();
    driver.remove("acme/default").await.unwrap();
    scene.clock.advance(Duration::from_secs(400 * 86_400));
    // Whatever is written prunes what is old.
    scene.add_key(&driver).await;
    let before = scene.refreshes();
    let report = driver.restore(backup, true).await.unwrap();
    assert_eq!(left(&report), ["spent"]);
    assert!(token(&driver).await.is_err());
    assert_eq!(scene.refreshes(), before, "a spent token was sent again");
}

#[tokio::test]
async fn a_backup_holds_no_refresh_token_that_is_dead() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let (record, grant) = scene.grant();
    driver.logout("acme/default").await.unwrap();
    // A copy of it that another tool had: nobody sends its refresh token here.
    let settings = scene.settings();
    let store = open(&settings.home, &settings.key, Mode::ReadWrite).unwrap();
    let copy = Draft {
        provider: record.provider,
        label: Some("copy".into()),
        source: Source::Imported("codex".to_owned()),
        material: Material::Grant(Box::new(grant)),
        at: scene.now().wall,
        entropy: 7,
    };
    store.place(&copy, &Placement::New).unwrap();
    let backup = opened(&scene);
    let there = scene.beside();
    let driver = there.open();
    assert_eq!(left(&driver.restore(backup, false).await.unwrap()), ["back"]);
    assert_eq!(there.grant().1.refresh_token, None);
    scene.clock.advance(LAPSES);
    assert_eq!(token(&driver).await.unwrap_err().code.as_str(), "needs-login");
    assert_eq!(scene.refreshes(), 0);
}

/// Longer than any access token of the sandbox lives.
const LAPSES: Duration = Duration::from_secs(48 * 3_600);
