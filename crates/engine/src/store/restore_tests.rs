//! What a restore takes and leaves, and as what it comes back.

use std::sync::Arc;

use super::record::{Health, Record, Source, Standing};
use super::restore::{Left, Past, Restoration, restoration, restored};
use crate::credential::{Authority, Borrowed, Epoch, Generation, Grant, LoginOrigin, Material};
use crate::provider::Flow;
use crate::secret::{Fingerprint, Secret};
use crate::time::{Moment, Timestamp};

fn login(subject: Option<&str>) -> LoginOrigin {
    LoginOrigin {
        authority: Arc::new(Authority {
            issuer: "https://auth.example".parse().ok(),
            client_id: "evergrant".to_owned(),
            token_host: "auth.example".to_owned(),
        }),
        subject: subject.map(str::to_owned),
        account: subject.map(str::to_owned),
        at: Timestamp::default(),
    }
}

fn grant(access: &str, refresh: Option<&str>, subject: Option<&str>) -> Material {
    Material::Grant(Box::new(Grant {
        access_token: access.into(),
        refresh_token: refresh.map(Secret::from),
        id_token: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        obtained: Moment::default(),
        lifetime: None,
        login: login(subject),
    }))
}

fn borrowed(file: &str, token: &str) -> Material {
    Material::Borrowed(Box::new(Borrowed {
        file: file.to_owned(),
        tool: "tool".to_owned(),
        entry: "one".to_owned(),
        login: login(None),
        access_token: token.into(),
        expires_at: None,
    }))
}

fn record(id: &str, material: Material) -> Record {
    Record {
        id: id.into(),
        provider: "p".into(),
        label: id.into(),
        source: Source::Login(Flow::Browser),
        priority: 3,
        generation: Generation(5),
        epoch: Epoch(2),
        material,
        standing: Standing::default().into(),
        created_at: Timestamp::from_secs(1),
        updated_at: Timestamp::from_secs(2),
    }
}

fn tombstone(id: &str) -> Record {
    let mut gone = record(id, Material::Gone);
    gone.generation = Generation(9);
    gone.epoch = Epoch(7);
    gone.standing.health = Health::LoggedOut {
        at: Timestamp::from_secs(50),
    };
    gone
}

#[test]
fn what_lives_here_is_never_overwritten() {
    let key = |text: &str| Material::ApiKey(text.into());
    let variable = |name: &str| Material::EnvKey(name.to_owned());
    for (here, backup, same) in [
        (grant("a", Some("r"), None), grant("a", Some("old"), None), true),
        (grant("a", Some("r"), None), grant("old", Some("r"), None), true),
        (
            grant("a", Some("r"), Some("me")),
            grant("b", Some("s"), Some("me")),
            true,
        ),
        (
            grant("a", Some("r"), Some("me")),
            grant("b", Some("s"), Some("you")),
            false,
        ),
        (grant("a", None, None), grant("b", None, None), false),
        (borrowed("/f", "t"), borrowed("/f", "u"), true),
        (borrowed("/f", "t"), borrowed("/g", "t"), true),
        (borrowed("/f", "t"), borrowed("/g", "u"), false),
        (borrowed("/f", "t"), grant("t", Some("r"), None), true),
        (key("k"), key("k"), true),
        (key("k"), key("l"), false),
        (variable("V"), variable("V"), true),
        (variable("V"), variable("W"), false),
        (key("V"), variable("V"), false),
    ] {
        let (here, backup) = (record("here", here), record("backup", backup));
        let expected = if same {
            Restoration::Leave(Left::Here("here".into()))
        } else {
            Restoration::New
        };
        for revive in [false, true] {
            let decided = restoration(
                std::slice::from_ref(&here),
                &backup,
                Past::Undecided,
                revive,
                Timestamp::from_secs(200),
            );
            assert_eq!(decided, expected, "{here:?} {backup:?}");
        }
        let elsewhere = Record {
            provider: "q".into(),
            ..here
        };
        assert_eq!(
            restoration(&[elsewhere], &backup, Past::Undecided, false, Timestamp::from_secs(200)),
            Restoration::New
        );
    }
    let other = record("one", key("x"));
    let same_id = record("one", key("y"));
    assert_eq!(
        restoration(&[other], &same_id, Past::Undecided, true, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Here("one".into()))
    );
}

