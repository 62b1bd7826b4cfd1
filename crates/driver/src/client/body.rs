//! A request's body: what has been read of it is kept for replay, within a limit of its own and one for all bodies.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::coming::{BodyError, Coming, broken};
use super::outgoing::{Kept, Replayable};

/// The memory that all kept bodies of a process share.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(KEPT_IN_ALL)))
    }
}

impl Budget {
    /// How much of it is taken, and how much there is, in bytes.
    pub(super) fn read(&self) -> (u64, u64) {
        let free = self.0.available_permits();
        (KEPT_IN_ALL.saturating_sub(free) as u64, KEPT_IN_ALL as u64)
    }

    /// One of which nothing is left.
    #[cfg(test)]
    pub(super) fn taken() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

/// A request's body.
///
/// ```
/// use evergrant_driver::client::Body;
///
/// let body = Body::full(r#"{"model": "gpt-5", "input": "a diagnosis"}"#.into());
/// // What the user says does not get into a log by accident.
/// assert!(!format!("{body:?}").contains("diagnosis"));
/// ```
pub struct Body {
    pieces: Vec<Bytes>,
    /// Small pieces are gathered here, so that a body in crumbs costs no more than its length; the first, which is all of most
    /// bodies, stays as it came.
    crumbs: BytesMut,
    /// Whether everything is.
    as_one: bool,
    length: usize,
    /// The one model that it names, if it has been read for that.
    pub(super) named: Option<Arc<str>>,
    coming: Option<Coming>,
    budget: Option<Budget>,
    reserved: Option<OwnedSemaphorePermit>,
}

/// How far a reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The reader has seen enough.
    Enough,
    /// The body is whole.
    Ended,
    /// No more of one body is kept.
    Full,
    /// The memory for all bodies is taken, for now.
    Crowded,
}

impl Body {
    /// No body.
    ///
    /// ```
    /// use evergrant_driver::client::{Body, Call, Route};
    ///
    /// // A question that needs no words.
    /// let call = Call {
    ///     request: http::Request::get("/models").body(Body::empty())?,
    ///     route: Route::Any,
    ///     pin: None,
    /// };
    /// assert_eq!(call.request.uri().path(), "/models");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// A body that is in memory already.
    ///
    /// ```
    /// use evergrant_driver::client::Body;
    ///
    /// // It can be sent again as it is, so a request with it can be repaired.
    /// let body = Body::full(serde_json::to_vec(&serde_json::json!({"model": "gpt-5", "input": "hello"}))?.into());
    /// let request = http::Request::post("/responses").header("content-type", "application/json").body(body)?;
    /// assert_eq!(request.method(), "POST");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn full(bytes: Bytes) -> Self {
        Self {
            length: bytes.len(),
            pieces: if bytes.is_empty() { Vec::new() } else { vec![bytes] },
            crumbs: BytesMut::new(),
            as_one: false,
            named: None,
            coming: None,
            budget: None,
            reserved: None,
        }
    }

    /// A body that is still coming; what is kept of it counts against the budget.
    pub(super) fn coming<B>(body: B, budget: &Budget) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static,
    {
        if body.is_end_stream() {
            return Self::empty();
        }
        Self {
            coming: Some(Coming::new(body)),
            budget: Some(budget.clone()),
            ..Self::empty()
        }
    }

    /// Lays all that will come into one piece, for a reader who needs it so.
    pub(super) const fn in_one_piece(&mut self) {
        self.as_one = true;
    }

    /// Shows every piece from the beginning on, and reads until the reader has seen enough.
    pub(super) async fn read(&mut self, mut enough: impl FnMut(&[u8]) -> bool) -> Result<Progress, Failure> {
        if self.pieces.iter().any(|piece| enough(piece)) || (!self.crumbs.is_empty() && enough(&self.crumbs)) {
            return Ok(Progress::Enough);
        }
        loop {
            let Some(coming) = &mut self.coming else {
                return Ok(Progress::Ended);
            };
            if self.length >= KEPT_EACH {
                return Ok(Progress::Full);
            }
            let frame = match coming.frame().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Err(broken(&*error)),
                None => {
                    self.coming = None;
                    continue;
                }
            };
            if coming.is_end_stream() {
                self.coming = None;
            }
            // Trailers are between hops; nobody has been promised them.
            let Ok(piece) = frame.into_data() else { continue };
            let seen = enough(&piece);
            let has_room = self.keep(piece);
            if seen {
                return Ok(Progress::Enough);
            }
            if !has_room {
                return Ok(Progress::Crowded);
            }
        }
    }

    /// What has been read so far.
    pub(super) fn kept(&mut self) -> &[Bytes] {
        self.gather();
        &self.pieces
    }

    /// Reads on as far as may be kept, and says what can be sent.
    pub(super) async fn into_replayable(mut self) -> Result<Replayable, Failure> {
        self.read(|_| false).await?;
        self.gather();
        let kept = Kept {
            pieces: self.pieces,
            length: self.length as u64,
            _reserved: self.reserved,
            broke: OnceLock::new(),
        };
        Ok(Replayable::new(kept, self.coming))
    }

    /// Keeps a piece; answers whether there was room for it.
    fn keep(&mut self, piece: Bytes) -> bool {
        let has_room = match &self.budget {
            None => true,
            Some(Budget(budget)) => {
                let permits = u32::try_from(piece.len()).unwrap_or(u32::MAX);
                match Arc::clone(budget).try_acquire_many_owned(permits) {
                    Ok(permit) => {
                        match &mut self.reserved {
                            Some(reserved) => reserved.merge(permit),
                            None => self.reserved = Some(permit),
                        }
                        true
                    }
                    Err(_) => false,
                }
            }
        };
        if self.as_one {
            self.make_room(piece.len());
        }
        self.length += piece.len();
        let is_first = self.pieces.is_empty() && self.crumbs.is_empty();
        if self.as_one || (piece.len() < CRUMB && !is_first) {
            self.crumbs.extend_from_slice(&piece);
        } else {
            self.gather();
            self.pieces.push(piece);
        }
        has_room
    }

    /// Room for a piece, and for what is to come after it: for as much again as has come, or, once much has, for all that is told
    /// of, so that it is not moved again. Who says that much will come, and sends little, takes little.
    fn make_room(&mut self, piece: usize) {
        if self.crumbs.capacity() - self.crumbs.len() >= piece {
            return;
        }
        let rest = self.coming.as_ref().and_then(|coming| coming.size_hint().exact());
        let rest = rest.and_then(|rest| usize::try_from(rest).ok()).unwrap_or_default();
        let told = rest.saturating_add(piece).min(KEPT_EACH.saturating_sub(self.length));
        let room = if self.length < BELIEVED {
            told.min(self.length.max(AT_FIRST))
        } else {
            // Memory that nothing has been written to is none yet.
            told
        };
        self.crumbs.reserve(room.max(piece));
    }

    /// All that has been read, in one piece.
    pub(super) fn gathered(&mut self) -> Bytes {
        self.gather();
        if self.pieces.len() > 1 {
            let mut whole = BytesMut::with_capacity(self.length);
            // Each goes when it has been copied: the budget knows of one body, not of two.
            for piece in self.pieces.drain(..) {
                whole.extend_from_slice(&piece);
            }
            self.pieces.push(whole.freeze());
        }
        self.pieces.first().cloned().unwrap_or_default()
    }

    fn gather(&mut self) {
        if !self.crumbs.is_empty() {
            self.pieces.push(self.crumbs.split().freeze());
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}

impl fmt::Debug for Body {
    /// Shows how long it is: what it says belongs to the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("read", &self.length)
            .field("coming", &self.coming.is_some())
            .finish()
    }
}

