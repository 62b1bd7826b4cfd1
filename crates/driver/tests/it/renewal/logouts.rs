//! Logging out: whatever the provider says, whoever renews meanwhile, and however late its answer comes.

use std::time::{Duration, Instant};

use evergrant_driver::{Driver, Flow, LogoutEnd};
use evergrant_engine::credential::Material;
use evergrant_engine::store::Health;
use evergrant_sandbox::{Config, Order};
use serde_json::json;

use super::scene::{Scene, code};

/// The provider answers every revocation with this.
fn refuse(scene: &Scene, status: u64, headers: serde_json::Value) {
    let order = Order::new("respond")
        .with("path", "/oauth2/revoke")
        .with("status", status)
        .with("headers", headers)
        .with("body", "busy");
    scene.control().arm(order).unwrap();
}

/// What still waits, as the home has it on disk.
fn waiting(scene: &Scene) -> Vec<&'static str> {
    let holdings = evergrant_driver::holdings(&scene.settings()).unwrap();
    holdings.revocations.iter().map(|one| one.token).collect()
}

fn revocations(scene: &Scene) -> usize {
    let log = scene.control().log();
    log.iter().filter(|seen| seen.path == "/oauth2/revoke").count()
}

#[track_caller]
fn buried(scene: &Scene) {
    for record in scene.records() {
        assert_eq!(record.material, Material::Gone);
        assert!(matches!(record.standing.health, Health::LoggedOut { .. }));
    }
    let locks = scene.settings().home.locks();
    let journals = std::fs::read_dir(locks).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".journal")
    });
    assert_eq!(journals.count(), 0);
}

/// A renewal whose answer is on its way: the provider has rotated already.
async fn flying(scene: &Scene, driver: &Driver) -> tokio::task::JoinHandle<&'static str> {
    let before = scene.refreshes();
    let flying = driver.clone();
    let flight = tokio::spawn(async move { code(flying.refresh("acme/default").await) });
    while scene.refreshes() == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    flight
}

#[tokio::test]
async fn the_refresh_token_is_revoked_and_then_the_access_token() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let (record, grant) = scene.grant();
    let logout = driver.logout("acme/default").await.unwrap();
    assert_eq!((logout.end, logout.queued), (LogoutEnd::Revoked, Vec::new()));
    assert_eq!(logout.account.label, record.label);
    let fields = |seen: &evergrant_sandbox::Seen| (seen.fields.join(" "), seen.body_sha256.clone());
    let seen: Vec<_> = scene.control().log();
    let asked: Vec<_> = seen
        .iter()
        .filter(|seen| seen.path == "/oauth2/revoke")
        .map(fields)
        .collect();
    let body = |token: &str, hint: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token)
            .append_pair("token_type_hint", hint)
            .append_pair("client_id", &grant.login.authority.client_id);
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(form.finish().as_bytes()))
    };
    let names = "token token_type_hint client_id".to_owned();
    assert_eq!(
        asked,
        [
            (
                names.clone(),
                body(grant.refresh_token.as_ref().unwrap().expose(), "refresh_token")
            ),
            (names, body(grant.access_token.expose(), "access_token")),
        ]
    );
    buried(&scene);
    assert_eq!(waiting(&scene), [""; 0]);
    assert_eq!(scene.control().state().live_access_tokens, 0);
}

#[tokio::test]
async fn what_the_provider_does_not_revoke_is_queued_and_tried_by_the_next_logout() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    refuse(&scene, 503, json!({"retry-after": "120"}));
    let logout = driver.logout("acme/default").await.unwrap();
    let LogoutEnd::Queued(failure) = &logout.end else {
        panic!("{logout:?}")
    };
    assert!(failure.message.contains("HTTP 503: busy"), "{failure}");
    buried(&scene);
    assert_eq!(waiting(&scene), ["refresh", "access"]);
    let waits = &logout.queued[0];
    assert_eq!(waits.tries, 1);
    assert_eq!(waits.next_try_at.since(scene.now().wall), Duration::from_secs(120));
    assert!(waits.why.as_ref().unwrap().contains("503"));
    // Another process, another credential: whoever logs out is owed one try, whatever hold there is.
    scene.control().disarm("respond");
    drop(driver);
    let driver = scene.open();
    scene.add_key(&driver).await;
    let logout = driver.logout("acme-key/default").await.unwrap();
    assert_eq!(logout.end, LogoutEnd::Nothing);
    assert_eq!(logout.queued, []);
    assert_eq!(waiting(&scene), [""; 0]);
    assert_eq!(scene.control().state().live_refresh_tokens, 0);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_asked_once() {
    let (mut scene, driver) = Scene::logged_in(Config::default()).await;
    scene.stop_provider().await;
    let logout = driver.logout("acme/default").await.unwrap();
    assert!(matches!(logout.end, LogoutEnd::Queued(_)), "{logout:?}");
    assert_eq!(
        logout.queued.iter().map(|one| one.tries).collect::<Vec<_>>(),
        [1, 0],
        "the access token is not tried where the refresh token met nobody"
    );
    assert!(logout.queued.iter().all(|one| one.why.is_some()));
    buried(&scene);
}

