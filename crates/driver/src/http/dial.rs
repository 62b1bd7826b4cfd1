//! TCP to a host: name resolution, and the race between its addresses (RFC 8305, simplified).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Host;

use super::broken::{Broken, in_words};
use super::target::Target;

/// Connects to the target's host, whichever of its addresses answers first.
pub(super) async fn dial(target: &Target) -> Result<TcpStream, Broken> {
    let failed =
        |what: &str, error: &io::Error| Broken::unsent(format!("{what} `{target}` failed: {}", in_words(error)));
    let addresses = match &target.host {
        Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(*address), target.port)],
        Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(*address), target.port)],
        Host::Domain(name) => resolve(name, target.port)
            .await
            .map_err(|error| failed("looking up", &error))?,
    };
    let stream = race(addresses).await.map_err(|error| failed("connecting to", &error))?;
    stream
        .set_nodelay(true)
        .map_err(|error| failed("connecting to", &error))?;
    notice_silence(&stream);
    Ok(stream)
}

/// Lets the kernel end a connection whose other end is gone without a word while nothing is under way on it, as after a night's
/// sleep or a change of network. What is under way has limits of its own; one of the kernel's for bytes that nobody has
/// acknowledged would also end a server that lives but does not read for a while. What the kernel refuses to be told is not
/// worth failing for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn notice_silence(stream: &TcpStream) {
    use rustix::net::sockopt;

    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, PROBE_AFTER);
    let _ = sockopt::set_tcp_keepintvl(stream, PROBE_EVERY);
    let _ = sockopt::set_tcp_keepcnt(stream, PROBES);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
const fn notice_silence(_: &TcpStream) {}

async fn resolve(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<_> = tokio::net::lookup_host((name, port))
        .await?
        .take(ADDRESSES_LIMIT)
        .collect();
    Ok(families_alternating(found))
}

/// Keeps the resolver's order (RFC 6724) inside each family and begins with its first choice.
fn families_alternating(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

/// Begins with the first address and adds the next when one fails, or when none has answered for a while.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    if let [only] = addresses.as_slice() {
        return TcpStream::connect(only).await;
    }
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut attempts = JoinSet::new();
    for address in addresses {
        attempts.spawn(TcpStream::connect(address));
        match timeout(ATTEMPT_DELAY, attempts.join_next()).await {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => last_error = error,
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last_error = error,
            Err(_) => {}
        }
    }
    Err(last_error)
}

/// RFC 8305 section 8 recommends 250 ms between attempts.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// More addresses than this cannot all be tried within a connect limit of 5 s.
const ADDRESSES_LIMIT: usize = 16;

/// 30 s of silence, then three probes 10 s apart: a path that died is noticed in a minute, and one through a NAT is kept open.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PROBE_AFTER: Duration = Duration::from_secs(30);
#[cfg(any(target_os = "linux", target_os = "android"))]
const PROBE_EVERY: Duration = Duration::from_secs(10);
#[cfg(any(target_os = "linux", target_os = "android"))]
const PROBES: u32 = 3;

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_choice() {
        let parse = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<SocketAddr>>()
        };
        let found = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let ordered = parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(families_alternating(found), ordered);
    }

    #[tokio::test]
    async fn a_refused_address_gives_way_at_once() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = race(vec![closed, open.local_addr().unwrap()]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_silent_address_gives_way_after_a_quarter_of_a_second() {
        // Connections beyond a full backlog are neither accepted nor refused.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let silent = silent.listen(1).unwrap();
        let silent_address = silent.local_addr().unwrap();
        let mut backlog = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(silent_address)).await {
            backlog.push(stream.unwrap());
        }
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = race(vec![silent_address, open.local_addr().unwrap()]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());
    }

    #[tokio::test]
    async fn all_addresses_refused_is_an_error() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = race(vec![closed, closed]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(race(Vec::new()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
