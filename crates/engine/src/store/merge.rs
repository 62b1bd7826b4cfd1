//! Which record a login replaces: one record per grant, and no account's grant lost to another's.

use super::record::{Health, Record};
use crate::credential::{Fence, Kind, Label, LoginOrigin, Material, ProviderId};

/// What is known of a credential that is about to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// Its provider.
    pub provider: &'a ProviderId,
    /// The label that the user asked for.
    pub label: Option<&'a Label>,
    /// For a grant, where and as whom it was obtained.
    pub login: Option<&'a LoginOrigin>,
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A record of its own.
    New,
    /// In place of the record at this fence.
    Replace(Fence),
}

/// The rule: the label names a record; else the same identity is the same record, when all of it is known; else a login
/// takes the place of the provider's only grant that needs one, else of its only one that was logged out, unless that is
/// known to be another account's.
pub fn place(records: &[Record], newcomer: &Newcomer<'_>) -> Decision {
    let own = || records.iter().filter(|record| record.provider == *newcomer.provider);
    // A label that was given again after a logout names the one that has it now.
    let named = newcomer.label.and_then(|label| {
        let named = || own().filter(|record| record.label == *label);
        named()
            .find(|record| !is_logged_out(&record.standing.health))
            .or_else(|| named().next())
    });
    let same = || {
        let login = newcomer.login?;
        own().find(|record| grant_of(record).is_some_and(|origin| is_same(origin, login)))
    };
    let only = |waits: fn(&Health) -> bool| {
        let login = newcomer.login?;
        if newcomer.label.is_some() {
            return None;
        }
        let mut waiting =
            own().filter(|record| record.material.kind() == Kind::Grant && waits(&record.standing.health));
        let only = waiting.next().filter(|_| waiting.next().is_none())?;
        let another = grant_of(only).is_some_and(|origin| is_another(origin, login));
        (!another).then_some(only)
    };
    match named
        .or_else(same)
        .or_else(|| only(needs_login))
        .or_else(|| only(is_logged_out))
    {
        Some(record) => Decision::Replace(record.fence()),
        None => Decision::New,
    }
}

/// The login behind a record, ours or another tool's.
fn grant_of(record: &Record) -> Option<&LoginOrigin> {
    match &record.material {
        Material::Grant(grant) => Some(&grant.login),
        Material::Borrowed(borrowed) => Some(&borrowed.login),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
    }
}

fn needs_login(health: &Health) -> bool {
    match health {
        Health::Quarantined { .. } | Health::NeedsLogin { .. } => true,
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => false,
    }
}

fn is_logged_out(health: &Health) -> bool {
    matches!(health, Health::LoggedOut { .. })
}

/// Issuer, client, subject and account, all of them known and equal.
pub fn is_same(one: &LoginOrigin, other: &LoginOrigin) -> bool {
    let known =
        |login: &LoginOrigin| login.authority.issuer.is_some() && login.subject.is_some() && login.account.is_some();
    let same_client = one.authority.client_id == other.authority.client_id;
    known(one) && known(other) && same_client && !is_another(one, other)
}

