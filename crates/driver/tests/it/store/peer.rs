//! Another process on the same home: this very test binary, started again with a role.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use evergrant_driver::home::Home;
use evergrant_driver::store::{ClaimAnswer, CommitAnswer, LockName, Mode, Store, StoreFault, this_process};
use evergrant_driver::vault::KeySource;
use evergrant_engine::failure::Failure;

use super::fixture::{claim, commit, moment, refresh_token};

/// A peer that runs; it is killed when dropped.
pub(crate) struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts one; it waits for `go` before it does anything.
    pub(crate) fn start(home: &Home, role: &str) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), home, role)
    }

    /// Starts one that cannot write files beyond so many kilobytes, and is told so instead of killed.
    pub(crate) fn start_with_file_limit(home: &Home, role: &str, kilobytes: u32) -> Self {
        let mut shell = Command::new("bash");
        shell.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\""),
        ]);
        shell.arg(std::env::current_exe().unwrap());
        Self::start_by(shell, home, role)
    }

    fn start_by(mut command: Command, home: &Home, role: &str) -> Self {
        let order = format!("{ORDER}{role}:{}", home.root().display());
        let mut child = command
            .args(["--exact", "store::peer::peer", "--nocapture", "--skip", &order])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    pub(crate) fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// What it says next; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The harness speaks on the same stream, sometimes without ending its line.
            if let Some((_, said)) = line.trim_end().split_once(SAYS) {
                return Some(said.to_owned());
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it and gathers what it had still said.
    pub(crate) fn kill_and_drain(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let said = std::iter::from_fn(|| self.line()).collect();
        self.child.wait().unwrap();
        said
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does nothing in an ordinary run; as a peer it does what its order says.
#[test]
fn peer() {
    let Some(order) = std::env::args().find_map(|argument| argument.strip_prefix(ORDER).map(str::to_owned)) else {
        return;
    };
    let (role, home) = order.split_once(':').unwrap();
    let home = Home::at(home);
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    if role == "come-and-go" {
        return come_and_go(&home);
    }
    match evergrant_driver::store::open(&home, &KeySource::File, Mode::ReadWrite) {
        Err(fault) => say(Failure::from(fault).code.as_str()),
        Ok(store) => match role {
            "renew" => renew(&*store),
            "claim" => claim_all(&*store),
            "hold" => hold(&*store),
            other => panic!("no role: {other}"),
        },
    }
}

/// Renews the first record for ever, as the protocol has it, and says each generation that is durable.
fn renew(store: &dyn Store) {
    for attempt in 1.. {
        let record = store.records().unwrap().remove(0);
        let name = LockName::Credential(record.id.clone());
        let _held = store.try_lock(&name, &this_process(moment(0).wall)).unwrap().unwrap();
        let token = refresh_token(&record).unwrap().to_owned();
        let round = || -> Result<u64, StoreFault> {
            let journal = store.prepare_journal(&record.id)?;
            let made = claim(store, &record, &token, attempt);
            assert_eq!(store.claim(&made)?, ClaimAnswer::Made);
            assert!(store.mark_sent(&made.fingerprint, attempt, &moment(4))?);
            let next = format!("{}-{attempt}", record.generation.0 + 1);
            let renewal = commit(
                store,
                record.fence(),
                &token,
                &format!("access-{next}"),
                &format!("refresh-{next}"),
            );
            journal.write(&renewal)?;
            say("received");
            let CommitAnswer::Done(done) = store.commit(&renewal)? else {
                panic!("nobody else renews");
            };
            journal.remove()?;
            Ok(done.generation.0)
        };
        match round() {
            Ok(generation) => say(&generation.to_string()),
            Err(fault) => return say(Failure::from(fault).code.as_str()),
        }
    }
}

/// Opens and closes the store again and again, as many short commands do, and says the first fault or that there was none.
fn come_and_go(home: &Home) {
    for round in 0..60 {
        let mode = if (round + std::process::id()).is_multiple_of(2) {
            Mode::ReadOnly
        } else {
            Mode::ReadWrite
        };
        let visit = || -> Result<(), StoreFault> {
            let store = evergrant_driver::store::open(home, &KeySource::File, mode)?;
            let record = store.records()?.remove(0);
            if mode == Mode::ReadWrite {
                assert!(store.amend(&record.fence(), &mut |standing| standing.strikes += 1)?);
            }
            Ok(())
        };
        if let Err(fault) = visit() {
            return say(&format!("{mode:?}: {fault}"));
        }
    }
    say("no fault");
}

/// Claims a hundred tokens, each once, and says how many it got.
fn claim_all(store: &dyn Store) {
    let record = store.records().unwrap().remove(0);
    let attempt = u128::from(std::process::id());
    let made = (0..100).filter(|token| {
        let wanted = claim(store, &record, &format!("token-{token}"), attempt);
        store.claim(&wanted).unwrap() == ClaimAnswer::Made
    });
    say(&made.count().to_string());
}

/// Takes the lock of the first record, says so, and keeps it until it is killed.
fn hold(store: &dyn Store) {
    let record = store.records().unwrap().remove(0);
    let name = LockName::Credential(record.id);
    let _held = store.try_lock(&name, &this_process(moment(5).wall)).unwrap().unwrap();
    say("held");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{SAYS}{what}").unwrap();
    out.flush().unwrap();
}

/// Hidden in an option that the harness ignores, because a test takes no arguments of its own.
const ORDER: &str = "peer-order:";

/// What a peer's lines begin with.
const SAYS: &str = "peer says ";
