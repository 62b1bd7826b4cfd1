//! Opens a page in the user's browser, which gets none of our secrets.

use std::process::{Command, Stdio};

/// Starts the system's opener; whether a browser really appears cannot be told, so the caller prints the address as well.
pub(crate) fn open(url: &str, withheld: &[String]) -> bool {
    let Some((program, arguments)) = OPENER.split_first() else {
        return false;
    };
    let mut opener = Command::new(program);
    opener
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for name in withheld {
        opener.env_remove(name);
    }
    // It is not waited for: some openers stay as long as the browser does.
    opener.spawn().is_ok()
}

/// Whether a page opened here would be seen by the user: there is a display, and this is no remote shell.
pub(crate) fn can_be_shown(is_set: impl Fn(&str) -> bool) -> bool {
    let remote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]
        .iter()
        .any(|name| is_set(name));
    let display = cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    display && !remote
}

#[cfg(target_os = "macos")]
const OPENER: &[&str] = &["open"];
/// Not `cmd /c start`, whose parser would take the `&` of a query for the next command.
#[cfg(windows)]
const OPENER: &[&str] = &["rundll32", "url.dll,FileProtocolHandler"];
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: &[&str] = &["xdg-open"];
