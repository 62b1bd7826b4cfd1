//! A key that is held to some models does only what provably names one of them.

use serde_json::Value;

use super::keys::key;
use super::upstream::Upstream;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// A gateway to one provider, and a key for its model `raw-1`.
struct Held {
    upstream: Upstream,
    secret: String,
}

impl Held {
    async fn new() -> Self {
        let upstream = Upstream::answering(vec![vec![OK.as_bytes().to_vec()]]).await;
        let secret = key(&upstream.scratch, "narrow", &["--model", "raw-1"]).await;
        Self { upstream, secret }
    }

    async fn send(&self, start: &str, lines: &[&str], body: &str) -> (u16, String) {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!(
            "{start} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {}\r\n{lines}content-length: {}\r\n\r\n{body}",
            self.secret,
            body.len()
        );
        self.upstream.gateway.status(&request).await
    }

    async fn refuses(&self, start: &str, lines: &[&str], body: &str) {
        let before = self.upstream.seen().len();
        let (status, text) = self.send(start, lines, body).await;
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(
            (status, told["error"]["code"].as_str()),
            (403, Some("client-key-forbidden")),
            "{start} {lines:?} {body}: {text}"
        );
        assert_eq!(self.upstream.seen().len(), before, "{start} {lines:?} {body} went out");
    }

    async fn sends(&self, start: &str, lines: &[&str], body: &str) {
        let before = self.upstream.seen().len();
        let (status, text) = self.send(start, lines, body).await;
        assert_eq!(status, 200, "{start} {lines:?} {body}: {text}");
        let seen = self.upstream.seen();
        assert_eq!(seen.len(), before + 1);
        assert_eq!(seen[before].body, body.as_bytes(), "as it came");
    }
}

const JSON: &[&str] = &["content-type: application/json"];

#[tokio::test]
async fn what_does_not_take_its_model_from_the_body_is_refused() {
    let held = Held::new().await;
    let named = "{\"model\":\"raw-1\"}";
    for path in [
        "/p/raw/batches",
        "/v1/batches",
        "/p/raw/messages/batches",
        "/p/raw/fine_tuning/jobs",
        "/p/raw/threads/runs",
        "/p/raw/assistants",
        "/p/raw/whatever/comes",
        "/p/raw//chat/completions",
        "/p/raw/chat/completions/",
        "/p/raw/Chat/Completions",
        "/p/raw/chat%2Fcompletions",
        "/p/raw/deployments/raw-2/chat/completions",
        "/p/raw/models/raw-2/chat/completions",
        "/p/raw/v1beta/models/raw-2:generateContent",
        "/p/raw/v1beta/models/raw%2D1:generateContent",
        "/p/raw/v1beta/models/raw-1:batchGenerateContent",
        "/p/raw/v1beta/models/raw-1:asyncBatchEmbedContent",
        "/p/raw/v1beta/models/raw-1:generateContent:x",
        "/p/raw/v1beta/tunedModels/raw-1:generateContent",
    ] {
        held.refuses(&format!("POST {path}"), JSON, named).await;
    }
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"] {
        held.refuses(&format!("{method} /p/raw/responses/resp_1"), JSON, named)
            .await;
    }
    held.refuses(
        "POST /v1/responses?model=raw-1",
        JSON,
        "{\"prompt\":{\"id\":\"pmpt_1\"}}",
    )
    .await;
    held.refuses("POST /p/raw/chat/completions?model=raw-2", JSON, named)
        .await;
    held.refuses(
        "POST /p/raw/v1beta/models/raw-1:generateContent",
        JSON,
        "{\"model\":\"raw-2\"}",
    )
    .await;
    held.refuses("GET /p/raw/whatever", &[], "").await;
    held.refuses("GET /p/raw/models/raw-2", &[], "").await;
    held.refuses("GET /p/raw/batches", JSON, "{\"input_file_id\":\"file-1\"}")
        .await;
    for query in ["deployment=raw-2", "model-id=raw-2", "Engine=raw-2"] {
        held.refuses(&format!("POST /p/raw/chat/completions?{query}"), JSON, named)
            .await;
    }
    let upgrade = [
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    for query in [
        "",
        "?model=raw-2",
        "?model=raw-1&model=raw-1",
        "?Model=raw-1",
        "?model=raw-1&intent=transcription",
    ] {
        held.refuses(&format!("GET /v1/realtime{query}"), &upgrade, "").await;
    }
    let by_header = ["content-type: application/json", "ai-model-id: raw-2"];
    held.refuses("POST /p/raw/chat/completions", &by_header, named).await;
    // What names it, and what only reads.
    held.sends("POST /v1/chat/completions", JSON, named).await;
    held.sends("POST /p/raw/v1/responses/compact", JSON, named).await;
    held.sends("POST /p/raw/v1beta/models/raw-1:generateContent", JSON, "{}")
        .await;
    let batch = "POST /p/raw/v1beta/models/raw-1:batchEmbedContents";
    let within = |model: &str| format!("{{\"requests\":[{{\"model\":\"models/raw-1\"}},{{\"model\":\"{model}\"}}]}}");
    held.sends(batch, JSON, &within("models/raw-1")).await;
    for other in ["models/raw-2", "raw-2", "tunedModels/raw-1", "models/raw\\u002d2"] {
        held.refuses(batch, JSON, &within(other)).await;
    }
    held.refuses(&batch.replace("raw-1", "raw-2"), JSON, &within("models/raw-1"))
        .await;
    held.sends(
        "POST /p/raw/models/raw-1:streamGenerateContent?alt=sse",
        JSON,
        "{\"model\":\"raw-1\"}",
    )
    .await;
    for path in [
        "/p/raw/models",
        "/v1/models/raw-1",
        "/p/raw/responses/resp_1?include=x",
        "/p/raw/files/file-1/content",
    ] {
        held.sends(&format!("GET {path}"), &[], "").await;
    }
}

