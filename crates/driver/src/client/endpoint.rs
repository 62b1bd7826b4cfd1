//! The endpoints of the APIs in use, in tables by which part of a path names them: where each has its model, and what it uses.

use super::lenient_path::lenient;
use super::model_path::below_version;

/// What is known of an endpoint, or of all whose paths have a part of this name.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    name: &'static str,
    model: Model,
    uses: Uses,
}

/// Where it has the model that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// In the body, and its API calls that required.
    Required,
    /// In the body, if it is not its usual one.
    InBody,
    /// In the path.
    InPath,
    /// Nowhere where it is only read.
    NotToRead,
    /// Wherever its provider looks for it.
    Unknown,
}

/// What something that is sent to it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uses {
    /// Tokens, of which the answer tells, or by which it can be weighed.
    Tokens,
    /// Nothing: it is only kept, counted or ended.
    Nothing,
    /// Tokens after it was answered, of which it tells elsewhere if at all.
    Later,
    /// It gives out a key of the provider's own, or leads media to the provider itself.
    Elsewhere,
}

impl Endpoint {
    const fn new(name: &'static str, model: Model, uses: Uses) -> Self {
        Self { name, model, uses }
    }

    /// Whether only its model can say whom a request to this path is for. `/responses` takes a stored prompt in its place, which
    /// only a provider that is addressed by name can know.
    pub fn needs_model(path: &str) -> bool {
        whole(path).is_some_and(|known| known.model == Model::Required)
    }

    /// Whether it takes its model from the body, and from nowhere else.
    pub fn has_model_in_body(path: &str) -> bool {
        whole(path).is_some_and(|known| matches!(known.model, Model::Required | Model::InBody))
    }

    /// Whether what is done with a model takes no other one than that of its path.
    pub fn has_model_in_path(deed: &str) -> bool {
        known(&DEED, deed).is_some_and(|known| known.model == Model::InPath)
    }

    /// Whether nothing that is read there uses a model.
    pub fn reads_without_model(path: &str) -> bool {
        known(&FIRST, first(below_version(path))).is_some_and(|known| known.model == Model::NotToRead)
    }

    /// Whether it uses nothing, for certain: the path is written as everybody writes it.
    pub(super) fn uses_nothing(path: &str) -> bool {
        let below = below_version(path);
        if let Some(known) = known(&WHOLE, below) {
            return known.uses == Uses::Nothing;
        }
        let last = after_last(path, b'/');
        // Some APIs have their models elsewhere than in `/models`.
        let (_, deed) = split(last, b':');
        let nothing = |table: &[Self], name: &str| {
            let mut known = table.iter().filter(|known| known.uses == Uses::Nothing);
            known.any(|known| known.name == name)
        };
        let is_known = nothing(&FIRST, first(below)) || nothing(&LAST, last) || nothing(&DEED, deed);
        is_known && !path.contains(['%', ';', '\\']) && !path.contains("//")
    }

    /// Whether it may use tokens later, in any reading of its path.
    pub(super) fn uses_later(path: &str) -> bool {
        lenient(path).iter().any(|segment| {
            let (name, deed) = split(segment, b':');
            is_some_segment(name, Uses::Later) || deed.contains("atch") || deed.contains("ongRunning")
        })
    }

    /// Whether it may lead past the gateway, in any reading of its path.
    pub(super) fn leads_past(path: &str) -> bool {
        lenient(path)
            .iter()
            .any(|segment| is_some_segment(split(segment, b':').0, Uses::Elsewhere))
    }
}

fn whole(path: &str) -> Option<&'static Endpoint> {
    known(&WHOLE, below_version(path))
}

