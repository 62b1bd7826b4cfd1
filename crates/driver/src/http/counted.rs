//! A stream that knows whether anything was written to it, and asks before the first byte.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Stream;
use crate::failpoint::{Failpoint, is_armed, pass};
use crate::measures::Raised;

/// How many bytes were handed to the socket or to TLS; shared, so that it outlives the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Written(Arc<AtomicU64>);

impl Written {
    /// The count so far.
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn add(&self, bytes: usize) {
        // Sixty-four bits of bytes do not wrap on one connection.
        self.0.fetch_add(bytes as u64, Ordering::Release);
    }
}

/// Who is asked before the first byte.
#[derive(Debug)]
pub(super) enum Gate<G> {
    /// Nobody, or it was asked and agreed.
    Open,
    /// This, once.
    Ask(G),
    /// It was asked and refused: nothing is ever written.
    Shut,
}

/// The stream with its count and its gate.
#[derive(Debug)]
pub(super) struct Counted<G> {
    stream: Stream,
    written: Written,
    gate: Gate<G>,
    /// Only what somebody is asked about passes the points of a renewal.
    passage: Option<Passage>,
    /// Counts it among those that are open.
    _open: Option<Raised>,
}

/// How far a request and its answer have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Unsent,
    Sending,
    Sent,
    Answered,
}

// The gate is moved out and called, never pinned.
impl<G> Unpin for Counted<G> {}

impl<G: FnOnce() -> bool> Counted<G> {
    /// Wraps a stream on which nothing of a request was written yet.
    pub(super) fn new(stream: Stream, written: Written, gate: Gate<G>) -> Self {
        let passage = match &gate {
            Gate::Ask(_) => Some(Passage::Unsent),
            Gate::Open | Gate::Shut => None,
        };
        Self {
            stream,
            written,
            gate,
            passage,
            _open: None,
        }
    }

    /// The same, counted for as long as it is open, whatever becomes of it.
    pub(super) fn among(self, open: Raised) -> Self {
        Self {
            _open: Some(open),
            ..self
        }
    }

    fn may_write(&mut self) -> io::Result<()> {
        let agreed = match std::mem::replace(&mut self.gate, Gate::Shut) {
            Gate::Open => true,
            Gate::Ask(ask) => ask(),
            Gate::Shut => false,
        };
        if !agreed {
            return Err(io::Error::other("given up before the first byte was written"));
        }
        self.gate = Gate::Open;
        if self.passage == Some(Passage::Unsent) {
            pass(Failpoint::Cleared);
        }
        Ok(())
    }

    /// Whether the first byte is written alone, because something is to happen between it and the second.
    fn is_divided(&self) -> bool {
        self.passage == Some(Passage::Unsent) && is_armed(Failpoint::FirstByteWritten)
    }

    fn count(&mut self, outcome: &Poll<io::Result<usize>>) {
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                self.written.add(*bytes);
                self.advance(Passage::Unsent, Passage::Sending, Failpoint::FirstByteWritten);
            }
            // Counted as one byte: it may be on its way, and no one may claim that nothing is.
            Poll::Ready(Err(_)) | Poll::Pending if self.stream.may_keep_bytes() => self.written.add(1),
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
    }
}

impl<G> Counted<G> {
    fn advance(&mut self, from: Passage, to: Passage, point: Failpoint) {
        if self.passage == Some(from) {
            self.passage = Some(to);
            pass(point);
        }
    }
}

impl<G> AsyncRead for Counted<G> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.advance(Passage::Sent, Passage::Answered, Failpoint::AnswerBegun);
        }
        outcome
    }
}

impl<G: FnOnce() -> bool> AsyncWrite for Counted<G> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        this.may_write()?;
        let bytes = if this.is_divided() { &bytes[..1] } else { bytes };
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.count(&outcome);
        outcome
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        this.may_write()?;
        let outcome = match slices.iter().find(|slice| !slice.is_empty()) {
            Some(first) if this.is_divided() => Pin::new(&mut this.stream).poll_write(cx, &first[..1]),
            Some(_) | None => Pin::new(&mut this.stream).poll_write_vectored(cx, slices),
        };
        this.count(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        if matches!(outcome, Poll::Ready(Ok(()))) {
            // Whoever writes a request flushes it when it is whole.
            this.advance(Passage::Sending, Passage::Sent, Failpoint::RequestWritten);
        }
        outcome
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
