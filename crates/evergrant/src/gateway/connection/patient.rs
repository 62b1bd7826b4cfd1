//! A client's connection that may be slow, but not for ever: who takes nothing of an answer for long has gone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use evergrant_driver::measures::Counter;
use evergrant_driver::together::poll_write_together;
use evergrant_driver::{Protection, stands};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::time::{Sleep, sleep};

/// A stream whose writes end with an error once nothing of them has been taken for too long. Until then who sends waits, so
/// that no more of an answer is in memory than the buffers on its way. It reads in moderate helpings: hyper's buffer doubles with
/// each one that fills it.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: Take<S>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    given_up: Arc<Counter>,
}

impl<S: AsyncRead> Patient<S> {
    /// Is patient with this stream for so long, and counts it if it gives it up.
    pub(super) fn new(stream: S, patience: Duration, given_up: Arc<Counter>) -> Self {
        Self {
            stream: stream.take(HELPING),
            patience,
            waiting: None,
            given_up,
        }
    }
}

impl<S> Patient<S> {
    fn bound<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = None;
            return outcome;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        if waiting.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.waiting = None;
        self.given_up.one();
        let message = format!("the client has taken nothing for {} s", patience.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let helping = if stands(Protection::Helpings) {
            HELPING
        } else {
            u64::MAX
        };
        this.stream.set_limit(helping);
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(this.stream.get_mut()).poll_write(cx, bytes);
        this.bound(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = poll_write_together(this.stream.get_mut(), cx, slices);
        this.bound(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().stream.get_mut()).poll_shutdown(cx)
    }
}

/// 32 KiB less one byte at a time: a buffer that is never filled stays at 32 KiB, which each piece of a kept body holds, and each
/// connection beside it for as long as its answer lasts. Twice as much is hardly faster.
const HELPING: u64 = 32 * 1024 - 1;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn no_read_fills_a_buffer_of_thirty_two_kibibytes() {
        let (ours, mut theirs) = duplex(256 * 1024);
        let sent: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        theirs.write_all(&sent).await.unwrap();
        drop(theirs);
        let mut patient = Patient::new(ours, UNTAKEN, Arc::default());
        let (mut got, mut buffer) = (Vec::new(), vec![0; 128 * 1024]);
        loop {
            let length = patient.read(&mut buffer).await.unwrap();
            assert!(length < 32 * 1024);
            if length == 0 {
                break;
            }
            got.extend_from_slice(&buffer[..length]);
        }
        assert!(got == sent);
    }

    const UNTAKEN: Duration = Duration::from_secs(300);

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_too_long_is_given_up() {
        let (ours, mut theirs) = duplex(8);
        let given_up = Arc::<Counter>::default();
        let mut patient = Patient::new(ours, UNTAKEN, Arc::clone(&given_up));
        let began = Instant::now();
        let slow = tokio::spawn(async move {
            let mut taken = [0; 8];
            sleep(UNTAKEN - Duration::from_secs(1)).await;
            theirs.read_exact(&mut taken).await.unwrap();
            (taken, theirs)
        });
        patient.write_all(b"one two three").await.unwrap();
        let (taken, _theirs) = slow.await.unwrap();
        assert_eq!(&taken, b"one two ");
        let error = patient.write_all(b"never taken").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(given_up.read(), 1);
        assert!(
            began.elapsed() >= UNTAKEN * 2 - Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }
}
