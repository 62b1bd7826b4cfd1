//! The dashboard, the alert rules and the documentation name numbers that exist.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::desk::Desk;
use super::numbers::Numbers;

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Every name of a number in a text.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c| !is_part(c));
    let names = words.filter(|word| word.starts_with("evergrant_") || word.starts_with("process_"));
    names.map(str::to_owned).collect()
}

fn family<'a>(name: &'a str, known: &BTreeSet<&str>) -> Option<&'a str> {
    let endings = ["_bucket", "_sum", "_count"];
    let bare = || endings.iter().find_map(|ending| name.strip_suffix(ending));
    if known.contains(name) {
        return Some(name);
    }
    bare().filter(|bare| known.contains(bare))
}

#[tokio::test]
async fn what_is_deployed_beside_it_names_numbers_that_exist() {
    let desk = Desk::open().await;
    desk.chat().await;
    let numbers = Numbers::of(&desk.gateway).await;
    let known: BTreeSet<&str> = numbers.families().into_iter().collect();
    let documented = named(&file("docs/METRICS.md"));
    for path in [
        "deploy/prometheus/evergrant.rules.yml",
        "deploy/grafana/evergrant.json",
        "docs/METRICS.md",
    ] {
        let names = named(&file(path));
        assert!(names.len() > 10, "{path}");
        let unknown: Vec<_> = names.iter().filter(|name| family(name, &known).is_none()).collect();
        assert!(unknown.is_empty(), "{path} names {unknown:?}");
    }
    let undocumented: Vec<_> = known.iter().filter(|name| !documented.contains(**name)).collect();
    assert!(undocumented.is_empty(), "docs/METRICS.md lacks {undocumented:?}");
}

#[test]
fn the_dashboard_can_be_read_and_its_panels_do_not_overlap() {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/evergrant.json")).unwrap();
    let mut places = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && places.insert((x, y)), "{panel}");
            }
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            balanced(target["expr"].as_str().unwrap());
        }
    }
}

#[test]
fn every_rule_has_an_expression_and_says_what_is_wrong() {
    let rules = file("deploy/prometheus/evergrant.rules.yml");
    let mut count = 0;
    for rule in rules.split("      - alert: ").skip(1) {
        let (_, expression) = rule.split_once("expr:").unwrap();
        balanced(expression.split("\n        labels:").next().unwrap());
        assert!(rule.contains("severity: ") && rule.contains("summary: "), "{rule}");
        count += 1;
    }
    assert!(count > 10);
}

#[track_caller]
fn balanced(expression: &str) {
    let mut open = Vec::new();
    for c in expression.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' => assert_eq!(open.pop(), Some('('), "{expression}"),
            ']' => assert_eq!(open.pop(), Some('['), "{expression}"),
            '}' => assert_eq!(open.pop(), Some('{'), "{expression}"),
            _ => {}
        }
    }
    assert!(open.is_empty() && !expression.trim().is_empty(), "{expression}");
}
