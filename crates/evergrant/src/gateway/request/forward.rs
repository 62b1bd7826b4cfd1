//! Hands a request to the driver, and its answer back, as they are.

use std::pin::pin;
use std::time::Duration;

use evergrant_driver::client::{AnswerBody, Call, Route, Trail};
use evergrant_driver::waited::waited;
use evergrant_driver::{Code, Driver, Failure, Guest, Label, ProviderId, Remedy};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::destination::{model_of, needs_model};
use super::model_terms::allowed;
use super::noted::Noted;
use super::received::Received;
use super::trail::{self, Unanswered, mark};
use crate::gateway::answer::GatewayBody;
use crate::gateway::answer::Gathered;
use crate::gateway::answer::InBand;
use crate::gateway::answer::KeepAlive;
use crate::gateway::answer::Surface;
use crate::gateway::tunnel::{Terms, Tunnel};

/// Whom a request's address names.
pub(super) struct Aim {
    /// The provider; `None` leaves the choice to the request's model.
    pub(super) provider: Option<ProviderId>,
    /// The one credential that will do; `None` leaves it to the header.
    pub(super) pin: Option<Label>,
}

/// Sends a request to whom it names: a provider, or whoever serves its model.
pub(super) async fn forward(
    driver: &Driver,
    guest: Guest,
    mut request: Request<Incoming>,
    aim: Aim,
    path: String,
    surface: Surface,
    noted: &mut Noted,
) -> Result<Response<GatewayBody>, Unanswered> {
    let none = |failure| (failure, Trail::default());
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let (parts, incoming) = request.into_parts();
    let mut body = driver.body(Received::new(incoming, noted));
    let mut spent = Duration::ZERO;
    if guest.is_held_to_models() {
        let mut allowed = Box::pin(allowed(&guest, &parts, &mut body, &path));
        let (allowed, took) = waited(allowed.as_mut()).await;
        allowed.map_err(none)?;
        spent = took;
    }
    let route = match aim.provider {
        Some(provider) => Route::Provider(provider),
        None => {
            let (named, took) = waited(pin!(body.model(&parts.headers))).await;
            spent += took;
            match named.map_err(none)?.or_else(|| model_of(&parts.method, &path)) {
                Some(model) => Route::Model(model),
                // A compressed body may name one, which only its provider can read.
                None if needs_model(&parts.method, &path) && !parts.headers.contains_key(CONTENT_ENCODING) => {
                    return Err(none(no_model(&path)));
                }
                None => Route::Any,
            }
        }
    };
    if let Route::Model(model) = &route {
        noted.asks_for(model);
    }
    let asked = parts.headers.get(&trail::CREDENTIAL);
    let asked = || asked.and_then(|label| label.to_str().ok()).map(Label::from);
    let pin = aim.pin.or_else(asked);
    let session = upgrade.as_ref().and_then(|_| model_of(&parts.method, &path));
    // What stands below a provider's base is the end of it.
    let asked = parts.uri.path_and_query().map_or(0, |asked| asked.as_str().len());
    let above = asked.saturating_sub(path.len());
    let call = Box::new(Call {
        request: Request::from_parts(parts, body),
        route,
        pin,
    });
    let mut answer = driver.send_as(guest.clone(), call, above).await?;
    mark(answer.response.headers_mut(), &answer.trail);
    answer.trail.spent.body += spent;
    noted.trail = answer.trail;
    if let Some(client) = upgrade
        && answer.response.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        let provider = hyper::upgrade::on(&mut answer.response);
        let terms = terms(driver, guest, &noted.trail, session);
        let open = noted.measures.tunnels.raise();
        let tunnel = Tunnel::new(client, provider, terms, open);
        answer.response.extensions_mut().insert(tunnel);
    }
    noted.is_stream = is_event_stream(answer.response.headers());
    Ok(dressed(answer.response, surface, noted.is_stream))
}

/// What its client is held to for as long as a WebSocket lasts, in the place of its key.
fn terms(driver: &Driver, guest: Guest, trail: &Trail, model: Option<String>) -> Terms {
    let (driver, provider) = (driver.clone(), trail.provider.clone().unwrap_or_else(|| "".into()));
    Box::new(move || driver.may_stay(&guest, &provider, model.as_deref()))
}

fn no_model(path: &str) -> Failure {
    let path = path.split('?').next().unwrap_or_default();
    let message = format!(
        "the body names no `model`, by which a request to `/v1{path}` finds its provider: it is JSON, or a form"
    );
    Failure::new(Code::ModelMissing, message).with_remedy(Remedy::Run {
        command: "evergrant models".to_owned(),
        why: format!("name one of these as `model`, or send it to one provider at `/p/PROVIDER{path}`"),
    })
}

fn dressed(answer: Response<AnswerBody>, surface: Surface, is_stream: bool) -> Response<GatewayBody> {
    let may_have_comments = is_stream && may_have_comments(answer.headers());
    answer.map(|body| {
        if may_have_comments {
            GatewayBody::Stream(Box::new(InBand::new(KeepAlive::new(Gathered::new(body)), surface)))
        } else {
            GatewayBody::Answer(body)
        }
    })
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let typed = headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes().trim_ascii_start());
    typed.is_some_and(|typed| {
        let kind = b"text/event-stream";
        typed
            .get(..kind.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(kind))
    })
}

/// Whether the bytes of an event stream can be told apart and its length is open.
fn may_have_comments(headers: &HeaderMap) -> bool {
    !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(CONTENT_ENCODING)
}
