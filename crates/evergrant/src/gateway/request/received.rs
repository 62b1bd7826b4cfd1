//! A request's body as it comes from the client, its bytes counted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::hush::hushed;
use evergrant_driver::measures::Counter;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::noted::Noted;
use crate::gateway::measures::Measures;

/// A body that comes.
#[derive(Debug)]
pub(super) struct Received {
    incoming: Incoming,
    measures: Arc<Measures>,
    /// Those of this one, for the log.
    own: Option<Arc<Counter>>,
}

impl Received {
    /// Counts what comes.
    pub(super) fn new(incoming: Incoming, noted: &Noted) -> Self {
        Self {
            incoming,
            measures: Arc::clone(&noted.measures),
            own: noted.received(),
        }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let (polled, unheard) = hushed(|| Pin::new(&mut this.incoming).poll_frame(cx));
        if let Some(unheard) = unheard
            && !this.incoming.is_end_stream()
        {
            // The connection may have more of it, or has been waiting for somebody to want it.
            unheard.tell();
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let length = data.len() as u64;
            this.measures.received.add(length);
            if let Some(own) = &this.own {
                own.add(length);
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
