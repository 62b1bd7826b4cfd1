//! One command on a failing disk, and what is left when the disk is well again.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use evergrant_driver::store::{Mode, open};
use evergrant_driver::{Account, Driver, Failure, accounts};
use evergrant_sandbox::{Config, Running, Sandbox};

use super::fault::{Fault, Library};
use crate::exchange::Exchange;
use crate::home::{Home, PROVIDER, accepts, said};
use crate::report::Report;
use crate::run::Run;

/// What the command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A renewal that succeeds.
    Renew,
    /// A token that is wanted when it has expired, so that it is renewed on the way.
    Token,
    /// A renewal that learns of the grant's death.
    Die,
    /// A login into an empty home.
    LogIn,
    /// A login beside the grant that is there.
    LogInBeside,
}

/// How the disk fails.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// Calls are answered with an error.
    Error(Fault),
    /// No file may grow beyond that many bytes.
    Limit(u64),
}

/// What came of it, for the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// The fault's call was never made.
    Untouched,
    /// It failed before anything was sent.
    Unsent,
    /// It was done in spite of it.
    Done,
    /// It was finished from the journal by the next command.
    Finished,
    /// Neither store nor journal could be written: it is known that the outcome is not.
    Unknown,
    /// It was not sent, and the store says that it may have been: what was written cannot be taken back.
    Doubted,
}

pub(super) async fn play(
    run: &Run,
    library: &Library,
    deed: Deed,
    trouble: Trouble,
    report: &mut Report,
) -> Result<Came> {
    let sandbox = Sandbox::start(Config {
        device_interval_secs: 0,
        access_token_lifetime_secs: if deed == Deed::Token { 1 } else { LIFETIME_SECS },
        ..Config::default()
    })
    .await?;
    let home = match deed {
        Deed::LogIn => Home::with(&sandbox)?,
        Deed::Renew | Deed::Token | Deed::Die | Deed::LogInBeside => Home::logged_in(&sandbox).await?,
    };
    let before = known(&home)?;
    match deed {
        Deed::Die => {
            sandbox.control().revoke_logins(None);
        }
        // Someone else: the same person's login would be the same record.
        Deed::LogInBeside => sandbox
            .control()
            .reconfigure(|config| config.subject = "user-2".to_owned()),
        Deed::Token => {
            sandbox
                .control()
                .reconfigure(|config| config.access_token_lifetime_secs = LIFETIME_SECS);
            tokio::time::sleep(Duration::from_millis(1_100)).await;
        }
        Deed::Renew | Deed::LogIn => {}
    }
    let (exchange, first) = suffer(run, library, &home, deed, trouble).await?;
    let told = Told::by(&exchange);
    let name = match trouble {
        Trouble::Error(fault) => format!("{deed:?}, {fault}"),
        Trouble::Limit(bytes) => format!("{deed:?}, files of {bytes} bytes at most"),
    };
    let mut faults = Vec::new();
    let sent = sandbox.control().counters().refreshes;
    told.check(deed, sent, &mut faults);
    let left = match known(&home) {
        Ok(left) => left,
        Err(fault) => {
            faults.push(format!("the store cannot be read any more: {fault:#}"));
            Vec::new()
        }
    };
    let judged = match deed {
        Deed::Renew | Deed::Token => renewed(&sandbox, &home, &told, sent, &left, &mut faults).await,
        Deed::Die => died(&home, sent, &left, &mut faults).await,
        Deed::LogIn | Deed::LogInBeside => logged_in(&sandbox, &home, &told, &before, &left, &mut faults).await,
    };
    let came = judged.unwrap_or_else(|fault| {
        faults.push(format!("{fault:#}"));
        Came::Done
    });
    for fault in faults {
        let said = exchange.stderr.lines().next().unwrap_or_default();
        report.fault(format!(
            "{name}: {fault} (exit {:?}, {sent} sent, `{said}`)",
            exchange.exit
        ));
    }
    let Some(first) = first else {
        return Ok(Came::Untouched);
    };
    // What was received is lost to a process that ends only where the journal's own write was the first to fail.
    let allowed = deed == Deed::Die || first.is_empty() || first.ends_with(".journal");
    report.check(came != Came::Unknown || allowed, || {
        format!("{name}: what was received is nowhere, and `{first}` failed first")
    });
    Ok(came)
}

/// What the command told.
struct Told {
    exit: Option<i32>,
    code: Option<String>,
    remedy: bool,
    token: Option<String>,
}

