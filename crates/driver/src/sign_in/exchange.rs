//! The exchange of a code for a grant, on a runtime that no caller can end.

use std::time::Duration;

use evergrant_engine::credential::Grant;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{exchange as exchange_request, exchange_timeout};
use evergrant_engine::verdict::may_have_moved;
use evergrant_engine::wire::Reply;
use url::Url;

use super::authorize::Authorized;
use super::session::{SignIn, unreached};
use crate::http::ExchangeLimits;

/// Exchanges the code; where the endpoint came from a cache and seems to have moved, once more at the new one.
pub(super) async fn exchange(login: &SignIn, authorized: Authorized) -> Result<Grant, Failure> {
    let mut endpoint = login.token_endpoint().await?;
    let mut reply = send(login, &authorized, &endpoint).await?;
    if may_have_moved(&reply) {
        login.metadata.forget(&login.row);
        // If the issuer cannot be asked now, the answer at hand says more than that.
        if let Ok(found) = login.token_endpoint().await
            && found != endpoint
        {
            endpoint = found;
            reply = send(login, &authorized, &endpoint).await?;
        }
    }
    let now = login.clock.now();
    let sent = [&authorized.code];
    let answer = login.asked(&endpoint, &now).read_exchange(&reply, &sent)?;
    if let Some(nonce) = &authorized.nonce
        && !answer.answers(nonce)
    {
        return Err(Failure::new(
            Code::TokenExchangeInvalid,
            format!("the identity token from `{endpoint}` belongs to another login"),
        ));
    }
    Ok(answer.into_grant(login.oauth()?, &endpoint, now))
}

async fn send(login: &SignIn, authorized: &Authorized, endpoint: &Url) -> Result<Reply, Failure> {
    let request = exchange_request(
        &login.row,
        endpoint,
        &authorized.code,
        &authorized.verifier,
        authorized.challenge.as_ref(),
        &authorized.redirect_uri,
    )?;
    let limits = ExchangeLimits {
        connect: CONNECT,
        total: exchange_timeout(login.oauth()?),
    };
    let answered = login.network.exchange(request, &login.row.hosts, limits).await;
    answered.map_err(|broken| unreached("token endpoint", endpoint, broken))
}

/// Name, TCP, proxy and TLS take a second at worst; a code waits a minute.
const CONNECT: Duration = Duration::from_secs(5);
