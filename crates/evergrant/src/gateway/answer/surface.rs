//! Which API a client speaks, as far as our own errors must look like its errors.

use bytes::Bytes;
use evergrant_driver::{Failure, Remedy, Unusable};
use http::{HeaderMap, HeaderName, Uri};
use serde_json::{Value, json};

/// The form of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Surface {
    /// `{"error":{"message","type","code","param"}}`
    OpenAi,
    /// The same, and in a stream `{"type":"error","code","message"}`
    Responses,
    /// `{"type":"error","error":{"type","message"}}`
    Anthropic,
}

/// The kinds of error that both forms have a word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum ErrorKind {
    /// The request must change.
    Request,
    /// Who asks is not known.
    Authentication,
    /// Who asks may not.
    Permission,
    /// There is no such thing.
    NotFound,
    /// It is too large.
    TooLarge,
    /// It must wait.
    RateLimit,
    /// It could not be done now.
    Server,
}

static ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

impl Surface {
    /// The surface of a request.
    pub(in crate::gateway) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let mut surface = Self::OpenAi;
        for segment in uri.path().as_bytes().split(|byte| *byte == b'/') {
            match segment {
                b"messages" => return Self::Anthropic,
                b"responses" => surface = Self::Responses,
                _ => {}
            }
        }
        if headers.contains_key(&ANTHROPIC_VERSION) {
            surface = Self::Anthropic;
        }
        surface
    }

    /// A failure of our own in this form; code and remedy stand beside what the form asks for.
    pub(in crate::gateway) fn error(self, failure: &Failure, kind: ErrorKind) -> Value {
        let remedy = failure.remedy.as_ref();
        let mut message = failure.message.clone();
        if let Some(remedy) = remedy {
            message = format!("{message}: {}", remedy.sentence());
            if let Some(command) = remedy.command() {
                message = format!("{message} (`{command}`)");
            }
        }
        // Of a single one everything has been said.
        for one in failure
            .credentials
            .iter()
            .filter(|_| failure.credentials.len() > 1)
            .take(NAMED)
        {
            message = format!("{message}; `{}/{}`: {}", one.provider, one.label, one.message);
            if let Some(command) = one.remedy.as_ref().and_then(Remedy::command) {
                message = format!("{message} (`{command}`)");
            }
        }
        let (remedy, code) = (remedy.map(shape), failure.code.as_str());
        let mut answer = match self {
            Self::OpenAi | Self::Responses => json!({"error": {
                "message": message, "type": kind.open_ai(), "code": code, "param": null, "remedy": remedy,
            }}),
            Self::Anthropic => json!({"type": "error", "error": {
                "type": kind.anthropic(), "message": message, "code": code, "remedy": remedy,
            }}),
        };
        if !failure.credentials.is_empty() {
            answer["error"]["credentials"] = failure.credentials.iter().map(unusable).collect();
        }
        answer
    }
}

impl Surface {
    /// A failure of our own as the last event of a stream.
    pub(in crate::gateway) fn event(self, failure: &Failure, kind: ErrorKind) -> Bytes {
        let mut told = self.error(failure, kind);
        let text = match self {
            Self::OpenAi => format!("data: {told}\n\n"),
            Self::Responses => {
                // The surface's form is flat; its own client looks for `error` all the same.
                told["type"] = json!("error");
                told["code"] = told["error"]["code"].clone();
                told["message"] = told["error"]["message"].clone();
                told["param"] = Value::Null;
                format!("event: error\ndata: {told}\n\n")
            }
            Self::Anthropic => format!("event: error\ndata: {told}\n\n"),
        };
        Bytes::from(text)
    }
}

fn shape(remedy: &Remedy) -> Value {
    json!({"kind": remedy.kind(), "sentence": remedy.sentence(), "command": remedy.command()})
}

fn unusable(one: &Unusable) -> Value {
    json!({
        "provider": one.provider.as_str(), "label": one.label.as_str(), "code": one.code.as_str(),
        "message": one.message, "until": one.until.map(|until| until.to_string()), "remedy": one.remedy.as_ref().map(shape),
    })
}

/// Eight credentials are named in the sentence: clients show it in a line, and the list has them all.
const NAMED: usize = 8;

impl ErrorKind {
    const fn open_ai(self) -> &'static str {
        match self {
            Self::Request | Self::NotFound | Self::TooLarge => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
        }
    }

    const fn anthropic(self) -> &'static str {
        match self {
            Self::Request => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::TooLarge => "request_too_large",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "api_error",
        }
    }
}

#[cfg(test)]
mod tests {
    use evergrant_driver::Code;

    use super::*;

    #[test]
    fn the_form_follows_the_path() {
        let plain = HeaderMap::new();
        let of = |path: &'static str| Surface::of(&Uri::from_static(path), &plain);
        assert_eq!(of("/v1/messages"), Surface::Anthropic);
        assert_eq!(of("/p/anthropic/messages/count_tokens"), Surface::Anthropic);
        assert_eq!(of("/v1/chat/completions"), Surface::OpenAi);
        assert_eq!(of("/p/xai-oauth/responses"), Surface::Responses);
    }

    #[test]
    fn an_error_carries_code_and_remedy_in_either_form() {
        let failure = Failure::new(Code::GrantDead, "the grant is dead").with_remedy(Remedy::Login {
            provider: "p".into(),
            label: None,
        });
        let error = Surface::OpenAi.error(&failure, ErrorKind::Authentication);
        assert_eq!(error["error"]["code"], "grant-dead");
        assert_eq!(error["error"]["type"], "authentication_error");
        assert_eq!(error["error"]["remedy"]["command"], "evergrant login p");
        assert!(
            error["error"]["message"]
                .as_str()
                .unwrap()
                .contains("evergrant login p")
        );
        assert!(error["error"]["param"].is_null());
        let error = Surface::Anthropic.error(&failure, ErrorKind::Authentication);
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], "authentication_error");
    }
}
