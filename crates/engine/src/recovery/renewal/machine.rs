//! The machine of one renewal: it spends a refresh token at most once, and loses nothing that was received.
//!
//! The driver does what an [`Action`] says and reports what happened as an [`Input`]; every decision is taken here.
//! The states are named for what they wait for.

use std::time::Duration;

use super::ask::{Ask, Spend, Terms};
use super::ending::{self, Ending};
use super::input::Input;
use super::jitter::fraction;
use super::limits::{LOCK_PATIENCE, LOCK_POLL_MIN, LOCK_POLL_SPREAD, SAVE_RETRY_MAX, SAVE_RETRY_STEPS};
use super::rejection;
use super::rules::{Hold, Permit, Suitable, held_back, permitted, suitable};
use crate::credential::Fence;
use crate::failure::Failure;
use crate::protection::{Protection, stands};
use crate::secret::Fingerprint;
use crate::store::Standing;
use crate::time::Moment;
use crate::verdict::{Reading, Verdict};
use crate::wire::Phase;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the store, without a lock.
    Look,
    /// Learn the token endpoint.
    Locate,
    /// Try the grant's lock (and the client's); answer `Locked` or `Busy`.
    TryLock {
        /// Whether the client id is locked first.
        client: bool,
    },
    /// Wait.
    Pause(Duration),
    /// Finish a journal that stands, then read the store again; the lock is held.
    Read,
    /// Connect to the token endpoint.
    Connect,
    /// Insert the claim durably and keep the journal's space.
    Claim(Fingerprint),
    /// Take the open claim over from this attempt.
    TakeOver(Fingerprint, u128),
    /// Mark the claim as sent by compare-and-set, check it once more before the first byte, send.
    Send(Fingerprint),
    /// Write the journal, then commit with this standing.
    Commit {
        /// What it was renewed from.
        from: Fence,
        /// The token that was spent.
        spent: Fingerprint,
        /// The standing from now on.
        standing: Box<Standing>,
    },
    /// Publish the new token in memory and tell everyone who waits, though it is not durable; then wait this long.
    PublishUnsaved(Duration),
    /// Release the claim, forget the endpoint and learn it anew; the lock is held.
    Relocate(Fingerprint),
    /// Give everything back and tell everyone who waits.
    Finish(Box<Ending>),
}

/// The machine's answer: what to do, and the machine that waits for the outcome (none after `Finish`).
pub type Step = (Option<Renewal>, Action);

/// One renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    ask: Ask,
    terms: Terms,
    started: Moment,
    /// The token endpoint's host, once it is known.
    token_host: Option<String>,
    /// Whether the endpoint has been learnt anew already.
    relocated: bool,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Looking,
    Pausing(Spend),
    Locating(Spend),
    Locking,
    LockPausing,
    Reading,
    ReadPausing,
    Connecting(Spend),
    Claiming(Spend),
    Answering(Spend),
    Relocating(Spend),
    Confirming(Spend, Reading),
    Committing(Spend),
    Unsaved(Spend, u32),
}

impl Renewal {
    /// Begins by looking at the store.
    pub fn begin(ask: Ask, terms: Terms, now: &Moment) -> Step {
        let renewal = Self {
            ask,
            terms,
            started: now.clone(),
            token_host: None,
            relocated: false,
            state: State::Looking,
        };
        (Some(renewal), Action::Look)
    }

    /// What was asked.
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Takes what happened, gives what to do. An input that does not belong to the state ends the renewal as a fault of ours.
    pub fn handle(self, input: Input, now: &Moment, entropy: u64) -> Step {
        if let Input::StoreFailed(failure) = &input {
            return self.store_failed(failure, now, entropy);
        }
        match self.state.clone() {
            State::Looking => self.looked(input, now),
            State::Pausing(spend) => self.on(input, Input::Waited, State::Locating(spend), Action::Locate),
            State::Locating(spend) => self.located(input, &spend, now, entropy),
            State::Locking => self.tried_lock(input, now, entropy),
            State::LockPausing => {
                let client = self.terms.serialize_client;
                self.on(input, Input::Waited, State::Locking, Action::TryLock { client })
            }
            State::Reading => self.read(input, now, entropy),
            State::ReadPausing => self.on(input, Input::Waited, State::Reading, Action::Read),
            State::Connecting(spend) => self.connected(input, spend, now, entropy),
            State::Claiming(spend) => self.claimed(input, spend),
            State::Answering(spend) => self.answered(input, spend, now, entropy),
            State::Relocating(spend) => self.relocated(input, &spend, now, entropy),
            State::Confirming(spend, reading) => self.confirmed(input, &spend, &reading, now),
            State::Committing(spend) => self.committed(input, spend, 0, now),
            State::Unsaved(spend, tries) => self.committed(input, spend, tries, now),
        }
    }