impl Told {
    fn by(exchange: &Exchange) -> Self {
        // A login tells its events first, each on a line.
        let last = exchange.stdout.lines().last().unwrap_or_default();
        let last: serde_json::Value = serde_json::from_str(&exchange.stdout)
            .or_else(|_| serde_json::from_str(last))
            .unwrap_or_default();
        Self {
            exit: exchange.exit,
            code: last["error"]["code"].as_str().map(str::to_owned),
            remedy: last["error"]["remedy"].is_object(),
            token: last["access_token"].as_str().map(str::to_owned),
        }
    }

    /// Done, or a store that cannot be used and what to do about it; a dead grant may be told as well.
    fn check(&self, deed: Deed, sent: u64, faults: &mut Vec<String>) {
        let code = self.code.as_deref().unwrap_or_default();
        match self.exit {
            Some(0) if deed != Deed::Die => {}
            Some(3) if deed == Deed::Die && code == "grant-dead" => {}
            // What was received is given out even if it cannot be saved.
            Some(6) if deed == Deed::Token && sent > 0 && self.token.is_some() => {}
            Some(6) if code.starts_with("store-") && self.remedy && (deed != Deed::Token || sent == 0) => {}
            _ => faults.push(format!("ended with `{code}`, remedy: {}", self.remedy)),
        }
    }
}

/// Runs the command on the failing disk; with the path at which the disk failed it first, if it did.
async fn suffer(
    run: &Run,
    library: &Library,
    home: &Home,
    deed: Deed,
    trouble: Trouble,
) -> Result<(Exchange, Option<String>)> {
    let note = home.path().with_file_name("note");
    let arguments: &[&str] = match deed {
        Deed::Renew | Deed::Die => &["refresh", "acme/default", "--json"],
        Deed::Token => &["token", "acme", "--json"],
        Deed::LogIn => &["login", PROVIDER, "--flow", "device", "--json"],
        Deed::LogInBeside => &["login", PROVIDER, "--flow", "device", "--label", "second", "--json"],
    };
    let mut command = match trouble {
        Trouble::Error(fault) => {
            let mut command = home.evergrant(run, arguments);
            command.envs(fault.variables(library, &home.path(), &note));
            command
        }
        Trouble::Limit(bytes) => {
            let limit = format!("--fsize={bytes}:{bytes}");
            let evergrant = run.evergrant.to_string_lossy();
            let mut all = vec![limit.as_str(), "--", &evergrant];
            all.extend(arguments);
            home.dressed(Path::new("/usr/bin/prlimit"), &all)
        }
    };
    let child = command.spawn().context("starting evergrant")?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.context("the command hangs")??;
    let first = match trouble {
        Trouble::Error(_) => std::fs::read_to_string(&note).ok(),
        Trouble::Limit(_) => Some(String::new()),
    };
    Ok((Exchange::of(output), first))
}

/// After a renewal: the previous or the next generation, and nothing lost that was received.
async fn renewed(
    sandbox: &Running,
    home: &Home,
    told: &Told,
    sent: u64,
    left: &[Account],
    faults: &mut Vec<String>,
) -> Result<Came> {
    let [account] = left else {
        bail!("{} credentials instead of one", left.len());
    };
    let generation = account.generation.0;
    if !(1..=2).contains(&generation) || sent > 1 || (generation == 2 && sent == 0) {
        faults.push(format!("generation {generation} after {sent} requests"));
    }
    if told.exit == Some(0) && generation != 2 {
        faults.push("it was called done and is not in the store".to_owned());
    }
    let driver = Driver::open(home.settings()?).map_err(said)?;
    let finished = driver.accounts().first().map(|account| account.generation.0);
    let next = driver.refresh("acme/default").await;
    let counters = sandbox.control().counters();
    // Where nothing could take what was received, the process was the last to have it; an expired token is replayed then.
    let gone = told.token.is_some()
        && next
            .as_ref()
            .is_err_and(|failure| failure.code.as_str() == "grant-dead");
    if counters.refresh_reuses + counters.families_revoked > 0 && !gone {
        faults.push(format!(
            "{} reuses, {} revoked",
            counters.refresh_reuses, counters.families_revoked
        ));
    }
    let came = match next {
        Ok(after) => {
            if after.generation.0 != sent + 2 || counters.refreshes != sent + 1 {
                faults.push(format!(
                    "generation {} after {} requests",
                    after.generation.0, counters.refreshes
                ));
            }
            match (sent, told.exit, finished) {
                (0, _, _) => Came::Unsent,
                (_, Some(0), _) => Came::Done,
                (_, _, Some(2)) if generation == 1 => Came::Finished,
                _ => Came::Done,
            }
        }
        Err(_) if gone => Came::Unknown,
        Err(failure) if failure.code.as_str() == "outcome-unknown" && sent == 1 => Came::Unknown,
        Err(failure) if failure.code.as_str() == "outcome-unknown" => Came::Doubted,
        Err(failure) => bail!("the next renewal: {}: {failure}", failure.code.as_str()),
    };
    drop(driver);
    tidy(home, came, faults)?;
    let store = open(&home.settings()?.home, &home.settings()?.key, Mode::ReadOnly)
        .map_err(Failure::from)
        .map_err(said)?;
    for record in store.records().map_err(Failure::from).map_err(said)? {
        let token = access_token(&record.material)?;
        if !accepts(sandbox, &token).await && matches!(came, Came::Unsent | Came::Done | Came::Finished) {
            faults.push("the provider does not take the token that is in the store".to_owned());
        }
    }
    Ok(came)
}

