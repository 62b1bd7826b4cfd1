//! Every envelope in which a provider hands a request's words back: in what it answers, and in what it says of an error.

use evergrant_engine::verdict::Channel;
use serde_json::{Value, json};

/// An answer in which a prompt stands.
pub(super) struct Echo {
    /// What sort it is, for messages.
    pub(super) name: &'static str,
    pub(super) channel: Channel,
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

/// All of them with this prompt, and this name of a model, a tool or a project.
pub(super) fn echoes(prompt: &str, name: &str) -> Vec<Echo> {
    let mut all = Vec::new();
    all.extend(answers(prompt, name));
    all.extend(streams(prompt, name));
    all.extend(open_ai(prompt, name));
    all.extend(others(prompt, name));
    all.extend(frameworks(prompt, name));
    all.extend(aggregators(prompt, name));
    all.extend(token_endpoints(prompt, name));
    all
}

fn json_echo(name: &'static str, status: u16, body: &Value) -> Echo {
    Echo {
        name,
        channel: Channel::Inference,
        status,
        content_type: "application/json",
        body: body.to_string(),
    }
}

/// Good answers: what the model says, and what of the request is repeated beside it.
fn answers(prompt: &str, name: &str) -> Vec<Echo> {
    let whole = |label, body: Value| json_echo(label, 200, &body);
    vec![
        whole(
            "chat completion",
            json!({"id": "c", "object": "chat.completion", "model": name, "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": prompt, "reasoning_content": prompt, "refusal": null}}],
                "usage": {"total_tokens": 3}}),
        ),
        whole(
            "tool call",
            json!({"choices": [{"message": {"tool_calls": [{"type": "function", "function": {"name": name,
                "arguments": json!({"error": prompt}).to_string()}}]}, "finish_reason": "tool_calls"}]}),
        ),
        whole(
            "response",
            json!({"id": "r", "object": "response", "status": "completed", "error": null, "incomplete_details": null,
                "instructions": prompt, "metadata": {"error": prompt, "code": name}, "model": name, "user": name,
                "output": [{"type": "message", "content": [{"type": "output_text", "text": prompt}]}]}),
        ),
        whole(
            "message",
            json!({"type": "message", "role": "assistant", "model": name, "stop_reason": "end_turn",
                "content": [{"type": "text", "text": prompt}, {"type": "tool_use", "name": name, "input": {"error": prompt}}]}),
        ),
        whole(
            "candidates",
            json!({"candidates": [{"content": {"parts": [{"text": prompt}]}, "finishReason": "STOP"}], "modelVersion": name}),
        ),
        whole(
            "models",
            json!({"object": "list", "data": [{"id": name, "object": "model", "description": prompt}]}),
        ),
        whole(
            "completion",
            json!({"object": "text_completion", "choices": [{"text": prompt}]}),
        ),
        whole(
            "success of a provider that answers errors with 200",
            json!({"base_resp": {"status_code": 0, "status_msg": "success"}, "choices": [{"messages": [{"text": prompt}]}],
                "reply": prompt}),
        ),
    ]
}

fn event(label: &'static str, status: u16, body: String) -> Echo {
    Echo {
        name: label,
        channel: Channel::Stream,
        status,
        content_type: "text/event-stream",
        body,
    }
}

/// Errors that a stream tells with the prompt in them.
fn streams(prompt: &str, name: &str) -> Vec<Echo> {
    let flagged = format!(
        "Invalid prompt: it was flagged as violating our usage policy. Excerpt: {}",
        repr(prompt)
    );
    let failed = json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "instructions": prompt,
        "metadata": {"note": prompt}, "model": name, "error": {"code": "invalid_prompt", "message": flagged}}});
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded", "details": null},
        "request": {"prompt": prompt}});
    let chunk = json!({"id": "g", "model": name, "choices": [{"delta": {"content": prompt}, "finish_reason": "error"}],
        "error": {"code": 502, "message": "Upstream error"}});
    vec![
        event(
            "response.failed",
            200,
            format!("event: response.failed\ndata: {failed}\n\n"),
        ),
        event("event: error", 200, format!("event: error\ndata: {error}\n\n")),
        event("error chunk", 200, format!("data: {chunk}\n\n")),
        event("error frame", 200, error.to_string()),
    ]
}

