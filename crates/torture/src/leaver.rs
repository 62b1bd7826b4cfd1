//! One home, and somebody who asks it for a renewal and leaves at a random moment.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use evergrant_driver::{Driver, holdings};
use evergrant_sandbox::{Config, Order, Running, Sandbox, Wording};
use tokio::process::Child;

use crate::conversation::Conversation;
use crate::gateway::Gateway;
use crate::home::{Home, PROVIDER, said};
use crate::process::{self, Signal};
use crate::random::Random;
use crate::run::Run;

/// How somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The task that asked is aborted.
    Aborted,
    /// The runtime that it ran on is dropped.
    RuntimeDropped,
    /// A client of the gateway hangs up.
    Disconnected,
    /// `refresh` is told to end by the system.
    RefreshTerminated,
    /// `refresh` is interrupted by the user.
    RefreshInterrupted,
    /// `token` is told to end by the system.
    TokenTerminated,
    /// `token` is interrupted by the user.
    TokenInterrupted,
    /// The gateway is told to end by the system.
    ServeTerminated,
    /// The gateway is interrupted by the user.
    ServeInterrupted,
}

impl Way {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Aborted => "task aborted",
            Self::RuntimeDropped => "runtime dropped",
            Self::Disconnected => "client disconnected",
            Self::RefreshTerminated => "refresh SIGTERM",
            Self::RefreshInterrupted => "refresh SIGINT",
            Self::TokenTerminated => "token SIGTERM",
            Self::TokenInterrupted => "token SIGINT",
            Self::ServeTerminated => "serve SIGTERM",
            Self::ServeInterrupted => "serve SIGINT",
        }
    }

    const fn signal(self) -> Signal {
        match self {
            Self::RefreshTerminated | Self::TokenTerminated | Self::ServeTerminated => Signal::TERM,
            Self::RefreshInterrupted
            | Self::TokenInterrupted
            | Self::ServeInterrupted
            | Self::Aborted
            | Self::RuntimeDropped
            | Self::Disconnected => Signal::INT,
        }
    }

    /// How late the provider answers after it has rotated.
    const fn answers_after(self) -> Duration {
        match self {
            Self::Aborted
            | Self::RuntimeDropped
            | Self::RefreshTerminated
            | Self::RefreshInterrupted
            | Self::TokenTerminated
            | Self::TokenInterrupted => Duration::from_millis(100),
            // A refused token that is young is tried once more before it is renewed, after up to a second.
            Self::Disconnected | Self::ServeTerminated | Self::ServeInterrupted => Duration::from_millis(400),
        }
    }

    /// How long an access token lives there, in seconds; `token` renews what has lapsed.
    const fn lifetime_secs(self) -> u64 {
        match self {
            Self::TokenTerminated | Self::TokenInterrupted => 1,
            Self::Aborted
            | Self::RuntimeDropped
            | Self::Disconnected
            | Self::RefreshTerminated
            | Self::RefreshInterrupted
            | Self::ServeTerminated
            | Self::ServeInterrupted => 3_600,
        }
    }
}

/// What came of the rounds of one post.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) rounds: u64,
    /// How often the provider had rotated, and its answer was not read yet.
    pub(crate) midway: u64,
    pub(crate) rotations: u64,
    pub(crate) reuses: u64,
    pub(crate) faults: Vec<String>,
}

impl Left {
    pub(crate) fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.midway += other.midway;
        self.rotations += other.rotations;
        self.reuses += other.reuses;
        self.faults.extend(other.faults);
    }
}

/// A home at a provider that answers late.
pub(crate) struct Post {
    run: Run,
    way: Way,
    sandbox: Running,
    home: Home,
    /// The moments lie between the start of what is left and this.
    span: Duration,
    driver: Option<Driver>,
    gateway: Option<Gateway>,
    id: String,
}