#[tokio::test]
async fn a_body_that_can_be_read_in_two_ways_is_refused() {
    let held = Held::new().await;
    let chat = "POST /p/raw/chat/completions";
    for body in [
        r#"{"model":"raw-2"}"#,
        r#"{"model":"raw-1","model":"raw-1"}"#,
        r#"{"model":"raw-1","model":"raw-2"}"#,
        r#"{"model":"raw-1","models":["raw-2"]}"#,
        r#"{"model":"raw-1","fallbacks":["raw-2"]}"#,
        r#"{"model":"raw-1","model\u0000":"raw-2"}"#,
        r#"{"model":"raw-1","model\u0000x":"raw-2"}"#,
        r#"{"model":"raw-1"," Model":"raw-2"}"#,
        r#"{"model":"raw-1","tools":[{"type":"image_generation","model":"raw-2"}]}"#,
        r#"{"model":"raw-1","tools":[{"type":"image_generation","model":"raw-2","model":"raw-1"}]}"#,
        r#"{"model":"raw-1","tools":[{"type":"image_generation","model\u0000":"raw-2"}]}"#,
        r#"{"model":"raw-1","requests":[{"\u0000Model\u0000x":"raw-2"}]}"#,
        r#"{"model":"raw-1","tools":[{"type":"image_generation","model":["raw-2"]}]}"#,
    ] {
        held.refuses(chat, JSON, body).await;
    }
    let named = r#"{"model":"raw-1","x":"&model=raw-2&y"}"#;
    for lines in [
        &["content-type: application/x-www-form-urlencoded"][..],
        &["content-type: text/plain"],
        &["content-type: application/json; charset=utf-7"],
        &[
            "content-type: application/json",
            "content-type: application/x-www-form-urlencoded",
        ],
        &["content-type: application/json, application/x-www-form-urlencoded"],
        &[],
    ] {
        held.refuses(chat, lines, named).await;
    }
    held.sends(chat, &["content-type: Application/JSON; charset=UTF-8"], named)
        .await;
    held.sends(
        chat,
        JSON,
        r#"{"model":"raw-1","tools":[{"type":"image_generation","model":"raw-1"}]}"#,
    )
    .await;
}