/// A body has to be read whole before it goes out, and there is no room for it now.
pub(super) fn crowded() -> Failure {
    let all = KEPT_IN_ALL / (1024 * 1024);
    let message =
        format!("the {all} MiB in which the bodies of requests are kept are taken, and this one must be read first");
    Failure::new(Code::Transient, message)
        .with_remedy(Remedy::Wait { until: None })
        .with_retry_after(ROOM_AGAIN)
}

/// 1 s: most requests are sent and answered sooner.
const ROOM_AGAIN: Duration = Duration::from_secs(1);

/// 32 MiB of one request: a long conversation with images; more is an upload, which no agent repeats by itself.
pub(super) const KEPT_EACH: usize = 32 * 1024 * 1024;

/// 256 MiB for all requests of a process: eight of the largest, or thousands of ordinary ones.
const KEPT_IN_ALL: usize = 256 * 1024 * 1024;

/// 64 KiB are made room for at once; most bodies are no longer.
const AT_FIRST: usize = 64 * 1024;

/// 1 MiB: who has sent as much means to send the rest, and the memory for all bodies holds no more than 256 of that size.
const BELIEVED: usize = 1024 * 1024;

/// Pieces smaller than this are copied together: their bookkeeping would weigh more than they do.
const CRUMB: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::{Frame, SizeHint};

    use super::*;

    /// A body that tells of so many bytes, and comes in pieces of a kilobyte.
    struct Told(u64);

    impl http_body::Body for Told {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0 == 0 {
                return Poll::Ready(None);
            }
            self.0 -= 1_024;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1_024])))))
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn room_is_made_for_what_comes_and_not_for_what_is_told() {
        for (pieces, most) in [(1, AT_FIRST), (100, 128 * 1_024), (1_000, 1_024 * 1_024)] {
            let mut body = Body::coming(Told(KEPT_EACH as u64), &Budget::default());
            body.in_one_piece();
            assert_eq!(body.crumbs.capacity(), 0);
            let mut seen = 0;
            let enough = |_: &[u8]| {
                seen += 1;
                seen == pieces
            };
            assert_eq!(body.read(enough).await.unwrap(), Progress::Enough);
            assert!(body.crumbs.capacity() <= most, "{pieces}: {}", body.crumbs.capacity());
        }
        let mut body = Body::coming(Told(300 * 1_024), &Budget::default());
        body.in_one_piece();
        assert_eq!(body.read(|_| false).await.unwrap(), Progress::Ended);
        assert_eq!((body.gathered().len(), body.pieces.len()), (300 * 1_024, 1));
    }
}
