//! A home with a store in it, and records to fill it with.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::home::Home;
use evergrant_driver::store::{Commit, Draft, Mode, Placement, SqliteStore, Store, StoreFault};
use evergrant_driver::vault::{KeySource, Vault};
use evergrant_engine::credential::{Authority, CredentialId, Fence, Grant, Label, LoginOrigin, Material, ProviderId};
use evergrant_engine::failure::Code;
use evergrant_engine::provider::Flow;
use evergrant_engine::secret::{Fingerprint, Secret};
use evergrant_engine::store::{Claim, ClaimOwner, ClaimState, LastError, Owner, Record, Source, Standing};
use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};
use evergrant_engine::vocabulary::{Channel, Verdict};

/// Whoever can open one store again and again, each time as another process would.
pub(crate) trait Bench {
    /// Opens it to read and write.
    fn open(&self) -> Arc<dyn Store>;
}

/// A SQLite store in a home that goes with the test.
pub(crate) struct SqliteBench {
    _directory: tempfile::TempDir,
    pub(crate) home: Home,
}

impl SqliteBench {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        evergrant_driver::store::open(&home, &KeySource::File, Mode::Create).unwrap();
        Self {
            _directory: directory,
            home,
        }
    }

    /// The files as they are now, as a kill would leave them. Copied by another process: to open and close them in this
    /// one would drop SQLite's locks.
    pub(crate) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        let copied = Command::new("cp")
            .arg("-a")
            .arg(self.home.root())
            .arg(home.root())
            .status()
            .unwrap();
        assert!(copied.success());
        Self {
            _directory: directory,
            home,
        }
    }

    pub(crate) fn try_open(&self, mode: Mode) -> Result<SqliteStore, StoreFault> {
        SqliteStore::open(&self.home, &Vault::unlock(&self.home, &KeySource::File)?, mode)
    }

    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}{ending}", self.home.database().display()))
    }

    pub(crate) fn journal(&self, id: &CredentialId) -> PathBuf {
        self.home.locks().join(format!("{id}.journal"))
    }
}

impl Bench for SqliteBench {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.try_open(Mode::ReadWrite).unwrap())
    }
}

pub(crate) fn moment(secs: i64) -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000 + secs),
        boot: BootTime::from_millis(u64::try_from(secs).unwrap() * 1_000 + 7),
        boot_id: BootId::from("boot"),
    }
}

pub(crate) fn grant(access: &str, refresh: Option<&str>) -> Material {
    Material::Grant(Box::new(Grant {
        access_token: Secret::from(access),
        refresh_token: refresh.map(Secret::from),
        id_token: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        obtained: moment(0),
        lifetime: Some(Duration::from_secs(3_600)),
        login: LoginOrigin {
            authority: Arc::new(Authority {
                issuer: None,
                client_id: "client".to_owned(),
                token_host: "auth.example".to_owned(),
            }),
            subject: None,
            account: None,
            at: moment(0).wall,
        },
    }))
}

pub(crate) fn draft(provider: &str, label: Option<&str>, material: Material) -> Draft {
    Draft {
        provider: ProviderId::from(provider),
        label: label.map(Label::from),
        source: Source::Login(Flow::Browser),
        material,
        at: moment(0).wall,
        entropy: u128::from_le_bytes(evergrant_driver::entropy::random().unwrap()),
    }
}

/// A record with a grant whose tokens are `access-1` and `refresh-1`.
pub(crate) fn placed(store: &dyn Store) -> Record {
    let draft = draft("acme", None, grant("access-1", Some("refresh-1")));
    store.place(&draft, &Placement::New).unwrap()
}

pub(crate) fn fingerprint(store: &dyn Store, token: &str) -> Fingerprint {
    store.fingerprint_key().fingerprint(&Secret::from(token))
}

pub(crate) fn owner(attempt: u128) -> ClaimOwner {
    ClaimOwner {
        attempt,
        process: Owner {
            pid: 17,
            host: "host".to_owned(),
            since: moment(3).wall,
        },
    }
}

pub(crate) fn claim(store: &dyn Store, record: &Record, token: &str, attempt: u128) -> Claim {
    Claim {
        fingerprint: fingerprint(store, token),
        credential: record.id.clone(),
        generation: record.generation,
        owner: owner(attempt),
        claimed: moment(3),
        sent: None,
        sends: 0,
        state: ClaimState::Open,
    }
}

pub(crate) fn commit(store: &dyn Store, from: Fence, spent: &str, access: &str, refresh: &str) -> Commit {
    Commit {
        from,
        provider: "p".into(),
        label: "default".into(),
        spent: fingerprint(store, spent),
        material: grant(access, Some(refresh)),
        standing: Standing {
            strikes: 9,
            ..Standing::default()
        },
        at: moment(4).wall,
    }
}

pub(crate) fn last_error(record: &Record) -> LastError {
    LastError {
        verdict: Verdict::GrantDead,
        channel: Channel::Token,
        code: Code::GrantDead,
        signal: "rfc6749-invalid-grant".to_owned(),
        file: "built-in:token.toml".to_owned(),
        line: 12,
        at: moment(5).wall,
        generation: record.generation,
        fragment: "invalid_grant".to_owned(),
    }
}

pub(crate) fn access_token(record: &Record) -> &str {
    match &record.material {
        Material::Grant(grant) => grant.access_token.expose(),
        other => panic!("no grant: {other:?}"),
    }
}

pub(crate) fn refresh_token(record: &Record) -> Option<&str> {
    match &record.material {
        Material::Grant(grant) => grant.refresh_token.as_ref().map(|token| token.expose().as_str()),
        other => panic!("no grant: {other:?}"),
    }
}

#[cfg(unix)]
pub(crate) fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn make_private(_path: &std::path::Path) {}
