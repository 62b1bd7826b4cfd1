//! The log on stderr: our own events only, so that no library's trace can show a secret.

use evergrant_driver::{Code, Failure, Remedy};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log: `directives` (of `EVERGRANT_LOG`) win over the count of `-v`, and that over the command's usual level.
///
/// # Errors
/// `usage` if the directives cannot be read.
pub(crate) fn start(usual: &str, verbose: u8, directives: Option<&str>, colour: bool) -> Result<(), Failure> {
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
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // A closed stderr must not make it panic.
        .log_internal_errors(false)
        .with_filter(ours);
    // It can only have been set already, and then it logs.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(())
}
