//! Line l: a logout races a renewal. Nothing comes back, and every token that was handed out is revoked or queued for it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, LogoutEnd};
use evergrant_sandbox::{Config, Order, Running, Sandbox};
use serde_json::json;
use tokio::task::JoinSet;

use crate::exchange::Exchange;
use crate::home::{Home, PROVIDER, log_in, said};
use crate::random::Random;
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let each = run.rounds(SHORT, FULL) / LANES;
    let mut lanes = JoinSet::new();
    for number in 0..LANES {
        let run = run.clone();
        lanes.spawn(async move { Lane::start(&run, number).await?.go(each).await });
    }
    let mut report = Report::default();
    let mut sum = Sum::default();
    while let Some(lane) = lanes.join_next().await {
        let (own, part) = lane.context("a lane ended")??;
        report.take(part);
        sum.add(&own);
    }
    report.figure("logouts", sum.logouts);
    report.figure("of them by a process of its own", sum.by_process);
    report.figure("renewals that ended first", sum.ended_first);
    report.figure("whose answer came after", sum.came_after);
    report.figure("that sent nothing", sum.never);
    report.figure("renewals killed before their commit", sum.killed);
    report.figure("revocations queued for a while", sum.queued);
    report.figure("revoked at the provider", sum.revoked);
    report.figure("slowest logout ms", sum.slowest.as_millis());
    report.figure("resurrected", sum.resurrected);
    Ok(report)
}

/// What the lanes saw.
#[derive(Debug, Default)]
struct Sum {
    logouts: u64,
    by_process: u64,
    ended_first: u64,
    came_after: u64,
    never: u64,
    killed: u64,
    queued: u64,
    revoked: u64,
    resurrected: u64,
    slowest: Duration,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.logouts += other.logouts;
        self.by_process += other.by_process;
        self.ended_first += other.ended_first;
        self.came_after += other.came_after;
        self.never += other.never;
        self.killed += other.killed;
        self.queued += other.queued;
        self.revoked += other.revoked;
        self.resurrected += other.resurrected;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// How one race goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Both begin within some ten milliseconds of each other.
    Race,
    /// The answer takes longer than any logout waits for it.
    Stubborn,
    /// The renewal is killed with its answer in the journal.
    Killed,
}

/// How a renewal ended.
#[derive(Debug)]
enum Renewed {
    /// It was there before the logout.
    Ended,
    /// As the story has it.
    Killed,
    /// With this code and message.
    Failed(String, String),
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The driver that logged in.
    Here,
    /// Another driver of the same home.
    There,
    /// A process of its own.
    Process,
}

impl Who {
    const fn drawn(random: &mut Random) -> Self {
        match random.below(5) {
            0 | 1 => Self::Here,
            2 | 3 => Self::There,
            _ => Self::Process,
        }
    }
}

/// One home, one provider that revokes each token by itself, and one race after the other.
struct Lane {
    run: Run,
    random: Random,
    sandbox: Running,
    home: Home,
    here: Driver,
    sum: Sum,
    report: Report,
}

