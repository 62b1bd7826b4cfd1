//! What the log keeps of one request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use evergrant_driver::client::Trail;
use evergrant_driver::client_key::KeyName;
use evergrant_driver::measures::Counter;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use super::shown::{client_id, model, path, upstream_id};
use crate::gateway::measures::Ending;

/// What is kept of one request. No body, no header that carries a credential, no query.
#[derive(Debug)]
pub(in crate::gateway) struct Entry {
    pub(super) came: SystemTime,
    pub(super) id: HeaderValue,
    pub(super) client_id: Option<String>,
    pub(super) upstream_id: Option<String>,
    pub(super) client: Option<SocketAddr>,
    pub(super) key: Option<KeyName>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) surface: &'static str,
    pub(super) model: Option<String>,
    pub(super) trail: Trail,
    pub(super) status: StatusCode,
    pub(super) code: Option<&'static str>,
    /// Bytes of the request's body, as they come.
    pub(super) received: Arc<Counter>,
    pub(super) ending: Ending,
    pub(super) own: Option<Duration>,
    pub(super) ended: Ended,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Ended {
    /// With its last byte.
    Whole,
    /// The client went away before.
    Left,
    /// It broke off.
    Broken,
}

impl Ended {
    pub(in crate::gateway) const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Left => "left",
            Self::Broken => "broken",
        }
    }
}

impl Entry {
    /// A request has come.
    pub(in crate::gateway) fn new<B>(
        request: &Request<B>,
        id: HeaderValue,
        client: Option<SocketAddr>,
        surface: &'static str,
    ) -> Self {
        Self {
            came: SystemTime::now(),
            id,
            client_id: client_id(request.headers()).map(str::to_owned),
            upstream_id: None,
            client,
            key: None,
            method: request.method().clone(),
            path: path(request.uri().path()),
            surface,
            model: None,
            trail: Trail::default(),
            status: StatusCode::OK,
            code: None,
            received: Arc::default(),
            ending: Ending::default(),
            own: None,
            ended: Ended::Whole,
        }
    }

    /// Whose key was shown, if one was.
    pub(in crate::gateway) fn is_asked_by(&mut self, key: Option<&KeyName>) {
        self.key = key.cloned();
    }

    /// The model that it asks for.
    pub(in crate::gateway) fn asks_for(&mut self, name: &str) {
        self.model = Some(model(name).to_owned());
    }

    /// What counts the bytes of its body.
    pub(in crate::gateway) fn received(&self) -> Arc<Counter> {
        Arc::clone(&self.received)
    }

    /// Its answer's head is there; the gateway added so much to its time.
    pub(in crate::gateway) fn answered(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        trail: Trail,
        own: Option<Duration>,
    ) {
        self.own = own;
        self.status = status;
        self.upstream_id = trail
            .provider
            .as_ref()
            .and_then(|_| upstream_id(headers))
            .map(str::to_owned);
        self.trail = trail;
    }

    /// The gateway answered it with a failure of its own.
    pub(in crate::gateway) fn failed(&mut self, code: &'static str) {
        self.code = Some(code);
    }

    /// It is over.
    pub(in crate::gateway) fn ended(mut self: Box<Self>, ended: Ended, ending: Ending) -> Box<Self> {
        self.ended = ended;
        self.ending = ending;
        self
    }
}
