//! A response's body, whose drop before its end cancels the request upstream at once.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::load::OpenStream;

/// The body as it comes in; nothing of it is read before it is asked for, save what the connection buffers.
pub struct ResponseBody {
    incoming: Incoming,
    ended: bool,
    connection: Connection,
}

/// A connection that can be given up while an answer comes in on it.
pub(super) trait Abandon: Send + Sync {
    /// Closes the connection, unless the answer of that turn has come in whole and it may serve another request already.
    fn abandon(&self, turn: u64);
}

/// What the body came in on.
enum Connection {
    /// HTTP/1.1: a silent server would not notice that nobody reads on, so the connection is closed.
    Alone { connection: Arc<dyn Abandon>, turn: u64 },
    /// HTTP/2: dropping `Incoming` resets the stream; this gives its place free.
    Shared { _place: OpenStream },
}

impl ResponseBody {
    /// A body that has the connection to itself for this turn.
    pub(super) fn alone(incoming: Incoming, connection: Arc<dyn Abandon>, turn: u64) -> Self {
        Self {
            incoming,
            ended: false,
            connection: Connection::Alone { connection, turn },
        }
    }

    /// A body that is one stream of several.
    pub(super) fn shared(incoming: Incoming, place: OpenStream) -> Self {
        Self {
            incoming,
            ended: false,
            connection: Connection::Shared { _place: place },
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.incoming).poll_frame(cx);
        this.ended = matches!(frame, Poll::Ready(None));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        match &self.connection {
            Connection::Alone { connection, turn } if !self.ended && !self.incoming.is_end_stream() => {
                connection.abandon(*turn);
            }
            Connection::Alone { .. } | Connection::Shared { .. } => {}
        }
    }
}
