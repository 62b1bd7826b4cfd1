//! Who may come in: the holder of a client key, and without one whoever is on this machine and no web page.

use evergrant_driver::{Driver, Failure, Guest};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use super::guard;

/// How a gateway is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entrance {
    /// Whether others than this machine can reach it: then nobody comes in without a key.
    pub(super) is_open_to_others: bool,
}

impl Entrance {
    /// Lets a request in, or says why not.
    pub(super) async fn enter(
        self,
        driver: &Driver,
        uri: &Uri,
        headers: &HeaderMap,
        is_local_socket: bool,
    ) -> Result<Guest, Failure> {
        let guest = driver.let_in(&shown(headers), self.is_open_to_others).await?;
        if guest.key_name().is_none() {
            guard::check(uri, headers, is_local_socket)?;
        }
        Ok(guest)
    }

    /// Lets somebody ask how it is here: no key is asked for, but no web page of this machine's user may ask either.
    pub(super) fn look_in(self, uri: &Uri, headers: &HeaderMap, is_local_socket: bool) -> Result<(), Failure> {
        if self.is_open_to_others {
            return Ok(());
        }
        guard::check(uri, headers, is_local_socket)
    }
}

/// Everything that is shown in the places where clients carry their keys; a text that is no header text is no key either.
fn shown(headers: &HeaderMap) -> Vec<&str> {
    let bearer = |value: &'_ str| -> Option<usize> {
        let (scheme, _) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(scheme.len() + 1)
    };
    let mut shown = Vec::new();
    for value in headers.get_all(AUTHORIZATION) {
        let value = value.to_str().unwrap_or_default();
        shown.extend(bearer(value).map(|at| value[at..].trim()));
    }
    for name in KEY_HEADERS {
        let values = headers.get_all(name).iter();
        shown.extend(values.filter_map(|value| value.to_str().ok()).map(str::trim));
    }
    shown.retain(|text| !text.is_empty());
    shown
}

/// Where clients of the other APIs carry their keys.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "x-goog-api-key"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_shown_in_three_places() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer one"),
            ("authorization", "bearer  two "),
            ("authorization", "Basic no"),
            ("authorization", "Bearer"),
            ("x-api-key", "three"),
            ("x-goog-api-key", "four"),
            ("x-api-key", ""),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        assert_eq!(shown(&headers), ["one", "two", "three", "four"]);
    }
}
