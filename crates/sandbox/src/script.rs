//! A response body that follows a script: pieces, pauses, a cut, an end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::Sleep;

use crate::counters::TokensTold;
use crate::world::World;

/// One step of a body.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Send these bytes.
    Send(Bytes),
    /// Wait.
    Wait(Duration),
    /// Let what was sent leave the machine, then cut the connection.
    Cut,
}

/// The body of a scripted answer. As an event stream it counts how it ended.
#[derive(Debug)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    flushed: bool,
    counted: Option<Arc<World>>,
    told: Option<(String, TokensTold)>,
}

/// The connection is cut on purpose.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the sandbox cut the connection on purpose")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Script {
    /// A body of these steps.
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            pause: None,
            flushed: false,
            counted: None,
            told: None,
        }
    }

    /// Counts this body as an event stream.
    pub(crate) fn counted(mut self, world: Arc<World>) -> Self {
        world.counters().streams_started += 1;
        self.counted = Some(world);
        self
    }

    /// Says at its end what it told of use.
    pub(crate) fn telling(mut self, path: &str, told: TokensTold) -> Self {
        self.told = Some((path.to_owned(), told));
        self
    }

    fn finish(&mut self) {
        if let Some(world) = self.counted.take() {
            let mut counters = world.counters();
            counters.streams_finished += 1;
            if let Some((path, told)) = &self.told {
                counters.tell(path, told);
            }
        }
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                match pause.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => self.pause = None,
                }
            }
            match self.steps.pop_front() {
                Some(Step::Send(bytes)) => {
                    self.flushed = false;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Wait(time)) => {
                    self.pause = Some(Box::pin(tokio::time::sleep(time)));
                }
                // The connection flushes only when its body has nothing to give for a moment.
                Some(Step::Cut) if !self.flushed => {
                    self.flushed = true;
                    self.steps.push_front(Step::Cut);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Cut) => {
                    self.counted = None;
                    return Poll::Ready(Some(Err(Cut)));
                }
                None => {
                    self.finish();
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if let Some(world) = self.counted.take() {
            world.counters().streams_disconnected += 1;
        }
    }
}
