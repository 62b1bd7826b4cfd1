//! What a caller asks of the client, and what it gets.

use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Label, ProviderId};
use evergrant_engine::failure::Failure;
use http::{Request, Response};

use super::answer_body::AnswerBody;
use super::body::Body;

/// One request to be answered by whoever serves it.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Code, Driver};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let driver = Driver::open(Settings::load(Some(folder.path().join("home")), [])?)?;
/// let call = Call {
///     request: http::Request::post("/responses").body(Body::full(r#"{"model": "gpt-5"}"#.into()))?,
///     route: Route::Provider("openai".into()),
///     pin: None,
/// };
/// // Nobody can be asked yet: the failure says what would help, the trail that nothing was sent.
/// let (failure, trail) = driver.send(call).await.expect_err("there is no credential");
/// assert_eq!((failure.code, trail.attempts), (Code::NoCredential, 0));
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct Call {
    /// The request as it came; its path and query stand below the provider's base address.
    pub request: Request<Body>,
    /// Who is to answer.
    pub route: Route,
    /// The only credential that will do, if the caller named one.
    pub pin: Option<Label>,
}

/// Who is to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// This provider.
    Provider(ProviderId),
    /// Whoever serves this model: the first match in `[route]`, then the rows' own patterns.
    Model(String),
    /// The first provider that has a usable credential, because the request names no model.
    Any,
}

/// An answer of a provider.
#[derive(Debug)]
pub struct Answer {
    /// The answer as it came, but for hop-by-hop headers; a 101 can be upgraded by `hyper::upgrade::on`.
    pub response: Response<AnswerBody>,
    /// The way it took.
    pub trail: Trail,
    /// What explains the answer to people, if it is a refusal that nothing could be done about.
    pub refusal: Option<Failure>,
    /// What explains the answer to people, if the request itself is at fault and nothing was to be done about it.
    pub complaint: Option<Failure>,
}

/// The way a request took.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Trail {
    /// The provider it reached last.
    pub provider: Option<ProviderId>,
    /// The credential it was sent with last.
    pub label: Option<Label>,
    /// Its id, which does not change when it is renamed.
    pub credential: Option<CredentialId>,
    /// How often it was sent upstream.
    pub attempts: u32,
    /// What was repaired on the way: `refresh`, `wait`, `rotate`, `fallback`, each once.
    pub repaired: Vec<&'static str>,
    /// The providers of its route that were passed over, because they lack its path.
    pub skipped: Vec<ProviderId>,
    /// Whether its body was kept, so that it could have been sent again.
    pub replayable: bool,
    /// Where its time went, apart from our own work.
    pub spent: Spent,
}

/// The time that a request waited for others until the head of its answer was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Spent {
    /// For the rest of its own body.
    pub body: Duration,
    /// For providers, from each try until its answer could be judged.
    pub upstream: Duration,
    /// For renewals, and for pauses between tries.
    pub recovery: Duration,
}
