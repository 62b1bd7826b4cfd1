//! Answers as a login takes them: judged by the one classifier, then read.

use url::Url;

use super::answer::{TokenAnswer, read_token_answer};
use super::device::{DeviceCode, DevicePoll, PollStep, read_device_answer};
use super::hearing::hear;
use super::refusal::exchange_failure;
use super::request::oauth_of;
use crate::credential::ProviderId;
use crate::failure::Failure;
use crate::provider::Row;
use crate::secret::Secret;
use crate::time::Moment;
use crate::verdict::{Channel, Reading, Verdict, claims_success};
use crate::wire::Reply;

/// What an answer is read against.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The provider.
    pub row: &'a Row,
    /// The endpoint that answered.
    pub endpoint: &'a Url,
    /// The row that takes API keys for the same API, for the remedy.
    pub key_provider: Option<&'a ProviderId>,
    /// When the answer came.
    pub now: &'a Moment,
}

impl Asked<'_> {
    /// The answer to a code exchange; `sent` are the secrets that it may echo.
    pub fn read_exchange(&self, reply: &Reply, sent: &[&Secret<String>]) -> Result<TokenAnswer, Failure> {
        let (reading, good) = self.judge(Channel::Token, reply);
        match read_token_answer(oauth_of(self.row)?, reply) {
            Ok(answer) if reading.verdict == Verdict::Success => Ok(answer),
            Err(fault) if good => Err(fault.into_failure(self.endpoint)),
            Ok(_) | Err(_) => Err(exchange_failure(
                self.row,
                self.endpoint,
                reply,
                &reading,
                sent,
                self.key_provider,
            )),
        }
    }

    /// The answer of the device authorization endpoint.
    pub fn read_device(&self, reply: &Reply) -> Result<DeviceCode, Failure> {
        let (reading, good) = self.judge(Channel::Device, reply);
        match read_device_answer(self.row, self.endpoint, reply) {
            Ok(code) if good => Ok(code),
            Err(fault) if good => Err(fault),
            Ok(_) | Err(_) => Err(exchange_failure(
                self.row,
                self.endpoint,
                reply,
                &reading,
                &[],
                self.key_provider,
            )),
        }
    }

    /// The answer to a poll.
    pub fn read_poll(&self, poll: DevicePoll, reply: &Reply) -> PollStep {
        let (reading, _) = self.judge(Channel::Device, reply);
        poll.answered(self.row, self.endpoint, reply, &reading, self.key_provider, self.now)
    }

    /// The reading, and whether the server meant it as a success or left it open.
    fn judge(&self, channel: Channel, reply: &Reply) -> (Reading, bool) {
        let reading = hear(self.row, channel, reply, self.now.wall);
        // An error inside a 200 has its own verdict; what has none is an answer that cannot be used.
        let open = matches!(
            reading.verdict,
            Verdict::Success | Verdict::OutcomeUnknown | Verdict::EdgeBlocked
        );
        (reading, open && claims_success(reply))
    }
}
