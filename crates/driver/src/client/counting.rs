//! Which requests are counted as use, by which model, and in which form their answers tell of it.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};

use super::dress::Undressed;
use crate::usage::Form;

/// Whether a request can use tokens: one that makes something, or leaves HTTP. An answer that is only read again has been
/// counted when it was made.
pub(super) fn is_counted(request: &Undressed) -> bool {
    *request.method() == Method::POST || request.is_upgrade()
}

/// The model that a path names, as in `/models/MODEL:generateContent`.
pub(super) fn model_in(path: &str) -> Option<&str> {
    let named = path.strip_prefix("/models/")?;
    let model = named.split(['/', ':']).next()?;
    (!model.is_empty()).then_some(model)
}

/// The form of an answer that can be read; `None`: it cannot.
pub(super) fn form_of(headers: &HeaderMap) -> Option<Form> {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get(CONTENT_ENCODING).is_some_and(|value| !plain(value)) {
        return None;
    }
    let typed = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = typed.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "text/event-stream" {
        Some(Form::Events)
    } else {
        kind.contains("json").then_some(Form::Document)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(content_type: &'static str, expected: Option<Form>) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        assert_eq!(form_of(&headers), expected, "{content_type}");
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(form_of(&headers), None);
    }

    #[test]
    fn only_what_can_be_read_is_read() {
        check("application/json; charset=utf-8", Some(Form::Document));
        check("application/problem+JSON", Some(Form::Document));
        check("Text/Event-Stream;charset=utf-8", Some(Form::Events));
        check("audio/mpeg", None);
        check("text/plain", None);
    }

    #[test]
    fn a_path_can_name_a_model() {
        assert_eq!(model_in("/models/gemini-3:generateContent"), Some("gemini-3"));
        assert_eq!(model_in("/models/"), None);
        assert_eq!(model_in("/chat/completions"), None);
    }
}
