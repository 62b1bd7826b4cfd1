//! Which keys of an envelope hold an error's words, which hold further objects, and which say nothing.

use super::found::{HintForm, Role};

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
    pub(super) hint: Option<HintForm>,
    /// Whether the object there holds headers.
    pub(super) headers: bool,
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
        | "explanation" | "errordetail" | "quotadescription" | "hint" => text(Role::Message),
        "code" | "status" | "statuscode" | "httpcode" | "httpstatus" => Meaning {
            role: Some(Role::Code),
            status: true,
            descend: plain == "status",
            ..Meaning::default()
        },
        "errorcode" | "errcode" | "errorcodes" | "bizcode" | "subcode" | "suberror" | "errorsubcode"
        | "errorsubtype" | "reason" | "limitsource" | "quotaid" | "internalcode" | "upstreamstatus"
        | "notificationid" | "errorreason" => both(Role::Code),
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
        _ => Meaning {
            hint: hint(plain),
            ..Meaning::default()
        },
    }
}

/// How the value of that header (or of a body's key of that name) tells when to come back, if it does.
pub(super) fn header_hint(name: &str) -> Option<HintForm> {
    let mut buffer = [0_u8; KEY_LENGTH];
    plain(name, &mut buffer).and_then(hint)
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
        || meaning.descend
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

fn hint(plain: &str) -> Option<HintForm> {
    match plain {
        "retryafterms" | "retryaftermilliseconds" | "retryaftermillis" | "resetafterms" | "xmsretryafterms" => {
            Some(HintForm::Millis)
        }
        "retryafter"
        | "retryafterseconds"
        | "retryaftersecs"
        | "retrydelay"
        | "retryin"
        | "retryinseconds"
        | "quotaresetdelay"
        | "quotaresettimestamp"
        | "resetsat"
        | "resetat"
        | "resetsinseconds"
        | "resetinseconds"
        | "resetafterseconds"
        | "resetsin"
        | "resettime"
        | "resettimestamp"
        | "reset"
        | "waitseconds"
        | "nextresettime"
        | "nextresetat"
        | "cooldownseconds"
        | "cooldownuntil"
        | "availableat" => Some(HintForm::Seconds),
        _ if plain.starts_with("xratelimitreset") || plain.starts_with("ratelimitreset") => Some(HintForm::Seconds),
        "xcodexprimaryresetafterseconds" | "xratelimitrequestsreset" | "xretryafter" => Some(HintForm::Seconds),
        _ => None,
    }
}

/// The key in lower case without `_` and `-`, so that all spellings are one; `None` if it is too long to be known.
fn plain<'b>(key: &str, buffer: &'b mut [u8; KEY_LENGTH]) -> Option<&'b str> {
    let mut length = 0;
    for byte in key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

/// 40 bytes: the longest known key has 30.
const KEY_LENGTH: usize = 40;