#[tokio::test]
async fn a_provider_that_hangs_is_left_after_ten_seconds() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let hang = Order::new("respond")
        .with("path", "/oauth2/revoke")
        .with("delay_ms", 60_000);
    scene.control().arm(hang).unwrap();
    let began = Instant::now();
    let logout = driver.logout("acme/default").await.unwrap();
    let took = began.elapsed();
    assert!((9..13).contains(&took.as_secs()), "{took:?}");
    assert!(matches!(logout.end, LogoutEnd::Queued(_)), "{logout:?}");
    buried(&scene);
    assert_eq!(waiting(&scene), ["refresh", "access"]);
}

#[tokio::test]
async fn a_kind_of_token_that_cannot_be_revoked_is_not_queued() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let unsupported = Order::new("respond")
        .with("path", "/oauth2/revoke")
        .with("status", 400)
        .with("body", json!({"error": "unsupported_token_type"}));
    scene.control().arm(unsupported).unwrap();
    let logout = driver.logout("acme/default").await.unwrap();
    assert_eq!((logout.end, logout.queued), (LogoutEnd::Unsupported, Vec::new()));
    buried(&scene);
}

#[tokio::test]
async fn a_provider_without_a_revocation_endpoint_is_told_and_nothing_is_queued() {
    let scene = Scene::start(Config::default()).await;
    scene.rewrite_row(|row| {
        let issuer = row.lines().find(|line| line.starts_with("issuer")).unwrap().to_owned();
        let origin = issuer.split('"').nth(1).unwrap();
        let own = format!(
            "authorization_endpoint = \"{origin}/oauth2/authorize\"\ntoken_endpoint = \"{origin}/oauth2/token\"\n\
             device_authorization_endpoint = \"{origin}/oauth2/device/code\""
        );
        row.replace(&issuer, &own)
    });
    let driver = scene.open();
    scene.log_in(&driver).await;
    let logout = driver.logout("acme/default").await.unwrap();
    assert_eq!((logout.end, logout.queued), (LogoutEnd::Unsupported, Vec::new()));
    assert_eq!(revocations(&scene), 0);
    buried(&scene);
}

#[tokio::test]
async fn a_row_that_says_the_rest_leaves_the_revocation_to_its_issuer() {
    let scene = Scene::start(Config::default()).await;
    scene.rewrite_row(|row| {
        let issuer = row.lines().find(|line| line.starts_with("issuer")).unwrap().to_owned();
        let origin = issuer.split('"').nth(1).unwrap();
        let own = format!(
            "{issuer}\nauthorization_endpoint = \"{origin}/oauth2/authorize\"\ntoken_endpoint = \"{origin}/oauth2/token\"\n\
             device_authorization_endpoint = \"{origin}/oauth2/device/code\""
        );
        row.replace(&issuer, &own)
    });
    let driver = scene.open();
    scene.log_in(&driver).await;
    assert_eq!(driver.logout("acme/default").await.unwrap().end, LogoutEnd::Revoked);
    assert_eq!(revocations(&scene), 2);
}

#[tokio::test]
async fn nothing_is_shown_to_a_row_that_changed_after_the_login() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    drop(driver);
    scene.rewrite_row(|row| {
        let client = row
            .lines()
            .find(|line| line.starts_with("client_id"))
            .unwrap()
            .to_owned();
        row.replace(&client, "client_id = \"another\"")
    });
    let logout = scene.open().logout("acme/default").await.unwrap();
    let LogoutEnd::Queued(failure) = logout.end else {
        panic!("{logout:?}")
    };
    assert_eq!(failure.code.as_str(), "row-changed");
    assert_eq!(revocations(&scene), 0);
    assert_eq!(waiting(&scene), ["refresh", "access"]);
    buried(&scene);
}

#[tokio::test]
async fn a_removal_revokes_nothing_not_even_what_comes_later() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 300))
        .unwrap();
    let flight = flying(&scene, &driver).await;
    driver.remove("acme/default").await.unwrap();
    assert_eq!(flight.await.unwrap(), "needs-login");
    driver.land().await;
    buried(&scene);
    assert_eq!((revocations(&scene), waiting(&scene).len()), (0, 0));
}

#[tokio::test]
async fn a_logout_lets_a_renewal_under_way_end_and_revokes_what_it_brought() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 300))
        .unwrap();
    let flying_by = driver.clone();
    let flight = tokio::spawn(async move { flying_by.refresh("acme/default").await.unwrap().generation });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // By another process than the one that renews.
    let logout = scene.open().logout("acme/default").await.unwrap();
    assert_eq!(logout.account.generation, flight.await.unwrap());
    assert_eq!(logout.end, LogoutEnd::Revoked);
    assert_eq!(revocations(&scene), 2);
    buried(&scene);
}

