//! Every fault by name, and the stage of a request at which it strikes.

use super::wording::Wording;

/// When in the life of a request a scenario is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Any request below any path, before all else.
    Door,
    /// An inference request, before its credential is looked at.
    Edge,
    /// An inference request whose credential is good.
    Account,
    /// The answer of an inference request that streams.
    Stream,
    /// A request to the token endpoint, before anything is spent.
    Token,
    /// A token request that is in order, just before it is booked.
    Booking,
    /// A token answer that is about to be sent: whatever had to be spent is spent.
    TokenAnswer,
    /// The discovery document.
    Discovery,
}

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

macro_rules! faults {
    ($($variant:ident = $name:literal at $stage:ident for $audience:ident,)*) => {
        /// A fault that can be armed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Fault {
            $(#[doc = $name] $variant,)*
        }

        impl Fault {
            /// Every fault, in the order in which they are listed.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name under which it is armed.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// When it strikes.
            pub(crate) fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage,)* }
            }

            /// Whom it can strike.
            pub(crate) fn audience(self) -> Audience {
                match self { $(Self::$variant => Audience::$audience,)* }
            }
        }
    };
}

faults! {
    StaleWke = "stale-wke" at Edge for Grants,
    StaleReasonMessage = "stale-reason-message" at Edge for Grants,
    StaleCode = "stale-code" at Edge for Grants,
    StalePhrase = "stale-phrase" at Edge for Grants,
    StaleUpper = "stale-upper" at Edge for Grants,
    StaleUnknownReason = "stale-unknown-reason" at Edge for Grants,
    Stale401 = "stale-401" at Edge for Grants,
    StaleBoth = "stale-both" at Edge for Grants,
    StaleStream = "stale-stream" at Edge for Grants,
    StaleStreamNested = "stale-stream-nested" at Edge for Grants,
    FreshTokenRefused = "fresh-token-refused" at Account for FreshGrants,
    Entitlement = "entitlement" at Account for Anyone,
    EntitlementResources = "entitlement-resources" at Account for Anyone,
    SpendingLimit = "spending-limit" at Account for Anyone,
    Bare403 = "bare-403" at Account for Anyone,
    Bare403Once = "bare-403-once" at Account for OnceEach,
    RateLimit = "rate-limit" at Account for Anyone,
    UsageLimit = "usage-limit" at Account for Anyone,
    Overloaded = "overloaded" at Edge for Anyone,
    ServerError = "server-error" at Edge for Anyone,
    EdgeHtml = "edge-html" at Edge for Anyone,
    Slow = "slow" at Edge for Anyone,
    Hang = "hang" at Edge for Anyone,
    StreamErrorFirst = "stream-error-first" at Stream for Anyone,
    StreamErrorLate = "stream-error-late" at Stream for Anyone,
    StreamCut = "stream-cut" at Stream for Anyone,
    StreamEmpty = "stream-empty" at Stream for Anyone,
    TokenInvalidGrant = "token-invalid-grant" at Token for Anyone,
    TokenOther400 = "token-other-400" at Token for Anyone,
    TokenInvalidClient = "token-invalid-client" at Token for Anyone,
    Token403Html = "token-403-html" at Token for Anyone,
    Token404 = "token-404" at Token for Anyone,
    Token429 = "token-429" at Token for Anyone,
    Token500 = "token-500" at Token for Anyone,
    Token503 = "token-503" at Token for Anyone,
    TokenTemporarilyUnavailable = "token-temporarily-unavailable" at Token for Anyone,
    TokenHang = "token-hang" at Token for Anyone,
    TokenSlow = "token-slow" at Token for Anyone,
    TokenRedirect = "token-redirect" at Token for Anyone,
    TierRefused = "tier-refused" at Token for Beginnings,
    ChallengeRequired = "challenge-required" at Token for Beginnings,
    TokenHtml200 = "token-html-200" at Token for Anyone,
    TokenArray = "token-array" at Token for Anyone,
    TokenEmptyObject = "token-empty-object" at Token for Anyone,
    TokenJunk = "token-junk" at Token for Anyone,
    AnswerLost = "answer-lost" at TokenAnswer for Anyone,
    AnswerCut = "answer-cut" at TokenAnswer for Anyone,
    AnswerSlow = "answer-slow" at TokenAnswer for Anyone,
    AnswerHang = "answer-hang" at TokenAnswer for Anyone,
    NoRefreshTokenInAnswer = "no-refresh-token-in-answer" at Booking for Anyone,
    DiscoveryHtml = "discovery-html" at Discovery for Anyone,
    DiscoveryWrongIssuer = "discovery-wrong-issuer" at Discovery for Anyone,
    DiscoveryForeignEndpoint = "discovery-foreign-endpoint" at Discovery for Anyone,
    Discovery500 = "discovery-500" at Discovery for Anyone,
    Respond = "respond" at Door for Anyone,
}

impl Fault {
    /// The fault of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// The wording, if the fault is a good token refused as if it were stale.
    pub(crate) fn wording(self) -> Option<Wording> {
        Wording::from_name(self.name())
    }
}
