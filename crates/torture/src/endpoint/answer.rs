//! The parts of an answer that the golden table names: content type, further header, timing, and the row that reads it.

use anyhow::{Context as _, Result};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($(#[$about])* $variant,)* }

        impl $name {
            /// The one of this name.
            pub(super) fn named(name: &str) -> Result<Self> {
                let found = match name { $($text => Some(Self::$variant),)* _ => None };
                found.with_context(|| format!("no such {}: `{name}`", stringify!($name)))
            }
        }
    };
}

words! {
    /// What the provider's row says ends a grant.
    Terms {
        /// `invalid_grant` alone, as most rows do.
        Plain = "plain",
        /// Four codes, as a row has that knows its server's own.
        Own = "own",
    }
}

words! {
    /// The `content-type`.
    Kind {
        Json = "json",
        JsonCharset = "charset",
        JsonUpper = "JSON",
        Problem = "problem",
        Html = "html",
        Plain = "plain",
        Form = "form",
        None = "none",
    }
}

words! {
    /// A header beside it.
    Extra {
        None = "-",
        /// `Retry-After: 30`.
        Retry30 = "retry-30",
        /// `Retry-After: 0`.
        Retry0 = "retry-0",
        /// `Retry-After: 86400`, more than is believed.
        RetryDay = "retry-86400",
        /// `Retry-After` as a date in the past.
        RetryPast = "retry-past",
        /// `Retry-After` as words.
        RetryJunk = "retry-junk",
        /// A `Location` elsewhere on the same host.
        Location = "location",
        /// `cf-mitigated: challenge`.
        Mitigated = "mitigated",
        /// `x-amzn-errortype` of a throttle.
        AmazonThrottle = "amzn-throttle",
        /// `WWW-Authenticate: Bearer error="invalid_token"`.
        Bearer = "bearer",
    }
}

words! {
    /// When which part of the answer comes, and where it breaks off.
    Timing {
        AtOnce = "at-once",
        SlowHead = "slow-head",
        SlowBody = "slow-body",
        Trickle = "trickle",
        Chunked = "chunked",
        /// Without a length, ended by the close of the connection.
        UntilClose = "until-close",
        /// `103 Early Hints` first.
        Informed = "informed",
        /// Answered when the first byte of the request had come.
        Early = "early",
        /// Nobody listens.
        Refused = "refused",
        /// Reset while the request was unread.
        Unread = "unread",
        CutBeforeHead = "cut-before-head",
        CutInHead = "cut-in-head",
        CutInBody = "cut-in-body",
        CutInChunk = "cut-in-chunk",
        /// Without a length, closed in the middle: only the body can tell.
        CutUnseen = "cut-unseen",
        Reset = "reset",
        ResetInBody = "reset-in-body",
        /// Bytes that are not HTTP.
        NotHttp = "not-http",
        Hang = "hang",
        HangInHead = "hang-in-head",
        HangInBody = "hang-in-body",
        /// A byte a second, for longer than anyone waits.
        TrickleOn = "trickle-on",
    }
}

impl Terms {
    /// The line of the provider's row.
    pub(super) const fn terminal(self) -> &'static str {
        match self {
            Self::Plain => r#"["invalid_grant"]"#,
            Self::Own => {
                r#"["invalid_grant", "refresh_token_reused", "refresh_token_expired", "refresh_token_invalidated"]"#
            }
        }
    }
}

impl Kind {
    /// The header's value.
    pub(super) const fn value(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("application/json"),
            Self::JsonCharset => Some("application/json; charset=utf-8"),
            Self::JsonUpper => Some("APPLICATION/JSON"),
            Self::Problem => Some("application/problem+json"),
            Self::Html => Some("text/html; charset=utf-8"),
            Self::Plain => Some("text/plain"),
            Self::Form => Some("application/x-www-form-urlencoded"),
            Self::None => None,
        }
    }
}

impl Extra {
    /// The header's line.
    pub(super) const fn line(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Retry30 => "retry-after: 30\r\n",
            Self::Retry0 => "retry-after: 0\r\n",
            Self::RetryDay => "retry-after: 86400\r\n",
            Self::RetryPast => "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            Self::RetryJunk => "retry-after: soon\r\n",
            Self::Location => "location: /elsewhere\r\n",
            Self::Mitigated => "cf-mitigated: challenge\r\n",
            Self::AmazonThrottle => "x-amzn-errortype: TooManyRequestsException\r\n",
            Self::Bearer => "www-authenticate: Bearer error=\"invalid_token\"\r\n",
        }
    }
}

impl Timing {
    /// Whether the answer takes so long that nobody else should wait for its turn meanwhile.
    pub(super) const fn is_long(self) -> bool {
        match self {
            Self::Hang | Self::HangInHead | Self::HangInBody | Self::TrickleOn | Self::Trickle => true,
            Self::AtOnce
            | Self::SlowHead
            | Self::SlowBody
            | Self::Chunked
            | Self::UntilClose
            | Self::Informed
            | Self::Early
            | Self::Refused
            | Self::Unread
            | Self::CutBeforeHead
            | Self::CutInHead
            | Self::CutInBody
            | Self::CutInChunk
            | Self::CutUnseen
            | Self::Reset
            | Self::ResetInBody
            | Self::NotHttp => false,
        }
    }
}
