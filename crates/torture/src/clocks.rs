//! Line g: clocks that are stepped, frozen, set to 1970, that drift or begin anew; a grant is renewed in time by whichever
//! clock says so, once for each event, and no token is served past its end by either.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use evergrant_driver::clock::Clock;
use evergrant_driver::{Driver, Hooks};
use evergrant_sandbox::{Config, Running, Sandbox};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::exchange::Exchange;
use crate::gateway::Gateway;
use crate::home::{Home, PROVIDER, accepts, log_in, said};
use crate::report::Report;
use crate::run::Run;
use crate::served::{GLANCE, Served, requests};
use crate::story::{DAY, EPOCH, Event, LONG, SHORT, STORIES, Story, regular};
use crate::watch::Watch;

/// Whether requests go on, or only the keeper is awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traffic {
    Idle,
    Busy,
}

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let panics = count_panics();
    let mut report = Report::default();
    let mut sum = Case::default();
    for round in 0..run.rounds(1, 20) {
        let mut cases = JoinSet::new();
        for (number, story) in (0..).zip(&STORIES) {
            for traffic in [Traffic::Idle, Traffic::Busy] {
                let before = ASLEEP + run.random(round * 64 + number).moment(START_SPREAD);
                cases.spawn(async move {
                    let name = format!("round {round}, {}, {traffic:?}", story.name).to_lowercase();
                    let case = timeout(CASE_MAX, case(story, traffic, before, &name)).await;
                    case.with_context(|| format!("{name} hangs"))?.with_context(|| name)
                });
            }
        }
        let (one, other) = (run.clone(), run.clone());
        cases.spawn(async move { processes(&one).await.context("processes") });
        cases.spawn(async move { gateway(&other).await.context("a gateway") });
        while let Some(ended) = cases.join_next().await {
            sum.add(ended.context("a case panicked")??);
        }
    }
    let panicked = panics.load(Ordering::SeqCst);
    report.equal("panics", &panicked, &0);
    report.take(sum.report);
    report.figure("events", sum.events);
    report.figure("tokens and answers meanwhile", sum.good);
    report.figure("most refreshes beyond the regular", sum.extra);
    report.figure(
        "slowest renewal after waking",
        format!("{} ms", sum.slowest.as_millis()),
    );
    report.figure("panics", panicked);
    Ok(report)
}

/// What was seen of a story.
#[derive(Default)]
struct Case {
    events: u64,
    good: u64,
    extra: u64,
    slowest: Duration,
    report: Report,
}

impl Case {
    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.good += other.good;
        self.extra = self.extra.max(other.extra);
        self.slowest = self.slowest.max(other.slowest);
        self.report.take(other.report);
    }
}

/// One home with one login, and a driver that keeps it by a watch that things happen to.
struct Scene {
    sandbox: Running,
    home: Home,
    watch: Arc<Watch>,
    driver: Driver,
    served: Served,
}

async fn case(story: &Story, traffic: Traffic, before: Duration, name: &str) -> Result<Case> {
    let mut case = Case::default();
    let mut scene = Scene::set(story.life).await?;
    sleep(before).await;
    for (number, event) in story.events.iter().enumerate() {
        let name = format!("{name}, event {number}");
        let (before, begun) = (scene.refreshes(), Instant::now());
        scene.happen(*event)?;
        let stop = Arc::new(AtomicBool::new(false));
        let busy = (traffic == Traffic::Busy).then(|| {
            let (driver, watch, stop) = (scene.driver.clone(), Arc::clone(&scene.watch), Arc::clone(&stop));
            tokio::spawn(requests(driver, watch, std::mem::take(&mut scene.served), stop))
        });
        let wanted = event.wants_renewal();
        let mut renewed = None;
        while begun.elapsed() < if wanted { WAKING } else { LATER } {
            if renewed.is_none() && scene.refreshes() > before {
                renewed = Some(begun.elapsed());
            }
            sleep(GLANCE).await;
        }
        // One more look of the keeper, however long it meant to sleep: it finds nothing more to do.
        scene.wake(number).await?;
        stop.store(true, Ordering::SeqCst);
        if let Some(busy) = busy {
            scene.served = busy.await.context("the requests panicked")?;
            for fault in scene.served.faults.drain(..) {
                case.report.fault(format!("{name}: {fault}"));
            }
        }
        let refreshes = scene.refreshes() - before;
        let regular = regular(story.life, begun.elapsed());
        case.events += 1;
        case.extra = case.extra.max(refreshes.saturating_sub(regular));
        case.report.check(refreshes <= regular + 1, || {
            format!("{name}: {refreshes} refreshes, of which {regular} can be regular")
        });
        if wanted {
            case.report
                .check(renewed.is_some(), || format!("{name}: not renewed within 30 s"));
            case.slowest = case.slowest.max(renewed.unwrap_or_default());
        }
    }
    case.good = scene.served.good;
    let counters = scene.sandbox.control().counters();
    case.report
        .equal(&format!("{name}: reuses"), &counters.refresh_reuses, &0);
    case.report
        .equal(&format!("{name}: families revoked"), &counters.families_revoked, &0);
    Ok(case)
}

impl Scene {
    async fn set(life: Duration) -> Result<Self> {
        let sandbox = Sandbox::start(Config {
            access_token_lifetime_secs: life.as_secs(),
            ..Config::default()
        })
        .await?;
        let home = Home::with(&sandbox)?;
        let watch = Arc::new(Watch::new());
        let driver = open(&home, &watch)?;
        log_in(&driver).await?;
        let mut served = Served::new(life);
        served.look(&driver, &watch).await;
        driver.stay();
        Ok(Self {
            sandbox,
            home,
            watch,
            driver,
            served,
        })
    }

