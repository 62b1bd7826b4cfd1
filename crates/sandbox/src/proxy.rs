//! A small forward proxy on loopback that tunnels CONNECT, or refuses to, and counts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the proxy does with a CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// Tunnels it.
    Pass,
    /// Answers 403 and closes.
    Refuse,
    /// Answers 407 and closes.
    AskForCredentials,
    /// Answers 200 and closes at once.
    CloseAfterConnect,
    /// Never answers.
    Hang,
}

/// A running proxy; dropping it closes the listener and every tunnel.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    mode: Mutex<ProxyMode>,
    targets: Mutex<Vec<String>>,
    connects: AtomicU64,
    tunnels: AtomicU64,
}

impl Proxy {
    /// Starts a proxy on a free loopback port.
    ///
    /// # Errors
    /// No port could be listened on.
    pub async fn start(mode: ProxyMode) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            mode: Mutex::new(mode),
            targets: Mutex::default(),
            connects: AtomicU64::new(0),
            tunnels: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// `http://127.0.0.1:PORT`, the value for `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what happens to the next CONNECT.
    pub fn set_mode(&self, mode: ProxyMode) {
        *lock(&self.shared.mode) = mode;
    }

    /// How many CONNECT requests came.
    pub fn connects(&self) -> u64 {
        self.shared.connects.load(Ordering::SeqCst)
    }

    /// How many tunnels were opened.
    pub fn tunnels(&self) -> u64 {
        self.shared.tunnels.load(Ordering::SeqCst)
    }

    /// The `host:port` of each CONNECT, in order.
    pub fn targets(&self) -> Vec<String> {
        lock(&self.shared.targets).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, which aborts every tunnel.
    let mut tunnels = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = tunnels.join_next() => {}
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = Arc::clone(&shared);
                    tunnels.spawn(async move {
                        // A tunnel that breaks is for its two ends to notice.
                        let _ = tunnel(stream, &shared).await;
                    });
                }
            }
        }
    }
}

async fn tunnel(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let head = head(&mut client).await?;
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if method != "CONNECT" {
        return client
            .write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
            .await;
    }
    shared.connects.fetch_add(1, Ordering::SeqCst);
    lock(&shared.targets).push(target.to_owned());
    let mode = *lock(&shared.mode);
    match mode {
        ProxyMode::Pass => {
            let Ok(mut upstream) = TcpStream::connect(target).await else {
                return client
                    .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                    .await;
            };
            shared.tunnels.fetch_add(1, Ordering::SeqCst);
            client.write_all(ESTABLISHED).await?;
            tokio::io::copy_bidirectional(&mut client, &mut upstream).await?;
            Ok(())
        }
        ProxyMode::Refuse => {
            client
                .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await
        }
        ProxyMode::AskForCredentials => {
            client
                .write_all(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                      proxy-authenticate: Basic realm=\"proxy\"\r\n\
                      content-length: 0\r\nconnection: close\r\n\r\n",
                )
                .await
        }
        ProxyMode::CloseAfterConnect => client.write_all(ESTABLISHED).await,
        ProxyMode::Hang => {
            tokio::time::sleep(HANG).await;
            Ok(())
        }
    }
}

/// Reads to the empty line, byte by byte so that nothing of the tunnel is taken.
async fn head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MOST_HEAD_BYTES {
            return Err(io::Error::other("the request's head is too large"));
        }
        head.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection Established\r\n\r\n";
/// A CONNECT has a handful of short headers.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// Longer than any client waits, and still an end.
const HANG: Duration = Duration::from_secs(3600);
