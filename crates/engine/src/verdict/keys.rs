//! Which keys of an envelope hold an error's words, which hold further objects, and which say nothing.

use std::sync::LazyLock;

use super::duration::Unit;
use super::found::Role;
use super::hint_keys::{has, of_key, unit};
use super::short::Table;
use super::spelling::Spellings;

/// What a key's value is good for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meaning {
    /// The role of a text (or number) there.
    pub(super) role: Option<Role>,
    /// Whether objects and arrays there are read.
    pub(super) descend: bool,
    /// Whether a number there may be an HTTP status.
    pub(super) status: bool,
    /// Whether the value tells when to come back.
    pub(super) hint: Option<Unit>,
    /// Whether the object there holds headers.
    pub(super) headers: bool,
    /// Whether it is a header of a limit's window, of which others tell whether it counts.
    pub(super) window: bool,
    /// Whether the key is itself the name of an error, whose fields are in the object there.
    pub(super) is_error: bool,
}

/// What the key of an error's envelope means; unknown keys mean nothing, so that echoed input is never read.
pub(super) fn meaning(key: &str) -> Meaning {
    known().meaning(key).copied().unwrap_or_else(|| in_any_spelling(key))
}

/// What keys mean that are written as envelopes often write them.
pub(super) fn known() -> &'static Spellings<Meaning> {
    &SPELLINGS
}

/// What a key of an object means, in any spelling; it may be the name of an error.
#[inline(never)]
pub(super) fn in_an_object(key: &str) -> Meaning {
    if names_an_error(key) {
        return ERROR_OBJECT;
    }
    in_any_spelling(key)
}

fn in_any_spelling(key: &str) -> Meaning {
    let mut buffer = [0_u8; KEY_LENGTH];
    // Most are written as they are known.
    let is_plain = key.len() <= KEY_LENGTH && key.bytes().all(|byte| byte.is_ascii_lowercase());
    let plain = if is_plain {
        Some(key.as_bytes())
    } else {
        plain(key, &mut buffer)
    };
    let Some(plain) = plain else {
        return Meaning::default();
    };
    KNOWN.get(plain).copied().unwrap_or_else(|| Meaning {
        hint: of_key(plain),
        ..NOTHING
    })
}

/// What a header means that a body quotes.
pub(super) fn header_meaning(name: &str) -> Meaning {
    let told = |word: &str| {
        name.get(..NAME_LENGTH.min(name.len()))
            .is_some_and(|name| has(name, word))
    };
    let is_of_retry = told("retry");
    let is_of_window = ["reset", "limit", "used-percent", "-status"].into_iter().any(told);
    Meaning {
        hint: (is_of_retry || is_of_window).then(|| header_unit(name)),
        window: is_of_window && !is_of_retry,
        ..Meaning::default()
    }
}

/// The unit of a number in a header of that name.
pub(super) fn header_unit(name: &str) -> Unit {
    let mut buffer = [0_u8; NAME_LENGTH];
    let plain = plain(name, &mut buffer).and_then(|plain| std::str::from_utf8(plain).ok());
    plain.map_or(Unit::Seconds, |plain| unit(plain).1)
}

/// What a key means in an object that is a span or a point itself, such as protobuf's `{"seconds":34,"nanos":0}`.
pub(super) fn time_meaning(key: &str) -> Meaning {
    let unit = match key {
        "seconds" | "secs" | "s" | "value" | "at" | "in" | "date" | "time" | "timestamp" | "utc" | "after" => {
            Some(Unit::Seconds)
        }
        "milliseconds" | "millis" | "ms" => Some(Unit::Millis),
        _ => None,
    };
    Meaning {
        hint: unit,
        ..Meaning::default()
    }
}

/// Whether a key is itself the name of an error, as in the exception members of an AWS event stream.
pub(super) fn names_an_error(key: &str) -> bool {
    key.len() > EXCEPTION.len() && key.ends_with(EXCEPTION)
}

/// Whether a top-level key belongs to an answer, not to an error.
pub(super) fn is_content(key: &str) -> bool {
    matches!(
        key,
        "choices"
            | "output"
            | "content"
            | "candidates"
            | "embeddings"
            | "embedding"
            | "delta"
            | "results"
            | "text"
            | "models"
            | "usage"
            | "output_text"
            | "generations"
            | "images"
    )
}

/// Whether a top-level key is one in which errors are told, or that says nothing either way.
pub(super) fn is_of_errors(key: &str) -> bool {
    let meaning = meaning(key);
    meaning.role.is_some()
        || meaning.descend && !plain(key, &mut [0; KEY_LENGTH]).is_some_and(is_of_limits)
        || meaning.hint.is_some()
        || matches!(
            key,
            "id" | "request_id"
                | "requestId"
                | "success"
                | "ok"
                | "timestamp"
                | "path"
                | "param"
                | "trace_id"
                | "traceId"
                | "user_id"
                | "instance"
                | "log_id"
                | "now"
                | "docs"
                | "documentation_url"
                | "help"
        )
}

