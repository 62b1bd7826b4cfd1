//! Streams of stamped events, many at a time: how long after its stamp each event was here.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use super::connection::Connection;
use super::figures::Figures;
use super::moment::now;
use super::target::Target;
use super::typed::Streamed;

/// Says as one line of JSON what the streams took.
pub(crate) fn measure(wanted: &Streamed) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(all(wanted))?;
    #[expect(clippy::print_stdout, reason = "a development binary speaks to whoever runs it")]
    {
        let streams = seen.reads.len();
        println!(
            "{}",
            json!({
                "streams": streams, "errors": seen.errors,
                "first": Figures::from(seen.firsts), "delay": Figures::from(seen.delays), "reads": Figures::from(seen.reads),
            })
        );
    }
    Ok(())
}

/// What was seen of many streams; times in microseconds.
#[derive(Default)]
struct Seen {
    errors: u32,
    /// From the request to the first byte of each stream.
    firsts: Vec<u64>,
    /// From the stamp of each event to its arrival.
    delays: Vec<u64>,
    /// Pieces of each stream: fewer than events where some were joined.
    reads: Vec<u64>,
}

async fn all(wanted: &Streamed) -> Result<Seen> {
    let mut lanes = JoinSet::new();
    for lane in 0..wanted.connections {
        let (target, rounds, pause) = (wanted.target.clone(), wanted.rounds, wanted.pause);
        // Spread over one pause, so that the events of different streams do not come in step.
        let begin = Duration::from_micros(pause * u64::from(lane) / u64::from(wanted.connections));
        lanes.spawn(async move {
            sleep(begin).await;
            one_after_another(&target, rounds, pause).await
        });
    }
    let mut all = Seen::default();
    while let Some(lane) = lanes.join_next().await {
        let seen = lane.context("a lane ended")??;
        all.errors += seen.errors;
        all.firsts.extend(seen.firsts);
        all.delays.extend(seen.delays);
        all.reads.extend(seen.reads);
    }
    Ok(all)
}

async fn one_after_another(target: &Target, rounds: u32, pause: u64) -> Result<Seen> {
    let body = target.body(&format!("STAMP PAUSE={pause} please"), true);
    let mut connection = Connection::to(target.authority()?);
    let mut seen = Seen::default();
    for _ in 0..rounds {
        if seen.stream(&mut connection, target, body.clone()).await.is_err() {
            seen.errors += 1;
        }
    }
    Ok(seen)
}

impl Seen {
    async fn stream(&mut self, connection: &mut Connection, target: &Target, body: Bytes) -> Result<()> {
        let sent = now();
        let mut response = connection.send(target.request(body)?).await?;
        ensure!(response.status() == StatusCode::OK, "answered {}", response.status());
        let (mut reads, mut text) = (0, Vec::new());
        while let Some(frame) = response.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let here = now();
            if reads == 0 {
                self.firsts.push((here - sent) / 1_000);
            }
            reads += 1;
            self.delays
                .extend(stamps(&data).map(|stamp| here.saturating_sub(stamp) / 1_000));
            text.extend_from_slice(&data);
        }
        ensure!(text.ends_with(b"data: [DONE]\n\n"), "a stream ended early");
        self.reads.push(reads);
        Ok(())
    }
}

/// The stamps in a piece; an event comes whole, or this undercounts.
fn stamps(data: &[u8]) -> impl Iterator<Item = u64> {
    let fields = data.split(|byte| *byte == b'@').skip(1).step_by(2);
    fields.filter_map(|field| std::str::from_utf8(field).ok()?.parse().ok())
}
