//! Finds the gateway that runs on this home, and makes sure that it is the one that wrote down where it listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::announcement::{Claimed, claimed};
use crate::driver::Driver;
use crate::entropy::random;

impl Driver {
    /// The address of a gateway that serves from this home's store now, as in `http://127.0.0.1:8787`. One that is reached
    /// by TLS or by a unix socket alone is none that every client can be pointed at.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// // A client that is to share the gateway's limits goes there; where none runs, it asks by itself.
    /// assert_eq!(driver.running_gateway().await, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn running_gateway(&self) -> Option<String> {
        let claimed = claimed(&self.kernel.settings().home)?;
        for address in addresses(&claimed) {
            if self.is_claimed_by(&claimed, address).await {
                return Some(format!("http://{address}"));
            }
        }
        None
    }

    /// The address at which the gateway of this home that runs now answers, if that is what this host and port mean: only there
    /// may a key of this home be shown that nobody has chosen for it. A name can mean other addresses too, which prove nothing.
    #[doc(hidden)]
    pub async fn proven_address(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let claimed = claimed(&self.kernel.settings().home)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_meant = |address: &SocketAddr| {
            let is_named = host.eq_ignore_ascii_case("localhost") && address.ip().is_loopback();
            address.port() == port && (is_named || bare.parse() == Ok(address.ip()))
        };
        for address in addresses(&claimed).filter(is_meant) {
            if self.is_claimed_by(&claimed, address).await {
                return Some(address);
            }
        }
        None
    }

    async fn is_claimed_by(&self, claimed: &Claimed, address: SocketAddr) -> bool {
        let Ok(challenge) = random::<16>().map(u128::from_le_bytes) else {
            return false;
        };
        let challenge = format!("{challenge:032x}");
        let expected = self.proof(&claimed.instance, &challenge);
        timeout(PATIENCE, answers(address, &challenge, &expected)).await == Ok(Some(()))
    }
}

/// Where it says that it listens, as this machine reaches it.
fn addresses(claimed: &Claimed) -> impl Iterator<Item = SocketAddr> {
    let parsed = claimed.addresses.iter().filter_map(|address| address.parse().ok());
    parsed.map(from_here)
}

/// The address by which this machine reaches itself there.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether who answers there proves to be the one that was announced; nothing is told that is not public.
async fn answers(address: SocketAddr, challenge: &str, expected: &str) -> Option<()> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let question = format!(
        "GET /healthz HTTP/1.1\r\nhost: {address}\r\nx-evergrant-challenge: {challenge}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await.ok()?;
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let line = format!("x-evergrant-proof: {expected}");
    (head.starts_with("http/1.1 200 ") && head.lines().any(|found| found == line)).then_some(())
}

/// 2 s: it is on this machine, and does no more than answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// 8 KiB: the whole answer has less than one.
const ANSWER_MAX: u64 = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_by_loopback() {
        let check = |address: &str, expected: &str| {
            assert_eq!(from_here(address.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:8787", "127.0.0.1:8787");
        check("[::]:1", "[::1]:1");
        check("10.1.2.3:1", "10.1.2.3:1");
    }
}
