//! Grok's command line: `auth.json` maps `ISSUER::CLIENT` to a login, `xai::api_key` to a key (xai-org/grok-build, `auth/model.rs`).
//!
//! It locks `auth.json.lock` while it renews. A login of the retired web form is not accepted by the API any more.

use serde_json::Value;

use super::found::{Contents, FoundGrant, FoundKey, secret, text, time};
use super::vessel::Place;

/// What the file holds.
pub(super) fn read(file: &Value) -> Result<Contents, String> {
    let entries = file.as_object().ok_or("is no object")?;
    let mut contents = Contents::default();
    for (name, login) in entries {
        let mode = text(login, "auth_mode").unwrap_or("oidc");
        let Some(token) = secret(login, "key") else {
            contents
                .unusable
                .push((name.clone(), "holds no access token".to_owned()));
            continue;
        };
        match mode {
            "api_key" => contents.keys.push(FoundKey {
                entry: name.clone(),
                provider: KEYS.to_owned(),
                key: token,
            }),
            "oidc" | "external" => {
                let named = name.split_once("::");
                let field = |field: &str| text(login, field).map(str::to_owned);
                contents.grants.push(FoundGrant {
                    entry: name.clone(),
                    places: vec![Place::member(&[name])],
                    provider: None,
                    issuer: field("oidc_issuer").or_else(|| named.map(|(issuer, _)| issuer.to_owned())),
                    client_id: field("oidc_client_id").or_else(|| named.map(|(_, client)| client.to_owned())),
                    access_token: token,
                    refresh_token: secret(login, "refresh_token"),
                    id_token: None,
                    expires_at: time(login, "expires_at"),
                    since: time(login, "create_time"),
                    subject: field("user_id"),
                    account: field("team_id").or_else(|| field("principal_id")),
                });
            }
            other => contents.unusable.push((
                name.clone(),
                format!("is a login of the form `{other}`, which is not known here"),
            )),
        }
    }
    Ok(contents)
}

/// The row of its keys.
const KEYS: &str = "xai";
