//! Where a connection leads: scheme, host and port.

use std::fmt;

use evergrant_engine::provider::Hosts;
use url::{Host, Url};

use super::broken::Broken;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    /// Whether TLS is spoken.
    pub(super) secure: bool,
    /// The host, without brackets.
    pub(super) host: Host<String>,
    /// The port, the scheme's own if none was named.
    pub(super) port: u16,
}

impl Target {
    /// The target of an address that `hosts` allows; any other is refused, and nothing is sent.
    pub(super) fn allowed(url: &Url, hosts: &Hosts) -> Result<Self, Broken> {
        if hosts.allows(url) {
            return Self::of(url);
        }
        let place = url.host_str().unwrap_or("");
        Err(Broken::forbidden(format!(
            "`{}://{place}` is not https (or http on loopback) at one of the provider's hosts: `{}`",
            url.scheme(),
            hosts.names().join("`, `")
        )))
    }

    /// The target of an http or https address.
    pub(super) fn of(url: &Url) -> Result<Self, Broken> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(Broken::unsent(format!("not an http or https address: `{other}`"))),
        };
        match (url.host(), url.port_or_known_default()) {
            (Some(host), Some(port)) => Ok(Self {
                secure,
                host: host.to_owned(),
                port,
            }),
            _ => Err(Broken::unsent("an address without a host")),
        }
    }

    /// What belongs into the `host` header: the port only where it is not the scheme's own.
    pub(super) fn host_header(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, address: &str, header: &str) {
        let target = Target::of(&url.parse().unwrap()).unwrap();
        assert_eq!(
            (target.to_string().as_str(), target.host_header().as_str()),
            (address, header)
        );
    }

    #[test]
    fn the_host_header_names_a_port_only_where_it_is_unusual() {
        check("https://x.ai/a", "x.ai:443", "x.ai");
        check("https://x.ai:80/a", "x.ai:80", "x.ai:80");
        check("http://127.0.0.1/a", "127.0.0.1:80", "127.0.0.1");
        check("http://[::1]:9/a", "[::1]:9", "[::1]:9");
    }

    #[test]
    fn a_foreign_host_is_refused_by_name() {
        let hosts = Hosts::new(["x.ai".to_owned()]);
        let broken = Target::allowed(&"https://evil.example/".parse().unwrap(), &hosts).unwrap_err();
        assert!(broken.not_allowed);
        assert!(
            broken.detail.contains("evil.example") && broken.detail.contains("x.ai"),
            "{broken}"
        );
    }
}
