//! Requests one after another on each of many connections, and what each of them took, second by second.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep_until};

use super::connection::Connection;
use super::figures::Figures;
use super::typed::Loaded;

/// Says as one line of JSON what the requests took, and those of the second after the refusal apart.
pub(crate) fn measure(wanted: &Loaded) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let taken = runtime.block_on(all(wanted))?;
    let half = u64::from(wanted.seconds) * 500_000;
    let after = |asked: &&Asked| asked.done >= half && asked.done < half + 1_000_000;
    let within = taken
        .asked
        .iter()
        .filter(after)
        .map(|asked| asked.took)
        .collect::<Vec<_>>();
    #[expect(clippy::print_stdout, reason = "a development binary speaks to whoever runs it")]
    {
        println!(
            "{}",
            json!({
                "errors": taken.errors, "first_error": taken.first_error,
                "all": Figures::from(taken.asked.iter().map(|asked| asked.took).collect::<Vec<_>>()),
                "second": Figures::from(within),
            })
        );
    }
    Ok(())
}

/// A request that was answered; microseconds, `done` since the beginning.
struct Asked {
    done: u64,
    took: u64,
}

#[derive(Default)]
struct Taken {
    asked: Vec<Asked>,
    errors: u32,
    first_error: Option<String>,
}

async fn all(wanted: &Loaded) -> Result<Taken> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(wanted.seconds.into());
    let body = wanted.target.body(&"x".repeat(wanted.body), false);
    let target = Arc::new(wanted.target.clone());
    let mut lanes = JoinSet::new();
    for _ in 0..wanted.connections {
        let (target, body) = (Arc::clone(&target), body.clone());
        lanes.spawn(async move {
            let mut connection = Connection::to(target.authority()?);
            let mut taken = Taken::default();
            while Instant::now() < end {
                let asked = Instant::now();
                match ask(&mut connection, target.request(body.clone())?).await {
                    Ok(()) => taken.asked.push(Asked {
                        done: micros(begun.elapsed()),
                        took: micros(asked.elapsed()),
                    }),
                    Err(error) => {
                        taken.errors += 1;
                        taken.first_error.get_or_insert_with(|| format!("{error:#}"));
                    }
                }
            }
            anyhow::Ok(taken)
        });
    }
    if let Some(provider) = &wanted.refuse_at {
        sleep_until(begun + (end - begun) / 2).await;
        refuse(provider).await?;
    }
    let mut all = Taken::default();
    while let Some(lane) = lanes.join_next().await {
        let taken = lane.context("a lane ended")??;
        all.asked.extend(taken.asked);
        all.errors += taken.errors;
        all.first_error = all.first_error.or(taken.first_error);
    }
    Ok(all)
}

async fn ask(connection: &mut Connection, request: Request<Full<Bytes>>) -> Result<()> {
    let response = connection.send(request).await?;
    let status = response.status();
    let text = response.into_body().collect().await?.to_bytes();
    ensure!(
        status == StatusCode::OK,
        "answered {status}: {}",
        String::from_utf8_lossy(&text)
    );
    Ok(())
}

async fn refuse(provider: &str) -> Result<()> {
    let request = Request::post("/refuse")
        .header("host", provider)
        .body(Full::default())?;
    ask(&mut Connection::to(provider), request).await
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
