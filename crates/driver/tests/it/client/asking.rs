//! Requests as a caller makes them, and answers read to their end.

use bytes::Bytes;
use evergrant_driver::client::{Answer, Body, Call, Route, Trail};
use evergrant_driver::{Driver, Failure, Label};
use evergrant_engine::recovery::attempt::replay;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::renewal::scene::Scene;

/// An answer read to its end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Whether the body broke off.
    pub(crate) broke: bool,
    pub(crate) trail: Trail,
    pub(crate) refusal: Option<Failure>,
}

/// A chat completion at the provider that the sandbox plays.
pub(crate) fn chat() -> Call {
    post(
        "/chat/completions",
        &json!({"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]}),
    )
}

/// The same as a stream.
pub(crate) fn streamed(path: &str) -> Call {
    post(
        path,
        &json!({"model": "grok-4.3", "stream": true, "max_tokens": 64, "input": "hello",
            "messages": [{"role": "user", "content": "hello"}]}),
    )
}

pub(crate) fn post(path: &str, body: &serde_json::Value) -> Call {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::full(Bytes::from(body.to_string())))
        .unwrap();
    Call {
        request,
        route: Route::Provider("acme".into()),
        pin: None,
    }
}

/// The same call to another provider.
pub(crate) fn to(provider: &str, call: Call) -> Call {
    Call {
        route: Route::Provider(provider.into()),
        ..call
    }
}

/// The same call with one credential only.
pub(crate) fn pinned(label: &str, call: Call) -> Call {
    Call {
        pin: Some(Label::from(label)),
        ..call
    }
}

/// Sends and reads to the end.
pub(crate) async fn ask(driver: &Driver, call: Call) -> Result<Told, (Failure, Trail)> {
    Ok(read(driver.send(call).await?).await)
}

pub(crate) async fn read(answer: Answer) -> Told {
    let (head, mut body) = answer.response.into_parts();
    let (mut bytes, mut broke) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Err(_) => broke = true,
        }
    }
    Told {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes).unwrap(),
        broke,
        trail: answer.trail,
        refusal: answer.refusal,
    }
}

/// A good answer.
#[track_caller]
pub(crate) fn good(told: Result<Told, (Failure, Trail)>) -> Told {
    let told = told.expect("an answer");
    assert_eq!(told.status, 200, "{told:?}");
    assert!(!told.broke && told.refusal.is_none(), "{told:?}");
    told
}

/// Holds every recorded step of every request against the machine again.
pub(crate) fn replay_all(scene: &Scene) -> usize {
    let runs = scene.attempts.lock().unwrap();
    for run in runs.iter() {
        replay(run).unwrap_or_else(|parted| panic!("the machine decides otherwise now: {parted:?}"));
    }
    runs.len()
}
