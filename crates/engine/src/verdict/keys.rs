//! Which keys of an envelope hold an error's words, which hold further objects, and which say nothing.

use super::duration::Unit;
use super::found::Role;

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
}

/// What the key of an error's envelope means; unknown keys mean nothing, so that echoed input is never read.
pub(super) fn meaning(key: &str) -> Meaning {
    let mut buffer = [0_u8; KEY_LENGTH];
    let Some(plain) = plain(key, &mut buffer) else {
        return Meaning::default();
    };
    let text = |role| Meaning {
        role: Some(role),
        ..Meaning::default()
    };
    let both = |role| Meaning {
        role: Some(role),
        descend: true,
        ..Meaning::default()
    };
    match plain {
        "error" | "err" => both(Role::Error),
        "message" | "msg" | "errormessage" | "errormsg" | "errmsg" | "errordescription" | "detail" | "details"
        | "errors" | "raw" | "fault" => both(Role::Message),
        "title" | "description" | "statusmsg" | "statusmessage" | "errorsummary" | "faultstring" | "usermessage"
        | "explanation" | "errordetail" | "quotadescription" | "hint" | "developermessage" => text(Role::Message),
        "code" | "status" | "statuscode" | "httpcode" | "httpstatus" => Meaning {
            role: Some(Role::Code),
            status: true,
            descend: plain == "status",
            ..Meaning::default()
        },
        "errorcode" | "errcode" | "errorcodes" | "bizcode" | "subcode" | "suberror" | "errorsubcode"
        | "errorsubtype" | "reason" | "limitsource" | "quotaid" | "internalcode" | "upstreamstatus"
        | "notificationid" | "errorreason" | "quotalimit" | "quotametric" => both(Role::Code),
        "type" | "errortype" | "name" | "errorname" | "kind" => text(Role::Type),
        "body" | "response" | "baseresp" | "metadata" | "innererror" | "data" | "cause" | "violations"
        | "errorcauses" | "incompletedetails" | "result" | "extensions" | "exception" | "errorinfo" | "lasterror"
        | "meta" | "problem" | "statusdetails" | "errordetails" => Meaning {
            descend: true,
            ..Meaning::default()
        },
        "headers" | "responseheaders" => Meaning {
            headers: true,
            descend: true,
            ..Meaning::default()
        },
        limit if is_of_limits(limit) => Meaning {
            descend: true,
            ..Meaning::default()
        },
        _ => Meaning {
            hint: hint(plain),
            ..Meaning::default()
        },
    }
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
    plain(name, &mut buffer).map_or(Unit::Seconds, |plain| unit(plain).1)
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

/// How the value of that key tells when to come back, if it does.
fn hint(plain: &str) -> Option<Unit> {
    let (stem, unit) = unit(plain);
    let is_reset = has(stem, "reset") && !NOT_A_RESET.iter().any(|word| has(stem, word));
    let tells = is_reset
        || has(stem, "retry") && RETRIES.iter().any(|word| has(stem, word))
        || has(stem, "cooldown")
        || WAITS.contains(&stem)
        || AVAILABLE.iter().any(|word| stem.ends_with(word))
        || stem.ends_with("until") && HELD.iter().any(|word| has(stem, word));
    tells.then_some(unit)
}

/// Whether a key without roles of its own holds what is told of a limit.
fn is_of_limits(plain: &str) -> bool {
    matches!(
        plain,
        "ratelimit"
            | "ratelimits"
            | "ratelimitinfo"
            | "ratelimiting"
            | "limit"
            | "limits"
            | "limitinfo"
            | "usagelimit"
            | "usagelimits"
            | "quota"
            | "quotas"
            | "quotainfo"
            | "retry"
            | "retryinfo"
            | "throttle"
            | "throttling"
            | "window"
            | "primary"
            | "secondary"
            | "primarywindow"
            | "secondarywindow"
    )
}

/// The key without the unit that it ends with, and that unit; seconds if it names none.
fn unit(plain: &str) -> (&str, Unit) {
    UNITS
        .iter()
        .find_map(|(ending, unit)| plain.strip_suffix(ending).map(|stem| (stem, *unit)))
        .unwrap_or((plain, Unit::Seconds))
}

fn has(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// The key in lower case without `_` and `-`, so that all spellings are one; `None` if it is too long to be known.
fn plain<'b>(key: &str, buffer: &'b mut [u8]) -> Option<&'b str> {
    let mut length = 0;
    for byte in key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

/// How the members of AWS's response streams end: `throttlingException`, `modelStreamErrorException`.
const EXCEPTION: &str = "Exception";
/// 40 bytes: the longest known key has 30.
const KEY_LENGTH: usize = 40;
/// 96 bytes: the longest name of a limit's header has 50.
const NAME_LENGTH: usize = 96;
/// The endings of keys that name a unit, the longer before what they end with.
const UNITS: [(&str, Unit); 12] = [
    ("milliseconds", Unit::Millis),
    ("millis", Unit::Millis),
    ("msec", Unit::Millis),
    ("ms", Unit::Millis),
    ("seconds", Unit::Seconds),
    ("secs", Unit::Seconds),
    ("sec", Unit::Seconds),
    ("minutes", Unit::Minutes),
    ("mins", Unit::Minutes),
    ("hours", Unit::Hours),
    ("hrs", Unit::Hours),
    ("days", Unit::Days),
];
/// What a key with `reset` in it may be about instead of the end of a window.
const NOT_A_RESET: [&str; 11] = [
    "password", "preset", "count", "interval", "period", "url", "link", "policy", "strategy", "reason", "credits",
];
/// What a key with `retry` in it is about if it tells when.
const RETRIES: [&str; 6] = [
    "retryafter",
    "retrydelay",
    "retryin",
    "retryat",
    "retrytime",
    "retrywait",
];
/// Keys that are about waiting as a whole.
const WAITS: [&str; 7] = [
    "wait",
    "waitfor",
    "waittime",
    "waituntil",
    "tryagainin",
    "tryagainat",
    "tryagainafter",
];
/// The endings of keys that tell when something is available.
const AVAILABLE: [&str; 5] = [
    "availableat",
    "availablein",
    "availableafter",
    "availableon",
    "nextavailable",
];
/// What holds until a time.
const HELD: [&str; 8] = [
    "blocked",
    "locked",
    "suspended",
    "limited",
    "paused",
    "throttled",
    "banned",
    "cooling",
];
