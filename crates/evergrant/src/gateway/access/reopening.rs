//! SIGHUP opens the log's file again, after something has moved it away.

use super::log::AccessLog;

/// Listens for the signal for as long as the process runs. Without it the file is written on.
#[cfg(unix)]
pub(in crate::gateway) fn reopen_when_told(log: &AccessLog) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut told) => {
            let shared = log.shared();
            tokio::spawn(async move {
                while told.recv().await.is_some() {
                    shared.reopen();
                }
            });
        }
        Err(error) => tracing::warn!(%error, "the access log will not be opened again on SIGHUP"),
    }
}

/// There is no such signal here.
#[cfg(not(unix))]
pub(in crate::gateway) fn reopen_when_told(_: &AccessLog) {}
