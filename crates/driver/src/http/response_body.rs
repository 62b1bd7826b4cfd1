//! A response's body, whose drop before its end cancels the request upstream at once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::load::OpenStream;
use crate::hush::hushed;

/// The body as it comes in; nothing of it is read before it is asked for, save what the connection buffers.
pub struct ResponseBody {
    incoming: Incoming,
    connection: Connection,
}

/// A connection whose reading and writing is done by whoever waits for what it brings.
pub(super) trait Driven: Send {
    /// Reads and writes as far as that goes now.
    fn drive(&mut self, cx: &mut Context<'_>);

    /// Keeps the connection for another request, if it can take one. Dropping it instead closes it.
    fn settle(self: Box<Self>);
}

/// What the body comes in on.
enum Connection {
    /// HTTP/1.1: a silent server would not notice that nobody reads on, so dropping it closes the connection.
    Alone {
        lane: Box<dyn Driven>,
        /// Whether a piece has been asked for; before that, one may have come with the head.
        is_begun: bool,
    },
    /// HTTP/2: dropping `Incoming` resets the stream; this gives its place free.
    Shared { _place: OpenStream },
    /// Nothing more comes.
    Done,
}

impl ResponseBody {
    /// A body that has the connection to itself.
    pub(super) fn alone(incoming: Incoming, lane: Box<dyn Driven>) -> Self {
        let connection = Connection::Alone { lane, is_begun: false };
        let mut body = Self { incoming, connection };
        body.settle_at_end();
        body
    }

    /// A body that is one stream of several.
    pub(super) const fn shared(incoming: Incoming, place: OpenStream) -> Self {
        let connection = Connection::Shared { _place: place };
        Self { incoming, connection }
    }

    /// The body of an answer that has none.
    pub(super) const fn none(incoming: Incoming) -> Self {
        let connection = Connection::Done;
        Self { incoming, connection }
    }

    /// Gives the connection back as soon as the last piece is here: whoever got it may ask again at once.
    fn settle_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if let Connection::Alone { lane, .. } = std::mem::replace(&mut self.connection, Connection::Done) {
            lane.settle();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = match &mut this.connection {
            Connection::Shared { .. } | Connection::Done => Pin::new(&mut this.incoming).poll_frame(cx),
            Connection::Alone { lane, is_begun } => {
                // What the connection brings is looked at in this very turn, so nobody needs to wake it.
                let mut unheard = Context::from_waker(Waker::noop());
                // Nor whom it wakes: the connection is driven here before anybody waits for more.
                let mut look = || hushed(|| Pin::new(&mut this.incoming).poll_frame(&mut unheard)).0;
                let mut frame = if *is_begun { Poll::Pending } else { look() };
                *is_begun = true;
                if frame.is_pending() {
                    lane.drive(cx);
                    frame = look();
                }
                frame
            }
        };
        match &frame {
            Poll::Ready(None) => this.settle(),
            Poll::Ready(Some(Ok(_))) => this.settle_at_end(),
            // It takes no request any more.
            Poll::Ready(Some(Err(_))) => this.connection = Connection::Done,
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        let Connection::Alone { lane, .. } = &mut self.connection else {
            return;
        };
        // Whoever knows what an answer says may leave before its end, which is often here already.
        let mut unheard = Context::from_waker(Waker::noop());
        lane.drive(&mut unheard);
        if matches!(Pin::new(&mut self.incoming).poll_frame(&mut unheard), Poll::Ready(None)) {
            self.settle();
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
