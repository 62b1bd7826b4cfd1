//! The command that `exec` runs: the terminal is its, signals reach it, and its end is told as a shell tells it.

use std::io;
use std::process::ExitStatus;

use evergrant_driver::{Code, Failure, Remedy};
use tokio::process::{Child, Command};

/// Runs it and answers its exit code, 128 + n if signal n ended it.
///
/// # Errors
/// A command that cannot be started.
pub(super) async fn run_to_its_end(mut command: Command, signals: &mut Signals) -> Result<u8, Failure> {
    let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
    loop {
        tokio::select! {
            ended = child.wait() => {
                let failed = |error| Failure::new(Code::Internal, format!("the command cannot be waited for: {error}"));
                return ended.map(code_of).map_err(failed);
            }
            signal = signals.next() => signals.pass_on(signal, &child),
        }
    }
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = command.as_std().get_program().to_string_lossy();
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such command".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
        _ => error.to_string(),
    };
    let failure = Failure::new(Code::Usage, format!("cannot run `{program}`: {why}"));
    failure.with_remedy(Remedy::Run {
        command: "evergrant exec --help".to_owned(),
        why: "the command stands after `--`, as it would be typed alone".to_owned(),
    })
}

#[cfg(unix)]
fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(not(unix))]
fn code_of(status: ExitStatus) -> u8 {
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

/// The signals that are the command's, listened for from the making of this on.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Signals(Vec<(rustix::process::Signal, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    /// Begins to listen; needs a runtime.
    pub(super) fn new() -> Result<Self, Failure> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let ours = [
            (Signal::INT, SignalKind::interrupt()),
            (Signal::QUIT, SignalKind::quit()),
            (Signal::TERM, SignalKind::terminate()),
            (Signal::HUP, SignalKind::hangup()),
            (Signal::USR1, SignalKind::user_defined1()),
            (Signal::USR2, SignalKind::user_defined2()),
        ];
        let listen = ours.into_iter().map(|(name, kind)| Ok((name, signal(kind)?)));
        let listening = listen.collect::<io::Result<Vec<_>>>();
        let failed = |error| Failure::new(Code::Internal, format!("signals cannot be waited for: {error}"));
        listening.map(Self).map_err(failed)
    }

    /// Waits for the next.
    async fn next(&mut self) -> rustix::process::Signal {
        std::future::poll_fn(|cx| {
            let mut came = self
                .0
                .iter_mut()
                .filter_map(|(name, signal)| signal.poll_recv(cx).is_ready().then_some(*name));
            came.next().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }

    /// Passes one on, unless the terminal has sent it to the command as well: twice, it would mean something else.
    fn pass_on(&self, signal: rustix::process::Signal, child: &Child) {
        use rustix::process::{Pid, Signal, kill_process};
        if (signal == Signal::INT || signal == Signal::QUIT) && in_the_foreground() {
            return;
        }
        let pid = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended a moment ago.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Whether what is typed at the terminal reaches this process and the command alike.
#[cfg(unix)]
fn in_the_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else {
        return false;
    };
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Elsewhere the system tells the command itself.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen; needs a runtime.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn pass_on(&self, _: (), _: &Child) {}
}
