//! The requests of one HTTP/2 connection: each has a place, and none waits for its client for ever.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use evergrant_driver::measures::Counter;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::gateway::stage::{Audience, Stage};

/// Runs the requests of one connection.
#[derive(Clone)]
pub(super) struct Streams(Arc<Shared>);

struct Shared {
    patience: Duration,
    given_up: Arc<Counter>,
    standing: Mutex<Standing>,
    ended: Notify,
    room: Arc<Semaphore>,
    audience: Audience,
}

/// How many are under way, and since when.
struct Standing {
    open: usize,
    since: Instant,
}

impl Streams {
    /// None so far; who takes nothing of an answer for so long is given up, and counted. The connection's own place is that of
    /// one request; each other one takes one of the room, for as long as it is under way.
    pub(super) fn new(patience: Duration, given_up: Arc<Counter>, room: Arc<Semaphore>, audience: Audience) -> Self {
        let standing = Standing {
            open: 0,
            since: Instant::now(),
        };
        Self(Arc::new(Shared {
            patience,
            given_up,
            standing: Mutex::new(standing),
            ended: Notify::new(),
            room,
            audience,
        }))
    }

    /// Waits until none has been under way for so long.
    pub(super) async fn rest(&self, limit: Duration) {
        loop {
            match self.0.resting_since().map(|since| since + limit) {
                None => self.0.ended.notified().await,
                Some(due) if Instant::now() >= due => return,
                Some(due) => sleep_until(due).await,
            }
        }
    }
}

impl Shared {
    /// What a panic under it would leave is a count that is one off.
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when none has been under way; `None` if one is.
    fn resting_since(&self) -> Option<Instant> {
        let standing = self.standing();
        (standing.open == 0).then_some(standing.since)
    }

    /// A place for one more, when there is one; whoever ends lets in who is left without.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let mut audience = self.audience.clone();
        tokio::select! {
            place = Arc::clone(&self.room).acquire_owned() => place.ok(),
            () = audience.until(Stage::LastRequests) => None,
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        let (under_way, is_another) = UnderWay::begin(&self.0);
        let shared = Arc::clone(&self.0);
        let handed = Handed::default();
        let answered = Answered {
            request: Box::pin(request),
            handed: handed.clone(),
            waiting: None,
            shared: Arc::clone(&self.0),
        };
        tokio::spawn(HANDED.scope(handed, async move {
            let place = if is_another { shared.place().await } else { None };
            answered.await;
            drop((place, under_way));
        }));
    }
}

/// One request.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    /// It begins; answers whether others are under way already.
    fn begin(shared: &Arc<Shared>) -> (Self, bool) {
        let mut standing = shared.standing();
        standing.open += 1;
        (Self(Arc::clone(shared)), standing.open > 1)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut standing = self.0.standing();
        standing.open -= 1;
        standing.since = Instant::now();
        drop(standing);
        self.0.ended.notify_one();
    }
}

tokio::task_local! {
    /// What has been handed out of the answer to the request that runs here.
    static HANDED: Handed;
}

/// The number of the piece that was handed out last and not asked beyond yet: its client takes it, or does not. 0: the next
/// one is being waited for.
#[derive(Clone, Debug, Default)]
struct Handed(Arc<AtomicU64>);

/// A request and its answer, dropped when the client takes nothing of it: that ends it upstream, and this stream alone.
struct Answered<F> {
    request: Pin<Box<F>>,
    handed: Handed,
    waiting: Option<(u64, Pin<Box<Sleep>>)>,
    shared: Arc<Shared>,
}

impl<F: Future<Output = ()>> Future for Answered<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.request.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let piece = this.handed.0.load(Ordering::Relaxed);
        if piece == 0 {
            this.waiting = None;
            return Poll::Pending;
        }
        let patience = this.shared.patience;
        let (_, waiting) = match &mut this.waiting {
            Some(waiting) if waiting.0 == piece => waiting,
            other => other.insert((piece, Box::pin(sleep(patience)))),
        };
        if waiting.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.shared.given_up.one();
        tracing::debug!("a client has taken nothing of an answer for {} s", patience.as_secs());
        Poll::Ready(())
    }
}

/// An answer's body that knows whether the next piece has been asked for.
///
/// A piece is taken over whole as soon as its client's window has room for one byte of it, and waits in a buffer for the rest of
/// its room. So the last byte is handed out apart: it is taken over when there is room for all that stands before it, and what
/// waits for its client counts as under way.
#[derive(Debug)]
pub(super) struct Watched<B> {
    body: B,
    last: Option<Bytes>,
    handed: Option<Handed>,
    count: u64,
}

