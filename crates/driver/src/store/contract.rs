//! What every store promises; SQLite and PostgreSQL are its two implementations, and one conformance suite holds both.
//!
//! All calls block; they are made from threads that may. No call holds a transaction across another one.

use evergrant_engine::credential::{CredentialId, Fence, Label, Material};
use evergrant_engine::recovery::renewal::View;
use evergrant_engine::secret::{Fingerprint, FingerprintKey};
use evergrant_engine::store::{Claim, ClaimOwner, Owner, Record, Revocation, Standing};
use evergrant_engine::time::{Moment, Timestamp};

use super::exchange::{
    Backup, Changes, ClaimAnswer, Commit, CommitAnswer, Draft, Mark, Placement, Quarantine, RestoreAnswer, Version,
};
use super::journal::Journal;
use super::lock::{Held, Holder, LockName};
use crate::client_key::{ClientKey, KeyName};
use crate::fault::StoreFault;

/// A store of credentials and claims.
pub trait Store: Send + Sync + 'static {
    /// The key of fingerprints, the same for everyone who opens this store.
    fn fingerprint_key(&self) -> &FingerprintKey;

    /// Changes whenever anyone changed anything; cheap enough to ask every 250 ms.
    fn version(&self) -> Result<Version, StoreFault>;

    /// Every record, tombstones included, by provider, priority, creation.
    fn records(&self) -> Result<Vec<Record>, StoreFault>;

    /// What has changed since that mark, all of it as of one moment; without a mark, everything.
    fn changes(&self, since: Option<Mark>) -> Result<Changes, StoreFault>;

    /// One record, tombstones included.
    fn record(&self, id: &CredentialId) -> Result<Option<Record>, StoreFault>;

    /// What a renewal reads, all of it as of one moment: a record read before a commit and its claim read after it would
    /// look like a token that was spent and lost.
    fn view(&self, id: &CredentialId) -> Result<View, StoreFault>;

    /// Writes a login or a new key: makes a record, or replaces the material of the one that `placement` names,
    /// with a new generation and a new epoch, a fresh standing, and the quarantine of old tokens left in place.
    /// A token that a login has just been given is no old one: whatever claim stood on it is gone.
    /// Fails with `Changed` if the record named is no longer at the fence given.
    fn place(&self, draft: &Draft, placement: &Placement) -> Result<Record, StoreFault>;

    /// Inserts the claim, durably, unless one with its fingerprint stands already (open, spent or dead).
    /// Fails with `Changed` if the credential is no longer at the claim's generation, or is buried.
    fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, StoreFault>;

    /// Takes over an open claim: compare-and-set on the attempt that holds it now.
    fn take_over(
        &self,
        fingerprint: &Fingerprint,
        from: u128,
        to: &ClaimOwner,
        now: &Moment,
    ) -> Result<bool, StoreFault>;

    /// Marks the claim as sent now: compare-and-set on attempt and `Open`, refused by a tombstone. Nothing may be sent if it
    /// answers `false`.
    fn mark_sent(&self, fingerprint: &Fingerprint, attempt: u128, now: &Moment) -> Result<bool, StoreFault>;

    /// Removes an open claim of this attempt, because its token was surely not taken. If the claim had been sent by an
    /// earlier attempt (or twice by this one), whose outcome is unknown, it stays open instead.
    fn release(&self, fingerprint: &Fingerprint, attempt: u128) -> Result<(), StoreFault>;

    /// The claim on a fingerprint, if there is one. Who made a closed one is kept for 30 days, that it is closed for good.
    fn claim_of(&self, fingerprint: &Fingerprint) -> Result<Option<Claim>, StoreFault>;

    /// Every claim that is still open, for `status` and `doctor`.
    fn open_claims(&self) -> Result<Vec<Claim>, StoreFault>;

    /// Commits a renewal: new material and generation, claim closed as `Spent`, standing updated, in one durable
    /// transaction; compare-and-set on id, generation and epoch, refused by a tombstone. Where the provider did not
    /// rotate and the refresh token is still the same, its claim is removed instead, so that it can be sent again.
    /// Tokens that come after a logout are queued for revocation in that same transaction.
    fn commit(&self, commit: &Commit) -> Result<CommitAnswer, StoreFault>;

    /// Changes the material and nothing else but its generation, for what is not renewed here: a borrowed token that its
    /// owner has renewed, a grant that is handed over. What was known of the account stays. Compare-and-set on the fence;
    /// `None`: the record moved on, nothing was changed.
    fn refill(&self, fence: &Fence, material: &Material, at: Timestamp) -> Result<Option<Record>, StoreFault>;

    /// Quarantines a dead refresh token: drops it from the material, closes its claim as `Dead` (making one if there is
    /// none), sets the health; compare-and-set on the fence. The generation stays, because the access token does.
    /// `false`: the record moved on or holds another token, nothing was changed.
    fn quarantine(&self, quarantine: &Quarantine) -> Result<bool, StoreFault>;

    /// Writes the standing, except for `disabled`, which belongs to the user; compare-and-set on the fence.
    /// `false`: the record moved on, nothing was changed.
    fn stand(&self, fence: &Fence, standing: &Standing) -> Result<bool, StoreFault>;

    /// Changes the standing as it is now, so that two processes do not undo each other's change; otherwise as `stand`.
    fn amend(&self, fence: &Fence, change: &mut dyn FnMut(&mut Standing)) -> Result<bool, StoreFault>;

    /// Switches a credential off or on.
    fn disable(&self, id: &CredentialId, disabled: bool) -> Result<(), StoreFault>;

    /// Renames, within the provider; fails with `LabelTaken`.
    fn rename(&self, id: &CredentialId, label: &Label) -> Result<(), StoreFault>;

    /// Sets the priority; lower is preferred.
    fn prioritise(&self, id: &CredentialId, priority: i32) -> Result<(), StoreFault>;

    /// Removes: the epoch grows, the secrets go, a tombstone with this health stays (and, of its claims, how they were closed).
    /// Answers the record as it was, so that its tokens can be revoked; `None` if there is none or it is buried already.
    fn bury(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, StoreFault>;

    /// Buries a grant, closes the claim on its refresh token for good, and queues its tokens for revocation, all in one
    /// durable transaction: whoever dies right after it has lost nothing. Answers as `bury`.
    fn log_out(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, StoreFault>;

    /// The tokens that are still to be revoked, the oldest first, each refresh token before its access token.
    fn revocations(&self) -> Result<Vec<Revocation>, StoreFault>;

    /// Counts a try, so that another process leaves the token alone until `next_try_at`: compare-and-set on the tries so
    /// far. `false`: somebody else tries it, or has settled it.
    fn try_revocation(
        &self,
        revocation: &Revocation,
        now: Timestamp,
        next_try_at: Timestamp,
    ) -> Result<bool, StoreFault>;

    /// The try did not do: notes why, and when it is tried again.
    fn defer_revocation(&self, token: &Fingerprint, why: &str, next_try_at: Timestamp) -> Result<(), StoreFault>;

    /// The token is revoked, or given up: it is forgotten here as well.
    fn settle_revocation(&self, token: &Fingerprint) -> Result<(), StoreFault>;

    /// Brings back what a backup holds and this store does not, all of it in one durable transaction, by the engine's rule
    /// (`restoration`); `revive` brings back what was ended here as well. A refresh token that comes back gets an open
    /// claim as if it had been sent when the backup was made, so that it is not sent while there is something to lose.
    /// Nothing is written while a renewal of what would come back may be under way, unless whoever renews it is among
    /// `settled`: their locks could be had while they were at these fences.
    fn restore(
        &self,
        backup: &Backup,
        revive: bool,
        settled: &[Fence],
        now: Timestamp,
    ) -> Result<RestoreAnswer, StoreFault>;

    /// Every client key of the gateway, by name; of a key itself there is only the fingerprint.
    fn client_keys(&self) -> Result<Vec<ClientKey>, StoreFault>;

    /// Keeps a client key; `false` if its name is taken, and then nothing is changed. Keys that were lent and have expired go.
    fn add_client_key(&self, key: &ClientKey) -> Result<bool, StoreFault>;

    /// Lets a client key that is lent serve until then; `false` if it is gone.
    fn extend_client_key(&self, name: &KeyName, expires_at: Timestamp) -> Result<bool, StoreFault>;

    /// Forgets a client key; `false` if there is none of that name.
    fn remove_client_key(&self, name: &KeyName) -> Result<bool, StoreFault>;

    /// Takes a lock if nobody holds it; it is released when dropped, and by the death of the process.
    /// Whoever takes a credential's lock finds its journal finished.
    fn try_lock(&self, name: &LockName, owner: &Owner) -> Result<Option<Box<dyn Held>>, StoreFault>;

    /// Who holds a lock that could not be had, as far as the holder said.
    fn holder(&self, name: &LockName) -> Result<Option<Holder>, StoreFault>;

    /// Keeps the space for an answer, before the token that earns it is spent; only under the credential's lock.
    fn prepare_journal(&self, id: &CredentialId) -> Result<Journal, StoreFault>;
}
