//! Where requests go, and what each of them carries.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Args;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::Full;

/// An address with its model and headers.
#[derive(Args, Clone)]
pub(crate) struct Target {
    /// The address of chat completions.
    url: Uri,
    /// A header of each request, as `Name: value`.
    #[arg(long = "header", value_parser = header_of)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The model that is asked for.
    #[arg(long, default_value = "bench-model")]
    model: String,
}

impl Target {
    /// Host and port.
    pub(crate) fn authority(&self) -> Result<&str> {
        let authority = self.url.authority().context("the address names no host")?;
        Ok(authority.as_str())
    }

    /// A body that asks with these words.
    pub(crate) fn body(&self, words: &str, is_stream: bool) -> Bytes {
        let asked = serde_json::json!({
            "model": self.model,
            "stream": is_stream,
            "messages": [{"role": "user", "content": words}],
        });
        Bytes::from(asked.to_string())
    }

    /// A request with this body.
    pub(crate) fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, self.authority()?)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(Full::new(body))?)
    }
}

fn header_of(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':').context("a header is written `Name: value`")?;
    Ok((name.trim().parse()?, value.trim().parse()?))
}
