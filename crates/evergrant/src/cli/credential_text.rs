//! A credential for people: one line of a table, or a block that says everything.

use clap::builder::styling::Style;
use evergrant_driver::Account;
use evergrant_driver::Timestamp;

use super::colours;
use super::console::{Console, visible};
use super::table::{Cell, Table};
use super::when::relative;

/// One line each.
pub(crate) fn table(accounts: &[Account], now: Timestamp, console: &Console) -> String {
    let mut table = Table::new(vec!["PROVIDER", "LABEL", "KIND", "HEALTH", "EXPIRES", "SOURCE", "ID"]);
    for account in accounts {
        let expires = account
            .expires_at
            .map_or_else(|| "-".to_owned(), |at| relative(at, now));
        table.row(vec![
            account.provider.as_str().into(),
            account.label.as_str().into(),
            account.kind.as_str().into(),
            Cell::styled(account.health, health_style(account)),
            expires.as_str().into(),
            account.source.as_str().into(),
            Cell::styled(account.id.as_str(), colours::FAINT),
        ]);
    }
    table.render(console)
}

/// Everything about one.
pub(crate) fn block(account: &Account, now: Timestamp, console: &Console) -> String {
    let name = format!("{}/{}", account.provider, account.label);
    let mut lines = vec![format!(
        "{}  {}",
        console.paint(colours::HEADING, &visible(&name)),
        console.paint(health_style(account), account.health)
    )];
    let mut line = |word: &str, text: &str| {
        let word = console.paint(colours::FAINT, &format!("{word:<12}"));
        lines.push(format!("  {word}{}", visible(text)));
    };
    line("kind", account.kind.as_str());
    line("source", &account.source);
    if let Some(tool) = &account.owner {
        line("owner", &format!("owned by {tool}, which renews it"));
    }
    if let Some(account) = &account.account {
        line("account", account);
    }
    line("generation", &account.generation.0.to_string());
    if let Some(at) = account.expires_at {
        line("expires", &both(at, now));
    }
    if let Some(at) = account.next_refresh_at {
        line("renewal", &both(at, now));
    }
    if let Some(at) = account.hard_end_at {
        line("login ends", &both(at, now));
    }
    if let Some(why) = &account.why {
        line("why", why);
    }
    if let Some(until) = account.until {
        line("until", &both(until, now));
    }
    if let Some(error) = &account.last_error {
        let verdict = error.verdict.as_str();
        let place = match error.line {
            0 => error.file.clone(),
            number => format!("{}:{number}", error.file),
        };
        let told = format!(
            "{verdict} {}, by signal {} ({place})",
            relative(error.at, now),
            error.signal
        );
        line("last error", &told);
        if !error.fragment.is_empty() {
            line("", &error.fragment);
        }
    }
    line("id", account.id.as_str());
    if let Some(remedy) = &account.remedy {
        line("help", &remedy.sentence());
        if let Some(command) = remedy.command() {
            line("try", &command);
        }
    }
    lines.join("\n")
}

fn both(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({at})", relative(at, now))
}

fn health_style(account: &Account) -> Style {
    match (account.health, account.usable) {
        ("ready", _) => colours::GOOD,
        (_, true) => colours::PASSING,
        ("cooling" | "outcome-unknown", false) => colours::PASSING,
        (_, false) => colours::BAD,
    }
}
