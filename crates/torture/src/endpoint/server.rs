//! A token endpoint that answers as one row says, byte by byte, and then is well.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::answer::Timing;
use super::body::GOOD;
use super::row::Given;

/// An endpoint that listens until it is dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Where.
    pub(super) port: u16,
    state: Arc<State>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    given: Given,
    /// How many connections brought at least a byte.
    sends: AtomicU32,
    well: AtomicBool,
}

impl Endpoint {
    /// Listens, and answers as the row says.
    pub(super) async fn start(given: &Given) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening")?;
        let port = listener.local_addr()?.port();
        let mut given = given.clone();
        given.body.mark(port);
        let state = Arc::new(State {
            given,
            sends: AtomicU32::new(0),
            well: AtomicBool::new(false),
        });
        let refused = state.given.timing == Timing::Refused;
        let serving = (!refused).then(|| tokio::spawn(serve(listener, Arc::clone(&state))));
        Ok(Self { port, state, serving })
    }

    /// How often a token was sent here.
    pub(super) fn sends(&self) -> u32 {
        self.state.sends.load(Ordering::Acquire)
    }

    /// From now on every answer is good.
    pub(super) async fn mend(&mut self) -> Result<()> {
        self.state.well.store(true, Ordering::Release);
        if self.serving.is_none() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
                .await
                .context("listening again")?;
            self.serving = Some(tokio::spawn(serve(listener, Arc::clone(&self.state))));
        }
        Ok(())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // A connection that breaks is what many rows are about; what was seen is told by the counters.
        tokio::spawn(async move { converse(stream, &state).await });
    }
}

async fn converse(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    if stream.peek(&mut [0]).await? == 0 {
        return Ok(());
    }
    state.sends.fetch_add(1, Ordering::AcqRel);
    if state.well.load(Ordering::Acquire) {
        read_request(&mut stream).await?;
        let good = GOOD.replace("at-2", "at-3").replace("rt-2", "rt-3");
        let head = head("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", good.len());
        return write(&mut stream, &[&head, good.as_bytes()]).await;
    }
    match state.given.timing {
        Timing::Unread => return reset(&stream),
        Timing::Early => {
            answer(&mut stream, &state.given).await?;
            return read_request(&mut stream).await;
        }
        _ => {}
    }
    read_request(&mut stream).await?;
    answer(&mut stream, &state.given).await
}

async fn answer(stream: &mut TcpStream, given: &Given) -> std::io::Result<()> {
    let body = given.body.0.as_slice();
    let status = status_line(given);
    let whole = head(&status, body.len());
    let endless = [status.as_bytes(), b"\r\n"].concat();
    let half = body.len() / 2;
    match given.timing {
        Timing::AtOnce | Timing::Early | Timing::Refused => write(stream, &[&whole, body]).await,
        Timing::SlowHead => {
            tokio::time::sleep(SLOW).await;
            write(stream, &[&whole, body]).await
        }
        Timing::SlowBody => {
            write(stream, &[&whole]).await?;
            tokio::time::sleep(SLOW).await;
            write(stream, &[&body[..half]]).await?;
            tokio::time::sleep(SLOW).await;
            write(stream, &[&body[half..]]).await
        }
        Timing::Trickle => drip(stream, &[&whole, body].concat(), DRIP).await,
        Timing::TrickleOn => drip(stream, &[&whole, body].concat(), DRIP_ON).await,
        Timing::Chunked | Timing::CutInChunk => {
            let head = [status.as_bytes(), b"transfer-encoding: chunked\r\n\r\n"].concat();
            let first = format!("{half:x}\r\n").into_bytes();
            let second = format!("\r\n{:x}\r\n", body.len() - half).into_bytes();
            write(stream, &[&head, &first, &body[..half]]).await?;
            if given.timing == Timing::CutInChunk {
                return Ok(());
            }
            write(stream, &[&second, &body[half..], b"\r\n0\r\n\r\n"]).await
        }
        Timing::UntilClose => write(stream, &[&endless, body]).await,
        Timing::CutUnseen => write(stream, &[&endless, &body[..half]]).await,
        Timing::Informed => {
            let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n";
            write(stream, &[hints, &whole, body]).await
        }
        Timing::CutBeforeHead => Ok(()),
        Timing::CutInHead => write(stream, &[&whole[..whole.len() / 2]]).await,
        Timing::CutInBody => write(stream, &[&whole, &body[..half]]).await,
        Timing::Reset | Timing::Unread => reset(stream),
        Timing::ResetInBody => {
            write(stream, &[&whole, &body[..half]]).await?;
            // Read before the reset, which would overtake it otherwise.
            tokio::time::sleep(SLOW).await;
            reset(stream)
        }
        Timing::NotHttp => write(stream, &[b"SSH-2.0-OpenSSH_9.2p1\r\n"]).await,
        Timing::Hang => until_closed(stream).await,
        Timing::HangInHead => {
            write(stream, &[&whole[..whole.len() / 2]]).await?;
            until_closed(stream).await
        }
        Timing::HangInBody => {
            write(stream, &[&whole, &body[..half]]).await?;
            until_closed(stream).await
        }
    }
}

fn status_line(given: &Given) -> String {
    let mut text = format!("HTTP/1.1 {} Whatever\r\n", given.status);
    if let Some(kind) = given.kind.value() {
        text.push_str(&format!("content-type: {kind}\r\n"));
    }
    text.push_str(given.extra.line());
    text.push_str("connection: close\r\n");
    text
}

fn head(status: &str, length: usize) -> Vec<u8> {
    format!("{status}content-length: {length}\r\n\r\n").into_bytes()
}

async fn write(stream: &mut TcpStream, parts: &[&[u8]]) -> std::io::Result<()> {
    stream.write_all(&parts.concat()).await?;
    stream.flush().await
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Closes so that the other side is told of a reset.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_zero_linger()
}

async fn until_closed(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut scrap = [0; 1024];
    while stream.read(&mut scrap).await? > 0 {}
    Ok(())
}

/// Reads a request with a `content-length` to its end.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Ok(());
            }
        }
        match stream.read(&mut part).await? {
            0 => return Ok(()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// 700 ms: long beside a healthy answer.
const SLOW: Duration = Duration::from_millis(700);

/// 20 ms between two bytes: some seconds for an answer.
const DRIP: Duration = Duration::from_millis(20);

/// 1 s between two bytes: longer for an answer than a renewal waits.
const DRIP_ON: Duration = Duration::from_secs(1);
