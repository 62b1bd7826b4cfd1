//! Lines and secrets that are typed or piped in.

use std::io::{self, BufRead, IsTerminal, Read};

use evergrant_driver::{Code, Failure, Secret};
use tokio::sync::mpsc;

/// The lines of stdin as they come; a thread reads them, because nothing can interrupt a read of a terminal.
pub(crate) fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = String::new();
            match stdin.by_ref().take(LINE_LIMIT).read_line(&mut line) {
                Ok(1..) if sender.blocking_send(line.trim().to_owned()).is_ok() => {}
                // The end of stdin, an error, or nobody who waits any more.
                Ok(_) | Err(_) => return,
            }
        }
    });
    receiver
}

/// A secret: typed without an echo on a terminal, else the first line of what is piped in.
///
/// # Errors
/// `usage` if there is none.
pub(crate) fn secret(prompt: &str) -> Result<Secret<String>, Failure> {
    let unreadable = |error: io::Error| Failure::new(Code::Usage, format!("cannot read stdin: {error}"));
    let mut typed = String::new();
    if io::stdin().is_terminal() {
        typed = rpassword::prompt_password(prompt).map_err(unreadable)?;
    } else {
        io::stdin()
            .lock()
            .take(LINE_LIMIT)
            .read_line(&mut typed)
            .map_err(unreadable)?;
    }
    let secret = Secret::new(typed);
    if secret.expose().trim().is_empty() {
        return Err(Failure::new(
            Code::Usage,
            "nothing came from stdin: the key is expected there",
        ));
    }
    Ok(Secret::from(secret.expose().trim()))
}

/// The passphrase of the store's key, if there is a terminal to ask at, whatever stdin is.
pub(crate) fn passphrase() -> Option<Secret<String>> {
    rpassword::prompt_password("passphrase of the store: ")
        .ok()
        .map(Secret::new)
}

/// More than anyone pastes before the first line is looked at.
const LINES: usize = 16;
/// Far above any redirect address or key.
const LINE_LIMIT: u64 = 64 << 10;