impl Post {
    pub(crate) async fn man(run: &Run, way: Way) -> Result<Self> {
        let sandbox = Sandbox::start(Config {
            access_token_lifetime_secs: way.lifetime_secs(),
            ..Config::default()
        })
        .await?;
        let home = Home::logged_in(&sandbox).await?;
        let id = read(&home)?.0;
        let delay_ms = u64::try_from(way.answers_after().as_millis())?;
        let order = Order::new("answer-slow").with("delay_ms", delay_ms);
        sandbox.control().arm(order)?;
        let mut post = Self {
            run: run.clone(),
            way,
            sandbox,
            span: way.answers_after() + Duration::from_millis(20),
            driver: None,
            gateway: None,
            home,
            id,
        };
        match way {
            Way::Aborted | Way::RuntimeDropped => post.driver = Some(post.open()?),
            Way::Disconnected => {
                post.gateway = Some(Gateway::start(&post.home, run).await?);
                post.span += LAG;
            }
            Way::ServeTerminated | Way::ServeInterrupted => post.span += LAG,
            Way::RefreshTerminated | Way::RefreshInterrupted | Way::TokenTerminated | Way::TokenInterrupted => {
                // As long as the command takes here and now, from its start to its end.
                let began = Instant::now();
                post.home.run(run, &["refresh", "default"]).await?;
                post.span = began.elapsed();
            }
        }
        Ok(post)
    }

    /// Somebody asks and leaves; what they asked for ends as it may, and nothing is lost.
    pub(crate) async fn round(&mut self, random: &mut Random, left: &mut Left) -> Result<()> {
        let moment = random.moment(self.span);
        let from_rotation = random.below(2) == 0;
        let before = self.rotations();
        let midway = match self.way {
            Way::Aborted => self.abort(moment, before).await?,
            Way::RuntimeDropped => self.drop_runtime(moment, before, from_rotation).await?,
            Way::Disconnected => self.disconnect(moment, from_rotation).await?,
            Way::RefreshTerminated | Way::RefreshInterrupted => {
                let child = self.home.evergrant(&self.run, &["refresh", "default"]).spawn()?;
                self.end(child, moment, before).await?
            }
            Way::TokenTerminated | Way::TokenInterrupted => {
                tokio::time::sleep(Duration::from_millis(1_050)).await;
                let child = self.home.evergrant(&self.run, &["token", PROVIDER]).spawn()?;
                self.end(child, moment, before).await?
            }
            Way::ServeTerminated | Way::ServeInterrupted => self.end_gateway(moment, from_rotation).await?,
        };
        left.rounds += 1;
        left.midway += u64::from(midway);
        if let Some(fault) = self.settled().await? {
            left.faults.push(format!(
                "after {moment:?}{}: {fault}",
                if midway { ", midway" } else { "" }
            ));
        }
        Ok(())
    }

    /// The last renewal of all: the token that is kept is the provider's own.
    pub(crate) async fn close(mut self, left: &mut Left) -> Result<()> {
        if let Some(gateway) = self.gateway.take() {
            gateway.end(Signal::TERM).await?;
        }
        self.driver = None;
        let last = self.home.run(&self.run, &["refresh", "default", "--json"]).await?;
        if last.exit != Some(0) {
            left.faults.push(format!("in the end it cannot be renewed: {last:?}"));
        } else if let Some(fault) = self.settled().await? {
            left.faults.push(format!("in the end: {fault}"));
        }
        let seen = self.sandbox.control().counters();
        left.rotations += seen.rotations;
        left.reuses += seen.refresh_reuses;
        if (seen.refresh_reuses, seen.families_revoked) != (0, 0) {
            let (reuses, revoked) = (seen.refresh_reuses, seen.families_revoked);
            left.faults.push(format!("{reuses} reuses, {revoked} logins revoked"));
        }
        Ok(())
    }

    async fn abort(&self, moment: Duration, before: u64) -> Result<bool> {
        let driver = self.driver.clone().context("no driver")?;
        let (asked, id) = (driver.clone(), self.id.clone());
        let task = tokio::spawn(async move { asked.refresh(&id).await });
        tokio::time::sleep(moment).await;
        let midway = !task.is_finished() && self.rotations() > before;
        task.abort();
        let _ = task.await;
        Ok(midway)
    }

