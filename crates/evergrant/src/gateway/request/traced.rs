//! One request as whoever traces it is told of it: from its first byte to the last of its answer, in ids and figures alone.
//!
//! Without the feature `otel` it holds nothing and does nothing.

use evergrant_driver::client::Trail;
use evergrant_driver::client_key::KeyName;
use http::{HeaderValue, Request, StatusCode};

/// One request.
#[cfg(not(feature = "otel"))]
#[derive(Clone, Debug, Default)]
pub(super) struct Traced;

#[cfg(not(feature = "otel"))]
impl Traced {
    /// It has come.
    pub(super) const fn begin<B>(_: &Request<B>, _: &HeaderValue, _: &'static str) -> Self {
        Self
    }

    /// Whether anybody is told.
    pub(super) const fn is_told(&self) -> bool {
        false
    }

    /// What is done meanwhile is a part of it.
    pub(super) fn around<F: Future>(&self, work: F) -> F {
        work
    }

    /// Whose key was shown, if one was.
    pub(super) const fn is_asked_by(&self, _: Option<&KeyName>) {}

    /// The model that it asks for.
    pub(super) const fn asks_for(&self, _: &str) {}

    /// The gateway answers it with a failure of its own.
    pub(super) const fn failed(&self, _: &'static str) {}

    /// The head of its answer is there.
    pub(super) const fn answered(&self, _: StatusCode, _: &Trail) {}

    /// Its answer has ended in this way.
    pub(super) const fn ended(&self, _: &'static str) {}
}

/// One request.
#[cfg(feature = "otel")]
#[derive(Clone, Debug)]
pub(super) struct Traced(tracing::Span);

#[cfg(feature = "otel")]
impl Default for Traced {
    fn default() -> Self {
        Self(tracing::Span::none())
    }
}

#[cfg(feature = "otel")]
impl Traced {
    /// It has come.
    pub(super) fn begin<B>(request: &Request<B>, id: &HeaderValue, operation: &'static str) -> Self {
        use tracing::field::Empty;
        let method = known(request.method());
        let span = tracing::info_span!(
            target: evergrant_driver::client::TRACE,
            parent: None,
            "request",
            "otel.kind" = "server",
            "otel.name" = Empty,
            "http.request.method" = method,
            "url.path" = Empty,
            "http.response.status_code" = Empty,
            "error.type" = Empty,
            "gen_ai.request.model" = Empty,
            "evergrant.request_id" = Empty,
            "evergrant.client_key" = Empty,
            "evergrant.provider" = Empty,
            "evergrant.credential" = Empty,
            "evergrant.attempts" = Empty,
            "evergrant.repaired" = Empty,
            "evergrant.ended" = Empty,
        );
        if !span.is_disabled() {
            crate::traces::begun_by(&span, request.headers());
            span.record("otel.name", format!("{method} {operation}"));
            span.record("url.path", crate::gateway::access::shown_path(request.uri().path()));
            span.record("evergrant.request_id", id.to_str().unwrap_or_default());
        }
        Self(span)
    }

    /// Whether anybody is told.
    pub(super) fn is_told(&self) -> bool {
        !self.0.is_disabled()
    }

    /// What is done meanwhile is a part of it.
    pub(super) fn around<F: Future>(&self, work: F) -> tracing::instrument::Instrumented<F> {
        tracing::Instrument::instrument(work, self.0.clone())
    }

    /// Whose key was shown, if one was.
    pub(super) fn is_asked_by(&self, key: Option<&KeyName>) {
        if let Some(key) = key {
            self.0.record("evergrant.client_key", key.as_str());
        }
    }

    /// The model that it asks for.
    pub(super) fn asks_for(&self, model: &str) {
        self.0
            .record("gen_ai.request.model", crate::gateway::access::shown_model(model));
    }

    /// The gateway answers it with a failure of its own.
    pub(super) fn failed(&self, code: &'static str) {
        self.0.record("error.type", code);
    }

    /// The head of its answer is there.
    pub(super) fn answered(&self, status: StatusCode, trail: &Trail) {
        let span = &self.0;
        span.record("http.response.status_code", status.as_u16());
        if let Some(provider) = &trail.provider {
            span.record("evergrant.provider", provider.as_str());
        }
        if let Some(credential) = &trail.credential {
            span.record("evergrant.credential", credential.as_str());
        }
        span.record("evergrant.attempts", trail.attempts);
        if !trail.repaired.is_empty() {
            span.record("evergrant.repaired", trail.repaired.join(", "));
        }
    }

    /// Its answer has ended in this way.
    pub(super) fn ended(&self, how: &'static str) {
        self.0.record("evergrant.ended", how);
    }
}

/// A method as it is told; what is none of these could be any text.
#[cfg(feature = "otel")]
fn known(method: &http::Method) -> &'static str {
    let known = ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
    known.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}
