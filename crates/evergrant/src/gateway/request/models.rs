//! `GET /v1/models`: what all usable providers offer, as one list.

use std::collections::BTreeMap;

use bytes::Bytes;
use evergrant_driver::client::Route;
use evergrant_driver::{Account, Driver, Guest, ProviderId, model_list};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::trail::{Unanswered, mark};
use crate::gateway::answer::GatewayBody;

/// Asks every usable provider at once, as far as the guest may; one that does not answer is left out, unless none does.
pub(super) async fn models(
    driver: &Driver,
    guest: &Guest,
    headers: &HeaderMap,
) -> Result<Response<GatewayBody>, Unanswered> {
    let accounts = driver.accounts();
    let mut providers: Vec<ProviderId> = Vec::new();
    let may_be_asked = |account: &&Account| account.usable && guest.may_ask(&account.provider);
    for account in accounts.iter().filter(may_be_asked) {
        if !providers.contains(&account.provider) {
            providers.push(account.provider.clone());
        }
    }
    if providers.is_empty() {
        // Whoever is asked all the same is a probe, or says why nobody can be asked.
        let mut answer = driver
            .send_as(guest.clone(), Box::new(model_list(Route::Any, headers)), 0)
            .await?;
        mark(answer.response.headers_mut(), &answer.trail);
        return Ok(answer.response.map(GatewayBody::Answer));
    }
    let mut asking = JoinSet::new();
    for provider in providers.iter().cloned() {
        let (driver, headers) = (driver.clone(), headers.clone());
        asking.spawn(async move {
            let listed = driver.listed(Route::Provider(provider.clone()), &headers).await;
            (provider, listed)
        });
    }
    let (mut lists, mut unanswered) = (BTreeMap::new(), None);
    while let Some(asked) = asking.join_next().await {
        match asked {
            Ok((provider, Ok(list))) => {
                lists.insert(provider, list);
            }
            Ok((_, Err(failed))) => unanswered = unanswered.or(Some(failed)),
            Err(_) => {}
        }
    }
    match (lists.is_empty(), unanswered) {
        (true, Some(unanswered)) => Err(unanswered),
        (_, _) => Ok(union(&providers, lists, guest)),
    }
}

/// One list in the order of the providers, each model with the provider that offers it.
fn union(
    providers: &[ProviderId],
    mut lists: BTreeMap<ProviderId, Vec<Value>>,
    guest: &Guest,
) -> Response<GatewayBody> {
    let mut all = Vec::new();
    for provider in providers {
        for mut model in lists.remove(provider).unwrap_or_default() {
            if guest.is_held_to_models() && !model["id"].as_str().is_some_and(|id| guest.may_use(id)) {
                continue;
            }
            if let Value::Object(model) = &mut model {
                model.insert("provider".to_owned(), json!(provider.as_str()));
            }
            all.push(model);
        }
    }
    let text = json!({"object": "list", "data": all, "has_more": false}).to_string();
    let mut response = Response::new(GatewayBody::full(Bytes::from(text)));
    let typed = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, typed);
    response
}
