//! What credentials have earned: shown to this process at once, written to the store behind everyone's back.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use evergrant_engine::credential::CredentialId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::pool::{Report, apply};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::store::Standing;
use evergrant_engine::time::Moment;
use tracing::warn;

use crate::ledger::{Ledger, Ticket};
use crate::measures::{Measures, Unwritten};
use crate::store::{Store, StoreFault};

/// Takes reports; dropping it waits until the last of them is written.
pub(super) struct Earnings {
    ledger: Arc<Ledger>,
    mailbox: Option<Sender<Letter>>,
    writer: Option<JoinHandle<()>>,
    /// One report at a time, so that each is applied to what the one before it has left.
    crediting: Mutex<()>,
}

enum Letter {
    Earned(Box<Earned>),
    /// Answer once everything before this is written.
    Settle(Sender<()>),
}

struct Earned {
    ticket: Ticket,
    report: Report,
    now: Moment,
    entropy: u64,
}

impl Earnings {
    pub(super) fn new(ledger: Arc<Ledger>, store: Arc<dyn Store>, measures: Arc<Measures>) -> Result<Self, Failure> {
        let (mailbox, letters) = channel();
        let shown = Arc::clone(&ledger);
        let writer = std::thread::Builder::new()
            .name("evergrant-standing".to_owned())
            .spawn(move || write_all(&*store, &shown, &measures, &letters))
            .map_err(|error| {
                Failure::new(
                    Code::Internal,
                    format!("no thread for the store could be started: {error}"),
                )
            })?;
        Ok(Self {
            ledger,
            mailbox: Some(mailbox),
            writer: Some(writer),
            crediting: Mutex::new(()),
        })
    }

    /// Credits a report to the credential that earned it, unless that has moved on. Most reports change nothing, and
    /// then nothing is written either.
    pub(super) fn credit(&self, report: &Report, now: &Moment, entropy: u64) {
        let _one = self.crediting.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = self.ledger.picture();
        let Some(record) = picture.record(&report.lease.fence.id) else {
            return;
        };
        let fence = record.fence();
        let after = apply(&record.standing, &fence, report, now, entropy);
        if after == *record.standing {
            return;
        }
        let earned = Earned {
            ticket: self.ledger.learn(&fence, &record.standing, &after),
            report: report.clone(),
            now: now.clone(),
            entropy,
        };
        if !stands(Protection::SharedHealth) {
            return;
        }
        if let Some(mailbox) = &self.mailbox {
            // Without its reader the process is ending, and what was earned here is known to nobody else.
            let _ = mailbox.send(Letter::Earned(Box::new(earned)));
        }
    }

    /// Waits until everything that was credited so far is written; blocks.
    pub(super) fn settle(&self) {
        let (answer, answered) = channel();
        if let Some(mailbox) = &self.mailbox
            && mailbox.send(Letter::Settle(answer)).is_ok()
        {
            // An error is a writer that has ended: then nothing is left to wait for.
            let _ = answered.recv();
        }
    }
}

impl Drop for Earnings {
    fn drop(&mut self) {
        self.mailbox = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes until nobody can report any more; what has come together is written together.
fn write_all(store: &dyn Store, ledger: &Ledger, measures: &Measures, letters: &Receiver<Letter>) {
    while let Ok(first) = letters.recv() {
        let mut earned: HashMap<CredentialId, Vec<Earned>> = HashMap::new();
        let mut waiting = Vec::new();
        for letter in std::iter::once(first).chain(letters.try_iter().take(TOGETHER)) {
            match letter {
                Letter::Earned(one) => earned.entry(one.report.lease.fence.id.clone()).or_default().push(*one),
                Letter::Settle(answer) => waiting.push(answer),
            }
        }
        for (id, earned) in earned {
            if let Err(fault) = write(store, &id, &earned) {
                measures.unwritten(Unwritten::Standing);
                warn!(credential = %id, %fault, "what a request showed could not be written; it is known in this process until it looks again");
            }
            for one in earned {
                ledger.written(one.ticket);
            }
        }
        // What was earned by a generation that is over by now was shown here, and is in no store.
        if let Err(fault) = ledger.look() {
            warn!(%fault, "what was written could not be read again");
        }
        for answer in waiting {
            // Who has stopped waiting needs no answer.
            let _ = answer.send(());
        }
    }
}

/// Applies the reports to the standing as it is stored, which another process may have changed meanwhile.
fn write(store: &dyn Store, id: &CredentialId, earned: &[Earned]) -> Result<(), StoreFault> {
    for _ in 0..TRIES {
        let Some(record) = store.record(id)? else {
            return Ok(());
        };
        let fence = record.fence();
        let after = |standing: &Standing| {
            earned.iter().fold(standing.clone(), |standing, one| {
                apply(&standing, &fence, &one.report, &one.now, one.entropy)
            })
        };
        // What was read may have changed by the time it is written, a quarantine above all, which keeps the generation.
        let mut write = |standing: &mut Standing| *standing = after(standing);
        if after(&record.standing) == *record.standing || store.amend(&fence, &mut write)? {
            return Ok(());
        }
    }
    Ok(())
}

/// More reports than any pool makes in a blink; the rest is written next.
const TOGETHER: usize = 1_024;

/// A record that moves on under three tries has better things to say than what an older generation earned.
const TRIES: u32 = 3;