/// Whether something that both know differs.
pub fn is_another(one: &LoginOrigin, other: &LoginOrigin) -> bool {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    differ(one.authority.issuer.as_ref(), other.authority.issuer.as_ref())
        || differ(one.subject.as_ref(), other.subject.as_ref())
        || differ(one.account.as_ref(), other.account.as_ref())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::credential::{Authority, Epoch, Generation, Grant};
    use crate::provider::Flow;
    use crate::secret::Fingerprint;
    use crate::store::Shared;
    use crate::store::record::{Source, Standing};
    use crate::time::{Moment, Timestamp};

    fn login(subject: Option<&str>, account: Option<&str>) -> LoginOrigin {
        LoginOrigin {
            authority: Arc::new(Authority {
                issuer: "https://auth.example".parse().ok(),
                client_id: "evergrant".to_owned(),
                token_host: "auth.example".to_owned(),
            }),
            subject: subject.map(str::to_owned),
            account: account.map(str::to_owned),
            at: Timestamp::default(),
        }
    }

    fn record(label: &str, login: Option<LoginOrigin>, health: Health) -> Record {
        let grant = |login| Grant {
            access_token: "a".into(),
            refresh_token: None,
            id_token: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            obtained: Moment::default(),
            lifetime: None,
            login,
        };
        Record {
            id: label.into(),
            provider: "p".into(),
            label: label.into(),
            source: Source::Login(Flow::Browser),
            priority: 0,
            generation: Generation(1),
            epoch: Epoch(1),
            material: login.map_or(Material::Gone, |login| Material::Grant(Box::new(grant(login)))),
            standing: Shared::from(Standing {
                health,
                ..Standing::default()
            }),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn dead() -> Health {
        Health::Quarantined {
            fingerprint: Fingerprint::from_bytes([0; 32]),
            why: "invalid_grant".to_owned(),
            at: Timestamp::default(),
        }
    }

    fn gone() -> Health {
        Health::LoggedOut {
            at: Timestamp::default(),
        }
    }

    #[track_caller]
    fn check(records: &[Record], label: Option<&str>, login: &LoginOrigin, replaced: Option<&str>) {
        let label = label.map(Label::from);
        let decision = place(
            records,
            &Newcomer {
                provider: &"p".into(),
                label: label.as_ref(),
                login: Some(login),
            },
        );
        let found = match &decision {
            Decision::New => None,
            Decision::Replace(fence) => Some(fence.id.as_str()),
        };
        assert_eq!(found, replaced);
    }

    #[test]
    fn the_same_identity_is_the_same_record() {
        let ada = login(Some("ada"), Some("team"));
        let records = [
            record("one", Some(login(Some("bob"), Some("team"))), Health::Ready),
            record("two", Some(ada.clone()), Health::Ready),
        ];
        check(&records, None, &ada, Some("two"));
        check(&records, Some("three"), &ada, Some("two"));
        check(&records, None, &login(Some("ada"), Some("other")), None);
    }

    #[test]
    fn an_identity_that_is_not_all_known_is_a_new_record() {
        let ada = login(Some("ada"), None);
        let records = [record("one", Some(ada.clone()), Health::Ready)];
        check(&records, None, &ada, None);
        check(&records, Some("one"), &ada, Some("one"));
    }

    #[test]
    fn a_label_names_the_living_before_the_logged_out() {
        let unknown = login(None, None);
        let out = Record {
            id: "out".into(),
            ..record("default", None, gone())
        };
        let living = record("default", Some(unknown.clone()), dead());
        check(&[out.clone(), living], Some("default"), &unknown, Some("default"));
        check(&[out], Some("default"), &unknown, Some("out"));
    }

    #[test]
    fn the_label_decides_before_the_identity() {
        let ada = login(Some("ada"), Some("team"));
        let records = [
            record("one", Some(login(Some("bob"), Some("team"))), Health::Ready),
            record("two", Some(ada.clone()), Health::Ready),
        ];
        check(&records, Some("one"), &ada, Some("one"));
    }

    #[test]
    fn a_login_without_a_label_replaces_the_only_one_that_needs_it() {
        let unknown = login(None, None);
        let ready = record("ready", Some(unknown.clone()), Health::Ready);
        let old = record("old", Some(unknown.clone()), dead());
        check(&[ready.clone(), old.clone()], None, &unknown, Some("old"));
        check(&[ready.clone(), old.clone()], Some("new"), &unknown, None);
        check(&[ready, record("out", None, gone())], None, &unknown, Some("out"));
        check(&[old, record("out", None, gone())], None, &unknown, Some("old"));
    }

    #[test]
    fn another_accounts_dead_grant_is_left_alone() {
        let records = [record("old", Some(login(Some("bob"), None)), dead())];
        check(&records, None, &login(Some("ada"), None), None);
        check(&records, None, &login(Some("bob"), None), Some("old"));
    }

    #[test]
    fn other_providers_do_not_count() {
        let mut other = record("old", Some(login(None, None)), dead());
        other.provider = "q".into();
        check(&[other], None, &login(None, None), None);
    }
}
