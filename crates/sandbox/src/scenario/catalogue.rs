//! The table of everything that can be broken: name, whom it strikes, one line, parameters.

use super::audience::Audience;

macro_rules! catalogue {
    ($(
        $(#[$doc:meta])*
        $stage:ident $kind:ident $area:literal {
            $($variant:ident $name:literal $audience:ident $line:literal [
                $($parameter:literal: $meaning:literal,)*
            ])*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub(crate) enum $kind {
                $(#[doc = $line] $variant,)*
            }

            impl Strikes for $kind {
                fn find(fault: Fault) -> Option<Self> {
                    if let Fault::$stage(own) = fault {
                        Some(own)
                    } else {
                        None
                    }
                }
            }
        )*

        /// Any of them, by the stage of a request at which it strikes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])* $stage($kind),)*
        }

        impl Fault {
            /// Every fault, in reading order.
            pub(crate) const ALL: &[Self] = &[$($(Self::$stage($kind::$variant),)*)*];

            /// What is written about it.
            pub(crate) fn entry(self) -> Entry {
                match self {
                    $($(Self::$stage($kind::$variant) => Entry {
                        name: $name,
                        area: $area,
                        audience: Audience::$audience,
                        line: $line,
                        parameters: &[$(($parameter, $meaning),)*],
                    },)*)*
                }
            }
        }
    };
}

/// The faults of one stage.
pub(crate) trait Strikes: Copy {
    /// This stage's own fault, if it is one.
    fn find(fault: Fault) -> Option<Self>;
}

impl Fault {
    /// The fault of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// The name under which it is armed.
    pub(crate) fn name(self) -> &'static str {
        self.entry().name
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The name under which it is armed.
    pub(crate) name: &'static str,
    /// What part of the sandbox it strikes.
    pub(crate) area: &'static str,
    /// Whom it can strike at all.
    pub(crate) audience: Audience,
    /// What it does.
    pub(crate) line: &'static str,
    /// Its own parameters, each with its meaning.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
}

catalogue! {
    /// An inference request, before its credential is looked at.
    Edge EdgeFault "inference" {
        StaleWke "stale-wke" Grants
            "a good token is refused: 403, marker at the end of `error`" []
        StaleReasonMessage "stale-reason-message" Grants
            "the same texts in `reason` and `message`" []
        StaleCode "stale-code" Grants
            "a good token is refused: 403, marker in `code`" []
        StalePhrase "stale-phrase" Grants
            "a good token is refused: 403, the sentence without a marker" []
        StaleUpper "stale-upper" Grants
            "a good token is refused: 403, all in upper case" []
        StaleUnknownReason "stale-unknown-reason" Grants
            "a good token is refused: 403, marker with a new reason" []
        Stale401 "stale-401" Grants
            "a good token is refused: 401 with WWW-Authenticate" []
        StaleBoth "stale-both" Grants
            "a good token is refused: marker and entitlement words in one" []
        StaleStream "stale-stream" Grants
            "a good token is refused by the first event of a 200, flat" []
        StaleStreamNested "stale-stream-nested" Grants
            "the same, nested under `error`" []
        Overloaded "overloaded" Anyone
            "529 overloaded_error" [
                "status": "529 (default) or 503",
                "retry_after_secs": "adds Retry-After",
            ]
        ServerError "server-error" Anyone
            "500 with a JSON error" [
                "status": "default 500",
            ]
        EdgeHtml "edge-html" Anyone
            "403 with the HTML page of a bot check" [
                "status": "default 403",
            ]
        Slow "slow" Anyone
            "answers late" [
                "delay_ms": "how late (default 1000)",
            ]
        Hang "hang" Anyone
            "never answers" [
                "secs": "gives up after this (default 3600)",
            ]
    }
    /// An inference request whose credential is good.
    Account AccountFault "inference" {
        FreshTokenRefused "fresh-token-refused" FreshGrants
            "each new access token is refused at its first use" [
                "within_ms": "refuse every use while younger than this, not only the first",
                "wording": "in these words (default `stale-wke`)",
            ]
        Entitlement "entitlement" Anyone
            "403, no active Grok subscription" []
        EntitlementResources "entitlement-resources" Anyone
            "403, the longer text with its links" []
        SpendingLimit "spending-limit" Anyone
            "403, personal team blocked by its spending limit" []
        Bare403 "bare-403" Anyone
            "403 `Forbidden`, nothing else" []
        Bare403Once "bare-403-once" OnceEach
            "403 `Forbidden` once for each access token or key" []
        RateLimit "rate-limit" Anyone
            "429 with Retry-After" [
                "retry_after_secs": "Retry-After in seconds (default 1)",
            ]
        UsageLimit "usage-limit" Anyone
            "429 usage_limit_reached with resets_at" [
                "resets_in_secs": "seconds until the reset (default 3600)",
            ]
    }
    /// The answer of an inference request that streams.
    Stream StreamFault "stream" {
        ErrorFirst "stream-error-first" Anyone
            "200, then an error event before any content" [
                "text": "its message (default: no active subscription)",
                "code": "its code",
                "shape": "`flat` (default), `nested`, `failed`, `incomplete`, `chunk`, `finish` or `array`",
                "pings": "comments and pings before it (default 0)",
            ]
        ErrorLate "stream-error-late" Anyone
            "200, content, then an error event" [
                "events": "content events before it (default 2)",
                "text": "its message",
                "code": "its code",
                "shape": "as of `stream-error-first`",
            ]
        Cut "stream-cut" Anyone
            "200, then the connection is cut" [
                "events": "events before the cut (default 3)",
                "clean": "`true` ends the body as if all had been said",
            ]
        Empty "stream-empty" Anyone
            "200 and an event stream without any event" []
    }
    /// A request to the token endpoint, before anything is spent.
    Token TokenFault "token" {
        InvalidGrant "token-invalid-grant" Anyone
            "400 invalid_grant" [
                "description": "its error_description",
            ]
        Other400 "token-other-400" Anyone
            "400 invalid_request" [
                "description": "its error_description",
            ]
        InvalidClient "token-invalid-client" Anyone
            "401 invalid_client" [
                "description": "its error_description",
            ]
        Html403 "token-403-html" Anyone
            "403 with the HTML page of a bot check" []
        NotFound "token-404" Anyone
            "404 with an HTML page" []
        TooMany "token-429" Anyone
            "429 with Retry-After" [
                "retry_after_secs": "Retry-After in seconds (default 1)",
            ]
        Error500 "token-500" Anyone
            "500 server_error" []
        Html503 "token-503" Anyone
            "503 with an HTML page" []
        TemporarilyUnavailable "token-temporarily-unavailable" Anyone
            "503 temporarily_unavailable" []
        Hang "token-hang" Anyone
            "never answers, nothing is spent" [
                "secs": "gives up after this (default 3600)",
            ]
        Slow "token-slow" Anyone
            "waits, then handles the request as ever" [
                "delay_ms": "how long (default 1000)",
            ]
        Redirect "token-redirect" Anyone
            "302 to another place, and counts who follows" [
                "location": "where to (default: a trap on this sandbox)",
                "status": "default 302",
            ]
        TierRefused "tier-refused" Beginnings
            "403 at the exchange: the plan is not allowed" []
        ChallengeRequired "challenge-required" Beginnings
            "400 `code_challenge is required` at the exchange" []
        Html200 "token-html-200" Anyone
            "200 with an HTML page, nothing is spent" []
        Array "token-array" Anyone
            "200 with `[1,2,3]`, nothing is spent" []
        EmptyObject "token-empty-object" Anyone
            "200 with `{}`, nothing is spent" []
        Junk "token-junk" Anyone
            "200 with 1 MiB of junk, nothing is spent" []
    }
    /// A token request that is in order, just before it is booked.
    Booking BookingFault "token" {
        NoRefreshTokenInAnswer "no-refresh-token-in-answer" Anyone
            "the answer has no refresh token; the old one stays good" []
    }
    /// A token answer that is about to be sent: whatever had to be spent is spent.
    TokenAnswer TokenAnswerFault "token" {
        Lost "answer-lost" Anyone
            "spends the token, then closes without an answer" []
        Cut "answer-cut" Anyone
            "spends the token, then sends half of the answer" []
        Slow "answer-slow" Anyone
            "spends the token at once, answers late" [
                "delay_ms": "how late (default 1000)",
            ]
        Hang "answer-hang" Anyone
            "spends the token, then never answers" [
                "secs": "gives up after this (default 3600)",
            ]
    }
    /// The discovery document.
    Discovery DiscoveryFault "discovery" {
        Html "discovery-html" Anyone
            "200 with an HTML page" []
        WrongIssuer "discovery-wrong-issuer" Anyone
            "the document names another issuer" [
                "issuer": "default `https://auth.example.com`",
            ]
        ForeignEndpoint "discovery-foreign-endpoint" Anyone
            "the token endpoint is on a foreign host" [
                "endpoint": "default `https://evil.example.com/oauth2/token`",
            ]
        Error500 "discovery-500" Anyone
            "500" []
    }
    /// Any request below any path, before all else.
    Door DoorFault "any" {
        Respond "respond" Anyone
            "answers any request below `path` with exactly this" [
                "status": "default 200",
                "headers": "an object of names and values",
                "body": "text, or JSON that is sent as such",
                "delay_ms": "default 0",
            ]
    }
}
