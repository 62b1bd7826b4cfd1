//! What a token endpoint's answer to a refresh means for the renewal.

use crate::login::{TokenAnswer, read_token_answer};
use crate::provider::Row;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::verdict::{Channel, Evidence, Reading, Verdict, claims_success, classify, may_have_moved};
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
        /// Whether it can be learnt where the endpoint is, and one that has moved answers like this.
        moved: bool,
    },
}

/// Hears an answer; a success that cannot be read is an unknown outcome, because the token may be spent. So is a 2xx of
/// which there is only an opinion; a refusal that is a death by opinion is a fault that may pass. The answer may echo the
/// token that was `sent`.
pub fn hear(row: &Row, reply: &Reply, sent: &Secret<String>, now: Timestamp) -> Heard {
    let evidence = Evidence::read(reply.status, &reply.headers, &reply.body);
    let mut reading = classify(Some(row), Channel::Token, &evidence, now);
    if !sent.expose().is_empty() {
        reading.fragment = reading.fragment.replace(sent.expose().as_str(), "[..]");
    }
    if reading.is_opinion() {
        match reading.verdict {
            _ if claims_success(reply) => reading.verdict = Verdict::OutcomeUnknown,
            Verdict::GrantDead => reading.verdict = Verdict::Transient,
            _ => {}
        }
    }
    let answer = row.oauth().map(|oauth| read_token_answer(oauth, reply));
    // Where the row names the endpoint itself there is nothing to learn, and a refusal that is the endpoint's own word
    // would only be asked for twice.
    let learnt = row.oauth().is_some_and(|oauth| oauth.endpoints.token.is_none());
    match (reading.verdict == Verdict::Success, answer) {
        (true, Some(Ok(answer))) => Heard::Granted(Box::new(answer)),
        (true, Some(Err(fault))) => {
            reading.verdict = Verdict::OutcomeUnknown;
            reading.fragment = fault.to_string();
            Heard::Refused { reading, moved: false }
        }
        (true, None) | (false, _) => Heard::Refused {
            moved: learnt && reading.verdict == Verdict::EdgeBlocked && may_have_moved(reply),
            reading,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Table;
    use bytes::Bytes;
    use http::HeaderMap;

    #[test]
    fn an_echo_of_the_token_that_was_sent_is_not_kept() {
        let table = Table::built_in();
        let row = table.row(&"xai-oauth".into()).unwrap();
        // Without digits, and so short that no rule about the look of secrets finds it.
        let body = r#"{"error":"invalid_request","error_description":"bad token: plainwords, try again"}"#;
        let reply = Reply {
            status: 400,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            truncated: false,
        };
        let Heard::Refused { reading, .. } = hear(row, &reply, &Secret::from("plainwords"), Timestamp::default())
        else {
            panic!("granted")
        };
        assert!(reading.fragment.contains("bad token: [..]"), "{}", reading.fragment);
    }
}