#[tokio::test]
async fn a_renewal_that_ends_after_the_logout_brings_nothing_back() {
    for (refused, left) in [(false, 0), (true, 4)] {
        let (scene, driver) = Scene::logged_in(Config::default()).await;
        scene
            .control()
            .arm(Order::new("answer-slow").with("delay_ms", 300))
            .unwrap();
        if refused {
            refuse(&scene, 500, json!({}));
        }
        let flight = flying(&scene, &driver).await;
        // In this process or in another one.
        let by = if refused { scene.open() } else { driver.clone() };
        let logout = by.logout_within("acme/default", Duration::ZERO).await.unwrap();
        assert_eq!(matches!(logout.end, LogoutEnd::Queued(_)), refused);
        assert_eq!(flight.await.unwrap(), "needs-login");
        driver.land().await;
        buried(&scene);
        assert_eq!(revocations(&scene), 4, "both tokens of both generations");
        assert_eq!(waiting(&scene).len(), left);
        assert_eq!(code(driver.refresh("acme/default").await), "unknown-credential");
        let again = scene.open();
        assert!(again.accounts().iter().all(|account| !account.usable));
    }
}

#[tokio::test]
async fn a_renewal_that_has_not_sent_yet_does_not() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    // It waits for another one's lock, as far as it can see.
    let settings = scene.settings();
    let store = evergrant_driver::store::open(&settings.home, &settings.key, evergrant_driver::store::Mode::ReadWrite);
    let store = store.unwrap();
    let name = evergrant_driver::store::LockName::Credential(scene.grant().0.id);
    let owner = evergrant_driver::store::this_process(scene.now().wall);
    let held = store.try_lock(&name, &owner).unwrap().unwrap();
    let flying_by = driver.clone();
    let flight = tokio::spawn(async move { code(flying_by.refresh("acme/default").await) });
    while scene.steps.lock().unwrap().len() < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let logout = scene
        .open()
        .logout_within("acme/default", Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(logout.end, LogoutEnd::Revoked);
    drop(held);
    assert_eq!(flight.await.unwrap(), "needs-login");
    assert_eq!(scene.refreshes(), 0);
    buried(&scene);
}

#[tokio::test]
async fn whoever_stays_goes_on_revoking() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    refuse(&scene, 503, json!({"retry-after": "7"}));
    driver.logout("acme/default").await.unwrap();
    assert_eq!(waiting(&scene), ["refresh", "access"]);
    let before = revocations(&scene);
    scene.control().disarm("respond");
    let gateway = scene.open();
    gateway.stay();
    scene.clock.advance(Duration::from_secs(8));
    let deadline = Instant::now() + Duration::from_secs(20);
    while !waiting(&scene).is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(waiting(&scene), [""; 0]);
    assert_eq!(revocations(&scene), before + 2);
    assert_eq!(scene.control().state().live_refresh_tokens, 0);
}

#[tokio::test]
async fn what_has_waited_for_thirty_days_is_given_up() {
    let (mut scene, driver) = Scene::logged_in(Config::default()).await;
    scene.stop_provider().await;
    driver.logout("acme/default").await.unwrap();
    scene.clock.advance(Duration::from_secs(30 * 24 * 3_600));
    let gateway = scene.open();
    gateway.stay();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !waiting(&scene).is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(waiting(&scene), [""; 0]);
}

#[tokio::test]
async fn a_login_after_a_logout_is_a_login_like_any_other() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    scene
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 400))
        .unwrap();
    let flying_by = driver.clone();
    let flight = tokio::spawn(async move { flying_by.refresh("acme/default").await });
    while scene.refreshes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    driver.logout_within("acme/default", Duration::ZERO).await.unwrap();
    scene.control().disarm("answer-slow");
    let account = scene.log_in(&scene.open()).await;
    assert_eq!(account.source, format!("login:{}", Flow::Browser.as_str()));
    let (record, grant) = scene.grant();
    // The late answer of the old grant finds a newer login in its place, and does not touch it.
    let renewed = flight.await.unwrap().unwrap();
    assert_eq!(renewed.generation, record.generation, "the newer login is adopted");
    driver.land().await;
    assert_eq!(scene.grant(), (record, grant));
    let queued = evergrant_driver::holdings(&scene.settings()).unwrap().revocations;
    assert_eq!(queued.len(), 2, "what it brought is still to be revoked");
    scene.open().refresh("acme/default").await.unwrap();
}

#[tokio::test]
async fn what_waits_is_tried_though_nothing_else_is_left_of_its_credential() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    refuse(&scene, 503, json!({}));
    driver.logout("acme/default").await.unwrap();
    drop(driver);
    let database = scene.settings().home.database().to_owned();
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.execute("DELETE FROM credential", []).unwrap();
    drop(connection);
    assert!(scene.records().is_empty());
    assert_eq!(waiting(&scene), ["refresh", "access"], "it is still shown");
    scene.control().disarm("respond");
    let driver = scene.open();
    let logout = driver.logout("acme/default").await.unwrap();
    assert_eq!((logout.end, logout.queued), (LogoutEnd::Revoked, Vec::new()));
    assert_eq!(waiting(&scene), Vec::<&str>::new());
    let unknown = driver.logout("acme/default").await.unwrap_err();
    assert_eq!(unknown.code.as_str(), "unknown-credential");
}
