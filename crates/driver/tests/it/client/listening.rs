//! Catches what is logged on this thread.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The lines at INFO and above of the driver's client and of what reads its files again, as `LEVEL field=value ...`.
pub(crate) struct Listening;

thread_local! {
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

impl Listening {
    /// Listens on this thread from now on.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        // One for the whole process: what another thread has seen first would otherwise be lost on this one.
        ONCE.call_once(|| tracing::subscriber::set_global_default(Ears).unwrap());
        LINES.set(Some(Vec::new()));
        Self
    }

    /// What has been said, and forgets it.
    pub(crate) fn take(&self) -> Vec<String> {
        LINES.with_borrow_mut(|lines| lines.as_mut().map(std::mem::take).unwrap_or_default())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct Ears;

impl Subscriber for Ears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && HEARD.iter().any(|from| metadata.target().starts_with(from))
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                let mut line = Line(event.metadata().level().to_string());
                event.record(&mut line);
                lines.push(line.0);
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).unwrap();
    }
}

/// The parts of the driver that are listened to.
const HEARD: [&str; 2] = ["evergrant_driver::client", "evergrant_driver::reload"];
