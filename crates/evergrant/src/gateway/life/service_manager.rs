//! Tells a service manager how the gateway is: `sd_notify(3)`, a datagram to the socket in `NOTIFY_SOCKET`.

use std::time::Duration;

#[cfg(unix)]
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::warn;

/// A service manager that wants to know, or none.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceManager {
    #[cfg(unix)]
    address: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and, if it is set, `WATCHDOG_PID`.
    pub(crate) fn named<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Self {
        let meant = value("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
        let watchdog = value("WATCHDOG_USEC")
            .filter(|_| meant)
            .and_then(|micros| micros.parse().ok())
            .filter(|micros| *micros > 0)
            .map(Duration::from_micros);
        Self {
            #[cfg(unix)]
            address: value("NOTIFY_SOCKET").and_then(address),
            watchdog,
        }
    }

    /// It can be connected to.
    pub(in crate::gateway) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It reads its files again, until it is ready the next time.
    pub(in crate::gateway) fn reloading(&self) {
        #[cfg(unix)]
        {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let micros = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000);
            self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
        }
    }

    /// It ends.
    pub(in crate::gateway) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Says that it is alive, twice in the time after which it would be taken for dead; forever.
    pub(in crate::gateway) async fn keep_alive(&self) {
        let Some(watchdog) = self.watchdog else {
            return std::future::pending().await;
        };
        loop {
            self.tell("WATCHDOG=1");
            tokio::time::sleep(watchdog / 2).await;
        }
    }

    #[cfg(unix)]
    fn tell(&self, state: &str) {
        let Some(address) = &self.address else { return };
        let told = UnixDatagram::unbound().and_then(|socket| {
            // A manager that does not read must not stop the gateway.
            socket.set_nonblocking(true)?;
            socket.send_to_addr(state.as_bytes(), address)
        });
        if let Err(error) = told {
            warn!(%error, "the service manager could not be told: {state}");
        }
    }

    #[cfg(not(unix))]
    fn tell(&self, _: &str) {}
}

/// A path, or `@` and a name in the abstract space.
#[cfg(unix)]
fn address(text: &str) -> Option<SocketAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = text.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt as _;
        return SocketAddr::from_abstract_name(name).ok();
    }
    text.starts_with('/')
        .then(|| SocketAddr::from_pathname(text).ok())
        .flatten()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn manager(variables: &[(&str, &'static str)]) -> ServiceManager {
        ServiceManager::named(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| *value)
        })
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut room = [0; 256];
        let length = socket.recv(&mut room).unwrap();
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    #[test]
    fn it_tells_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let told = ServiceManager {
            address: address(path.to_str().unwrap()),
            watchdog: None,
        };
        told.ready();
        assert_eq!(heard(&socket), "READY=1");
        told.reloading();
        assert!(heard(&socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
        told.stopping();
        assert_eq!(heard(&socket), "STOPPING=1");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_tells_an_abstract_name() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("evergrant-notify-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let told = ServiceManager {
            address: address(&format!("@{name}")),
            watchdog: None,
        };
        told.ready();
        assert_eq!(heard(&socket), "READY=1");
    }

    #[test]
    fn only_what_is_meant_for_this_process_is_kept_alive() {
        let watchdog = |variables| manager(variables).watchdog;
        assert_eq!(
            watchdog(&[("WATCHDOG_USEC", "30000000")]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "1")]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC", "0")]), None);
        assert_eq!(watchdog(&[]), None);
        // Nobody is told, and nothing fails.
        manager(&[("NOTIFY_SOCKET", "vsock:2:1234")]).ready();
    }
}
