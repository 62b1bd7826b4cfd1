//! Holds the shape of the tree: floors, faces, order of modules, file length, and who may read a status.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the tree has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One source file, with its path from the root of the tree.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The product's lines, numbered from 1; what follows `#[cfg(test)]` is not product.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        self.text[..end]
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// The product's lines without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn is_face(&self) -> bool {
        self.path.ends_with("/mod.rs") || self.path.ends_with("/lib.rs")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("_tests.rs") || self.path.contains("/tests/")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn sources(folder: &str) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "no sources under {folder}");
    found
}

fn product() -> Vec<Source> {
    CRATES
        .iter()
        .flat_map(|krate| sources(&format!("crates/{krate}/src")))
        .collect()
}

#[track_caller]
fn none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn files_are_short_and_open_with_one_sentence() {
    let mut faults = Vec::new();
    for source in ALL.iter().flat_map(|krate| sources(&format!("crates/{krate}"))) {
        let length = source.text.lines().count();
        if length > FILE_LINES {
            faults.push(format!("{} has {length} lines", source.path));
        }
        if !source.text.starts_with("//! ") {
            faults.push(format!("{} does not open with a sentence", source.path));
        }
    }
    none("files", &faults);
}

#[test]
fn faces_only_declare_and_re_export() {
    let mut faults = Vec::new();
    for source in product().iter().filter(|source| source.is_face()) {
        let mut depth = 0;
        for (number, line) in source.code() {
            let line = line.trim();
            let declares = [
                "mod ",
                "pub mod ",
                "pub(crate) mod ",
                "pub use ",
                "pub(crate) use ",
                "pub(super) use ",
                "#[",
                "#![",
            ]
            .iter()
            .any(|start| line.starts_with(start));
            if depth == 0 && !line.is_empty() && !declares {
                faults.push(format!("{}:{number}: {line}", source.path));
            }
            depth += line.matches(['{', '[', '(']).count();
            depth -= line.matches(['}', ']', ')']).count().min(depth);
        }
    }
    none("lines that do not belong in a face", &faults);
}

#[test]
fn nobody_imports_from_the_crate_root_or_from_a_parent() {
    let mut faults = Vec::new();
    for source in product() {
        for (number, line) in source.code() {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let from_root = line.strip_prefix("use crate::").is_some_and(starts_with_item);
            let from_parent = line.strip_prefix("use super::").is_some_and(starts_with_item);
            let from_grandparent = line.starts_with("use super::super::");
            if (from_root || from_parent || from_grandparent) && !source.is_test() {
                faults.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    none("imports upwards", &faults);
}

/// Whether an item is imported here, and not a module: `Name`, `*`, or one of them within braces.
fn starts_with_item(rest: &str) -> bool {
    let item = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase() || first == '*');
    match rest.strip_prefix('{') {
        Some(names) => names.split(", ").any(item),
        None => item(rest),
    }
}

#[test]
fn the_engine_stands_on_its_floors() {
    let rank = |module: &str| ENGINE_ORDER.iter().position(|name| *name == module);
    let mut faults = Vec::new();
    for source in sources("crates/engine/src").iter().filter(|source| !source.is_test()) {
        let own = top_module(&source.path);
        if own == "lib" {
            continue;
        }
        let Some(own_rank) = rank(&own) else {
            faults.push(format!("{}: `{own}` has no floor in ENGINE_ORDER", source.path));
            continue;
        };
        for (number, used) in crate_uses(source) {
            match rank(&used) {
                Some(used_rank) if used_rank > own_rank => {
                    faults.push(format!(
                        "{}:{number}: `{own}` uses `{used}`, which stands above it",
                        source.path
                    ));
                }
                Some(_) => {}
                None => faults.push(format!("{}:{number}: `{used}` has no floor", source.path)),
            }
        }
    }
    none("arrows that point up", &faults);
}

#[test]
fn no_circle_among_modules() {
    for krate in ALL {
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut siblings: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for source in sources(&format!("crates/{krate}/src"))
            .iter()
            .filter(|source| !source.is_test() && !source.is_face())
        {
            let own = top_module(&source.path);
            for (_, used) in crate_uses(source) {
                if used != own {
                    arrows.entry(own.clone()).or_default().insert(used);
                }
            }
            let (folder, file) = source.path.rsplit_once('/').unwrap();
            for (_, line) in source.code() {
                if let Some(rest) = line.trim_start().strip_prefix("use super::") {
                    let used = rest
                        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or_default();
                    let name = file.trim_end_matches(".rs");
                    if used != name && line.starts_with("use") {
                        siblings
                            .entry(folder.to_owned())
                            .or_default()
                            .entry(name.to_owned())
                            .or_default()
                            .insert(used.to_owned());
                    }
                }
            }
        }
        assert_eq!(circle(&arrows), None, "a circle among the modules of {krate}");
        for (folder, arrows) in siblings {
            assert_eq!(circle(&arrows), None, "a circle in {folder}");
        }
    }
}

fn circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        at: &str,
        arrows: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> bool {
        if path.iter().any(|passed| passed == at) {
            path.push(at.to_owned());
            return true;
        }
        if !done.insert(at.to_owned()) {
            return false;
        }
        path.push(at.to_owned());
        for next in arrows.get(at).into_iter().flatten() {
            if visit(next, arrows, path, done) {
                return true;
            }
        }
        path.pop();
        false
    }
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|start| {
        let mut path = Vec::new();
        visit(start, arrows, &mut path, &mut done).then_some(path)
    })
}

