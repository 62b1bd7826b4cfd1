//! An error inside a stream that has begun already, in the words of every other refusal.

use evergrant_engine::credential::{Kind, Label, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::verdict::{Channel, EventMeaning, Place, Situation};

use crate::client::{explain, read_event};
use crate::driver::Driver;

impl Driver {
    /// What an event of this provider's stream fails with; `None` if it is no error. It has been counted already; this is
    /// for telling people.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let openai = "openai".into();
    /// // Words have been shown already when the stream says this: it is told in the words of every other refusal.
    /// let event = b"data: {\"error\":{\"code\":\"insufficient_quota\",\"message\":\"You exceeded your quota\"}}\n\n";
    /// let failure = driver.fault_in_stream(&openai, None, event).expect("it is an error");
    /// assert!(failure.remedy.is_some());
    /// let event = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n";
    /// assert!(driver.fault_in_stream(&openai, None, event).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fault_in_stream(&self, provider: &ProviderId, label: Option<&Label>, event: &[u8]) -> Option<Failure> {
        let table = self.kernel.table();
        let row = table.row(provider).map(AsRef::as_ref);
        let now = self.kernel.clock().now().wall;
        let reading = match read_event(row, event, now) {
            EventMeaning::Error(reading) => reading,
            EventMeaning::NotYet | EventMeaning::Content | EventMeaning::Last => return None,
        };
        let place = row.map_or_else(|| Place::without_row(provider.clone()), Place::of);
        let picture = self.kernel.ledger().picture();
        let record = picture
            .records()
            .find(|record| record.provider == *provider && Some(&record.label) == label);
        let kind = record.map_or(Kind::ApiKey, |record| record.material.kind());
        let situation = Situation {
            place: &place,
            channel: Channel::Stream,
            kind,
            label,
            owner: None,
            variable: None,
            reset: reading.retry_after.map(|after| now.plus(after)),
        };
        explain(&reading, &situation)
    }
}
