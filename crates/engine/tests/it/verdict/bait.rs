//! Bait: what a user wrote, handed back by a provider, never decides.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evergrant_engine::provider::{Row, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, EventMeaning, Evidence, Verdict, classify, judge_event};
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use super::echoes::{Echo, echoes};
use super::prompts::{names, prompts};

fn read(row: Option<&Row>, echo: &Echo) -> Verdict {
    judged(&[row], echo)[0]
}

/// The verdict of each row on one answer.
fn judged(rows: &[Option<&Row>], echo: &Echo) -> Vec<Verdict> {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(echo.content_type));
    let evidence = Evidence::read(echo.status, &headers, echo.body.as_bytes());
    let verdict = |row: &Option<&Row>| classify(*row, echo.channel, &evidence, Timestamp::default()).verdict;
    rows.iter().map(verdict).collect()
}

#[test]
fn two_hundred_prompts_change_no_verdict_of_any_row_on_any_channel() {
    let table = Table::built_in();
    let rows: Vec<Option<&Row>> = std::iter::once(None)
        .chain(table.rows().map(|row| Some(&**row)))
        .collect();
    let harmless = echoes("Write a short poem about the sea, please.", "poet-large");
    let plain: Vec<Vec<Verdict>> = rows
        .iter()
        .map(|row| harmless.iter().map(|echo| read(*row, echo)).collect())
        .collect();
    let mut changed: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut count = 0;
    for (prompt, name) in prompts(PROMPTS).iter().zip(&names(PROMPTS)) {
        for (place, echo) in echoes(prompt, name).iter().enumerate() {
            for ((row, plain), verdict) in rows.iter().zip(&plain).zip(judged(&rows, echo)) {
                count += 1;
                if verdict != plain[place] {
                    let id = row.map_or("no row", |row| row.id.as_str());
                    let (seen, first) = changed.entry(echo.name).or_default();
                    *seen += 1;
                    if first.is_empty() {
                        let (was, is) = (plain[place].as_str(), verdict.as_str());
                        write!(first, "{was} is {is} at {id}: {}", echo.body).unwrap();
                    }
                }
            }
        }
    }
    println!(
        "{PROMPTS} prompts, {} echoes each, {} rows: {count} verdicts",
        harmless.len(),
        rows.len()
    );
    let told: Vec<_> = changed
        .iter()
        .map(|(name, (seen, first))| format!("{name}, {seen} times: {first}"))
        .collect();
    assert!(changed.is_empty(), "changed:\n{}", told.join("\n"));
}

/// Events of healthy streams on every surface.
fn events(prompt: &str) -> Vec<(Option<&'static str>, String)> {
    vec![
        (None, json!({"choices": [{"delta": {"content": prompt}}]}).to_string()),
        (
            None,
            json!({"choices": [{"delta": {"reasoning_content": prompt, "content": null}}]}).to_string(),
        ),
        (
            Some("response.created"),
            json!({"type": "response.created", "response": {"error": null, "status": "in_progress",
            "instructions": prompt, "metadata": {"error": prompt, "message": prompt}}})
            .to_string(),
        ),
        (
            Some("response.output_text.delta"),
            json!({"type": "response.output_text.delta", "delta": prompt}).to_string(),
        ),
        (
            Some("response.completed"),
            json!({"type": "response.completed", "response": {"error": null,
            "metadata": {"error": prompt}, "output": [{"content": [{"text": prompt}]}]}})
            .to_string(),
        ),
        (
            Some("message_start"),
            json!({"type": "message_start", "message": {"content": [prompt]}}).to_string(),
        ),
        (
            Some("content_block_delta"),
            json!({"type": "content_block_delta", "delta": {"text": prompt}}).to_string(),
        ),
        (
            None,
            json!({"candidates": [{"content": {"parts": [{"text": prompt}]}}]}).to_string(),
        ),
        (
            None,
            json!({"type": "transcript.text.delta", "delta": prompt}).to_string(),
        ),
        (None, json!({"text": prompt, "tokens": 3}).to_string()),
    ]
}

#[test]
fn two_hundred_prompts_are_no_error_in_a_stream() {
    let table = Table::built_in();
    for prompt in prompts(PROMPTS) {
        for (name, data) in events(&prompt) {
            for row in table.rows() {
                let meaning = judge_event(Some(row), name, data.as_bytes(), Timestamp::default());
                assert!(
                    !matches!(meaning, EventMeaning::Error(_)),
                    "{} {name:?} {data}: {meaning:?}",
                    row.id
                );
            }
        }
    }
}

#[test]
fn a_quotation_does_not_hide_the_providers_own_words() {
    let error = |message: &str| Echo {
        name: "own words",
        channel: Channel::Inference,
        status: 400,
        content_type: "application/json",
        body: json!({"error": {"message": message}}).to_string(),
    };
    let own = "you said \"it's \\\"quoted\\\" 'oddly'\", and your credit balance is too low to access the API";
    assert_eq!(read(None, &error(own)), Verdict::OutOfCredit);
    let own = "Incorrect API key provided: 'sk-it's'. You can find your API key at https://example.com";
    assert_eq!(read(None, &error(own)), Verdict::Unauthenticated);
}

/// As many as the line shows.
const PROMPTS: usize = 200;
