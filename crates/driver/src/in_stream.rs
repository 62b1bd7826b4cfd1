//! An error inside a stream that has begun already, in the words of every other refusal.

use evergrant_engine::credential::{Kind, Label, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::verdict::{Channel, EventMeaning, Place, Situation};

use crate::client::{explain, read_event};
use crate::driver::Driver;

impl Driver {
    /// What an event of this provider's stream fails with; `None` if it is no error. It has been counted already; this is
    /// for telling people.
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
