//! Requests that go on while things happen, and whether what they were served was within its life.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant_driver::clock::Clock as _;
use evergrant_driver::{Driver, Moment, Target};
use tokio::time::sleep;

use crate::home::PROVIDER;
use crate::watch::{Watch, age};
use crate::worker::ask;

/// What was served, and when each token was first seen.
#[derive(Default)]
pub(crate) struct Served {
    life: Duration,
    seen: HashMap<String, Moment>,
    pub(crate) good: u64,
    pub(crate) faults: Vec<String>,
}

impl Served {
    pub(crate) fn new(life: Duration) -> Self {
        Self {
            life,
            ..Self::default()
        }
    }

    /// Asks for a token, which must be within its life by both clocks.
    pub(crate) async fn look(&mut self, driver: &Driver, watch: &Watch) {
        let now = watch.now();
        let target = Target {
            provider: PROVIDER.into(),
            label: None,
        };
        match driver.token(&target, Duration::ZERO).await {
            Ok(token) => {
                let first = self
                    .seen
                    .entry(token.access_token.expose().clone())
                    .or_insert_with(|| watch.now());
                let age = age(first, &now);
                if age > self.life {
                    self.faults.push(format!("a token was served that was {age:?} old"));
                }
                self.good += 1;
            }
            Err(failure) => self
                .faults
                .push(format!("no token: {}: {failure}", failure.code.as_str())),
        }
    }
}

pub(crate) async fn requests(driver: Driver, watch: Arc<Watch>, mut served: Served, stop: Arc<AtomicBool>) -> Served {
    while !stop.load(Ordering::SeqCst) {
        served.look(&driver, &watch).await;
        match ask(&driver).await {
            Ok(()) => served.good += 1,
            Err(why) => served.faults.push(why),
        }
        sleep(GLANCE).await;
    }
    served
}

/// Often enough to measure by.
pub(crate) const GLANCE: Duration = Duration::from_millis(100);
