//! Reads of a request's body what its routing needs, and no more.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::body::{Body, KEPT_EACH, Progress, crowded};
use super::coding::Coding;
use super::multipart::Multipart;
use super::skim::Skim;

impl Body {
    /// The model that the body names, if it names one: a member of a JSON object, or a field of a form with parts. What
    /// is read is kept and goes out all the same, coded or not.
    ///
    /// ```
    /// use evergrant_driver::client::{Body, Route};
    /// use http::HeaderMap;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Whoever passes on requests of others learns from the body who is to answer it.
    /// let mut body = Body::full(r#"{"input": "hello", "model": "gpt-5"}"#.into());
    /// let route = match body.model(&HeaderMap::new()).await? {
    ///     Some(model) => Route::Model(model),
    ///     None => Route::Any,
    /// };
    /// assert_eq!(route, Route::Model("gpt-5".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn model(&mut self, headers: &HeaderMap) -> Result<Option<String>, Failure> {
        if let Some(named) = &self.named {
            return Ok(Some(named.to_string()));
        }
        let typed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut looking = match typed.and_then(Multipart::new) {
            Some(form) => Looking::Form(Box::new(form)),
            None => Looking::Object(Box::default()),
        };
        let progress = match Coding::of(headers) {
            Coding::Identity => self.read(|piece| looking.feed(piece)).await?,
            Coding::Other => return Ok(None),
            coding @ (Coding::Gzip | Coding::Deflate | Coding::Zstd | Coding::Brotli) => {
                let progress = self.read(|_| false).await?;
                // Boxed, as all that is rare: every request has the room that its largest way needs.
                Box::pin(coding.read(self.kept(), |piece| looking.feed(piece))).await;
                progress
            }
        };
        let is_object = matches!(looking, Looking::Object(_));
        let model = looking.found();
        match (progress, &model) {
            (Progress::Full, None) if is_object => Err(too_large()),
            (Progress::Crowded, None) => Err(crowded()),
            (Progress::Full | Progress::Crowded | Progress::Enough | Progress::Ended, _) => Ok(model),
        }
    }
}

/// What a body is looked through for a model as.
enum Looking {
    Form(Box<Multipart>),
    Object(Box<Skim>),
}

impl Looking {
    fn feed(&mut self, piece: &[u8]) -> bool {
        match self {
            Self::Form(form) => form.feed(piece),
            Self::Object(skim) => skim.feed(piece),
        }
    }

    fn found(self) -> Option<String> {
        match self {
            Self::Form(form) => form.found(),
            Self::Object(skim) => skim.found().model,
        }
    }
}

fn too_large() -> Failure {
    let limit = KEPT_EACH / (1024 * 1024);
    let message = format!("the body names no `model` within the {limit} MiB that can be looked through");
    Failure::new(Code::BodyTooLarge, message).with_remedy(Remedy::ChangeRequest)
}
