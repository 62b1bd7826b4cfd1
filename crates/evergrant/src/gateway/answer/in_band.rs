//! Tells of a stream's failure within it, in the client's own form: a stump alone looks like an answer to many clients.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::Failure;
use http_body::{Body, Frame, SizeHint};
use tracing::debug;

use super::status::kind_of;
use super::surface::Surface;
use super::tail::Tail;

/// An event stream whose failure is told in its last event.
#[derive(Debug)]
pub(in crate::gateway) struct InBand<B> {
    stream: B,
    surface: Surface,
    tail: Tail,
    over: bool,
}

impl<B> InBand<B> {
    /// Tells in the form of this surface.
    pub(in crate::gateway) fn new(stream: B, surface: Surface) -> Self {
        Self {
            stream,
            surface,
            tail: Tail::default(),
            over: false,
        }
    }
}

impl<B: Body<Data = Bytes, Error = Failure> + Unpin> Body for InBand<B> {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.stream).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.tail.remember(data);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            // Amid an event nothing can be said: the words would be a part of it. The broken connection says it then.
            Poll::Ready(Some(Err(failure))) if this.tail.is_between_events() => {
                debug!("told in the stream: {failure}");
                this.over = true;
                let event = this.surface.event(&failure, kind_of(failure.code));
                Poll::Ready(Some(Ok(Frame::data(event))))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use evergrant_driver::Code;
    use http_body_util::BodyExt as _;
    use serde_json::Value;

    use super::*;

    struct Pieces(VecDeque<Result<&'static str, Failure>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Failure;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
            let next = self.0.pop_front();
            Poll::Ready(next.map(|piece| piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))))
        }
    }

    async fn read(surface: Surface, text: &'static str) -> Result<String, Failure> {
        let broke = Failure::new(Code::Unreachable, "it broke off");
        let body = InBand::new(Pieces([Ok(text), Err(broke)].into()), surface);
        let whole = body.collect().await?;
        Ok(String::from_utf8(whole.to_bytes().to_vec()).unwrap())
    }

    fn data(event: &str) -> Value {
        let line = event.lines().find_map(|line| line.strip_prefix("data: "));
        serde_json::from_str(line.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_failure_is_the_last_event_in_the_surfaces_own_form() {
        let chat = read(Surface::OpenAi, "data: a\n\n").await.unwrap();
        let event = chat.strip_prefix("data: a\n\n").unwrap();
        assert!(event.starts_with("data: {") && event.ends_with("\n\n"), "{event}");
        assert_eq!(data(event)["error"]["code"], "unreachable");
        assert!(!chat.contains("[DONE]"));

        let messages = read(Surface::Anthropic, "event: a\r\ndata: a\r\n\r\n").await.unwrap();
        let event = messages.split_once("\r\n\r\n").unwrap().1;
        assert!(event.starts_with("event: error\ndata: {"), "{event}");
        assert_eq!(data(event)["type"], "error");
        assert_eq!(data(event)["error"]["type"], "api_error");

        let responses = read(Surface::Responses, "").await.unwrap();
        assert!(responses.starts_with("event: error\ndata: {"), "{responses}");
        assert_eq!(data(&responses)["type"], "error");
        assert_eq!(data(&responses)["code"], "unreachable");
    }

    #[tokio::test]
    async fn amid_an_event_the_connection_breaks() {
        assert_eq!(
            read(Surface::OpenAi, "data: {\"a\":").await.unwrap_err().code,
            Code::Unreachable
        );
    }
}
