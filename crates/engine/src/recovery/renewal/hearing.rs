//! What a token endpoint's answer to a refresh means for the renewal.

use crate::login::{TokenAnswer, read_token_answer};
use crate::provider::Row;
use crate::time::Timestamp;
use crate::verdict::{Channel, Evidence, Reading, Verdict, classify, may_have_moved};
use crate::wire::Reply;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A new token.
    Granted(Box<TokenAnswer>),
    /// Something else.
    Refused {
        /// What it means.
        reading: Reading,
        /// Whether a moved endpoint answers like this.
        moved: bool,
    },
}

/// Hears an answer; a success that cannot be read is an unknown outcome, because the token may be spent.
pub fn hear(row: &Row, reply: &Reply, now: Timestamp) -> Heard {
    let evidence = Evidence::read(reply.status, &reply.headers, &reply.body);
    let mut reading = classify(Some(row), Channel::Token, &evidence, now);
    let answer = row.oauth().map(|oauth| read_token_answer(oauth, reply));
    match (reading.verdict == Verdict::Success, answer) {
        (true, Some(Ok(answer))) => Heard::Granted(Box::new(answer)),
        (true, Some(Err(fault))) => {
            reading.verdict = Verdict::OutcomeUnknown;
            reading.fragment = fault.to_string();
            Heard::Refused { reading, moved: false }
        }
        (true, None) | (false, _) => Heard::Refused {
            moved: may_have_moved(reply),
            reading,
        },
    }
}
