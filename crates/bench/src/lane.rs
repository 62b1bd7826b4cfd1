//! The relay's connections to the provider, kept by thread and polled by whoever waits for what they bring.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The connections of one thread that wait for a request.
pub(crate) struct Lanes {
    provider: SocketAddr,
    idle: Mutex<Vec<Lane>>,
}

/// One connection in the hands of one request, and then of its answer.
pub(crate) struct Lane {
    sender: SendRequest<Incoming>,
    connection: Connection<TokioIo<TcpStream>, Incoming>,
    home: Arc<Lanes>,
}

impl Lanes {
    /// None yet.
    pub(crate) fn to(provider: SocketAddr) -> Self {
        Self {
            provider,
            idle: Mutex::default(),
        }
    }

    /// Where they lead.
    pub(crate) const fn provider(&self) -> SocketAddr {
        self.provider
    }

    /// One that waits, or a new one.
    pub(crate) async fn take(this: &Arc<Self>) -> io::Result<Lane> {
        let waiting = this.idle().pop();
        if let Some(lane) = waiting.filter(|lane| lane.sender.is_ready()) {
            return Ok(lane);
        }
        let stream = TcpStream::connect(this.provider).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let mut lane = Lane {
            sender,
            connection,
            home: Arc::clone(this),
        };
        // It takes a request once it has been looked at.
        lane.drive(&mut Context::from_waker(Waker::noop()));
        Ok(lane)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(mut self, request: Request<Incoming>) -> hyper::Result<Response<Relayed>> {
        let mut answer = pin!(self.sender.send_request(request));
        let connection = &mut self.connection;
        let answer = poll_fn(|cx| {
            // Its errors reach the answer by a channel of their own.
            let _ = Pin::new(&mut *connection).poll(cx);
            answer.as_mut().poll(cx)
        });
        let answer = answer.await?;
        Ok(answer.map(|incoming| Relayed::new(incoming, self)))
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        // Its errors reach whoever waits by a channel of their own.
        let _ = Pin::new(&mut self.connection).poll(cx);
    }

    fn park(mut self) {
        self.drive(&mut Context::from_waker(Waker::noop()));
        if self.sender.is_ready() {
            let home = Arc::clone(&self.home);
            home.idle().push(self);
        }
    }
}

/// An answer's body, which does the reading for what it waits for.
pub(crate) struct Relayed {
    incoming: Incoming,
    lane: Option<Lane>,
}

impl Relayed {
    fn new(incoming: Incoming, lane: Lane) -> Self {
        let mut body = Self {
            incoming,
            lane: Some(lane),
        };
        body.settle_at_end();
        body
    }

    fn settle_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lane) = self.lane.take()
        {
            lane.park();
        }
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let mut frame = Pin::new(&mut this.incoming).poll_frame(cx);
        if frame.is_pending()
            && let Some(lane) = &mut this.lane
        {
            lane.drive(cx);
            frame = Pin::new(&mut this.incoming).poll_frame(cx);
        }
        match &frame {
            Poll::Ready(Some(Ok(_))) => this.settle_at_end(),
            Poll::Ready(None) => {
                if let Some(lane) = this.lane.take() {
                    lane.park();
                }
            }
            Poll::Ready(Some(Err(_))) => this.lane = None,
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
