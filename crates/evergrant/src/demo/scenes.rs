//! The scenes, in their order, with the names that scripts and people know them by.

/// A scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    Login,
    FirstTurn,
    StreamedTurn,
    StaleToken,
    StaleTokenStreamed,
    StaleInsideStream,
    Entitlement,
    PlanBought,
    FreshTokenRefused,
    DeadGrant,
    Quarantine,
    NewLogin,
    GoesOn,
}

/// All of them, in order.
pub(super) const SCENES: &[Scene] = &[
    Scene::Login,
    Scene::FirstTurn,
    Scene::StreamedTurn,
    Scene::StaleToken,
    Scene::StaleTokenStreamed,
    Scene::StaleInsideStream,
    Scene::Entitlement,
    Scene::PlanBought,
    Scene::FreshTokenRefused,
    Scene::DeadGrant,
    Scene::Quarantine,
    Scene::NewLogin,
    Scene::GoesOn,
];

impl Scene {
    /// Its stable name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::FirstTurn => "first-turn",
            Self::StreamedTurn => "streamed-turn",
            Self::StaleToken => "stale-token",
            Self::StaleTokenStreamed => "stale-token-streamed",
            Self::StaleInsideStream => "stale-inside-stream",
            Self::Entitlement => "entitlement",
            Self::PlanBought => "plan-bought",
            Self::FreshTokenRefused => "fresh-token-refused",
            Self::DeadGrant => "dead-grant",
            Self::Quarantine => "quarantine",
            Self::NewLogin => "new-login",
            Self::GoesOn => "goes-on",
        }
    }

    /// What happens in it, for people.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Login => "log in once, by browser",
            Self::FirstTurn => "a conversation begins",
            Self::StreamedTurn => "its second turn is streamed",
            Self::StaleToken => "the token dies; the refusal sounds like no plan",
            Self::StaleTokenStreamed => "it dies again, in other words, under a stream",
            Self::StaleInsideStream => "it dies inside a stream that began with 200",
            Self::Entitlement => "the plan is missing: no refresh, said as it is",
            Self::PlanBought => "the plan is bought, and `reset` says so",
            Self::FreshTokenRefused => "a new token is refused once: the edge lags",
            Self::DeadGrant => "the login is revoked: asked once, quarantined",
            Self::Quarantine => "asked again: the dead token is not sent",
            Self::NewLogin => "log in again: the quarantine ends at once",
            Self::GoesOn => "the same conversation goes on",
        }
    }
}
