//! Does an auxiliary task: within its time and its budget, and what comes of it is cleaned before anyone sees it.

use std::sync::{Mutex, PoisonError};

use evergrant_driver::plain_text::{plain, plain_line};
use evergrant_driver::settings::{Settings, Task};
use evergrant_driver::{Code, Driver, Failure, Remedy};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::asking::{Heard, Partner, Question, Wish, ask};

/// Which task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auxiliary {
    /// A title for the conversation.
    Title,
    /// A summary of its beginning.
    Summary,
}

impl Auxiliary {
    /// What it makes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Summary => "summary",
        }
    }

    /// How it was set.
    pub(crate) const fn task(self, settings: &Settings) -> &Task {
        match self {
            Self::Title => &settings.tasks.title,
            Self::Summary => &settings.tasks.summary,
        }
    }

    /// How many tokens its answer may have. A summary that fills the window would have to be summed up at once.
    fn budget(self, settings: &Settings) -> u64 {
        let budget = self.task(settings).budget_tokens;
        match self {
            Self::Title => budget,
            Self::Summary => budget.min(settings.chat.window_tokens / 4),
        }
    }

    /// What an answer comes to, cleaned and bounded; nothing if it says nothing.
    fn cleaned(self, answer: &str) -> Option<String> {
        let cleaned = match self {
            Self::Title => {
                let line = plain(answer).trim().lines().next().unwrap_or_default().to_owned();
                let line = line.trim().trim_start_matches('#').trim();
                plain_line(
                    line.trim_matches(['"', '\'', '`', '*', ' ', '“', '”', '«', '»']),
                    TITLE_LENGTH,
                )
            }
            Self::Summary => plain(answer).trim().to_owned(),
        };
        (!cleaned.is_empty()).then_some(cleaned)
    }
}

/// Does it with the task's own provider and model, else with those of the chat.
///
/// # Errors
/// No answer in time, or none that says anything.
pub(crate) async fn perform(
    auxiliary: Auxiliary,
    driver: &Driver,
    settings: &Settings,
    chat: &Partner,
    question: &Question,
) -> Result<String, Failure> {
    let task = auxiliary.task(settings);
    if let Some(astray) = settings.astray(&format!("tasks.{}.provider", auxiliary.word())) {
        return Err(astray.clone());
    }
    let wish = Wish {
        provider: task.provider.clone(),
        credential: None,
        model: task.model.clone(),
        usually: false,
    };
    let partner = if task.provider.is_none() && task.model.is_none() {
        chat.clone()
    } else {
        Partner::find(wish.or(chat.provider.as_ref(), Some(&chat.model)), driver, settings)?
    };
    let budget = auxiliary.budget(settings).saturating_mul(BYTES_A_TOKEN);
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    let text = Mutex::new(String::new());
    let enough = Notify::new();
    let asked = ask(driver, &partner, question, |heard| match heard {
        Heard::Began(_) => {}
        Heard::Text(piece) => {
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&piece);
            if text.len() >= budget {
                enough.notify_one();
            }
        }
    });
    let ended = timeout(task.timeout, async {
        tokio::select! {
            biased;
            // What has come is all there is room for: what asks for more is dropped, which cancels the request upstream.
            () = enough.notified() => Ok(()),
            ended = asked => ended,
        }
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(broken)) => return Err(broken.failure().clone()),
        Err(_) => {
            let message = format!("the {} took longer than {} s", auxiliary.word(), task.timeout.as_secs());
            return Err(Failure::new(Code::Timeout, message).with_remedy(Remedy::Wait { until: None }));
        }
    }
    let mut text = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    let end = (0..=budget.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or_default());
    auxiliary.cleaned(&text).ok_or_else(|| {
        let message = format!("the answer for the {} says nothing", auxiliary.word());
        Failure::new(Code::ServerError, message).with_remedy(Remedy::Wait { until: None })
    })
}

/// Four bytes: what a token of ordinary text comes to.
const BYTES_A_TOKEN: u64 = 4;

/// 60 characters: a title stands in a line of 80 beside a date.
const TITLE_LENGTH: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_cleaned_and_bounded() {
        let title = |answer: &str| Auxiliary::Title.cleaned(answer);
        assert_eq!(
            title("\"A walk\x1b[2J in the park\"\n\nI hope"),
            Some("A walk in the park".to_owned())
        );
        assert_eq!(title("# **Title**"), Some("Title".to_owned()));
        assert_eq!(title(" \u{202e}\x07\n"), None);
        assert_eq!(title(&"word ".repeat(100)).map(|title| title.chars().count()), Some(60));
        assert_eq!(
            Auxiliary::Summary.cleaned("a\x1b]0;x\x07\nb\n"),
            Some("a\nb".to_owned())
        );
    }
}
