//! Inputs as text, so that a seed can be read and written by hand: a status, headers, a blank line, a body.

use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer as an input describes it.
pub(crate) struct Written<'d> {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'d [u8],
}

/// Reads an input; what is no header is left out, and without a blank line all of it is the body.
pub(crate) fn read(data: &[u8]) -> Written<'_> {
    let at = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = at.map_or((&b""[..], data), |at| (&data[..at], &data[at + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines
        .next()
        .and_then(|line| std::str::from_utf8(line).ok()?.trim().parse().ok())
        .filter(|status| (100..1000).contains(status))
        .unwrap_or(429);
    let headers = lines.take(64).filter_map(header).collect();
    Written { status, headers, body }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}
