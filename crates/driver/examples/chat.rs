//! One chat call: whatever is wrong with the token is repaired before the answer is seen.
//!
//! `cargo run -p evergrant-driver --example chat -- PROVIDER MODEL PROMPT`
#![allow(clippy::print_stdout, reason = "an example shows what it gets")]

use std::error::Error;

use bytes::Bytes;
use evergrant_driver::Driver;
use evergrant_driver::client::{Body, Call, Route};
use evergrant_driver::settings::Settings;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

/// Asks, and reads the answer to its end.
pub(crate) async fn ask(driver: &Driver, provider: &str, model: &str, prompt: &str) -> Result<String, Box<dyn Error>> {
    let body = json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
    let request = Request::post("/chat/completions")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::full(Bytes::from(body.to_string())))?;
    let call = Call {
        request,
        // Or `Route::Model`, and whoever serves the model is asked.
        route: Route::Provider(provider.into()),
        pin: None,
    };
    // No provider answered: the failure says why, and what would help.
    let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
    // The provider refused, or the request is at fault, and nothing could be done about it.
    if let Some(refusal) = answer.refusal.or(answer.complaint) {
        return Err(refusal.into());
    }
    let whole = answer.response.into_body().collect().await?.to_bytes();
    let read: Value = serde_json::from_slice(&whole)?;
    let text = read["choices"][0]["message"]["content"].as_str();
    Ok(text.unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [provider, model, prompt] = arguments.as_slice() else {
        return Err("three words are needed: PROVIDER MODEL PROMPT".into());
    };
    let driver = Driver::open(Settings::load(None, std::env::vars())?)?;
    println!("{}", ask(&driver, provider, model, prompt).await?);
    // A renewal that is under way must not be given up.
    driver.land().await;
    Ok(())
}
