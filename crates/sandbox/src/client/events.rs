//! Server-sent events, read one at a time.

use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::connection;
use super::failure::ClientError;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its `event:` line, or nothing.
    pub name: String,
    /// Its `data:` lines, joined.
    pub data: String,
}

/// An answer whose body is read event by event. Dropping it closes the connection.
#[derive(Debug)]
pub struct EventStream {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    unread: Vec<u8>,
    timeout: Duration,
}

impl EventStream {
    pub(super) fn new(response: Response<Incoming>, timeout: Duration) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            unread: Vec::new(),
            timeout,
        }
    }

    /// The next event; nothing at the end. Comments are passed over.
    ///
    /// # Errors
    /// A connection that broke, or silence for too long.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                match parse(&String::from_utf8_lossy(&block)) {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            if !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// All events that are left.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn rest(&mut self) -> Result<Vec<Event>, ClientError> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }

    /// The whole body as text, for an answer that turned out to be no stream.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn text(&mut self) -> Result<String, ClientError> {
        while self.read().await? {}
        Ok(String::from_utf8_lossy(&self.unread).into_owned())
    }

    async fn read(&mut self) -> Result<bool, ClientError> {
        let frame = tokio::time::timeout(self.timeout, self.body.frame())
            .await
            .map_err(|_| ClientError::Timeout(self.timeout.as_secs()))?;
        match frame {
            None => Ok(false),
            Some(frame) => {
                let frame = frame.map_err(connection::broken)?;
                if let Some(data) = frame.data_ref() {
                    self.unread.extend_from_slice(data);
                }
                Ok(true)
            }
        }
    }
}

impl Event {
    /// The data as JSON, or null where it is none (`[DONE]`).
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or(Value::Null)
    }

    /// The text this event adds, whichever API it comes from.
    pub fn text(&self) -> String {
        let json = self.json();
        [
            &json["choices"][0]["delta"]["content"],
            &json["delta"]["text"],
            &json["delta"],
        ]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned()
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |line: &str, name: &str| {
        line.strip_prefix(name)
            .map(|rest| rest.strip_prefix(' ').unwrap_or(rest).to_owned())
    };
    let name = block.lines().find_map(|line| field(line, "event:"));
    let data: Vec<String> = block.lines().filter_map(|line| field(line, "data:")).collect();
    if name.is_none() && data.is_empty() {
        return None;
    }
    Some(Event {
        name: name.unwrap_or_default(),
        data: data.join("\n"),
    })
}
