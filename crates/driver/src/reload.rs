//! Takes up rows and configuration when their files change: what can be used, and with a mistake in them nothing.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use evergrant_engine::failure::Failure;
use tracing::{info, warn};

use crate::kernel::Kernel;
use crate::settings::Texts;

/// What the files said, or why they could not be read.
type Look = Result<Texts, Failure>;

/// Reads the files again and goes by them from now on; answers which had changed.
///
/// # Errors
/// A file that cannot be used: then nothing changes.
pub(crate) async fn reload(kernel: &Arc<Kernel>) -> Result<Vec<PathBuf>, Failure> {
    let read = |kernel: &Kernel| take_up(kernel, Texts::read(&kernel.settings().home)?);
    let taken = kernel.apart(read).await?;
    taken.tell_what_waits();
    Ok(taken.files)
}

/// Looks at the files every half second for as long as the driver is open.
pub(crate) async fn follow(kernel: Weak<Kernel>) {
    let Some(mut follower) = kernel.upgrade().map(|kernel| Follower::of(&kernel)) else {
        return;
    };
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(kernel) = kernel.upgrade() else { return };
        let looked = kernel.apart(|kernel| Texts::read(&kernel.settings().home)).await;
        if let Some(settled) = follower.look(looked) {
            follower.tell(kernel.apart(move |kernel| take_up(kernel, settled?)).await);
        }
    }
}

/// What has been seen of the files.
struct Follower {
    /// What was last taken up or refused.
    judged: Look,
    /// What the last look saw.
    seen: Look,
    /// Whether they were refused.
    refused: bool,
}

impl Follower {
    fn of(kernel: &Kernel) -> Self {
        let texts = kernel.settings().texts().clone();
        Self {
            judged: Ok(texts.clone()),
            seen: Ok(texts),
            refused: false,
        }
    }

    /// Takes a look's outcome; answers what is to be judged: what is new and was the same twice, because whoever saves a file may
    /// be halfway through.
    fn look(&mut self, now: Look) -> Option<Look> {
        let settled = now == self.seen;
        self.seen = now;
        if !settled || self.seen == self.judged {
            return None;
        }
        self.judged = self.seen.clone();
        Some(self.judged.clone())
    }

    /// Says in the log what became of it.
    fn tell(&mut self, outcome: Result<Taken, Failure>) {
        match outcome {
            Ok(taken) => {
                let files: Vec<_> = taken.files.iter().map(|file| file.display().to_string()).collect();
                if std::mem::take(&mut self.refused) {
                    warn!("rows and configuration are in order again, and hold from now on");
                }
                info!("read again: {}", files.join(", "));
                taken.tell_what_waits();
            }
            Err(failure) => {
                self.refused = true;
                warn!("{failure}; nothing of the change holds, what was read before goes on serving");
            }
        }
    }
}

/// What was taken up.
struct Taken {
    /// The files that say something else than before.
    files: Vec<PathBuf>,
    /// The keys whose new values wait for the next start.
    waiting: Vec<&'static str>,
}

impl Taken {
    fn tell_what_waits(&self) {
        for key in &self.waiting {
            warn!("`{key}` has another value now: it holds from the next start on");
        }
    }
}

/// Goes by these texts from now on, if all of them can be used.
fn take_up(kernel: &Kernel, texts: Texts) -> Result<Taken, Failure> {
    let settings = kernel.settings();
    let mut taken = Taken {
        files: texts.changed(settings.texts(), &settings.home),
        waiting: Vec::new(),
    };
    if !taken.files.is_empty() {
        let (settings, waiting) = settings.reread(texts)?;
        kernel.take_up(settings);
        taken.waiting = waiting;
    }
    Ok(taken)
}

/// 500 ms: a saved file holds within about a second, and a look costs a few reads of small files.
const LOOK_EVERY: Duration = Duration::from_millis(500);
