//! Hands entries to the one thread that writes them; where that falls behind they are dropped and counted.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evergrant_driver::measures::Counter;
use evergrant_driver::settings::{AccessLog as Wanted, LogForm};
use evergrant_driver::{Code, Failure, Remedy};
use tracing::warn;

use super::entry::Entry;
use super::line;
use super::place::Place;

/// The log of requests. Cloning is cheap; the last clone waits a little for what is still to be written.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct AccessLog(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    entries: Option<SyncSender<Box<Entry>>>,
    shared: Arc<Shared>,
    /// Says nothing, and hangs up when the writer has ended.
    writer: Mutex<Receiver<()>>,
}

/// What the writer shares with those who hand in.
#[derive(Debug)]
pub(super) struct Shared {
    dropped: Arc<Counter>,
    reopen: AtomicBool,
}

impl AccessLog {
    /// Opens it; what cannot be written is counted there.
    ///
    /// # Errors
    /// A file that cannot be written to.
    pub(in crate::gateway) fn open(wanted: &Wanted, dropped: &Arc<Counter>) -> Result<Self, Failure> {
        let place = Place::open(wanted.file.as_deref()).map_err(|error| refused(wanted, &error))?;
        Self::start(wanted.form, place, QUEUE, dropped)
    }

    pub(super) fn start(form: LogForm, place: Place, queue: usize, dropped: &Arc<Counter>) -> Result<Self, Failure> {
        let (sender, entries) = sync_channel(queue);
        let (over, writer) = channel();
        let shared = Arc::new(Shared {
            dropped: Arc::clone(dropped),
            reopen: AtomicBool::default(),
        });
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("evergrant-access".to_owned())
            .spawn(move || write_all(&entries, form, place, &theirs, over))
            .map_err(|error| {
                let message = format!("no thread for the access log could be started: {error}");
                Failure::new(Code::Internal, message)
            })?;
        Ok(Self(Arc::new(Handle {
            entries: Some(sender),
            shared,
            writer: Mutex::new(writer),
        })))
    }

    /// Hands in an entry; never waits.
    pub(in crate::gateway) fn keep(&self, entry: Box<Entry>) {
        let kept = self.0.entries.as_ref().map(|entries| entries.try_send(entry));
        if !matches!(kept, Some(Ok(()))) {
            self.0.shared.dropped.one();
        }
    }

    /// What tells the writer to open its file again, without keeping the log open.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.0.shared)
    }
}

impl Shared {
    /// Opens the file again before the next line.
    pub(super) fn reopen(&self) {
        self.reopen.store(true, Ordering::Release);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.entries = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Either it hung up, and everything is written, or whoever reads the lines has stopped reading.
        let _ = writer.recv_timeout(LAST_LINES);
    }
}

fn write_all(entries: &Receiver<Box<Entry>>, form: LogForm, mut place: Place, shared: &Shared, over: Sender<()>) {
    let (mut lines, mut failing) = (Vec::new(), false);
    while let Ok(first) = entries.recv() {
        if shared.reopen.swap(false, Ordering::AcqRel)
            && let Err(error) = place.reopen()
        {
            warn!(%error, "the access log could not be opened again; the old file is written on");
        }
        lines.clear();
        let mut count = 0;
        for entry in std::iter::once(first).chain(entries.try_iter().take(TOGETHER)) {
            line::write(&entry, form, &mut lines);
            count += 1;
        }
        let written = place.write(&lines);
        if let Err(error) = &written {
            shared.dropped.add(count);
            if !failing {
                warn!(%error, "the access log could not be written; lines are lost");
            }
        }
        failing = written.is_err();
    }
    drop(over);
}

fn refused(wanted: &Wanted, error: &io::Error) -> Failure {
    let place = wanted
        .file
        .as_ref()
        .map_or_else(|| "stdout".into(), |file| file.to_string_lossy());
    let message = format!("the access log `{place}` cannot be written: {error}");
    Failure::new(Code::Usage, message).with_remedy(Remedy::ChangeRequest)
}

/// 8,192 entries: a tenth of a second of what a machine can serve, and a few MiB.
const QUEUE: usize = 8_192;

/// 256 lines a write: some 100 KiB.
const TOGETHER: usize = 255;

/// 1 s for the last lines of a process that ends: a disk takes less, and nobody waits for a reader that has gone.
const LAST_LINES: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    fn entry() -> Box<Entry> {
        let request = Request::get("/v1/models").body(()).unwrap();
        Box::new(Entry::new(&request, HeaderValue::from_static("1"), None, "models"))
    }

    #[test]
    fn every_line_is_written_before_the_last_clone_is_gone_and_a_moved_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        let place = Place::open(Some(&path)).unwrap();
        let dropped = Arc::default();
        let log = AccessLog::start(LogForm::Json, place, 1_000, &dropped).unwrap();
        for _ in 0..500 {
            log.clone().keep(entry());
        }
        let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
        while lines(&path) < 500 {
            std::thread::yield_now();
        }
        std::fs::rename(&path, &moved).unwrap();
        log.shared().reopen();
        log.keep(entry());
        assert_eq!(dropped.read(), 0);
        drop(log);
        assert_eq!((lines(&moved), lines(&path)), (500, 1));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_is_counted_and_nobody_waits() {
        let place = Place::open(Some("/dev/full".as_ref())).unwrap();
        let dropped = Arc::default();
        let log = AccessLog::start(LogForm::Text, place, 4, &dropped).unwrap();
        for _ in 0..100 {
            log.keep(entry());
        }
        while dropped.read() < 100 {
            std::thread::yield_now();
        }
        assert!(Place::open(Some("/nowhere/access.log".as_ref())).is_err());
    }
}
