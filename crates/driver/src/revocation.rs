//! A token that waits for its revocation as people see it: everything but the token.

use evergrant_engine::credential::{CredentialId, Label, ProviderId};
use evergrant_engine::login::TokenHint;
use evergrant_engine::store::Revocation;
use evergrant_engine::time::Timestamp;

/// One token of a grant that was logged out, and that its provider has not revoked yet.
///
/// ```
/// use evergrant_driver::holdings;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let held = holdings(&Settings::load(Some(folder.path().join("home")), [])?)?;
/// // A token that waits here is still good at its provider.
/// let waiting = held.revocations.iter().map(|pending| (&pending.provider, pending.next_try_at));
/// assert_eq!(waiting.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingRevocation {
    /// The credential it belonged to.
    pub credential: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// What the credential was called.
    pub label: Label,
    /// `refresh` or `access`.
    pub token: &'static str,
    /// Since when it waits.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it was last tried.
    pub last_try_at: Option<Timestamp>,
    /// When a running gateway tries it again.
    pub next_try_at: Timestamp,
    /// When it is given up.
    pub gives_up_at: Timestamp,
    /// Why the last try did not do.
    pub why: Option<String>,
}

impl PendingRevocation {
    pub(crate) fn of(revocation: &Revocation) -> Self {
        Self {
            credential: revocation.credential.clone(),
            provider: revocation.provider.clone(),
            label: revocation.label.clone(),
            token: match revocation.hint {
                TokenHint::Refresh => "refresh",
                TokenHint::Access => "access",
            },
            queued_at: revocation.queued_at,
            tries: revocation.tries,
            last_try_at: revocation.tried_at,
            next_try_at: revocation.next_try_at,
            gives_up_at: revocation.gives_up_at,
            why: revocation.why.clone(),
        }
    }
}
