//! Writes the JSON Web Tokens that stand for grants (RFC 7519); nothing here ever reads one back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// A compact JWS over the claims, signed with HMAC-SHA-256.
pub(crate) fn sign(claims: &Value, key: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(HEADER);
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = format!("{head}.{body}");
    let signature = match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(signed.as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    };
    format!("{signed}.{signature}")
}

/// The JOSE header; clients take these tokens as opaque, so a symmetric signature is enough.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"sandbox-1"}"#;
