//! The log on stderr: our own events only, so that no library's trace can show a secret.

use evergrant_driver::{Code, Failure, Remedy};
use tracing::Subscriber;
#[cfg(feature = "otel")]
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::traces::Traces;

/// Starts the log, and what makes traces if somebody wants them: `directives` (of `EVERGRANT_LOG`) win over the count of `-v`, and
/// that over the command's usual level.
///
/// # Errors
/// `usage` if the directives cannot be read.
pub(crate) fn start(
    usual: &str,
    verbose: u8,
    directives: Option<&str>,
    colour: bool,
    traces: &Traces,
) -> Result<(), Failure> {
    let written = directives.unwrap_or(match verbose {
        0 => usual,
        1 => "info",
        2 => "debug",
        _ => "trace",
    });
    let filter = EnvFilter::builder().parse(written).map_err(|error| {
        Failure::new(Code::Usage, format!("`EVERGRANT_LOG` cannot be read: {error}")).with_remedy(Remedy::Run {
            command: "EVERGRANT_LOG=debug evergrant status".to_owned(),
            why: "give a level (error, warn, info, debug, trace), or `target=level` pairs".to_owned(),
        })
    })?;
    let ours = filter_fn(|metadata| metadata.target().starts_with("evergrant"));
    let registry = tracing_subscriber::registry();
    // It can only have been set already, and then it logs.
    #[cfg(feature = "otel")]
    if let Some(tracer) = traces.layer() {
        // Traces are made whatever is logged.
        let _ = registry
            .with(tracer)
            .with(lines(colour).with_filter(ours.and(filter)))
            .try_init();
        return Ok(());
    }
    #[cfg(not(feature = "otel"))]
    let Traces = traces;
    let _ = registry.with(filter).with(lines(colour).with_filter(ours)).try_init();
    Ok(())
}

/// What is logged, a line each.
fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(colour: bool) -> impl Layer<S> {
    fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // A closed stderr must not make it panic.
        .log_internal_errors(false)
}
