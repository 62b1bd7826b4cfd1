//! The road to a token endpoint: it can be open, gone, a black hole, or slow on the way back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How the road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It leads to the endpoint.
    Open,
    /// Nobody listens: connections are refused.
    Gone,
    /// Connections are accepted and read, and nothing ever comes back; they break when the state changes.
    Hole,
    /// The same, but they go on saying nothing when the state changes.
    SilentHole,
    /// Answers come back drop by drop.
    Slow,
}

/// A road that leads to one address.
#[derive(Debug)]
pub(crate) struct Road {
    address: SocketAddr,
    state: watch::Sender<State>,
    swallowed: Arc<AtomicU64>,
    keeper: tokio::task::JoinHandle<()>,
}

impl Road {
    /// An open one on a free port.
    pub(crate) fn to(target: SocketAddr) -> Result<Self> {
        let place = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = place.local_addr()?;
        let (state, seen) = watch::channel(State::Open);
        let swallowed = Arc::<AtomicU64>::default();
        let way = Way {
            target,
            state: seen,
            swallowed: Arc::clone(&swallowed),
        };
        let keeper = tokio::spawn(keep(place, address, way));
        Ok(Self {
            address,
            state,
            swallowed,
            keeper,
        })
    }

    /// Where it begins.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes it.
    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// How many connections a hole has swallowed.
    pub(crate) fn swallowed(&self) -> u64 {
        self.swallowed.load(Ordering::SeqCst)
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[derive(Clone)]
struct Way {
    target: SocketAddr,
    state: watch::Receiver<State>,
    swallowed: Arc<AtomicU64>,
}

/// A port that is bound and not listened on refuses connections, and nobody else can have it meanwhile.
fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens whenever the road is not gone; `_place` keeps the port in between.
async fn keep(_place: TcpSocket, address: SocketAddr, mut way: Way) {
    // Dropped with the road, which breaks every connection.
    let mut connections = JoinSet::new();
    loop {
        match bound(address).and_then(|socket| socket.listen(BACKLOG)) {
            Ok(listener) => listen(&listener, &way, &mut connections).await,
            Err(_) => sleep(DROP_EVERY).await,
        }
        connections.abort_all();
        // The sender lives as long as this task.
        let _ = way.state.wait_for(|state| *state != State::Gone).await;
    }
}

async fn listen(listener: &TcpListener, way: &Way, connections: &mut JoinSet<()>) {
    let mut state = way.state.clone();
    loop {
        tokio::select! {
            gone = state.wait_for(|state| *state == State::Gone) => {
                drop(gone);
                return;
            }
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let way = way.clone();
                    connections.spawn(async move {
                        // A connection that breaks is for its two ends to notice.
                        let _ = walk(stream, way).await;
                    });
                }
            }
        }
    }
}

async fn walk(mut client: TcpStream, mut way: Way) -> std::io::Result<()> {
    let state = *way.state.borrow_and_update();
    match state {
        State::Gone => Ok(()),
        State::Open => {
            let mut target = TcpStream::connect(way.target).await?;
            tokio::io::copy_bidirectional(&mut client, &mut target).await?;
            Ok(())
        }
        State::Hole | State::SilentHole => {
            way.swallowed.fetch_add(1, Ordering::SeqCst);
            let mut ignored = [0; 4_096];
            loop {
                tokio::select! {
                    read = client.read(&mut ignored) => if read? == 0 { return Ok(()) },
                    _ = way.state.wait_for(|now| *now != State::Hole), if state == State::Hole => return Ok(()),
                }
            }
        }
        State::Slow => {
            let mut target = TcpStream::connect(way.target).await?;
            let (mut from_client, mut to_client) = client.split();
            let (mut from_target, mut to_target) = target.split();
            let there = tokio::io::copy(&mut from_client, &mut to_target);
            let back = async {
                let mut drops = [0; DROP_BYTES];
                loop {
                    match from_target.read(&mut drops).await? {
                        0 => return std::io::Result::Ok(()),
                        length => to_client.write_all(&drops[..length]).await?,
                    }
                    sleep(DROP_EVERY).await;
                }
            };
            tokio::select! {
                _ = there => Ok(()),
                done = back => done,
            }
        }
    }
}

/// More than ever wait at once.
const BACKLOG: u32 = 64;

/// A token answer of some 1,300 bytes takes about 18 s, which is within a caller's 25 s: 16 bytes ...
const DROP_BYTES: usize = 16;

/// ... every 200 ms.
const DROP_EVERY: Duration = Duration::from_millis(200);
