//! Responses in the form of OpenAI's API.

use serde_json::{Value, json};

use super::events::{self, Event};
use super::prompt::Prompt;

/// The whole answer.
pub(super) fn whole(prompt: &Prompt, id: &str, created: u64) -> Value {
    let item = item(id, "completed", &prompt.answer());
    response(prompt, id, created, "completed", &[item])
}

/// The same as a stream.
pub(super) fn stream(prompt: &Prompt, id: &str, created: u64, pieces: usize) -> Vec<Event> {
    let mut numbered = Numbered::default();
    let begun = response(prompt, id, created, "in_progress", &[]);
    numbered.frame("response.created", json!({"response": begun}));
    numbered.frame("response.in_progress", json!({"response": begun}));
    let mut empty = item(id, "in_progress", "");
    empty["content"] = json!([]);
    numbered.frame("response.output_item.added", json!({"output_index": 0, "item": empty}));
    let place = |fields: Value| {
        merged(
            json!({"item_id": format!("msg_{id}"), "output_index": 0, "content_index": 0}),
            fields,
        )
    };
    numbered.frame(
        "response.content_part.added",
        place(json!({"part": {"type": "output_text", "text": "", "annotations": []}})),
    );
    for piece in prompt.pieces(pieces) {
        numbered.content("response.output_text.delta", place(json!({"delta": piece})));
    }
    let answer = prompt.answer();
    numbered.frame("response.output_text.done", place(json!({"text": answer})));
    numbered.frame(
        "response.content_part.done",
        place(json!({"part": {"type": "output_text", "text": answer, "annotations": []}})),
    );
    let item = item(id, "completed", &answer);
    numbered.frame("response.output_item.done", json!({"output_index": 0, "item": item}));
    numbered.frame("response.completed", json!({"response": whole(prompt, id, created)}));
    numbered.events
}

/// Events that carry their name as `type` and count themselves.
#[derive(Debug, Default)]
struct Numbered {
    events: Vec<Event>,
}

impl Numbered {
    fn frame(&mut self, name: &str, fields: Value) {
        let bytes = self.bytes(name, fields);
        self.events.push(events::frame(bytes));
    }

    fn content(&mut self, name: &str, fields: Value) {
        let bytes = self.bytes(name, fields);
        self.events.push(events::content(bytes));
    }

    fn bytes(&self, name: &str, fields: Value) -> bytes::Bytes {
        let head = json!({"type": name, "sequence_number": self.events.len()});
        events::named(name, &merged(head, fields))
    }
}

fn merged(mut base: Value, fields: Value) -> Value {
    if let (Value::Object(base), Value::Object(fields)) = (&mut base, fields) {
        base.extend(fields);
    }
    base
}

fn item(id: &str, status: &str, text: &str) -> Value {
    json!({
        "id": format!("msg_{id}"), "type": "message", "status": status, "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    })
}

fn response(prompt: &Prompt, id: &str, created: u64, status: &str, output: &[Value]) -> Value {
    let (input, out) = (prompt.input_tokens, prompt.output_tokens());
    let usage = json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": input / 2},
        "output_tokens": out, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input + out,
    });
    json!({
        "id": id, "object": "response", "created_at": created, "status": status,
        "model": prompt.model, "output": output, "error": null, "incomplete_details": null,
        "instructions": null, "metadata": {}, "parallel_tool_calls": true,
        "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": if status == "completed" { usage } else { Value::Null },
    })
}