    /// The runtime goes, and in every other round the driver with it.
    async fn drop_runtime(&mut self, moment: Duration, before: u64, with_driver: bool) -> Result<bool> {
        let driver = self.driver.take().context("no driver")?;
        let (control, id) = (self.sandbox.control(), self.id.clone());
        let dropped = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?;
            let asked = driver.clone();
            let task = runtime.spawn(async move { asked.refresh(&id).await });
            std::thread::sleep(moment);
            let midway = !task.is_finished() && control.counters().rotations > before;
            runtime.shutdown_background();
            anyhow::Ok((midway, driver))
        });
        let (midway, driver) = dropped.await??;
        self.driver = Some(if with_driver { self.open()? } else { driver });
        Ok(midway)
    }

    async fn disconnect(&self, moment: Duration, from_rotation: bool) -> Result<bool> {
        let gateway = self.gateway.as_ref().context("no gateway")?;
        self.answered(gateway).await?;
        let before = self.rotations();
        self.sandbox.control().expire(Wording::Wke);
        let call = Conversation::begin(gateway).await?;
        self.until(moment, from_rotation, before).await;
        let midway = self.rotations() > before && !call.has_begun()?;
        drop(call);
        Ok(midway)
    }

    async fn end_gateway(&self, moment: Duration, from_rotation: bool) -> Result<bool> {
        let gateway = Gateway::start(&self.home, &self.run).await?;
        self.answered(&gateway).await?;
        let before = self.rotations();
        self.sandbox.control().expire(Wording::Wke);
        let call = Conversation::begin(&gateway).await?;
        self.until(moment, from_rotation, before).await;
        let midway = self.rotations() > before && !call.has_begun()?;
        // A client that stays would be served to the end before the gateway goes; this one leaves with it.
        drop(call);
        gateway.end(self.way.signal()).await?;
        Ok(midway)
    }

    /// Waits until the moment, or, since most of the time before the renewal is a wait for the provider's edge, until one
    /// after the rotation.
    async fn until(&self, moment: Duration, from_rotation: bool, before: u64) {
        if !from_rotation {
            return tokio::time::sleep(moment).await;
        }
        let until = Instant::now() + LAG * 3;
        while self.rotations() == before && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let answer = self.way.answers_after().as_secs_f32();
        tokio::time::sleep(moment.mul_f32(answer / self.span.as_secs_f32())).await;
    }

    /// A token that was accepted since it was minted: one that never was is not renewed twice.
    async fn answered(&self, gateway: &Gateway) -> Result<()> {
        gateway
            .ask()
            .await
            .map_err(|said| anyhow!("the gateway answers {said}"))
    }

    async fn end(&self, mut child: Child, moment: Duration, before: u64) -> Result<bool> {
        tokio::time::sleep(moment).await;
        let midway = child.try_wait()?.is_none() && self.rotations() > before;
        process::signal(&child, self.way.signal())?;
        let ended = tokio::time::timeout(END_MAX, child.wait()).await;
        ended.with_context(|| format!("{} hangs", self.way.name()))??;
        Ok(midway)
    }

    /// Waits until the store holds what the provider holds; says what is wrong if it never does.
    async fn settled(&self) -> Result<Option<String>> {
        let until = Instant::now() + SETTLE_MAX;
        loop {
            // In this order: what is rotated in between is missing here until the next look.
            let (_, generation, health) = read(&self.home)?;
            let rotations = self.rotations();
            if generation == rotations + 1 && matches!(health, "ready") {
                return Ok(None);
            }
            if Instant::now() > until {
                return Ok(Some(format!(
                    "generation {generation} ({health}) after {rotations} rotations"
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn open(&self) -> Result<Driver> {
        Driver::open(self.home.settings()?).map_err(said)
    }

    fn rotations(&self) -> u64 {
        self.sandbox.control().counters().rotations
    }
}

/// The one credential, offline: its id, generation and health.
fn read(home: &Home) -> Result<(String, u64, &'static str)> {
    let held = holdings(&home.settings()?).map_err(said)?;
    let account = held.accounts.into_iter().next().context("no credential")?;
    Ok((account.id.to_string(), account.generation.0, account.health))
}

/// 1 s: how long a young token that was refused may be waited with at most.
const LAG: Duration = Duration::from_secs(1);

/// 10 s: a renewal here takes a tenth of that on a machine that does much else.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// 10 ms: short against a renewal.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// 30 s: longer than a drain.
const END_MAX: Duration = Duration::from_secs(30);
