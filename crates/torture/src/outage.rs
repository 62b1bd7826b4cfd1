//! Line k: the token endpoint is out of order in each of the known ways; who has a valid token does not notice, nobody is
//! logged out, the endpoint is not hammered, and everything works again within seconds of its return.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use evergrant_driver::Driver;
use evergrant_driver::clock::{Clock as _, SystemClock};
use evergrant_driver::store::{Mode, open};
use evergrant_sandbox::{Config, Control, Order, Running, Sandbox};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::gateway::Gateway;
use crate::home::{Home, log_in, said};
use crate::report::Report;
use crate::road::{Road, State};
use crate::run::Run;

/// How the endpoint is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 503 with a page.
    Unavailable,
    /// 500 with a JSON error: nothing tells whether the token was taken.
    Broken,
    /// 429 with Retry-After.
    Limited,
    /// Connections are accepted and never answered; they break when it is over.
    Hole,
    /// The same, and they stay silent when it is over.
    SilentHole,
    /// Connections are refused.
    Gone,
    /// Answers come drop by drop.
    Slow,
}

/// Whether the access token lapses during the outage, or is only due for renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lapse {
    Inside,
    Outside,
}

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let outage = Duration::from_secs(run.rounds(180, 7_200));
    let mut report = Report::default();
    let mut cases = JoinSet::new();
    let mut number = 0;
    for kind in [
        Kind::Unavailable,
        Kind::Broken,
        Kind::Limited,
        Kind::Hole,
        Kind::SilentHole,
        Kind::Gone,
        Kind::Slow,
    ] {
        for lapse in [Lapse::Inside, Lapse::Outside] {
            let run = run.clone();
            number += 1;
            cases.spawn(async move {
                let name = format!("{kind:?}, lapse {lapse:?}").to_lowercase();
                let done = case(kind, lapse, outage, number, &name, &run).await;
                done.with_context(|| name)
            });
        }
    }
    let (mut requests, mut tries, mut slowest) = (0, 0, Duration::ZERO);
    let (mut silent, mut failed, mut failed_late) = (Duration::ZERO, 0, 0);
    while let Some(ended) = cases.join_next().await {
        let case = ended.context("a case panicked")??;
        failed += case.failed;
        failed_late += case.failed_late;
        requests += case.requests;
        tries += case.tries;
        match case.kind {
            Kind::SilentHole => silent = silent.max(case.recovery.unwrap_or_default()),
            _ => slowest = slowest.max(case.recovery.unwrap_or_default()),
        }
        report.take(case.report);
    }
    report.figure("outages", number);
    report.figure("each", format!("{} s", outage.as_secs()));
    report.figure("requests", requests);
    report.figure("failed without a valid token", failed);
    report.figure("of these sent after the end", failed_late);
    report.figure("tries at token endpoints meanwhile", tries);
    report.figure("slowest recovery", format!("{} ms", slowest.as_millis()));
    report.figure(
        "where old connections stay silent",
        format!("{} ms", silent.as_millis()),
    );
    Ok(report)
}

struct Case {
    kind: Kind,
    requests: usize,
    tries: u64,
    recovery: Option<Duration>,
    failed: u64,
    failed_late: u64,
    report: Report,
}

/// A provider whose token endpoint can be cut off, and a gateway with one login there.
struct Scene {
    sandbox: Running,
    road: Road,
    home: Home,
    gateway: Gateway,
}

/// A request through the gateway.
struct Asked {
    at: u64,
    done: u64,
    told: Result<(), String>,
}

