//! Says once that traces do not reach their collector, and once that they do again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tracing::{info, warn};

/// An exporter whose failures are said.
#[derive(Debug)]
pub(super) struct Said<E> {
    exporter: E,
    failing: AtomicBool,
}

impl<E> Said<E> {
    /// Says those of this one.
    pub(super) const fn new(exporter: E) -> Self {
        Self {
            exporter,
            failing: AtomicBool::new(false),
        }
    }
}

impl<E: SpanExporter> SpanExporter for Said<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let ended = self.exporter.export(batch).await;
        let was_failing = self.failing.swap(ended.is_err(), Ordering::Relaxed);
        match &ended {
            Err(error) if !was_failing => warn!(%error, "traces do not reach their collector, and are lost"),
            Ok(()) if was_failing => info!("traces reach their collector again"),
            Err(_) | Ok(()) => {}
        }
        ended
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
