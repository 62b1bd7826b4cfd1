//! A provider whose answers cost next to nothing: what a gateway adds to them is what is measured.
//!
//! A body with `"stream":true` is answered by 50 events, each in a chunk of its own. Words in it change them: `STAMP` lets each
//! event say when it was handed to its connection, `PAUSE=N` leaves N microseconds between two. `POST /refuse` lets the token
//! that was shown last be stale from then on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::time::{Instant, Sleep, sleep};

use super::answers::Answers;
use super::moment::now;
use super::typed::Served;

type Answered = Response<Either<Full<Bytes>, Events>>;

/// Serves until the process is ended, on one thread.
pub(crate) fn serve(wanted: &Served) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(listen(wanted.listen))
}

async fn listen(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    #[expect(clippy::print_stdout, reason = "a development binary speaks to whoever runs it")]
    {
        println!("{}", serde_json::json!({"address": listener.local_addr()?.to_string()}));
    }
    let provider = Arc::new(Provider {
        answers: Arc::new(Answers::new()),
        tokens: Mutex::default(),
    });
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        stream.set_nodelay(true)?;
        let provider = Arc::clone(&provider);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let provider = Arc::clone(&provider);
                async move { provider.answer(request).await }
            });
            let mut connection = http1::Builder::new();
            let connection = connection.timer(TokioTimer::new());
            // A client that goes is no fault.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

struct Provider {
    answers: Arc<Answers>,
    tokens: Mutex<Tokens>,
}

/// The token that was shown last, and the one that is refused.
#[derive(Default)]
struct Tokens {
    shown: Option<HeaderValue>,
    stale: Option<HeaderValue>,
}

impl Provider {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answered, hyper::Error> {
        if request.method() == Method::GET {
            return Ok(json(StatusCode::OK, Bytes::from_static(MODELS)));
        }
        if request.uri().path() == "/refuse" {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.stale = tokens.shown.clone();
            return Ok(json(StatusCode::OK, Bytes::from_static(b"{}")));
        }
        let (parts, mut body) = request.into_parts();
        let is_stale = self.is_stale(parts.headers.get(header::AUTHORIZATION));
        let mut head = Bytes::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data()
                && head.is_empty()
            {
                head = data;
            }
        }
        if is_stale {
            return Ok(json(StatusCode::UNAUTHORIZED, Bytes::from_static(STALE)));
        }
        if !contains(&head, b"\"stream\":true") {
            return Ok(json(StatusCode::OK, self.answers.whole.clone()));
        }
        let events = Events {
            answers: Arc::clone(&self.answers),
            next: 0,
            is_stamped: contains(&head, b"STAMP"),
            pause: number_after(&head, b"PAUSE=").map(Duration::from_micros),
            waiting: None,
            has_yielded: false,
        };
        let mut response = Response::new(Either::Right(events));
        let typed = HeaderValue::from_static("text/event-stream; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, typed);
        Ok(response)
    }

    fn is_stale(&self, token: Option<&HeaderValue>) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.shown.as_ref() != token {
            tokens.shown = token.cloned();
        }
        token.is_some() && tokens.stale.as_ref() == token
    }
}

/// The events of a stream, each in a chunk of its own.
struct Events {
    answers: Arc<Answers>,
    next: usize,
    is_stamped: bool,
    pause: Option<Duration>,
    waiting: Option<Pin<Box<Sleep>>>,
    has_yielded: bool,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let Some(event) = this.answers.events.get(this.next) else {
            return Poll::Ready(None);
        };
        if this.next > 0 {
            if let Some(pause) = this.pause {
                let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
                ready!(waiting.as_mut().poll(cx));
                waiting.as_mut().reset(Instant::now() + pause);
            } else if !this.has_yielded {
                // So that each event is a write of its own.
                this.has_yielded = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        this.has_yielded = false;
        let stamped = this.is_stamped.then(|| Answers::stamped(this.next, now())).flatten();
        let event = stamped.unwrap_or_else(|| event.clone());
        this.next += 1;
        Poll::Ready(Some(Ok(Frame::data(event))))
    }
}

fn json(status: StatusCode, text: Bytes) -> Answered {
    let mut response = Response::new(Either::Left(Full::new(text)));
    *response.status_mut() = status;
    let typed = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, typed);
    response
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

fn number_after(text: &[u8], name: &[u8]) -> Option<u64> {
    let at = text.windows(name.len()).position(|window| window == name)? + name.len();
    let digits: Vec<u8> = text.get(at..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

const MODELS: &[u8] =
    br#"{"object":"list","data":[{"id":"bench-model","object":"model","created":1,"owned_by":"bench"}]}"#;

const STALE: &[u8] =
    br#"{"error":{"message":"The access token expired","type":"authentication_error","code":"token_expired"}}"#;
