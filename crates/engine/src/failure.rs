//! What went wrong, sorted by whose fault it is: a stable code, a sentence for the user, a detail for the log.

use std::fmt;
use std::time::Duration;

use crate::credential::{Label, ProviderId};
use crate::protection::{Protection, stands};
use crate::remedy::Remedy;
use crate::time::Timestamp;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $blame:ident, $exit:literal;)*) => {
        /// The stable error codes of the public contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as scripts see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whose fault it is.
            pub const fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame,)* }
            }

            /// The exit code of a command that ends with it.
            pub const fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }
        }
    };
}

codes! {
    /// No credential for the provider.
    NoCredential = "no-credential", Credential, 3;
    /// The provider ended the grant.
    GrantDead = "grant-dead", Credential, 3;
    /// The credential cannot be used without a login.
    NeedsLogin = "needs-login", Credential, 3;
    /// A key that the provider does not accept.
    Unauthenticated = "unauthenticated", Credential, 3;
    /// Plan, tier or policy forbids it.
    NotEntitled = "not-entitled", Credential, 4;
    /// A scope is missing.
    InsufficientScope = "insufficient-scope", Credential, 4;
    /// The account is suspended.
    AccountDisabled = "account-disabled", Credential, 4;
    /// Money.
    OutOfCredit = "out-of-credit", Credential, 4;
    /// An allowance is used up and comes back.
    UsageLimited = "usage-limited", Credential, 5;
    /// A short-term limit.
    RateLimited = "rate-limited", Credential, 5;
    /// An aggregator's own upstream is limited.
    UpstreamLimited = "upstream-limited", Provider, 5;
    /// Provider capacity.
    Overloaded = "overloaded", Provider, 5;
    /// The provider failed.
    ServerError = "server-error", Provider, 5;
    /// Time ran out.
    Timeout = "timeout", Provider, 5;
    /// A firewall, CDN or proxy answered.
    EdgeBlocked = "edge-blocked", Provider, 5;
    /// No connection.
    Unreachable = "unreachable", Provider, 5;
    /// A token was refused that the provider minted just now.
    TokenRefused = "token-refused", Provider, 5;
    /// It cannot be told whether the rotation happened.
    OutcomeUnknown = "outcome-unknown", Provider, 5;
    /// A passing fault at the token endpoint.
    Transient = "transient", Provider, 5;
    /// Another process renews.
    LockHeld = "lock-held", Ours, 5;
    /// The client is not accepted at the token endpoint.
    ClientRejected = "client-rejected", Caller, 2;
    /// The token request's form is not accepted.
    RequestRejected = "request-rejected", Caller, 5;
    /// The row changed after the login.
    RowChanged = "row-changed", Caller, 2;
    /// A row cannot be used.
    RowInvalid = "row-invalid", Caller, 2;
    /// `config.toml` cannot be used.
    ConfigInvalid = "config-invalid", Caller, 2;
    /// Wrong usage.
    Usage = "usage", Caller, 2;
    /// No provider of that name.
    UnknownProvider = "unknown-provider", Caller, 2;
    /// No credential of that name.
    UnknownCredential = "unknown-credential", Caller, 2;
    /// A key that is a placeholder.
    PlaceholderKey = "placeholder-key", Caller, 2;
    /// Another tool's store that cannot be imported from.
    ImportInvalid = "import-invalid", Caller, 2;
    /// A discovery document that cannot be trusted.
    DiscoveryInvalid = "discovery-invalid", Provider, 2;
    /// A redirect URI that is not loopback.
    RedirectInvalid = "redirect-invalid", Caller, 2;
    /// The pasted answer belongs to another login.
    StateMismatch = "state-mismatch", Caller, 3;
    /// Nobody answered in time.
    LoginTimeout = "login-timeout", Caller, 3;
    /// The user or provider said no.
    LoginDenied = "login-denied", Caller, 3;
    /// The verifier was lost.
    PkceVerifierMissing = "pkce-verifier-missing", Ours, 3;
    /// The token endpoint refused the code.
    TokenExchangeFailed = "token-exchange-failed", Provider, 3;
    /// The token endpoint's answer is unusable.
    TokenExchangeInvalid = "token-exchange-invalid", Provider, 5;
    /// The device code ran out.
    DeviceCodeExpired = "device-code-expired", Caller, 3;
    /// No provider serves the model.
    UnknownModel = "unknown-model", Caller, 2;
    /// The request names no model, and nothing else says whom it is for.
    ModelMissing = "model-missing", Caller, 2;
    /// No such path.
    UnknownPath = "unknown-path", Caller, 2;
    /// The body is too large.
    BodyTooLarge = "body-too-large", Caller, 2;
    /// The client's body broke off.
    BodyBroken = "body-broken", Caller, 2;
    /// Two readers could read the request's framing differently, or it asks for what no gateway may do.
    RequestMalformed = "request-malformed", Caller, 2;
    /// A page of another site asked.
    CrossSite = "cross-site", Caller, 2;
    /// A client key is missing or wrong.
    ClientKeyInvalid = "client-key-invalid", Caller, 3;
    /// A client key may not do this.
    ClientKeyForbidden = "client-key-forbidden", Caller, 4;
    /// A client key's limit.
    ClientKeyLimited = "client-key-limited", Caller, 5;
    /// There is a client key of that name already.
    ClientKeyTaken = "client-key-taken", Caller, 2;
    /// No client key of that name.
    ClientKeyUnknown = "client-key-unknown", Caller, 2;
    /// There is no store.
    StoreMissing = "store-missing", Ours, 6;
    /// The store is damaged.
    StoreCorrupt = "store-corrupt", Ours, 6;
    /// The key does not open the store.
    StoreUndecryptable = "store-undecryptable", Ours, 6;
    /// Another process holds the store.
    StoreLocked = "store-locked", Ours, 5;
    /// The file permissions forbid it.
    StorePermission = "store-permission", Ours, 6;
    /// A newer evergrant wrote it.
    StoreNewer = "store-newer", Ours, 6;
    /// The store cannot be written.
    StoreUnwritable = "store-unwritable", Ours, 6;
    /// What is to be restored is no backup.
    BackupInvalid = "backup-invalid", Caller, 2;
    /// A backup that is cut or damaged.
    BackupDamaged = "backup-damaged", Ours, 6;
    /// The passphrase does not open the backup.
    BackupUndecryptable = "backup-undecryptable", Ours, 6;
    /// A newer evergrant made the backup.
    BackupNewer = "backup-newer", Ours, 6;
    /// The backup cannot be written.
    BackupUnwritable = "backup-unwritable", Ours, 6;
    /// The address is taken.
    AddressInUse = "address-in-use", Caller, 2;
    /// The user interrupted.
    Interrupted = "interrupted", Caller, 130;
    /// Unforeseen.
    Internal = "internal", Ours, 1;
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// evergrant's or its store's.
    Ours,
    /// The user's, the configuration's or the client's.
    Caller,
    /// The provider's or the network's.
    Provider,
    /// The credential's.
    Credential,
}

/// A failure as it leaves the product: what the user reads, and apart from it what the log keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// One sentence for the user, without a full stop.
    pub message: String,
    /// What the log keeps beyond it; never a secret.
    pub detail: Option<String>,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
    /// When to come back, if that is known.
    pub retry_after: Option<Duration>,
    /// Every credential that was looked at, where none of them could be used.
    pub credentials: Vec<Unusable>,
}

/// A credential that cannot be used now, and what would change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Its provider.
    pub provider: ProviderId,
    /// Its label.
    pub label: Label,
    /// The stable code of why.
    pub code: Code,
    /// Why, in one sentence without a full stop.
    pub message: String,
    /// When it comes back by itself, if it does.
    pub until: Option<Timestamp>,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
}

impl Failure {
    /// A failure with its sentence and nothing else yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            remedy: None,
            retry_after: None,
            credentials: Vec::new(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// Adds what the log keeps.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds when to come back.
    #[must_use]
    pub const fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl Code {
    /// The exit code as the shell is told it.
    pub fn told(self) -> u8 {
        if stands(Protection::ExitCodes) {
            self.exit()
        } else {
            Self::Internal.exit()
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
