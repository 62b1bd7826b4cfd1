//! A record, a view, an ask: what the stories and the walk of a renewal are made of.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{Ask, Asker, Reason, Terms, View};
use super::ending::Ending;
use super::input::Input;
use super::machine::{Action, Renewal, Step};
use crate::credential::{Authority, Epoch, Generation, Grant, LoginOrigin, Material};
use crate::provider::{Flow, Tier};
use crate::secret::{Fingerprint, FingerprintKey, Secret};
use crate::store::{Claim, ClaimOwner, ClaimState, Owner, Record, Source, Standing};
use crate::time::{BootId, BootTime, Moment, Timestamp};
use crate::verdict::{Place, Reading, SignalRef, Verdict};

pub(super) fn at(secs: u64) -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000 + i64::try_from(secs).unwrap()),
        boot: BootTime::from_millis(1_000_000 + secs * 1_000),
        boot_id: BootId::from("boot"),
    }
}

pub(super) fn record(generation: u64) -> Record {
    let grant = Grant {
        access_token: Secret::from(format!("access-{generation}")),
        refresh_token: Some(Secret::from(format!("refresh-{generation}"))),
        id_token: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        obtained: at(0),
        lifetime: Some(Duration::from_secs(3_600)),
        login: LoginOrigin {
            authority: Arc::new(Authority {
                issuer: Some("https://auth.example.com".parse().unwrap()),
                client_id: "client".to_owned(),
                token_host: "auth.example.com".to_owned(),
            }),
            subject: None,
            account: None,
            at: at(0).wall,
        },
    };
    Record {
        id: "id".into(),
        provider: "acme".into(),
        label: "default".into(),
        source: Source::Login(Flow::Browser),
        priority: 0,
        generation: Generation(generation),
        epoch: Epoch(1),
        material: Material::Grant(Box::new(grant)),
        standing: Standing::default().into(),
        created_at: at(0).wall,
        updated_at: at(0).wall,
    }
}

pub(super) fn fingerprint(record: &Record) -> Option<Fingerprint> {
    let Material::Grant(grant) = &record.material else {
        return None;
    };
    grant
        .refresh_token
        .as_ref()
        .map(|token| FingerprintKey::new([7; 32]).fingerprint(token))
}

pub(super) fn view(record: Record) -> View {
    View {
        fingerprint: fingerprint(&record),
        record: Some(record),
        claim: None,
        refused: false,
    }
}

pub(super) fn claim(record: &Record, claimed: u64, sent: Option<u64>) -> Claim {
    let process = Owner {
        pid: 1,
        host: "host".to_owned(),
        since: at(0).wall,
    };
    Claim {
        fingerprint: fingerprint(record).unwrap(),
        credential: record.id.clone(),
        generation: record.generation,
        owner: ClaimOwner { attempt: 7, process },
        claimed: at(claimed),
        sent: sent.map(at),
        sends: u32::from(sent.is_some()),
        state: ClaimState::Open,
    }
}

pub(super) fn claimed_view(record: Record, claim: Claim) -> View {
    View {
        claim: Some(claim),
        ..view(record)
    }
}

pub(super) fn terms(grace: u64) -> Terms {
    Terms {
        issuer: Some("https://auth.example.com/".to_owned()),
        client_id: "client".to_owned(),
        reuse_grace: Duration::from_secs(grace),
        serialize_client: false,
        place: Place::without_row("p".into()).into(),
    }
}

pub(super) fn ask(reason: Reason) -> Ask {
    Ask {
        fence: record(3).fence(),
        reason,
        asker: Asker::Request,
        min_valid: Duration::ZERO,
    }
}

pub(super) fn reading(verdict: Verdict) -> Reading {
    let signal = SignalRef {
        name: "signal".into(),
        tier: Tier::Standard,
        file: "token.toml".into(),
        line: 1,
    };
    Reading {
        verdict,
        signal,
        retry_after: None,
        reset_source: None,
        fragment: "words".to_owned(),
    }
}

pub(super) fn located() -> Input {
    Input::Located("auth.example.com".to_owned())
}

pub(super) fn refused(verdict: Verdict) -> Input {
    Input::Refused {
        reading: reading(verdict),
        moved: false,
    }
}

/// Feeds inputs at the moments given, and answers the last step.
#[track_caller]
pub(super) fn tell(ask: Ask, terms: Terms, inputs: Vec<(u64, Input)>) -> Step {
    let mut step = Renewal::begin(ask, terms, &at(0));
    for (secs, input) in inputs {
        let machine = step
            .0
            .unwrap_or_else(|| panic!("it ended before {input:?} with {:?}", step.1));
        step = machine.handle(input, &at(secs), u64::MAX / 2);
    }
    step
}

#[track_caller]
pub(super) fn ending(step: Step) -> Ending {
    match step {
        (None, Action::Finish(ending)) => *ending,
        (_, action) => panic!("not an end: {action:?}"),
    }
}

pub(super) fn to_the_send(view: View) -> Vec<(u64, Input)> {
    let steps = [
        Input::Viewed(view.clone()),
        located(),
        Input::Locked,
        Input::Viewed(view),
        Input::Connected,
        Input::Claimed,
    ];
    steps.into_iter().map(|input| (0, input)).collect()
}

pub(super) fn sent_and(input: Input) -> Step {
    let mut inputs = to_the_send(view(record(3)));
    inputs.push((1, input));
    tell(ask(Reason::Refused), terms(0), inputs)
}
