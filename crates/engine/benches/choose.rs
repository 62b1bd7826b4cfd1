//! How long it takes to choose a credential of ten and of a hundred thousand, and how often that allocates.
#![allow(missing_docs, clippy::print_stdout, reason = "a measurement")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Epoch, Fence, Generation, Kind};
use evergrant_engine::pool::{
    Choice, Conversation, Holder, Lease, Leased, Life, Member, Origin, Pool, Probing, Roster, Strategy, View,
};
use evergrant_engine::store::{Health, Standing};
use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};
use evergrant_engine::vocabulary::Verdict;

fn main() {
    let few = Size {
        members: 10,
        name: "10",
        limit: 200,
    };
    let many = Size {
        members: 100_000,
        name: "100,000",
        limit: 1_000,
    };
    for size in [few, many] {
        for (state, ready) in [("all ready", size.members), ("all but one rest", 1)] {
            let members = members(size.members, ready);
            for strategy in Strategy::ALL {
                measure(&size, state, strategy, members.clone());
            }
        }
    }
}

/// A pool's size, and how many nanoseconds a choice may take in it.
struct Size {
    members: usize,
    name: &'static str,
    limit: u64,
}

fn measure(size: &Size, state: &str, strategy: Strategy, members: Vec<Member>) {
    let now = now();
    let provider = "p".into();
    let mut view = View::default();
    view.choose_by(&provider, strategy, Arc::default());
    view.enroll(&provider, Arc::new(Roster::of(members)));
    view.advance(&now);
    // What was sent spreads, as it does after a while.
    let begun = on_the_processor();
    for request in (0..2_000).take_while(|_| on_the_processor() - begun < ENOUGH) {
        let lease = pick(view.pool(&provider), request, &now);
        lease.iter().for_each(|lease| view.sent(lease, None, &now));
    }
    let name = format!("{} of {}, {state}", strategy.as_str(), size.name);
    let pool = view.pool(&provider);
    let begun = on_the_processor();
    let mut samples: Vec<f64> = (0..SAMPLES)
        .take_while(|sample| *sample == 0 || on_the_processor() - begun < ENOUGH)
        .map(|sample| {
            let begun = on_the_processor();
            for request in 0..PICKS {
                black_box(pick(pool, sample * PICKS + request, &now));
            }
            (on_the_processor() - begun).as_secs_f64() * 1e9 / PICKS as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let counted = allocation_counter::measure(|| {
        for request in 0..PICKS {
            black_box(pick(pool, request, &now));
        }
    });
    println!("choose\t{name}, ns\t{}\t{:.0}", size.limit, samples[samples.len() / 2]);
    println!("choose\t{name}, allocations\t0\t{}", counted.count_total);
}

/// One choice, for a request of its own.
fn pick(pool: Option<&Pool>, request: u64, now: &Moment) -> Option<Lease> {
    let number = request.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    pool?.pick(&Choice {
        owner: Holder(request),
        tried: &[],
        pin: None,
        min_valid: Duration::ZERO,
        probing: Probing::Early,
        conversation: Some(Conversation::of(&number.to_le_bytes())),
        model: None,
        now,
        entropy: number >> 7,
    })
}

/// So many, of which the last ones are ready and the others rest for an hour.
fn members(count: usize, ready: usize) -> Vec<Member> {
    let now = now();
    let member = |number: usize| {
        let mut standing = Standing::default();
        if number + ready < count {
            standing.health = Health::Cooling {
                until: now.wall.plus(Duration::from_secs(3_600)),
                why: Verdict::UsageLimited,
            };
            standing.last_error = Some(Box::new(refused(&now)));
        }
        Member {
            lease: Lease::to(Leased {
                fence: Fence {
                    id: CredentialId::from(format!("{number:032x}")),
                    generation: Generation(1),
                    epoch: Epoch(1),
                },
                provider: "p".into(),
                label: format!("key-{number}").into(),
                kind: Kind::Grant,
            }),
            priority: 0,
            created_at: Timestamp::from_secs(number as i64),
            standing: standing.into(),
            life: Life::Token {
                obtained: now.clone(),
                lifetime: Some(Duration::from_secs(6 * 3_600)),
                renewable: true,
            },
            origin: Origin::Login(now.wall),
        }
    };
    (0..count).map(member).collect()
}

fn refused(now: &Moment) -> evergrant_engine::store::LastError {
    evergrant_engine::store::LastError {
        verdict: Verdict::UsageLimited,
        channel: evergrant_engine::vocabulary::Channel::Inference,
        code: evergrant_engine::failure::Code::UsageLimited,
        signal: "usage".to_owned(),
        file: "built-in".to_owned(),
        line: 1,
        at: now.wall,
        generation: Generation(1),
        fragment: String::new(),
    }
}

fn now() -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000),
        boot: BootTime::from_millis(10_000_000),
        boot_id: BootId::from("boot"),
    }
}

/// How long this thread has been on a processor: what else runs on the machine does not count.
fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// 101 samples, of which the middle one counts.
const SAMPLES: u64 = 101;

/// 1 s: a choice that takes so long that fewer samples fit in is far beyond its limit.
const ENOUGH: Duration = Duration::from_secs(1);

/// 200 choices a sample: far above what the clock can tell.
const PICKS: u64 = 200;