/// Errors of OpenAI's form.
fn open_ai(prompt: &str, name: &str) -> Vec<Echo> {
    let error = |label, status, message: String, kind: &str, code: Value| {
        let error = json!({"message": message, "type": kind, "param": prompt, "code": code});
        json_echo(label, status, &json!({"error": error}))
    };
    let request = "invalid_request_error";
    vec![
        error(
            "invalid value",
            400,
            format!(
                "Invalid value: {}. Supported values are: 'text' and 'image_url'.",
                repr(prompt)
            ),
            request,
            json!("invalid_value"),
        ),
        error(
            "invalid type",
            400,
            format!(
                "Invalid type for 'input': expected a string, but got {} instead.",
                quoted(prompt)
            ),
            request,
            Value::Null,
        ),
        error(
            "unknown tool",
            400,
            format!("Unknown tool '{name}' in {}", repr(prompt)),
            request,
            Value::Null,
        ),
        error(
            "no such model",
            404,
            format!("The model `{name}` does not exist or you do not have access to it."),
            request,
            json!("model_not_found"),
        ),
        error(
            "project in a limit",
            429,
            format!(
                "Rate limit reached for {name} in project '{name}' on requests per min (RPM): \
            Limit 500, Used 500. Please try again in 120ms."
            ),
            "requests",
            json!("rate_limit_exceeded"),
        ),
        error(
            "server error",
            500,
            "The server had an error while processing your request".to_owned(),
            "server_error",
            Value::Null,
        ),
        error(
            "flagged",
            400,
            format!(
                "Your request was rejected by the safety system. Input: {}",
                quoted(prompt)
            ),
            "image_generation_user_error",
            json!("moderation_blocked"),
        ),
        json_echo(
            "request beside the error",
            400,
            &json!({"error": {"message": "bad value", "type": request},
            "request": {"messages": [{"content": prompt}], "error": prompt}, "input": prompt, "prompt": prompt}),
        ),
    ]
}

/// Errors of Anthropic's and Google's forms, and of xAI's.
fn others(prompt: &str, name: &str) -> Vec<Echo> {
    let anthropic = |label, status, kind: &str, message: String| {
        let error = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
        json_echo(label, status, &error)
    };
    let google = |label, status: u16, word: &str, message: String, details: Value| {
        let error = json!({"error": {"code": status, "message": message, "status": word, "details": details}});
        json_echo(label, status, &error)
    };
    let violations = json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations":
        [{"field": "contents[0].parts[0]", "description": format!("Invalid value at 'contents[0]' (text), {}", quoted(prompt))}]}]);
    let violated = || {
        format!(
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), {}",
            quoted(prompt)
        )
    };
    vec![
        anthropic(
            "tool name",
            400,
            "invalid_request_error",
            format!(
                "tools.3.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$': {}",
                repr(prompt)
            ),
        ),
        anthropic(
            "message content",
            400,
            "invalid_request_error",
            format!(
                "messages.0.content: Input should be a valid list, got {}",
                quoted(prompt)
            ),
        ),
        anthropic("named model", 404, "not_found_error", format!("model: {name}")),
        anthropic("anthropic failed", 500, "api_error", "Internal server error".to_owned()),
        google(
            "google argument",
            400,
            "INVALID_ARGUMENT",
            violated(),
            violations.clone(),
        ),
        google(
            "google argument without details",
            400,
            "INVALID_ARGUMENT",
            violated(),
            json!([]),
        ),
        google(
            "google internal",
            500,
            "INTERNAL",
            "An internal error has occurred.".to_owned(),
            json!([{"@type": "type.googleapis.com/google.rpc.DebugInfo", "stackEntries": [prompt]}]),
        ),
        google(
            "google metadata",
            400,
            "INVALID_ARGUMENT",
            "Request contains an invalid argument.".to_owned(),
            json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_FIELD", "domain": "googleapis.com",
                "metadata": {"model": name, "prompt": prompt}}]),
        ),
        Echo {
            body: format!(
                "[{}]",
                json!({"error": {"code": 400, "message": violated(), "status": "INVALID_ARGUMENT"}})
            ),
            ..json_echo("google in an array", 400, &Value::Null)
        },
        json_echo(
            "xai",
            400,
            &json!({"code": "Client specified an invalid argument",
            "error": format!("Argument not supported: {}", repr(prompt))}),
        ),
    ]
}

