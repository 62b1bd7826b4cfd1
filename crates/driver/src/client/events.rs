//! Cuts an event stream into its events (WHATWG HTML 9.2.6), whatever pieces it comes in.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

/// What has come of an event that is not whole yet.
///
/// ```
/// use evergrant_driver::client::{Event, Events};
///
/// let mut events = Events::default();
/// assert!(events.feed(b"event: delta\nda").is_empty());
/// let whole = events.feed(b"ta: one\ndata: two\n\n");
/// let event = Event::read(&whole[0]);
/// assert_eq!((event.name.as_deref(), event.data.as_slice()), (Some("delta"), &b"one\ntwo"[..]));
/// ```
#[derive(Debug)]
pub struct Events {
    begun: BytesMut,
    /// How much of `begun` has been looked through already.
    seen: usize,
    /// An event was longer than can be kept, and what is left of it is passed over.
    skipping: bool,
    limit: usize,
}

/// One event.
///
/// ```
/// use evergrant_driver::client::Event;
///
/// let event = Event::read(b"event: ping\ndata: {}\n\n");
/// assert_eq!((event.name.as_deref(), event.data.as_slice()), (Some("ping"), &b"{}"[..]));
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its data, lines joined.
    pub data: Vec<u8>,
}

impl Default for Events {
    fn default() -> Self {
        Self::up_to(EVENT_LIMIT)
    }
}

impl Events {
    /// For a stream whose events may be so long; a longer one is passed over.
    ///
    /// ```
    /// use evergrant_driver::client::Events;
    ///
    /// // A stream that nobody trusts cannot fill the memory; what comes after the long event is whole again.
    /// let mut events = Events::up_to(64);
    /// assert!(events.feed(&[b'x'; 1000]).is_empty());
    /// assert_eq!(events.feed(b"\n\ndata: short\n\n"), ["data: short\n\n"]);
    /// ```
    pub fn up_to(limit: usize) -> Self {
        Self {
            begun: BytesMut::new(),
            seen: 0,
            skipping: false,
            limit,
        }
    }

    /// Takes a piece, and answers the raw events that end in it; comments and blank lines between events are events of
    /// their own, without name or data.
    ///
    /// ```
    /// use evergrant_driver::client::Events;
    ///
    /// let mut events = Events::default();
    /// assert!(events.feed(b"data: o").is_empty());
    /// assert_eq!(events.feed(b"ne\n\ndata: two\n\ndata: th"), ["data: one\n\n", "data: two\n\n"]);
    /// ```
    pub fn feed(&mut self, piece: &[u8]) -> Vec<Bytes> {
        let mut whole = Vec::new();
        self.begun.extend_from_slice(piece);
        while let Some(end) = end_of_event(&self.begun, self.seen) {
            let event = self.begun.split_to(end).freeze();
            self.seen = 0;
            if !std::mem::take(&mut self.skipping) {
                whole.push(event);
            }
        }
        self.seen = self.begun.len().saturating_sub(3);
        if self.begun.len() > self.limit {
            // Only its last bytes matter: they tell where the next event begins.
            let _ = self.begun.split_to(self.begun.len().saturating_sub(3));
            self.seen = 0;
            self.skipping = true;
        }
        whole
    }

    /// The same of a piece that can be shared: the events that lie whole in it are parts of it, and nothing is copied.
    pub(super) fn cut(&mut self, piece: &Bytes, mut each: impl FnMut(Bytes)) {
        let mut rest = piece.clone();
        if self.is_between() {
            while let Some(end) = end_of_event(&rest, 0) {
                each(rest.split_to(end));
            }
        }
        if !rest.is_empty() {
            self.feed(&rest).into_iter().for_each(each);
        }
    }

    /// Whether the last event has ended and nothing of the next one has come.
    pub(super) fn is_between(&self) -> bool {
        self.begun.is_empty() && !self.skipping
    }

