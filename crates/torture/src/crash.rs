//! One process killed in a renewal, and what it leaves: to the store, to the processes after it, and to the provider.

use std::time::Duration;

use anyhow::{Context as _, Result};
use evergrant_driver::failpoint::Failpoint;
use evergrant_driver::{Account, Driver};
use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Control, Order, Running, Sandbox};

use crate::exchange::Exchange;
use crate::home::{Home, PROVIDER, accepts, log_in, said};
use crate::run::Run;

/// When the process is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// By itself, at that point.
    At(Failpoint),
    /// From outside, so long after it was started.
    After(Duration),
}

/// What a kill at a point may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was sent, and the store knows it.
    Unsent,
    /// The store says that it was sent; the provider has no whole request.
    Marked,
    /// The provider may have rotated, and the answer is nowhere but in the memory of the killed.
    Exposed,
    /// The answer is on the disk.
    Saved,
    /// The provider has ended the grant.
    Dead,
    /// The person has ended the grant.
    LoggedOut,
}

/// What a killed process left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Whether it was killed at all, and had not ended before.
    pub(crate) killed: bool,
    /// Whether the provider had rotated when it was killed.
    pub(crate) rotated: bool,
    /// Whether the next process found the provider's answer.
    pub(crate) found: bool,
    /// Whether the next process was told that the outcome is unknown.
    pub(crate) undecided: bool,
    /// Whether the grant gave a good token after everything had lapsed.
    pub(crate) alive: bool,
    /// Sends that the provider took for reuse.
    pub(crate) reuses: u64,
    /// Logins that the provider revoked.
    pub(crate) revoked: u64,
    /// What must not have happened.
    pub(crate) faults: Vec<String>,
}

/// What is left to lose after a kill at this point.
pub(crate) const fn stage(point: Failpoint) -> Stage {
    match point {
        Failpoint::Looked
        | Failpoint::Located
        | Failpoint::Locked
        | Failpoint::Read
        | Failpoint::Connected
        | Failpoint::Claimed
        | Failpoint::TakenOver
        | Failpoint::RoomKept
        | Failpoint::Released => Stage::Unsent,
        Failpoint::MarkedSent | Failpoint::Cleared | Failpoint::FirstByteWritten => Stage::Marked,
        Failpoint::RequestWritten | Failpoint::AnswerBegun | Failpoint::AnswerRead | Failpoint::AnswerHeard => {
            Stage::Exposed
        }
        Failpoint::AnswerWritten
        | Failpoint::AnswerSaved
        | Failpoint::CommitPrepared
        | Failpoint::Committed
        | Failpoint::JournalRemoved
        | Failpoint::Published
        | Failpoint::Unlocked => Stage::Saved,
        Failpoint::Quarantined => Stage::Dead,
        Failpoint::Buried => Stage::LoggedOut,
    }
}

/// Logs in, kills a process that renews, and looks at everything that is left.
pub(crate) async fn crash(run: &Run, when: When, grace_secs: u64) -> Result<Left> {
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: LIFETIME_SECS,
        reuse_grace_secs: grace_secs,
        ..Config::default()
    })
    .await?;
    let home = Home::with(&sandbox)?;
    let account = {
        let driver = Driver::open(home.settings()?).map_err(said)?;
        log_in(&driver).await?
    };
    let mut scene = Scene {
        run,
        control: sandbox.control(),
        sandbox,
        home,
        id: account.id.as_str().to_owned(),
        account,
        left: Left::default(),
    };
    scene.kill(when).await?;
    scene.is_heard().await?;
    if !scene.left.killed && matches!(when, When::At(_)) {
        scene.fault("it was not killed there; is this a build with the feature `torture`?");
        return Ok(scene.left);
    }
    let stage = match when {
        When::At(point) => Some(stage(point)),
        When::After(_) => None,
    };
    match stage {
        Some(Stage::Dead) => scene.stays_dead(["grant-dead", "grant-dead"]).await?,
        Some(Stage::LoggedOut) => scene.stays_dead(["unknown-credential", "no-credential"]).await?,
        Some(Stage::Unsent | Stage::Marked | Stage::Exposed | Stage::Saved) | None => {
            scene.goes_on(stage, grace_secs).await?;
        }
    }
    Ok(scene.left)
}

struct Scene<'a> {
    run: &'a Run,
    control: Control,
    sandbox: Running,
    home: Home,
    id: String,
    account: Account,
    left: Left,
}

