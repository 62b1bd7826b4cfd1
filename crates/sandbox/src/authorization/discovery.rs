//! The metadata document (OpenID Connect Discovery 1.0, RFC 8414).

use axum::body::Body;
use http::Response;
use serde_json::{Value, json};

use crate::received::Received;
use crate::reply;
use crate::scenario::{DiscoveryFault, Hit, Probe};
use crate::world::World;

/// The document, or what a scenario makes of it.
pub(super) fn document(world: &World, received: &Received) -> Response<Body> {
    world.counters().discoveries += 1;
    let probe = Probe {
        path: &received.path,
        ..Probe::default()
    };
    let mut document = metadata(&world.origin);
    let hit: Option<Hit<DiscoveryFault>> = world.strike(&probe, received.sequence);
    if let Some(hit) = hit {
        match hit.fault {
            DiscoveryFault::Html => return reply::page(200, PAGE),
            DiscoveryFault::Error500 => {
                return reply::oauth_error(500, "server_error", "oops! something went wrong");
            }
            DiscoveryFault::WrongIssuer => {
                document["issuer"] = json!(hit.parameters.text("issuer", "https://auth.example.com"));
            }
            DiscoveryFault::ForeignEndpoint => {
                let foreign = "https://evil.example.com/oauth2/token";
                document["token_endpoint"] = json!(hit.parameters.text("endpoint", foreign));
            }
        }
    }
    reply::json(200, &document)
}

fn metadata(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/oauth2/authorize"),
        "token_endpoint": format!("{origin}/oauth2/token"),
        "device_authorization_endpoint": format!("{origin}/oauth2/device/code"),
        "revocation_endpoint": format!("{origin}/oauth2/revoke"),
        "jwks_uri": format!("{origin}/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
        "scopes_supported": [
            "openid", "profile", "email", "offline_access", "grok-cli:access", "api:access",
        ],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// What a captive portal or a maintenance page answers.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to \
     the network</h1></body></html>";
