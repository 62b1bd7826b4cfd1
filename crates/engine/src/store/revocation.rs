//! A token that is still to be revoked: what is kept of it, when it is tried again, and when it is given up.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::record::{HOLD_MAX, Record};
use crate::credential::{Authority, CredentialId, Label, Material, ProviderId};
use crate::login::TokenHint;
use crate::provider::OAuth;
use crate::secret::{Fingerprint, FingerprintKey, Secret};
use crate::time::Timestamp;

/// One token of a grant that was logged out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The token's fingerprint: the primary key.
    pub fingerprint: Fingerprint,
    /// The credential it belonged to.
    pub credential: CredentialId,
    /// Whose provider revokes it.
    pub provider: ProviderId,
    /// What the credential was called then.
    pub label: Label,
    /// Which of the two it is.
    pub hint: TokenHint,
    /// The token itself.
    pub token: Secret<String>,
    /// Who gave it.
    pub authority: Arc<Authority>,
    /// Since when it waits.
    pub queued_at: Timestamp,
    /// When it is given up: it has expired by then, or nobody will ever take it.
    pub gives_up_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
    /// When it is tried again.
    pub next_try_at: Timestamp,
    /// Why the last try did not do.
    pub why: Option<String>,
}

impl Authority {
    /// What the row says otherwise now, if it does.
    pub fn changed(&self, oauth: &OAuth) -> Option<&'static str> {
        let bare = |issuer: Option<&Url>| issuer.map(|issuer| issuer.as_str().trim_end_matches('/').to_owned());
        if bare(self.issuer.as_ref()) != bare(oauth.issuer.as_ref()) {
            return Some("its issuer");
        }
        if self.client_id != oauth.client_id {
            return Some("its client id");
        }
        let host = oauth.endpoints.token.as_ref().and_then(Url::host_str);
        host.is_some_and(|host| host != self.token_host)
            .then_some("the host of its token endpoint")
    }
}

impl Revocation {
    /// The tokens of a grant that are worth revoking, the refresh token first (RFC 7009 2.1 lets it end the grant).
    pub fn of(record: &Record, material: &Material, key: &FingerprintKey, now: Timestamp) -> Vec<Self> {
        let Material::Grant(grant) = material else {
            // A key is not given by us, and what is borrowed is not ours to end.
            return Vec::new();
        };
        let revocation = |hint, token: &Secret<String>, gives_up_at| Self {
            fingerprint: key.fingerprint(token),
            credential: record.id.clone(),
            provider: record.provider.clone(),
            label: record.label.clone(),
            hint,
            token: token.clone(),
            authority: Arc::clone(&grant.login.authority),
            queued_at: now,
            gives_up_at,
            tries: 0,
            tried_at: None,
            next_try_at: now.plus(FIRST_TRY),
            why: None,
        };
        let longest = now.plus(QUEUED_MAX);
        let refresh = grant
            .refresh_token
            .as_ref()
            .map(|token| revocation(TokenHint::Refresh, token, longest));
        let expiry = grant.expires_at().map_or(longest, |expiry| expiry.min(longest));
        let access = (expiry > now).then(|| revocation(TokenHint::Access, &grant.access_token, expiry));
        refresh.into_iter().chain(access).collect()
    }

    /// How long until it is worth a try; a wait longer than any that is made was written by a clock that has been set back.
    pub fn due_in(&self, now: Timestamp) -> Duration {
        let left = self.next_try_at.since(now);
        if left > RETRY_AFTER_MAX { Duration::ZERO } else { left }
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.gives_up_at
    }