fn known(table: &'static [Endpoint], name: &str) -> Option<&'static Endpoint> {
    table.iter().find(|known| known.name == name)
}

/// The first segment of a path, without what stands before its first `/`.
fn first(path: &str) -> &str {
    split(split(path, b'/').1, b'/').0
}

/// What stands before the first of these signs of ASCII, and what stands behind it.
fn split(text: &str, sign: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == sign) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// What stands behind the last of these signs of ASCII; all of it without one.
fn after_last(text: &str, sign: u8) -> &str {
    let at = text.bytes().rposition(|byte| byte == sign);
    &text[at.map_or(0, |at| at + 1)..]
}

fn is_some_segment(name: &str, uses: Uses) -> bool {
    let mut known = ANY.iter().filter(|known| known.uses == uses);
    known.any(|known| known.name.eq_ignore_ascii_case(name))
}

/// By all of their path, without a version. What stands in no table is taken to use tokens, and to have its model anywhere.
static WHOLE: [Endpoint; 18] = {
    use Model::{InBody, Required};
    use Uses::{Later, Nothing, Tokens};
    [
        Endpoint::new("/chat/completions", Required, Tokens),
        Endpoint::new("/completions", Required, Tokens),
        Endpoint::new("/responses", Required, Tokens),
        Endpoint::new("/responses/compact", InBody, Tokens),
        Endpoint::new("/responses/input_tokens", InBody, Nothing),
        Endpoint::new("/messages", Required, Tokens),
        Endpoint::new("/messages/count_tokens", Required, Nothing),
        Endpoint::new("/embeddings", Required, Tokens),
        Endpoint::new("/moderations", InBody, Tokens),
        Endpoint::new("/rerank", InBody, Tokens),
        Endpoint::new("/images/generations", InBody, Tokens),
        Endpoint::new("/images/edits", InBody, Tokens),
        Endpoint::new("/images/variations", InBody, Tokens),
        Endpoint::new("/audio/speech", Required, Tokens),
        Endpoint::new("/audio/transcriptions", Required, Tokens),
        Endpoint::new("/audio/translations", Required, Tokens),
        Endpoint::new("/videos", InBody, Later),
        Endpoint::new("/videos/generations", InBody, Later),
    ]
};

/// By its first segment.
static FIRST: [Endpoint; 10] = {
    use Model::{NotToRead, Unknown};
    use Uses::{Later, Nothing, Tokens};
    [
        Endpoint::new("models", NotToRead, Tokens),
        Endpoint::new("responses", NotToRead, Tokens),
        Endpoint::new("chat", NotToRead, Tokens),
        Endpoint::new("messages", NotToRead, Tokens),
        Endpoint::new("batches", NotToRead, Later),
        Endpoint::new("videos", NotToRead, Later),
        Endpoint::new("files", NotToRead, Nothing),
        Endpoint::new("conversations", NotToRead, Nothing),
        Endpoint::new("uploads", Unknown, Nothing),
        Endpoint::new("vector_stores", Unknown, Nothing),
    ]
};

/// By its last segment.
static LAST: [Endpoint; 4] = {
    use Model::Unknown;
    use Uses::Nothing;
    [
        Endpoint::new("count_tokens", Unknown, Nothing),
        Endpoint::new("input_tokens", Unknown, Nothing),
        Endpoint::new("tokenize", Unknown, Nothing),
        Endpoint::new("cancel", Unknown, Nothing),
    ]
};

/// By one of its segments, whichever.
static ANY: [Endpoint; 21] = {
    use Model::Unknown;
    use Uses::{Elsewhere, Later};
    [
        Endpoint::new("batches", Unknown, Later),
        Endpoint::new("batch", Unknown, Later),
        Endpoint::new("fine_tuning", Unknown, Later),
        Endpoint::new("evals", Unknown, Later),
        Endpoint::new("threads", Unknown, Later),
        Endpoint::new("agents", Unknown, Later),
        Endpoint::new("jobs", Unknown, Later),
        Endpoint::new("videos", Unknown, Later),
        Endpoint::new("video", Unknown, Later),
        // OpenAI, xAI, Azure, Google; then those that last.
        Endpoint::new("realtime", Unknown, Elsewhere),
        Endpoint::new("realtimeapi", Unknown, Elsewhere),
        Endpoint::new("client_secrets", Unknown, Elsewhere),
        Endpoint::new("transcription_sessions", Unknown, Elsewhere),
        Endpoint::new("chatkit", Unknown, Elsewhere),
        Endpoint::new("auth_tokens", Unknown, Elsewhere),
        Endpoint::new("authTokens", Unknown, Elsewhere),
        Endpoint::new("keys", Unknown, Elsewhere),
        Endpoint::new("api_keys", Unknown, Elsewhere),
        Endpoint::new("api-keys", Unknown, Elsewhere),
        Endpoint::new("admin_api_keys", Unknown, Elsewhere),
        Endpoint::new("service_accounts", Unknown, Elsewhere),
    ]
};

/// By what is done with the model of `/models/MODEL:DEED`. Of a batch each request names its model again, and is read; there may
/// be others elsewhere in work that is done later.
static DEED: [Endpoint; 6] = {
    use Model::InPath;
    use Uses::{Nothing, Tokens};
    [
        Endpoint::new("generateContent", InPath, Tokens),
        Endpoint::new("streamGenerateContent", InPath, Tokens),
        Endpoint::new("countTokens", InPath, Nothing),
        Endpoint::new("embedContent", InPath, Tokens),
        Endpoint::new("batchEmbedContents", InPath, Tokens),
        Endpoint::new("predict", InPath, Tokens),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_or_counted_uses_nothing() {
        for path in [
            "/files",
            "/messages/count_tokens",
            "/v1beta/models/g:countTokens",
            "/v1beta/files",
            "/responses/resp_1/cancel",
        ] {
            assert!(Endpoint::uses_nothing(path), "{path}");
        }
        for path in [
            "/messages",
            "/responses",
            "/responses/compact",
            "/embeddings",
            "/images/edits",
            "/files//responses",
            "/responses%2Fx/cancel",
            "/responses;x/cancel",
        ] {
            assert!(!Endpoint::uses_nothing(path), "{path}");
        }
    }

    #[test]
    fn what_uses_tokens_later_is_found_in_any_writing() {
        for path in [
            "/batches",
            "/v1/b%61tches",
            "/messages/Batches;x",
            "/videos",
            "/models/g:batchGenerateContent",
            "/models/g:predictLongRunning",
        ] {
            assert!(Endpoint::uses_later(path), "{path}");
        }
        assert!(!Endpoint::uses_later("/responses") && !Endpoint::uses_later("/models/g:generateContent"));
        assert!(Endpoint::leads_past("/r%65altime/x") && !Endpoint::leads_past("/responses"));
    }

    #[test]
    fn every_endpoint_stands_there_once_and_one_that_needs_a_model_has_it_in_the_body() {
        for table in [&WHOLE[..], &FIRST, &LAST, &ANY, &DEED] {
            for (at, known) in table.iter().enumerate() {
                let mut again = table[at + 1..].iter();
                assert!(!again.any(|other| other.name == known.name), "{known:?}");
            }
        }
        for path in ["/chat/completions", "/v1beta/messages", "/audio/speech"] {
            assert!(
                Endpoint::needs_model(path) && Endpoint::has_model_in_body(path),
                "{path}"
            );
        }
        for path in ["/images/generations", "/moderations", "/responses/compact"] {
            assert!(
                !Endpoint::needs_model(path) && Endpoint::has_model_in_body(path),
                "{path}"
            );
        }
        for path in ["/files", "/chat/completions/", "/whatever"] {
            assert!(
                !Endpoint::needs_model(path) && !Endpoint::has_model_in_body(path),
                "{path}"
            );
        }
        assert!(Endpoint::reads_without_model("/v1/responses/resp_1") && !Endpoint::reads_without_model("/uploads/x"));
        assert!(Endpoint::has_model_in_path("generateContent") && !Endpoint::has_model_in_path("batchGenerateContent"));
    }
}