impl Lane {
    async fn start(run: &Run, number: u64) -> Result<Self> {
        let config = Config {
            revocation_ends_login: false,
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await?;
        let home = Home::with(&sandbox)?;
        Ok(Self {
            random: run.random(number),
            here: open(home.settings()?).await?,
            run: run.clone(),
            sandbox,
            home,
            sum: Sum::default(),
            report: Report::default(),
        })
    }

    async fn go(mut self, steps: u64) -> Result<(Sum, Report)> {
        let stubborn = self.random.below(steps);
        for step in 0..steps {
            let story = match self.random.below(12) {
                _ if step == stubborn => Story::Stubborn,
                0 => Story::Killed,
                _ => Story::Race,
            };
            self.race(story).await.with_context(|| format!("{story:?} {step}"))?;
        }
        // Nothing is in the way any more: one more logout lets all go that waits.
        self.log_in().await?;
        let last = self.here.logout(CREDENTIAL).await.map_err(said)?;
        self.report.equal("the last logout", &last.end, &LogoutEnd::Revoked);
        self.report.equal("what still waits", &last.queued.len(), &0);
        self.report.equal("tokens that still live", &self.alive(), &0);
        self.sum.revoked = self.sandbox.control().counters().revocations;
        Ok((self.sum, self.report))
    }

    async fn race(&mut self, story: Story) -> Result<()> {
        self.log_in().await?;
        let there = open(self.home.settings()?).await?;
        let (renewer, logger) = match story {
            Story::Race => (Who::drawn(&mut self.random), Who::drawn(&mut self.random)),
            Story::Stubborn => (Who::Here, Who::drawn(&mut self.random)),
            Story::Killed => (Who::Process, Who::There),
        };
        self.trouble(story)?;
        let impatient = story == Story::Killed || self.random.below(2) == 0;
        // A process takes some ten milliseconds until it begins.
        let behind = if logger == Who::Process { START } else { Duration::ZERO };
        let renewal_at = self.random.moment(SPREAD) + behind;
        let logout_at = match story {
            Story::Race => self.random.moment(SPREAD * 3),
            Story::Stubborn => self.random.moment(SPREAD),
            // Half of them find the process at work, half of them what it left.
            Story::Killed => self.random.moment(SPREAD * 8),
        };
        // Half of them begin by their own time, half of them once the provider has the renewal's request.
        let met = story == Story::Stubborn || self.random.below(2) == 0;
        let renewal = async {
            tokio::time::sleep(renewal_at).await;
            self.renew(story, renewer, &there).await
        };
        let control = self.sandbox.control();
        let seen = control.counters().refreshes;
        let logout = async {
            if met {
                let asked = async {
                    while control.counters().refreshes == seen {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                // A renewal that fails before that is no reason not to log out.
                let _ = tokio::time::timeout(MEETING_MAX, asked).await;
            }
            tokio::time::sleep(logout_at).await;
            let began = Instant::now();
            let done = self
                .log_out(logger, impatient && story != Story::Stubborn, &there)
                .await;
            (done, began.elapsed())
        };
        let (renewed, (logged_out, took)) = tokio::join!(renewal, logout);
        self.here.land().await;
        there.land().await;
        drop(there);
        self.sandbox.control().disarm_all();
        let how = format!("{story:?}, {renewer:?} renews, {logger:?} logs out, impatient {impatient}");
        self.sum.logouts += 1;
        self.sum.by_process += u64::from(logger == Who::Process);
        self.sum.slowest = self.sum.slowest.max(took);
        if let Err(why) = logged_out {
            self.report.fault(format!("{how}: the logout failed: {why:#}"));
        }
        self.report
            .check(took < LOGOUT_MAX, || format!("{how}: the logout took {took:?}"));
        match renewed? {
            Renewed::Ended => self.sum.ended_first += 1,
            Renewed::Killed => self.sum.killed += 1,
            Renewed::Failed(code, message) => match code.as_str() {
                "needs-login" if message.contains("while it was renewed") => self.sum.came_after += 1,
                "needs-login" | "unknown-credential" | "no-credential" => self.sum.never += 1,
                // Its claim was closed under it, just before the first byte.
                "transient" => self.sum.never += 1,
                _ => self
                    .report
                    .fault(format!("{how}: the renewal ended with `{code}`: {message}")),
            },
        }
        self.look(&how).await
    }

    /// What must hold after each race.
    async fn look(&mut self, how: &str) -> Result<()> {
        // Whoever comes next finds what a killed one left.
        let token = self.home.run(&self.run, &["token", PROVIDER, "--json"]).await?;
        let code = token.code();
        let refused = token.exit == Some(3) && code.as_deref() == Some("no-credential");
        let holdings = evergrant_driver::holdings(&self.home.settings()?).map_err(said)?;
        let buried = holdings.accounts.iter().all(|account| account.health == "logged-out");
        if !refused || !buried {
            self.sum.resurrected += 1;
            let found = holdings.accounts.iter().find(|account| account.health != "logged-out");
            let found = found.map(|account| (account.health, account.generation));
            self.report.fault(format!(
                "{how}: it came back: {found:?}, token exits {:?} {code:?}",
                token.exit
            ));
            // The next race begins with a home as it should be.
            for account in holdings.accounts {
                let _ = open(self.home.settings()?).await?.remove(account.id.as_str()).await;
            }
        }
        let journals = std::fs::read_dir(self.home.path().join("locks"))?
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "journal"))
            .count();
        self.report.check(journals == 0, || format!("{how}: a journal is left"));
        let state = self.sandbox.control().state();
        let waiting = |token| holdings.revocations.iter().filter(|one| one.token == token).count() as u64;
        let (refresh, access) = (waiting("refresh"), waiting("access"));
        self.sum.queued += refresh + access;
        // While a refresh token waits, its predecessors' access tokens do so with it: the provider ends them together.
        let kept = state.live_refresh_tokens <= refresh && (refresh > 0 || state.live_access_tokens <= access);
        self.report.check(kept, || {
            let (live_refresh, live_access) = (state.live_refresh_tokens, state.live_access_tokens);
            format!(
                "{how}: {refresh} refresh and {access} access tokens wait to be revoked, \
                 but {live_refresh} and {live_access} live"
            )
        });
        Ok(())
    }

    async fn log_in(&self) -> Result<()> {
        log_in(&self.here).await.map(drop)
    }

    /// Tokens that the provider would still take.
    fn alive(&self) -> u64 {
        let state = self.sandbox.control().state();
        state.live_access_tokens + state.live_refresh_tokens
    }

    fn trouble(&mut self, story: Story) -> Result<()> {
        let control = self.sandbox.control();
        let late = |name: &str, by: Duration| {
            Order::new(name)
                .times(1)
                .with("delay_ms", u64::try_from(by.as_millis()).unwrap_or(0))
        };
        control.arm(late("token-slow", self.random.moment(SLOW)))?;
        let answer = match story {
            Story::Race | Story::Killed => self.random.moment(SLOW),
            Story::Stubborn => STUBBORN + self.random.moment(SLOW),
        };
        control.arm(late("answer-slow", answer))?;
        if self.random.below(4) == 0 {
            let order = Order::new("respond")
                .times(1 + self.random.below(4))
                .with("path", "/oauth2/revoke")
                .with("status", 503)
                .with("headers", json!({"retry-after": "3600"}))
                .with("body", "busy");
            control.arm(order)?;
        }
        Ok(())
    }

    async fn renew(&self, story: Story, who: Who, there: &Driver) -> Result<Renewed> {
        let driver = match who {
            Who::Here => &self.here,
            Who::There => there,
            Who::Process => {
                let mut command = self.home.evergrant(&self.run, &["refresh", CREDENTIAL, "--json"]);
                if story == Story::Killed {
                    command.env("EVERGRANT_FAILPOINT", "answer-saved=kill");
                }
                let output = command.spawn()?.wait_with_output().await?;
                let ended = Exchange::of(output);
                return Ok(match ended.exit {
                    Some(0) => Renewed::Ended,
                    Some(_) => Renewed::Failed(ended.code().unwrap_or_default(), ended.stdout),
                    None => Renewed::Killed,
                });
            }
        };
        Ok(match driver.refresh(CREDENTIAL).await {
            Ok(_) => Renewed::Ended,
            Err(failure) => Renewed::Failed(failure.code.as_str().to_owned(), failure.message),
        })
    }

    async fn log_out(&self, who: Who, impatient: bool, there: &Driver) -> Result<()> {
        let driver = match who {
            Who::Here => &self.here,
            Who::There => there,
            Who::Process => {
                let ended = self.home.run(&self.run, &["logout", CREDENTIAL, "--json"]).await?;
                anyhow::ensure!(ended.exit == Some(0), "{ended:?}");
                return Ok(());
            }
        };
        let done = if impatient {
            driver.logout_within(CREDENTIAL, Duration::ZERO).await
        } else {
            driver.logout(CREDENTIAL).await
        };
        done.map(drop).map_err(said)
    }
}

/// Opening makes a thread and reads the disk.
async fn open(settings: Settings) -> Result<Driver> {
    tokio::task::spawn_blocking(|| Driver::open(settings).map_err(said)).await?
}

/// The one that each login makes again.
const CREDENTIAL: &str = "acme/default";

/// So many homes at once.
const LANES: u64 = 10;

/// As often as the issue has it ...
const SHORT: u64 = 500;

/// ... and ten times that.
const FULL: u64 = 5_000;

/// What the token endpoint takes before and after it spends the token, at most.
const SLOW: Duration = Duration::from_millis(50);

/// Longer than a logout waits for a renewal under way.
const STUBBORN: Duration = Duration::from_millis(5_500);

/// Within this a renewal begins; a logout within three times as much, so that it meets each of its steps.
const SPREAD: Duration = Duration::from_millis(40);

/// 5 s: a process starts in less on a busy machine.
const MEETING_MAX: Duration = Duration::from_secs(5);

/// What a process needs until it begins, about.
const START: Duration = Duration::from_millis(40);

/// 5 s for the lock, 10 s for the provider, and a busy machine.
const LOGOUT_MAX: Duration = Duration::from_secs(17);