async fn case(kind: Kind, lapse: Lapse, outage: Duration, number: u64, name: &str, run: &Run) -> Result<Case> {
    // Silent connections go on for their 60 s after the outage; for all of it to fit in, it is shorter.
    let outage = match kind {
        Kind::SilentHole => outage - ANSWER_PATIENCE,
        _ => outage,
    };
    let life = match lapse {
        Lapse::Inside => LIFE_INSIDE,
        // A quarter of its life before its end, or a minute, it is due: shortly before the outage is over.
        Lapse::Outside => (outage + DUE_BEFORE).min(outage * 5 / 4),
    };
    let scene = Scene::set(life, run).await?;
    let control = scene.sandbox.control();
    let before = control.counters().refreshes;

    scene.begin(kind)?;
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    let gateway = Arc::new(scene.gateway);
    let over = begun + outage;
    let watched = over + recovery_within(kind) + WATCH;
    let mut next = begun + run.random(number).moment(ASK_EVERY);
    let mut tries = None;
    let mut over_ms = u64::MAX;
    while next < watched {
        sleep_until(next).await;
        if tries.is_none() && Instant::now() >= over {
            tries = Some(tried(&scene.home, &scene.road, &control, kind, before)?);
            end(kind, &scene.road, &control);
            over_ms = wall_ms();
        }
        let gateway = Arc::clone(&gateway);
        asking.spawn(async move {
            let at = wall_ms();
            let told = gateway.ask().await;
            let done = wall_ms();
            Asked { at, done, told }
        });
        next += ASK_EVERY;
    }
    let mut asked = Vec::new();
    while let Some(ended) = asking.join_next().await {
        asked.push(ended?);
    }
    let mut case = Case {
        kind,
        requests: asked.len(),
        tries: tries.unwrap_or(0),
        recovery: None,
        failed: 0,
        failed_late: 0,
        report: Report::default(),
    };
    case.judge(name, &asked, over_ms, &control, life);
    case.bound(name, lapse, outage);
    let credential = scene.home.credential(run).await?;
    let health = credential["health"].as_str().unwrap_or_default().to_owned();
    let wanted: &[&str] = match (kind, lapse) {
        // Nothing is sent again before the access token lapses.
        (Kind::Unavailable | Kind::Broken | Kind::Hole | Kind::SilentHole, Lapse::Outside) => {
            &["ready", "outcome-unknown"]
        }
        _ => &["ready"],
    };
    case.report.check(wanted.contains(&health.as_str()), || {
        format!("{name}: health `{health}`: {credential}")
    });
    let counters = control.counters();
    case.report
        .equal(&format!("{name}: families revoked"), &counters.families_revoked, &0);
    case.report
        .equal(&format!("{name}: reuses"), &counters.refresh_reuses, &0);
    Ok(case)
}

impl Scene {
    async fn set(life: Duration, run: &Run) -> Result<Self> {
        let sandbox = Sandbox::start(Config {
            access_token_lifetime_secs: life.as_secs(),
            ..Config::default()
        })
        .await?;
        let road = Road::to(sandbox.address())?;
        let home = Home::with(&sandbox)?;
        let file = home.path().join("providers.d/acme.toml");
        let row = std::fs::read_to_string(&file)?;
        let endpoint = format!("[oauth]\ntoken_endpoint = \"http://{}/oauth2/token\"\n", road.address());
        std::fs::write(&file, row.replace("[oauth]\n", &endpoint))?;
        log_in(&Driver::open(home.settings()?).map_err(said)?).await?;
        let gateway = Gateway::start(&home, run).await?;
        Ok(Self {
            sandbox,
            road,
            home,
            gateway,
        })
    }

    fn begin(&self, kind: Kind) -> Result<()> {
        let control = self.sandbox.control();
        match kind {
            Kind::Unavailable => control.arm("token-503")?,
            Kind::Broken => control.arm("token-500")?,
            Kind::Limited => control.arm(Order::new("token-429").with("retry_after_secs", RETRY_AFTER.as_secs()))?,
            Kind::Hole => self.road.set(State::Hole),
            Kind::SilentHole => self.road.set(State::SilentHole),
            Kind::Gone => self.road.set(State::Gone),
            Kind::Slow => self.road.set(State::Slow),
        }
        Ok(())
    }
}

fn end(kind: Kind, road: &Road, control: &Control) {
    match kind {
        Kind::Unavailable | Kind::Broken | Kind::Limited => control.disarm_all(),
        Kind::Hole | Kind::SilentHole | Kind::Gone | Kind::Slow => road.set(State::Open),
    }
}

/// How often the endpoint was tried: what it saw, what the hole swallowed, or what the store counted where nobody listened.
fn tried(home: &Home, road: &Road, control: &Control, kind: Kind, before: u64) -> Result<u64> {
    match kind {
        Kind::Unavailable | Kind::Broken | Kind::Limited | Kind::Slow => Ok(control.counters().refreshes - before),
        Kind::Hole | Kind::SilentHole => Ok(road.swallowed()),
        Kind::Gone => {
            let settings = home.settings()?;
            let store = open(&settings.home, &settings.key, Mode::ReadOnly)?;
            let rejections = store
                .records()?
                .iter()
                .map(|record| record.standing.rejections)
                .sum::<u32>();
            Ok(u64::from(rejections))
        }
    }
}

/// How long after the outage its end must have been felt.
fn recovery_within(kind: Kind) -> Duration {
    match kind {
        // What was sent into the hole is waited for as long as ever: to send again sooner could cost the login.
        Kind::SilentHole => ANSWER_PATIENCE + RECOVERY,
        Kind::Unavailable | Kind::Broken | Kind::Limited | Kind::Hole | Kind::Gone | Kind::Slow => RECOVERY,
    }
}

