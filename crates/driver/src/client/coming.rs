//! The part of a request's body that is still coming from the client.

use bytes::Bytes;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http_body_util::combinators::UnsyncBoxBody;

/// Whatever may go wrong with a body that is still coming.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The part of a body that is still coming.
pub(super) type Coming = UnsyncBoxBody<Bytes, BodyError>;

/// The failure of a client's body that broke off.
pub(super) fn broken(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Failure {
    Failure::new(Code::BodyBroken, "the request's body broke off or is malformed")
        .with_remedy(Remedy::ChangeRequest)
        .with_detail(error.to_string())
}
