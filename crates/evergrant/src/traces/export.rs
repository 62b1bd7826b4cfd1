//! Sends traces by the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like), in batches, on a thread of its own.

use std::time::Duration;

use evergrant_driver::client::TRACE;
use evergrant_driver::http::NetworkSettings;
use evergrant_driver::{Code, Failure, Remedy};
use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;

use super::collector::Collector;
use super::said::Said;

/// Whom a collector's address was given for, or nobody.
#[derive(Debug)]
pub(crate) struct Traces(Option<Export>);

#[derive(Debug)]
struct Export {
    provider: SdkTracerProvider,
    collector: Collector,
}

impl Traces {
    /// Nobody is told anything.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// The collector that the environment names, if it names one; nothing is sent yet.
    ///
    /// # Errors
    /// `usage`: an address that is none, another protocol than the one that is spoken.
    pub(crate) fn named<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Failure> {
        let of_traces = |name: &str| {
            let own = value(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
            own.or_else(|| value(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let is_off = value("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || value("OTEL_TRACES_EXPORTER") == Some("none");
        if is_off || of_traces("ENDPOINT").is_none() {
            return Ok(Self(None));
        }
        if let Some(other) = of_traces("PROTOCOL").filter(|protocol| *protocol != PROTOCOL) {
            let message =
                format!("`OTEL_EXPORTER_OTLP_PROTOCOL` is `{other}`, and traces are sent by `{PROTOCOL}` alone");
            return Err(Failure::new(Code::Usage, message).with_remedy(Remedy::ChangeRequest));
        }
        let limit = of_traces("TIMEOUT").and_then(|millis| millis.parse().ok());
        let collector = Collector::new(limit.map_or(LIMIT, Duration::from_millis));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector.clone())
            .build();
        let exporter = exporter.map_err(|error| {
            Failure::new(
                Code::Usage,
                format!("traces cannot be sent as the environment says: {error}"),
            )
            .with_remedy(Remedy::ChangeRequest)
        })?;
        let is_named = value("OTEL_SERVICE_NAME").is_some()
            || value("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|attributes| attributes.contains("service.name="));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(is_named))
            .with_batch_exporter(Said::new(exporter))
            .build();
        Ok(Self(Some(Export { provider, collector })))
    }

    /// What makes traces of our spans; of nothing else, so that no line of the log, and no library's, gets into one.
    pub(crate) fn layer(&self) -> Option<impl Layer<Registry> + use<>> {
        let export = self.0.as_ref()?;
        let layer = tracing_opentelemetry::layer()
            .with_tracer(export.provider.tracer("evergrant"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TRACE)))
    }

    /// Sends from here on, by these settings; needs a runtime.
    ///
    /// # Errors
    /// A proxy or a certificate file that cannot be used.
    pub(crate) fn begin(&self, settings: &NetworkSettings) -> Result<(), Failure> {
        match &self.0 {
            Some(export) => export.collector.begin(settings),
            None => Ok(()),
        }
    }

    /// Sends what is left.
    pub(crate) async fn finish(&self) {
        let Some(export) = &self.0 else { return };
        let provider = export.provider.clone();
        // It waits for a thread that waits for this runtime. What cannot be sent has been said.
        let _ = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST)).await;
    }
}

/// Makes a span go on from the one that its request's `traceparent` names.
pub(crate) fn begun_by(span: &Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if parent.span().span_context().is_valid() {
        // Without a layer there is nothing to be a part of.
        let _ = span.set_parent(parent);
    }
}

/// Who tells: as the environment says, else by our own name.
fn resource(is_named: bool) -> Resource {
    let resource = Resource::builder();
    let resource = if is_named {
        resource
    } else {
        resource.with_service_name("evergrant")
    };
    resource.build()
}

/// The one that is spoken.
const PROTOCOL: &str = "http/protobuf";

/// 10 s for a batch, as the standard says.
const LIMIT: Duration = Duration::from_secs(10);

/// 5 s for the last one: no end of a gateway waits long for who only listens.
const LAST: Duration = Duration::from_secs(5);
