//! What the user can do about a failure: a closed list, one sentence and at most one command each.

use crate::credential::{Label, ProviderId};
use crate::time::Timestamp;

/// One thing to do, with all its sentence needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Log in (again) at this provider.
    Login {
        /// The provider.
        provider: ProviderId,
        /// The credential to be replaced, if it is one of several.
        label: Option<Label>,
    },
    /// Add an API key, because there is none.
    AddKey {
        /// The provider.
        provider: ProviderId,
    },
    /// The key is refused: replace it.
    ReplaceKey {
        /// The provider.
        provider: ProviderId,
        /// The key's label.
        label: Label,
    },
    /// The borrowed token's owner must renew it, or hand it over.
    RenewElsewhere {
        /// The other tool.
        tool: String,
    },
    /// The account's plan does not cover this; logging in again cannot help.
    ChangePlan {
        /// The provider.
        provider: ProviderId,
        /// The provider's row that takes API keys for the same API, if there is one.
        key_provider: Option<ProviderId>,
    },
    /// Log in once more, asking for the scope that is missing.
    GrantScope {
        /// The provider.
        provider: ProviderId,
    },
    /// The key is accepted but may not do this: widen it where it was made.
    WidenKey {
        /// The provider.
        provider: ProviderId,
        /// The key's label.
        label: Label,
    },
    /// The purse must be filled.
    AddCredit {
        /// The provider.
        provider: ProviderId,
    },
    /// The account is disabled; only the provider can say why.
    ContactProvider {
        /// The provider.
        provider: ProviderId,
    },
    /// Time alone mends it.
    Wait {
        /// Until when, if the provider said so.
        until: Option<Timestamp>,
    },
    /// The API was never reached: proxy, firewall or network location.
    CheckNetwork {
        /// The host that was meant.
        host: String,
    },
    /// Ask the provider what it thinks of each credential.
    Probe,
    /// The request itself must change.
    ChangeRequest,
    /// A file of configuration must be mended.
    EditFile {
        /// The file, with line where known.
        place: String,
    },
    /// A shell command mends it.
    Run {
        /// The command, ready to paste.
        command: String,
        /// What it does.
        why: String,
    },
    /// A fault of ours: tell us.
    Report,
}

impl Remedy {
    /// The stable word of `remedy.kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::AddKey { .. } => "add-key",
            Self::ReplaceKey { .. } => "replace-key",
            Self::RenewElsewhere { .. } => "renew-elsewhere",
            Self::ChangePlan { .. } => "change-plan",
            Self::GrantScope { .. } => "grant-scope",
            Self::WidenKey { .. } => "widen-key",
            Self::AddCredit { .. } => "add-credit",
            Self::ContactProvider { .. } => "contact-provider",
            Self::Wait { .. } => "wait",
            Self::CheckNetwork { .. } => "check-network",
            Self::Probe => "probe",
            Self::ChangeRequest => "change-request",
            Self::EditFile { .. } => "edit-file",
            Self::Run { .. } => "run",
            Self::Report => "report",
        }
    }

    /// The command that would fix it, ready to paste.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Login {
                provider,
                label: Some(label),
            } => Some(format!(
                "evergrant login {provider} --label {}",
                shell_word(label.as_str())
            )),
            Self::Login { provider, label: None } | Self::GrantScope { provider } => {
                Some(format!("evergrant login {provider}"))
            }
            Self::AddKey { provider } => Some(format!("evergrant add {provider}")),
            Self::ReplaceKey { provider, label } => Some(format!(
                "evergrant add {provider} --label {}",
                shell_word(label.as_str())
            )),
            Self::RenewElsewhere { tool } => Some(format!("evergrant import {tool} --take")),
            Self::ChangePlan { key_provider, .. } => key_provider
                .as_ref()
                .map(|provider| format!("evergrant add {provider}")),
            Self::Probe => Some("evergrant doctor --probe".to_owned()),
            Self::Run { command, .. } => Some(command.clone()),
            Self::WidenKey { .. }
            | Self::AddCredit { .. }
            | Self::ContactProvider { .. }
            | Self::Wait { .. }
            | Self::CheckNetwork { .. }
            | Self::ChangeRequest
            | Self::EditFile { .. }
            | Self::Report => None,
        }
    }

    /// One sentence that says what to do and why it helps.
    pub fn sentence(&self) -> String {
        match self {
            Self::Login { provider, .. } => format!("log in at {provider}: only a new login helps"),
            Self::AddKey { provider } => format!("add an API key for {provider}"),
            Self::ReplaceKey { provider, label } => {
                format!("replace the API key `{label}`: {provider} does not accept it")
            }
            Self::RenewElsewhere { tool } => {
                format!("let {tool} renew its token, or move the grant here with `import {tool} --take`")
            }
            Self::ChangePlan {
                provider,
                key_provider: Some(key),
            } => format!(
                "this account's plan at {provider} does not cover it and logging in again cannot help: change the plan, or add an API key for {key}"
            ),
            Self::ChangePlan {
                provider,
                key_provider: None,
            } => {
                format!(
                    "this account's plan at {provider} does not cover it and logging in again cannot help: change the plan"
                )
            }
            Self::GrantScope { provider } => {
                format!("log in at {provider} again and grant the permission that is missing")
            }
            Self::WidenKey { provider, label } => {
                format!(
                    "give the API key `{label}` the permission that is missing, where {provider} lets keys be edited"
                )
            }
            Self::AddCredit { provider } => {
                format!("add credit to the account at {provider}, or raise its spending limit")
            }
            Self::ContactProvider { provider } => format!("the account at {provider} is disabled: ask the provider"),
            Self::Wait { until: Some(until) } => format!("wait until {until}: it comes back by itself"),
            Self::Wait { until: None } => "try again later: it comes back by itself".to_owned(),
            Self::CheckNetwork { host } => {
                format!("the request never reached the API at {host}: check proxy, firewall and network location")
            }
            Self::Probe => "the credential may still be good: ask the provider with `doctor --probe`".to_owned(),
            Self::ChangeRequest => "change the request: the credential is fine".to_owned(),
            Self::EditFile { place } => format!("mend {place}"),
            Self::Run { why, .. } => why.clone(),
            Self::Report => "this is a fault of evergrant: please report it with the log".to_owned(),
        }
    }
}

/// The text as one word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
