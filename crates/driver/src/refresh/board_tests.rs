//! The board under every schedule that shuttle draws: tasks that ask, one that is dropped midway, flights that end well,
//! badly or without a word.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shuttle::future::{block_on, spawn, yield_now};

use super::board::{Board, Boarded, Pilot, Seat};

/// The number of the flight that a task was on, and how that flight ended, if it ended with a word.
type Told = (u64, Option<Result<u64, u64>>);

/// What the flights of one schedule have done.
#[derive(Default)]
struct Tower {
    taken_off: u64,
    airborne: u64,
    /// How each flight that is over has ended.
    over: BTreeMap<u64, Option<Result<u64, u64>>>,
}

#[derive(Clone, Default)]
struct Field {
    board: Arc<Board<&'static str, u64, Result<u64, u64>>>,
    tower: Arc<Mutex<Tower>>,
}

impl Field {
    fn tower<T>(&self, work: impl FnOnce(&mut Tower) -> T) -> T {
        work(&mut self.tower.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on board as production does; a flight is flown by a task of its own.
    fn ask(&self, word: u64) -> (u64, Seat<Result<u64, u64>>) {
        // The wish stands for the flight's number, so that who joins knows which it is on.
        let next = self.tower(|tower| {
            tower.taken_off += 1;
            tower.taken_off
        });
        match self.board.board(&"grant", next) {
            Boarded::Joined(number, seat) => {
                self.tower(|tower| assert!(!tower.over.contains_key(&number), "joined a flight that was over"));
                (number, seat)
            }
            Boarded::TookOff(pilot, seat) => {
                self.tower(|tower| tower.airborne += 1);
                let here = self.clone();
                spawn(async move { here.fly(next, word, pilot).await });
                (next, seat)
            }
        }
    }

    async fn fly(&self, number: u64, word: u64, pilot: Pilot<&'static str, u64, Result<u64, u64>>) {
        self.tower(|tower| assert_eq!(tower.airborne, 1, "two flights of one grant"));
        yield_now().await;
        yield_now().await;
        let end = match word % 3 {
            0 => Some(Ok(number)),
            1 => Some(Err(number)),
            // As a panic leaves it: the pilot is dropped by unwinding.
            _ => None,
        };
        self.tower(|tower| tower.airborne -= 1);
        match end {
            Some(end) => pilot.land(end),
            None => drop(pilot),
        }
        self.tower(|tower| tower.over.insert(number, end));
    }
}

/// Three tasks ask, the second of them twice and the third is dropped while it waits.
fn one_schedule() {
    let field = Field::default();
    let asks = |word: u64, times: u64| {
        let field = field.clone();
        spawn(async move {
            let mut told: Vec<Told> = Vec::new();
            for time in 0..times {
                let (number, seat) = field.ask(word + time);
                assert!(
                    told.iter().all(|(before, _)| *before != number),
                    "joined a flight that had told its end"
                );
                told.push((number, seat.outcome().await));
            }
            told
        })
    };
    let (first, second, third) = (asks(0, 1), asks(1, 2), asks(0, 1));
    block_on(async {
        yield_now().await;
        third.abort();
        let told = [first.await.unwrap(), second.await.unwrap()].concat();
        assert_eq!(told.len(), 3, "everyone is answered");
        while field.tower(|tower| tower.airborne > 0) {
            yield_now().await;
        }
        // Whoever waited was told how its own flight ended, and nothing else.
        for (number, outcome) in told {
            let end = loop {
                if let Some(end) = field.tower(|tower| tower.over.get(&number).copied()) {
                    break end;
                }
                yield_now().await;
            };
            assert_eq!(outcome, end);
        }
        // What comes afterwards flies anew.
        let (number, seat) = field.ask(0);
        assert_eq!(seat.outcome().await, Some(Ok(number)));
    });
}

#[test]
fn board_under_random_schedules() {
    shuttle::check_random(one_schedule, 5_000);
}

#[test]
fn board_under_unlikely_schedules() {
    shuttle::check_pct(one_schedule, 5_000, 3);
}
