//! The pages that people see: consent, the code to copy, the device page, errors.

/// The question whether the client may have access.
pub(super) fn consent(client_id: &str, scope: &str, query: &str) -> String {
    frame(
        "Authorize",
        &format!(
            "<p><b>{}</b> asks for access: {}</p><form method=\"post\" action=\"/oauth2/consent\">\
             <input type=\"hidden\" name=\"query\" value=\"{}\">\
             <button id=\"approve\" name=\"decision\" value=\"approve\">Approve</button> \
             <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button></form>",
            escape(client_id),
            escape(scope),
            escape(query)
        ),
    )
}

/// The code, for a client that cannot be redirected to.
pub(super) fn code(code: &str, url: &str) -> String {
    frame(
        "Authorized",
        &format!(
            "<p>Copy this code into your terminal:</p><pre id=\"code\">{}</pre>\
             <p>or this address:</p><pre id=\"url\">{}</pre>",
            escape(code),
            escape(url)
        ),
    )
}

/// Where a person enters or confirms a user code.
pub(super) fn device(user_code: &str) -> String {
    frame(
        "Connect a device",
        &format!(
            "<form method=\"post\" action=\"/device\"><label>Code <input name=\"user_code\" \
             value=\"{}\"></label> \
             <button id=\"approve\" name=\"decision\" value=\"approve\">Approve</button> \
             <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button></form>",
            escape(user_code)
        ),
    )
}

/// What became of it.
pub(super) fn message(title: &str, text: &str) -> String {
    frame(title, &format!("<p>{}</p>", escape(text)))
}

/// An error that must not be redirected.
pub(super) fn error(error: &str, description: &str) -> String {
    frame(
        "Error",
        &format!("<p id=\"error\">{}</p><p>{}</p>", escape(error), escape(description)),
    )
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - sandbox\
         </title></head><body><h1>{title}</h1>{body}</body></html>"
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
