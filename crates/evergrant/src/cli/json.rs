//! The JSON that scripts rely on, exactly as the public contract has it.

use evergrant_driver::{Failure, Remedy, Timestamp, Unusable};
use serde::Serialize;

/// A failure: `{"error": {...}}`.
#[derive(Debug, Serialize)]
pub(crate) struct FailureShape {
    error: ErrorShape,
}

#[derive(Debug, Serialize)]
struct ErrorShape {
    code: &'static str,
    message: String,
    remedy: Option<RemedyShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_secs: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<UnusableShape>,
}

/// A credential that could not be used.
#[derive(Debug, Serialize)]
struct UnusableShape {
    provider: String,
    label: String,
    code: &'static str,
    message: String,
    until: Option<String>,
    remedy: Option<RemedyShape>,
}

impl From<&Unusable> for UnusableShape {
    fn from(one: &Unusable) -> Self {
        Self {
            provider: one.provider.to_string(),
            label: one.label.to_string(),
            code: one.code.as_str(),
            message: one.message.clone(),
            until: one.until.map(time),
            remedy: one.remedy.as_ref().map(RemedyShape::from),
        }
    }
}

impl From<&Failure> for FailureShape {
    fn from(failure: &Failure) -> Self {
        Self {
            error: ErrorShape {
                code: failure.code.as_str(),
                message: failure.message.clone(),
                remedy: failure.remedy.as_ref().map(RemedyShape::from),
                retry_after_secs: failure.retry_after.map(|after| after.as_secs()),
                credentials: failure.credentials.iter().map(UnusableShape::from).collect(),
            },
        }
    }
}

/// What to do.
#[derive(Debug, Serialize)]
pub(crate) struct RemedyShape {
    kind: &'static str,
    sentence: String,
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl From<&Remedy> for RemedyShape {
    fn from(remedy: &Remedy) -> Self {
        Self {
            kind: remedy.kind(),
            sentence: remedy.sentence(),
            command: remedy.command(),
            page: remedy.page().map(str::to_owned),
        }
    }
}

/// A time in RFC 3339.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string()
}
