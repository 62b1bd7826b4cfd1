//! Who may come in: the holder of a client key, and without one whoever is on this machine and no web page.

use evergrant_driver::{Driver, Failure, Guest, KeptOut};
use http::{HeaderMap, Uri};

use super::guard;

/// How a gateway is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Entrance {
    /// Whether others than this machine can reach it: then nobody comes in without a key.
    pub(in crate::gateway) is_open_to_others: bool,
}

impl Entrance {
    /// Lets a request in, or says why not.
    pub(in crate::gateway) async fn enter(
        self,
        driver: &Driver,
        uri: &Uri,
        headers: &HeaderMap,
        is_local_socket: bool,
    ) -> Result<Guest, KeptOut> {
        let guest = driver.let_in(uri, headers, self.is_open_to_others).await?;
        if guest.key_name().is_none() {
            guard::check(uri, headers, is_local_socket)?;
        }
        Ok(guest)
    }

    /// Lets somebody ask how it is here: no key is asked for, but no web page of this machine's user may ask either.
    pub(in crate::gateway) fn look_in(
        self,
        uri: &Uri,
        headers: &HeaderMap,
        is_local_socket: bool,
    ) -> Result<(), Failure> {
        if self.is_open_to_others {
            return Ok(());
        }
        guard::check(uri, headers, is_local_socket)
    }
}