const FORM: &str = "content-type: multipart/form-data; boundary=b1";
const MODEL: &str = "Content-Disposition: form-data; name=\"model\"\r\n\r\nraw-1\r\n";
const FILE: &str =
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\nx\r\n";

fn form(parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--b1\r\n{part}")).collect();
    format!("{parts}--b1--\r\n")
}

#[tokio::test]
async fn a_form_is_read_as_strictly() {
    let held = Held::new().await;
    let path = "POST /v1/audio/transcriptions";
    held.sends(path, &[FORM], &form(&[FILE, MODEL])).await;
    held.sends(
        path,
        &["content-type: multipart/form-data; boundary=\"b1\""],
        &form(&[MODEL, FILE]),
    )
    .await;
    // As .NET writes it.
    let unquoted = form(&[&MODEL.replace("\"model\"", "model")]);
    held.sends(path, &[FORM], &unquoted).await;
    held.refuses(path, &[FORM], &unquoted.replace("raw-1", "raw-2")).await;
    let field = |head: &str, value: &str| format!("{head}\r\n\r\n{value}\r\n");
    for head in [
        "Content-Disposition: form-data; name = \"model\"",
        "Content-Disposition: form-data; name=\"model\"",
        "Content-Disposition: form-data; name=model",
        "Content-Disposition: form-data; name='model'",
        "Content-Disposition: form-data; NAME=\"Model\"",
        "Content-Disposition: form-data; name=\" model\"",
        "Content-Disposition: form-data; name=\"mo\\del\"",
        "Content-Disposition: form-data; name=\"mod%65l\"",
        "Content-Disposition: form-data; name*=utf-8''model",
        "Content-Disposition: form-data; name*0=\"mod\"; name*1=\"el\"",
        "Content-Disposition: form-data; name=\"x\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"x\"; filename=\"a; name=model; b\"",
        "Content-Disposition: form-data;\r\n name=\"model\"",
        "Content-Disposition:form-data;name=\"model\"",
        "content-disposition : form-data; name=\"model\"",
        "Content-Disposition: attachment; name=\"model\"",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"model\"",
        "Content-Disposition: form-data; name=\"x\"\nContent-Disposition: form-data; name=\"model\"",
        "Content-Disposition: form-data; name=\"model[]\"",
        "Content-Disposition: form-data; name=\"_charset_\"",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Type: multipart/mixed; boundary=c",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Transfer-Encoding: base64",
        "Content-Type: text/plain",
    ] {
        held.refuses(path, &[FORM], &form(&[FILE, MODEL, &field(head, "raw-2")]))
            .await;
        held.refuses(path, &[FORM], &form(&[&field(head, "raw-2"), MODEL]))
            .await;
    }
    held.refuses(path, &[FORM], &form(&[FILE])).await;
    held.refuses(path, &[FORM], &form(&[&MODEL.replace("raw-1", "raw-2")]))
        .await;
    held.refuses(path, &[FORM], &form(&[&MODEL.replace("raw-1", "raw-1\r\n raw-2")]))
        .await;
    let whole = form(&[MODEL]);
    for body in [
        format!("preamble\r\n{whole}"),
        format!("{whole}--b1\r\n{}--b1--\r\n", MODEL.replace("raw-1", "raw-2")),
        whole.replace("--b1--\r\n", ""),
        form(&[
            MODEL,
            &field(
                "Content-Disposition: form-data; name=\"x\"",
                "y\n--b1\nContent-Disposition: form-data; name=\"model\"\n\nraw-2",
            ),
        ]),
        whole.replacen("--b1\r\n", "--b1 \r\n", 1),
    ] {
        held.refuses(path, &[FORM], &body).await;
    }
    for line in [
        "content-type: multipart/form-data; boundary=b1; boundary=b2",
        "content-type: multipart/form-data; boundary=b2; boundary=b1",
        "content-type: multipart/form-data; boundary*=utf-8''b1",
        "content-type: multipart/mixed; boundary=b1",
        "content-type: multipart/form-data",
    ] {
        held.refuses(path, &[line], &whole).await;
    }
}