fn top_module(path: &str) -> String {
    let inside = path.split("/src/").nth(1).unwrap_or_default();
    inside
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
        .to_owned()
}

fn crate_uses(source: &Source) -> Vec<(usize, String)> {
    source
        .code()
        .flat_map(|(number, line)| {
            line.match_indices("crate::")
                .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$'))
                .map(|(at, word)| {
                    let rest = &line[at + word.len()..];
                    let used = rest
                        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or_default();
                    (number, used.to_owned())
                })
                .collect::<Vec<_>>()
        })
        .filter(|(_, used)| !used.is_empty())
        .collect()
}

mod acceptance {
    #[test]
    fn second_site_cannot_exist() {
        super::statuses_and_error_texts_are_read_in_one_place();
    }
}

fn statuses_and_error_texts_are_read_in_one_place() {
    let mut faults = Vec::new();
    for source in product() {
        let judged_here = source.path.starts_with("crates/engine/src/verdict/");
        let sandbox = source.path.starts_with("crates/sandbox/");
        if judged_here || sandbox || source.is_test() {
            continue;
        }
        for (number, line) in source.code() {
            let calls_classifier = line.contains("classify(") || line.contains("judge_event(");
            if calls_classifier && !MAY_CLASSIFY.contains(&source.path.as_str()) {
                faults.push(format!("{}:{number} asks the classifier: {}", source.path, line.trim()));
            }
            let judges_status = STATUS_WORDS.iter().any(|word| line.contains(word));
            if judges_status && !MAY_TOUCH_STATUS.iter().any(|(path, _)| source.path.starts_with(path)) {
                faults.push(format!("{}:{number} reads a status: {}", source.path, line.trim()));
            }
            let above = source.path.starts_with("crates/driver/") || source.path.starts_with("crates/evergrant/");
            if above && names_a_verdict(line) {
                faults.push(format!(
                    "{}:{number} has an opinion on a verdict: {}",
                    source.path,
                    line.trim()
                ));
            }
        }
    }
    none("second sites", &faults);
}

fn names_a_verdict(line: &str) -> bool {
    line.match_indices("Verdict::").any(|(at, word)| {
        let rest = &line[at + word.len()..];
        rest.starts_with(|first: char| first.is_ascii_uppercase()) && !rest.starts_with("ALL")
    })
}

