//! Which path of the authorization server is which.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{authorize, device, discovery, revoke, token};
use crate::received::Received;
use crate::reply::{self, Answer};
use crate::world::World;

/// The answer of the authorization server.
pub(crate) async fn answer(world: &Arc<World>, received: &Received) -> Answer {
    let get = received.method == Method::GET;
    let post = received.method == Method::POST;
    match received.path.as_str() {
        "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" if get => {
            Ok(discovery::document(world, received))
        }
        "/jwks" if get => Ok(reply::json(200, &json!({"keys": []}))),
        "/oauth2/authorize" if get || post => Ok(authorize::request(world, received)),
        "/oauth2/consent" if post => Ok(authorize::decide(world, received)),
        "/oauth2/token" if post => token::request(world, received).await,
        "/oauth2/device/code" if post => Ok(device::start(world, received)),
        "/device" if get => Ok(device::page(world, received)),
        "/device" if post => Ok(device::decide(world, received)),
        "/oauth2/revoke" if post => Ok(revoke::request(world, received)),
        path => Ok(reply::oauth_error(
            404,
            "invalid_request",
            &format!(
                "unrecognized route or not allowed method ({} on {path})",
                received.method
            ),
        )),
    }
}
