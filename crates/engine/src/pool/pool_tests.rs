//! Who is chosen: strategies, conversations, and an index that agrees with a look at everyone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::affinity::Conversation;
use super::bench_tests::{at, choice, member, pool, refuse, send};
use super::choosing::Choice;
use super::member::{Life, Member};
use super::probing::{Probing, Prospect, outlook};
use super::roster::Roster;
use super::strategy::Strategy;
use super::view::View;
use crate::credential::CredentialId;
use crate::store::{Health, Standing};
use crate::time::Timestamp;
use crate::vocabulary::Verdict;

#[test]
fn strategies_choose_among_the_best_priority() {
    let members = || vec![member("d", 1), member("c", 0), member("a", 0), member("b", 0)];
    let now = at(0);
    let picks = |strategy, times| {
        let mut view = pool(members(), strategy);
        (0..times)
            .map(|_| send(&mut view, &choice(&now, &[])).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(picks(Strategy::FillFirst, 3), ["a", "a", "a"]);
    assert_eq!(picks(Strategy::LeastUsed, 5), ["a", "b", "c", "a", "b"]);
    assert_eq!(picks(Strategy::RoundRobin, 5), ["a", "b", "c", "a", "b"]);
    assert_eq!(picks(Strategy::Random, 1), ["c"]);
    let tried = ["a", "b", "c"].map(CredentialId::from);
    for strategy in Strategy::ALL {
        let mut view = pool(members(), strategy);
        assert_eq!(
            send(&mut view, &choice(&now, &tried)).as_deref(),
            Some("d"),
            "{strategy:?}"
        );
        assert_eq!(Strategy::parse(strategy.as_str()), Some(strategy));
    }
}

#[test]
fn strategies_are_fair_while_some_rest() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastUsed, Strategy::Random] {
        let mut members: Vec<Member> = ('a'..='j').map(|label| member(&label.to_string(), 0)).collect();
        for resting in [1, 2, 3, 7] {
            members[resting].standing.disabled = true;
        }
        let mut view = pool(members, strategy);
        let mut counts = BTreeMap::new();
        for request in 0..6_000 {
            let now = at(0);
            let choice = Choice {
                entropy: spread(request),
                ..choice(&now, &[])
            };
            *counts.entry(send(&mut view, &choice).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        let within = if strategy == Strategy::Random {
            850..1_150
        } else {
            1_000..1_001
        };
        assert!(
            counts.values().all(|count| within.contains(count)),
            "{strategy:?}: {counts:?}"
        );
    }
}

#[test]
fn a_pin_is_the_only_one() {
    let mut gone = member("b", 0);
    (gone.life, gone.standing.health) = (
        Life::None,
        Health::LoggedOut {
            at: Timestamp::default(),
        },
    );
    let mut view = pool(vec![member("a", 0), gone, member("c", 3)], Strategy::RoundRobin);
    let now = at(0);
    let mut pinned = |label: &str| {
        let label = label.into();
        send(
            &mut view,
            &Choice {
                pin: Some(&label),
                ..choice(&now, &[])
            },
        )
    };
    assert_eq!(["c", "b", "x"].map(&mut pinned), [Some("c".to_owned()), None, None]);
}

#[test]
fn a_probe_goes_through_while_it_cools() {
    let mut cooling = member("a", 0);
    *cooling.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(86_400), false, 0);
    let mut view = pool(vec![cooling, member("b", 1)], Strategy::FillFirst);
    let mut asked = |secs| send(&mut view, &choice(&at(secs), &[])).unwrap();
    assert_eq!([59, 60, 61, 119, 120].map(&mut asked), ["b", "a", "b", "b", "a"]);
    assert_eq!(asked(86_401), "a");
}

#[test]
fn the_sole_credential_is_the_one_without_an_alternative() {
    let mut barred = member("b", 0);
    barred.standing.disabled = true;
    let roster = Roster::of(vec![member("a", 0), barred]);
    assert!(roster.is_sole(&CredentialId::from("a"), &at(0)));
    let roster = Roster::of(vec![member("a", 0), member("b", 5)]);
    assert!(!roster.is_sole(&CredentialId::from("a"), &at(0)));
}

/// A thousand conversations over eight credentials: who has which.
fn conversations(view: &View, secs: u64) -> Vec<String> {
    let now = at(secs);
    (0..1_000)
        .map(|number| {
            let choice = Choice {
                conversation: Some(Conversation::of(format!("conversation {number}").as_bytes())),
                entropy: spread(number),
                probing: Probing::Late,
                ..choice(&now, &[])
            };
            let view = view.pool(&"p".into()).unwrap();
            view.pick(&choice).unwrap().label.to_string()
        })
        .collect()
}

#[test]
fn affinity_moves_only_the_conversations_of_the_one_that_dies() {
    for credentials in [8, 200] {
        let members = |dead: Option<usize>| {
            let all = (0..credentials).map(|number| {
                let mut member = member(&format!("c{number:03}"), 0);
                member.standing.disabled = dead == Some(number);
                member
            });
            all.collect::<Vec<_>>()
        };
        let before = conversations(&pool(members(None), Strategy::Affinity), 0);
        let spread = |at: &[String]| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            at.iter()
                .for_each(|label| *counts.entry(label.clone()).or_default() += 1);
            counts
        };
        let shares = spread(&before);
        let (mut moved, mut fewest, mut most) = (0, usize::MAX, 0);
        for dead in 0..credentials.min(8) {
            let label = format!("c{dead:03}");
            let after = conversations(&pool(members(Some(dead)), Strategy::Affinity), 0);
            let movers: Vec<usize> = (0..1_000).filter(|number| before[*number] != after[*number]).collect();
            let own: Vec<usize> = (0..1_000).filter(|number| before[*number] == label).collect();
            assert_eq!(movers, own, "only those of {label} move, and all of them");
            moved += movers.len();
            if credentials == 8 {
                let to: Vec<String> = movers.iter().map(|number| after[*number].clone()).collect();
                let to = spread(&to);
                assert_eq!(to.len(), credentials - 1, "to everyone: {to:?}");
                fewest = fewest.min(*to.values().min().unwrap());
                most = most.max(*to.values().max().unwrap());
            }
        }
        if credentials == 8 {
            let (least, largest) = (shares.values().min().unwrap(), shares.values().max().unwrap());
            assert!(
                *least >= 90 && *largest <= 160 && fewest >= 6 && most <= 32,
                "{shares:?} {fewest} {most}"
            );
            println!(
                "affinity: 1000 conversations over 8 credentials, {least} to {largest} each; each of the 8 dies in turn: {moved} moved, 0 others, {fewest} to {most} to each of the remaining 7"
            );
        }
    }
}