#[test]
fn what_was_ended_here_comes_back_only_if_that_is_asked_for() {
    let backup = record("one", grant("a", Some("r"), None));
    let gone = [tombstone("one")];
    let ended = Restoration::Leave(Left::Ended(Some(Timestamp::from_secs(50))));
    let revived = Restoration::Revive(Box::new(gone[0].clone()));
    let queued = Past::Revoking { tried_at: None };
    for past in [Past::Undecided, queued] {
        assert_eq!(
            restoration(&gone, &backup, past, false, Timestamp::from_secs(200)),
            ended
        );
    }
    assert_eq!(
        restoration(&gone, &backup, Past::Undecided, true, Timestamp::from_secs(200)),
        revived
    );
    assert_eq!(
        restoration(&gone, &backup, queued, true, Timestamp::from_secs(200)),
        revived
    );
    // A token that is spent or dead never does, and nothing else is said of it.
    assert_eq!(
        restoration(&gone, &backup, Past::Spent, false, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Spent)
    );
    assert_eq!(
        restoration(&gone, &backup, Past::Spent, true, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Spent)
    );
    assert_eq!(
        restoration(&gone, &backup, Past::Dead, true, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Dead)
    );
    assert_eq!(
        restoration(&[], &backup, Past::Spent, true, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Spent)
    );
    assert_eq!(
        restoration(&[], &backup, queued, false, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Ended(None))
    );
    // Nor does one that its provider is being asked to end: not before that has an end itself.
    let tried = |secs| Past::Revoking {
        tried_at: Some(Timestamp::from_secs(secs)),
    };
    for (secs, decided) in [(0, true), (171, false), (200, false), (229, false), (231, true)] {
        let expected = match decided {
            true => revived.clone(),
            false => Restoration::Leave(Left::Revoking),
        };
        assert_eq!(
            restoration(&gone, &backup, tried(secs), true, Timestamp::from_secs(200)),
            expected,
            "{secs}"
        );
        assert_eq!(
            restoration(&gone, &backup, tried(secs), false, Timestamp::from_secs(200)),
            ended,
            "{secs}"
        );
    }
    let empty = record("two", Material::Gone);
    assert_eq!(
        restoration(&[], &empty, Past::Undecided, true, Timestamp::from_secs(200)),
        Restoration::Leave(Left::Empty)
    );
}

#[test]
fn a_grant_comes_back_newer_and_with_its_outcome_unknown() {
    let mut backup = record("one", grant("a", Some("r"), None));
    backup.standing.disabled = true;
    backup.standing.refused = Some(Generation(5));
    backup.standing.strikes = 4;
    let (taken, now) = (Timestamp::from_secs(100), Timestamp::from_secs(200));
    let back = restored(&backup, None, "other".into(), taken, now);
    assert_eq!((back.generation, back.epoch), (Generation(6), Epoch(3)));
    assert_eq!((back.label.as_str(), back.priority, back.updated_at), ("other", 3, now));
    assert_eq!(back.standing.health, Health::OutcomeUnknown { since: taken });
    assert!(back.standing.is_restored() && back.standing.disabled);
    assert_eq!((back.standing.refused, back.standing.strikes), (None, 0));
    let back = restored(&backup, Some(&tombstone("one")), "one".into(), now, taken);
    assert_eq!((back.generation, back.epoch), (Generation(10), Epoch(8)));
    assert_eq!(
        back.standing.health,
        Health::OutcomeUnknown { since: taken },
        "a clock that was ahead is not believed"
    );
}

#[test]
fn what_cannot_be_spent_comes_back_as_it_was() {
    let now = Timestamp::from_secs(200);
    let back = |backup: &Record| {
        restored(backup, None, backup.label.clone(), now, now)
            .standing
            .into_inner()
            .health
    };
    for material in [
        Material::ApiKey("k".into()),
        Material::EnvKey("V".to_owned()),
        borrowed("/f", "t"),
        grant("a", None, None),
    ] {
        assert_eq!(back(&record("one", material)), Health::Ready);
    }
    let dead = Health::Quarantined {
        fingerprint: Fingerprint::from_bytes([1; 32]),
        why: "invalid_grant".to_owned(),
        at: now,
    };
    let mut quarantined = record("one", grant("a", None, None));
    quarantined.standing.health = dead.clone();
    assert_eq!(back(&quarantined), dead);
}
