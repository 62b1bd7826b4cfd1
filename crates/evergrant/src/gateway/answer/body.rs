//! What the gateway answers with: words of its own, or a provider's answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::Failure;
use evergrant_driver::client::AnswerBody;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};

use super::gathered::Gathered;
use super::in_band::InBand;
use super::silent_stream::KeepAlive;

/// The body of an answer of the gateway's.
#[derive(Debug)]
pub(in crate::gateway) enum GatewayBody {
    /// Our own words.
    Own(Full<Bytes>),
    /// A provider's, as they come.
    Answer(AnswerBody),
    /// A provider's stream, its pieces gathered, kept alive while it is silent, its failure told in it.
    Stream(Box<InBand<KeepAlive<Gathered<AnswerBody>>>>),
}

impl GatewayBody {
    /// Our own words.
    pub(in crate::gateway) fn full(text: Bytes) -> Self {
        Self::Own(Full::new(text))
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match self.get_mut() {
            Self::Own(own) => Pin::new(&mut own.map_err(|never| match never {})).poll_frame(cx),
            Self::Answer(answer) => Pin::new(answer).poll_frame(cx),
            Self::Stream(stream) => Pin::new(stream.as_mut()).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(own) => own.is_end_stream(),
            Self::Answer(answer) => answer.is_end_stream(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(own) => own.size_hint(),
            Self::Answer(answer) => answer.size_hint(),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
