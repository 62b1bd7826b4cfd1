//! The text in an answer: of an event of a stream, or of a whole answer where a provider does not stream.

use serde_json::Value;

/// The text of one event's data; empty if it carries none.
pub(super) fn text_of_event(data: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<Value>(data) else {
        return String::new();
    };
    let kind = event["type"].as_str().unwrap_or_default();
    match kind {
        "response.output_text.delta" => text(&event["delta"]),
        "content_block_delta" => text(&event["delta"]["text"]),
        _ => event["choices"]
            .as_array()
            .and_then(|choices| choices.first())
            .map(|choice| text(&choice["delta"]["content"]))
            .unwrap_or_default(),
    }
}

/// The text of an answer that came in one piece; `None` if it is no answer of any of these APIs.
pub(super) fn text_of_whole(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    if let Some(choice) = answer["choices"].as_array().and_then(|choices| choices.first()) {
        return Some(text(&choice["message"]["content"]));
    }
    if let Some(items) = answer["output"].as_array() {
        return Some(items.iter().map(|item| text(&item["content"])).collect());
    }
    answer["content"].as_array().map(|_| text(&answer["content"]))
}

/// A string, or parts that have one.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| text(&part["text"])).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_says_it_in_its_own_way() {
        for (event, expected) in [
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#, "a"),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"b"}]}}]}"#,
                "b",
            ),
            (r#"{"choices":[]}"#, ""),
            (r#"{"type":"response.output_text.delta","delta":"c"}"#, "c"),
            (r#"{"type":"response.reasoning_text.delta","delta":"hm"}"#, ""),
            (
                r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"d"}}"#,
                "d",
            ),
            (
                r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}"#,
                "",
            ),
            ("[DONE]", ""),
            ("not json", ""),
        ] {
            assert_eq!(text_of_event(event.as_bytes()), expected, "{event}");
        }
        for (whole, expected) in [
            (r#"{"choices":[{"message":{"content":"a"}}]}"#, Some("a")),
            (
                r#"{"output":[{"type":"reasoning"},{"content":[{"type":"output_text","text":"b"}]}]}"#,
                Some("b"),
            ),
            (r#"{"content":[{"type":"text","text":"c"}]}"#, Some("c")),
            (r#"{"error":"d"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(text_of_whole(whole.as_bytes()).as_deref(), expected, "{whole}");
        }
    }
}
