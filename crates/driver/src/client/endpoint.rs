//! The endpoints of the APIs in use, in one table: where each has its model, and what it uses.

use super::lenient_path::lenient;
use super::model_path::below_version;

/// What is known of an endpoint, or of all that a part of their paths stands for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    part: Part,
    name: &'static str,
    model: Model,
    uses: Uses,
}

/// Which part of a path its name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it, without a version.
    Whole,
    /// Its first segment.
    First,
    /// Its last segment.
    Last,
    /// One of its segments, whichever.
    Any,
    /// What is done with the model of `/models/MODEL:DEED`.
    Deed,
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
    const fn new(part: Part, name: &'static str, model: Model, uses: Uses) -> Self {
        Self {
            part,
            name,
            model,
            uses,
        }
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
        known(Part::Deed, deed).any(|known| known.model == Model::InPath)
    }

    /// Whether nothing that is read there uses a model.
    pub fn reads_without_model(path: &str) -> bool {
        known(Part::First, first(path)).any(|known| known.model == Model::NotToRead)
    }

    /// Whether it uses nothing, for certain: the path is written as everybody writes it.
    pub(super) fn uses_nothing(path: &str) -> bool {
        let is_plain = !path.contains(['%', ';', '\\']) && !path.contains("//");
        let last = path.rsplit('/').next().unwrap_or_default();
        // Some APIs have their models elsewhere than in `/models`.
        let deed = last.split_once(':').map_or("", |(_, deed)| deed);
        let mut known = known(Part::Whole, below_version(path))
            .chain(known(Part::First, first(path)))
            .chain(known(Part::Last, last))
            .chain(known(Part::Deed, deed));
        is_plain && known.any(|known| known.uses == Uses::Nothing)
    }

    /// Whether it may use tokens later, in any reading of its path.
    pub(super) fn uses_later(path: &str) -> bool {
        lenient(path).iter().any(|segment| {
            let (name, deed) = segment.split_once(':').unwrap_or((segment, ""));
            is_some_segment(name, Uses::Later) || deed.contains("atch") || deed.contains("ongRunning")
        })
    }

    /// Whether it may lead past the gateway, in any reading of its path.
    pub(super) fn leads_past(path: &str) -> bool {
        lenient(path)
            .iter()
            .any(|segment| is_some_segment(segment.split(':').next().unwrap_or_default(), Uses::Elsewhere))
    }
}

fn whole(path: &str) -> Option<&'static Endpoint> {
    known(Part::Whole, below_version(path)).next()
}

fn known(part: Part, name: &str) -> impl Iterator<Item = &'static Endpoint> {
    TABLE
        .iter()
        .filter(move |known| known.part == part && known.name == name)
}

fn first(path: &str) -> &str {
    below_version(path).split('/').nth(1).unwrap_or_default()
}

fn is_some_segment(name: &str, uses: Uses) -> bool {
    let mut known = TABLE
        .iter()
        .filter(|known| known.part == Part::Any && known.uses == uses);
    known.any(|known| known.name.eq_ignore_ascii_case(name))
}

