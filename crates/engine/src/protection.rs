//! The protections that can be taken away, one by one, to see that the test of each goes red.
//!
//! In an ordinary build every protection stands and [`stands`] is a constant. In a build with the feature `breakable`, which
//! is never shipped, the environment variable `EVERGRANT_BROKEN` names those that do not, separated by commas.

macro_rules! protections {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// A protection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Protection { $($(#[$doc])* $variant,)* }

        impl Protection {
            /// The name by which it is taken away.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

protections! {
    /// A refused grant is renewed at all.
    Renewal = "renewal";
    /// One flight a grant in a process.
    SingleFlight = "single-flight";
    /// A newer generation that is found is adopted instead of renewed again.
    Reread = "reread";
    /// A dead refresh token is never sent again.
    Quarantine = "quarantine";
    /// Only a proof of death ends a grant.
    DeathNeedsProof = "death-needs-proof";
    /// An authentication marker beats entitlement words.
    AuthenticationFirst = "authentication-first";
    /// A missing entitlement is never renewed for.
    EntitlementNeverRenews = "entitlement-never-renews";
    /// A token that was minted just now is tried once more before it is renewed.
    FreshTokenWait = "fresh-token-wait";
    /// An answer of another login does not end this one.
    StateCheck = "state-check";
    /// The challenge is repeated at the token endpoint where the row says so.
    ChallengeEcho = "challenge-echo";
    /// Every connection goes through the proxy that is configured.
    Proxy = "proxy";
    /// Reading a home does not change it.
    ReadOnlyStatus = "read-only-status";
    /// Inside a known reuse grace an unknown outcome is settled by one replay, at once.
    GraceReplay = "grace-replay";
    /// A secret does not show itself when printed.
    Redaction = "redaction";
    /// The course of a verdict is that of the table.
    FixedCourse = "fixed-course";
    /// One process at a time renews a grant: a lock that is held cannot be had.
    Lock = "lock";
    /// The lock is held until the commit is done.
    LockToCommit = "lock-to-commit";
    /// The refresh token comes from a read under the lock.
    ReadUnderLock = "read-under-lock";
    /// A refresh token is claimed before it is sent, and the claim is compared before the first byte.
    Claim = "claim";
    /// A claim is sent while it is young, or never.
    ClaimAge = "claim-age";
    /// A token whose outcome is unknown is not sent again while there is something to lose.
    OutcomeUnknown = "outcome-unknown";
    /// An answer is in the journal before it is committed.
    Journal = "journal";
    /// A renewal runs apart from whoever asked for it, who can leave without ending it.
    Uncancellable = "uncancellable";
    /// A late renewal is not committed over the tombstone of a logout.
    Tombstone = "tombstone";
    /// What a provider quotes of a request is not read as its own words.
    QuotesBlanked = "quotes-blanked";
    /// What is advised suits the kind of credential: a key is not logged in, and a borrowed token is its owner's to renew.
    RemedyByKind = "remedy-by-kind";
    /// A command ends with the exit code that says what would help.
    ExitCodes = "exit-codes";
    /// The boot clock is asked as well as the wall clock, which can be stepped.
    BothClocks = "both-clocks";
    /// The time that a provider names for coming back is read and kept to.
    ResetTold = "reset-told";
    /// A key, a store or a home that others can reach is refused.
    PrivateFiles = "private-files";
    /// The common tables are compiled, so that an answer is read in one pass whatever their length.
    CompiledTables = "compiled-tables";
    /// What a provider's answer says is read, not its status alone.
    WordsRead = "words-read";
    /// What a model or a provider says cannot steer the terminal.
    PlainText = "plain-text";
    /// Who earned an answer is blamed for it, whoever is the one to be used by now.
    RightBlame = "right-blame";
    /// Who can be used is known from choice to choice, so that none walks over all credentials.
    ReadyIndex = "ready-index";
    /// A provider's own time to come back is believed up to a limit.
    ResetClamped = "reset-clamped";
    /// What one process learns of a credential is written for the others.
    SharedHealth = "shared-health";
    /// A conversation stays with its own credential whatever happens to the others.
    OwnCredential = "own-credential";
    /// A request is tried so often and no more.
    TriesBounded = "tries-bounded";
    /// A restore does not bring back what was logged out or removed here since.
    EndedStaysEnded = "ended-stays-ended";
    /// A refresh token that comes back from a backup is held to be spent elsewhere until nothing is left to lose.
    RestoredIsUnknown = "restored-is-unknown";
    /// A gateway that is told to end answers what was sent to it.
    DrainedEnd = "drained-end";
    /// A gateway allows itself as many connections as the system lets it.
    ManyFiles = "many-files";
    /// A connection to a provider serves one request after the other.
    KeptConnections = "kept-connections";
    /// The client keys are known in memory: no request waits for a file or the database.
    KeysInMemory = "keys-in-memory";
    /// What was used is written down several times a second.
    UsageWritten = "usage-written";
    /// What a client says of its own way to the gateway goes no further, and only a WebSocket leaves HTTP.
    HopByHop = "hop-by-hop";
    /// What is written to a client leaves at once, and does not wait for what comes next.
    NoDelay = "no-delay";
    /// What a client sends is read in helpings, so that the buffers that it comes in stay small.
    Helpings = "helpings";
}

/// Whether the protection stands.
#[cfg(not(feature = "breakable"))]
pub const fn stands(_: Protection) -> bool {
    true
}

/// Whether the protection stands.
#[cfg(feature = "breakable")]
pub fn stands(protection: Protection) -> bool {
    static BROKEN: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a build that can be broken is told so from outside, and is never shipped"
    )]
    let broken = BROKEN.get_or_init(|| {
        let names = std::env::var("EVERGRANT_BROKEN").unwrap_or_default();
        names.split(',').map(|name| name.trim().to_owned()).collect()
    });
    !broken.iter().any(|name| name == protection.name())
}
