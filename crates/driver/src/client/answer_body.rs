//! An answer's body: first what was held back, then what still comes, byte for byte.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::conversing::Thread;
use super::listener::Listener;
use super::rest::Rest;
use crate::admission::Guest;
use crate::alarm::Alarm;
use crate::glimpse::Glimpse;
use crate::usage::Spending;

/// An answer's body. Dropping it before its end cancels the request upstream.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
/// use http_body_util::BodyExt as _;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
/// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
/// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
/// # driver.reload().await?;
/// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
/// let call = Call {
///     request: http::Request::get("/models").body(Body::empty())?,
///     route: Route::Provider("acme".into()),
///     pin: None,
/// };
/// let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
/// // Piece by piece, as they come; an error here means that the answer broke off.
/// let (mut body, mut text) = (answer.response.into_body(), Vec::new());
/// while let Some(frame) = body.frame().await {
///     if let Ok(piece) = frame?.into_data() {
///         text.extend_from_slice(&piece);
///     }
/// }
/// assert!(String::from_utf8(text)?.contains("grok-4.3"));
/// # Ok(())
/// # }
/// ```
pub struct AnswerBody(Box<Passing>);

/// The same in one place: it is handed on from layer to layer until its first byte is asked for.
struct Passing {
    held: std::vec::IntoIter<Bytes>,
    held_length: u64,
    rest: Rest,
    listener: Option<Box<Listener>>,
    thread: Option<Thread>,
    spending: Option<Box<Spending>>,
    /// Whose place is taken for as long as this comes.
    _guest: Guest,
    alarm: Alarm,
    /// When the provider has been silent for too long; `None` while it is not known to be silent.
    due: Option<Instant>,
}

impl AnswerBody {
    pub(super) fn new(
        held: Vec<Bytes>,
        rest: Rest,
        listener: Option<Box<Listener>>,
        mut thread: Option<Thread>,
        mut spending: Option<Box<Spending>>,
        guest: Guest,
    ) -> Self {
        if let Some(spending) = &mut spending {
            held.iter().for_each(|piece| spending.see(piece, Glimpse::none()));
            if matches!(rest, Rest::Whole) {
                spending.ended();
            }
        }
        if held
            .iter()
            .any(|piece| thread.as_mut().is_some_and(|thread| thread.heard(piece)))
        {
            thread = None;
        }
        Self(Box::new(Passing {
            held_length: held.iter().map(|piece| piece.len() as u64).sum(),
            held: held.into_iter(),
            rest,
            listener,
            thread,
            spending,
            _guest: guest,
            alarm: Alarm::default(),
            due: None,
        }))
    }
}

impl Passing {
    /// Takes note of what a piece says.
    fn follow(&mut self, piece: &Bytes, is_last: bool) {
        let glimpse = match &self.listener {
            Some(_) => Glimpse::of(piece),
            None => Glimpse::none(),
        };
        if let Some(spending) = &mut self.spending {
            spending.see(piece, glimpse);
            if is_last {
                spending.ended();
            }
        }
        if self.thread.as_mut().is_some_and(|thread| thread.heard(piece)) {
            self.thread = None;
        }
        if let Some(listener) = &mut self.listener
            && listener.heard(piece, glimpse)
        {
            self.listener = None;
        }
    }

    fn broke(&mut self, detail: String) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.rest = Rest::Whole;
        if let Some(listener) = self.listener.take() {
            listener.cut();
        }
        let failure = Failure::new(Code::Unreachable, "the provider's answer broke off")
            .with_remedy(Remedy::Wait { until: None })
            .with_detail(detail);
        Poll::Ready(Some(Err(failure)))
    }

    /// No more bytes come: that is the end, unless the stream should have said so before.
    fn over(&mut self) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.rest = Rest::Whole;
        if let Some(spending) = &mut self.spending {
            spending.ended();
        }
        if self.listener.take().is_none_or(|listener| listener.ended()) {
            return Poll::Ready(None);
        }
        self.broke("the stream ended without its last event".to_owned())
    }

    /// Whether the provider has been silent for too long.
    fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        let due = *self.due.get_or_insert_with(|| Instant::now() + SILENCE);
        self.alarm.poll(cx, due).is_ready()
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = &mut *self.get_mut().0;
        if let Some(piece) = this.held.next() {
            this.held_length = this.held_length.saturating_sub(piece.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let coming = match &mut this.rest {
            Rest::Coming(coming) => coming,
            Rest::Whole => return this.over(),
            Rest::Broken(detail) => {
                let detail = std::mem::take(detail);
                return this.broke(detail);
            }
        };
        match Pin::new(&mut *coming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.due = None;
                if let Some(data) = frame.data_ref() {
                    let is_last = coming.is_end_stream();
                    this.follow(data, is_last);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => this.broke(error.to_string()),
            Poll::Ready(None) => this.over(),
            Poll::Pending if this.is_silent(cx) => this.broke(format!("silent for {} s", SILENCE.as_secs())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.held.len() == 0
            && self.0.listener.is_none()
            && match &self.0.rest {
                Rest::Coming(coming) => coming.is_end_stream(),
                Rest::Whole => true,
                Rest::Broken(_) => false,
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0.rest {
            Rest::Whole if self.0.listener.is_none() => SizeHint::with_exact(self.0.held_length),
            Rest::Whole => SizeHint::default(),
            Rest::Broken(_) => SizeHint::default(),
            Rest::Coming(coming) if self.0.held_length == 0 => coming.size_hint(),
            Rest::Coming(coming) => {
                let rest = coming.size_hint();
                let mut hint = SizeHint::new();
                if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(self.0.held_length)) {
                    hint.set_upper(upper);
                }
                hint.set_lower(rest.lower().saturating_add(self.0.held_length));
                hint
            }
        }
    }
}

impl fmt::Debug for AnswerBody {
    /// Shows how much is held: what it says belongs to the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody")
            .field("held", &self.0.held_length)
            .finish_non_exhaustive()
    }
}

/// 10 min between two pieces: as long as a first byte may take; models think long, but not for ever.
const SILENCE: Duration = Duration::from_secs(600);
