//! A whole login: endpoints, flow, the user, the exchange, and what keeps its result.

use std::future::Future;
use std::sync::Arc;

use evergrant_engine::credential::Grant;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::Flow;
use tokio::time::Instant;

use super::authorize::authorize;
use super::choice::choose;
use super::device::by_device;
use super::exchange::exchange;
use super::session::{Person, SignIn, joined};

/// Logs in and hands the grant to `keep`, whose answer is the result.
///
/// Dropping the future abandons the login as long as nothing has been sent that could yield a grant; from then on
/// exchange and `keep` run to their end on the login's own runtime.
pub async fn sign_in<T, K, F>(login: SignIn, person: Person<'_>, keep: K) -> Result<T, Failure>
where
    T: Send + 'static,
    K: FnOnce(Grant, Flow) -> F + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let login = Arc::new(login);
    let oauth = login.oauth()?;
    let deadline = Instant::now() + login.options.timeout;
    let endpoints = login.metadata.endpoints(&login.row, &login.network).await?;
    let flow = choose(&login.row, oauth, &endpoints, &login.options)?;
    match flow {
        Flow::Browser | Flow::Paste => {
            let waiting = authorize(&login, &endpoints, flow, person);
            let authorized = login.in_time(deadline, waiting).await?;
            let finishing = Arc::clone(&login);
            let task = login.runtime.spawn(async move {
                let grant = exchange(&finishing, authorized).await?;
                keep(grant, flow).await
            });
            joined(task).await?
        }
        Flow::Device => by_device(&login, &endpoints, deadline, person.events, keep).await,
    }
}
