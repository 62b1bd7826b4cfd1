//! What is found in answers of every API, in pieces of every size, and what only looks like it.

use super::*;
use crate::usage::told::Tokens;

#[track_caller]
fn check(form: Form, text: &str, expected: Option<(u64, u64, u64)>) {
    for size in (1..40).chain([text.len().max(1)]) {
        let mut scan = Scan::new(form);
        for piece in text.as_bytes().chunks(size) {
            scan.see(piece);
        }
        let found = scan.end().0.map(|told| {
            let Tokens { input, output, cached } = told.tokens();
            (input, output, cached)
        });
        assert_eq!(found, expected, "{text} in pieces of {size}");
    }
}

#[test]
fn documents_of_every_api() {
    check(
        Form::Document,
        r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}},"system_fingerprint":"f"}"#,
        Some((9, 4, 3)),
    );
    check(
        Form::Document,
        "{ \"usage\" :\n { \"input_tokens\" : 9,\r\n\"output_tokens\": 4 } }\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4},"modelVersion":"g"}"#,
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"[{"usageMetadata":{"promptTokenCount":9}},{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4}}]"#,
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"{"data":[[0.1,0.2]],"usage":{"prompt_tokens":8,"total_tokens":8}}"#,
        Some((8, 0, 0)),
    );
}

#[test]
fn streams_of_every_api() {
    check(
        Form::Events,
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Events,
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"metadata\":{\"usage\":{\"input_tokens\":1}},\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\r\n\r\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Events,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"delta\":{\"text\":\"\\\"usage\\\":{\\\"output_tokens\\\":7}\"}}\n\nevent: message_delta\ndata: {\"delta\":{},\"usage\":{\"output_tokens\":40}}\n\n",
        Some((14, 40, 5)),
    );
    // The last line of a stream need not be ended.
    check(Form::Events, "data: {\"usage\":{\"prompt_tokens\":9}}", Some((9, 0, 0)));
}

#[test]
fn what_a_model_or_a_tool_wrote_is_not_counted() {
    for text in [
        r#"{"content":"\"usage\":{\"input_tokens\":7}"}"#,
        r#"{"content":[{"type":"tool_use","input":{"usage":{"input_tokens":7}}}]}"#,
        r#"{"tools":[{"parameters":{"properties":{"usage":{"output_tokens":7}}}}]}"#,
        r#"{"metadata":{"usage":{"input_tokens":7}}}"#,
        r#"{"type":"usage","input_tokens":7}"#,
        r#"{"usage":"none"}"#,
        r#"{"usage":[{"input_tokens":7}]}"#,
        r#"{"usage_notes":{"input_tokens":7}}"#,
        r#"{"x":"\\","y":"\\\"usage\":{\"input_tokens\":7}"}"#,
    ] {
        check(Form::Document, text, None);
    }
    // The document's own counts, before and after what a tool was given.
    for text in [
        r#"{"usage":{"input_tokens":9,"output_tokens":4},"content":[{"input":{"usage":{"input_tokens":7}}}]}"#,
        r#"{"content":[{"input":{"usage":{"input_tokens":7}}},{"text":"}]{[\"usage"}],"usage":{"input_tokens":9,"output_tokens":4}}"#,
    ] {
        check(Form::Document, text, Some((9, 4, 0)));
    }
    let deep = "data: {\"item\":{\"input\":{\"usage\":{\"input_tokens\":7}}}}\n\n";
    check(Form::Events, deep, None);
}

#[test]
fn an_object_without_an_end_is_let_go() {
    let mut scan = Scan::new(Form::Document);
    scan.see(b"{\"usage\":{\"x\":\"");
    for _ in 0..1_000 {
        scan.see(&[b'y'; 1_024]);
    }
    scan.see(b"\"},\"usage\":{\"input_tokens\":9}}");
    assert!(scan.so_far().is_none());
    assert_eq!(scan.end().0.map(|told| told.tokens().input), Some(9));
    let mut cut = Scan::new(Form::Events);
    cut.see(b"data: {\"usage\":{\"input_tokens\":9}");
    assert_eq!(cut.end().0, None, "the rest of the event never came");
}

#[test]
fn what_comes_after_the_last_word_is_measured() {
    let begun = "data: {\"message\":{\"usage\":{\"input_tokens\":9}}}\n";
    let left = |text: &str, size: usize| {
        let mut scan = Scan::new(Form::Events);
        text.as_bytes().chunks(size).for_each(|piece| scan.see(piece));
        let (told, since) = scan.end();
        (told.map(|told| told.tokens().input), since)
    };
    for size in [1, 7, 10_000] {
        assert_eq!(left(&format!("{begun}{}", "x".repeat(500)), size), (Some(9), 500));
        assert_eq!(left(begun.trim_end(), size), (Some(9), 0));
        assert_eq!(left(&"x".repeat(500), size), (None, 500));
    }
}

