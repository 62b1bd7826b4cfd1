//! Carries what is told of requests to whoever collects it, by the network's settings; nobody's credential goes along.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::secret::Secret;
use evergrant_engine::wire;
use http::{Request, Response};
use url::Url;

use crate::http::{ExchangeLimits, Network, NetworkSettings};

/// Whoever carries it.
#[derive(Clone, Debug)]
pub struct Courier(Arc<Network>);

impl Courier {
    /// Goes by these settings.
    ///
    /// # Errors
    /// A proxy or a certificate file that cannot be used.
    pub fn new(settings: &NetworkSettings) -> Result<Self, Failure> {
        Ok(Self(Arc::new(Network::new(settings)?)))
    }

    /// Sends a request on a connection of its own, wherever it is addressed to, and answers with what comes back.
    ///
    /// # Errors
    /// An address that is none, or that cannot be reached within the limit.
    pub async fn carry(&self, request: Request<Bytes>, limit: Duration) -> Result<Response<Bytes>, Failure> {
        let (head, body) = request.into_parts();
        let text = head.uri.to_string();
        let no_address = |_| Failure::new(Code::Usage, "not an address of the form `http://HOST:PORT/PATH`");
        let url = Url::parse(&text).map_err(no_address)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let asked = wire::Request {
            method: head.method,
            url,
            headers: head.headers,
            body: Secret::new(body.to_vec()),
        };
        let limits = ExchangeLimits {
            connect: limit,
            total: limit,
        };
        let carried = self.0.carry(asked, limits).await;
        let reply = carried.map_err(|broken| broken.into_failure(&host))?;
        let mut response = Response::new(reply.body);
        *response.headers_mut() = reply.headers;
        *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or_default();
        Ok(response)
    }
}