/// Errors as web frameworks write them.
fn frameworks(prompt: &str, name: &str) -> Vec<Echo> {
    let plain = |label, status, content_type, body: String| Echo {
        name: label,
        channel: Channel::Inference,
        status,
        content_type,
        body,
    };
    let input =
        serde_json::from_str::<Value>(prompt).unwrap_or_else(|_| json!({"error": {"code": name, "message": prompt}}));
    let address: String = url::form_urlencoded::byte_serialize(prompt.as_bytes()).collect();
    let shown = prompt
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    vec![
        json_echo(
            "fastapi text input",
            422,
            &json!({"detail": [{"type": "string_type", "loc": ["body", "messages", 0, name],
            "msg": "Input should be a valid string", "input": prompt, "url": format!("https://errors.pydantic.dev/{name}")}]}),
        ),
        json_echo(
            "fastapi object input",
            422,
            &json!({"detail": [{"type": "list_type", "loc": ["body", "messages"],
            "msg": "Input should be a valid list", "input": input, "ctx": {"error": input}}]}),
        ),
        json_echo(
            "fastapi message",
            422,
            &json!({"detail": format!("1 validation error for Request\nmodel\n  Input should be 'a' \
            or 'b' [type=literal_error, input_value={}, input_type=str]", repr(prompt))}),
        ),
        json_echo(
            "problem details",
            400,
            &json!({"type": "https://api.example.com/problems/invalid-body", "title": "Bad Request",
            "status": 400, "detail": format!("The field `prompt` has an invalid value: {}", quoted(prompt)),
            "instance": format!("/v1/chat?prompt={address}"), "errors": [{"pointer": "#/prompt", "detail": format!("not allowed: {}", quoted(prompt))}]}),
        ),
        json_echo(
            "express",
            400,
            &json!({"statusCode": 400, "error": "Bad Request",
            "message": [format!("property {name} should not exist"), format!("content must be a string, got {}", repr(prompt))]}),
        ),
        json_echo(
            "aws",
            400,
            &json!({"__type": "com.amazon.coral.validate#ValidationException",
            "message": format!("1 validation error detected: Value {} at 'body' failed to satisfy constraint", repr(prompt))}),
        ),
        json_echo(
            "shortened",
            400,
            &json!({"error": {"message": format!("Cannot parse {}", shortened(prompt))}}),
        ),
        plain(
            "text",
            400,
            "text/plain",
            format!("Bad Request: cannot parse {}", quoted(prompt)),
        ),
        plain(
            "page",
            400,
            "text/html",
            format!(
                "<html><head><title>400 Bad Request</title></head><body><h1>Bad Request</h1>\
            <p>Cannot parse <code>{shown}</code></p><!-- {shown} --><script>var p = {};</script></body></html>",
                quoted(prompt)
            ),
        ),
        plain(
            "route",
            404,
            "application/json",
            json!({"error": format!("Cannot POST /v1/{name}?q={address}")}).to_string(),
        ),
    ]
}

/// Errors within errors.
fn aggregators(prompt: &str, name: &str) -> Vec<Echo> {
    let upstream =
        json!({"error": {"message": format!("Invalid value: {}", repr(prompt)), "type": "invalid_request_error",
        "param": prompt, "code": "invalid_value"}, "request": prompt})
        .to_string();
    vec![
        json_echo(
            "flagged input",
            403,
            &json!({"error": {"code": 403, "message": "Input was flagged", "metadata":
            {"reasons": ["harassment"], "flagged_input": prompt, "provider_name": "OpenAI", "model_slug": name}}}),
        ),
        json_echo(
            "raw upstream",
            400,
            &json!({"error": {"code": 400, "message": "Provider returned error", "metadata":
            {"raw": upstream, "provider_name": "OpenAI"}}, "user_id": name}),
        ),
        json_echo(
            "library in front",
            400,
            &json!({"error": {"message": format!("litellm.BadRequestError: OpenAIException - \
            {upstream}. Received Model Group={name}"), "type": null, "param": null, "code": "400"}}),
        ),
        json_echo(
            "python in front",
            400,
            &json!({"detail": format!("Error code: 400 - {{'error': {{'message': {}, 'type': \
            'invalid_request_error'}}}}", repr(&format!("Invalid value: {}", quoted(prompt))))}),
        ),
        json_echo(
            "upstream failed",
            502,
            &json!({"error": {"code": 502, "message": "Upstream failed", "metadata":
            {"previous_prompt": prompt, "model": name}}}),
        ),
    ]
}

/// What token and device endpoints say of a parameter.
fn token_endpoints(prompt: &str, name: &str) -> Vec<Echo> {
    let echo = |label, channel, status, body: Value| Echo {
        channel,
        ..json_echo(label, status, &body)
    };
    vec![
        echo(
            "token parameter",
            Channel::Token,
            400,
            json!({"error": "invalid_request",
            "error_description": format!("Unknown parameter: {}", repr(prompt)), "state": prompt}),
        ),
        echo(
            "token scope",
            Channel::Token,
            400,
            json!({"error": "invalid_scope",
            "error_description": format!("The scope '{name}' is not known: {}", quoted(prompt))}),
        ),
        echo(
            "token failed",
            Channel::Token,
            500,
            json!({"error": "server_error", "request": {"client_name": prompt}}),
        ),
        echo(
            "tokens",
            Channel::Token,
            200,
            json!({"access_token": "x", "token_type": "Bearer", "error": null, "scope": name,
            "note": prompt}),
        ),
        echo(
            "device pending",
            Channel::Device,
            400,
            json!({"error": "authorization_pending",
            "error_description": format!("Waiting for the user to confirm {}", quoted(name)), "client_name": prompt}),
        ),
    ]
}

/// A text that is too long to be repeated whole; its last quote has gone with its end.
fn shortened(text: &str) -> String {
    let head: String = text.chars().take(120).collect();
    format!("'{}...", head.replace('\'', "\\'"))
}

/// The text as Python writes it.
fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut written = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\\' => written.push_str("\\\\"),
            c if c == quote => written.extend(['\\', c]),
            c => written.push(c),
        }
    }
    written.push(quote);
    written
}

/// The text as JSON, Go and Rust write it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
