//! Requests and whole answers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::Value;
use tokio_rustls::rustls::ClientConfig;
use url::Url;

use super::connection;
use super::events::EventStream;
use super::failure::ClientError;

/// A client without pool, redirects or retries: what it is told to send is sent once.
#[derive(Debug, Clone)]
pub struct HttpClient {
    tls: Option<Arc<ClientConfig>>,
    headers: HeaderMap,
    timeout: Duration,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl HttpClient {
    /// A client for plain http.
    pub fn new() -> Self {
        Self {
            tls: None,
            headers: HeaderMap::new(),
            timeout: TIMEOUT,
        }
    }

    /// A client that also speaks TLS with servers under this authority.
    ///
    /// # Errors
    /// A PEM text that cannot be read.
    pub fn trusting(ca_pem: &str) -> Result<Self, ClientError> {
        Ok(Self {
            tls: Some(connection::trusting(ca_pem)?),
            ..Self::new()
        })
    }

    /// Sends this bearer token with every request.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Sends this header with every request; one that cannot be a header is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Waits this long for an answer and its body.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// GET.
    ///
    /// # Errors
    /// No connection, a broken answer, or none in time.
    pub async fn get(&self, url: &str) -> Result<Reply, ClientError> {
        self.send(Method::GET, url, "", Bytes::new()).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post_json(&self, url: &str, body: &Value) -> Result<Reply, ClientError> {
        self.send(Method::POST, url, JSON, body.to_string().into()).await
    }

    /// POST with a form.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Reply, ClientError> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, url, FORM, form.into()).await
    }

    /// Any request.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn send(&self, method: Method, url: &str, content_type: &str, body: Bytes) -> Result<Reply, ClientError> {
        self.in_time(async {
            let response = self.open(method, url, content_type, body).await?;
            let (parts, incoming) = response.into_parts();
            let body = incoming.collect().await.map_err(connection::broken)?;
            Ok(Reply {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        })
        .await
    }

    /// POST with a JSON body; the answer is read event by event.
    ///
    /// # Errors
    /// As [`Self::get`]; the time is that until the answer's head.
    pub async fn stream(&self, url: &str, body: &Value) -> Result<EventStream, ClientError> {
        let body = Bytes::from(body.to_string());
        let response = self.in_time(self.open(Method::POST, url, JSON, body)).await?;
        Ok(EventStream::new(response, self.timeout))
    }

    async fn open(
        &self,
        method: Method,
        url: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        let url = Url::parse(url).map_err(|_| ClientError::Url(url.to_owned()))?;
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
            .header(ACCEPT, "*/*");
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|_| ClientError::Url(url.to_string()))?;
        connection::send(&url, self.tls.as_ref(), request).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or(Err(ClientError::Timeout(self.timeout.as_secs())))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// A body that is not.
    pub fn json(&self) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| ClientError::Answer(format!("{error}: `{}`", self.text())))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// Longer than a caller of ours waits for a renewal.
const TIMEOUT: Duration = Duration::from_secs(60);
