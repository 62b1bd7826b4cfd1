//! Where a request's path leads.

use evergrant_driver::client::{Endpoint, PathModel};
use evergrant_driver::{Label, ProviderId};
use http::{Method, Uri};
use url::form_urlencoded;

/// Where a request's path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// `/healthz`: whether the process answers.
    Health,
    /// `/readyz`: whether a credential is usable.
    Ready,
    /// `/metrics`: what has been counted.
    Metrics,
    /// `GET /v1/models`: the union over usable providers.
    Models,
    /// A provider.
    Forward {
        /// This one; `None` leaves the choice to the request's model.
        provider: Option<ProviderId>,
        /// The one credential that will do, as in `/p/PROVIDER@LABEL/...`.
        pin: Option<Label>,
        /// The path and query below the provider's base: the end of those that were asked for.
        path: String,
    },
    /// Nowhere.
    Unknown,
}

impl Destination {
    /// Reads method and path.
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path = uri.path();
        let is_read = *method == Method::GET || *method == Method::HEAD;
        let below = |path: &str| match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        if let Some(rest) = path.strip_prefix("/p/") {
            let (named, rest) = rest.split_once('/').unwrap_or((rest, ""));
            // No provider's id has an `@`, and a label may have several.
            let (provider, label) = match named.split_once('@') {
                Some((provider, label)) => (provider, Some(unescaped(label))),
                None => (named, None),
            };
            let label = match label {
                Some(Some(label)) => Some(Label::from(label)),
                Some(None) => return Self::Unknown,
                None => None,
            };
            // Clients are given a base with or without `/v1`; the provider's own base has its version already.
            let rest = rest.strip_prefix("v1/").unwrap_or(rest);
            if provider.is_empty() || rest.is_empty() || rest == "v1" {
                return Self::Unknown;
            }
            return Self::Forward {
                provider: Some(ProviderId::from(provider)),
                pin: label,
                path: below(&format!("/{rest}")),
            };
        }
        match path {
            "/healthz" if is_read => Self::Health,
            "/readyz" if is_read => Self::Ready,
            "/metrics" if is_read => Self::Metrics,
            "/v1/models" if is_read => Self::Models,
            _ => match path.strip_prefix("/v1") {
                Some(rest) if rest.len() > 1 && rest.starts_with('/') => Self::Forward {
                    provider: None,
                    pin: None,
                    path: below(rest),
                },
                Some(_) | None => Self::Unknown,
            },
        }
    }
}

/// Whether only its model could say whom this request is for: what is listed or fetched needs none, and some endpoints have a
/// usual one of their own.
pub(super) fn needs_model(method: &Method, path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    *method == Method::POST && Endpoint::needs_model(path.trim_end_matches('/'))
}

/// The model that an address names: that of `/models/MODEL`, or of `?model=MODEL`, as realtime sessions have it.
pub(super) fn model_of(method: &Method, path_and_query: &str) -> Option<String> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    match PathModel::of(method, path) {
        Some(model) => Some(model.name()),
        None => form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| is_model_field(name))
            .map(|(_, model)| model.into_owned())
            .find(|model| !model.is_empty()),
    }
}

/// Whether a field of this name names the model: some servers know no capitals there.
pub(super) fn is_model_field(name: &str) -> bool {
    name.eq_ignore_ascii_case(MODEL)
}

/// The field of a query that names a model, as every server reads it.
pub(super) const MODEL: &str = "model";

/// Text out of an address, unless there is none, or it is no text.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let hex = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &after[2..];
            }
            (byte, _, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, expected: Option<(Option<&str>, &str)>) {
        let found = match Destination::of(&Method::POST, &uri.parse().unwrap()) {
            Destination::Forward { provider, path, .. } => Some((provider.map(|id| id.to_string()), path)),
            Destination::Health
            | Destination::Ready
            | Destination::Metrics
            | Destination::Models
            | Destination::Unknown => None,
        };
        let expected = expected.map(|(provider, path)| (provider.map(str::to_owned), path.to_owned()));
        assert_eq!(found, expected, "{uri}");
    }

    #[test]
    fn paths_lead_below_a_providers_base() {
        check("/v1/chat/completions", Some((None, "/chat/completions")));
        check("/v1/files?limit=2", Some((None, "/files?limit=2")));
        check("/p/xai/chat/completions", Some((Some("xai"), "/chat/completions")));
        check("/p/xai/v1/responses?a=b", Some((Some("xai"), "/responses?a=b")));
        check("/p/xai/v1beta/x", Some((Some("xai"), "/v1beta/x")));
        for nowhere in [
            "/",
            "/v1",
            "/v1/",
            "/v12/x",
            "/p/",
            "/p/xai",
            "/p/xai/",
            "/p/xai/v1",
            "/x",
            "/healthz",
        ] {
            check(nowhere, None);
        }
    }

    #[test]
    fn an_address_can_name_one_credential() {
        let named = |uri: &str| match Destination::of(&Method::POST, &uri.parse().unwrap()) {
            Destination::Forward { provider, pin, path } => Some((provider, pin, path)),
            Destination::Health
            | Destination::Ready
            | Destination::Metrics
            | Destination::Models
            | Destination::Unknown => None,
        };
        let expected = |label: &str| Some((Some("xai".into()), Some(label.into()), "/responses".to_owned()));
        assert_eq!(named("/p/xai@work/v1/responses"), expected("work"));
        assert_eq!(named("/p/xai@me@acme.example/responses"), expected("me@acme.example"));
        assert_eq!(named("/p/xai@a%2Fb/responses"), expected("a/b"));
        assert_eq!(named("/p/xai@/responses"), None);
    }

    #[test]
    fn what_creates_an_answer_needs_a_model_and_what_reads_one_does_not() {
        for path in [
            "/chat/completions",
            "/messages?beta=true",
            "/audio/transcriptions",
            "/embeddings/",
        ] {
            assert!(needs_model(&Method::POST, path), "{path}");
            assert!(!needs_model(&Method::GET, path), "{path}");
        }
        for path in [
            "/files",
            "/batches",
            "/responses/resp_1/cancel",
            "/images/generations",
            "/moderations",
        ] {
            assert!(!needs_model(&Method::POST, path), "{path}");
        }
    }

    #[test]
    fn an_address_can_name_a_model() {
        assert_eq!(
            model_of(&Method::GET, "/models/grok-4.3?x"),
            Some("grok-4.3".to_owned())
        );
        assert_eq!(model_of(&Method::GET, "/models/a%2Fb/c"), Some("a/b/c".to_owned()));
        assert_eq!(
            model_of(&Method::GET, "/realtime?a=b&model=grok-4.3"),
            Some("grok-4.3".to_owned())
        );
        for query in ["Model=grok-4.3", "mod%65l=grok%2d4.3", "model=&MODEL=grok-4.3"] {
            assert_eq!(
                model_of(&Method::GET, &format!("/realtime?{query}")),
                Some("grok-4.3".to_owned()),
                "{query}"
            );
        }
        assert_eq!(
            model_of(&Method::POST, "/v1beta/models/grok-4.3:generateContent?alt=sse"),
            Some("grok-4.3".to_owned())
        );
        assert_eq!(model_of(&Method::GET, "/models/"), None);
        assert_eq!(model_of(&Method::GET, "/files/x"), None);
    }
}
