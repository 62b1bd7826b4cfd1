//! The words with which somebody is kept out; never a part of what was shown.

use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Timestamp;

use crate::client_key::KeyName;

/// Nothing was shown, or nothing that is a client key, where one is needed.
pub(crate) fn needed() -> Failure {
    invalid(
        "a client key of this gateway is needed: as `Authorization: Bearer KEY`, `x-api-key`, `x-goog-api-key` or `?key=KEY`",
    )
}

/// What was shown looks like a client key and is none that is known.
pub(crate) fn unknown() -> Failure {
    invalid("the client key is not known here: it was removed, has expired, or belongs to another home")
}

/// The key is over.
pub(super) fn expired(name: &KeyName, at: Timestamp) -> Failure {
    invalid(&format!("the client key `{name}` expired at {at}"))
}

/// The key may not ask for this model.
pub(super) fn other_model(name: &KeyName, model: &str) -> Failure {
    let shown: String = model.chars().take(MODEL_SHOWN).collect();
    forbidden(format!("the client key `{name}` may not use the model `{shown}`"))
}

/// The request names no model where that decides what answers, and the key may use only some.
pub(super) fn unnamed_model(name: &KeyName) -> Failure {
    forbidden(format!(
        "the client key `{name}` may use only some models, and this request does not name the one that answers, as chats, \
         responses, messages, embeddings, images and audio do by `model` in their body"
    ))
}

/// The key has a budget, and what this uses could not be counted against it.
pub(super) fn uncountable(name: &KeyName, what: &str) -> Failure {
    forbidden(format!(
        "the client key `{name}` has a budget of tokens, and the tokens of {what} cannot be counted"
    ))
}

/// The key has limits, and this would lead past them.
pub(super) fn leads_past(name: &KeyName) -> Failure {
    forbidden(format!(
        "the client key `{name}` has limits, and this leads past the gateway, which could not hold it to them: with a key of \
         the provider's own its client would need no gateway"
    ))
}

/// The key may ask none of these providers.
pub(super) fn other_provider(name: &KeyName, providers: &[ProviderId]) -> Failure {
    let named: Vec<String> = providers.iter().map(|id| format!("`{id}`")).collect();
    forbidden(format!("the client key `{name}` may not use {}", named.join(", ")))
}

/// The key is for the metrics alone, or is not for them.
pub(super) fn other_purpose(name: &KeyName, reads_metrics: bool) -> Failure {
    let message = if reads_metrics {
        "may not read the metrics, which tell of everybody: a key made with `--metrics` may"
    } else {
        "is for `/metrics` alone"
    };
    forbidden(format!("the client key `{name}` {message}"))
}

/// Too many requests within a minute.
pub(super) fn too_fast(name: &KeyName, limit: u32, after: Duration) -> Failure {
    limited(
        format!("the client key `{name}` has made its {limit} requests of this minute"),
        after,
    )
}

/// Too many requests at one time.
pub(super) fn too_many(name: &KeyName, limit: u32) -> Failure {
    limited(
        format!("{limit} requests of the client key `{name}` are under way"),
        PLACE_IS_FREE,
    )
}

/// The tokens of the day are used up.
pub(super) fn used_up(name: &KeyName, limit: u64, after: Duration) -> Failure {
    limited(
        format!("the client key `{name}` has used its {limit} tokens of today (UTC)"),
        after,
    )
}

fn invalid(message: &str) -> Failure {
    Failure::new(Code::ClientKeyInvalid, message).with_remedy(Remedy::Run {
        command: "evergrant key add NAME".to_owned(),
        why: "whoever runs this gateway makes one".to_owned(),
    })
}

fn forbidden(message: String) -> Failure {
    Failure::new(Code::ClientKeyForbidden, message).with_remedy(Remedy::Run {
        command: "evergrant key list".to_owned(),
        why: "whoever runs this gateway sees there what the key may do".to_owned(),
    })
}

fn limited(message: String, after: Duration) -> Failure {
    Failure::new(Code::ClientKeyLimited, message)
        .with_remedy(Remedy::Wait { until: None })
        .with_retry_after(after)
}

/// 1 s: most requests are done sooner, and whoever comes back then asks again at no cost.
const PLACE_IS_FREE: Duration = Duration::from_secs(1);

/// 100 characters: longer than any name of a model.
const MODEL_SHOWN: usize = 100;