/// Documents of every shape, each with what its `usage` objects tell as the parser reads them, and how deep they stand.
struct Writer {
    chance: u64,
    text: String,
    told: Vec<(usize, Told)>,
    /// Whether what is written is within such an object.
    is_within: bool,
}

impl Writer {
    fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        things[(self.chance >> 33) as usize % things.len()]
    }

    fn space(&mut self, form: Form) {
        let spaces: &[&str] = match form {
            Form::Document => &["", "", "", " ", "\n  ", "\r\n\t"],
            Form::Events => &["", "", "", " ", "\t"],
        };
        let space = self.one_of(spaces);
        self.text.push_str(space);
    }

    /// A value that stands within so many brackets.
    fn value(&mut self, depth: usize, form: Form) {
        let kind = self.one_of(if depth < 5 { &[0, 1, 2, 3] } else { &[3, 3] });
        match kind {
            0 | 1 if depth < 5 => self.object(depth, form),
            2 => {
                self.text.push('[');
                for item in 0..self.one_of(&[0, 1, 3]) {
                    self.text.push_str(if item > 0 { "," } else { "" });
                    self.value(depth + 1, form);
                }
                self.text.push(']');
            }
            _ => {
                let plain = self.one_of(&[
                    "null",
                    "true",
                    "9",
                    "-4",
                    "1.5",
                    "12e3",
                    "1844674407370955161600",
                    r#""""#,
                    r#""usage""#,
                    r#""{[\"usage\":{""#,
                    r#""}]\\""#,
                    r#""a long sentence of no use, \\\"usage\":{\"input_tokens\":7}""#,
                    "\"caf\u{e9}\"",
                ]);
                self.text.push_str(plain);
            }
        }
    }

    fn object(&mut self, depth: usize, form: Form) {
        self.text.push('{');
        for member in 0..self.one_of(&[0, 1, 2, 4]) {
            self.text.push_str(if member > 0 { "," } else { "" });
            self.space(form);
            let name = self.one_of(&[
                "usage",
                "usage",
                "usageMetadata",
                "usage_notes",
                "usag",
                "us\\u0061ge",
                "x",
                "input_tokens",
                "output_tokens",
                "total_tokens",
                "prompt_tokens",
                "completion_tokens",
                "cache_read_input_tokens",
                "input_tokens_details",
                "cached_tokens",
                "promptTokenCount",
            ]);
            self.text.push_str(&format!("\"{name}\""));
            self.space(form);
            self.text.push(':');
            self.space(form);
            let (begins, was_within) = (self.text.len(), self.is_within);
            let is_wanted = matches!(name, "usage" | "usageMetadata") && !was_within;
            if is_wanted && self.one_of(&[true, true, false]) {
                self.is_within = true;
                self.object(depth + 1, form);
                self.is_within = false;
                let told = Told::read(&self.text.as_bytes()[begins..]);
                self.told.extend(told.map(|told| (depth + 1, told)));
            } else if is_wanted {
                self.text.push_str("null");
            } else {
                self.value(depth + 1, form);
            }
            self.space(form);
        }
        self.text.push('}');
    }
}

#[test]
fn whatever_is_written_around_it_only_the_documents_own_use_is_told() {
    for (chance, form) in (0..3_000).zip([Form::Document, Form::Events].into_iter().cycle()) {
        let mut expected: Option<Told> = None;
        let mut text = String::new();
        let (documents, deepest) = match form {
            Form::Document => (1, 1),
            Form::Events => (4, 2),
        };
        for number in 0..documents {
            let mut writer = Writer {
                chance: chance * 8 + number,
                text: String::new(),
                told: Vec::new(),
                is_within: false,
            };
            writer.object(0, form);
            // Beyond the limit some are not looked at.
            if writer.told.len() >= OBJECTS {
                continue;
            }
            for (_, told) in writer.told.iter().filter(|(depth, _)| *depth <= deepest) {
                expected = Some(expected.unwrap_or_default().then(*told));
            }
            text.push_str(&match form {
                Form::Document => writer.text,
                Form::Events => format!("data: {}\r\n\r\n", writer.text),
            });
        }
        for size in [1, 2, 3, 5, 7, 16, 64, text.len().max(1)] {
            let mut scan = Scan::new(form);
            text.as_bytes().chunks(size).for_each(|piece| scan.see(piece));
            assert_eq!(scan.end().0, expected, "{text} in pieces of {size}");
        }
    }
}
