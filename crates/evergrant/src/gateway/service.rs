//! One request: kept out or let in, led where its path says, and answered in the client's own form.

use bytes::Bytes;
use evergrant_driver::client::Trail;
use evergrant_driver::{Code, Driver, Failure, Remedy, entropy};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tracing::{Instrument as _, debug, info_span};

use super::body::GatewayBody;
use super::destination::Destination;
use super::forward::{Aim, forward};
use super::guard;
use super::models::models;
use super::refusal::refusal;
use super::request_id::RequestIds;
use super::surface::Surface;
use super::trail::{Unanswered, mark};

/// What all connections share.
pub(super) struct Gateway {
    driver: Driver,
    ids: RequestIds,
    instance: HeaderValue,
}

impl Gateway {
    pub(super) fn new(driver: Driver) -> Result<Self, Failure> {
        let instance = u128::from_le_bytes(entropy::random::<16>()?);
        Ok(Self {
            driver,
            ids: RequestIds::new()?,
            // Hexadecimal digits are always a header's value.
            instance: HeaderValue::try_from(format!("{instance:032x}")).unwrap_or(HeaderValue::from_static("0")),
        })
    }

    /// What it answers with at `/healthz`, so that nothing else is taken for it.
    pub(super) fn instance(&self) -> &str {
        self.instance.to_str().unwrap_or_default()
    }

    fn health(&self) -> Response<GatewayBody> {
        let mut response = plain(StatusCode::OK, "ok\n");
        let instance = self.instance.clone();
        response.headers_mut().insert("x-evergrant-instance", instance);
        response
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>, is_local_socket: bool) -> Response<GatewayBody> {
        let id = self.ids.next();
        let surface = Surface::of(request.uri(), request.headers());
        let span = info_span!("request", id = id.to_str().unwrap_or_default());
        let mut response = match self.lead(request, is_local_socket, surface).instrument(span).await {
            Ok(response) => response,
            Err((failure, trail)) => {
                debug!(code = failure.code.as_str(), "answered by ourselves: {failure}");
                let mut response = refusal(surface, &failure);
                mark(response.headers_mut(), &trail);
                response
            }
        };
        response.headers_mut().insert("x-evergrant-request-id", id);
        response
    }

    async fn lead(
        &self,
        request: Request<Incoming>,
        is_local_socket: bool,
        surface: Surface,
    ) -> Result<Response<GatewayBody>, Unanswered> {
        let none = |failure| (failure, Trail::default());
        let destination = Destination::of(request.method(), request.uri());
        if destination == Destination::Health {
            return Ok(self.health());
        }
        guard::check(request.uri(), request.headers(), is_local_socket).map_err(none)?;
        match destination {
            Destination::Health => Ok(self.health()),
            Destination::Ready if self.driver.accounts().iter().any(|account| account.usable) => {
                Ok(plain(StatusCode::OK, "ready\n"))
            }
            Destination::Ready => Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "no credential is usable\n")),
            Destination::Models => models(&self.driver, request.headers()).await,
            Destination::Forward { provider, pin, path } => {
                let aim = Aim { provider, pin };
                forward(&self.driver, request, aim, &path, surface).await
            }
            Destination::Unknown => Err(none(unknown(request.uri().path()))),
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<GatewayBody> {
    let mut response = Response::new(GatewayBody::full(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let typed = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, typed);
    response
}

fn unknown(path: &str) -> Failure {
    let message = format!("there is nothing at `{path}`: requests go to `/v1/...` or `/p/PROVIDER/...`");
    Failure::new(Code::UnknownPath, message).with_remedy(Remedy::ChangeRequest)
}
