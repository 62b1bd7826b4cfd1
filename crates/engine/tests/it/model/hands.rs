//! What a process does when the machine says so: the driver's hands, one step that others can see at a time.

use evergrant_engine::protection::Protection;
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::{Action, Ending};

use super::engine::{Book, Happened, Turn};
use super::law::{self, Broken};
use super::process::{Flight, Line};
use super::provider::Reply;
use super::scope::Scope;
use super::store::{Commit, Committed, JournalFile, View};
use super::world::{Pair, Secs, World};

/// One process at work.
pub(super) struct Hands<'a> {
    pub(super) scope: &'a Scope,
    pub(super) book: &'a mut Book,
    pub(super) world: &'a mut World,
    pub(super) who: usize,
}

/// Whether the world is kind to this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Luck {
    Good,
    Bad,
}

impl Hands<'_> {
    /// A renewal takes off.
    pub(super) fn take_off(&mut self, turn: Turn) -> Result<(), Broken> {
        self.world.attempts += 1;
        let flight = Flight {
            attempt: self.world.attempts,
            asked: self.world.processes[self.who].shown,
            machine: None,
            action: 0,
            done: 0,
            due: 0,
            locked: false,
            robbed: false,
            seen: None,
            view: None,
            claimed: 0,
            journal: None,
            answer: None,
            committed: None,
            line: Line::Quiet,
        };
        self.turn(flight, turn)
    }

    /// One step of the action under way.
    pub(super) fn step(&mut self, mut flight: Flight, luck: Luck) -> Result<(), Broken> {
        let action = self.book.action(flight.action);
        match &*action {
            Action::Look => {
                let view = self.world.store.view();
                self.note(&mut flight, view);
                self.tell(flight, Happened::Viewed(view))
            }
            Action::TryLock { .. } => self.try_lock(flight),
            Action::Read => {
                let view = flight.seen.take().unwrap_or_else(|| self.world.store.view());
                flight.view = Some(view);
                self.tell(flight, Happened::Viewed(view))
            }
            Action::Connect => self.tell(
                flight,
                match luck {
                    Luck::Good => Happened::Connected,
                    Luck::Bad => Happened::NotConnected,
                },
            ),
            Action::Claim(fingerprint) => {
                let pair = self.book.pair_of(fingerprint);
                self.claim(flight, pair, None)
            }
            Action::TakeOver(fingerprint, from) => {
                let pair = self.book.pair_of(fingerprint);
                self.claim(flight, pair, u8::try_from(*from).ok())
            }
            Action::Send(fingerprint) => {
                let pair = self.book.pair_of(fingerprint);
                self.send(flight, pair)
            }
            Action::Commit { from, spent, standing } => {
                let commit = Commit {
                    generation: small(from.generation.0),
                    epoch: small(from.epoch.0),
                    spent: self.book.pair_of(spent),
                    pair: flight.answer.map_or(0, |(pair, _)| pair),
                    obtained: flight.answer.map_or(0, |(_, received)| received),
                    standing: self.book.standing((**standing).clone()),
                };
                self.commit(flight, &commit, luck)
            }
            Action::Pause(_) | Action::PublishUnsaved(_) => self.tell(flight, Happened::Waited),
            Action::Finish(ending) => self.give_back(flight, ending),
            Action::Locate | Action::Relocate(_) => Err(format!("{action:?} is not a step of its own")),
        }
    }

    /// The answer is read, or the exchange is over without one.
    pub(super) fn hear(&mut self, mut flight: Flight, reply: Option<Reply>) -> Result<(), Broken> {
        let pair = flight
            .view
            .and_then(|view| view.material)
            .map_or(0, |material| material.pair);
        flight.line = Line::Quiet;
        let happened = match reply {
            Some(Reply::Granted(next)) => {
                flight.answer = Some((next, self.world.now));
                self.world.history.received |= 1 << next;
                Happened::Granted
            }
            Some(Reply::Dead) => Happened::Dead,
            Some(Reply::Later) => {
                law::was_not_taken(self.world, pair);
                Happened::Later
            }
            None => Happened::BrokenOff,
        };
        self.tell(flight, happened)
    }

    fn try_lock(&mut self, mut flight: Flight) -> Result<(), Broken> {
        let journal = self.world.journal;
        match (flight.done, journal.and_then(|journal| journal.answer)) {
            (0, _) if self.scope.stands(Protection::Lock) && self.world.is_locked() => {
                let view = self.world.store.view();
                self.note(&mut flight, view);
                return self.tell(flight, Happened::Busy(view));
            }
            (0, Some(_)) => {
                flight.locked = true;
                flight.done = 1;
            }
            (1, Some(answer)) => {
                self.save(&answer);
                flight.done = 2;
            }
            (_, _) => {
                flight.locked = true;
                self.world.journal = None;
                return self.tell(flight, Happened::Locked);
            }
        }
        self.keep(flight);
        Ok(())
    }

    fn claim(&mut self, mut flight: Flight, pair: Pair, from: Option<u8>) -> Result<(), Broken> {
        if flight.done == 0 {
            let (attempt, claimed) = (flight.attempt, flight.claimed);
            let store = &mut self.world.store;
            let made = match (self.scope.stands(Protection::Claim), from) {
                (false, _) => true,
                (true, Some(from)) => store.take_over(pair, from, attempt, claimed),
                (true, None) => {
                    let generation = flight.view.map_or(0, |view| view.generation);
                    store.claim(pair, generation, attempt, claimed)
                }
            };
            if !made {
                return self.tell(flight, Happened::NotClaimed);
            }
            flight.done = 1;
            self.keep(flight);
            return Ok(());
        }
        match self.world.journal {
            Some(JournalFile { answer: Some(_), .. }) => {
                self.world.store.release(pair, flight.attempt);
                self.tell(flight, Happened::StoreFailed)
            }
            standing => {
                let inode = standing.map_or(flight.attempt, |file| file.inode);
                let owner = flight.attempt;
                self.world.journal = Some(JournalFile {
                    inode,
                    owner,
                    answer: None,
                });
                flight.journal = Some(inode);
                self.tell(flight, Happened::Claimed)
            }
        }
    }

    fn send(&mut self, mut flight: Flight, pair: Pair) -> Result<(), Broken> {
        if flight.done == 0 {
            let marked = !self.scope.stands(Protection::Claim)
                || self.world.store.mark_sent(pair, flight.attempt, self.world.now);
            if !marked {
                return self.tell(flight, Happened::GaveUp);
            }
            flight.done = 1;
            self.keep(flight);
            return Ok(());
        }
        let age = self.world.now - flight.claimed;
        if age >= CLAIM_FRESH_FOR && self.scope.stands(Protection::ClaimAge) {
            return self.tell(flight, Happened::GaveUp);
        }
        law::sends(self.world, self.scope, &flight, pair)?;
        flight.line = Line::Sent(pair);
        self.keep(flight);
        Ok(())
    }

    fn commit(&mut self, mut flight: Flight, commit: &Commit, luck: Luck) -> Result<(), Broken> {
        match flight.done {
            0 => {
                if self.scope.stands(Protection::Journal) {
                    self.write_journal(&flight, commit);
                }
                flight.done = 1;
            }
            1 if luck == Luck::Bad => return self.tell(flight, Happened::NotCommitted),
            1 => {
                flight.committed = Some(self.save(commit));
                flight.done = 2;
            }
            _ => {
                self.remove_journal(flight.attempt);
                flight.journal = None;
                return match flight.committed {
                    Some(Committed::Done) => {
                        self.tell(flight, Happened::Committed(commit.generation + 1, commit.epoch))
                    }
                    Some(Committed::LoggedOut) => self.tell(flight, Happened::LostToLogout),
                    Some(Committed::Superseded(generation, epoch)) => {
                        self.tell(flight, Happened::LostToLogin(generation, epoch))
                    }
                    None => Err("a commit was done that nobody began".to_owned()),
                };
            }
        }
        self.keep(flight);
        Ok(())
    }

    /// Into the file that is open; where its name has another one by now, into a new one, unless that holds an answer.
    fn write_journal(&mut self, flight: &Flight, commit: &Commit) {
        let standing = self.world.journal;
        let open = standing.filter(|file| flight.journal == Some(file.inode));
        if open.is_some() || standing.is_none_or(|file| file.answer.is_none()) {
            self.world.journal = Some(JournalFile {
                inode: open.map_or(flight.attempt, |file| file.inode),
                owner: flight.attempt,
                answer: Some(*commit),
            });
        }
    }

    /// What is someone else's stays.
    fn remove_journal(&mut self, attempt: u8) {
        self.world.journal = self.world.journal.filter(|journal| journal.owner != attempt);
    }

    fn save(&mut self, commit: &Commit) -> Committed {
        self.world.history.received &= !(1 << commit.pair);
        self.world.store.commit(commit)
    }

    /// First what is on the disk for this try, then what was learnt.
    fn give_back(&mut self, mut flight: Flight, ending: &Ending) -> Result<(), Broken> {
        if flight.done == 0 && (ending.release.is_some() || flight.journal.is_some()) {
            if let Some(fingerprint) = &ending.release {
                let pair = self.book.pair_of(fingerprint);
                self.world.store.release(pair, flight.attempt);
            }
            if flight.journal.take().is_some() {
                self.remove_journal(flight.attempt);
            }
            if ending.standing.is_some() || ending.quarantine.is_some() || ending.revoke {
                flight.done = 1;
                self.keep(flight);
                return Ok(());
            }
        }
        if let Some((fence, standing)) = &ending.standing
            && self.world.store.is_at(small(fence.generation.0), small(fence.epoch.0))
            && self.world.store.material.is_some()
        {
            let before = flight.view.map_or(0, |view| view.standing);
            let after = self.book.standing(standing.clone());
            self.world.store.standing = self.book.amend(before, after, self.world.store.standing);
        }
        if let Some(dead) = &ending.quarantine {
            let pair = self.book.pair_of(&dead.fingerprint);
            let standing = self.book.quarantined(pair);
            let (generation, epoch) = (small(dead.fence.generation.0), small(dead.fence.epoch.0));
            self.world.store.quarantine(pair, generation, epoch, standing);
        }
        if let Some((pair, _)) = flight.answer.filter(|_| ending.revoke) {
            self.world.provider.end(pair);
        }
        let process = &mut self.world.processes[self.who];
        process.flight = None;
        if let Renewed::Usable { fence, .. } = &ending.renewed {
            process.shown = (small(fence.generation.0), small(fence.epoch.0));
        }
        Ok(())
    }

    /// Without the read under the lock, what was seen before it is believed.
    fn note(&self, flight: &mut Flight, view: View) {
        if !self.scope.stands(Protection::ReadUnderLock) {
            flight.seen = Some(view);
        }
    }

    fn tell(&mut self, flight: Flight, happened: Happened) -> Result<(), Broken> {
        let Some(machine) = flight.machine else {
            return Err(format!("{happened:?} reached a renewal that is over"));
        };
        let turn = self.book.tell(machine, happened, self.world.now);
        self.turn(flight, turn)
    }

    /// The machine's next word; what nobody else can see of it is done at once.
    fn turn(&mut self, mut flight: Flight, (machine, number): Turn) -> Result<(), Broken> {
        (flight.machine, flight.action, flight.done) = (machine, number, 0);
        let action = self.book.action(number);
        match &*action {
            Action::Locate => return self.tell(flight, Happened::Located),
            Action::Pause(pause) if pause.as_secs() == 0 => return self.tell(flight, Happened::Waited),
            Action::Pause(pause) | Action::PublishUnsaved(pause) => {
                flight.due = self.world.now + Secs::try_from(pause.as_secs()).unwrap_or(Secs::MAX / 2);
            }
            Action::Claim(_) | Action::TakeOver(..) => flight.claimed = self.world.now,
            Action::Commit { .. } => flight.locked &= self.scope.stands(Protection::LockToCommit),
            Action::Finish(ending) => {
                law::told(self.world, &flight, ending)?;
                let nothing = flight.journal.is_none()
                    && ending.release.is_none()
                    && ending.standing.is_none()
                    && ending.quarantine.is_none()
                    && !ending.revoke;
                if nothing {
                    return self.give_back(flight, ending);
                }
            }
            Action::Look
            | Action::TryLock { .. }
            | Action::Read
            | Action::Connect
            | Action::Send(_)
            | Action::Relocate(_) => {}
        }
        self.keep(flight);
        Ok(())
    }

    fn keep(&mut self, flight: Flight) {
        self.world.processes[self.who].flight = Some(flight);
    }
}

fn small(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// 5 s, in the world's seconds; the driver asks just before the first byte.
const CLAIM_FRESH_FOR: Secs = 5;
