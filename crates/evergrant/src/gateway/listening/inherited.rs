//! Sockets that a service manager listens on for the gateway (socket activation): no connection is refused between two runs.

#[cfg(unix)]
use std::os::unix::net::UnixListener;

use std::net::TcpListener;

use evergrant_driver::{Code, Failure, Remedy};

/// A socket that somebody else listens on as well.
#[derive(Debug)]
pub(crate) enum Inherited {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

/// Takes the sockets that were handed over (`LISTEN_FDS`, `LISTEN_PID`, `sd_listen_fds(3)`); none if there are none. To be called
/// while the process has one thread, because the variables are taken out of its environment.
///
/// # Errors
/// A descriptor that is no socket to accept connections on.
#[cfg(unix)]
pub(crate) fn inherited_sockets() -> Result<Vec<Inherited>, Failure> {
    let mut handed = listenfd::ListenFd::from_env();
    (0..handed.len())
        .map(|place| {
            // What kind it is can only be found out by trying.
            if let Ok(Some(listener)) = handed.take_tcp_listener(place) {
                return Ok(Inherited::Tcp(listener));
            }
            match handed.take_unix_listener(place) {
                Ok(Some(listener)) => Ok(Inherited::Unix(listener)),
                Ok(None) => Err(unusable(place, "it was handed over twice")),
                Err(error) => Err(unusable(place, &error.to_string())),
            }
        })
        .collect()
}

/// Elsewhere there are none.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn inherited_sockets() -> Result<Vec<Inherited>, Failure> {
    Ok(Vec::new())
}

#[cfg(unix)]
fn unusable(place: usize, why: &str) -> Failure {
    let message = format!("the service manager's socket {place} cannot be listened on: {why}");
    Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
        command: "systemctl cat evergrant.socket".to_owned(),
        why: "hand over stream sockets alone (`ListenStream=`)".to_owned(),
    })
}
