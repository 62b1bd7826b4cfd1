//! An answer's body on its way to the client, watched from its first byte to its last.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::Failure;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body, Frame, SizeHint};

use super::traced::Traced;
use crate::gateway::access::{AccessLog, Ended, Entry};
use crate::gateway::answer::GatewayBody;
use crate::gateway::answer::Parting;
use crate::gateway::measures::Running;

/// A body that is watched; what becomes of it is told when it is dropped at the latest.
#[derive(Debug)]
pub(in crate::gateway) struct Metered {
    body: Parting<GatewayBody>,
    length: Length,
    running: Option<Running>,
    log: Option<(AccessLog, Box<Entry>)>,
    traced: Traced,
}

/// After how many bytes a body is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// After so many.
    Known(u64),
    /// When it says so.
    Open,
}

impl Length {
    /// That of an answer with these headers.
    pub(super) fn of(asked: &Method, status: StatusCode, headers: &HeaderMap) -> Self {
        if *asked == Method::HEAD || status.is_informational() || matches!(status.as_u16(), 204 | 304) {
            return Self::Known(0);
        }
        let told = headers.get(CONTENT_LENGTH).and_then(|told| told.to_str().ok());
        told.and_then(|told| told.parse().ok()).map_or(Self::Open, Self::Known)
    }
}

impl Metered {
    /// Watches this body.
    pub(super) fn new(
        body: GatewayBody,
        length: Length,
        running: Running,
        log: Option<(AccessLog, Box<Entry>)>,
        traced: Traced,
    ) -> Self {
        Self {
            body: Parting::new(body),
            length,
            running: Some(running),
            log,
            traced,
        }
    }

    fn end(&mut self, ended: Ended) {
        let Some(running) = self.running.take() else { return };
        let ending = running.end();
        // Here its trace ends, whoever holds the rest for longer.
        std::mem::take(&mut self.traced).ended(ended.as_str());
        if let Some((log, entry)) = self.log.take() {
            log.keep(entry.ended(ended, ending));
        }
    }

    fn is_whole(&self, sent: u64) -> bool {
        match self.length {
            Length::Known(length) => sent >= length,
            Length::Open => self.body.is_end_stream(),
        }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(running), Some(data)) = (&mut this.running, frame.data_ref()) {
                    running.sends(data.len());
                }
            }
            Poll::Ready(Some(Err(_))) => this.end(Ended::Broken),
            Poll::Ready(None) => this.end(Ended::Whole),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let sent = self.running.as_ref().map_or(0, Running::sent);
        let ended = if self.is_whole(sent) { Ended::Whole } else { Ended::Left };
        self.end(ended);
    }
}