/// After a death: it is known, or it is found out again; nothing else is lost.
async fn died(home: &Home, sent: u64, left: &[Account], faults: &mut Vec<String>) -> Result<Came> {
    let [account] = left else {
        bail!("{} credentials instead of one", left.len());
    };
    if account.generation.0 != 1 || sent > 1 {
        faults.push(format!("generation {} after {sent} requests", account.generation.0));
    }
    let driver = Driver::open(home.settings()?).map_err(said)?;
    let code = |ended: Result<Account, Failure>| ended.map_or_else(|failure| failure.code.as_str(), |_| "renewed");
    let first = code(driver.refresh("acme/default").await);
    match (first, sent) {
        ("grant-dead", _) => {}
        ("outcome-unknown", 1) => return Ok(Came::Unknown),
        // As after a renewal: the mark of a claim whose sync failed may stand, and then it counts.
        ("outcome-unknown", 0) => return Ok(Came::Doubted),
        (other, sent) => bail!("the next renewal after {sent} requests: {other}"),
    }
    Ok(if sent == 0 { Came::Unsent } else { Came::Done })
}

/// After a login: there or not, and whoever was there before still is.
async fn logged_in(
    sandbox: &Running,
    home: &Home,
    told: &Told,
    before: &[Account],
    left: &[Account],
    faults: &mut Vec<String>,
) -> Result<Came> {
    for account in before {
        if !left
            .iter()
            .any(|kept| kept.id == account.id && kept.generation == account.generation)
        {
            faults.push(format!("`{}` is gone", account.label));
        }
    }
    let new = left.len().saturating_sub(before.len());
    if new > 1 || (told.exit == Some(0) && new == 0) {
        faults.push(format!("{new} new credentials"));
    }
    let driver = Driver::open(home.settings()?).map_err(said)?;
    if new == 0 {
        crate::home::log_in(&driver).await?;
    }
    for account in driver.accounts() {
        driver.refresh(account.id.as_str()).await.map_err(said)?;
    }
    if sandbox.control().counters().refresh_reuses > 0 {
        faults.push("a token was sent twice".to_owned());
    }
    Ok(if new == 0 { Came::Unsent } else { Came::Done })
}

/// Nothing is left behind when the next command has ended.
fn tidy(home: &Home, came: Came, faults: &mut Vec<String>) -> Result<()> {
    for folder in [home.path(), home.path().join("locks")] {
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".journal") && matches!(came, Came::Unsent | Came::Done | Came::Finished) {
                faults.push(format!("`{name}` is left behind"));
            }
        }
    }
    Ok(())
}

fn access_token(material: &evergrant_engine::credential::Material) -> Result<String> {
    match material {
        evergrant_engine::credential::Material::Grant(grant) => Ok(grant.access_token.expose().clone()),
        _ => Err(anyhow!("the grant is gone")),
    }
}

/// The credentials, read as `status` does.
fn known(home: &Home) -> Result<Vec<Account>> {
    accounts(&home.settings()?).map_err(said)
}

/// An hour: it serves all the while.
const LIFETIME_SECS: u64 = 3_600;

/// 120 s: a command tries 20 s to save what it has, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