    /// What came last and was never ended by a blank line, as if it had been.
    ///
    /// ```
    /// use evergrant_driver::client::Events;
    ///
    /// let mut events = Events::default();
    /// events.feed(b"data: the last");
    /// // The stream is over, and some providers do not end their last event.
    /// assert_eq!(events.rest().as_deref(), Some(&b"data: the last"[..]));
    /// assert_eq!(events.rest(), None);
    /// ```
    pub fn rest(&mut self) -> Option<Bytes> {
        let rest = self.begun.split().freeze();
        (!rest.is_empty() && !self.skipping).then_some(rest)
    }
}

impl Event {
    /// Reads a raw event.
    ///
    /// ```
    /// use evergrant_driver::client::Event;
    ///
    /// // A comment keeps the line open and says nothing.
    /// let event = Event::read(b": still thinking\n\n");
    /// assert!(event.name.is_none() && event.data.is_empty());
    /// ```
    pub fn read(raw: &[u8]) -> Self {
        let mut event = Self {
            name: None,
            data: Vec::new(),
        };
        let mut rest = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
        while !rest.is_empty() {
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if let Some(value) = field(line, b"data") {
                if !event.data.is_empty() {
                    event.data.push(b'\n');
                }
                event.data.extend_from_slice(value);
            } else if let Some(value) = field(line, b"event") {
                event.name = Some(String::from_utf8_lossy(value).into_owned());
            }
        }
        event
    }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// The raw events of a text, the last of which may have no end.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = end_of_event(rest, 0).unwrap_or(rest.len());
        let (event, after) = rest.split_at(end);
        rest = after;
        (!event.is_empty()).then_some(event)
    })
}

/// Where the first event ends, blank line included; nothing before `from` needs to be looked at again.
fn end_of_event(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memchr2(b'\n', b'\r', text.get(at..)?) {
        let line_end = at + found;
        match &text[line_end..] {
            [b'\r', b'\n', b'\r', b'\n', ..] => return Some(line_end + 4),
            [b'\n', b'\r', b'\n', ..] => return Some(line_end + 3),
            [b'\n', b'\n', ..] | [b'\r', b'\r', ..] => return Some(line_end + 2),
            _ => at = line_end + 1,
        }
    }
    None
}

/// 1 MiB: an event that carries an image is larger, but no event that tells of an error.
const EVENT_LIMIT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for size in 1..=text.len() {
            let mut events = Events::default();
            let mut found: Vec<Bytes> = text
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| events.feed(piece))
                .collect();
            found.extend(events.rest());
            assert_eq!(found, expected, "in pieces of {size}");
            let mut cut = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                events.cut(&Bytes::copy_from_slice(piece), |event| cut.push(event));
            }
            cut.extend(events.rest());
            assert_eq!(cut, expected, "cut in pieces of {size}");
        }
    }

    #[test]
    fn events_end_at_blank_lines_of_any_kind() {
        check("data: a\n\ndata: b\n\n", &["data: a\n\n", "data: b\n\n"]);
        check("data: a\r\n\r\n: c\r\n\r\n", &["data: a\r\n\r\n", ": c\r\n\r\n"]);
        check("data: a\r\rdata: b", &["data: a\r\r", "data: b"]);
        check("event: e\ndata: a\n\n", &["event: e\ndata: a\n\n"]);
    }

    #[test]
    fn an_event_is_read_by_its_fields() {
        let event = Event::read(b"event: error\r\ndata: {\"a\":\r\ndata:1}\r\nid: 7\r\n\r\n");
        assert_eq!(event.name.as_deref(), Some("error"));
        assert_eq!(event.data, b"{\"a\":\n1}");
        assert_eq!(Event::read(b": keep-alive\n\n").data, b"");
    }

    #[test]
    fn an_endless_event_is_passed_over_and_the_next_one_found() {
        let mut events = Events::default();
        for _ in 0..40 {
            assert!(events.feed(&[b'x'; 64 * 1024]).is_empty());
            assert!(events.begun.len() <= EVENT_LIMIT + 64 * 1024);
        }
        assert!(events.feed(b"\n\n").is_empty());
        assert_eq!(events.feed(b"data: a\n\n"), ["data: a\n\n"]);
    }
}
