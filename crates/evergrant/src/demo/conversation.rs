//! The conversation: a client that knows nothing of logins, tokens and repairs.

use std::time::Duration;

use evergrant_sandbox::client::{ClientError, HttpClient, Reply};
use serde_json::{Value, json};

use super::step::Client;

/// What has been said, and where it is said.
#[derive(Debug)]
pub(super) struct Conversation {
    http: HttpClient,
    url: String,
    model: String,
    messages: Vec<Value>,
}

/// What came of a turn.
#[derive(Debug)]
pub(super) struct Turn {
    /// What the client sees of the answer's head.
    pub(super) client: Client,
    /// The assistant's text; nothing if it was refused.
    pub(super) text: String,
    /// The whole body of a refusal.
    pub(super) refusal: String,
}

impl Conversation {
    /// A new one, by chat completions below this address.
    pub(super) fn new(address: &str, model: &str) -> Self {
        Self {
            http: HttpClient::new().timeout(PATIENCE),
            url: format!("http://{address}/v1/chat/completions"),
            model: model.to_owned(),
            messages: Vec::new(),
        }
    }

    /// How many messages both sides have said.
    pub(super) fn length(&self) -> usize {
        self.messages.len()
    }

    /// Says this after all that was said before; an answer is remembered, a refused message is taken back.
    ///
    /// # Errors
    /// No answer at all, or one that is none of this API.
    pub(super) async fn say(&mut self, text: &str, streamed: bool) -> Result<Turn, ClientError> {
        let mut messages = self.messages.clone();
        messages.push(json!({"role": "user", "content": text}));
        let body = json!({"model": self.model, "messages": messages, "stream": streamed});
        let turn = if streamed {
            self.streamed(&body).await?
        } else {
            self.whole(&body).await?
        };
        if turn.refusal.is_empty() {
            messages.push(json!({"role": "assistant", "content": turn.text}));
            self.messages = messages;
        }
        Ok(turn)
    }

    async fn whole(&self, body: &Value) -> Result<Turn, ClientError> {
        let reply = self.http.post_json(&self.url, body).await?;
        let client = Client {
            status: reply.status.as_u16(),
            repaired: words(reply.header(REPAIRED)),
            streamed: false,
        };
        let text = reply.json()?["choices"][0]["message"]["content"]
            .as_str()
            .map(str::to_owned);
        Ok(Turn {
            client,
            refusal: if text.is_none() { reply.text() } else { String::new() },
            text: text.unwrap_or_default(),
        })
    }

    async fn streamed(&self, body: &Value) -> Result<Turn, ClientError> {
        let mut stream = self.http.stream(&self.url, body).await?;
        let header = |name: &str| stream.headers.get(name).and_then(|value| value.to_str().ok());
        let client = Client {
            status: stream.status.as_u16(),
            repaired: words(header(REPAIRED).unwrap_or_default()),
            streamed: true,
        };
        if !header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            let refusal = stream.text().await?;
            return Ok(Turn {
                client,
                text: String::new(),
                refusal,
            });
        }
        let events = stream.rest().await?;
        let fault = events
            .iter()
            .find(|event| !event.json()["error"].is_null() || event.name == "error");
        if let Some(fault) = fault {
            return Err(ClientError::Answer(format!(
                "an error inside the stream: {}",
                fault.data
            )));
        }
        if events.last().is_none_or(|event| event.data != LAST) {
            return Err(ClientError::Answer("the stream was cut".to_owned()));
        }
        Ok(Turn {
            client,
            text: events.iter().map(|event| event.text()).collect(),
            refusal: String::new(),
        })
    }
}

/// A refusal as the provider itself words it, asked without the gateway between.
///
/// # Errors
/// No answer.
pub(super) async fn asked_directly(base_url: &str, bearer: &str, model: &str) -> Result<Reply, ClientError> {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    let http = HttpClient::new().bearer(bearer);
    http.post_json(&format!("{base_url}/chat/completions"), &body).await
}

fn words(header: &str) -> Vec<String> {
    header
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

const REPAIRED: &str = "x-evergrant-repaired";

/// The data of the last event of every stream of this API.
const LAST: &str = "[DONE]";

/// 10 s: the slowest step waits one second.
const PATIENCE: Duration = Duration::from_secs(10);
