//! Sends a question and tells of its answer piece by piece.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use evergrant_driver::client::{AnswerBody, Body, Call, Event, Events, Trail};
use evergrant_driver::{Code, Driver, Failure, Remedy};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;

use super::partner::Partner;
use super::piece::{text_of_event, text_of_whole};
use super::question::Question;

/// What is heard of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It begins, and this was its way.
    Began(Trail),
    /// Some text of it, as it came.
    Text(String),
}

/// Why an answer is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing came of it.
    Refused(Box<Failure>),
    /// Some of it came; the rest is missing.
    Cut(Box<Failure>),
}

impl Broken {
    /// Why.
    pub(crate) fn failure(&self) -> &Failure {
        match self {
            Self::Refused(failure) | Self::Cut(failure) => failure,
        }
    }
}

/// Asks. Dropping the future stops the answer, but no renewal that it needed.
///
/// # Errors
/// No answer, or one that broke off.
pub(crate) async fn ask(
    driver: &Driver,
    partner: &Partner,
    question: &Question,
    mut hear: impl FnMut(Heard),
) -> Result<(), Broken> {
    let refused = |failure| Broken::Refused(Box::new(failure));
    let call = Call {
        request: request(partner, question).map_err(refused)?,
        route: partner.route(),
        pin: partner.credential.clone(),
    };
    let answer = driver.send(call).await.map_err(|(failure, _)| refused(failure))?;
    if let Some(failure) = answer.refusal.or(answer.complaint) {
        return Err(refused(failure));
    }
    let (head, body) = answer.response.into_parts();
    hear(Heard::Began(answer.trail.clone()));
    let mut listening = Listening {
        driver,
        trail: answer.trail,
        body,
        heard: 0,
    };
    if is_stream(&head.headers) {
        listening.stream(&mut hear).await
    } else {
        listening.whole(&mut hear).await
    }
}

fn request(partner: &Partner, question: &Question) -> Result<Request<Body>, Failure> {
    let body = question.body(partner.surface, &partner.model).to_string();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(partner.surface.path())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "text/event-stream");
    if let Some(session) = &question.session {
        request = request.header("x-session-id", session);
    }
    request
        .body(Body::from(Bytes::from(body)))
        .map_err(|error| Failure::new(Code::Internal, format!("the request could not be made: {error}")))
}

/// An answer that is coming.
struct Listening<'a> {
    driver: &'a Driver,
    trail: Trail,
    body: AnswerBody,
    /// How many bytes of text.
    heard: usize,
}

impl Listening<'_> {
    async fn stream(&mut self, hear: &mut impl FnMut(Heard)) -> Result<(), Broken> {
        let mut events = Events::up_to(EVENT_LIMIT);
        while let Some(piece) = self.next().await? {
            for raw in events.feed(&piece) {
                self.event(&raw, hear)?;
            }
        }
        match events.rest() {
            Some(raw) => self.event(&raw, hear),
            None => Ok(()),
        }
    }

    fn event(&mut self, raw: &[u8], hear: &mut impl FnMut(Heard)) -> Result<(), Broken> {
        let text = text_of_event(&Event::read(raw).data);
        if !text.is_empty() {
            self.heard += text.len();
            hear(Heard::Text(text));
            return if self.heard > WHOLE_LIMIT {
                Err(self.broken(endless()))
            } else {
                Ok(())
            };
        }
        let Some(provider) = &self.trail.provider else {
            return Ok(());
        };
        match self.driver.fault_in_stream(provider, self.trail.label.as_ref(), raw) {
            Some(failure) => Err(self.broken(failure)),
            None => Ok(()),
        }
    }

    /// An answer in one piece, of a provider that does not stream.
    async fn whole(&mut self, hear: &mut impl FnMut(Heard)) -> Result<(), Broken> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > WHOLE_LIMIT {
                return Err(self.broken(unreadable()));
            }
            whole.extend_from_slice(&piece);
        }
        match text_of_whole(&whole) {
            Some(text) => {
                hear(Heard::Text(text));
                Ok(())
            }
            None => Err(self.broken(unreadable())),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            match Pin::new(&mut self.body).frame().await {
                None => return Ok(None),
                Some(Err(failure)) => return Err(self.broken(failure)),
                Some(Ok(frame)) => {
                    // Trailers say nothing that is part of the answer.
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    fn broken(&self, failure: Failure) -> Broken {
        if self.heard > 0 {
            Broken::Cut(Box::new(failure))
        } else {
            Broken::Refused(Box::new(failure))
        }
    }
}

fn is_stream(headers: &HeaderMap) -> bool {
    let typed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    typed.is_some_and(|typed| typed.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}

fn endless() -> Failure {
    let message = format!("the answer does not end within {} MiB", WHOLE_LIMIT / 1024 / 1024);
    Failure::new(Code::ServerError, message).with_remedy(Remedy::ChangeRequest)
}

fn unreadable() -> Failure {
    Failure::new(Code::ServerError, "the provider's answer could not be read").with_remedy(Remedy::Wait { until: None })
}

/// 64 MiB: the longest answers there are come in one event at worst.
const EVENT_LIMIT: usize = 64 * 1024 * 1024;

/// The same for all of an answer: a model that repeats itself for ever fills no disk.
const WHOLE_LIMIT: usize = 64 * 1024 * 1024;
