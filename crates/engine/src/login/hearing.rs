//! Hands the answers of a login to the one classifier; every other file of this folder is told what they mean.

use crate::provider::Row;
use crate::time::Timestamp;
use crate::verdict::{Channel, Evidence, Reading, classify};
use crate::wire::Reply;

/// What an answer means on this channel.
pub(super) fn hear(row: &Row, channel: Channel, reply: &Reply, now: Timestamp) -> Reading {
    let evidence = Evidence::read(reply.status, &reply.headers, &reply.body);
    classify(Some(row), channel, &evidence, now)
}