    fn looked(self, input: Input, now: &Moment) -> Step {
        let Input::Viewed(view) = input else {
            return self.astray(&input);
        };
        match suitable(&self.ask, &self.terms, self.token_host.as_deref(), view, now) {
            Suitable::Adopt(fence) => finish(ending::adopted(fence)),
            Suitable::Stop(ending) => finish(*ending),
            Suitable::Renew(spend) => match held_back(&self.ask, &spend.record.standing, now) {
                Hold::None => self.then(State::Locating(*spend), Action::Locate),
                Hold::Pause(pause) => self.then(State::Pausing(*spend), Action::Pause(pause)),
                Hold::Later(after) => finish(rejection::held(&self.terms, &spend.record, after)),
            },
        }
    }

    fn located(mut self, input: Input, spend: &Spend, now: &Moment, entropy: u64) -> Step {
        match input {
            Input::Located(host) => {
                self.token_host = Some(host);
                let client = self.terms.serialize_client;
                self.then(State::Locking, Action::TryLock { client })
            }
            Input::NotLocated(failure) => finish(rejection::not_located(spend, failure, now, entropy)),
            input => self.astray(&input),
        }
    }

    fn tried_lock(self, input: Input, now: &Moment, entropy: u64) -> Step {
        match input {
            Input::Locked => self.then(State::Reading, Action::Read),
            Input::Busy { holder, stopped, view } => {
                match suitable(&self.ask, &self.terms, self.token_host.as_deref(), view, now) {
                    Suitable::Adopt(fence) => return finish(ending::adopted(fence)),
                    Suitable::Stop(ending) => return finish(*ending),
                    Suitable::Renew(_) => {}
                }
                if now.since(&self.started) >= LOCK_PATIENCE {
                    return finish(ending::lock_held(&self.ask, holder.as_ref(), stopped));
                }
                let pause = LOCK_POLL_MIN + LOCK_POLL_SPREAD.mul_f64(fraction(entropy));
                self.then(State::LockPausing, Action::Pause(pause))
            }
            input => self.astray(&input),
        }
    }

    fn read(self, input: Input, now: &Moment, entropy: u64) -> Step {
        let Input::Viewed(view) = input else {
            return self.astray(&input);
        };
        let refused = view.refused;
        match suitable(&self.ask, &self.terms, self.token_host.as_deref(), view, now) {
            Suitable::Adopt(fence) => finish(ending::adopted(fence)),
            Suitable::Stop(ending) => finish(*ending),
            Suitable::Renew(spend) => {
                let waited = now.since(&self.started);
                // Whoever had the lock before was asked to wait: that binds all who waited for the lock, too.
                if spend.record.standing.was_put_off_within(waited, now) {
                    match held_back(&self.ask, &spend.record.standing, now) {
                        Hold::None => {}
                        Hold::Pause(pause) => return self.then(State::ReadPausing, Action::Pause(pause)),
                        Hold::Later(after) => return finish(rejection::held(&self.terms, &spend.record, after)),
                    }
                }
                match permitted(&self.ask, &self.terms, &spend, refused, waited, now, entropy) {
                    Permit::Now => self.then(State::Connecting(*spend), Action::Connect),
                    Permit::Pause(pause) => self.then(State::ReadPausing, Action::Pause(pause)),
                    Permit::Not(after) => finish(ending::outcome_unknown(&spend, after, now)),
                }
            }
        }
    }

    fn connected(self, input: Input, spend: Spend, now: &Moment, entropy: u64) -> Step {
        match input {
            Input::Connected => {
                let action = match &spend.standing_claim {
                    Some(claim) => Action::TakeOver(spend.fingerprint, claim.owner.attempt),
                    None => Action::Claim(spend.fingerprint),
                };
                self.then(State::Claiming(spend), action)
            }
            Input::Broke { detail, .. } => finish(rejection::unreached(&spend, &detail, now, entropy)),
            input => self.astray(&input),
        }
    }

    fn claimed(self, input: Input, spend: Spend) -> Step {
        match input {
            Input::Claimed => {
                let fingerprint = spend.fingerprint;
                self.then(State::Answering(spend), Action::Send(fingerprint))
            }
            // Someone claimed, logged in or logged out between our read and our insert: read again, under the same lock, and judge by that claim.
            Input::NotClaimed => self.then(State::Reading, Action::Read),
            input => self.astray(&input),
        }
    }

