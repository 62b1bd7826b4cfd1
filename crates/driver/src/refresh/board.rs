//! The board of flights: of one key at most one is under way, and whoever asks for the same joins it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError};

use evergrant_engine::protection::{Protection, stands};
#[cfg(test)]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};
use tokio::sync::watch;

/// The flights under way, by key; each took off for a wish of its own.
pub(super) struct Board<K: Clone + Eq + Hash, W, O> {
    flights: Arc<Mutex<Flights<K, W, O>>>,
}

struct Flights<K, W, O> {
    by_key: HashMap<K, Flight<W, O>>,
    /// How many have taken off, which tells one flight of a key from the next.
    taken_off: u64,
}

struct Flight<W, O> {
    number: u64,
    wish: W,
    outcome: watch::Receiver<Option<O>>,
}

/// What became of who went on board.
pub(super) enum Boarded<K: Clone + Eq + Hash, W, O> {
    /// A flight is under way already, for this wish.
    Joined(W, Seat<O>),
    /// There was none: it is theirs to fly.
    TookOff(Pilot<K, W, O>, Seat<O>),
}

impl<K: Clone + Eq + Hash, W, O> Default for Board<K, W, O> {
    fn default() -> Self {
        let flights = Flights {
            by_key: HashMap::new(),
            taken_off: 0,
        };
        Self {
            flights: Arc::new(Mutex::new(flights)),
        }
    }
}

impl<K: Clone + Eq + Hash, W: Clone, O: Clone> Board<K, W, O> {
    /// Joins the key's flight, or takes off.
    pub(super) fn board(&self, key: &K, wish: W) -> Boarded<K, W, O> {
        let mut flights = locked(&self.flights);
        if let Some(flight) = flights.by_key.get(key).filter(|_| stands(Protection::SingleFlight)) {
            return Boarded::Joined(flight.wish.clone(), Seat(flight.outcome.clone()));
        }
        let (sender, outcome) = watch::channel(None);
        flights.taken_off += 1;
        let number = flights.taken_off;
        let flight = Flight {
            number,
            wish,
            outcome: outcome.clone(),
        };
        flights.by_key.insert(key.clone(), flight);
        let pilot = Pilot {
            place: Place {
                key: key.clone(),
                number,
                flights: Arc::clone(&self.flights),
            },
            outcome: sender,
        };
        Boarded::TookOff(pilot, Seat(outcome))
    }
}

/// Who flies. However it ends, the flight leaves the board first and those on it are told afterwards: whoever asks from
/// then on must not join a flight that is over.
pub(super) struct Pilot<K: Clone + Eq + Hash, W, O> {
    // In this order: dropped without a word, too, it leaves the board before the seats learn that nobody flies them.
    place: Place<K, W, O>,
    outcome: watch::Sender<Option<O>>,
}

impl<K: Clone + Eq + Hash, W, O> Pilot<K, W, O> {
    /// Tells those on board how it stands, while the flight goes on.
    pub(super) fn tell(&self, outcome: O) {
        self.outcome.send_replace(Some(outcome));
    }

    /// Ends the flight.
    pub(super) fn land(self, outcome: O) {
        drop(self.place);
        self.outcome.send_replace(Some(outcome));
    }
}

/// A flight's place on the board.
struct Place<K: Clone + Eq + Hash, W, O> {
    key: K,
    number: u64,
    flights: Arc<Mutex<Flights<K, W, O>>>,
}

impl<K: Clone + Eq + Hash, W, O> Drop for Place<K, W, O> {
    fn drop(&mut self) {
        let mut flights = locked(&self.flights);
        if flights
            .by_key
            .get(&self.key)
            .is_some_and(|flight| flight.number == self.number)
        {
            flights.by_key.remove(&self.key);
        }
    }
}

/// A seat in a flight; leaving it does not end the flight.
pub(super) struct Seat<O>(watch::Receiver<Option<O>>);

impl<O: Clone> Seat<O> {
    /// What the flight tells, as soon as it does; `None` if it ended without a word.
    pub(super) async fn outcome(mut self) -> Option<O> {
        self.0
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|told| told.clone())
    }
}

fn locked<K, W, O>(flights: &Mutex<Flights<K, W, O>>) -> MutexGuard<'_, Flights<K, W, O>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
