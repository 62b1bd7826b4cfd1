//! A token that waits for its revocation, and who gave it, written down before it is sealed.

use std::borrow::Cow;

use evergrant_engine::credential::Authority;
use evergrant_engine::login::TokenHint;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::Revocation;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::unreadable::Unreadable;

/// Token and authority as bytes, to be sealed; wiped when dropped.
pub(in crate::store) fn write_revocation(revocation: &Revocation) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let token = revocation.token.expose();
    // Room for the whole, so that a growing buffer leaves no copies of the token behind: escapes may double it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(token.len() * 2 + 4 * 1_024));
    let wire = RevocationWire {
        token: token.into(),
        issuer: revocation.authority.issuer.as_ref().map(Url::to_string),
        client_id: revocation.authority.client_id.clone(),
        token_host: revocation.authority.token_host.clone(),
    };
    serde_json::to_writer(&mut *bytes, &wire).map_err(|_| Unreadable("revocation"))?;
    Ok(bytes)
}

/// Token and authority of those bytes.
pub(in crate::store) fn read_revocation(bytes: &[u8]) -> Result<(Secret<String>, Authority), Unreadable> {
    let unreadable = Unreadable("revocation");
    let wire: RevocationWire<'_> = serde_json::from_slice(bytes).map_err(|_| unreadable)?;
    let issuer = wire.issuer.as_deref().map(Url::parse).transpose();
    let authority = Authority {
        issuer: issuer.map_err(|_| unreadable)?,
        client_id: wire.client_id,
        token_host: wire.token_host,
    };
    Ok((Secret::new(wire.token.into_owned()), authority))
}

/// The hint of its word.
pub(in crate::store) fn read_hint(word: &str) -> Result<TokenHint, Unreadable> {
    [TokenHint::Refresh, TokenHint::Access]
        .into_iter()
        .find(|hint| hint.as_str() == word)
        .ok_or(Unreadable("hint of a revocation"))
}

#[derive(Serialize, Deserialize)]
struct RevocationWire<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    issuer: Option<String>,
    client_id: String,
    token_host: String,
}
