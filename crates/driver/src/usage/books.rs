//! The books: what was used is added up in memory at once, and written by one thread a few times a second.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use evergrant_engine::failure::Failure;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::time::Timestamp;
use foldhash::fast::RandomState;
use tracing::warn;

use super::told::Tokens;
use super::totals::UsageTotals;
use crate::admission::Door;
use crate::clock::Clock;
use crate::history::{History, UsageSlot, UsageSum, tokens_by_key};
use crate::home::Home;

/// Takes what was used; dropping it waits until the last of it is written.
pub(crate) struct Books {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    home: Home,
    clock: Arc<dyn Clock>,
    desk: Mutex<Desk>,
    /// Told of the first line on an empty desk, of who waits, and of the end.
    news: Condvar,
    /// What this process has written of today, by key: the rest that stands in the history is others'.
    written: Mutex<Written>,
}

/// What lies ready to be written, and the sum of all that ever did.
#[derive(Default)]
struct Desk {
    totals: UsageSum,
    /// Hashed fast, and by a secret of this process: the models are named by whoever asks.
    lines: HashMap<UsageSlot, UsageSum, RandomState>,
    waiting: Vec<Sender<()>>,
    closing: bool,
    has_writer: bool,
}

#[derive(Default)]
struct Written {
    day: i64,
    tokens: HashMap<String, u64>,
}

impl Books {
    pub(crate) fn new(home: &Home, clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            home: home.clone(),
            clock,
            desk: Mutex::default(),
            news: Condvar::new(),
            written: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            writer: Mutex::default(),
        }
    }

    /// The time by which use is counted.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.wall()
    }

    /// What was used since this process began.
    pub(crate) fn totals(&self) -> UsageTotals {
        self.shared.desk().totals.into()
    }

    /// Counts one answer; of one that did not tell, only that it was.
    pub(super) fn enter(&self, mut slot: UsageSlot, tokens: Option<Tokens>) {
        let told = tokens.unwrap_or_default();
        let sum = UsageSum {
            requests: 1,
            untold: u64::from(tokens.is_none()),
            input: told.input,
            output: told.output,
            cached: told.cached,
        };
        let mut desk = self.shared.desk();
        desk.totals.add(&sum);
        if desk.lines.len() >= LINES && !desk.lines.contains_key(&slot) {
            // Whoever makes up models fills no memory with them.
            slot.model = Some("(other)".into());
        }
        let was_empty = desk.lines.is_empty();
        desk.lines.entry(slot).or_default().add(&sum);
        if !desk.has_writer {
            desk.has_writer = true;
            drop(desk);
            self.start();
        } else if was_empty {
            drop(desk);
            self.shared.news.notify_one();
        }
    }

    fn start(&self) {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("evergrant-usage".to_owned());
        match thread.spawn(move || shared.write_all()) {
            Ok(writer) => *lock(&self.writer) = Some(writer),
            Err(error) => {
                warn!(%error, "no thread for the history could be started; what is used is counted and not written");
                self.shared.desk().has_writer = false;
            }
        }
    }

    /// Waits until everything that was counted so far is written, or could not be; blocks.
    pub(crate) fn settle(&self) {
        let (answer, answered) = channel();
        {
            let mut desk = self.shared.desk();
            if !desk.has_writer {
                return;
            }
            desk.waiting.push(answer);
        }
        self.shared.news.notify_one();
        // An error is a writer that has ended: then nothing is left to wait for.
        let _ = answered.recv();
    }

    /// Tells the door what others have used today; blocks on the disk.
    pub(crate) fn tell_others(&self, door: &Door) -> Result<(), Failure> {
        let now = self.now();
        let today = now.as_millis() - now.as_millis().rem_euclid(DAY_MILLIS);
        // What is written meanwhile must not be taken for others'.
        let written = lock(&self.shared.written);
        let mut tokens = tokens_by_key(&self.shared.home, today)?;
        if written.day == today {
            for (key, own) in &written.tokens {
                if let Some(all) = tokens.get_mut(key) {
                    *all = all.saturating_sub(*own);
                }
            }
        }
        door.note_others(&tokens, now);
        Ok(())
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        self.shared.desk().closing = true;
        self.shared.news.notify_one();
        if let Some(writer) = lock(&self.writer).take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    /// Writes until the books are closed.
    fn write_all(&self) {
        let (mut history, mut left, mut failing) = (None, HashMap::new(), false);
        let mut rolled_up: Option<i64> = None;
        loop {
            let (closing, waiting) = self.gather(&mut left);
            if !left.is_empty() {
                match self.write(&mut history, &left) {
                    Ok(()) => {
                        left.clear();
                        failing = false;
                    }
                    Err(failure) if !failing => {
                        warn!(%failure, "what was used could not be written; it is kept in memory and tried again");
                        failing = true;
                    }
                    Err(_) => {}
                }
            }
            let today = self.clock.now().wall.as_millis().div_euclid(DAY_MILLIS);
            if let Some(history) = history.as_ref().filter(|_| rolled_up != Some(today)) {
                rolled_up = Some(today);
                if let Err(failure) = History::roll_up_usage(history, self.clock.now().wall) {
                    warn!(%failure, "what was used long ago could not be rolled up; it is tried again tomorrow");
                }
            }
            for answer in waiting {
                // Who has stopped waiting needs no answer.
                let _ = answer.send(());
            }
            if closing {
                return;
            }
        }
    }

    /// Waits for something to write, and a little for what comes with it; answers whether the books are closed, and who waits.
    fn gather(&self, left: &mut HashMap<UsageSlot, UsageSum>) -> (bool, Vec<Sender<()>>) {
        let hurries = |desk: &Desk| desk.closing || !desk.waiting.is_empty();
        let mut desk = self.desk();
        while desk.lines.is_empty() && left.is_empty() && !hurries(&desk) {
            desk = self.news.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        if !hurries(&desk) {
            let quiet = |desk: &mut Desk| !hurries(desk);
            let pause = if stands(Protection::UsageWritten) {
                GATHER
            } else {
                NEVER
            };
            let waited = self.news.wait_timeout_while(desk, pause, quiet);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        for (slot, sum) in desk.lines.drain() {
            left.entry(slot).or_default().add(&sum);
        }
        (desk.closing, std::mem::take(&mut desk.waiting))
    }

    fn write(&self, history: &mut Option<History>, lines: &HashMap<UsageSlot, UsageSum>) -> Result<(), Failure> {
        let open = match history.take() {
            Some(open) => open,
            None => History::open(&self.home)?,
        };
        let mut written = lock(&self.written);
        // One that fails is opened again.
        open.add_usage(lines)?;
        *history = Some(open);
        let now = self.clock.now().wall.as_millis();
        let today = now - now.rem_euclid(DAY_MILLIS);
        if written.day != today {
            *written = Written {
                day: today,
                tokens: HashMap::new(),
            };
        }
        for (slot, sum) in lines.iter().filter(|(slot, _)| slot.hour >= today) {
            if let Some(key) = &slot.key {
                *written.tokens.entry(key.to_string()).or_default() += sum.input + sum.output;
            }
        }
        Ok(())
    }
}

/// What a panic under it would leave is a count that is one off.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 300 ms: with the write after it, far less than the second that a crash may cost.
const GATHER: Duration = Duration::from_millis(300);

/// An hour, where the protection is taken away.
const NEVER: Duration = Duration::from_secs(3_600);

/// 4,096 lines between two writes: more than keys, credentials and models of any home.
const LINES: usize = 4_096;

/// A day (UTC).
const DAY_MILLIS: i64 = 86_400_000;
