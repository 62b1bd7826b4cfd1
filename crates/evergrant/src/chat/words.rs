//! What the chat says of itself: failures in the words of every other command, repairs in a quiet line.

use evergrant_driver::{Account, Failure, Remedy, Unusable};

/// What went wrong, what helps, what to type.
pub(super) fn failure(failure: &Failure) -> String {
    let mut lines = vec![format!("error: {}", failure.message)];
    if let Some(remedy) = &failure.remedy {
        lines.extend(advice(remedy, "  "));
    }
    // Of a single one everything has been said.
    for one in failure.credentials.iter().filter(|_| failure.credentials.len() > 1) {
        lines.extend(unusable(one));
    }
    lines.join("\n")
}

fn advice(remedy: &Remedy, indent: &str) -> Vec<String> {
    let mut lines = vec![format!("{indent}help: {}", remedy.sentence())];
    if let Some(command) = remedy.command() {
        lines.push(format!("{indent}try: {command}"));
    }
    lines
}

fn unusable(one: &Unusable) -> Vec<String> {
    let mut lines = vec![format!("  {}/{}: {}", one.provider, one.label, one.message)];
    if let Some(remedy) = &one.remedy {
        lines.extend(advice(remedy, "    "));
    }
    lines
}

/// What was repaired on the way; nothing if nothing was.
pub(super) fn repaired(repaired: &[&'static str]) -> Option<String> {
    let words: Vec<&str> = repaired
        .iter()
        .map(|repair| match *repair {
            "refresh" => "the login was renewed",
            "rotate" => "another credential was used",
            "fallback" => "another provider was used",
            "wait" => "it was waited for",
            other => other,
        })
        .collect();
    (!words.is_empty()).then(|| format!("repaired: {}", words.join(", ")))
}

/// What there is to be used, and how it is.
pub(super) fn credentials(accounts: &[Account]) -> String {
    let kept = accounts.iter().filter(|account| account.health != "logged-out");
    let mut lines = Vec::new();
    for account in kept {
        let why = account.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(format!(
            "{}/{}  {}{why}",
            account.provider, account.label, account.health
        ));
        if let Some(remedy) = &account.remedy {
            lines.extend(advice(remedy, "  "));
        }
    }
    if lines.is_empty() {
        return "there is no credential".to_owned();
    }
    lines.join("\n")
}
