//! Token revocation (RFC 7009).

use axum::body::Body;
use bytes::Bytes;
use http::Response;

use super::client::{authenticate, missing};
use crate::received::Received;
use crate::reply;
use crate::world::World;

/// Revokes a token; one that is not known is a success too (RFC 7009 section 2.2).
pub(super) fn request(world: &World, received: &Received) -> Response<Body> {
    world.counters().revocations += 1;
    let (form, client_id) = match authenticate(world, received) {
        Ok(found) => found,
        Err(refused) => return *refused,
    };
    if let Some(refused) = missing(&form, &["token"]) {
        return refused;
    }
    let ends_login = world.config().revocation_ends_login;
    let revoked = {
        let mut books = world.books();
        let before = books.families_revoked();
        books.revoke(form.text("token"), &client_id, ends_login);
        books.families_revoked() - before
    };
    world.counters().families_revoked += revoked;
    reply::no_store(reply::plain(200, "text/plain; charset=utf-8", Bytes::new()))
}
