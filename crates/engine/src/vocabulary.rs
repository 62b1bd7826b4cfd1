//! The closed vocabulary of verdicts and the channels they are read on.

macro_rules! verdicts {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// What an answer means; `wire/README.md` of the corpus defines each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verdict { $($(#[$doc])* $variant,)* }

        impl Verdict {
            /// Every verdict.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word of the public contract.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The verdict of that word.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

verdicts! {
    /// It worked.
    Success = "success";
    /// The credential itself was not accepted; a renewal could help.
    Unauthenticated = "unauthenticated";
    /// 401 or 403, and nothing tells why.
    UnknownDenial = "unknown-denial";
    /// Plan, tier, organisation, client or region policy forbids it.
    NotEntitled = "not-entitled";
    /// A scope or permission is missing.
    InsufficientScope = "insufficient-scope";
    /// Account, organisation or project suspended, not for money.
    AccountDisabled = "account-disabled";
    /// Money.
    OutOfCredit = "out-of-credit";
    /// An allowance that comes back by itself.
    UsageLimited = "usage-limited";
    /// A short-term limit of this credential.
    RateLimited = "rate-limited";
    /// An aggregator's own upstream; this key is not at fault.
    UpstreamLimited = "upstream-limited";
    /// Provider capacity.
    Overloaded = "overloaded";
    /// Provider or origin fault.
    ServerError = "server-error";
    /// Firewall, CDN, proxy, captive portal, network location.
    EdgeBlocked = "edge-blocked";
    /// Model unknown, retired or not open.
    ModelUnavailable = "model-unavailable";
    /// Input exceeds the window.
    ContextTooLong = "context-too-long";
    /// Safety refusal of this request.
    ContentBlocked = "content-blocked";
    /// Too large as such.
    PayloadTooLarge = "payload-too-large";
    /// Malformed or unsupported.
    InvalidRequest = "invalid-request";
    /// Route or object missing.
    NotFound = "not-found";
    /// Time ran out at provider or edge.
    Timeout = "timeout";
    /// Only a new login helps.
    GrantDead = "grant-dead";
    /// Client id, secret, redirect or client type.
    ClientRejected = "client-rejected";
    /// Parameter or scope; the grant may be alive.
    RequestRejected = "request-rejected";
    /// Device flow: not yet.
    Pending = "pending";
    /// Device flow: poll slower.
    SlowDown = "slow-down";
    /// Device flow: too late.
    DeviceCodeExpired = "device-code-expired";
    /// Device flow: the user said no.
    AccessDenied = "access-denied";
    /// Retry later; not handled.
    Transient = "transient";
    /// It cannot be told whether the rotation happened.
    OutcomeUnknown = "outcome-unknown";
}

impl Verdict {
    /// Whether an answer of that channel can mean this.
    pub const fn is_read_on(self, channel: Channel) -> bool {
        let of_tokens = matches!(channel, Channel::Token | Channel::Device);
        match self {
            Self::Success | Self::NotEntitled | Self::EdgeBlocked => true,
            Self::Unauthenticated
            | Self::UnknownDenial
            | Self::InsufficientScope
            | Self::AccountDisabled
            | Self::OutOfCredit
            | Self::UsageLimited
            | Self::RateLimited
            | Self::UpstreamLimited
            | Self::Overloaded
            | Self::ServerError
            | Self::ModelUnavailable
            | Self::ContextTooLong
            | Self::ContentBlocked
            | Self::PayloadTooLarge
            | Self::InvalidRequest
            | Self::NotFound
            | Self::Timeout => !of_tokens,
            Self::GrantDead
            | Self::ClientRejected
            | Self::RequestRejected
            | Self::Pending
            | Self::SlowDown
            | Self::DeviceCodeExpired
            | Self::AccessDenied
            | Self::Transient
            | Self::OutcomeUnknown => of_tokens,
        }
    }
}

/// Where an answer was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// An inference answer as a whole.
    Inference,
    /// An event inside a stream.
    Stream,
    /// The token endpoint.
    Token,
    /// The device authorization endpoint and its polling.
    Device,
}

impl Channel {
    /// The word of rows and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Stream => "stream",
            Self::Token => "token",
            Self::Device => "device",
        }
    }

    /// The channel of that word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "inference" => Some(Self::Inference),
            "stream" => Some(Self::Stream),
            "token" => Some(Self::Token),
            "device" => Some(Self::Device),
            _ => None,
        }
    }
}
