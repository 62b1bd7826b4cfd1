//! Commands that are written as messages: `/help` and the like.

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slash {
    /// `/help`
    Help,
    /// `/new`
    New,
    /// `/resume [ID]`
    Resume(Option<String>),
    /// `/model [[PROVIDER] MODEL]`
    Model(ModelWish),
    /// `/title [TEXT]`
    Title(Option<String>),
    /// `/summary`
    Summary,
    /// `/credentials`
    Credentials,
    /// `/search TEXT`
    Search(String),
    /// `/copy`
    Copy,
    /// `/retry`
    Retry,
    /// `/quit`
    Quit,
    /// None of these.
    Unknown(String),
}

/// What `/model` is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ModelWish {
    /// To say which it is.
    Tell,
    /// Another model, perhaps of another provider.
    Change {
        /// The provider.
        provider: Option<String>,
        /// The model.
        model: String,
    },
}

impl Slash {
    /// Reads a message; nothing if it is none of this. One that is to begin with a slash begins with two.
    pub(super) fn read(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix('/')?;
        // A path, or a comment, is what somebody talks about.
        if rest.starts_with('/') || text.trim().contains('\n') {
            return None;
        }
        let (name, given) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let given = Some(given.trim()).filter(|given| !given.is_empty()).map(str::to_owned);
        Some(match (name, given) {
            ("help" | "h" | "?", _) => Self::Help,
            ("new" | "clear", _) => Self::New,
            ("resume" | "list", given) => Self::Resume(given),
            ("model", None) => Self::Model(ModelWish::Tell),
            ("model", Some(given)) => Self::Model(match given.split_once(char::is_whitespace) {
                Some((provider, model)) => ModelWish::Change {
                    provider: Some(provider.to_owned()),
                    model: model.trim().to_owned(),
                },
                None => ModelWish::Change {
                    provider: None,
                    model: given,
                },
            }),
            ("title", given) => Self::Title(given),
            ("summary" | "compact", _) => Self::Summary,
            ("credentials" | "status", _) => Self::Credentials,
            ("search" | "find", given) => Self::Search(given.unwrap_or_default()),
            ("copy", _) => Self::Copy,
            ("retry", _) => Self::Retry,
            ("quit" | "exit" | "q", _) => Self::Quit,
            (name, _) if name.contains('/') => return None,
            (name, _) => Self::Unknown(name.to_owned()),
        })
    }
}

/// What `/help` shows.
pub(super) const HELP: &str = "\
/model [[PROVIDER] MODEL]  say or change who answers
/title [TEXT]              ask for a title, or set it
/summary                   sum up the beginning now; all of it is kept
/credentials               what can be used, and how it is
/resume [ID]               go on with an earlier conversation
/new                       begin another
/retry                     ask the last question again
/copy                      copy the last answer (Ctrl-Y)
/search TEXT               find in what was said (Ctrl-F)
/quit                      leave (Ctrl-D, or Ctrl-C twice)

Enter sends; Alt-Enter, Ctrl-J or a \\ at the end begins a new line
Up and Down bring back what was written before
PageUp, PageDown, Shift-Up, Shift-Down scroll; Ctrl-Home, Ctrl-End: both ends
Ctrl-C stops the answer and keeps what came; Ctrl-Z goes back to the shell, fg comes back
// at the beginning sends a /";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_commands() {
        assert_eq!(Slash::read("hello /help"), None);
        assert_eq!(Slash::read("//help"), None);
        assert_eq!(Slash::read("/usr/bin is a path"), None);
        assert_eq!(Slash::read("/help\nme"), None);
        assert_eq!(Slash::read(" /help "), Some(Slash::Help));
        assert_eq!(Slash::read("/title  a b "), Some(Slash::Title(Some("a b".to_owned()))));
        assert_eq!(Slash::read("/model"), Some(Slash::Model(ModelWish::Tell)));
        assert_eq!(
            Slash::read("/model acme m"),
            Some(Slash::Model(ModelWish::Change {
                provider: Some("acme".to_owned()),
                model: "m".to_owned()
            }))
        );
        assert_eq!(Slash::read("/x"), Some(Slash::Unknown("x".to_owned())));
    }
}
