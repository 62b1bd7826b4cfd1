//! Reads of a request's body what its routing needs, and no more.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::body::{Body, KEPT_EACH, Progress};
use super::multipart::Multipart;
use super::skim::Skim;

impl Body {
    /// The model that the body names, if it names one: a member of a JSON object, or a field of a form with parts. What
    /// is read is kept and goes out all the same.
    pub async fn model(&mut self, headers: &HeaderMap) -> Result<Option<String>, Failure> {
        if headers.contains_key(CONTENT_ENCODING) {
            return Ok(None);
        }
        let typed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(mut form) = typed.and_then(Multipart::new) {
            self.read(|piece| form.feed(piece)).await?;
            return Ok(form.found());
        }
        let mut skim = Skim::default();
        let progress = self.read(|piece| skim.feed(piece)).await?;
        let model = skim.found().model;
        match (progress, &model) {
            (Progress::Full, None) => Err(too_large()),
            (Progress::Full | Progress::Enough | Progress::Ended, _) => Ok(model),
        }
    }
}

fn too_large() -> Failure {
    let limit = KEPT_EACH / (1024 * 1024);
    let message =
        format!("the body names no `model` within the {limit} MiB (or the memory) that can be looked through");
    Failure::new(Code::BodyTooLarge, message).with_remedy(Remedy::ChangeRequest)
}
