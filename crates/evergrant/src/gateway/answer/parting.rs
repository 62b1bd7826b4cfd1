//! A failure that comes a turn after what came before it: a connection that ends with a failure drops all that it has not sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

/// A body whose last pieces leave before it fails.
#[derive(Debug)]
pub(in crate::gateway) struct Parting<B: Body> {
    body: B,
    /// Whether something may not have left yet: at first the head.
    is_unsent: bool,
    failure: Option<Box<B::Error>>,
}

impl<B: Body> Parting<B> {
    /// One of which nothing was sent.
    pub(in crate::gateway) const fn new(body: B) -> Self {
        Self {
            body,
            is_unsent: true,
            failure: None,
        }
    }
}

impl<B: Body<Error: Unpin> + Unpin> Body for Parting<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(*failure)));
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Err(failure))) if this.is_unsent => {
                this.failure = Some(Box::new(failure));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            polled => {
                this.is_unsent = polled.is_ready();
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failure.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use bytes::Bytes;

    use super::*;

    struct Pieces(VecDeque<Poll<Result<&'static str, &'static str>>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            match self.0.pop_front() {
                Some(polled) => {
                    polled.map(|piece| Some(piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))))
                }
                None => Poll::Ready(None),
            }
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What each poll gives, and how often the body woke who polls it.
    fn polled<const N: usize>(pieces: [Poll<Result<&'static str, &'static str>>; N]) -> (Vec<String>, usize) {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut body = Parting::new(Pieces(pieces.into()));
        let mut told = Vec::new();
        loop {
            told.push(match Pin::new(&mut body).poll_frame(&mut Context::from_waker(&waker)) {
                Poll::Pending => "waits".to_owned(),
                Poll::Ready(Some(Ok(frame))) => String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap(),
                Poll::Ready(Some(Err(failure))) => failure.to_owned(),
                Poll::Ready(None) => return (told, woken.0.load(Ordering::Relaxed)),
            });
        }
    }

    #[test]
    fn what_came_before_a_failure_has_a_turn_to_leave() {
        let (piece, wait, broke) = (Poll::Ready(Ok("piece")), Poll::Pending, Poll::Ready(Err("broke")));
        let told = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(polled([broke]), (told(&["waits", "broke"]), 1), "the head");
        assert_eq!(polled([piece, broke]), (told(&["piece", "waits", "broke"]), 1));
        assert_eq!(
            polled([piece, wait, broke]),
            (told(&["piece", "waits", "broke"]), 0),
            "it had one"
        );
        assert_eq!(polled([piece, wait, piece]), (told(&["piece", "waits", "piece"]), 0));
    }
}
