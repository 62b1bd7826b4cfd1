//! Puts a comment between two events of a stream that has been silent, so that nobody on the way takes it for dead.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use evergrant_driver::alarm::Alarm;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::tail::Tail;

/// An event stream that is kept alive.
#[derive(Debug)]
pub(in crate::gateway) struct KeepAlive<B> {
    stream: B,
    tail: Tail,
    alarm: Alarm,
    /// When it has been silent for too long; `None` while it is not known to be silent.
    due: Option<Instant>,
}

impl<B> KeepAlive<B> {
    /// Keeps this stream alive.
    pub(in crate::gateway) fn new(stream: B) -> Self {
        Self {
            stream,
            tail: Tail::default(),
            alarm: Alarm::default(),
            due: None,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for KeepAlive<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_frame(cx);
        if polled.is_ready() {
            this.due = None;
            if let Poll::Ready(Some(Ok(frame))) = &polled
                && let Some(data) = frame.data_ref()
            {
                this.tail.remember(data);
            }
            return polled;
        }
        let due = this.due.get_or_insert_with(|| Instant::now() + SILENCE);
        while this.alarm.poll(cx, *due).is_ready() {
            *due = Instant::now() + SILENCE;
            if this.tail.is_between_events() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(COMMENT)))));
            }
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// 15 s: proxies and clients give up on a silent connection after 30 s or 60 s.
const SILENCE: Duration = Duration::from_secs(15);

/// A comment, which every reader of event streams passes over.
const COMMENT: &[u8] = b": keep-alive\n\n";

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use http_body_util::BodyExt as _;
    use tokio::time::{Sleep, sleep};

    use super::*;

    /// Pieces with the pauses before them.
    struct Script(VecDeque<(Duration, &'static str)>, Option<Pin<Box<Sleep>>>);

    impl Body for Script {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some((pause, text)) = self.0.front().copied() else {
                return Poll::Ready(None);
            };
            let sleeping = self.1.get_or_insert_with(|| Box::pin(sleep(pause)));
            if sleeping.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.1 = None;
            self.0.pop_front();
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
        }
    }

    async fn read(script: &[(u64, &'static str)]) -> String {
        let script = script
            .iter()
            .map(|(secs, text)| (Duration::from_secs(*secs), *text))
            .collect();
        let body = KeepAlive::new(Script(script, None)).collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_gets_comments_between_events() {
        assert_eq!(
            read(&[(0, "data: a\n\n"), (31, "data: b\r\n\r\n"), (16, "data: c\n\n")]).await,
            "data: a\n\n: keep-alive\n\n: keep-alive\n\ndata: b\r\n\r\n: keep-alive\n\ndata: c\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_never_split() {
        assert_eq!(
            read(&[(0, "data: a"), (40, "b\n\n"), (1, "data: c\n"), (40, "\n")]).await,
            "data: ab\n\ndata: c\n\n"
        );
        assert_eq!(read(&[(0, "data: a\r\n\r"), (20, "\n")]).await, "data: a\r\n\r\n");
    }
}
