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
    pub async fn send(&self, call: Call) -> Result<Answer, (Failure, Trail)> {
        self.send_as(Guest::nobody(), call).await
    }

    /// The same for who was let in at a gateway: only providers that its key allows are asked, what it uses is counted under the
    /// key's name, and its place is taken until the answer's body is dropped.
    ///
    /// # Errors
    /// As [`Self::send`], and `client-key-forbidden`.
    pub async fn send_as(&self, guest: Guest, call: Call) -> Result<Answer, (Failure, Trail)> {
        let settings = self.kernel.settings();
        let around = self.kernel.surroundings(&settings);
        self.kernel.client().send(call, guest, around).await
    }

    /// What was used since this driver was opened: a few numbers in memory.
    pub fn usage_totals(&self) -> UsageTotals {
        self.kernel.books().totals()
    }

    /// A request's body that is still coming; what is kept of it for replay is bounded for all requests together.
    pub fn body<B>(&self, body: B) -> Body
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        self.kernel.client().body(body)
    }

    /// Writes down where a gateway of this home listens, for as long as the answer lives.
    pub fn announce(&self, serving: &ServingAt<'_>) -> Result<Announcement, Failure> {
        Announcement::write(&self.kernel.settings().home, serving)
    }
}