impl Scene<'_> {
    fn fault(&mut self, what: impl Into<String>) {
        self.left.faults.push(what.into());
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.left.faults.push(what());
        }
    }

    /// Runs the binary with both clocks ahead, to its end.
    async fn ahead(&self, secs: u64, arguments: &[&str]) -> Result<Exchange> {
        let mut command = self.home.evergrant(self.run, arguments);
        command.env("EVERGRANT_CLOCK_AHEAD_SECS", secs.to_string());
        let output = tokio::time::timeout(
            RUN_MAX,
            command.spawn().context("starting evergrant")?.wait_with_output(),
        );
        Ok(Exchange::of(
            output.await.with_context(|| format!("`{arguments:?}` hangs"))??,
        ))
    }

    async fn kill(&mut self, when: When) -> Result<()> {
        let id = self.id.clone();
        let mut arguments = vec!["refresh", id.as_str(), "--json"];
        match when {
            When::After(moment) => {
                let mut child = self.home.evergrant(self.run, &arguments).spawn()?;
                tokio::time::sleep(moment).await;
                // A process that has ended by itself is none any more.
                self.left.killed = child.start_kill().is_ok();
                self.left.killed &= child.wait().await?.code().is_none();
                return Ok(());
            }
            When::At(Failpoint::TakenOver) => {
                self.killed_at(Failpoint::Claimed, 0, &arguments).await?;
                self.killed_at(Failpoint::TakenOver, STALE_SECS, &arguments).await?;
                return Ok(());
            }
            When::At(Failpoint::Quarantined) => {
                self.control.revoke_logins(None);
            }
            When::At(Failpoint::Released) => self.control.arm(Order::new("token-429").times(1))?,
            When::At(Failpoint::Buried) => arguments[0] = "logout",
            When::At(_) => {}
        }
        if let When::At(point) = when {
            self.killed_at(point, 0, &arguments).await?;
        }
        Ok(())
    }

    async fn killed_at(&mut self, point: Failpoint, ahead_secs: u64, arguments: &[&str]) -> Result<()> {
        let mut command = self.home.evergrant(self.run, arguments);
        command
            .env("EVERGRANT_FAILPOINT", format!("{}=kill", point.name()))
            .env("EVERGRANT_CLOCK_AHEAD_SECS", ahead_secs.to_string());
        let output = tokio::time::timeout(
            RUN_MAX,
            command.spawn().context("starting evergrant")?.wait_with_output(),
        );
        let exchange = Exchange::of(output.await.context("the process to be killed hangs")??);
        self.left.killed = exchange.exit.is_none();
        Ok(())
    }

    /// Waits until the provider has read all that the killed wrote. Who connects later is accepted later, so that after an
    /// answer to a question of ours every connection of the killed is known there; it ends when it has been read.
    async fn is_heard(&self) -> Result<()> {
        let question = format!("{}/_sandbox/counters", self.sandbox.issuer());
        HttpClient::new().get(&question).await?;
        let left = tokio::time::timeout(RUN_MAX, self.control.all_left());
        left.await.context("a connection of the killed does not end")
    }

    /// The grant has ended: whoever comes says so, and nothing more is sent.
    async fn stays_dead(&mut self, codes: [&str; 2]) -> Result<()> {
        let status = self.home.run(self.run, &["status", "--json"]).await?;
        self.check(status.exit == Some(0), || {
            format!("the store does not open: {status:?}")
        });
        let sent = self.control.counters().refreshes;
        let id = self.id.clone();
        let refresh = self.ahead(STALE_SECS, &["refresh", &id, "--json"]).await?;
        let token = self.ahead(LAPSED_SECS, &["token", PROVIDER, "--json"]).await?;
        for (said, code) in [refresh, token].into_iter().zip(codes) {
            self.check(said.code().as_deref() == Some(code), || {
                format!("`{code}` is wanted of a grant that has ended: {said:?}")
            });
        }
        let refreshed = self.control.counters().refreshes;
        self.check(refreshed == sent, || {
            format!("{} sends of an ended grant", refreshed - sent)
        });
        Ok(())
    }

    async fn goes_on(&mut self, stage: Option<Stage>, grace_secs: u64) -> Result<()> {
        self.opens(stage).await?;
        self.serves().await?;
        self.renews(stage, grace_secs).await?;
        if grace_secs > 0 {
            // Whoever was to be helped by the grace has been.
            self.control.reconfigure(|config| config.reuse_grace_secs = 0);
        }
        self.lapses().await?;
        let counters = self.control.counters();
        self.left.reuses = counters.refresh_reuses;
        self.left.revoked = counters.families_revoked;
        let most = counters.refresh_sends.values().copied().max().unwrap_or(0);
        self.check(most <= 2, || format!("one token was sent {most} times"));
        self.judge(stage, grace_secs);
        Ok(())
    }

    /// The store opens, and says whether it waits to know.
    async fn opens(&mut self, stage: Option<Stage>) -> Result<()> {
        let status = self.home.run(self.run, &["status", "--json"]).await?;
        self.left.rotated = self.control.counters().rotations > 0;
        self.check(status.exit == Some(0), || {
            format!("the store does not open: {status:?}")
        });
        let health = status.json()?["credentials"][0]["health"].clone();
        if let Some(stage) = stage {
            // A status changes nothing: it does not finish a journal, and says what the claim says.
            let wanted = match stage {
                Stage::Marked | Stage::Exposed => health == "outcome-unknown",
                Stage::Saved => health == "outcome-unknown" || health == "ready",
                Stage::Unsent | Stage::Dead | Stage::LoggedOut => health == "ready",
            };
            self.check(wanted, || format!("health {health} after the kill"));
        }
        Ok(())
    }

    /// A usable token is given, and nothing is sent for it.
    async fn serves(&mut self) -> Result<()> {
        let before = self.control.counters().refreshes;
        let token = self.home.run(self.run, &["token", PROVIDER, "--json"]).await?;
        let given = token.access_token().unwrap_or_default();
        self.check(token.exit == Some(0), || {
            format!("no token though one is usable: {token:?}")
        });
        let good = accepts(&self.sandbox, &given).await;
        self.check(good, || "the provider refuses the token that is given".to_owned());
        let after = self.control.counters().refreshes;
        self.check(before == after, || {
            "a token was asked for though one is usable".to_owned()
        });
        Ok(())
    }

    /// A renewal is asked for while the access token is usable.
    async fn renews(&mut self, stage: Option<Stage>, grace_secs: u64) -> Result<()> {
        let before = self.control.counters().refreshes;
        let id = self.id.clone();
        let refresh = self.ahead(STALE_SECS, &["refresh", &id, "--json"]).await?;
        let sends = self.control.counters().refreshes - before;
        self.left.undecided = refresh.code().as_deref() == Some("outcome-unknown");
        if self.left.undecided {
            self.check(refresh.exit == Some(5), || format!("exit 5 is wanted: {refresh:?}"));
            self.check(sends == 0, || {
                format!("{sends} sends of a token whose outcome is unknown")
            });
        } else {
            self.check(refresh.exit == Some(0), || format!("no renewal: {refresh:?}"));
            self.check(sends == 1, || format!("{sends} sends for one renewal"));
            // One more than the renewal of the killed, if its answer was found.
            let generation = refresh.json()?["generation"].as_u64().unwrap_or_default();
            self.left.found = generation > self.account.generation.0 + 1;
        }
        let may_wait = match stage {
            Some(Stage::Marked | Stage::Exposed) => grace_secs == 0,
            Some(Stage::Unsent | Stage::Saved | Stage::Dead | Stage::LoggedOut) => false,
            None => self.left.undecided && grace_secs == 0,
        };
        let undecided = self.left.undecided;
        self.check(undecided == may_wait, || {
            format!("outcome unknown: {undecided} instead of {may_wait}")
        });
        if !undecided {
            return Ok(());
        }
        let most = self
            .control
            .counters()
            .refresh_sends
            .values()
            .copied()
            .max()
            .unwrap_or(0);
        self.check(most <= 1, || {
            format!("one token was sent {most} times while the access token was usable")
        });
        Ok(())
    }

    /// Everything has lapsed: one deliberate replay at most settles it.
    async fn lapses(&mut self) -> Result<()> {
        let before = self.control.counters().refreshes;
        let token = self.ahead(LAPSED_SECS, &["token", PROVIDER, "--json"]).await?;
        let sends = self.control.counters().refreshes - before;
        self.check(sends == 1, || format!("{sends} sends after the lapse"));
        let given = token.access_token().unwrap_or_default();
        self.left.alive = token.exit == Some(0) && accepts(&self.sandbox, &given).await;
        if !self.left.alive {
            self.check(token.code().as_deref() == Some("grant-dead"), || {
                format!("neither a good token nor a proof of death: {token:?}")
            });
            let health = self.home.credential(self.run).await?["health"].clone();
            self.check(health == "quarantined", || format!("health {health} of a dead grant"));
        }
        Ok(())
    }

    /// A grant is lost only where the provider rotated and its answer was nowhere but in the memory of the killed.
    fn judge(&mut self, stage: Option<Stage>, grace_secs: u64) {
        let Left {
            rotated,
            found,
            undecided,
            alive,
            revoked,
            ..
        } = self.left;
        let exposed = match stage {
            Some(stage) => stage == Stage::Exposed,
            None => rotated && undecided,
        };
        self.check(alive || (exposed && rotated && grace_secs == 0), || {
            "the grant is lost".to_owned()
        });
        self.check(revoked == u64::from(!alive), || format!("{revoked} revocations"));
        if stage == Some(Stage::Saved) {
            self.check(rotated && found, || {
                "an answer that was written was not found".to_owned()
            });
        }
        if matches!(stage, Some(Stage::Unsent | Stage::Marked)) {
            self.check(!rotated, || {
                "the provider rotated before the request was written".to_owned()
            });
        }
    }
}

/// 60 s: longer than a caller's patience and a store's together; whoever needs more hangs.
const RUN_MAX: Duration = Duration::from_secs(60);

/// 20 s ahead: claims of the killed are older than 5 s then, and a grace of 60 s is not over.
const STALE_SECS: u64 = 20;

/// 1 h, as usual.
const LIFETIME_SECS: u64 = 3_600;

/// 2 h ahead: what was minted a while ahead has lapsed too.
const LAPSED_SECS: u64 = 7_200;