/// Every endpoint that is known. What is not known is taken to use tokens, and to have its model anywhere.
const TABLE: [Endpoint; 59] = {
    use Model::{InBody, InPath, NotToRead, Required, Unknown};
    use Part::{Any, Deed, First, Last, Whole};
    use Uses::{Elsewhere, Later, Nothing, Tokens};
    [
        Endpoint::new(Whole, "/chat/completions", Required, Tokens),
        Endpoint::new(Whole, "/completions", Required, Tokens),
        Endpoint::new(Whole, "/responses", Required, Tokens),
        Endpoint::new(Whole, "/responses/compact", InBody, Tokens),
        Endpoint::new(Whole, "/responses/input_tokens", InBody, Nothing),
        Endpoint::new(Whole, "/messages", Required, Tokens),
        Endpoint::new(Whole, "/messages/count_tokens", Required, Nothing),
        Endpoint::new(Whole, "/embeddings", Required, Tokens),
        Endpoint::new(Whole, "/moderations", InBody, Tokens),
        Endpoint::new(Whole, "/rerank", InBody, Tokens),
        Endpoint::new(Whole, "/images/generations", InBody, Tokens),
        Endpoint::new(Whole, "/images/edits", InBody, Tokens),
        Endpoint::new(Whole, "/images/variations", InBody, Tokens),
        Endpoint::new(Whole, "/audio/speech", Required, Tokens),
        Endpoint::new(Whole, "/audio/transcriptions", Required, Tokens),
        Endpoint::new(Whole, "/audio/translations", Required, Tokens),
        Endpoint::new(Whole, "/videos", InBody, Later),
        Endpoint::new(Whole, "/videos/generations", InBody, Later),
        Endpoint::new(First, "models", NotToRead, Tokens),
        Endpoint::new(First, "responses", NotToRead, Tokens),
        Endpoint::new(First, "chat", NotToRead, Tokens),
        Endpoint::new(First, "messages", NotToRead, Tokens),
        Endpoint::new(First, "batches", NotToRead, Later),
        Endpoint::new(First, "videos", NotToRead, Later),
        Endpoint::new(First, "files", NotToRead, Nothing),
        Endpoint::new(First, "conversations", NotToRead, Nothing),
        Endpoint::new(First, "uploads", Unknown, Nothing),
        Endpoint::new(First, "vector_stores", Unknown, Nothing),
        Endpoint::new(Last, "count_tokens", Unknown, Nothing),
        Endpoint::new(Last, "input_tokens", Unknown, Nothing),
        Endpoint::new(Last, "tokenize", Unknown, Nothing),
        Endpoint::new(Last, "cancel", Unknown, Nothing),
        Endpoint::new(Any, "batches", Unknown, Later),
        Endpoint::new(Any, "batch", Unknown, Later),
        Endpoint::new(Any, "fine_tuning", Unknown, Later),
        Endpoint::new(Any, "evals", Unknown, Later),
        Endpoint::new(Any, "threads", Unknown, Later),
        Endpoint::new(Any, "agents", Unknown, Later),
        Endpoint::new(Any, "jobs", Unknown, Later),
        Endpoint::new(Any, "videos", Unknown, Later),
        Endpoint::new(Any, "video", Unknown, Later),
        // OpenAI, xAI, Azure, Google; then those that last.
        Endpoint::new(Any, "realtime", Unknown, Elsewhere),
        Endpoint::new(Any, "realtimeapi", Unknown, Elsewhere),
        Endpoint::new(Any, "client_secrets", Unknown, Elsewhere),
        Endpoint::new(Any, "transcription_sessions", Unknown, Elsewhere),
        Endpoint::new(Any, "chatkit", Unknown, Elsewhere),
        Endpoint::new(Any, "auth_tokens", Unknown, Elsewhere),
        Endpoint::new(Any, "authTokens", Unknown, Elsewhere),
        Endpoint::new(Any, "keys", Unknown, Elsewhere),
        Endpoint::new(Any, "api_keys", Unknown, Elsewhere),
        Endpoint::new(Any, "api-keys", Unknown, Elsewhere),
        Endpoint::new(Any, "admin_api_keys", Unknown, Elsewhere),
        Endpoint::new(Any, "service_accounts", Unknown, Elsewhere),
        // Of a batch each request names its model again, and is read; there may be others elsewhere in work that is done later.
        Endpoint::new(Deed, "generateContent", InPath, Tokens),
        Endpoint::new(Deed, "streamGenerateContent", InPath, Tokens),
        Endpoint::new(Deed, "countTokens", InPath, Nothing),
        Endpoint::new(Deed, "embedContent", InPath, Tokens),
        Endpoint::new(Deed, "batchEmbedContents", InPath, Tokens),
        Endpoint::new(Deed, "predict", InPath, Tokens),
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
        for (at, known) in TABLE.iter().enumerate() {
            let again = TABLE[at + 1..].iter();
            let mut again = again.filter(|other| other.part == known.part && other.name == known.name);
            assert!(again.next().is_none(), "{known:?}");
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
