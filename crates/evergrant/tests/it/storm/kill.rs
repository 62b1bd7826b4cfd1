//! A process is killed in the middle of a refresh, at any moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use evergrant_sandbox::Order;
use tokio::task::JoinSet;

use super::scene::Scene;

/// From when the moment of a kill counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// The start of the process.
    Start,
    /// The provider has the request.
    Sight,
}

impl From {
    /// What is left of the refresh from then on, and a little more.
    const fn window_ms(self) -> u64 {
        match self {
            Self::Start => 2 * HALF_MS + 300,
            Self::Sight => 2 * HALF_MS + 60,
        }
    }
}

/// What a kill left behind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// Nothing had been sent, or the answer was committed.
    Whole,
    /// The provider had not taken the token, which a replay found out once nothing was left to lose.
    Untaken,
    /// The provider had rotated, and its answer died with the process: this one costs a login.
    Lost,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_that_reached_us() {
    let seed = RandomState::new().hash_one("kill");
    println!("seed {seed}");
    let mut left = Vec::new();
    let mut rounds = JoinSet::new();
    for round in 0..ROUNDS {
        // Half of them from the start of the process, half from the moment the provider has the request; spread over
        // what follows, each at a random place of its own stretch.
        let from = if round % 2 == 0 { From::Start } else { From::Sight };
        let stretch = from.window_ms() / ROUNDS;
        let moment = round * stretch + RandomState::new().hash_one((seed, round)) % stretch;
        rounds.spawn(killed(from, Duration::from_millis(moment)));
        if rounds.len() == AT_ONCE {
            left.push(rounds.join_next().await.unwrap().unwrap());
        }
    }
    left.extend(rounds.join_all().await);
    left.sort();
    println!("{left:?}");
    let in_flight = left.iter().filter(|left| **left != Left::Whole).count();
    assert!(
        in_flight >= 5,
        "too few were killed between request and commit: {left:?}"
    );
}

/// One round in a home of its own.
async fn killed(from: From, moment: Duration) -> Left {
    let scene = Scene::logged_in(LIFETIME).await;
    let control = scene.sandbox.control();
    for slow in ["token-slow", "answer-slow"] {
        control
            .arm(Order::new(slow).with("delay_ms", HALF_MS).times(1))
            .unwrap();
    }

    let mut child = scene.scratch.evergrant(&["refresh", "acme/main"]).spawn().unwrap();
    if from == From::Sight {
        let seen = async {
            while scene.counters().refreshes == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
    }
    tokio::time::sleep(moment).await;
    child.kill().await.unwrap();

    // While the access token is good, nobody replays: it serves, or its successor does. Reading changes nothing; the first
    // that opens the store to write finishes a journal that stands.
    scene.credential().await;
    let token = scene.token().await.expect(0);
    assert!(scene.accepts(&token).await, "{token}");
    let credential = scene.credential().await;
    assert_eq!(scene.counters().refresh_reuses, 0, "{from:?} {moment:?}");
    let sent = scene.counters().refreshes;
    match credential["health"].as_str().unwrap() {
        "ready" => {
            scene.refresh().await.expect(0);
            assert_eq!(scene.counters().refreshes, sent + 1, "{from:?} {moment:?}");
            assert_eq!(scene.counters().refresh_reuses, 0, "{from:?} {moment:?}");
            Left::Whole
        }
        "outcome-unknown" => {
            let refused = scene.refresh().await.expect(5);
            assert_eq!(refused.json()["error"]["code"], "outcome-unknown", "{refused}");
            assert_eq!(scene.counters().refreshes, sent, "nothing is sent: {refused}");
            scene.lapse().await;
            replayed(&scene).await
        }
        other => panic!("`{other}` {from:?} {moment:?}: {credential}"),
    }
}

/// With nothing left to lose, the token is sent once more, and the provider decides.
async fn replayed(scene: &Scene) -> Left {
    let taken = scene.family().rotations == 1;
    let token = scene.token().await;
    let credential = scene.credential().await;
    if taken {
        let token = token.expect(3);
        assert_eq!(token.json()["error"]["code"], "grant-dead", "{token}");
        assert_eq!(credential["health"], "quarantined");
        assert_eq!(credential["last_error"]["verdict"], "grant-dead");
        assert_eq!(credential["remedy"]["kind"], "login");
        Left::Lost
    } else {
        let token = token.expect(0);
        assert!(scene.accepts(&token).await, "{token}");
        assert_eq!(credential["health"], "ready");
        assert_eq!(scene.counters().refresh_reuses, 0);
        Left::Untaken
    }
}

/// As many kills as the first slice asks for.
const ROUNDS: u64 = 30;
/// More at once, and a busy machine outlives the access tokens.
const AT_ONCE: usize = 10;
/// Before the provider spends the token, and after: the kill falls on either side.
const HALF_MS: u64 = 250;
/// Long enough for the checks that want a good token, short enough to wait for its end.
const LIFETIME: Duration = Duration::from_secs(6);
