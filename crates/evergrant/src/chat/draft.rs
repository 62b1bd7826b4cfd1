//! An answer that is still coming, written down now and then beside the task that shows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evergrant_driver::Failure;
use evergrant_driver::history::{ConversationId, History, Message};
use tokio::runtime::Handle;

/// Writes one message again and again: the disk may take its time, and what is older never comes over what is newer.
#[derive(Debug)]
pub(super) struct Draft {
    history: Arc<History>,
    id: ConversationId,
    number: usize,
    /// How many times it was to be written.
    version: u64,
    pen: Arc<Mutex<Pen>>,
}

/// Whoever holds it writes.
#[derive(Debug, Default)]
struct Pen {
    /// The newest version that was written.
    written: u64,
    /// A version is on its way.
    waits: bool,
    /// Why the last one could not be written, until somebody is told.
    fault: Option<Failure>,
}

impl Draft {
    /// The message of that number.
    pub(super) fn new(history: Arc<History>, id: ConversationId, number: usize) -> Self {
        Self {
            history,
            id,
            number,
            version: 0,
            pen: Arc::default(),
        }
    }

    /// Has it written as it is now, without waiting; `false` while it is being written as it was before.
    ///
    /// # Errors
    /// What kept the last one from being written.
    pub(super) fn write_later(&mut self, message: &Message) -> Result<bool, Failure> {
        let Ok(runtime) = Handle::try_current() else {
            return self.write(message).map(|()| true);
        };
        // Who writes holds the pen, for as long as the disk takes.
        let Ok(mut pen) = self.pen.try_lock() else {
            return Ok(false);
        };
        if let Some(fault) = pen.fault.take() {
            return Err(fault);
        }
        if std::mem::replace(&mut pen.waits, true) {
            return Ok(false);
        }
        drop(pen);
        self.version += 1;
        let (version, number, message) = (self.version, self.number, message.clone());
        let (history, id, pen) = (Arc::clone(&self.history), self.id.clone(), Arc::clone(&self.pen));
        // Nobody waits for it; whoever writes after it waits for the pen.
        drop(runtime.spawn_blocking(move || {
            let mut pen = lock(&pen);
            pen.waits = false;
            if version > pen.written {
                pen.written = version;
                pen.fault = history.amend(&id, number, &message).err();
            }
        }));
        Ok(true)
    }

    /// Writes it as it is now; nothing older is written after it.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(super) fn write(&mut self, message: &Message) -> Result<(), Failure> {
        self.version += 1;
        let mut pen = lock(&self.pen);
        pen.written = self.version;
        self.history.amend(&self.id, self.number, message)
    }

    /// Takes it back, if nothing ever came of it; nothing is written after that.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(super) fn take_back(&mut self) -> Result<(), Failure> {
        self.version += 1;
        let mut pen = lock(&self.pen);
        pen.written = self.version;
        self.history.take_back(&self.id, self.number)
    }
}

/// A panic while it was held wrote nothing by halves: the history writes in one step.
fn lock(pen: &Mutex<Pen>) -> MutexGuard<'_, Pen> {
    pen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use evergrant_driver::Timestamp;
    use evergrant_driver::history::{Ending, Role};
    use evergrant_driver::home::Home;

    use super::*;

    fn message(text: &str, ending: Ending) -> Message {
        Message {
            role: Role::Assistant,
            text: text.to_owned(),
            ending,
            at: Timestamp::default(),
            provider: None,
            label: None,
            model: None,
        }
    }

    #[tokio::test]
    async fn who_shows_an_answer_waits_for_no_disk_and_what_is_older_never_comes_after() {
        let folder = tempfile::tempdir().unwrap();
        let history = Arc::new(History::open(&Home::at(folder.path().join("home"))).unwrap());
        let id = history.begin(None, None, Timestamp::default()).unwrap();
        let number = history.add(&id, &message("", Ending::Coming)).unwrap();
        let mut draft = Draft::new(Arc::clone(&history), id.clone(), number);
        let kept = || history.conversation(id.as_str()).unwrap().unwrap().messages[number].clone();
        // A disk that takes its time, which is as long as somebody holds the pen.
        let pen = Arc::clone(&draft.pen);
        let slow = lock(&pen);
        assert!(!draft.write_later(&message("on", Ending::Coming)).unwrap());
        drop(slow);
        assert!(draft.write_later(&message("one", Ending::Coming)).unwrap());
        while lock(&pen).waits {
            tokio::task::yield_now().await;
        }
        assert_eq!(kept().text, "one");
        // The end overtakes what is on its way, whenever that is written.
        for _ in 0..50 {
            let _ = draft.write_later(&message("two", Ending::Coming)).unwrap();
            draft.write(&message("three", Ending::Whole)).unwrap();
            while lock(&pen).waits {
                tokio::task::yield_now().await;
            }
            assert_eq!(kept(), message("three", Ending::Whole));
        }
    }
}