#[test]
fn affinity_brings_a_conversation_back_and_a_newcomer_takes_its_share_alone() {
    let members = |count: usize| {
        (0..count)
            .map(|number| member(&format!("c{number}"), 0))
            .collect::<Vec<_>>()
    };
    let eight = conversations(&pool(members(8), Strategy::Affinity), 0);
    let mut resting = members(8);
    *resting[3].standing = refuse(&Standing::default(), Verdict::RateLimited, Some(30), false, 0);
    let view = pool(resting, Strategy::Affinity);
    assert!(conversations(&view, 1).iter().all(|label| label != "c3"));
    assert_eq!(conversations(&view, 31), eight, "its prompt cache is the warm one");
    let nine = conversations(&pool(members(9), Strategy::Affinity), 0);
    let moved = (0..1_000).filter(|number| eight[*number] != nine[*number]);
    let moved: Vec<_> = moved.map(|number| nine[number].as_str()).collect();
    assert!(
        moved.iter().all(|label| *label == "c8") && moved.len() < 170,
        "{}",
        moved.len()
    );
}

/// Every state that a member can be in, at a size at which tables are used, over hours: the index says what a look at
/// everyone says.
#[test]
fn the_index_agrees_with_a_look_at_everyone() {
    let mut members: Vec<Member> = (0..400).map(odd_one).collect();
    members.sort_by_key(|member| member.lease.label.to_string());
    let mut view = pool(members, Strategy::FillFirst);
    for step in 0..300_u64 {
        let now = at(step * 37);
        view.advance(&now);
        let pool = view.pool(&"p".into()).unwrap();
        let looked: Vec<Prospect> = pool
            .roster
            .members()
            .iter()
            .map(|member| {
                let last = || pool.traffic.last(&member.lease.fence.id);
                outlook(member, last, Duration::ZERO, &now).standing
            })
            .collect();
        let first = |wanted: &[Prospect]| {
            let place = looked.iter().position(|prospect| wanted.contains(prospect));
            place.map(|place| pool.roster.members()[place].lease.clone())
        };
        let asked = |probing| {
            let choice = Choice {
                probing,
                ..choice(&now, &[])
            };
            pool.pick(&choice)
        };
        assert_eq!(asked(Probing::Never), first(&[Prospect::Ready]), "{step}");
        assert_eq!(
            asked(Probing::Early),
            first(&[Prospect::Ready, Prospect::Due]),
            "{step}"
        );
        // Somebody changes, and the one chosen is sent.
        let early = asked(Probing::Early);
        let mut changed = pool.roster.members()[usize::try_from(spread(step) % 400).unwrap()].clone();
        changed.standing = odd_one(usize::try_from(spread(step) >> 40).unwrap()).standing;
        assert!(view.amend(changed, &now));
        early.iter().for_each(|lease| view.sent(lease, None, &now));
    }
}

fn odd_one(number: usize) -> Member {
    let mut member = member(&format!("m{number:03}"), i32::try_from(number % 3).unwrap());
    let after = |secs| at(secs).wall;
    member.standing.health = match number % 11 {
        0..=6 => Health::Cooling {
            until: after(60 + 97 * number as u64 % 9_000),
            why: Verdict::RateLimited,
        },
        7 => Health::NeedsLogin { why: "why".to_owned() },
        8 => Health::NotEntitled {
            until: after(number as u64 * 20),
            generation: member.lease.fence.generation,
        },
        _ => Health::Ready,
    };
    member.standing.disabled = number.is_multiple_of(13);
    member.life = match number % 5 {
        0 => Life::Open,
        other => Life::Token {
            obtained: at(0),
            lifetime: Some(Duration::from_secs(number as u64 * 31 % 8_000)),
            renewable: other > 2,
        },
    };
    if number % 7 == 3 {
        member.standing.renew_not_before = Some(after(number as u64 * 11 % 3_000));
    }
    member
}

fn spread(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number << 21)
}
