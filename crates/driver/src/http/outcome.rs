//! A request on its way to a connection of the pool, and what became of it there.

use std::error::Error;

use bytes::Bytes;
use evergrant_engine::wire::Phase;
use http::{Request, Response};
use http_body::Body;
use hyper::client::conn::TrySendError;

use super::broken::{Broken, in_words};
use super::response_body::ResponseBody;
use super::target::Target;

/// A request that no connection has taken yet, or that one has handed back whole, so that it can go out on another. It lies in
/// one place meanwhile: whoever sends it is handed where, because a request is large, and the way to a connection long.
pub type Unsent<B> = Option<Request<B>>;

/// A body that can go out: what hyper asks of one, under one name.
pub trait RequestBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static {}

impl<B> RequestBody for B where B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static
{}

/// How a sending ends: with the head of an answer, or broken off.
pub(super) type Outcome = Result<Response<ResponseBody>, Broken>;

/// From the connection's error, which hands the request back if it was closed before it took it; `phase` is of one that it did
/// not hand back.
pub(super) fn broke_off<B>(
    mut error: TrySendError<Request<B>>,
    request: &mut Unsent<B>,
    phase: Phase,
    target: &Target,
) -> Broken {
    let detail = format!("`{target}` broke off: {}", in_words(error.error()));
    *request = error.take_message();
    match request {
        Some(_) => Broken::unsent(detail),
        None => Broken::new(phase, detail),
    }
}

/// No connection has taken it, though one was there.
pub(super) fn gone() -> Broken {
    Broken::unsent("the request has been sent already")
}
