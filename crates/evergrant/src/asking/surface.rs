//! Which of a provider's APIs a question goes to.

/// An API that takes conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// `/chat/completions`
    Chat,
    /// `/responses`
    Responses,
    /// `/messages`
    Messages,
}

impl Surface {
    /// The first that the provider has; chat completions where it does not say. `None` if it has others only.
    pub(super) fn among(surfaces: &[String]) -> Option<Self> {
        let has = |surface: &Self| surfaces.iter().any(|name| name == surface.name());
        if surfaces.is_empty() {
            return Some(Self::Chat);
        }
        [Self::Chat, Self::Responses, Self::Messages].into_iter().find(has)
    }

    /// Its word in a row.
    const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
        }
    }

    /// Its path below a provider's base.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
            Self::Messages => "/messages",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_a_row_names_is_taken() {
        let among = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Surface::among(&names)
        };
        assert_eq!(among(&[]), Some(Surface::Chat));
        assert_eq!(among(&["models", "messages"]), Some(Surface::Messages));
        assert_eq!(among(&["responses"]), Some(Surface::Responses));
        assert_eq!(among(&["messages", "chat"]), Some(Surface::Chat));
        assert_eq!(among(&["images"]), None);
    }
}
