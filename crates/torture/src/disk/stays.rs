//! A gateway whose disk fails between an answer and its saving: it serves from memory, and saves when the disk is mended.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use evergrant_driver::{Driver, accounts};
use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Order, Sandbox, Wording};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::fault::{Errno, Fault, Library};
use crate::home::{Home, said};
use crate::report::Report;
use crate::run::Run;

pub(super) async fn play(run: &Run, library: &Library, errno: Errno, report: &mut Report) -> Result<()> {
    let sandbox = Sandbox::start(Config::default()).await?;
    let home = Home::logged_in(&sandbox).await?;
    let control = sandbox.control();
    let (note, bad) = (home.path().with_file_name("note"), home.path().with_file_name("bad"));
    let fault = Fault {
        errno,
        nth: 1,
        lasting: true,
    };
    let mut gateway = home.evergrant(run, &["serve", "--listen", "127.0.0.1:0", "--json"]);
    gateway
        .envs(fault.variables(library, &home.path(), &note))
        .env("DISK_BAD", &bad);
    let mut gateway = gateway.stderr(Stdio::null()).spawn().context("starting the gateway")?;
    let mut events = BufReader::new(gateway.stdout.take().context("a gateway without stdout")?).lines();
    let event = tokio::time::timeout(PATIENCE, events.next_line())
        .await
        .context("no gateway")??;
    let event: Value = serde_json::from_str(&event.context("the gateway ended")?)?;
    let address = event["address"].as_str().context("an address")?.to_owned();
    let ask = || async {
        let reply = HttpClient::new()
            .timeout(PATIENCE)
            .get(&format!("http://{address}/p/acme/models"))
            .await?;
        anyhow::Ok(reply.status.as_u16())
    };

    // The token dies; its renewal is at the provider when the disk turns bad.
    control.arm(Order::new("answer-slow").with("delay_ms", 4_000).times(1))?;
    control.expire(Wording::Unauthorized);
    let (answered, ()) = tokio::join!(ask(), async {
        while control.counters().refreshes == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // What turns bad is what is left to be done once the request is out.
        let _ = std::fs::write(&bad, "");
    });
    let mut statuses = vec![answered?];
    for _ in 0..3 {
        statuses.push(ask().await?);
    }
    let name = format!("a gateway, {fault}");
    report.equal(&format!("{name}: answers from memory"), &statuses, &vec![200; 4]);
    report.check(note.exists(), || format!("{name}: the disk was not needed"));
    let stored = || -> Result<u64> {
        let known = accounts(&home.settings()?).map_err(said)?;
        Ok(known.first().map_or(0, |account| account.generation.0))
    };
    report.equal(&format!("{name}: in the store while the disk is bad"), &stored()?, &1);

    std::fs::remove_file(&bad)?;
    let mended = Instant::now();
    while stored()? == 1 && mended.elapsed() < SAVED_WITHIN {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    report.equal(&format!("{name}: in the store when it is mended"), &stored()?, &2);
    report.equal(&format!("{name}: answers after it"), &ask().await?, &200);
    report.equal(&format!("{name}: refresh requests"), &control.counters().refreshes, &1);
    gateway.start_kill()?;
    gateway.wait().await?;
    let driver = Driver::open(home.settings()?).map_err(said)?;
    driver.refresh("acme/default").await.map_err(said)?;
    report.equal(&format!("{name}: reuses"), &control.counters().refresh_reuses, &0);
    Ok(())
}

/// 30 s for whatever the gateway is asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// 35 s: the tries to save are 30 s apart at most.
const SAVED_WITHIN: Duration = Duration::from_secs(35);
