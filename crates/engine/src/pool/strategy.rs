//! How a pool chooses among credentials of the same priority.

/// How a pool chooses among credentials of the same priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// The oldest that can be used.
    #[default]
    FillFirst,
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest requests.
    LeastUsed,
    /// Any.
    Random,
    /// A conversation's own, as long as it can be used, so that the provider's prompt cache stays warm.
    Affinity,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 5] = [
        Self::FillFirst,
        Self::RoundRobin,
        Self::LeastUsed,
        Self::Random,
        Self::Affinity,
    ];

    /// The word of `config.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FillFirst => "fill-first",
            Self::RoundRobin => "round-robin",
            Self::LeastUsed => "least-used",
            Self::Random => "random",
            Self::Affinity => "affinity",
        }
    }

    /// The strategy of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == text)
    }
}
