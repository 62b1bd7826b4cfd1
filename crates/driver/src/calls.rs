//! The driver's face to those who send requests: the gateway, the chat, its tasks.

use bytes::Bytes;
use evergrant_engine::failure::Failure;

use crate::admission::Guest;
use crate::announcement::{Announcement, ServingAt};
use crate::client::{Answer, Body, Call, Trail};
use crate::driver::Driver;
use crate::usage::UsageTotals;

impl Driver {
    /// Sends a request to whoever serves it, repairs what can be repaired, and answers with what the provider said last.
    /// Dropping the future or the answer's body cancels the request upstream, but never a renewal.
    ///
    /// # Errors
    /// No provider answered: why, and how far the request came.
    ///
    /// ```
    /// use evergrant_driver::client::{Body, Call, Route};
    /// use http_body_util::BodyExt as _;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
    /// # driver.reload().await?;
    /// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
    /// let body = r#"{"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]}"#;
    /// let call = Call {
    ///     request: http::Request::post("/chat/completions")
    ///         .header("content-type", "application/json")
    ///         .body(Body::full(body.into()))?,
    ///     route: Route::Model("grok-4.3".to_owned()),
    ///     pin: None,
    /// };
    /// let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
    /// assert_eq!(answer.response.status(), 200);
    /// let whole = answer.response.into_body().collect().await?.to_bytes();
    /// assert!(String::from_utf8_lossy(&whole).contains("assistant"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, call: Call) -> Result<Answer, (Failure, Trail)> {
        self.send_as(Guest::nobody(), Box::new(call), 0).await
    }

    /// The same for who was let in at a gateway: only providers that its key allows are asked, what it uses is counted under the
    /// key's name, and its place is taken until the answer's body is dropped. Of the request's path, the first so many bytes are
    /// the gateway's own. Boxed, because a call is large, and goes through many hands.
    ///
    /// # Errors
    /// As [`Self::send`], and `client-key-forbidden`.
    #[doc(hidden)]
    pub async fn send_as(&self, guest: Guest, call: Box<Call>, above: usize) -> Result<Answer, (Failure, Trail)> {
        let settings = self.kernel.settings();
        let around = self.kernel.surroundings(&settings);
        self.kernel.client().send(call, above, guest, around).await
    }

    /// What was used since this driver was opened: a few numbers in memory.
    #[doc(hidden)]
    pub fn usage_totals(&self) -> UsageTotals {
        self.kernel.books().totals()
    }

    /// A request's body that is still coming; what is kept of it for replay is bounded for all requests together.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use http_body_util::Full;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// // As a server hands it over: nothing of it need be there yet.
    /// let mut body = driver.body(Full::new(bytes::Bytes::from(r#"{"model": "gpt-5"}"#)));
    /// assert_eq!(body.model(&HeaderMap::new()).await?.as_deref(), Some("gpt-5"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn body<B>(&self, body: B) -> Body
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        self.kernel.client().body(body)
    }

    /// Writes down where a gateway of this home listens, for as long as the answer lives. Hidden from the docs: for the gateway of
    /// the command line alone, because every other program of the home believes it.
    #[doc(hidden)]
    pub fn announce(&self, serving: &ServingAt<'_>) -> Result<Announcement, Failure> {
        Announcement::write(&self.kernel.settings().home, serving)
    }
}