impl<B> Watched<B> {
    /// Watches the body of the answer to the request that runs here.
    pub(super) fn new(body: B) -> Self {
        Self {
            body,
            last: None,
            handed: HANDED.try_with(Handed::clone).ok(),
            count: 0,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Watched<B> {
    /// Keeps the last byte of a piece back.
    fn without_last(&mut self, piece: Frame<Bytes>) -> Frame<Bytes> {
        match piece.into_data() {
            Ok(mut data) if data.len() >= PIECE || (data.len() > 1 && self.body.is_end_stream()) => {
                self.last = Some(data.split_off(data.len() - 1));
                Frame::data(data)
            }
            Ok(data) => Frame::data(data),
            Err(trailers) => trailers,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let polled = match this.last.take() {
            Some(last) => Poll::Ready(Some(Ok(Frame::data(last)))),
            None => {
                let polled = Pin::new(&mut this.body).poll_frame(cx);
                polled.map_ok(|piece| this.without_last(piece))
            }
        };
        if let Some(handed) = &this.handed {
            let piece = matches!(polled, Poll::Ready(Some(Ok(_))));
            this.count += u64::from(piece);
            handed.0.store(if piece { this.count } else { 0 }, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, last) = (self.body.size_hint(), self.last.as_ref().map_or(0, Bytes::len) as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(last));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(last));
        }
        hint
    }
}

/// 1 KiB: of an answer that does not say which piece is its last, no more waits unseen. Events, which are smaller, stay whole.
const PIECE: usize = 1024;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use http_body_util::{BodyExt as _, Full};
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
    use tokio::io::duplex;

    use super::*;
    use crate::gateway::stage::Curtain;

    const PATIENCE: Duration = Duration::from_secs(300);

    /// A body without end.
    struct Endless;

    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    /// A request whose client takes a piece after each of these pauses, and then none.
    async fn client(pauses: &'static [u64]) {
        let mut body = Watched::new(Endless);
        for pause in pauses {
            sleep(Duration::from_secs(*pause)).await;
            poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap();
        }
        std::future::pending::<()>().await;
    }

    fn streams(given_up: Arc<Counter>, places: usize) -> (Streams, Curtain) {
        let (curtain, audience) = Curtain::open();
        let room = Arc::new(Semaphore::new(places));
        (Streams::new(PATIENCE, given_up, room, audience), curtain)
    }

    #[tokio::test(start_paused = true)]
    async fn each_beside_the_first_has_a_place_of_its_own() {
        let (streams, curtain) = streams(Arc::default(), 1);
        let began = Instant::now();
        let request = async || sleep(Duration::from_secs(100)).await;
        for _ in 0..4 {
            streams.execute(request());
        }
        streams.rest(Duration::from_secs(60)).await;
        // Two at a time, and then one after the other in the one place.
        assert_eq!(began.elapsed().as_secs(), 300 + 60);
        for _ in 0..4 {
            streams.execute(request());
        }
        curtain.fall(Stage::LastRequests);
        let ends = Instant::now();
        streams.rest(Duration::from_secs(60)).await;
        assert_eq!(ends.elapsed().as_secs(), 100 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_more_is_given_up_and_who_is_slow_is_not() {
        let given_up = Arc::<Counter>::default();
        let (streams, _curtain) = streams(Arc::clone(&given_up), 100);
        let began = Instant::now();
        streams.execute(client(&[1_000, 200, 200, 200]));
        streams.rest(Duration::from_secs(60)).await;
        assert_eq!(began.elapsed().as_secs(), 1_600 + PATIENCE.as_secs() + 60);
        assert_eq!(given_up.read(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_when_nothing_has_been_under_way_for_long() {
        let (streams, _curtain) = streams(Arc::default(), 100);
        let began = Instant::now();
        for secs in [100, 130] {
            streams.execute(sleep(Duration::from_secs(secs)));
        }
        streams.rest(Duration::from_secs(60)).await;
        assert_eq!(began.elapsed().as_secs(), 190);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_in_a_buffer_for_its_client_is_under_way() {
        const LENGTH: usize = 100_000;
        let (ours, theirs) = duplex(1024 * 1024);
        let given_up = Arc::<Counter>::default();
        let (streams, _curtain) = streams(Arc::clone(&given_up), 100);
        let whole = || Full::new(Bytes::from_static(&[b'x'; LENGTH]));
        let service =
            service_fn(move |_| async move { Ok::<_, Infallible>(http::Response::new(Watched::new(whole()))) });
        let connection = hyper::server::conn::http2::Builder::new(streams.clone())
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(ours), service);
        tokio::spawn(connection);
        let mut client = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        client.timer(TokioTimer::new()).initial_stream_window_size(1_000);
        let shaken = client.handshake(TokioIo::new(theirs)).await;
        let (mut sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        let request = || {
            http::Request::get("http://localhost/")
                .body(Full::<Bytes>::default())
                .unwrap()
        };

        let answer = sender.send_request(request()).await.unwrap();
        assert_eq!(answer.headers()["content-length"], LENGTH.to_string());
        sleep(PATIENCE - Duration::from_secs(1)).await;
        assert!(
            streams.0.resting_since().is_none(),
            "the client is pausing, and is not idle"
        );
        let whole = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(whole.len(), LENGTH);
        sleep(Duration::from_secs(1)).await;
        assert!(streams.0.resting_since().is_some());

        let never_taken = sender.send_request(request()).await.unwrap();
        sleep(PATIENCE + Duration::from_secs(1)).await;
        assert!(streams.0.resting_since().is_some());
        assert_eq!(given_up.read(), 1);
        assert!(never_taken.into_body().collect().await.is_err());
    }
}
