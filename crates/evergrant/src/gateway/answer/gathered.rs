//! Hands on together what has come together: on its way out each piece of a stream costs the same, however short it is.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::hush::Turn;
use http_body::{Body, Frame, SizeHint};

/// A body whose pieces are joined as far as they are here already; none waits for the next.
#[derive(Debug)]
pub(in crate::gateway) struct Gathered<B: Body> {
    body: B,
    /// What came after what was handed on last, and is no part of it.
    ahead: Option<Box<Brought<B::Error>>>,
    /// In which turn nothing more was here.
    waits: Option<Turn>,
}

/// What a body brings.
type Brought<E> = Option<Result<Frame<Bytes>, E>>;

impl<B: Body> Gathered<B> {
    /// Gathers the pieces of this body.
    pub(in crate::gateway) const fn new(body: B) -> Self {
        Self {
            body,
            ahead: None,
            waits: None,
        }
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Gathered<B> {
    /// A piece with those that are here already.
    fn with_more(&mut self, first: Bytes, cx: &mut Context<'_>) -> Bytes {
        let mut joined = Vec::new();
        loop {
            let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else {
                // Whoever sends this asks for more at once.
                self.waits = Turn::now();
                break;
            };
            let room = ROOM - first.len().max(joined.len());
            // Each makes what there is longer, or is the last.
            let more = match &next {
                Some(Ok(frame)) => frame.data_ref().filter(|more| (1..=room).contains(&more.len())),
                Some(Err(_)) | None => None,
            };
            let Some(more) = more else {
                self.ahead = Some(Box::new(next));
                break;
            };
            if joined.is_empty() {
                joined.reserve_exact(ROOM);
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(more);
        }
        if joined.is_empty() { first } else { Bytes::from(joined) }
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for Gathered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if this.waits.is_some() && this.waits == Turn::now() {
            return Poll::Pending;
        }
        let polled = match this.ahead.take() {
            Some(ahead) => Poll::Ready(*ahead),
            None => Pin::new(&mut this.body).poll_frame(cx),
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(match frame.into_data() {
                Ok(first) if first.len() < ROOM => Frame::data(this.with_more(first, cx)),
                Ok(large) => Frame::data(large),
                Err(other) => other,
            }))),
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.ahead.as_deref() {
            Some(ahead) => ahead.is_none(),
            None => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// 4 KiB: a dozen events or more. They are copied, so a piece that is longer gains nothing by it.
const ROOM: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http::HeaderMap;

    use super::*;

    type Script = VecDeque<Poll<Result<Frame<Bytes>, &'static str>>>;

    struct Pieces(Script);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            match self.0.pop_front() {
                Some(polled) => polled.map(Some),
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            false
        }
    }

    fn piece(text: &str) -> Poll<Result<Frame<Bytes>, &'static str>> {
        Poll::Ready(Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes()))))
    }

    /// What each poll gives; a `.` after what is known to be the end.
    fn polled(script: impl Into<Script>) -> Vec<String> {
        let mut body = Gathered::new(Pieces(script.into()));
        let mut told = Vec::new();
        loop {
            let polled = Pin::new(&mut body).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
            told.push(match polled {
                Poll::Pending => "waits".to_owned(),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => String::from_utf8(data.to_vec()).unwrap(),
                    Err(_) => "trailers".to_owned(),
                },
                Poll::Ready(Some(Err(failure))) => failure.to_owned(),
                Poll::Ready(None) => return told,
            });
            if body.is_end_stream() {
                told.push(".".to_owned());
            }
        }
    }

    #[test]
    fn what_is_here_goes_together_and_waits_for_nothing() {
        assert_eq!(
            polled([
                piece("a"),
                piece("b"),
                Poll::Pending,
                piece("c"),
                Poll::Pending,
                piece("d")
            ]),
            ["ab", "c", "d", "."]
        );
        assert_eq!(
            polled([Poll::Pending, piece("a"), piece(""), piece("b")]),
            ["waits", "a", "b", "."]
        );
        assert_eq!(polled([]), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_piece_comes_after_those_before_it() {
        let trailers = || Poll::Ready(Ok(Frame::trailers(HeaderMap::new())));
        assert_eq!(
            polled([piece("a"), piece("b"), Poll::Ready(Err("broke"))]),
            ["ab", "broke"]
        );
        assert_eq!(polled([piece("a"), trailers()]), ["a", "trailers"]);
        assert_eq!(polled([Poll::Ready(Err("broke")), piece("a")]), ["broke", "a", "."]);
    }

    #[test]
    fn what_is_long_is_not_copied() {
        let (half, whole) = ("x".repeat(ROOM / 2), "y".repeat(ROOM));
        assert_eq!(
            polled([
                piece("a"),
                piece(&whole),
                piece(&half),
                piece(&half),
                piece("b"),
                piece(&whole)
            ]),
            ["a", &whole, &[half.as_str(), &half].concat(), "b", &whole]
        );
    }
}
