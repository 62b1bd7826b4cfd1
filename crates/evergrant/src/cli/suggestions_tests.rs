//! Every command that anyone is told to type is one that the real parser takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use evergrant_driver::Remedy;

use super::typed::Typed;

/// One of each remedy.
fn remedies() -> Vec<Remedy> {
    let provider = || "acme".into();
    let label = || "key;of'mine".into();
    let page = || Some("https://acme.example/".to_owned());
    let wait = Remedy::Wait { until: None };
    let all = vec![
        Remedy::Login {
            provider: provider(),
            label: Some(label()),
        },
        Remedy::Login {
            provider: provider(),
            label: None,
        },
        Remedy::LoginAgain {
            provider: provider(),
            label: Some(label()),
            flow: "device",
        },
        Remedy::AddKey { provider: provider() },
        Remedy::ReplaceKey {
            provider: provider(),
            label: label(),
            page: page(),
        },
        Remedy::CheckKey {
            provider: provider(),
            label: None,
            page: page(),
        },
        Remedy::SetVariable {
            provider: provider(),
            variable: "ACME_KEY".to_owned(),
        },
        Remedy::RenewElsewhere {
            tool: "codex".to_owned(),
        },
        Remedy::LoginElsewhere {
            tool: "codex".to_owned(),
        },
        Remedy::ChangePlan {
            provider: provider(),
            key_provider: Some("acme-key".into()),
            page: page(),
        },
        Remedy::GrantScope {
            provider: provider(),
            label: Some(label()),
            file: None,
        },
        Remedy::WidenKey {
            provider: provider(),
            label: None,
            page: page(),
        },
        Remedy::AddCredit {
            provider: provider(),
            page: page(),
        },
        Remedy::ContactProvider { provider: provider() },
        wait.clone(),
        Remedy::Renew {
            provider: provider(),
            label: label(),
        },
        Remedy::CheckNetwork {
            host: "acme.example".to_owned(),
        },
        Remedy::Probe,
        Remedy::ChangeRequest,
        Remedy::ChooseModel { provider: provider() },
        Remedy::EditFile {
            place: "a file".to_owned(),
        },
        Remedy::Run {
            command: "evergrant list".to_owned(),
            why: "see".to_owned(),
        },
        Remedy::SeeTo { what: "see".to_owned() },
        Remedy::Report,
        Remedy::Meanwhile {
            serves: label(),
            then: Box::new(wait),
        },
    ];
    // A new remedy must be thought of here as well.
    for remedy in &all {
        match remedy {
            Remedy::Login { .. }
            | Remedy::LoginAgain { .. }
            | Remedy::AddKey { .. }
            | Remedy::ReplaceKey { .. }
            | Remedy::CheckKey { .. }
            | Remedy::SetVariable { .. }
            | Remedy::RenewElsewhere { .. }
            | Remedy::LoginElsewhere { .. }
            | Remedy::ChangePlan { .. }
            | Remedy::GrantScope { .. }
            | Remedy::WidenKey { .. }
            | Remedy::AddCredit { .. }
            | Remedy::ContactProvider { .. }
            | Remedy::Wait { .. }
            | Remedy::NextUse { .. }
            | Remedy::Renew { .. }
            | Remedy::CheckNetwork { .. }
            | Remedy::Probe
            | Remedy::ChangeRequest
            | Remedy::ChooseModel { .. }
            | Remedy::EditFile { .. }
            | Remedy::Run { .. }
            | Remedy::SeeTo { .. }
            | Remedy::Report
            | Remedy::Meanwhile { .. } => {}
        }
    }
    all
}

#[track_caller]
fn parses(command: &str, whence: &str) {
    let words = words(command);
    let parsed = Typed::command().try_get_matches_from(&words);
    // Help is an answer, too.
    let taken = parsed.as_ref().is_ok_and(|_| true) || parsed.as_ref().is_err_and(|error| error.exit_code() == 0);
    assert!(taken, "{whence}: `{command}` is not taken: {parsed:?}");
}

/// The words as a POSIX shell would make them, as far as single quotes and backslashes go.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if !quoted => word.get_or_insert_default().extend(rest.next()),
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[test]
fn suggested_commands_exist() {
    for remedy in remedies() {
        if let Some(command) = remedy.command() {
            parses(&command, remedy.kind());
        }
    }
}

#[test]
fn suggested_commands_exist_wherever_they_are_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut count = 0;
    for file in ["engine", "driver", "evergrant"]
        .iter()
        .flat_map(|krate| sources(&root.join(krate).join("src")))
    {
        let text = fs::read_to_string(&file).unwrap();
        for command in written(&text) {
            parses(&command, &file.display().to_string());
            count += 1;
        }
    }
    println!("{count} commands that are suggested in words parse");
    assert!(count >= 20, "only {count} were found");
}

/// The commands between quotes or backticks, with a word in the place of each value.
fn written(text: &str) -> Vec<String> {
    let product = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    // What a comment names is not suggested to anyone.
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    let product = lines.collect::<Vec<_>>().join("\n");
    for (at, _) in product.match_indices("evergrant ") {
        let Some(open) = product[..at].chars().next_back().filter(|c| matches!(c, '"' | '`')) else {
            continue;
        };
        let command = product[at..].split(open).next().unwrap_or_default();
        let is_command = command[10..].starts_with(|c: char| c.is_ascii_lowercase() || c == '-' || c == '{');
        // Contexts of keys are no commands, and flags follow a template's first word.
        if !is_command || command.contains('\\') || command.starts_with("evergrant {command} {") {
            continue;
        }
        let steps = command.split(" && ").filter(|step| step.starts_with("evergrant "));
        found.extend(steps.map(filled));
    }
    found
}

fn filled(command: &str) -> String {
    let mut filled = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after_it) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        filled.push_str(match name {
            "command" => "status",
            "tool" | "self" => "codex",
            "" if before.trim_end().ends_with("import") => "codex",
            _ if filled.starts_with("evergrant priority acme") => "1",
            _ => "acme",
        });
        rest = after_it;
    }
    filled + rest
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("suggestions_tests.rs") {
            found.push(path);
        }
    }
    found
}
