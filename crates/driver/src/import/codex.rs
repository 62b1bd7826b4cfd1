//! Codex: `auth.json` with `tokens` of a ChatGPT login, an `OPENAI_API_KEY`, or both (openai/codex, `login/src/auth/storage.rs`).
//!
//! It takes no lock, and a file whose `tokens` lack a refresh token cannot be read by it: a grant is taken out as a whole.

use serde_json::Value;

use super::found::{Contents, FoundGrant, FoundKey, secret, text, time};
use super::vessel::Place;

/// What the file holds.
pub(super) fn read(file: &Value) -> Result<Contents, String> {
    if !file.is_object() {
        return Err("is no object".to_owned());
    }
    let mut contents = Contents::default();
    if let Some(tokens) = file.get(TOKENS).filter(|tokens| !tokens.is_null()) {
        match secret(tokens, "access_token") {
            Some(access_token) => contents.grants.push(FoundGrant {
                entry: TOKENS.to_owned(),
                places: vec![Place::member(&[TOKENS])],
                provider: Some(GRANTS.to_owned()),
                issuer: None,
                client_id: None,
                access_token,
                refresh_token: secret(tokens, "refresh_token"),
                id_token: secret(tokens, "id_token"),
                expires_at: None,
                since: time(file, "last_refresh"),
                subject: None,
                account: text(tokens, "account_id").map(str::to_owned),
            }),
            None => contents
                .unusable
                .push((TOKENS.to_owned(), "holds no access token".to_owned())),
        }
    }
    if let Some(key) = secret(file, KEY) {
        contents.keys.push(FoundKey {
            entry: KEY.to_owned(),
            provider: KEYS.to_owned(),
            key,
        });
    }
    Ok(contents)
}

/// Without tokens and key it would be taken for a broken login.
pub(super) fn is_bare(file: &Value) -> bool {
    file.get(TOKENS).is_none_or(Value::is_null) && text(file, KEY).is_none()
}

const TOKENS: &str = "tokens";
const KEY: &str = "OPENAI_API_KEY";

/// The row of its logins.
const GRANTS: &str = "openai-codex";

/// The row of its keys.
const KEYS: &str = "openai";