#[test]
fn no_provider_is_named_outside_its_row() {
    let rows: Vec<String> = fs::read_dir(root().join("crates/engine/src/provider/rows"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(rows.len() >= 3, "the built-in rows have moved");
    let mut faults = Vec::new();
    for source in product() {
        let may = source.path.starts_with("crates/engine/src/provider/")
            || source.path.starts_with("crates/sandbox/")
            || source.path.contains("/import/");
        if may || source.is_test() {
            continue;
        }
        for (number, line) in source.code() {
            if rows.iter().any(|id| line.contains(&format!("\"{id}\""))) {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("providers named outside their rows", &faults);
}

#[test]
fn only_these_rooms_know_the_build_that_can_be_tortured() {
    let mut faults = Vec::new();
    for source in product() {
        if MAY_BE_TORTURED.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.code() {
            if ["feature = \"torture\"", "feature = \"breakable\""]
                .iter()
                .any(|word| line.contains(word))
            {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("what only a build for the harness has", &faults);
    for krate in CRATES {
        let manifest = fs::read_to_string(root().join(format!("crates/{krate}/Cargo.toml"))).unwrap();
        let by_default = manifest.lines().find(|line| line.starts_with("default ="));
        assert_eq!(by_default, None, "{krate} has features by default");
    }
}

#[test]
fn floors_are_held_by_cargo() {
    let manifest = |krate: &str| fs::read_to_string(root().join(format!("crates/{krate}/Cargo.toml"))).unwrap();
    let depends = |krate: &str, on: &str| {
        let text = manifest(krate);
        let product = text.split("[dev-dependencies]").next().unwrap().to_owned();
        product
            .lines()
            .any(|line| line.starts_with(on) && line[on.len()..].starts_with([' ', '.', '=']))
    };
    for world in [
        "tokio",
        "hyper",
        "rusqlite",
        "rand",
        "getrandom",
        "tracing",
        "tracing-subscriber",
        "reqwest",
    ] {
        assert!(!depends("engine", world), "the engine depends on {world}");
    }
    assert!(
        !depends("evergrant", "evergrant-engine"),
        "the app depends on the engine"
    );
    assert!(
        !depends("driver", "evergrant-sandbox"),
        "the driver depends on the sandbox"
    );
    for own in ["evergrant-engine", "evergrant-driver", "evergrant"] {
        assert!(!depends("sandbox", own), "the sandbox depends on {own}");
    }
    let mut faults = Vec::new();
    for source in sources("crates/evergrant/src") {
        for (number, line) in source.code() {
            if DIALS.iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("ways out that do not lead through the driver", &faults);
}

/// The product's crates, from the bottom up.
const CRATES: [&str; 4] = ["engine", "driver", "sandbox", "evergrant"];

/// Those and the harness, whose shape is held as well.
const ALL: [&str; 5] = ["engine", "driver", "sandbox", "evergrant", "torture"];

/// 500: a longer file has more than one subject.
const FILE_LINES: usize = 500;

/// The engine's floors, from the bottom up; a module uses only what stands before it.
const ENGINE_ORDER: [&str; 16] = [
    "protection",
    "secret",
    "time",
    "wire",
    "vocabulary",
    "named",
    "nearest",
    "credential",
    "remedy",
    "failure",
    "provider",
    "verdict",
    "login",
    "store",
    "pool",
    "recovery",
];

/// Who hands an answer to the classifier: each for its own channel, none of them reads it.
const MAY_CLASSIFY: [&str; 4] = [
    "crates/engine/src/recovery/renewal/hearing.rs",
    "crates/engine/src/login/hearing.rs",
    "crates/driver/src/client/reading.rs",
    "crates/driver/src/client/captured.rs",
];

/// Where a build for the torture harness differs from an ordinary one.
const MAY_BE_TORTURED: [&str; 4] = [
    "crates/engine/src/protection.rs",
    "crates/driver/src/failpoint.rs",
    "crates/driver/src/clock.rs",
    "crates/evergrant/src/main.rs",
];

/// Words that judge a status.
const STATUS_WORDS: [&str; 10] = [
    "is_success()",
    "is_client_error()",
    "is_server_error()",
    "is_redirection()",
    "StatusCode::UNAUTHORIZED =",
    "StatusCode::FORBIDDEN =",
    ".status ==",
    ".status >=",
    ".status <",
    "contains(&reply.status)",
];

/// Who may touch a status, and why it is no judgement of a provider's refusal.
const MAY_TOUCH_STATUS: [(&str, &str); 1] = [(
    "crates/driver/src/http/",
    "the status of a proxy's answer to CONNECT, and of an upgrade",
)];

/// Ways of dialling out, which the app has no business with.
const DIALS: [&str; 5] = [
    "hyper::client",
    "hyper_util::client",
    "TcpStream::connect",
    "UnixStream::connect",
    "reqwest",
];
