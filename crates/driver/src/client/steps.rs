//! The steps of a request as whoever traces it is told of them; nothing but ids and figures, and nothing at all unless a trace is
//! asked for.

use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::attempt::Action;
use http::Response;
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::http::Broken;

/// What spans for a trace are known by; the log shows none of them.
pub const TRACE: &str = "trace";

/// One try at a provider.
pub(super) fn attempt(lease: &Lease, row: &Row) -> Span {
    info_span!(
        target: TRACE,
        "attempt",
        "otel.kind" = "client",
        "evergrant.provider" = lease.provider.as_str(),
        "evergrant.credential" = lease.fence.id.as_str(),
        "server.address" = row.base_url.host_str(),
        "http.response.status_code" = Empty,
        "error.type" = Empty,
    )
}

/// What came of it.
pub(super) fn attempted<B>(span: &Span, sent: &Result<Response<B>, Broken>) {
    // A span that nobody listens to is asked for its fields all the same.
    if span.is_disabled() {
        return;
    }
    match sent {
        Ok(answer) => span.record("http.response.status_code", answer.status().as_u16()),
        Err(broken) => span.record("error.type", if broken.timed_out { "timeout" } else { "unreachable" }),
    };
}

/// What is done between two tries.
pub(super) fn recovery(action: &Action) -> Span {
    let name = match action {
        Action::Renew(_) => "renew",
        Action::Reread(_) => "reread",
        Action::WaitUntil(_) => "wait",
        Action::AwaitGeneration { .. } => "await another's renewal",
        Action::Send(_) | Action::FallBack(_) | Action::Deliver(_) | Action::Fail(_) | Action::Close => "none",
    };
    info_span!(target: TRACE, "recovery", "otel.name" = name)
}