    /// When to try again after a try at `now` that did not do: what the provider asks for, else doubling with full jitter.
    pub fn next_try(&self, retry_after: Option<Duration>, now: Timestamp, entropy: u64) -> Timestamp {
        let ceiling = BACKOFF_MAX.min(BACKOFF_MIN * 2_u32.saturating_pow(self.tries.min(16)));
        // 32 bits of entropy are plenty for a pause of minutes.
        let fraction = f64::from(u32::try_from(entropy >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        let pause = BACKOFF_MIN.max(ceiling.mul_f64(fraction));
        now.plus(retry_after.map_or(pause, |after| after.clamp(BACKOFF_MIN, RETRY_AFTER_MAX)))
    }
}

/// 15 s: who queues a token tries it at once, for 10 s at most; a keeper comes in between only if that process is gone.
const FIRST_TRY: Duration = Duration::from_secs(15);

/// 30 days: as long as closed claims are kept; a refresh token that nobody took for so long will not be taken.
const QUEUED_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// 5 s: nobody waits for it, and the provider has just failed.
const BACKOFF_MIN: Duration = Duration::from_secs(5);

/// 1 h: a provider that was out of order for a night is asked within the hour after it.
const BACKOFF_MAX: Duration = HOLD_MAX;

/// 1 day: nobody is kept waiting by it, but a longer pause is a mistake.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Epoch, Generation, Grant, LoginOrigin};
    use crate::provider::Flow;
    use crate::store::record::{Source, Standing};
    use crate::time::Moment;

    fn record(refresh: Option<&str>, lifetime: Option<u64>) -> Record {
        let grant = Grant {
            access_token: "access".into(),
            refresh_token: refresh.map(Secret::from),
            id_token: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            obtained: Moment::default(),
            lifetime: lifetime.map(Duration::from_secs),
            login: LoginOrigin {
                authority: Arc::new(Authority {
                    issuer: "https://auth.example/".parse().ok(),
                    client_id: "client".to_owned(),
                    token_host: "auth.example".to_owned(),
                }),
                subject: None,
                account: None,
                at: Timestamp::default(),
            },
        };
        Record {
            id: "id".into(),
            provider: "p".into(),
            label: "default".into(),
            source: Source::Login(Flow::Browser),
            priority: 0,
            generation: Generation(1),
            epoch: Epoch(1),
            material: Material::Grant(Box::new(grant)),
            standing: Standing::default().into(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn of(record: &Record, now: i64) -> Vec<Revocation> {
        let key = FingerprintKey::new([1; 32]);
        Revocation::of(record, &record.material, &key, Timestamp::from_secs(now))
    }

    #[test]
    fn the_refresh_token_comes_first_and_an_expired_access_token_not_at_all() {
        let both = of(&record(Some("refresh"), Some(60)), 10);
        assert_eq!(
            both.iter().map(|one| one.hint).collect::<Vec<_>>(),
            [TokenHint::Refresh, TokenHint::Access]
        );
        assert_eq!(both[1].gives_up_at, Timestamp::from_secs(60));
        assert_eq!(both[0].gives_up_at, Timestamp::from_secs(10).plus(QUEUED_MAX));
        let late = of(&record(Some("refresh"), Some(60)), 60);
        assert_eq!(late.len(), 1);
        assert_eq!(of(&record(None, None), 60)[0].hint, TokenHint::Access);
    }

    #[test]
    fn it_is_tried_later_and_later_and_when_the_provider_says() {
        let mut one = of(&record(Some("refresh"), None), 0).remove(0);
        let now = Timestamp::from_secs(100);
        assert_eq!(one.due_in(Timestamp::default()), FIRST_TRY);
        for (tries, longest) in [(0, 5), (3, 40), (40, 3_600)] {
            one.tries = tries;
            assert_eq!(one.next_try(None, now, 0), now.plus(BACKOFF_MIN));
            assert_eq!(one.next_try(None, now, u64::MAX).since(now).as_secs(), longest);
        }
        let day = Duration::from_secs(24 * 3_600);
        assert_eq!(one.next_try(Some(day * 9), now, 7), now.plus(day));
        assert_eq!(one.next_try(Some(Duration::ZERO), now, 7), now.plus(BACKOFF_MIN));
        one.next_try_at = now.plus(day * 2);
        assert_eq!(one.due_in(now), Duration::ZERO, "the clock was set back");
        assert!(!one.is_over(now) && one.is_over(one.gives_up_at));
    }

    #[test]
    fn a_changed_row_is_told() {
        let table = crate::provider::Table::built_in();
        let oauth = table.row(&"xai-oauth".into()).unwrap().oauth().unwrap().clone();
        let mut authority = Authority {
            issuer: oauth.issuer.clone(),
            client_id: oauth.client_id.clone(),
            token_host: "auth.x.ai".to_owned(),
        };
        assert_eq!(authority.changed(&oauth), None);
        authority.client_id = "another".to_owned();
        assert_eq!(authority.changed(&oauth), Some("its client id"));
        authority.issuer = None;
        assert_eq!(authority.changed(&oauth), Some("its issuer"));
    }
}