/// By the same clock as the sandbox's log.
fn wall_ms() -> u64 {
    u64::try_from(SystemClock::new().now().wall.as_millis()).unwrap_or_default()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Case {
    /// No error while a token is valid, and none that lasts once the outage is over.
    fn judge(&mut self, name: &str, asked: &[Asked], over: u64, control: &Control, life: Duration) {
        let delivery = if self.kind == Kind::Slow { SLOW_MOST } else { MARGIN };
        let (delivery, life, margin) = (millis(delivery), millis(life), millis(MARGIN));
        let minted: Vec<u64> = control
            .log()
            .into_iter()
            .filter(|seen| seen.path == "/oauth2/token" && seen.status == Some(200))
            .map(|seen| seen.at_ms)
            .collect();
        let valid = |at| {
            minted
                .iter()
                .any(|minted| minted + delivery <= at && at + margin <= minted + life)
        };
        let settled = over + millis(recovery_within(self.kind));
        for asked in asked {
            let Err(told) = &asked.told else {
                if asked.done >= over {
                    let took = Duration::from_millis(asked.done - over);
                    self.recovery = Some(self.recovery.map_or(took, |recovery| recovery.min(took)));
                }
                continue;
            };
            let when = || match asked.at.checked_sub(over) {
                Some(after) => format!("{name}: a request {after} ms after the end"),
                None => format!("{name}: a request {} ms before the end", over - asked.at),
            };
            self.report
                .check(!valid(asked.at), || format!("{}, with a valid token: {told}", when()));
            self.report
                .check(asked.at < settled, || format!("{}, long after it: {told}", when()));
            self.failed += 1;
            self.failed_late += u64::from(asked.at >= over && self.kind != Kind::SilentHole);
        }
        let most = recovery_within(self.kind);
        let recovered = self.recovery.is_some_and(|recovery| recovery <= most);
        self.report.check(recovered, || {
            format!("{name}: no good answer within {most:?} of the end")
        });
    }

    /// Bounded tries, each bound with its reason.
    fn bound(&mut self, name: &str, lapse: Lapse, outage: Duration) {
        let secs = outage.as_secs();
        let most = match (self.kind, lapse) {
            // Callers' pauses are drawn below 6 s, 3 s on average, and the first few are shorter.
            (Kind::Unavailable | Kind::Gone | Kind::Broken, Lapse::Inside) => secs / 3 + 12,
            // Each try is followed by the pause that was asked for.
            (Kind::Limited, Lapse::Inside) => secs / RETRY_AFTER.as_secs() + 3,
            // Each try waits 60 s for its answer.
            (Kind::Hole | Kind::SilentHole, Lapse::Inside) => secs / ANSWER_PATIENCE.as_secs() + 3,
            // Every renewal succeeds, each 45 s at the earliest.
            (Kind::Slow, Lapse::Inside) => secs / 40 + 2,
            // Only the keeper tries, and only in the last seconds.
            (Kind::Gone | Kind::Limited | Kind::Slow, Lapse::Outside) => 12,
            // Whatever may have been taken is not sent again while the access token serves.
            (Kind::Unavailable | Kind::Broken | Kind::Hole | Kind::SilentHole, Lapse::Outside) => 1,
        };
        let tries = self.tries;
        self.report
            .check(tries <= most, || format!("{name}: {tries} tries, more than {most}"));
        self.report
            .check(tries > 0, || format!("{name}: not tried once, so nothing was shown"));
    }
}

/// A token that lapses while the outage goes on.
const LIFE_INSIDE: Duration = Duration::from_secs(60);

/// A token of some minutes is renewed a minute before its end.
const DUE_BEFORE: Duration = Duration::from_secs(55);

/// What the endpoint asks to wait: within what a caller sits through.
const RETRY_AFTER: Duration = Duration::from_secs(8);

/// A request each second, as a busy agent sends them.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// 10 s after the outage everything works again.
const RECOVERY: Duration = Duration::from_secs(10);

/// A few requests more, which show that it stays so.
const WATCH: Duration = Duration::from_secs(4);

/// What a renewal waits for its answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// 2 s: a token with less left than this can lapse on the way to the provider.
const MARGIN: Duration = Duration::from_secs(2);

/// What an answer takes on the slow road, at most.
const SLOW_MOST: Duration = Duration::from_secs(24);
