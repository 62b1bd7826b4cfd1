//! A wait of more than a second shows on a terminal that something is going on.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Waits for the work; after a second, and only if stderr is a terminal, shows a spinner with the text.
pub(crate) async fn shown<T>(text: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let spinner = ProgressBar::new_spinner().with_message(text.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(TICK);
    let done = work.await;
    spinner.finish_and_clear();
    done
}

/// A wait up to this long needs no explanation.
const PATIENCE: Duration = Duration::from_secs(1);
/// Ten frames a second look alive and cost nothing.
const TICK: Duration = Duration::from_millis(100);
