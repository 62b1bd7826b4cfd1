//! The status and the kind of error that a code is: the only place that chooses one.

use evergrant_driver::Code;
use http::StatusCode;

use super::surface::ErrorKind;

/// The kind of error that a code is.
pub(super) fn kind_of(code: Code) -> ErrorKind {
    status(code).1
}

/// The status: by the code where one is named, else by what would help, which the exit code tells.
pub(super) fn status(code: Code) -> (StatusCode, ErrorKind) {
    let named = STATUSES.iter().find(|(named, _, _)| *named == code);
    if let Some((_, status, kind)) = named {
        return (*status, *kind);
    }
    match code.exit() {
        // Only a login helps.
        3 => (StatusCode::UNAUTHORIZED, ErrorKind::Authentication),
        // Plan, money or policy: no retry helps.
        4 => (StatusCode::FORBIDDEN, ErrorKind::Permission),
        _ => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Server),
    }
}

/// Failures of the request itself, those that time alone mends, and ours.
const STATUSES: [(Code, StatusCode, ErrorKind); 14] = [
    (Code::UnknownModel, StatusCode::NOT_FOUND, ErrorKind::NotFound),
    (Code::UnknownPath, StatusCode::NOT_FOUND, ErrorKind::NotFound),
    (Code::UnknownProvider, StatusCode::NOT_FOUND, ErrorKind::NotFound),
    (Code::ModelMissing, StatusCode::BAD_REQUEST, ErrorKind::Request),
    (Code::BodyTooLarge, StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::TooLarge),
    (Code::BodyBroken, StatusCode::BAD_REQUEST, ErrorKind::Request),
    (Code::RequestMalformed, StatusCode::BAD_REQUEST, ErrorKind::Request),
    (Code::CrossSite, StatusCode::FORBIDDEN, ErrorKind::Permission),
    (
        Code::ClientKeyInvalid,
        StatusCode::UNAUTHORIZED,
        ErrorKind::Authentication,
    ),
    (Code::ClientKeyForbidden, StatusCode::FORBIDDEN, ErrorKind::Permission),
    (
        Code::ClientKeyLimited,
        StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::RateLimit,
    ),
    (Code::RateLimited, StatusCode::TOO_MANY_REQUESTS, ErrorKind::RateLimit),
    (Code::UsageLimited, StatusCode::TOO_MANY_REQUESTS, ErrorKind::RateLimit),
    (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, ErrorKind::Server),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: Code, expected: u16) {
        assert_eq!(status(code).0.as_u16(), expected, "{}", code.as_str());
    }

    #[test]
    fn the_status_says_what_would_help() {
        check(Code::NoCredential, 401);
        check(Code::GrantDead, 401);
        check(Code::NeedsLogin, 401);
        check(Code::NotEntitled, 403);
        check(Code::OutOfCredit, 403);
        check(Code::UsageLimited, 429);
        check(Code::RateLimited, 429);
        check(Code::Unreachable, 503);
        check(Code::OutcomeUnknown, 503);
        check(Code::LockHeld, 503);
        check(Code::UnknownModel, 404);
        check(Code::UnknownPath, 404);
        check(Code::BodyTooLarge, 413);
        check(Code::BodyBroken, 400);
        check(Code::RequestMalformed, 400);
        check(Code::CrossSite, 403);
        check(Code::Internal, 500);
    }
}
