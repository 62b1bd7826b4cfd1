//! The keeper: ahead of time, by both clocks, one grant apart from the other, and never in a loop without a wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use evergrant_driver::clock::{Clock, SystemClock};
use evergrant_driver::{Driver, Hooks, Target};
use evergrant_engine::time::Moment;
use evergrant_sandbox::{Config, Order, Sandbox};
use tokio::time::{Instant, sleep};

use super::scene::Scene;

/// The system's clocks, the wall ahead of them by so much, and by as much again at each look.
#[derive(Default)]
struct Stepped {
    clock: SystemClock,
    ahead: AtomicI64,
    racing: AtomicI64,
}

impl Stepped {
    fn step(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Moment {
        let mut now = self.clock.now();
        self.step(self.racing.load(Ordering::SeqCst));
        let ahead = self.ahead.load(Ordering::SeqCst);
        let by = Duration::from_millis(ahead.unsigned_abs());
        now.wall = if ahead < 0 {
            now.wall.minus(by)
        } else {
            now.wall.plus(by)
        };
        now
    }
}

fn living(secs: u64) -> Config {
    Config {
        access_token_lifetime_secs: secs,
        ..Config::default()
    }
}

async fn logged_in(config: Config) -> (Scene, Driver, Arc<Stepped>) {
    let scene = Scene::start(config).await;
    let clock = Arc::new(Stepped::default());
    let driver = open(&scene, &clock);
    scene.log_in(&driver).await;
    (scene, driver, clock)
}

fn open(scene: &Scene, clock: &Arc<Stepped>) -> Driver {
    let hooks = Hooks {
        clock: Some(Arc::clone(clock) as Arc<dyn Clock>),
        ..Hooks::default()
    };
    Driver::open_with(scene.settings(), hooks).unwrap()
}

async fn until(limit: Duration, mut so: impl FnMut() -> bool) -> Option<Duration> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if so() {
            return Some(begun.elapsed());
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_renewed_ahead_of_its_expiry_and_status_says_when() {
    let (scene, driver, clock) = logged_in(living(6)).await;
    let told = driver.accounts()[0].next_refresh_at.unwrap();
    driver.stay();
    until(Duration::from_secs(8), || scene.refreshes() == 1).await.unwrap();
    let apart = clock.now().wall.since(told).max(told.since(clock.now().wall));
    assert!(apart < Duration::from_millis(1_500), "{apart:?} from what was told");
    until(Duration::from_secs(2), || scene.grant().0.generation.0 == 2)
        .await
        .unwrap();
    assert_eq!(scene.control().counters().families_revoked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_that_is_stepped_back_strands_no_renewal() {
    let (scene, driver, clock) = logged_in(living(4)).await;
    driver.stay();
    clock.step(-86_400_000);
    let renewed = until(Duration::from_secs(8), || scene.refreshes() == 1).await;
    assert!(
        renewed.is_some(),
        "not renewed, though the boot clock says that it is time"
    );
    let next = driver.accounts()[0].next_refresh_at.unwrap();
    assert!(next.since(clock.now().wall) < Duration::from_secs(5), "told for {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_that_is_stepped_costs_one_renewal_at_most() {
    let (scene, driver, clock) = logged_in(living(3_600)).await;
    driver.stay();
    clock.step(86_400_000);
    // A look at the store is what wakes the keeper before its half minute is over.
    driver.prioritise("acme/default", 7).await.unwrap();
    until(Duration::from_secs(5), || scene.refreshes() == 1).await.unwrap();
    until(Duration::from_secs(2), || scene.grant().0.generation.0 == 2)
        .await
        .unwrap();
    clock.step(-2 * 86_400_000);
    driver.prioritise("acme/default", 8).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_races_provokes_no_loop() {
    let (scene, driver, clock) = logged_in(living(3_600)).await;
    clock.racing.store(7_200_000, Ordering::SeqCst);
    driver.stay();
    sleep(Duration::from_secs(4)).await;
    // At once, and then after one second at least each time.
    assert!((1..=4).contains(&scene.refreshes()), "{}", scene.refreshes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_tokens_are_due_at_once_provokes_no_loop() {
    let (scene, driver, _) = logged_in(living(1)).await;
    driver.stay();
    sleep(Duration::from_secs(5)).await;
    assert!((1..=5).contains(&scene.refreshes()), "{}", scene.refreshes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_grants_are_idle_at_once_provokes_no_loop() {
    let scene = Scene::start(living(3_600)).await;
    let file = scene.settings().home.providers().join("acme.toml");
    let row = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, row.replace("[oauth]\n", "[oauth]\nidle_days = 0\n")).unwrap();
    let driver = Driver::open(scene.settings()).unwrap();
    scene.log_in(&driver).await;
    driver.stay();
    sleep(Duration::from_secs(4)).await;
    assert!((1..=4).contains(&scene.refreshes()), "{}", scene.refreshes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_grant_is_renewed_before_it_idles_out() {
    let scene = Scene::start(living(90 * 86_400)).await;
    let file = scene.settings().home.providers().join("acme.toml");
    let row = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, row.replace("[oauth]\n", "[oauth]\nidle_days = 30\n")).unwrap();
    let clock = Arc::new(Stepped::default());
    let driver = open(&scene, &clock);
    scene.log_in(&driver).await;
    clock.step(19 * 86_400_000);
    driver.stay();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.refreshes(), 0);
    clock.step(86_400_000);
    driver.prioritise("acme/default", 7).await.unwrap();
    until(Duration::from_secs(5), || scene.refreshes() == 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_asks_to_wait_is_waited_and_status_says_so() {
    let (scene, driver, clock) = logged_in(living(4)).await;
    scene
        .control()
        .arm(Order::new("token-429").with("retry_after_secs", 5))
        .unwrap();
    driver.stay();
    until(Duration::from_secs(8), || scene.refreshes() == 1).await.unwrap();
    sleep(Duration::from_millis(500)).await;
    scene.control().disarm_all();
    let told = driver.accounts()[0].next_refresh_at.unwrap();
    let left = told.since(clock.now().wall);
    assert!(
        (Duration::from_secs(3)..Duration::from_secs(6)).contains(&left),
        "told for in {left:?}"
    );
    let tried = until(Duration::from_secs(10), || scene.refreshes() == 2).await.unwrap();
    assert!(tried >= Duration::from_secs(3), "after {tried:?}");
    until(Duration::from_secs(2), || scene.grant().0.generation.0 == 2)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_answers_holds_up_nobody_else() {
    let scene = Scene::start(living(3)).await;
    let silent = Sandbox::start(living(3)).await.unwrap();
    let rows = scene.settings().home.providers();
    std::fs::write(rows.join("silent.toml"), silent.provider_row("silent")).unwrap();
    let driver = Driver::open(scene.settings()).unwrap();
    scene.log_in(&driver).await;
    scene.log_in_at(&driver, "silent").await;
    silent.control().arm("token-hang").unwrap();
    driver.stay();
    until(Duration::from_secs(6), || silent.control().counters().refreshes == 1)
        .await
        .unwrap();
    let before = scene.refreshes();
    // Three lives of the other: it is renewed through all of them.
    sleep(Duration::from_secs(9)).await;
    assert!(scene.refreshes() >= before + 3, "{} after {before}", scene.refreshes());
    assert_eq!(silent.control().counters().refreshes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_does_not_wait_for_a_renewal_longer_than_its_token_serves() {
    let (scene, driver, clock) = logged_in(living(40)).await;
    scene.control().arm("token-hang").unwrap();
    let acme = Target::parse("acme").unwrap();
    let first = driver.token(&acme, Duration::ZERO).await.unwrap();
    // Below four seconds a caller asks for a renewal, which is never answered.
    clock.step(37_000);
    let begun = Instant::now();
    let token = driver.token(&acme, Duration::ZERO).await.unwrap();
    assert_eq!(token.access_token, first.access_token);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // The renewal goes on without the caller.
    until(Duration::from_secs(5), || scene.refreshes() == 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_a_provider_sets_is_told_in_time_and_is_the_reason_afterwards() {
    let scene = Scene::start(Config::default()).await;
    let file = scene.settings().home.providers().join("acme.toml");
    let row = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, row.replace("[oauth]\n", "[oauth]\nhard_end_days = 30\n")).unwrap();
    let clock = Arc::new(Stepped::default());
    let driver = open(&scene, &clock);
    let login = clock.now().wall;
    scene.log_in(&driver).await;
    let of = |driver: &Driver| driver.accounts().remove(0);
    let end = of(&driver).hard_end_at.unwrap();
    assert!(end.since(login) >= Duration::from_secs(30 * 86_400));
    assert_eq!((of(&driver).why, of(&driver).remedy), (None, None));
    clock.step(24 * 86_400_000);
    driver.refresh("acme/default").await.unwrap();
    let account = of(&driver);
    assert_eq!(
        (account.health, account.hard_end_at),
        ("ready", Some(end)),
        "a renewal moves no hard end"
    );
    assert!(account.why.unwrap().contains(&end.to_string()));
    let command = account.remedy.and_then(|remedy| remedy.command()).unwrap();
    assert!(command.starts_with("evergrant login acme"), "{command}");
    clock.step(7 * 86_400_000);
    scene.control().arm("token-invalid-grant").unwrap();
    let failure = driver.refresh("acme/default").await.unwrap_err();
    assert_eq!(failure.code.as_str(), "needs-login");
    assert!(failure.message.contains(&end.to_string()), "{}", failure.message);
    let account = of(&driver);
    assert_eq!(account.health, "needs-login");
    assert!(account.why.unwrap().contains(&end.to_string()));
    assert!(matches!(
        scene.grant().0.standing.health,
        evergrant_engine::store::Health::Quarantined { .. }
    ));
}
