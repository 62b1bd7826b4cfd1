//! A streamed chat call: pieces are shown as they come, and a token that dies meanwhile is repaired before the first of them.
//!
//! `cargo run -p evergrant-driver --example streamed -- PROVIDER MODEL PROMPT`
#![allow(clippy::print_stdout, reason = "an example shows what it gets")]

use std::error::Error;
use std::io::Write as _;

use bytes::Bytes;
use evergrant_driver::Driver;
use evergrant_driver::client::{Body, Call, Route};
use evergrant_driver::settings::Settings;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

/// Asks, and hands on each piece of the text as it comes.
pub(crate) async fn stream(
    driver: &Driver,
    provider: &str,
    model: &str,
    prompt: &str,
    mut piece: impl FnMut(&str),
) -> Result<(), Box<dyn Error>> {
    let body = json!({"model": model, "stream": true, "messages": [{"role": "user", "content": prompt}]});
    let request = Request::post("/chat/completions")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::full(Bytes::from(body.to_string())))?;
    let call = Call {
        request,
        route: Route::Provider(provider.into()),
        pin: None,
    };
    let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
    if let Some(refusal) = answer.refusal.or(answer.complaint) {
        return Err(refusal.into());
    }
    let (mut body, mut text) = (answer.response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        // A stream that ends without its last event is an error here, never a short answer.
        text.extend_from_slice(frame?.data_ref().unwrap_or(&Bytes::new()));
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if let Some(said) = said(&line) {
                piece(&said);
            }
        }
    }
    Ok(())
}

/// The text in one line of the stream, if it carries any.
fn said(line: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(line.strip_prefix(b"data: ")?).ok()?;
    let content = event["choices"][0]["delta"]["content"].as_str()?;
    Some(content.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [provider, model, prompt] = arguments.as_slice() else {
        return Err("three words are needed: PROVIDER MODEL PROMPT".into());
    };
    let driver = Driver::open(Settings::load(None, std::env::vars())?)?;
    stream(&driver, provider, model, prompt, |piece| {
        print!("{piece}");
        let _ = std::io::stdout().flush();
    })
    .await?;
    println!();
    driver.land().await;
    Ok(())
}
