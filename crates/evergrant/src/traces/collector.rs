//! The way to a collector: by the driver, which alone dials out.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use evergrant_driver::Failure;
use evergrant_driver::courier::Courier;
use evergrant_driver::http::NetworkSettings;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;
use tracing::debug;

/// Who is told.
#[derive(Clone, Debug)]
pub(super) struct Collector(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    way: OnceLock<(Courier, Handle)>,
    limit: Duration,
}

impl Collector {
    /// One to whom there is no way yet, and who has so long for each batch.
    pub(super) fn new(limit: Duration) -> Self {
        Self(Arc::new(Shared {
            way: OnceLock::new(),
            limit,
        }))
    }

    /// There is a way from here on; needs a runtime.
    ///
    /// # Errors
    /// Settings of the network that cannot be used.
    pub(super) fn begin(&self, settings: &NetworkSettings) -> Result<(), Failure> {
        let courier = Courier::new(settings)?;
        // It begins once.
        let _ = self.0.way.set((courier, Handle::current()));
        Ok(())
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Who calls is a thread without a runtime.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let Some((courier, runtime)) = self.0.way.get().cloned() else {
            return Err("nothing is served yet".into());
        };
        let limit = self.0.limit;
        let sent = runtime
            .spawn(async move { courier.carry(request, limit).await })
            .await?;
        sent.map_err(|failure| {
            debug!("a collector of traces cannot be told: {failure}");
            failure.message.into()
        })
    }
}
