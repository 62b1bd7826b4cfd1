//! `[chat]` and `[tasks]` as they are meant: who answers, and within which bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use toml::Spanned;

use super::place::Source;
use super::written::{WrittenChat, WrittenTask, WrittenTasks};

/// `[chat]`
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[chat]\nmodel = \"gpt-5\"\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// assert_eq!(settings.chat.model.as_deref(), Some("gpt-5"));
/// assert!(settings.chat.provider.is_none() && settings.chat.window_tokens > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chat {
    /// The provider, where one was chosen.
    pub provider: Option<ProviderId>,
    /// The model, where one was chosen.
    pub model: Option<String>,
    /// How many tokens a conversation may have before its beginning is summed up.
    pub window_tokens: u64,
}

/// `[tasks]`: who does the auxiliary tasks.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[tasks]\ntitle = { model = \"gpt-5-mini\" }\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// // A small model is good enough for a title.
/// assert_eq!(settings.tasks.title.model.as_deref(), Some("gpt-5-mini"));
/// assert_eq!(settings.tasks.summary.model, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tasks {
    /// Titles of conversations.
    pub title: Task,
    /// Summaries of long contexts.
    pub summary: Task,
}

/// An auxiliary task.
///
/// ```
/// use evergrant_driver::settings::{Settings, Task};
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[tasks]\nsummary = { enabled = false, timeout_secs = 5 }\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// let Task { enabled, timeout, .. } = settings.tasks.summary;
/// assert!(!enabled && timeout.as_secs() == 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Whether it is done at all unless it is asked for.
    pub enabled: bool,
    /// The provider, if it is not the chat's own.
    pub provider: Option<ProviderId>,
    /// The model, if it is not the chat's own.
    pub model: Option<String>,
    /// How many tokens its answer may have.
    pub budget_tokens: u64,
    /// How long it may take.
    pub timeout: Duration,
}

impl Chat {
    pub(super) fn read(written: &WrittenChat, source: Source<'_>) -> Result<Self, Failure> {
        let window = within(written.window_tokens.as_ref(), WINDOWS, "chat.window_tokens", source)?;
        Ok(Self {
            provider: provider(written.provider.as_ref()),
            model: model(written.model.as_ref(), "chat.model", source)?,
            window_tokens: window.unwrap_or(WINDOW),
        })
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            provider: None,
            model: None,
            window_tokens: WINDOW,
        }
    }
}

impl Tasks {
    pub(super) fn read(written: &WrittenTasks, source: Source<'_>) -> Result<Self, Failure> {
        let Self { title, summary } = Self::default();
        Ok(Self {
            title: title.with(&written.title, "tasks.title", source)?,
            summary: summary.with(&written.summary, "tasks.summary", source)?,
        })
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            title: Task::within(TITLE_TOKENS, TITLE_TIME),
            summary: Task::within(SUMMARY_TOKENS, SUMMARY_TIME),
        }
    }
}

impl Task {
    const fn within(budget_tokens: u64, timeout: Duration) -> Self {
        Self {
            enabled: true,
            provider: None,
            model: None,
            budget_tokens,
            timeout,
        }
    }

    fn with(self, written: &WrittenTask, table: &str, source: Source<'_>) -> Result<Self, Failure> {
        let key = |name: &str| format!("{table}.{name}");
        let budget = within(written.budget_tokens.as_ref(), BUDGETS, &key("budget_tokens"), source)?;
        let timeout = within(written.timeout_secs.as_ref(), TIMEOUTS, &key("timeout_secs"), source)?;
        Ok(Self {
            enabled: written.enabled.unwrap_or(self.enabled),
            provider: provider(written.provider.as_ref()),
            model: model(written.model.as_ref(), &key("model"), source)?,
            budget_tokens: budget.unwrap_or(self.budget_tokens),
            timeout: timeout.map_or(self.timeout, Duration::from_secs),
        })
    }
}

fn provider(written: Option<&Spanned<String>>) -> Option<ProviderId> {
    written.map(|provider| ProviderId::from(provider.get_ref().as_str()))
}

fn model(written: Option<&Spanned<String>>, key: &str, source: Source<'_>) -> Result<Option<String>, Failure> {
    match written {
        Some(model) if model.get_ref().trim().is_empty() => Err(source.failure(&model.span(), key, "is empty")),
        Some(model) => Ok(Some(model.get_ref().clone())),
        None => Ok(None),
    }
}

/// A number from the file, if it is within the range.
pub(super) fn within(
    written: Option<&Spanned<i64>>,
    range: RangeInclusive<u64>,
    key: &str,
    source: Source<'_>,
) -> Result<Option<u64>, Failure> {
    let Some(number) = written else { return Ok(None) };
    if let Ok(meant) = u64::try_from(*number.get_ref())
        && range.contains(&meant)
    {
        return Ok(Some(meant));
    }
    let why = format!(
        "`{}` is not from {} to {}",
        number.get_ref(),
        range.start(),
        range.end()
    );
    Err(source.failure(&number.span(), key, &why))
}

/// 128,000 tokens: what nearly every model of today takes; a row does not know its models' windows.
const WINDOW: u64 = 128_000;

/// Below a thousand not even a summary finds room; above a hundred million no model is.
const WINDOWS: RangeInclusive<u64> = 1_000..=100_000_000;

/// 64 tokens: a title is a line; models that think first may be given more in the configuration.
const TITLE_TOKENS: u64 = 64;

/// 2,000 tokens: a summary must be much shorter than what it stands for.
const SUMMARY_TOKENS: u64 = 2_000;

/// Below one token there is no answer; above a million no model writes.
const BUDGETS: RangeInclusive<u64> = 1..=1_000_000;

/// 30 s: nobody waits for a title, and whatever takes longer is tried again later.
const TITLE_TIME: Duration = Duration::from_secs(30);

/// 2 min: it reads a whole conversation and writes pages.
const SUMMARY_TIME: Duration = Duration::from_secs(120);

/// A task that may take longer than 10 min would outlive most conversations.
const TIMEOUTS: RangeInclusive<u64> = 1..=600;
