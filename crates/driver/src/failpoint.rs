//! The named points of a renewal at which a process can be ended, stopped or held up, to see what it leaves behind.
//!
//! In an ordinary build `pass` is a constant that does nothing, and no binary holds the names. In a build with the feature
//! `torture`, which is never shipped, the environment variable `EVERGRANT_FAILPOINT` says what happens where: `NAME=kill`,
//! `NAME=stop`, `NAME=pause:MILLISECONDS` or `NAME=exit`, each at every passage or, with `@N` behind it, at the nth; several are
//! separated by commas.
//!
//! Public for the torture harness, and hidden from the docs: no part of the contract.

#[cfg(feature = "torture")]
pub use armed::{Unusable, check};

macro_rules! failpoints {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A point; the names say what has just been done there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Failpoint { $($(#[$doc])* $variant,)* }

        impl Failpoint {
            /// All of them, in the order of a renewal.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name under which it is armed.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

failpoints! {
    /// The store was looked at without a lock.
    Looked = "looked";
    /// The token endpoint is known.
    Located = "located";
    /// The grant's lock is held.
    Locked = "locked";
    /// The store was read under the lock.
    Read = "read";
    /// The connection to the token endpoint stands.
    Connected = "connected";
    /// The claim is durable.
    Claimed = "claimed";
    /// The claim of someone who is gone is ours.
    TakenOver = "taken-over";
    /// The journal's room is kept.
    RoomKept = "room-kept";
    /// The claim says, durably, that its token was sent.
    MarkedSent = "marked-sent";
    /// The claim was found fresh at the very write that carries the first byte; nothing is written yet.
    Cleared = "cleared";
    /// One byte was written, and no other.
    FirstByteWritten = "first-byte-written";
    /// The whole request was written.
    RequestWritten = "request-written";
    /// The first bytes of the answer were read.
    AnswerBegun = "answer-begun";
    /// The whole answer was read.
    AnswerRead = "answer-read";
    /// The answer was understood; it is not in the journal yet.
    AnswerHeard = "answer-heard";
    /// The answer was written into the journal, and not synced yet.
    AnswerWritten = "answer-written";
    /// The answer is durable in the journal.
    AnswerSaved = "answer-saved";
    /// The commit's transaction did all its work and was not ended yet.
    CommitPrepared = "commit-prepared";
    /// The commit is durable.
    Committed = "committed";
    /// The journal is gone.
    JournalRemoved = "journal-removed";
    /// This process shows the new token.
    Published = "published";
    /// A claim on a token that was surely not taken was given back.
    Released = "released";
    /// A dead token's quarantine is durable.
    Quarantined = "quarantined";
    /// A logout's tombstone is durable.
    Buried = "buried";
    /// The locks were given back.
    Unlocked = "unlocked";
}

/// A step was done.
#[cfg(not(feature = "torture"))]
pub(crate) const fn pass(_: Failpoint) {}

/// A step was done.
#[cfg(feature = "torture")]
pub(crate) fn pass(point: Failpoint) {
    armed::pass(point);
}

/// When this process passed the point last; nothing is known of it in an ordinary build.
#[cfg(not(feature = "torture"))]
pub const fn last_passed(_: Failpoint) -> Option<std::time::Instant> {
    None
}

/// When this process passed the point last.
#[cfg(feature = "torture")]
pub fn last_passed(point: Failpoint) -> Option<std::time::Instant> {
    armed::last_passed(point)
}

/// Whether something is to happen there, so that the way to it may be slowed down.
#[cfg(not(feature = "torture"))]
pub(crate) const fn is_armed(_: Failpoint) -> bool {
    false
}

/// Whether something is to happen there, so that the way to it may be slowed down.
#[cfg(feature = "torture")]
pub(crate) fn is_armed(point: Failpoint) -> bool {
    armed::is_armed(point)
}

#[cfg(feature = "torture")]
mod armed {
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::time::{Duration, Instant};

    use super::Failpoint;

    /// What was asked of a point cannot be done.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("`{VARIABLE}` does not hold what it can: `{0}`")]
    pub struct Unusable(pub String);

    /// Reads what is armed; to be called before anything else.
    ///
    /// # Errors
    /// A name that no point has, or something that cannot happen there.
    pub fn check() -> Result<(), Unusable> {
        orders().as_ref().map(|_| ()).map_err(Clone::clone)
    }

    pub(super) fn last_passed(point: Failpoint) -> Option<Instant> {
        passages(|passages| passages[point as usize].last)
    }

    pub(super) fn is_armed(point: Failpoint) -> bool {
        let Ok(orders) = orders() else { return false };
        orders.iter().any(|order| order.point == point)
    }

    pub(super) fn pass(point: Failpoint) {
        let count = passages(|passages| {
            let passage = &mut passages[point as usize];
            passage.count += 1;
            passage.last = Some(Instant::now());
            passage.count
        });
        let Ok(orders) = orders() else { return };
        for order in orders {
            if order.point == point && order.passage.is_none_or(|passage| passage == count) {
                order.deed.happen();
            }
        }
    }

    /// What happens where.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Order {
        point: Failpoint,
        deed: Deed,
        passage: Option<u64>,
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Deed {
        Kill,
        Stop,
        Exit,
        Pause(Duration),
    }

    impl Deed {
        fn happen(&self) {
            match self {
                Self::Kill => {
                    signal(rustix::process::Signal::KILL);
                    loop {
                        // Not one instruction of ours goes on; the signal is on its way.
                        std::thread::park();
                    }
                }
                Self::Stop => {
                    signal(rustix::process::Signal::STOP);
                    // The signal may be on its way to another thread; this one must not take the next step meanwhile.
                    std::thread::sleep(STOPPING);
                }
                Self::Exit => std::process::exit(EXITED),
                Self::Pause(pause) => std::thread::sleep(*pause),
            }
        }
    }

    /// 100 ms: a signal to oneself arrives in microseconds, and the time a process is stopped counts here too.
    const STOPPING: Duration = Duration::from_millis(100);

    fn signal(signal: rustix::process::Signal) {
        // To ourselves it cannot be refused.
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }

    #[derive(Clone, Copy)]
    struct Passage {
        count: u64,
        last: Option<Instant>,
    }

    fn passages<T>(work: impl FnOnce(&mut [Passage; Failpoint::ALL.len()]) -> T) -> T {
        static PASSAGES: Mutex<[Passage; Failpoint::ALL.len()]> =
            Mutex::new([Passage { count: 0, last: None }; Failpoint::ALL.len()]);
        work(&mut PASSAGES.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn orders() -> &'static Result<Vec<Order>, Unusable> {
        static ORDERS: OnceLock<Result<Vec<Order>, Unusable>> = OnceLock::new();
        ORDERS.get_or_init(|| read(&std::env::var(VARIABLE).unwrap_or_default()))
    }

    fn read(text: &str) -> Result<Vec<Order>, Unusable> {
        let named = text.split(',').map(str::trim).filter(|order| !order.is_empty());
        named
            .map(|order| read_one(order).ok_or_else(|| Unusable(order.to_owned())))
            .collect()
    }

    fn read_one(order: &str) -> Option<Order> {
        let (name, deed) = order.split_once('=')?;
        let point = *Failpoint::ALL.iter().find(|point| point.name() == name)?;
        let (deed, passage) = match deed.split_once('@') {
            Some((deed, passage)) => (deed, Some(passage.parse().ok().filter(|passage| *passage > 0)?)),
            None => (deed, None),
        };
        let deed = match (deed, deed.strip_prefix("pause:")) {
            (_, Some(milliseconds)) => Deed::Pause(Duration::from_millis(milliseconds.parse().ok()?)),
            ("kill", None) => Deed::Kill,
            ("stop", None) => Deed::Stop,
            ("exit", None) => Deed::Exit,
            (_, None) => return None,
        };
        Some(Order { point, deed, passage })
    }

    /// Where it is said what happens where.
    const VARIABLE: &str = "EVERGRANT_FAILPOINT";

    /// 86: no exit code of the product, so that the harness can tell them apart.
    const EXITED: i32 = 86;

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_happens_where_is_read_or_refused() {
            let orders = read("locked=kill, answer-read=pause:250@3,buried=stop").unwrap();
            assert_eq!(
                orders,
                [
                    Order {
                        point: Failpoint::Locked,
                        deed: Deed::Kill,
                        passage: None
                    },
                    Order {
                        point: Failpoint::AnswerRead,
                        deed: Deed::Pause(Duration::from_millis(250)),
                        passage: Some(3)
                    },
                    Order {
                        point: Failpoint::Buried,
                        deed: Deed::Stop,
                        passage: None
                    },
                ]
            );
            assert_eq!(read("").unwrap(), []);
            for unusable in [
                "lock=kill",
                "locked",
                "locked=die",
                "locked=kill@0",
                "locked=pause",
                "locked=pause:x",
            ] {
                assert_eq!(read(unusable), Err(Unusable(unusable.to_owned())));
            }
        }

        #[test]
        fn names_are_told_apart() {
            let names: std::collections::BTreeSet<_> = Failpoint::ALL.iter().map(|point| point.name()).collect();
            assert_eq!(names.len(), Failpoint::ALL.len());
            assert!(names.len() >= 14);
        }
    }
}

#[cfg(all(test, not(feature = "torture")))]
mod tests {
    use super::*;

    #[test]
    fn in_an_ordinary_build_a_point_does_nothing_at_all() {
        // Constants have no environment and no signals: that this compiles is the proof.
        const PASSED: () = pass(Failpoint::Cleared);
        const ARMED: bool = is_armed(Failpoint::FirstByteWritten);
        assert_eq!((PASSED, ARMED), ((), false));
    }
}
