//! The files of all three tools, in the shapes in which they write them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, ImportWay, Imported, ImportedHow, Tool};
use serde_json::{Value, json};

use super::scene::import;

/// A home that knows the built-in providers, and a tool's file.
pub(super) struct Desk {
    pub(super) driver: Driver,
    pub(super) folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("tool");
        std::fs::create_dir(&tool).unwrap();
        let home = Some(folder.path().join("home"));
        let variables =
            ["HERMES_HOME", "CODEX_HOME", "GROK_HOME"].map(|name| (name.to_owned(), tool.to_str().unwrap().to_owned()));
        let settings = Settings::load(home, variables).unwrap();
        Self {
            driver: Driver::open(settings).unwrap(),
            folder,
        }
    }

    pub(super) fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("tool/auth.json"), text).unwrap();
    }

    /// Imports from where the tool itself looks.
    async fn import(&self, tool: Tool, tree: &Value) -> Imported {
        self.write(&tree.to_string());
        let import = evergrant_driver::Import {
            tool,
            from: None,
            way: ImportWay::Borrow,
        };
        self.driver.import(import).await.unwrap()
    }

    /// Provider, kind, account and expiry of everything that is here.
    fn held(&self) -> Vec<(String, &'static str, Option<String>, Option<String>)> {
        let mut held: Vec<_> = self
            .driver
            .accounts()
            .into_iter()
            .map(|account| {
                (
                    account.provider.to_string(),
                    account.kind.as_str(),
                    account.account,
                    account.expires_at.map(|at| at.to_string()),
                )
            })
            .collect();
        held.sort();
        held
    }
}

/// A JWT with this payload.
fn jwt(payload: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload.to_string()))
}

fn told(imported: &Imported) -> Vec<(&str, &str)> {
    let told = imported.skipped.iter();
    told.map(|skipped| (skipped.entry.as_str(), skipped.why.as_str()))
        .collect()
}

#[tokio::test]
async fn codex() {
    let desk = Desk::new();
    let auth = json!({"chatgpt_account_id": "acc-1", "chatgpt_plan_type": "plus"});
    let access = json!({"iss": "https://auth.openai.com", "client_id": "app_EMoamEEZ73f0CkXaXp7hrann", "sub": "user",
        "exp": 4_102_444_800_i64, "https://api.openai.com/auth": auth});
    let tree = json!({
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": "sk-proj-0123456789",
        "tokens": {"id_token": jwt(&json!({"sub": "user"})), "access_token": jwt(&access), "refresh_token": "rt-1",
            "account_id": "acc-1"},
        "last_refresh": "2026-11-20T10:00:00.123456Z",
    });
    let imported = desk.import(Tool::Codex, &tree).await;
    assert_eq!(told(&imported), []);
    let expiry = Some("2100-01-01T00:00:00Z".to_owned());
    let grant = ("openai-codex".to_owned(), "borrowed", Some("acc-1".to_owned()), expiry);
    assert_eq!(desk.held(), [("openai".to_owned(), "api-key", None, None), grant]);
    // With a key alone, and the key once more.
    let imported = desk
        .import(
            Tool::Codex,
            &json!({"OPENAI_API_KEY": "sk-proj-0123456789", "tokens": null}),
        )
        .await;
    assert_eq!(imported.credentials[0].how, ImportedHow::Unchanged);
    assert_eq!(desk.held().len(), 2);
}

#[tokio::test]
async fn grok() {
    let desk = Desk::new();
    let login = |key: &str| {
        json!({"key": key, "auth_mode": "oidc", "create_time": "2026-11-20T10:00:00Z", "user_id": "u-1",
            "email": "user@example.com", "principal_type": "Team", "team_id": "team-1", "refresh_token": "rt-1",
            "expires_at": "2100-01-01T00:00:00Z", "oidc_issuer": "https://auth.x.ai",
            "oidc_client_id": "b1a00492-073a-47ea-816f-4c329264a828"})
    };
    let tree = json!({
        "https://auth.x.ai::b1a00492-073a-47ea-816f-4c329264a828": login("opaque-token"),
        "https://idp.acme.example::other": {"key": "t", "auth_mode": "oidc", "user_id": "u", "create_time": "2026-11-20T10:00:00Z"},
        "https://accounts.x.ai/sign-in": {"key": "web", "auth_mode": "web_login", "user_id": "u-1"},
        "xai::api_key": {"key": "xai-0123456789", "auth_mode": "api_key", "user_id": ""},
    });
    let imported = desk.import(Tool::Grok, &tree).await;
    let skipped: Vec<_> = told(&imported).into_iter().map(|(entry, _)| entry).collect();
    assert_eq!(
        skipped,
        ["https://idp.acme.example::other", "https://accounts.x.ai/sign-in"]
    );
    let expiry = Some("2100-01-01T00:00:00Z".to_owned());
    let grant = ("xai-oauth".to_owned(), "borrowed", Some("team-1".to_owned()), expiry);
    assert_eq!(desk.held(), [("xai".to_owned(), "api-key", None, None), grant]);
}

