//! How a credential stands, as every surface says it: `status`, `doctor`, and the answer of a pool with nothing usable.

use super::condition::{Condition, Teller};
use super::hard_end::ends;
use super::member::Member;
use crate::failure::Code;
use crate::remedy::{Remedy, shell_word};
use crate::time::Moment;
use crate::verdict::Place;

/// Reads how a member stands at its provider.
pub fn condition(member: &Member, place: &Place, now: &Moment) -> Condition {
    if member.standing.disabled {
        return disabled(member);
    }
    let teller = Teller { member, place };
    let condition = teller.by_health(now);
    match (place.hard_end, member.login_at()) {
        (Some(after), Some(login_at)) => ends(condition, member, login_at.plus(after), teller.anew(), now),
        (_, _) => condition,
    }
}

fn disabled(member: &Member) -> Condition {
    let named = format!("{}/{}", member.lease.provider, member.lease.label);
    Condition {
        health: "disabled",
        usable: false,
        code: Some(Code::NoCredential),
        why: Some(format!("you switched `{}` off", member.lease.label)),
        until: None,
        remedy: Some(Remedy::Run {
            command: format!("evergrant enable {}", shell_word(&named)),
            why: "switch it on again".to_owned(),
        }),
    }
}
