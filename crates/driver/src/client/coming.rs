//! The part of a request's body that is still coming from the client, which may be slow, but not for ever.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::Instant;

use crate::alarm::Alarm;

/// Whatever may go wrong with a body that is still coming.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The part of a body that is still coming.
pub(super) struct Coming {
    body: UnsyncBoxBody<Bytes, BodyError>,
    came: u64,
    /// How long the client has been waited for; what somebody else took to read is not its time.
    waited: Duration,
    waiting: Option<Instant>,
    silence: Alarm,
}

/// How a client is too slow.
#[derive(Debug)]
enum Slow {
    Silent,
    Trickling,
}

impl Coming {
    /// Waits for this body.
    pub(super) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static,
    {
        Self {
            body: body.map_err(Into::into).boxed_unsync(),
            came: 0,
            waited: Duration::ZERO,
            waiting: None,
            silence: Alarm::default(),
        }
    }

    fn is_too_slow(&self) -> bool {
        self.waited > FIRST && self.came < self.waited.as_secs() * PACE
    }
}

impl Body for Coming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            // Most often it is here already, and then there is nothing to be timed.
            let since = *this.waiting.get_or_insert_with(Instant::now);
            let silent = this.silence.poll(cx, since + SILENCE);
            return silent.map(|()| Some(Err(Slow::Silent.into())));
        };
        if let Some(since) = this.waiting.take() {
            this.waited += since.elapsed();
        }
        if let Some(Ok(frame)) = &frame {
            this.came += frame.data_ref().map_or(0, Bytes::len) as u64;
            if this.is_too_slow() {
                return Poll::Ready(Some(Err(Slow::Trickling.into())));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => write!(f, "nothing of the request's body came for {} s", SILENCE.as_secs()),
            Self::Trickling => write!(f, "the request's body came slower than {PACE} bytes/s"),
        }
    }
}

impl std::error::Error for Slow {}

/// The failure of a client's body that broke off.
pub(super) fn broken(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Failure {
    let broken = |message: String| Failure::new(Code::BodyBroken, message).with_remedy(Remedy::ChangeRequest);
    match error.downcast_ref::<Slow>() {
        Some(slow) => broken(slow.to_string()),
        None => broken("the request's body broke off or is malformed".to_owned()).with_detail(error.to_string()),
    }
}

/// A client that sends nothing for this long is gone or holds the line on purpose.
const SILENCE: Duration = Duration::from_secs(60);

/// 60 s of waiting before a pace is asked for: whoever begins slowly may catch up.
const FIRST: Duration = Duration::from_secs(60);

/// 240 bytes/s, as other servers ask for (Kestrel, IIS): the slowest line in use gives ten times as much, and so does speech as it
/// is spoken. Whoever sends a byte now and then holds no place for hours.
const PACE: u64 = 240;

#[cfg(test)]
mod tests {
    use http_body_util::channel::Channel;
    use tokio::time::sleep;

    use super::*;

    /// How long a body is read that comes in pieces of this length, each so long after the one before; and the failure, if it
    /// is given up.
    async fn read(length: usize, pause_secs: u64, pieces: usize) -> (u64, Option<String>) {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        tokio::spawn(async move {
            for _ in 0..pieces {
                sleep(Duration::from_secs(pause_secs)).await;
                if sender.send_data(Bytes::from(vec![b'x'; length])).await.is_err() {
                    return;
                }
            }
        });
        let (mut coming, began) = (Coming::new(body), Instant::now());
        let failure = loop {
            match coming.frame().await {
                None => break None,
                Some(Ok(_)) => {}
                Some(Err(error)) => break Some(broken(&*error).message),
            }
        };
        (began.elapsed().as_secs(), failure)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_may_come_and_a_trickling_one_may_not() {
        assert_eq!(read(10_000, 30, 200).await, (6_000, None));
        assert_eq!(read(1, 1, 50).await, (50, None), "it is small, and was soon whole");
        let (secs, failure) = read(20, 1, 100_000).await;
        assert_eq!(
            failure.as_deref(),
            Some("the request's body came slower than 240 bytes/s")
        );
        assert_eq!(secs, 61);
        let (secs, failure) = read(100_000, 61, 2).await;
        assert_eq!(failure.as_deref(), Some("nothing of the request's body came for 60 s"));
        assert_eq!(secs, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_take_is_not_the_clients_time() {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        tokio::spawn(async move { while sender.send_data(Bytes::from_static(b"x")).await.is_ok() {} });
        let mut coming = Coming::new(body);
        for _ in 0..100 {
            coming.frame().await.unwrap().unwrap();
            sleep(Duration::from_secs(60)).await;
        }
    }
}
