//! Answers that are made after the request was answered: what they use is told to whoever fetches them, which may be nobody.

use bytes::Bytes;
use evergrant_engine::failure::Failure;
use http::Method;
use memchr::memchr;

use super::coding::Coding;
use super::dress::Undressed;
use super::lenient_path::lenient;
use super::skim::Skim;
use crate::admission::Guest;

/// Refuses, to a key with a budget, what lets the answer be made later, and what cannot be read to find out.
pub(super) async fn check_not_put_off(
    request: &Undressed,
    guest: &Guest,
    pieces: Option<&[Bytes]>,
) -> Result<(), Failure> {
    if !guest.has_budget() || *request.method() != Method::POST {
        return Ok(());
    }
    let last = lenient(request.path()).pop().unwrap_or_default();
    if !CAN_BE_PUT_OFF.iter().any(|known| last.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    // Boxed, as all that is rare: every request has the room that its largest way needs.
    match Box::pin(is_put_off(Coding::of(request.headers()), pieces)).await {
        Some(false) => Ok(()),
        Some(true) => guest.uncountable("an answer that is made later (`background`, `deferred`)"),
        None => guest.uncountable("a body that cannot be read whole as one JSON object"),
    }
}

/// Whether a body lets the answer be made later; `None` if it cannot be read.
async fn is_put_off(coding: Coding, pieces: Option<&[Bytes]>) -> Option<bool> {
    let (mut skim, mut has_nul) = (Skim::default(), false);
    let mut see = |piece: &[u8]| {
        // No JSON has one, but for other charsets, in which its members would not be found here.
        has_nul |= memchr(0, piece).is_some();
        let _ = skim.feed(piece);
        false
    };
    match coding {
        Coding::Other => return None,
        Coding::Identity => pieces?.iter().for_each(|piece| {
            see(piece);
        }),
        Coding::Gzip | Coding::Deflate | Coding::Zstd | Coding::Brotli => coding.read(pieces?, &mut see).await,
    }
    (!has_nul && skim.is_whole()).then(|| skim.found().is_put_off)
}

/// The ends of the paths at which an API lets answers be made later: responses (OpenAI), chat completions (xAI), interactions
/// (Google).
const CAN_BE_PUT_OFF: [&str; 3] = ["responses", "completions", "interactions"];
