//! What became of a request on a connection of the pool.

use std::error::Error;

use bytes::Bytes;
use evergrant_engine::wire::Phase;
use http::{Request, Response};
use http_body::Body;
use hyper::client::conn::TrySendError;

use super::broken::{Broken, in_words};
use super::response_body::ResponseBody;
use super::target::Target;

/// A body that can go out: what hyper asks of one, under one name.
pub trait RequestBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static {}

impl<B> RequestBody for B where B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static
{}

/// The three ends of a sending.
pub(super) enum Outcome<B> {
    /// The head of an answer is here.
    Answered(Response<ResponseBody>),
    /// The connection was closed before it took the request, which is whole and can go out on another.
    Returned(Request<B>, Broken),
    /// It broke off.
    Broken(Broken),
}

impl<B> Outcome<B> {
    /// From the connection's error; `phase` is of a request that was not returned.
    pub(super) fn failed(mut error: TrySendError<Request<B>>, phase: Phase, target: &Target) -> Self {
        let detail = format!("`{target}` broke off: {}", in_words(error.error()));
        match error.take_message() {
            Some(request) => Self::Returned(request, Broken::unsent(detail)),
            None => Self::Broken(Broken::new(phase, detail)),
        }
    }
}
