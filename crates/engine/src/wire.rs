//! What goes over the wire to a provider's own endpoints: a request that carries secrets, and the bytes that came back.

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, Method};
use url::Url;

use crate::secret::Secret;
use crate::time::Timestamp;

/// A request to a provider's token, device, revocation or discovery endpoint, ready to be sent as it is.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET for discovery, POST for the rest.
    pub method: Method,
    /// The endpoint, verbatim from the row or from discovery.
    pub url: Url,
    /// Headers besides `host` and `content-length`; values that are secret are marked sensitive.
    pub headers: HeaderMap,
    /// The body; it carries codes, verifiers and tokens.
    pub body: Secret<Vec<u8>>,
}

/// A complete answer, its body read to the end or to the limit.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The body, at most [`REPLY_LIMIT`] bytes of it.
    pub body: Bytes,
    /// Whether the body was longer than the limit.
    pub truncated: bool,
}

/// When an answer was made, by the clock of whoever made it (RFC 9110, section 6.6.1).
pub fn dated(headers: &HeaderMap) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

/// How far an exchange came before it failed: what can be said about whether the other side acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// DNS, TCP connect, proxy CONNECT or TLS: not one byte of the request was written.
    Connect,
    /// At least one byte was written, and no complete answer was read.
    Sent,
}

/// 256 KiB: token answers are a few KiB; a megabyte of junk must not be kept.
pub const REPLY_LIMIT: usize = 256 * 1024;
