//! What an OpenTelemetry collector is told of requests, if one is named and the feature `otel` was built.

#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod said;
#[cfg(not(feature = "otel"))]
mod untraced;

#[cfg(feature = "otel")]
pub(crate) use export::{Traces, begun_by};
#[cfg(not(feature = "otel"))]
pub(crate) use untraced::Traces;
