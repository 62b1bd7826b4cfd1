//! One run of the binary: what it said and how it ended.

use std::process::Output;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The exit code; `None` when a signal ended it.
    pub(crate) exit: Option<i32>,
    /// What went to stdout.
    pub(crate) stdout: String,
    /// What went to stderr.
    pub(crate) stderr: String,
}

impl Exchange {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The one document on stdout.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("no JSON: {self:?}"))
    }

    /// The code of its failure, if it failed with one.
    pub(crate) fn code(&self) -> Option<String> {
        Some(self.json().ok()?["error"]["code"].as_str()?.to_owned())
    }

    /// The access token that `token --json` printed.
    pub(crate) fn access_token(&self) -> Option<String> {
        Some(self.json().ok()?["access_token"].as_str()?.to_owned())
    }
}