    fn refreshes(&self) -> u64 {
        self.sandbox.control().counters().refreshes
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        let provider = self.sandbox.control();
        match event {
            Event::StepWanting(secs) | Event::Step(secs) => self.watch.step(secs),
            Event::Drift(millis) => self.watch.drift(millis),
            Event::Frozen(secs) => {
                provider.advance(Duration::from_secs(secs));
                self.watch.step(i64::try_from(secs)?);
            }
            Event::Slept(secs) => {
                provider.advance(Duration::from_secs(secs));
                self.watch.step_boot(i64::try_from(secs)?);
                self.watch.step(i64::try_from(secs)?);
            }
            Event::Reboot(secs) => {
                self.watch.reboot();
                self.watch.step(secs);
                self.reopen()?;
            }
            Event::Off(secs) => {
                provider.advance(Duration::from_secs(secs));
                self.watch.reboot();
                self.watch.step(i64::try_from(secs)?);
                self.reopen()?;
            }
        }
        Ok(())
    }

    /// No process outlives a restart of its machine.
    fn reopen(&mut self) -> Result<()> {
        self.driver = open(&self.home, &self.watch)?;
        self.driver.stay();
        Ok(())
    }

    /// A change in the store is what wakes a keeper before its half minute is over.
    async fn wake(&self, number: usize) -> Result<()> {
        let account = self.driver.accounts().into_iter().next().context("no credential")?;
        let priority = i32::try_from(number)? + 1;
        let changed = self.driver.prioritise(account.id.as_str(), priority).await;
        changed.map_err(said)?;
        sleep(AWAKE).await;
        Ok(())
    }
}

fn open(home: &Home, watch: &Arc<Watch>) -> Result<Driver> {
    let clock: Arc<dyn Clock> = Arc::clone(watch) as Arc<dyn Clock>;
    let hooks = Hooks {
        clock: Some(clock),
        ..Hooks::default()
    };
    Driver::open_with(home.settings()?, hooks).map_err(said)
}

/// Real processes, one after the other, each with the wall clock somewhere else: one refresh for the step ahead, and none
/// for the others.
async fn processes(run: &Run) -> Result<Case> {
    let mut case = Case::default();
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: LONG.as_secs(),
        ..Config::default()
    })
    .await?;
    let home = Home::logged_in(&sandbox).await?;
    let mut before = 0;
    for (ahead, wanted) in [(0, 0), (DAY, 1), (0, 0), (-DAY, 0), (-EPOCH, 0), (0, 0)] {
        let mut command = home.evergrant(run, &["token", PROVIDER, "--json"]);
        let output = command.env(AHEAD, ahead.to_string()).output().await?;
        let exchange = Exchange::of(output);
        let token = exchange.access_token();
        let taken = match &token {
            Some(token) => accepts(&sandbox, token).await,
            None => false,
        };
        let name = format!("a process {ahead} s ahead");
        case.report.check(taken, || format!("{name}: no token: {exchange:?}"));
        let refreshes = sandbox.control().counters().refreshes;
        case.report
            .equal(&format!("{name}: refreshes"), &(refreshes - before), &wanted);
        before = refreshes;
        case.events += 1;
        case.good += u64::from(taken);
    }
    Ok(case)
}

/// A real gateway that starts a day behind what its grant was written at.
async fn gateway(run: &Run) -> Result<Case> {
    let mut case = Case::default();
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: SHORT.as_secs(),
        ..Config::default()
    })
    .await?;
    let mut home = Home::logged_in(&sandbox).await?;
    home.set(AHEAD, &(-DAY).to_string());
    let begun = Instant::now();
    let gateway = Gateway::start(&home, run).await?;
    sleep(WAKING).await;
    let refreshes = sandbox.control().counters().refreshes;
    let regular = regular(SHORT, begun.elapsed());
    let told = gateway.ask().await;
    case.report.check((1..=regular + 1).contains(&refreshes), || {
        format!("a gateway a day behind: {refreshes} refreshes, of which {regular} can be regular")
    });
    case.report
        .check(told.is_ok(), || format!("a gateway a day behind: {told:?}"));
    case.events += 1;
    case.good += u64::from(told.is_ok());
    Ok(case)
}

/// A keeper that panics would only be missed; the count is shown.
fn count_panics() -> Arc<AtomicU64> {
    let panics = Arc::<AtomicU64>::default();
    let (counted, usual) = (Arc::clone(&panics), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        counted.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
    panics
}

/// What moves the wall clock of a real process.
const AHEAD: &str = "EVERGRANT_WALL_AHEAD_SECS";

/// 30 s after waking everything is renewed that has to be.
const WAKING: Duration = Duration::from_secs(30);

/// 10 s for events after which nothing is wanted; then the keeper is woken to show it.
const LATER: Duration = Duration::from_secs(10);

/// What a keeper that is woken takes to renew, on a busy machine.
const AWAKE: Duration = Duration::from_millis(1_500);

/// When this is over the keeper has looked once, and sleeps.
const ASLEEP: Duration = Duration::from_millis(800);

/// Events fall into its sleep somewhere.
const START_SPREAD: Duration = Duration::from_secs(5);

/// 120 s: the longest story and the login before it take half of it.
const CASE_MAX: Duration = Duration::from_secs(120);
