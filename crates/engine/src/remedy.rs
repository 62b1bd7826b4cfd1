//! What the user can do about a failure: a closed list, one sentence and at most one command each.

use crate::credential::{Label, ProviderId};
use crate::time::Timestamp;

/// One thing to do, with all its sentence needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Log in (again) at this provider.
    Login {
        /// The provider.
        provider: ProviderId,
        /// The credential to be replaced, if it is one of several.
        label: Option<Label>,
    },
    /// Log in once more, in the way that was asked for.
    LoginAgain {
        /// The provider.
        provider: ProviderId,
        /// What the credential is to be called, if that was said.
        label: Option<Label>,
        /// The flow that was asked for.
        flow: &'static str,
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
        /// Where the provider lists its keys.
        page: Option<String>,
    },
    /// The key is refused, and nothing tells whether it is the key's fault.
    CheckKey {
        /// The provider.
        provider: ProviderId,
        /// The key's label.
        label: Option<Label>,
        /// Where the provider lists its keys.
        page: Option<String>,
    },
    /// The key is read from an environment variable, which must hold one that is accepted.
    SetVariable {
        /// The provider.
        provider: ProviderId,
        /// The variable.
        variable: String,
    },
    /// The borrowed token's owner must renew it, or hand it over.
    RenewElsewhere {
        /// The other tool.
        tool: String,
    },
    /// The borrowed token's owner must log in again.
    LoginElsewhere {
        /// The other tool.
        tool: String,
    },
    /// The account's plan or policy forbids it; no new token can help.
    ChangePlan {
        /// The provider.
        provider: ProviderId,
        /// The provider's row that takes API keys for the same API, if there is one.
        key_provider: Option<ProviderId>,
        /// Where the plan is changed.
        page: Option<String>,
    },
    /// Log in once more, asking for the scope that is missing.
    GrantScope {
        /// The provider.
        provider: ProviderId,
        /// The credential that lacks it.
        label: Option<Label>,
        /// The user's file with the scope that a login asks for, if the row is not built in.
        file: Option<String>,
    },
    /// The key is accepted but may not do this: widen it where it was made.
    WidenKey {
        /// The provider.
        provider: ProviderId,
        /// The key's label.
        label: Option<Label>,
        /// Where the provider lists its keys.
        page: Option<String>,
    },
    /// The purse must be filled.
    AddCredit {
        /// The provider.
        provider: ProviderId,
        /// Where that is done.
        page: Option<String>,
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
    /// Nothing need be done: whatever uses it next renews it.
    NextUse {
        /// Once this is over, if it is not yet.
        after: Option<Timestamp>,
    },
    /// A renewal is worth another try.
    Renew {
        /// The provider.
        provider: ProviderId,
        /// The grant's label.
        label: Label,
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
    /// Another model must be asked for.
    ChooseModel {
        /// The provider.
        provider: ProviderId,
    },
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
    /// See to what this very answer is about, as its signal says.
    SeeTo {
        /// What to do, and where.
        what: String,
    },
    /// A fault of ours: tell us.
    Report,
    /// Nothing presses, because another credential of the provider serves.
    Meanwhile {
        /// The other credential.
        serves: Label,
        /// What mends the one that is meant.
        then: Box<Self>,
    },
}

impl Remedy {
    /// The stable word of `remedy.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Login { .. } | Self::LoginAgain { .. } => "login",
            Self::AddKey { .. } => "add-key",
            Self::ReplaceKey { .. } => "replace-key",
            Self::CheckKey { .. } => "check-key",
            Self::SetVariable { .. } => "set-variable",
            Self::RenewElsewhere { .. } => "renew-elsewhere",
            Self::LoginElsewhere { .. } => "login-elsewhere",
            Self::ChangePlan { .. } => "change-plan",
            Self::GrantScope { .. } => "grant-scope",
            Self::WidenKey { .. } => "widen-key",
            Self::AddCredit { .. } => "add-credit",
            Self::ContactProvider { .. } => "contact-provider",
            Self::Wait { .. } | Self::NextUse { .. } => "wait",
            Self::Renew { .. } => "renew",
            Self::CheckNetwork { .. } => "check-network",
            Self::Probe => "probe",
            Self::ChangeRequest => "change-request",
            Self::ChooseModel { .. } => "choose-model",
            Self::EditFile { .. } => "edit-file",
            Self::Run { .. } => "run",
            Self::SeeTo { .. } => "see-to",
            Self::Report => "report",
            Self::Meanwhile { then, .. } => then.kind(),
        }
    }

    /// The command that would fix it, ready to paste.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Login { provider, label } | Self::GrantScope { provider, label, .. } => {
                Some(with_label("login", provider, label.as_ref()))
            }
            Self::LoginAgain { provider, label, flow } => Some(format!(
                "{} --flow {flow}",
                with_label("login", provider, label.as_ref())
            )),
            Self::AddKey { provider } => Some(with_label("add", provider, None)),
            Self::ReplaceKey { provider, label, .. } => Some(with_label("add", provider, Some(label))),
            Self::RenewElsewhere { tool } => Some(format!("evergrant import {tool} --take")),
            Self::ChangePlan { key_provider, .. } => {
                let provider = key_provider.as_ref()?;
                Some(with_label("add", provider, None))
            }
            Self::Renew { provider, label } => {
                let named = format!("{provider}/{label}");
                Some(format!("evergrant refresh {}", shell_word(&named)))
            }
            Self::Probe => Some("evergrant doctor --probe".to_owned()),
            Self::Run { command, .. } => Some(command.clone()),
            Self::Meanwhile { then, .. } => then.command(),
            Self::CheckKey { .. }
            | Self::SetVariable { .. }
            | Self::LoginElsewhere { .. }
            | Self::WidenKey { .. }
            | Self::AddCredit { .. }
            | Self::ContactProvider { .. }
            | Self::Wait { .. }
            | Self::NextUse { .. }
            | Self::CheckNetwork { .. }
            | Self::ChangeRequest
            | Self::ChooseModel { .. }
            | Self::EditFile { .. }
            | Self::SeeTo { .. }
            | Self::Report => None,
        }
    }

    /// The provider's page where it is done, if its row names one.
    pub fn page(&self) -> Option<&str> {
        match self {
            Self::ReplaceKey { page, .. }
            | Self::CheckKey { page, .. }
            | Self::ChangePlan { page, .. }
            | Self::WidenKey { page, .. }
            | Self::AddCredit { page, .. } => page.as_deref(),
            Self::Meanwhile { then, .. } => then.page(),
            Self::Login { .. }
            | Self::LoginAgain { .. }
            | Self::AddKey { .. }
            | Self::SetVariable { .. }
            | Self::RenewElsewhere { .. }
            | Self::LoginElsewhere { .. }
            | Self::GrantScope { .. }
            | Self::ContactProvider { .. }
            | Self::Wait { .. }
            | Self::NextUse { .. }
            | Self::Renew { .. }
            | Self::CheckNetwork { .. }
            | Self::Probe
            | Self::ChangeRequest
            | Self::ChooseModel { .. }
            | Self::EditFile { .. }
            | Self::Run { .. }
            | Self::SeeTo { .. }
            | Self::Report => None,
        }
    }

    /// One sentence that says what to do and why it helps.
    pub fn sentence(&self) -> String {
        match self {
            Self::Login { provider, .. } => format!("log in at {provider}: only a new login helps"),
            Self::LoginAgain { provider, .. } => format!("begin the login at {provider} anew"),
            Self::AddKey { provider } => format!("add an API key for {provider}"),
            Self::ReplaceKey { provider, label, page } => {
                format!("replace the API key `{label}`: {provider} does not accept it{}", in_brackets(page))
            }
            Self::CheckKey { provider, label, page } => {
                let key = key_named(label.as_ref());
                format!("see whether {provider} still lists {key} and lets it do this, else replace it{}", in_brackets(page))
            }
            Self::SetVariable { provider, variable } => {
                format!("set the environment variable `{variable}` to an API key that {provider} accepts")
            }
            Self::RenewElsewhere { tool } => {
                format!("let {tool} renew its token, or move the grant here with `import {tool} --take`")
            }
            Self::LoginElsewhere { tool } => {
                format!("log in with {tool} again: the grant is {tool}'s, and what {tool} gets is read here at once")
            }
            Self::ChangePlan {
                provider,
                key_provider,
                page,
            } => {
                let key = key_provider.as_ref().map(|key| format!(", or add an API key for {key}"));
                format!(
                    "the account's plan or policy at {provider} does not allow it and a new token cannot help: change the plan{}{}",
                    at(page),
                    key.unwrap_or_default()
                )
            }
            Self::GrantScope { provider, file, .. } => {
                let row = file.as_ref().map(|file| format!("; what a login asks for is the `scope` in {file}"));
                format!(
                    "log in at {provider} again and grant the permission that is missing{}",
                    row.unwrap_or_default()
                )
            }
            Self::WidenKey { provider, label, page } => {
                let key = key_named(label.as_ref());
                format!("give {key} the permission that is missing, where {provider} lets keys be edited{}", in_brackets(page))
            }
            Self::AddCredit { provider, page } => {
                format!(
                    "add credit to the account at {provider}, or raise its spending limit{}; it is found by itself, or at once after `reset`",
                    in_brackets(page)
                )
            }
            Self::ContactProvider { provider } => format!("the account at {provider} is disabled: ask the provider"),
            Self::Wait { until: Some(until) } => format!("wait until {}: it comes back by itself", until.in_words()),
            Self::Wait { until: None } => "try again later: it comes back by itself".to_owned(),
            Self::NextUse { after: Some(after) } => {
                format!("nothing need be done: whatever uses it after {} renews it first", after.in_words())
            }
            Self::NextUse { after: None } => "nothing need be done: whatever uses it once its token has expired renews it first".to_owned(),
            Self::Renew { provider, label } => format!("try the renewal of `{label}` at {provider} again"),
            Self::CheckNetwork { host } => {
                format!("the request never reached {host}: check proxy, firewall and network location")
            }
            Self::Probe => {
                "the credential may still be good and is tried again by itself: see what the provider says of it with `doctor --probe`".to_owned()
            }
            Self::ChangeRequest => "change the request: the credential is fine".to_owned(),
            Self::ChooseModel { provider } => format!("ask for another model: {provider} does not offer this one here"),
            Self::EditFile { place } => format!("mend {place}"),
            Self::Run { why, .. } => why.clone(),
            Self::SeeTo { what } => what.clone(),
            Self::Report => "this is a fault of evergrant: please report it with the log".to_owned(),
            Self::Meanwhile { serves, then } => format!("{}; `{serves}` serves meanwhile", then.sentence()),
        }
    }
}

/// The command with the provider, and the label if there is one.
fn with_label(command: &str, provider: &ProviderId, label: Option<&Label>) -> String {
    match label {
        Some(label) => format!("evergrant {command} {provider} --label {}", shell_word(label.as_str())),
        None => format!("evergrant {command} {provider}"),
    }
}

fn key_named(label: Option<&Label>) -> String {
    label.map_or_else(|| "the API key".to_owned(), |label| format!("the API key `{label}`"))
}

fn at(page: &Option<String>) -> String {
    page.as_ref().map(|page| format!(" at {page}")).unwrap_or_default()
}

fn in_brackets(page: &Option<String>) -> String {
    page.as_ref().map(|page| format!(" ({page})")).unwrap_or_default()
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