#[tokio::test]
async fn hermes() {
    let desk = Desk::new();
    let xai = jwt(&json!({"sub": "u-1", "team_id": "team-1", "exp": 4_102_444_800_i64}));
    let old = jwt(&json!({"sub": "u-1", "team_id": "team-1", "exp": 4_102_444_000_i64}));
    let second = jwt(&json!({"sub": "u-2", "team_id": "team-2", "exp": 4_102_444_800_i64}));
    let nous = jwt(&json!({"sub": "n-1", "scope": "inference:invoke", "exp": 4_102_444_800_i64}));
    let pooled = |id: &str, source: &str, token: &str| {
        json!({"id": id, "label": id, "auth_type": "oauth", "priority": 0, "source": source, "access_token": token,
            "refresh_token": format!("rt-{token}"), "last_status": null, "request_count": 0})
    };
    let tree = json!({
        "version": 1,
        "providers": {
            "xai-oauth": {"tokens": {"access_token": xai, "refresh_token": "rt", "id_token": ""}, "last_refresh": "2026-11-20T10:00:00Z",
                "discovery": {"token_endpoint": "https://auth.x.ai/oauth2/token"}, "auth_mode": "oauth_pkce"},
            "nous": {"portal_base_url": "https://portal.nousresearch.com", "client_id": "hermes-cli", "access_token": nous,
                "refresh_token": "rt-n", "obtained_at": "2026-11-01T10:00:00+00:00", "expires_at": "2026-11-01T11:00:00+00:00"},
            "qwen-oauth": {"access_token": "q", "refresh_token": "rt-q"},
        },
        "credential_pool": {
            // The login's copy in the pool, which lags behind; and one that was added by hand.
            "xai-oauth": [pooled("aaaaaa", "loopback_pkce", &old), pooled("bbbbbb", "manual:xai_pkce", &second)],
            "openai-api": [
                {"id": "cccccc", "auth_type": "api_key", "source": "manual", "access_token": "sk-0123456789"},
                {"id": "dddddd", "auth_type": "api_key", "source": "env:OPENAI_API_KEY"},
                {"id": "eeeeee", "auth_type": "api_key", "source": "manual", "access_token": "changeme"},
            ],
        },
    });
    let imported = desk.import(Tool::Hermes, &tree).await;
    let expiry = || Some("2100-01-01T00:00:00Z".to_owned());
    let grant = |provider: &str, account: &str| (provider.to_owned(), "borrowed", Some(account.to_owned()), expiry());
    let held = [
        grant("nous", "n-1"),
        ("openai".to_owned(), "api-key", None, None),
        grant("xai-oauth", "team-1"),
        grant("xai-oauth", "team-2"),
    ];
    assert_eq!(desk.held(), held);
    let skipped = told(&imported);
    assert_eq!(skipped.len(), 3, "{skipped:?}");
    assert_eq!(
        skipped[0],
        ("providers.qwen-oauth", "there is no provider `qwen-oauth` here")
    );
    assert!(
        skipped
            .iter()
            .any(|(entry, why)| entry.ends_with("#dddddd") && why.contains("--env OPENAI_API_KEY"))
    );
    assert!(
        skipped
            .iter()
            .any(|(entry, why)| entry.ends_with("#eeeeee") && why.contains("placeholder"))
    );
    let again = desk.import(Tool::Hermes, &tree).await;
    assert!(
        again.credentials.iter().all(|one| one.how == ImportedHow::Unchanged),
        "{again:?}"
    );
    assert_eq!(desk.held().len(), 4);
}

#[tokio::test]
async fn two_tools_with_one_login_make_one_record() {
    let desk = Desk::new();
    let token = jwt(&json!({"sub": "u-1", "team_id": "team-1", "exp": 4_102_444_800_i64}));
    desk.import(
        Tool::Hermes,
        &json!({"version": 1, "providers": {"xai-oauth": {"tokens": {"access_token": token}}}}),
    )
    .await;
    let newer = jwt(&json!({"sub": "u-1", "team_id": "team-1", "exp": 4_102_444_801_i64}));
    let name = "https://auth.x.ai::b1a00492-073a-47ea-816f-4c329264a828";
    let other = desk.folder.path().join("grok.json");
    std::fs::write(&other, json!({name: {"key": newer, "auth_mode": "oidc"}}).to_string()).unwrap();
    import(&desk.driver, Tool::Grok, &other, ImportWay::Borrow)
        .await
        .unwrap();
    let accounts = desk.driver.accounts();
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    assert_eq!(accounts[0].owner.as_deref(), Some("grok"));
}
