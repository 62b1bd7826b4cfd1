//! Provider rows that point at this sandbox, in the form of `providers.d/NAME.toml`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use toml::Value;

use crate::world::World;

/// A row that logs in by OAuth.
pub(crate) fn oauth(world: &World, address: SocketAddr, id: &str) -> String {
    let config = world.config();
    let mut row = head(world, address, id);
    let client_id = config.client_ids.first().cloned().unwrap_or_default();
    row.push_str("auth = \"oauth\"\n\n[oauth]\n");
    for (key, value) in [
        ("issuer", world.origin.clone()),
        ("client_id", client_id),
        (
            "scope",
            String::from("openid profile email offline_access grok-cli:access api:access"),
        ),
        ("redirect", String::from("http://127.0.0.1:0/callback")),
    ] {
        line(&mut row, key, value.into());
    }
    let flows = ["browser", "device", "paste"].map(Value::from);
    line(&mut row, "flows", flows.to_vec().into());
    row.push_str("authorize_params = { plan = \"generic\" }\n");
    if config.require_challenge_at_token {
        row.push_str("quirks = [\"echo-code-challenge\"]\n");
    }
    let grace = i64::try_from(config.reuse_grace_secs).unwrap_or(i64::MAX);
    line(&mut row, "reuse_grace_secs", grace.into());
    row.push_str("terminal = [\"invalid_grant\"]\n");
    row
}

/// A row that takes an API key.
pub(crate) fn api_key(world: &World, address: SocketAddr, id: &str) -> String {
    let mut row = head(world, address, id);
    row.push_str("auth = \"api-key\"\nheader = \"authorization\"\n");
    let variable = id
        .to_uppercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let variables = vec![Value::from(format!("{variable}_API_KEY"))];
    line(&mut row, "key_env", variables.into());
    row
}

fn head(world: &World, address: SocketAddr, id: &str) -> String {
    let mut row = String::new();
    let models: Vec<Value> = world
        .config()
        .models
        .iter()
        .map(|model| Value::from(model.as_str()))
        .collect();
    line(&mut row, "id", id.into());
    line(&mut row, "name", format!("Sandbox ({id})").into());
    line(&mut row, "base_url", format!("{}/v1", world.origin).into());
    line(&mut row, "hosts", vec![Value::from(address.ip().to_string())].into());
    line(&mut row, "models", models.into());
    line(&mut row, "probe", "/models".into());
    row
}

fn line(row: &mut String, key: &str, value: Value) {
    // Writing to a string cannot fail.
    let _ = writeln!(row, "{key} = {value}");
}
