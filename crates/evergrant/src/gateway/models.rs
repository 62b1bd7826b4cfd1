//! `GET /v1/models`: what all usable providers offer, as one list.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use evergrant_driver::client::{Answer, Body, Call, Route};
use evergrant_driver::{Code, Driver, Failure, ProviderId, Remedy};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::body::GatewayBody;
use super::trail::{Unanswered, mark};

/// Asks every usable provider at once; one that does not answer is left out, unless none does.
pub(super) async fn models(driver: &Driver, headers: &HeaderMap) -> Result<Response<GatewayBody>, Unanswered> {
    let accounts = driver.accounts();
    let mut providers: Vec<ProviderId> = Vec::new();
    for account in accounts.iter().filter(|account| account.usable) {
        if !providers.contains(&account.provider) {
            providers.push(account.provider.clone());
        }
    }
    if providers.is_empty() {
        // Whoever is asked all the same is a probe, or says why nobody can be asked.
        let mut answer = driver.send(question(Route::Any, headers)).await?;
        mark(answer.response.headers_mut(), &answer.trail);
        return Ok(answer.response.map(GatewayBody::Answer));
    }
    let mut asking = JoinSet::new();
    for provider in providers.iter().cloned() {
        let (driver, call) = (driver.clone(), question(Route::Provider(provider.clone()), headers));
        asking.spawn(async move { (provider, ask(&driver, call).await) });
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
        (_, _) => Ok(union(&providers, lists)),
    }
}

fn question(route: Route, headers: &HeaderMap) -> Call {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/models");
    *request.headers_mut() = headers.clone();
    // The list is read here, and its form must be one that can be.
    request.headers_mut().remove(http::header::ACCEPT_ENCODING);
    Call {
        request,
        route,
        pin: None,
    }
}

async fn ask(driver: &Driver, call: Call) -> Result<Vec<Value>, Unanswered> {
    let asked = async {
        let answer = driver.send(call).await?;
        list(answer).await
    };
    match timeout(TAKES_AT_MOST, asked).await {
        Ok(list) => list,
        Err(_) => Err((unlisted("did not come in time"), Default::default())),
    }
}

async fn list(answer: Answer) -> Result<Vec<Value>, Unanswered> {
    let Answer {
        response,
        trail,
        refusal,
        complaint,
    } = answer;
    if let Some(refusal) = refusal.or(complaint) {
        return Err((refusal, trail));
    }
    let Ok(whole) = Limited::new(response.into_body(), LIST_LENGTH).collect().await else {
        return Err((unlisted("broke off or is too long"), trail));
    };
    let read: Result<Value, _> = serde_json::from_slice(&whole.to_bytes());
    match read {
        Ok(Value::Object(mut object)) => match object.remove("data") {
            Some(Value::Array(models)) => Ok(models),
            Some(_) | None => Err((unlisted("has no models"), trail)),
        },
        Ok(_) | Err(_) => Err((unlisted("cannot be read"), trail)),
    }
}

/// One list in the order of the providers, each model with the provider that offers it.
fn union(providers: &[ProviderId], mut lists: BTreeMap<ProviderId, Vec<Value>>) -> Response<GatewayBody> {
    let mut all = Vec::new();
    for provider in providers {
        for mut model in lists.remove(provider).unwrap_or_default() {
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

fn unlisted(what: &str) -> Failure {
    Failure::new(Code::ServerError, format!("the provider's list of models {what}"))
        .with_remedy(Remedy::Wait { until: None })
}

/// 15 s: a list is short, and the others must not wait for the one provider that hangs.
const TAKES_AT_MOST: Duration = Duration::from_secs(15);

/// 8 MiB: the longest list known, an aggregator's, has 1 MiB.
const LIST_LENGTH: usize = 8 * 1024 * 1024;