    fn answered(self, input: Input, spend: Spend, now: &Moment, entropy: u64) -> Step {
        match input {
            Input::LostToLogout => finish(ending::logged_out_unsent(&self.ask, &spend)),
            Input::GaveUp => finish(rejection::gave_up(&spend, now, entropy)),
            Input::NotMarked(failure) => finish(ending::not_marked(&self.ask, &spend, &failure, self.relocated)),
            Input::Broke {
                phase: Phase::Connect,
                detail,
            } => finish(rejection::unsent(&spend, &detail, now, entropy)),
            Input::Broke {
                phase: Phase::Sent,
                detail,
            } => finish(ending::broken(&spend, &detail, now, entropy)),
            Input::Refused { reading, .. } if is_death(reading.verdict) => {
                self.then(State::Confirming(spend, reading), Action::Read)
            }
            Input::Refused { reading, moved } if moved && !self.relocated && rejection::not_taken(&reading) => {
                let fingerprint = spend.fingerprint;
                self.then(State::Relocating(spend), Action::Relocate(fingerprint))
            }
            Input::Refused { reading, .. } => finish(rejection::refused(&self.terms, &spend, &reading, now, entropy)),
            Input::Granted => {
                let action = self.commit(&spend, now);
                self.then(State::Committing(spend), action)
            }
            input => self.astray(&input),
        }
    }

    fn relocated(mut self, input: Input, spend: &Spend, now: &Moment, entropy: u64) -> Step {
        match input {
            Input::Located(host) => {
                self.token_host = Some(host);
                self.relocated = true;
                self.then(State::Reading, Action::Read)
            }
            Input::NotLocated(failure) => finish(rejection::unreached(spend, &failure.message, now, entropy)),
            input => self.astray(&input),
        }
    }

    fn confirmed(self, input: Input, spend: &Spend, reading: &Reading, now: &Moment) -> Step {
        let Input::Viewed(view) = input else {
            return self.astray(&input);
        };
        finish(ending::dead(&self.ask, &self.terms, spend, reading, view, now))
    }

    fn committed(self, input: Input, spend: Spend, tries: u32, now: &Moment) -> Step {
        match input {
            Input::Committed(fence) => finish(ending::minted(fence)),
            Input::NotCommitted(_) => {
                let pause = SAVE_RETRY_MAX.min(Duration::from_secs(1 << tries));
                self.then(
                    State::Unsaved(spend, SAVE_RETRY_STEPS.min(tries + 1)),
                    Action::PublishUnsaved(pause),
                )
            }
            Input::Waited if tries > 0 => {
                let action = self.commit(&spend, now);
                self.then(State::Unsaved(spend, tries), action)
            }
            Input::LostToLogout => finish(ending::lost_to_logout(&spend)),
            Input::LostToLogin(fence) => finish(ending::adopted(fence)),
            input => self.astray(&input),
        }
    }

    /// Whether the provider has seen the token in this renewal already.
    fn was_sent(&self) -> bool {
        let sent = matches!(
            self.state,
            State::Relocating(_) | State::Committing(_) | State::Unsaved(..)
        );
        sent || self.relocated
    }

    /// After the send nothing may be concluded from our own store's failure: the claim stays.
    fn store_failed(self, failure: &Failure, now: &Moment, entropy: u64) -> Step {
        match &self.state {
            State::Answering(spend) | State::Confirming(spend, _) => {
                finish(ending::broken(spend, &failure.to_string(), now, entropy))
            }
            State::Looking
            | State::Pausing(_)
            | State::Locating(_)
            | State::Locking
            | State::LockPausing
            | State::Reading
            | State::ReadPausing
            | State::Connecting(_)
            | State::Claiming(_)
            | State::Relocating(_)
            | State::Committing(_)
            | State::Unsaved(..) => finish(ending::store_failed(&self.ask, failure, self.was_sent())),
        }
    }

    fn commit(&self, spend: &Spend, now: &Moment) -> Action {
        Action::Commit {
            from: spend.record.fence(),
            spent: spend.fingerprint,
            standing: Box::new(ending::standing_after_success(&self.ask, &spend.record, now)),
        }
    }

    fn then(mut self, state: State, action: Action) -> Step {
        self.state = state;
        (Some(self), action)
    }

    fn on(self, input: Input, expected: Input, state: State, action: Action) -> Step {
        if input == expected {
            self.then(state, action)
        } else {
            self.astray(&input)
        }
    }

    fn astray(self, input: &Input) -> Step {
        finish(ending::astray(&self.ask, input))
    }
}

fn finish(ending: Ending) -> Step {
    (None, Action::Finish(Box::new(ending)))
}

/// A death needs proof: the word of the provider for it, and nothing else.
fn is_death(verdict: Verdict) -> bool {
    verdict == Verdict::GrantDead || !stands(Protection::DeathNeedsProof)
}
