//! Line p: how long an answer that was read is nowhere but in memory.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use evergrant_driver::Driver;
use evergrant_driver::failpoint::{Failpoint, last_passed};
use evergrant_sandbox::{Config, Sandbox};

use crate::home::{Home, log_in, said};
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let mut report = Report::default();
    let sandbox = Sandbox::start(Config::default()).await?;
    let home = Home::with(&sandbox)?;
    let driver = Driver::open(home.settings()?).map_err(said)?;
    let account = log_in(&driver).await?;
    let renewals = run.rounds(300, 5_000);
    let (mut written, mut saved, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut file = File::create(home.path().join("bare"))?;
    file.write_all(&[0; ANSWER_BYTES])?;
    file.sync_all()?;
    for _ in 0..renewals {
        driver.refresh(account.id.as_str()).await.map_err(said)?;
        let read = last_passed(Failpoint::AnswerRead)
            .context("this build passes no points: the feature `torture` is missing")?;
        // Of this very answer: an earlier one was saved before this one was read.
        let since_read = |point| last_passed(point).and_then(|passed| passed.checked_duration_since(read));
        written.extend(since_read(Failpoint::AnswerWritten));
        saved.extend(since_read(Failpoint::AnswerSaved));
        bare.push(overwrite(&mut file)?);
    }
    report.equal("answers saved in the journal", &u64::try_from(saved.len())?, &renewals);
    report.figure("renewals", renewals);
    if let (Some(written), Some(saved), Some(bare)) = (Spread::of(written), Spread::of(saved), Spread::of(bare)) {
        report.figure("from answer read to written (a kill)", written.words());
        report.figure("to synced (a power cut)", saved.words());
        report.figure("the disk alone, in between", bare.words());
        // What a disk that others keep busy takes for the same write is none of ours.
        let busy = bare.ninety_nine.saturating_sub(BARE_MAX);
        let limit = EXPOSURE_MAX + busy * 2;
        report.check(saved.ninety_nine <= limit, || {
            format!("p99 {:?} where {limit:?} is allowed", saved.ninety_nine)
        });
    }
    Ok(report)
}

/// As the journal is written: over what is there already, and synced.
fn overwrite(file: &mut File) -> Result<Duration> {
    let began = Instant::now();
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&[1; ANSWER_BYTES])?;
    file.sync_data()?;
    Ok(began.elapsed())
}

struct Spread {
    half: Duration,
    ninety_nine: Duration,
    most: Duration,
}

impl Spread {
    fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        // The nearest rank: at least so many of them are no longer than it.
        let rank = |hundredths: usize| all.get((all.len() * hundredths).div_ceil(100).checked_sub(1)?).copied();
        Some(Self {
            half: rank(50)?,
            ninety_nine: rank(99)?,
            most: rank(100)?,
        })
    }

    fn words(&self) -> String {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        format!(
            "p50 {:.2} ms p99 {:.2} ms most {:.2} ms",
            milliseconds(self.half),
            milliseconds(self.ninety_nine),
            milliseconds(self.most)
        )
    }
}

/// 25 ms on the disk of a machine that does nothing else.
const EXPOSURE_MAX: Duration = Duration::from_millis(25);

/// 5 ms: what such a write takes at most, nearly always, on a disk that is not busy.
const BARE_MAX: Duration = Duration::from_millis(5);

/// 4 KiB: a sealed answer of the sandbox takes about as much.
const ANSWER_BYTES: usize = 4_096;
