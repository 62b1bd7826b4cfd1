//! The device flow: a code for the user, and polls that cannot be cancelled half-way.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::Grant;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{DeviceCode, DevicePoll, PollStep, device_request, poll_endpoint};
use evergrant_engine::provider::{Endpoints, Flow};
use evergrant_engine::verdict::may_have_moved;
use evergrant_engine::wire::Reply;
use tokio::time::{Instant, sleep};
use url::Url;

use super::authorize::Authorized;
use super::choice::SignInEvent;
use super::exchange::exchange;
use super::session::{SignIn, joined, unreached};
use crate::http::ExchangeLimits;

/// Shows the user a code and polls until they have consented, or not.
pub(super) async fn by_device<T, K, F>(
    login: &Arc<SignIn>,
    endpoints: &Endpoints,
    deadline: Instant,
    events: &(dyn Fn(SignInEvent) + Send + Sync),
    keep: K,
) -> Result<T, Failure>
where
    T: Send + 'static,
    K: FnOnce(Grant, Flow) -> F + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let code = ask(login, endpoints).await?;
    events(SignInEvent::Device {
        user_code: code.user_code.clone(),
        verification_uri: code.verification_uri.clone(),
        verification_uri_complete: code.verification_uri_complete.clone(),
        expires_in: code.expires_in,
    });
    // Known from a moment ago, also where they had to be discovered again.
    let endpoint = poll_endpoint(&login.row, &login.endpoints().await?)?;
    let mut step = DevicePoll::begin(&login.row, code, &login.clock.now());
    let mut keep = keep;
    loop {
        let poll = match step {
            PollStep::Wait { after, then } => {
                let due = Instant::now() + after;
                if due > deadline {
                    return Err(login.too_late());
                }
                sleep(after).await;
                then
            }
            PollStep::Failed(failure) => return Err(failure),
            // `turn` settles these two where they cannot be lost.
            PollStep::Granted(_) | PollStep::Exchange { .. } => return Err(out_of_order()),
        };
        // The answer to a poll may be the grant, and no second poll would bring it again.
        let task = login
            .runtime
            .spawn(turn(Arc::clone(login), endpoint.clone(), poll, keep));
        match joined(task).await?? {
            Turn::Kept(kept) => return Ok(kept),
            Turn::On(next, given_back) => (step, keep) = (*next, given_back),
        }
    }
}

/// What a poll came to.
enum Turn<T, K> {
    /// It is done.
    Kept(T),
    /// It goes on.
    On(Box<PollStep>, K),
}

async fn turn<T, K, F>(login: Arc<SignIn>, endpoint: Url, poll: DevicePoll, keep: K) -> Result<Turn<T, K>, Failure>
where
    K: FnOnce(Grant, Flow) -> F,
    F: Future<Output = Result<T, Failure>>,
{
    let request = poll.request(&login.row, &endpoint)?;
    let answered = login.network.exchange(request, &login.row.hosts, LIMITS).await;
    let now = login.clock.now();
    let step = match answered {
        Ok(reply) => login.asked(&endpoint, &now).read_poll(poll, &reply),
        Err(broken) => poll.broken(&login.row, unreached("token endpoint", &endpoint, broken), &now),
    };
    let grant = match step {
        PollStep::Wait { .. } | PollStep::Failed(_) => return Ok(Turn::On(Box::new(step), keep)),
        PollStep::Granted(answer) => answer.into_grant(login.oauth()?, &endpoint, now),
        PollStep::Exchange {
            code,
            verifier,
            redirect_uri,
        } => {
            let authorized = Authorized {
                code,
                challenge: Some(verifier.challenge()),
                verifier,
                redirect_uri,
                nonce: None,
            };
            exchange(&login, authorized).await?
        }
    };
    keep(grant, Flow::Device).await.map(Turn::Kept)
}

/// Asks for a code; where the endpoint came from a cache and seems to have moved, once more at the new one.
async fn ask(login: &SignIn, endpoints: &Endpoints) -> Result<DeviceCode, Failure> {
    let mut endpoint = device_endpoint(login, endpoints)?;
    let mut reply = send(login, &endpoint).await?;
    if may_have_moved(&reply) {
        login.metadata.forget(&login.row);
        // If the issuer cannot be asked now, the answer at hand says more than that.
        let found = login.endpoints().await.and_then(|found| device_endpoint(login, &found));
        if let Ok(found) = found
            && found != endpoint
        {
            endpoint = found;
            reply = send(login, &endpoint).await?;
        }
    }
    login.asked(&endpoint, &login.clock.now()).read_device(&reply)
}

async fn send(login: &SignIn, endpoint: &Url) -> Result<Reply, Failure> {
    let request = device_request(&login.row, endpoint)?;
    let answered = login.network.exchange(request, &login.row.hosts, LIMITS).await;
    answered.map_err(|broken| unreached("device authorization endpoint", endpoint, broken))
}

fn device_endpoint(login: &SignIn, endpoints: &Endpoints) -> Result<Url, Failure> {
    endpoints.device_authorization.clone().ok_or_else(|| {
        Failure::new(
            Code::RowInvalid,
            format!("{} names no device authorization endpoint", login.row.id),
        )
    })
}

fn out_of_order() -> Failure {
    Failure::new(Code::Internal, "a device login began at its end")
}

/// A poll is small and answered at once; a provider that hangs is asked again.
const LIMITS: ExchangeLimits = ExchangeLimits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(20),
};
