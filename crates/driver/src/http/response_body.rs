//! A response's body, whose drop before its end cancels the request upstream at once.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::task::AbortHandle;

use super::load::OpenStream;

/// The body as it comes in; nothing of it is read before it is asked for, save what the connection buffers.
#[derive(Debug)]
pub struct ResponseBody {
    incoming: Incoming,
    ended: bool,
    connection: Connection,
}

/// What the body came in on.
#[derive(Debug)]
enum Connection {
    /// HTTP/1.1: a silent server would not notice that nobody reads on, so the connection is closed.
    Alone(AbortHandle),
    /// HTTP/2: dropping `Incoming` resets the stream; this gives its place free.
    Shared { _place: OpenStream },
}

impl ResponseBody {
    /// A body that has the connection of this task to itself.
    pub(super) const fn alone(incoming: Incoming, task: AbortHandle) -> Self {
        Self {
            incoming,
            ended: false,
            connection: Connection::Alone(task),
        }
    }

    /// A body that is one stream of several.
    pub(super) const fn shared(incoming: Incoming, place: OpenStream) -> Self {
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

impl Drop for ResponseBody {
    fn drop(&mut self) {
        match &self.connection {
            Connection::Alone(task) if !self.ended && !self.incoming.is_end_stream() => task.abort(),
            Connection::Alone(_) | Connection::Shared { .. } => {}
        }
    }
}
