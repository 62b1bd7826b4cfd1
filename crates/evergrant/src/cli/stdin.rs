//! Lines and secrets that are typed or piped in.

use std::io::{self, BufRead, IsTerminal, Read};

use evergrant_driver::{Code, Failure, Remedy, Secret};
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

/// Whether someone types there.
pub(crate) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// What is asked: the words on the command line, and behind them what is piped in.
///
/// # Errors
/// `usage` if there is neither, or more than any model reads.
pub(crate) fn prompt(typed: Option<&str>) -> Result<String, Failure> {
    let piped = match typed {
        Some(_) if !is_piped() => String::new(),
        Some(_) | None => piped_in()?,
    };
    let both = [typed.unwrap_or_default(), piped.trim_end()];
    let said: Vec<&str> = both.into_iter().filter(|text| !text.trim().is_empty()).collect();
    if said.is_empty() {
        let failure = Failure::new(
            Code::Usage,
            "there is nothing to ask: neither a prompt nor text on stdin",
        );
        return Err(failure.with_remedy(Remedy::Run {
            command: "evergrant chat --help".to_owned(),
            why: "see how it is used".to_owned(),
        }));
    }
    Ok(said.join("\n\n"))
}

/// All of stdin, as text.
///
/// # Errors
/// `usage` if it cannot be read.
pub(crate) fn text() -> Result<String, Failure> {
    piped_in()
}

fn piped_in() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(PROMPT_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Code::Usage, format!("cannot read stdin: {error}")))?;
    if bytes.len() as u64 > PROMPT_LIMIT {
        let message = format!("stdin holds more than {} MiB", PROMPT_LIMIT >> 20);
        return Err(Failure::new(Code::BodyTooLarge, message).with_remedy(Remedy::ChangeRequest));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether text may come from stdin beside a prompt: a pipe or a file is there for that, a terminal or nothing is not.
#[cfg(unix)]
fn is_piped() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let stdin = io::stdin();
    let Ok(handle) = stdin.as_fd().try_clone_to_owned() else {
        return false;
    };
    let kind = std::fs::File::from(handle).metadata().map(|found| found.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_file())
}

/// Elsewhere whatever is no terminal is taken for a pipe.
#[cfg(not(unix))]
fn is_piped() -> bool {
    !is_terminal()
}

/// The first line of stdin as it is, without its end.
///
/// # Errors
/// `usage` if it is empty.
pub(crate) fn line(what: &str) -> Result<Secret<String>, Failure> {
    let unreadable = |error: io::Error| Failure::new(Code::Usage, format!("cannot read stdin: {error}"));
    let mut typed = String::with_capacity(LINE_ROOM);
    let read = io::stdin().lock().take(LINE_LIMIT).read_line(&mut typed);
    let typed = Secret::new(typed);
    read.map_err(unreadable)?;
    let line = typed.expose().trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        let message = format!("nothing came from stdin: {what} is expected there");
        return Err(Failure::new(Code::Usage, message));
    }
    Ok(Secret::from(line))
}

/// What is typed at the terminal without an echo, whatever stdin is; `None` if there is no terminal.
pub(crate) fn hidden(prompt: &str) -> Option<Secret<String>> {
    rpassword::prompt_password(prompt).ok().map(Secret::new)
}

/// All of stdin, unless somebody would have to type it, or it is longer than that.
///
/// # Errors
/// `usage` for a terminal, for what cannot be read and for what is too long.
pub(crate) fn all(what: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    if io::stdin().is_terminal() {
        return Err(Failure::new(
            Code::Usage,
            format!("{what} is expected on stdin, or as the name of a file"),
        ));
    }
    read_all(io::stdin().lock(), what, limit)
}

/// All that a reader has, up to a limit.
///
/// # Errors
/// `usage` for what cannot be read and for what is too long.
pub(crate) fn read_all(reader: impl Read, what: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    reader
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(Code::Usage, format!("cannot read {what}: {error}")))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::new(
            Code::Usage,
            format!("{what} is longer than {} MiB", limit >> 20),
        ));
    }
    Ok(bytes)
}

/// The passphrase of the store's key, if there is a terminal to ask at, whatever stdin is.
pub(crate) fn passphrase() -> Option<Secret<String>> {
    hidden("passphrase of the store: ")
}

/// More than anyone pastes before the first line is looked at.
const LINES: usize = 16;
/// 16 MiB: millions of tokens, more than any model reads.
const PROMPT_LIMIT: u64 = 16 << 20;
/// Far above any redirect address or key.
const LINE_LIMIT: u64 = 64 << 10;
/// Longer than any passphrase: a growing buffer would leave copies behind.
const LINE_ROOM: usize = 1 << 10;
