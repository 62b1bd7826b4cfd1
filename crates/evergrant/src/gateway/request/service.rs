//! One request: kept out or let in, led where its path says, and answered in the client's own form.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use evergrant_driver::client::Trail;
use evergrant_driver::measures::{Counter, Raised};
use evergrant_driver::settings::AccessLog as Wanted;
use evergrant_driver::{Code, Driver, Failure, Guest, Remedy, entropy};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tracing::{Instrument as _, debug, info_span};

use super::destination::Destination;
use super::forward::{Aim, forward};
use super::metered::{Length, Metered};
use super::metrics::metrics;
use super::models::models;
use super::noted::Noted;
use super::request_id::RequestIds;
use super::traced::Traced;
use super::trail::{REQUEST_ID, Unanswered, mark, set};
use crate::gateway::access::{AccessLog, Entry, client_id, reopen_when_told, shown_path};
use crate::gateway::answer::GatewayBody;
use crate::gateway::answer::Surface;
use crate::gateway::answer::refusal;
use crate::gateway::door::Entrance;
use crate::gateway::door::check_framing;
use crate::gateway::measures::{Measures, Operation, Running};

/// What all connections share.
pub(in crate::gateway) struct Gateway {
    driver: Driver,
    ids: RequestIds,
    instance: HeaderValue,
    measures: Arc<Measures>,
    /// Whether `/metrics` is there.
    has_metrics: bool,
    log: Option<AccessLog>,
    entrance: Entrance,
}

impl Gateway {
    pub(in crate::gateway) fn new(
        driver: Driver,
        entrance: Entrance,
        has_metrics: bool,
        log: Option<&Wanted>,
    ) -> Result<Self, Failure> {
        let instance = u128::from_le_bytes(entropy::random::<16>()?);
        let measures = Arc::new(Measures::new());
        let log = log
            .map(|wanted| AccessLog::open(wanted, &measures.unlogged))
            .transpose()?;
        log.iter().for_each(reopen_when_told);
        Ok(Self {
            driver,
            ids: RequestIds::new()?,
            // Hexadecimal digits are always a header's value.
            instance: HeaderValue::try_from(format!("{instance:032x}")).unwrap_or(HeaderValue::from_static("0")),
            measures,
            has_metrics,
            log,
            entrance,
        })
    }

    /// What it answers with at `/healthz`, so that nothing else is taken for it.
    pub(in crate::gateway) fn instance(&self) -> &str {
        self.instance.to_str().unwrap_or_default()
    }

    fn health(&self, headers: &HeaderMap) -> Response<GatewayBody> {
        let mut response = plain(StatusCode::OK, "ok\n");
        let instance = self.instance.clone();
        response.headers_mut().insert("x-evergrant-instance", instance);
        let challenge = headers.get("x-evergrant-challenge").and_then(|text| text.to_str().ok());
        let proof = challenge.map(|challenge| self.driver.proof(self.instance(), challenge));
        if let Some(proof) = proof.and_then(|proof| HeaderValue::try_from(proof).ok()) {
            response.headers_mut().insert("x-evergrant-proof", proof);
        }
        response
    }

    /// Counts a connection for as long as what is returned lives.
    pub(in crate::gateway) fn connected(&self) -> Raised {
        self.measures.accepted.one();
        self.measures.connections.raise()
    }

    /// Whether a connection is upgraded.
    pub(in crate::gateway) fn has_tunnels(&self) -> bool {
        self.measures.tunnels.read() > 0
    }

    /// Counts clients that are given up.
    pub(in crate::gateway) fn given_up(&self) -> Arc<Counter> {
        Arc::clone(&self.measures.given_up)
    }

