//! Hands a request to the driver, and its answer back, as they are.

use evergrant_driver::client::{Answer, AnswerBody, Call, Route, Trail};
use evergrant_driver::{Code, Driver, Failure, Label, ProviderId, Remedy};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;

use super::body::GatewayBody;
use super::destination::{model_of, needs_model};
use super::in_band::InBand;
use super::keep_alive::KeepAlive;
use super::surface::Surface;
use super::trail::{Unanswered, mark};
use super::tunnel::tunnel;

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
    mut request: Request<Incoming>,
    aim: Aim,
    path: &str,
    surface: Surface,
) -> Result<Response<GatewayBody>, Unanswered> {
    let none = |failure| (failure, Trail::default());
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let (mut parts, incoming) = request.into_parts();
    let mut body = driver.body(incoming);
    let route = match aim.provider {
        Some(provider) => Route::Provider(provider),
        None => {
            let named = body.model(&parts.headers).await.map_err(none)?;
            match named.or_else(|| model_of(path)) {
                Some(model) => Route::Model(model),
                // A compressed body may name one, which only its provider can read.
                None if needs_model(&parts.method, path) && !parts.headers.contains_key(CONTENT_ENCODING) => {
                    return Err(none(no_model(path)));
                }
                None => Route::Any,
            }
        }
    };
    let asked = parts.headers.get("x-evergrant-credential");
    let asked = || asked.and_then(|label| label.to_str().ok()).map(Label::from);
    let pin = aim.pin.or_else(asked);
    // The path was a part of an address already.
    parts.uri = Uri::try_from(path).unwrap_or_default();
    let call = Call {
        request: Request::from_parts(parts, body),
        route,
        pin,
    };
    let mut answer = driver.send(call).await?;
    mark(answer.response.headers_mut(), &answer.trail);
    if let Some(client) = upgrade
        && answer.response.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        let provider = hyper::upgrade::on(&mut answer.response);
        tokio::spawn(tunnel(client, provider));
    }
    Ok(dressed(answer, surface))
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

fn dressed(answer: Answer, surface: Surface) -> Response<GatewayBody> {
    let may_have_comments = may_have_comments(answer.response.headers());
    answer.response.map(|body: AnswerBody| {
        if may_have_comments {
            GatewayBody::Stream(Box::new(InBand::new(KeepAlive::new(body), surface)))
        } else {
            GatewayBody::Answer(body)
        }
    })
}

/// Whether it is an event stream whose bytes can be told apart and whose length is open.
fn may_have_comments(headers: &HeaderMap) -> bool {
    let typed = headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes().trim_ascii_start());
    let is_stream = typed.is_some_and(|typed| {
        let kind = b"text/event-stream";
        typed
            .get(..kind.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(kind))
    });
    is_stream && !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(CONTENT_ENCODING)
}
