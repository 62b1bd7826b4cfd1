//! A tool that keeps a login of its own, beside a home that may use it.

use std::path::{Path, PathBuf};

use evergrant_driver::{Driver, Failure, Import, ImportWay, Imported, Tool};
use evergrant_engine::credential::{Grant, Material};
use evergrant_engine::store::Record;
use evergrant_sandbox::Config;
use evergrant_sandbox::client::HttpClient;
use serde_json::{Value, json};

use crate::renewal::scene::Scene;

/// Hermes with a login at the provider that the sandbox plays, and an open home that knows that provider.
pub(crate) struct Neighbours {
    pub(crate) scene: Scene,
    pub(crate) driver: Driver,
    /// What Hermes logged in to, as it was then.
    pub(crate) grant: Grant,
    folder: tempfile::TempDir,
    client: HttpClient,
}

impl Neighbours {
    pub(crate) async fn start(config: Config) -> Self {
        let (scene, driver) = Scene::logged_in(config).await;
        let (record, grant) = scene.grant();
        driver.remove(record.id.as_str()).await.unwrap();
        let neighbours = Self {
            scene,
            driver,
            grant,
            folder: tempfile::tempdir().unwrap(),
            client: HttpClient::new(),
        };
        let refresh = neighbours.grant.refresh_token.as_ref().unwrap().expose().clone();
        neighbours.write(&hermes(neighbours.grant.access_token.expose(), &refresh));
        neighbours
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("auth.json")
    }

    pub(crate) fn write(&self, tree: &Value) {
        std::fs::write(self.file(), tree.to_string()).unwrap();
    }

    pub(crate) fn tree(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    pub(crate) async fn import(&self, way: ImportWay) -> Result<Imported, Failure> {
        import(&self.driver, Tool::Hermes, &self.file(), way).await
    }

    /// Hermes renews its token, and writes it down if it is told to.
    pub(crate) async fn renews(&self, refresh_token: &str) -> Value {
        let issuer = self.grant.login.authority.issuer.clone().unwrap();
        let found = issuer.join("/.well-known/openid-configuration").unwrap();
        let found = self.client.get(found.as_str()).await.unwrap().json().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.grant.login.authority.client_id),
            ("refresh_token", refresh_token),
        ];
        let endpoint = found["token_endpoint"].as_str().unwrap();
        self.client.post_form(endpoint, &fields).await.unwrap().json().unwrap()
    }

    /// The same, written into its file.
    pub(crate) async fn renews_its_file(&self) -> Value {
        let tree = self.tree();
        let old = tree["providers"]["acme"]["tokens"]["refresh_token"].as_str().unwrap();
        let answer = self.renews(old).await;
        let (access, refresh) = (&answer["access_token"], &answer["refresh_token"]);
        self.write(&hermes(access.as_str().unwrap(), refresh.as_str().unwrap()));
        answer
    }

    /// The records that are not buried.
    pub(crate) fn living(&self) -> Vec<Record> {
        let mut records = self.scene.records();
        records.retain(|record| !matches!(record.material, Material::Gone));
        records
    }

    /// The one living record.
    pub(crate) fn only(&self) -> Record {
        let mut living = self.living();
        assert_eq!(living.len(), 1, "{living:?}");
        living.remove(0)
    }

    /// What stands beside the tool's file, by name.
    pub(crate) fn beside(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "auth.json" && name != "auth.lock")
            .collect();
        names.sort();
        names
    }
}

pub(crate) async fn import(driver: &Driver, tool: Tool, from: &Path, way: ImportWay) -> Result<Imported, Failure> {
    let import = Import {
        tool,
        from: Some(from.to_owned()),
        way,
    };
    driver.import(import).await
}

/// Hermes's file with one login, which stands in it twice, as it does there.
pub(crate) fn hermes(access_token: &str, refresh_token: &str) -> Value {
    json!({
        "version": 1,
        "active_provider": "acme",
        "updated_at": "2026-11-22T05:00:00.000000+00:00",
        "providers": {"acme": {
            "tokens": {"access_token": access_token, "refresh_token": refresh_token, "token_type": "Bearer"},
            "last_refresh": "2026-11-22T05:00:00Z",
            "auth_mode": "oauth_device_code",
        }},
        "credential_pool": {"acme": [{
            "id": "a1b2c3", "label": "user-1", "auth_type": "oauth", "source": "device_code", "priority": 0,
            "access_token": access_token, "refresh_token": refresh_token,
        }]},
    })
}