/// Whether a key without roles of its own holds what is told of a limit.
fn is_of_limits(plain: &[u8]) -> bool {
    LIMITS.iter().any(|limit| limit.as_bytes() == plain)
}

/// The key in lower case without `_` and `-`, so that all spellings are one; `None` if it is too long to be known.
fn plain<'b>(key: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let mut length = 0;
    for byte in key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    buffer.get(..length)
}

/// How the members of AWS's response streams end: `throttlingException`, `modelStreamErrorException`.
const EXCEPTION: &str = "Exception";
const NOTHING: Meaning = Meaning {
    role: None,
    descend: false,
    status: false,
    hint: None,
    headers: false,
    window: false,
    is_error: false,
};

/// A text of that role.
const fn text(role: Role) -> Meaning {
    Meaning {
        role: Some(role),
        ..NOTHING
    }
}

/// A text of that role, or something that holds more.
const fn both(role: Role) -> Meaning {
    Meaning {
        descend: true,
        ..text(role)
    }
}

/// A number that may be a status.
const fn status(descend: bool) -> Meaning {
    Meaning {
        status: true,
        descend,
        ..text(Role::Code)
    }
}

/// Something that only holds more.
const CONTAINER: Meaning = Meaning {
    descend: true,
    ..NOTHING
};
const ERROR_OBJECT: Meaning = Meaning {
    is_error: true,
    ..CONTAINER
};
/// A body as a whole.
pub(super) const TOP: Meaning = both(Role::Message);
const HEADERS: Meaning = Meaning {
    headers: true,
    ..CONTAINER
};

static KNOWN: LazyLock<Table<&'static [u8], Meaning>> = LazyLock::new(|| {
    KEYS.iter()
        .flat_map(|(keys, meaning)| keys.iter().map(|key| (key.as_bytes(), *meaning)))
        .collect()
});

static SPELLINGS: LazyLock<Spellings<Meaning>> = LazyLock::new(|| Spellings::new(plain_keys(), in_an_object));

fn plain_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|(keys, _)| keys.iter().copied())
}

/// The keys that mean something, in lower case without `_` and `-`.
const KEYS: &[(&[&str], Meaning)] = &[
    (&["error", "err"], both(Role::Error)),
    (
        &[
            "message",
            "msg",
            "errormessage",
            "errormsg",
            "errmsg",
            "errordescription",
            "detail",
            "details",
            "errors",
            "raw",
            "fault",
        ],
        both(Role::Message),
    ),
    (
        &[
            "title",
            "description",
            "statusmsg",
            "statusmessage",
            "errorsummary",
            "faultstring",
            "usermessage",
            "explanation",
            "errordetail",
            "quotadescription",
            "hint",
            "developermessage",
        ],
        text(Role::Message),
    ),
    (&["code", "statuscode", "httpcode", "httpstatus"], status(false)),
    (&["status"], status(true)),
    (
        &[
            "errorcode",
            "errcode",
            "errorcodes",
            "bizcode",
            "subcode",
            "suberror",
            "errorsubcode",
            "errorsubtype",
            "reason",
            "limitsource",
            "quotaid",
            "internalcode",
            "upstreamstatus",
            "notificationid",
            "errorreason",
            "quotalimit",
            "quotametric",
        ],
        both(Role::Code),
    ),
    (
        &["type", "errortype", "name", "errorname", "kind", "resource"],
        text(Role::Type),
    ),
    (
        &[
            "body",
            "response",
            "baseresp",
            "metadata",
            "innererror",
            "data",
            "cause",
            "violations",
            "errorcauses",
            "incompletedetails",
            "result",
            "extensions",
            "exception",
            "errorinfo",
            "lasterror",
            "meta",
            "problem",
            "statusdetails",
            "errordetails",
        ],
        CONTAINER,
    ),
    (&["headers", "responseheaders"], HEADERS),
    (LIMITS, CONTAINER),
];
/// Keys without roles of their own that hold what is told of a limit.
const LIMITS: &[&str] = &[
    "ratelimit",
    "ratelimits",
    "ratelimitinfo",
    "ratelimiting",
    "limit",
    "limits",
    "limitinfo",
    "usagelimit",
    "usagelimits",
    "quota",
    "quotas",
    "quotainfo",
    "retry",
    "retryinfo",
    "throttle",
    "throttling",
    "window",
    "primary",
    "secondary",
    "primarywindow",
    "secondarywindow",
];
/// 40 bytes: the longest known key has 30.
const KEY_LENGTH: usize = 40;
/// 96 bytes: the longest name of a limit's header has 50.
const NAME_LENGTH: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_key_is_found_as_it_is_written() {
        for key in plain_keys().filter(|key| (1..=15).contains(&key.len())) {
            assert!(
                SPELLINGS.meaning(key).is_some(),
                "{key}: there are fewer slots than keys"
            );
        }
    }
}
