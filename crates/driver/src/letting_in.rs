//! The driver's face to a gateway's door: who is let in, and as whom.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use http::{HeaderMap, Uri};
use tokio::time::Instant;
use tracing::warn;

use crate::admission::{Entry, Guest, KeptOut, needed, unknown};
use crate::client::shown;
use crate::client_key::is_ours;
use crate::driver::Driver;

impl Driver {
    /// Lets in whoever asks a gateway so: the holder of a client key as that, and nobody in particular where no
    /// key is needed. A text that looks like a client key is one, or it is refused; any other is what clients send who must
    /// send something, and is no key.
    ///
    /// # Errors
    /// `client-key-invalid`, or `client-key-limited` with the time to come back.
    #[doc(hidden)]
    pub async fn let_in(&self, uri: &Uri, headers: &HeaderMap, needs_key: bool) -> Result<Guest, KeptOut> {
        let mut shown = shown(uri, headers);
        let Some(key) = shown.find(|text| is_ours(text.as_bytes())) else {
            return if needs_key || self.kernel.settings().require_key {
                Err(needed().into())
            } else {
                Ok(Guest::nobody())
            };
        };
        if shown.any(|other| is_ours(other.as_bytes()) && other != key) {
            return Err(unknown().into());
        }
        drop(shown);
        let door = self.kernel.door();
        let entry = match door.enter(&key) {
            // It may have been made, or extended, a moment ago.
            Entry::Unknown | Entry::Over(_) if Box::pin(self.look_at_keys()).await => door.enter(&key),
            entry => entry,
        };
        match entry {
            Entry::In(guest) => Ok(guest),
            Entry::Refused(kept_out) | Entry::Over(kept_out) => Err(*kept_out),
            Entry::Unknown => Err(unknown().into()),
        }
    }

    /// Whether somebody who was let in may go on with something that lasts, with this provider and model, as keys and settings
    /// are now.
    ///
    /// # Errors
    /// What a new request would be refused with.
    #[doc(hidden)]
    pub fn may_stay(&self, guest: &Guest, provider: &ProviderId, model: Option<&str>) -> Result<(), Failure> {
        if guest.key_name().is_none() && self.kernel.settings().require_key {
            return Err(needed());
        }
        self.kernel.door().may_stay(guest, provider, model)
    }

    /// Whether there is a client key that would be let in now.
    ///
    /// # Errors
    /// A store that cannot be read.
    #[doc(hidden)]
    pub async fn has_client_keys(&self) -> Result<bool, Failure> {
        self.kernel.blocking(|kernel| kernel.door().look()).await?;
        Ok(self.kernel.door().has_keys())
    }

    /// How many requests of each client key are under way here, by its name.
    #[doc(hidden)]
    pub fn client_keys_present(&self) -> Vec<(String, u32)> {
        self.kernel.door().present()
    }

    /// Reads the keys again, unless somebody has since this was asked: one at a time, however many guess.
    async fn look_at_keys(&self) -> bool {
        let asked = Instant::now();
        let mut looked = self.kernel.looked().lock().await;
        if looked.is_some_and(|began| began > asked) {
            return true;
        }
        let began = Instant::now();
        let ended = self.kernel.blocking(|kernel| kernel.door().look()).await;
        *looked = Some(began);
        if let Err(fault) = &ended {
            warn!(%fault, "the client keys cannot be read; those in memory go on being known");
        }
        ended.is_ok()
    }
}
