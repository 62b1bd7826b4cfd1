//! After a 101: bytes go both ways until one side ends.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tracing::debug;

/// Joins the two connections once both have left HTTP.
pub(super) async fn tunnel(client: OnUpgrade, provider: OnUpgrade) {
    let (client, provider) = match tokio::join!(client, provider) {
        (Ok(client), Ok(provider)) => (client, provider),
        (Err(error), _) | (_, Err(error)) => {
            debug!(%error, "an upgrade did not come about");
            return;
        }
    };
    if let Err(error) = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(provider)).await {
        debug!(%error, "an upgraded connection broke off");
    }
}
