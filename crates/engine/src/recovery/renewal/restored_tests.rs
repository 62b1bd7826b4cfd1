//! When a keeper renews what came back from a backup.

use std::time::Duration;

use super::scene_tests::{at, record};
use super::schedule::renew_in;
use crate::provider::Table;
use crate::store::{Record, restored};

/// The same, as it comes back from a backup that was made then.
fn back(secs: u64) -> Record {
    let taken_at = at(secs).wall;
    restored(&record(1), None, "default".into(), taken_at, taken_at)
}

#[test]
fn a_grace_is_for_a_send_of_our_own_and_wakes_no_keeper() {
    let table = Table::built_in();
    let mut oauth = table.row(&"xai-oauth".into()).unwrap().oauth().unwrap().clone();
    oauth.reuse_grace = Duration::from_secs(600);
    let (restored, now) = (back(10), at(20));
    assert_eq!(renew_in(&restored, &oauth, 0, &now), Some(Duration::from_secs(3_580)));
    // One of our own that was not answered is settled at once.
    let mut own = restored;
    own.standing.restored_at = None;
    assert_eq!(renew_in(&own, &oauth, 0, &now), Some(Duration::ZERO));
}
