//! Finds the gateway that runs on this home, and makes sure that it is the one that wrote down where it listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::announcement::{Claimed, claimed};
use crate::driver::Driver;

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
        for address in claimed.addresses.iter().filter_map(|address| address.parse().ok()) {
            let address = from_here(address);
            if timeout(PATIENCE, answers(address, &claimed)).await == Ok(Some(())) {
                return Some(format!("http://{address}"));
            }
        }
        None
    }
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

/// Whether who answers there is the one that was announced; nothing is told that is not public.
async fn answers(address: SocketAddr, claimed: &Claimed) -> Option<()> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let question = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await.ok()?;
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let line = format!("x-evergrant-instance: {}", claimed.instance);
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