    /// Answers a request that came from this address.
    pub(in crate::gateway) async fn answer(
        &self,
        request: Request<Incoming>,
        is_local_socket: bool,
        client: Option<SocketAddr>,
    ) -> Response<Metered> {
        let operation = Operation::of(request.uri().path());
        let mut running = Running::begin(&self.measures, operation, self.has_metrics || self.log.is_some());
        let (id, method) = (self.ids.next(), request.method().clone());
        let entry = self.log.is_some().then(|| {
            let entry = Entry::new(&request, id.clone(), client, operation.as_str());
            Box::new(entry)
        });
        let traced = Traced::begin(&request, &id, operation.as_str());
        let mut noted = Noted::new(&self.measures, entry, traced.clone());
        let surface = Surface::of(request.uri(), request.headers());
        let span = info_span!(
            "request",
            id = id.to_str().unwrap_or_default(),
            client_id = client_id(request.headers())
        );
        let led = self.lead(request, is_local_socket, surface, &mut noted);
        let mut response = match traced.around(led.instrument(span)).await {
            Ok(response) => response,
            Err((failure, trail)) => {
                debug!(code = failure.code.as_str(), "answered by ourselves: {failure}");
                let mut response = refusal(surface, &failure);
                mark(response.headers_mut(), &trail);
                self.measures.answered_ourselves(failure.code);
                noted.failed(trail, failure.code);
                response
            }
        };
        set(response.headers_mut(), &REQUEST_ID, id);
        let own = running.answered(response.status(), &noted.trail, noted.is_stream);
        traced.answered(response.status(), &noted.trail);
        let log = noted.into_entry(&response, own);
        let log = self.log.clone().zip(log);
        // How it ends is asked for by the log and by traces alone.
        let length = if log.is_some() || traced.is_told() {
            Length::of(&method, response.status(), response.headers())
        } else {
            Length::Open
        };
        response.map(|body| Metered::new(body, length, running, log, traced))
    }

    async fn lead(
        &self,
        request: Request<Incoming>,
        is_local_socket: bool,
        surface: Surface,
        noted: &mut Noted,
    ) -> Result<Response<GatewayBody>, Unanswered> {
        let none = |failure| (failure, Trail::default());
        check_framing(&request).map_err(none)?;
        let destination = Destination::of(request.method(), request.uri());
        if destination == Destination::Health {
            return Ok(self.health(request.headers()));
        }
        let (uri, headers) = (request.uri(), request.headers());
        let guest = if destination == Destination::Ready {
            // Whoever balances the load has no key.
            self.entrance.look_in(uri, headers, is_local_socket).map_err(none)?;
            Guest::nobody()
        } else {
            let entered = self.entrance.enter(&self.driver, uri, headers, is_local_socket).await;
            let guest = entered.map_err(|kept_out| {
                noted.is_asked_by(kept_out.key.as_ref());
                none(kept_out.failure)
            })?;
            noted.is_asked_by(guest.key_name());
            guest.check_purpose(destination == Destination::Metrics).map_err(none)?;
            guest
        };
        match destination {
            Destination::Health => Ok(self.health(request.headers())),
            Destination::Ready if self.driver.accounts().iter().any(|account| account.usable) => {
                Ok(plain(StatusCode::OK, "ready\n"))
            }
            Destination::Ready => Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "no credential is usable\n")),
            Destination::Metrics if self.has_metrics => {
                metrics(&self.driver, &self.measures, request.headers()).map_err(none)
            }
            // Boxed, as all that is rare: every request has the room that its largest way needs.
            Destination::Models => Box::pin(models(&self.driver, &guest, request.headers())).await,
            Destination::Forward { provider, pin, path } => {
                let aim = Aim { provider, pin };
                forward(&self.driver, guest, request, aim, path, surface, noted).await
            }
            Destination::Metrics | Destination::Unknown => Err(none(unknown(request.uri().path()))),
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
    let path = shown_path(path);
    let message = format!("there is nothing at `{path}`: requests go to `/v1/...` or `/p/PROVIDER/...`");
    Failure::new(Code::UnknownPath, message).with_remedy(Remedy::ChangeRequest)
}
