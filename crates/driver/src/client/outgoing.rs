//! A body on its way out: what is kept can go out again, what is still coming only once.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use evergrant_engine::failure::Failure;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::coming::{BodyError, Coming, broken};

/// What has been read of a body, the memory reserved for it, and why no more of it came.
pub(super) struct Kept {
    pub(super) pieces: Vec<Bytes>,
    pub(super) length: u64,
    pub(super) _reserved: Option<OwnedSemaphorePermit>,
    pub(super) broke: OnceLock<Failure>,
}

/// A body that can be sent, as often as it is whole.
pub(super) struct Replayable {
    kept: Arc<Kept>,
    coming: Option<Coming>,
    /// Whether it was whole from the beginning.
    whole: bool,
}

impl Replayable {
    pub(super) fn new(kept: Kept, coming: Option<Coming>) -> Self {
        Self {
            kept: Arc::new(kept),
            whole: coming.is_none(),
            coming,
        }
    }

    /// Whether it can be sent more than once.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// How many bytes of it were kept.
    pub(super) fn length(&self) -> u64 {
        self.kept.length
    }

    /// What has been read of it, if that is all.
    pub(super) fn pieces(&self) -> Option<&[Bytes]> {
        self.whole.then_some(self.kept.pieces.as_slice())
    }

    /// The body for one sending; of one that is not whole only the first carries it all.
    pub(super) fn outgoing(&mut self) -> Outgoing {
        Outgoing {
            kept: Arc::clone(&self.kept),
            next: 0,
            left: self.kept.length,
            coming: self.coming.take().map(Box::new),
        }
    }

    /// Why the client's side of it broke, if it did: then nothing that came of it is the provider's fault.
    pub(super) fn broke(&self) -> Option<Failure> {
        self.kept.broke.get().cloned()
    }
}

/// A body on its way out.
pub(super) struct Outgoing {
    kept: Arc<Kept>,
    next: usize,
    left: u64,
    /// Boxed, because hyper has room for 32 requests with each connection, and hardly any body is longer than what is kept.
    coming: Option<Box<Coming>>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(piece) = this.kept.pieces.get(this.next) {
            this.next += 1;
            this.left = this.left.saturating_sub(piece.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(piece.clone()))));
        }
        let Some(coming) = &mut this.coming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(coming).poll_frame(cx));
        // Trailers are between hops; nobody has been promised them.
        let frame = frame.filter(|frame| frame.as_ref().map_or(true, Frame::is_data));
        if let Some(Err(error)) = &frame {
            // Only the first reason counts, and there is but one body.
            let _ = this.kept.broke.set(broken(&**error));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.coming.as_ref().is_none_or(|coming| coming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let Some(coming) = &self.coming else {
            return SizeHint::with_exact(self.left);
        };
        let rest = coming.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(self.left)) {
            hint.set_upper(upper);
        }
        hint.set_lower(rest.lower().saturating_add(self.left));
        hint
    }
}
