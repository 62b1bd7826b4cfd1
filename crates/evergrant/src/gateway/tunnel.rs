//! After a 101: bytes go both ways until one side ends, or both have been silent for too long.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

/// Joins the two connections once both have left HTTP.
pub(super) async fn tunnel(client: OnUpgrade, provider: OnUpgrade) {
    let (client, provider) = match tokio::join!(client, provider) {
        (Ok(client), Ok(provider)) => (client, provider),
        (Err(error), _) | (_, Err(error)) => {
            debug!(%error, "an upgrade did not come about");
            return;
        }
    };
    if let Err(error) = join(TokioIo::new(client), TokioIo::new(provider)).await {
        debug!(%error, "an upgraded connection broke off");
    }
}

/// Carries bytes both ways. What ends one side abruptly ends the other; who has said his last word may still listen.
async fn join<C, P>(client: C, provider: P) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    P: AsyncRead + AsyncWrite + Unpin,
{
    let pulse = Pulse::new();
    let mut client = Listened::new(client, &pulse);
    let mut provider = Listened::new(provider, &pulse);
    tokio::select! {
        joined = copy_bidirectional(&mut client, &mut provider) => joined.map(|_| ()),
        () = pulse.stops() => Err(io::Error::new(io::ErrorKind::TimedOut, "silent for too long")),
    }
}

/// When something was last said by either side.
struct Pulse {
    began: Instant,
    last_ms: AtomicU64,
    is_half: AtomicBool,
    halved: Notify,
}

impl Pulse {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            last_ms: AtomicU64::new(0),
            is_half: AtomicBool::new(false),
            halved: Notify::new(),
        }
    }

    fn beat(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(since, Ordering::Relaxed);
    }

    /// One side has said its last word.
    fn halve(&self) {
        self.beat();
        self.is_half.store(true, Ordering::Relaxed);
        self.halved.notify_one();
    }

    /// Waits until nothing has been said for too long.
    async fn stops(&self) {
        loop {
            let is_half = self.is_half.load(Ordering::Relaxed);
            let limit = if is_half { LINGERS } else { SILENCE };
            let due = self.began + Duration::from_millis(self.last_ms.load(Ordering::Relaxed)) + limit;
            if Instant::now() >= due {
                return;
            }
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.halved.notified() => {}
            }
        }
    }
}

/// One side, with an ear to it.
struct Listened<'a, S> {
    stream: S,
    pulse: &'a Pulse,
}

impl<'a, S> Listened<'a, S> {
    const fn new(stream: S, pulse: &'a Pulse) -> Self {
        Self { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<'_, S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = outcome {
            if buffer.filled().len() > before {
                this.pulse.beat();
            } else {
                this.pulse.halve();
            }
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<'_, S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// 10 min without a byte from either side: whoever means to stay sends a ping every minute or less.
const SILENCE: Duration = Duration::from_secs(600);

/// 10 s without a byte once one side has ended: the other has no more to say than its goodbye.
const LINGERS: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_ends_both_sides_and_a_word_of_either_prolongs_it() {
        let ((mut client, ours), (theirs, mut provider)) = (duplex(64), duplex(64));
        let joined = tokio::spawn(join(ours, theirs));
        let began = Instant::now();
        sleep(SILENCE / 2).await;
        client.write_all(b"a").await.unwrap();
        assert_eq!(provider.read_u8().await.unwrap(), b'a');
        sleep(SILENCE / 2).await;
        provider.write_all(b"b").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'b');
        assert_eq!(joined.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= SILENCE * 2, "{:?}", began.elapsed());
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        assert_eq!(provider.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_ends_may_listen_a_while() {
        let ((mut client, ours), (theirs, mut provider)) = (duplex(64), duplex(64));
        let joined = tokio::spawn(join(ours, theirs));
        client.write_all(b"bye").await.unwrap();
        client.shutdown().await.unwrap();
        let mut said = String::new();
        provider.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "bye");
        provider.write_all(b"bye yourself").await.unwrap();
        let mut heard = [0; 12];
        client.read_exact(&mut heard).await.unwrap();
        let began = Instant::now();
        assert_eq!(joined.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(
            began.elapsed() <= LINGERS + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }
}
