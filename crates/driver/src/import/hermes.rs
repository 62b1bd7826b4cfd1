//! Hermes: `auth.json` with `providers.ID` and `credential_pool.ID[]` (NousResearch/hermes-agent, `hermes_cli/auth.py`).
//!
//! A login stands under `providers`, and once more in the pool, which is seeded from there; what was added by hand stands
//! in the pool alone. It locks `auth.lock` while it writes, and goes on reading the file while it runs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::found::{Contents, FoundGrant, FoundKey, secret, text, time};
use super::vessel::Place;
use crate::settings::Environment;

/// What the file holds.
pub(super) fn read(file: &Value) -> Result<Contents, String> {
    let version = file.get("version").map_or(Some(VERSION), Value::as_u64);
    if version.is_none_or(|version| version > VERSION) {
        return Err(format!("is of a version that is not known here; {VERSION} is"));
    }
    let (providers, pool) = (file.get(PROVIDERS), file.get(POOL));
    if !providers.is_some_and(Value::is_object) && !pool.is_some_and(Value::is_object) {
        return Err(format!("has neither `{PROVIDERS}` nor `{POOL}`"));
    }
    let mut contents = Contents::default();
    for (id, state) in members(providers) {
        let tokens = state.get("tokens").filter(|tokens| tokens.is_object()).unwrap_or(state);
        if let Some(access_token) = secret(tokens, "access_token") {
            let entry = format!("{PROVIDERS}.{id}");
            let place = Place::member(&[PROVIDERS, id]);
            contents.grants.push(FoundGrant {
                since: time(state, "obtained_at").or_else(|| time(state, "last_refresh")),
                ..grant(entry, place, id, access_token, [tokens, state])
            });
        }
    }
    for (id, elements) in members(pool) {
        for element in elements.as_array().into_iter().flatten() {
            pooled(&mut contents, id, element);
        }
    }
    Ok(contents)
}

/// The store that its profiles share, and the stores of the profiles.
pub(super) fn copies_of(file: &Path, environment: &Environment) -> Vec<PathBuf> {
    let Some(home) = file.parent() else {
        return Vec::new();
    };
    let shared = environment
        .value("HERMES_SHARED_AUTH_DIR")
        .map_or_else(|| home.join("shared"), PathBuf::from);
    let profiles = std::fs::read_dir(home.join("profiles")).into_iter().flatten();
    let mut copies: Vec<_> = profiles
        .filter_map(|profile| Some(profile.ok()?.path().join("auth.json")))
        .collect();
    copies.sort();
    copies.insert(0, shared.join("nous_auth.json"));
    copies
}

fn pooled(contents: &mut Contents, id: &str, element: &Value) {
    let number = text(element, "id").unwrap_or_default();
    let entry = format!("{POOL}.{id}#{number}");
    let source = text(element, "source").unwrap_or("manual");
    let Some(token) = secret(element, "access_token") else {
        if let Some(variable) = source.strip_prefix("env:") {
            let why = format!(
                "is read from `{variable}`: `evergrant add {} --env {variable}` does the same",
                row_of(id)
            );
            contents.unusable.push((entry, why));
        } else if text(element, "auth_type") == Some("oauth") {
            contents.unusable.push((entry, "holds no access token".to_owned()));
        }
        return;
    };
    if number.is_empty() {
        contents.unusable.push((entry, "has no `id`".to_owned()));
        return;
    }
    if text(element, "auth_type") != Some("oauth") {
        contents.keys.push(FoundKey {
            entry,
            provider: row_of(id).to_owned(),
            key: token,
        });
        return;
    }
    let place = Place::element(&[POOL, id], number);
    let found = grant(entry, place.clone(), id, token, [element, element]);
    let by_hand = source == "manual" || source.starts_with("manual:");
    let same = |known: &&mut FoundGrant| {
        known.provider.as_deref() == Some(row_of(id))
            && (known.refresh_token.is_some() && known.refresh_token == found.refresh_token
                || known.access_token == found.access_token
                || !by_hand && known.entry == format!("{PROVIDERS}.{id}"))
    };
    match contents.grants.iter_mut().find(same) {
        None => contents.grants.push(found),
        Some(known) => {
            known.places.push(place);
            // Two copies of one login, of which one may lag behind: the one that lasts longer is the newer.
            if found.expires_at > known.expires_at {
                let kept = (known.entry.clone(), known.places.clone(), known.since);
                *known = found;
                (known.entry, known.places, known.since) = kept;
            }
        }
    }
}

fn grant(
    entry: String,
    place: Place,
    id: &str,
    access_token: evergrant_engine::secret::Secret<String>,
    at: [&Value; 2],
) -> FoundGrant {
    let field = |name: &str| at.iter().find_map(|value| text(value, name)).map(str::to_owned);
    let moment = |name: &str| at.iter().find_map(|value| time(value, name));
    let told = evergrant_engine::login::expiry_of(access_token.expose());
    FoundGrant {
        entry,
        places: vec![place],
        provider: Some(row_of(id).to_owned()),
        issuer: None,
        client_id: field("client_id"),
        refresh_token: at.iter().find_map(|value| secret(value, "refresh_token")),
        id_token: at.iter().find_map(|value| secret(value, "id_token")),
        expires_at: told
            .or_else(|| moment("expires_at"))
            .or_else(|| moment("expires_at_ms")),
        since: None,
        subject: None,
        account: field("account_id"),
        access_token,
    }
}

fn members(section: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    section.and_then(Value::as_object).into_iter().flatten()
}

/// The row that is meant; where Hermes has a name of its own for a provider, ours.
fn row_of(id: &str) -> &str {
    ALIASES
        .iter()
        .find_map(|(theirs, ours)| (*theirs == id).then_some(*ours))
        .unwrap_or(id)
}

const PROVIDERS: &str = "providers";
const POOL: &str = "credential_pool";

/// The one version that there has been; a newer one may mean something else by the same words.
const VERSION: u64 = 1;

/// Hermes's names for providers, where ours differ.
const ALIASES: [(&str, &str); 3] = [
    ("openai-api", "openai"),
    ("kimi-coding", "kimi"),
    ("alibaba", "dashscope"),
];
