//! An address to listen on.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the gateway listens.
///
/// ```
/// use evergrant_driver::settings::Listen;
///
/// let socket: Listen = "unix:/run/evergrant.sock".parse()?;
/// assert_eq!(socket, Listen::Unix("/run/evergrant.sock".into()));
/// assert!("localhost".parse::<Listen>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An IP address and port; port 0 is any free one.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl Listen {
    /// Whether only this machine can reach it.
    ///
    /// ```
    /// use evergrant_driver::settings::Listen;
    ///
    /// // Whoever can reach a gateway can spend what it holds.
    /// assert!("127.0.0.1:8787".parse::<Listen>()?.is_local());
    /// assert!(!"0.0.0.0:8787".parse::<Listen>()?.is_local());
    /// # Ok::<(), String>(())
    /// ```
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

/// `127.0.0.1:8787`, `[::]:8787` or `unix:PATH`.
impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("`unix:` needs a path".to_owned()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| format!("`{text}` is not an address like `127.0.0.1:8787`, `[::]:8787` or `unix:PATH`")),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_printed() {
        for (text, local) in [
            ("127.0.0.1:0", true),
            ("[::1]:8787", true),
            ("[::]:8787", false),
            ("unix:/run/e.sock", true),
        ] {
            let read: Listen = text.parse().unwrap();
            assert_eq!((read.to_string().as_str(), read.is_local()), (text, local));
        }
        for text in ["", "8787", "localhost:8787", "127.0.0.1", "unix:", "127.0.0.1:99999"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
