//! Whom a fault can strike at all.

/// Whom a fault can strike at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Every request of its stage.
    Anyone,
    /// Requests with a grant: an API key is never stale.
    Grants,
    /// Requests with an access token that is new.
    FreshGrants,
    /// Each access token or key once.
    OnceEach,
    /// Token requests that begin a grant: plan and challenge are looked at only then.
    Beginnings,
}
