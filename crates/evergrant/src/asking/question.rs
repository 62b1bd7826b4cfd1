//! A question with all that was said before it, in the form of each API.

use evergrant_driver::history::Role;
use serde_json::{Value, json};

use super::surface::Surface;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// What the model is to know before it reads the conversation.
    pub(crate) instructions: Option<String>,
    /// The conversation; the last turn is the user's.
    pub(crate) turns: Vec<Turn>,
    /// The conversation's id, so that its requests can be told to belong together.
    pub(crate) session: Option<String>,
}

/// What one side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which side.
    pub(crate) role: Role,
    /// What.
    pub(crate) text: String,
}

impl Question {
    /// The body of a request that asks for a stream.
    pub(super) fn body(&self, surface: Surface, model: &str) -> Value {
        let turns = joined(&self.turns);
        match surface {
            Surface::Chat => {
                let system = self
                    .instructions
                    .iter()
                    .map(|text| json!({"role": "system", "content": text}));
                let said = turns
                    .iter()
                    .map(|turn| json!({"role": turn.role.as_str(), "content": turn.text}));
                let messages: Vec<Value> = system.chain(said).collect();
                json!({"model": model, "messages": messages, "stream": true})
            }
            Surface::Responses => {
                let input: Vec<Value> = turns.iter().map(item).collect();
                // Nothing is kept at the provider, which also is what makes the request one that may be sent again.
                let instructions = self.instructions.as_deref().unwrap_or(PLAIN);
                json!({"model": model, "instructions": instructions, "input": input, "stream": true, "store": false})
            }
            Surface::Messages => {
                let messages: Vec<Value> = turns
                    .iter()
                    .map(|turn| json!({"role": turn.role.as_str(), "content": turn.text}))
                    .collect();
                let mut body =
                    json!({"model": model, "max_tokens": ANSWER_TOKENS, "messages": messages, "stream": true});
                if let Some(instructions) = &self.instructions {
                    body["system"] = json!(instructions);
                }
                body
            }
        }
    }
}

fn item(turn: &Turn) -> Value {
    let kind = match turn.role {
        Role::User => "input_text",
        Role::Assistant => "output_text",
    };
    json!({"role": turn.role.as_str(), "content": [{"type": kind, "text": turn.text}]})
}

/// Both sides in turn: what one side said twice in a row, because no answer came, is one turn; some APIs insist on that.
fn joined(turns: &[Turn]) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::new();
    for turn in turns.iter().filter(|turn| !turn.text.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.role == turn.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&turn.text);
            }
            Some(_) | None => joined.push(turn.clone()),
        }
    }
    joined
}

/// This API wants a bound; 8,192 tokens is a long answer that every model of it may give.
const ANSWER_TOKENS: u32 = 8_192;

/// Some backends of this API refuse a request without instructions.
const PLAIN: &str = "You are a helpful assistant.";

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let turn = |role, text: &str| Turn {
            role,
            text: text.to_owned(),
        };
        Question {
            instructions: Some("be brief".to_owned()),
            turns: vec![
                turn(Role::User, "a"),
                turn(Role::Assistant, ""),
                turn(Role::User, "b"),
                turn(Role::Assistant, "c"),
                turn(Role::User, "d"),
            ],
            session: None,
        }
    }

    #[test]
    fn each_api_gets_its_form() {
        let chat = question().body(Surface::Chat, "m");
        assert_eq!(
            chat["messages"],
            json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "a\n\nb"},
                {"role": "assistant", "content": "c"}, {"role": "user", "content": "d"}])
        );
        let responses = question().body(Surface::Responses, "m");
        assert_eq!(
            responses["input"][1]["content"][0],
            json!({"type": "output_text", "text": "c"})
        );
        assert_eq!(
            (&responses["instructions"], &responses["store"]),
            (&json!("be brief"), &json!(false))
        );
        let messages = question().body(Surface::Messages, "m");
        assert_eq!(
            (&messages["system"], &messages["messages"][2]["content"]),
            (&json!("be brief"), &json!("d"))
        );
        assert!(messages["max_tokens"].is_u64());
        for body in [chat, responses, messages] {
            assert_eq!((&body["model"], &body["stream"]), (&json!("m"), &json!(true)));
        }
    }
}
