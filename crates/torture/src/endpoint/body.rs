//! The bodies that the golden table names: tokens in every dress, errors in every envelope, and what is neither.

use anyhow::{Result, bail};

/// A body, as it goes over the wire.
#[derive(Debug, Clone)]
pub(super) struct Body(pub(super) Vec<u8>);

impl Body {
    /// The body of this name: one of a list, or `ENVELOPE:CODE`.
    pub(super) fn named(name: &str) -> Result<Self> {
        if let Some((envelope, code)) = name.split_once(':') {
            return enveloped(envelope, code).map(|text| Self(text.into_bytes()));
        }
        Ok(Self(plain(name)?))
    }
}

impl Body {
    /// Makes the refresh tokens in it those of one server: no two have the same.
    pub(super) fn mark(&mut self, server: u16) {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            self.0 = text.replace("rt-2", &format!("rt-2-{server}")).into_bytes();
        }
    }
}

fn plain(name: &str) -> Result<Vec<u8>> {
    let text = match name {
        "good" => GOOD,
        "good-no-refresh" => r#"{"access_token":"at-2","token_type":"Bearer","expires_in":3600}"#,
        "good-empty-refresh" => r#"{"access_token":"at-2","refresh_token":"","expires_in":3600}"#,
        "good-null-refresh" => r#"{"access_token":"at-2","refresh_token":null,"expires_in":3600}"#,
        "good-no-expires" => r#"{"access_token":"at-2","refresh_token":"rt-2","token_type":"Bearer"}"#,
        "good-quoted-expires" => r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":"3600"}"#,
        "good-negative-expires" => r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":-1}"#,
        "good-null-error" => r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600,"error":null}"#,
        "good-with-error" => {
            r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600,"error":"server_error"}"#
        }
        "good-nested" => r#"{"data":{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}}"#,
        "good-in-array" => r#"[{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}]"#,
        "good-as-form" => "access_token=at-2&refresh_token=rt-2&expires_in=3600&token_type=bearer",
        "good-form-no-refresh" => "access_token=at-2&expires_in=3600&token_type=bearer",
        "good-bom" => "\u{feff}{\"access_token\":\"at-2\",\"refresh_token\":\"rt-2\",\"expires_in\":3600}",
        "good-spaced" => "\r\n\r\n  {\"access_token\":\"at-2\",\"refresh_token\":\"rt-2\",\"expires_in\":3600}\n",
        "good-and-more" => r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}{"more":1}"#,
        "good-cut" => r#"{"access_token":"at-2","refresh_token":"rt"#,
        "empty-access" => r#"{"access_token":"","refresh_token":"rt-2","expires_in":3600}"#,
        "null-access" => r#"{"access_token":null,"refresh_token":"rt-2","expires_in":3600}"#,
        "number-access" => r#"{"access_token":17,"refresh_token":"rt-2","expires_in":3600}"#,
        "unfit-access" => r#"{"access_token":"at 2\n","refresh_token":"rt-2","expires_in":3600}"#,
        "refresh-alone" => r#"{"refresh_token":"rt-2","expires_in":3600}"#,
        "empty" => "",
        "blank" => " \r\n ",
        "object" => "{}",
        "array" => "[]",
        "null" => "null",
        "true" => "true",
        "string" => r#""ok""#,
        "words" => "Bad Request",
        "page" => "<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>",
        "block-page" => {
            "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
        }
        "gateway-page" => "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>",
        "xml" => "<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>",
        "error-cut" => r#"{"error":"invalid_grant","error_descr"#,
        "dead-bom" => "\u{feff}{\"error\":\"invalid_grant\"}",
        "dead-described" => r#"{"error":"invalid_grant","error_description":"Refresh token expired"}"#,
        "dead-pkce" => r#"{"error":"invalid_grant","error_description":"code_verifier is required"}"#,
        "dead-redirect" => r#"{"error":"invalid_grant","error_description":"redirect_uri mismatch"}"#,
        "dead-in-string" => r#"{"error":"{\"error\":\"invalid_grant\"}"}"#,
        "dead-in-array" => r#"[{"error":"invalid_grant"}]"#,
        "dead-as-list" => r#"{"error":["invalid_grant"]}"#,
        "dead-deep" => r#"{"error":{"inner":{"code":"invalid_grant"}}}"#,
        "dead-and-client" => r#"{"error":"invalid_client","error_description":"invalid_grant"}"#,
        "dead-and-busy" => r#"{"error":"temporarily_unavailable","error_description":"invalid_grant"}"#,
        "dead-throttled" => r#"{"error":"invalid_grant","code":"too_many_requests"}"#,
        "dead-echoed" => r#"{"error":"invalid_request","request":{"error":"invalid_grant"}}"#,
        "empty-error" => r#"{"error":""}"#,
        "null-error" => r#"{"error":null}"#,
        "false-error" => r#"{"success":false}"#,
        "busy-words" => r#"{"message":"Service is busy, try again in 20 seconds"}"#,
        "retry-in-body" => r#"{"error":"slow_down","retry_after":20}"#,
        "good-huge" | "dead-huge" | "good-latin1" | "latin1-access" | "dead-latin1" | "not-utf8" | "huge" => {
            return Ok(bytes(name));
        }
        _ => bail!("no such body: `{name}`"),
    };
    Ok(text.as_bytes().to_vec())
}

/// The bodies that are no text, or too long to be written down.
fn bytes(name: &str) -> Vec<u8> {
    match name {
        "good-huge" => [
            GOOD.strip_suffix('}').unwrap_or(GOOD),
            ",\"pad\":\"",
            &"x".repeat(HUGE),
            "\"}",
        ]
        .concat()
        .into_bytes(),
        "dead-huge" => format!(r#"{{"error":"invalid_grant","pad":"{}"}}"#, "x".repeat(HUGE)).into_bytes(),
        "good-latin1" => latin1(r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600,"name":"Jos#"}"#),
        "latin1-access" => latin1(r#"{"access_token":"at-#","refresh_token":"rt-2","expires_in":3600}"#),
        "dead-latin1" => latin1(r#"{"error":"invalid_grant","error_description":"expir#"}"#),
        "huge" => vec![b'x'; HUGE],
        _ => vec![0xff, 0xfe, 0x00, 0x80],
    }
}

/// The text with a byte that is not UTF-8 in place of `#`.
fn latin1(text: &str) -> Vec<u8> {
    text.bytes()
        .map(|byte| if byte == b'#' { 0xe9 } else { byte })
        .collect()
}

fn enveloped(envelope: &str, code: &str) -> Result<String> {
    Ok(match envelope {
        "error" => format!(r#"{{"error":"{code}"}}"#),
        "code" => format!(r#"{{"code":"{code}","message":"it failed"}}"#),
        "in-code" => format!(r#"{{"error":{{"code":"{code}","message":"it failed"}}}}"#),
        "in-type" => format!(r#"{{"error":{{"type":"{code}","message":"it failed"}}}}"#),
        "in-error" => format!(r#"{{"error":{{"error":"{code}"}}}}"#),
        "type" => format!(r#"{{"__type":"{code}","type":"{code}","message":"it failed"}}"#),
        "described" => format!(r#"{{"error":"server_error","error_description":"{code}"}}"#),
        "message" => format!(r#"{{"message":"{code}"}}"#),
        "words" => format!(r#"{{"error":"server_error","error_description":"upstream said {code}"}}"#),
        "form" => format!("error={code}&error_description=it+failed"),
        "page" => format!("<html><body><p>{{\"error\":\"{code}\"}}</p></body></html>"),
        "text" => code.to_owned(),
        _ => bail!("no such envelope: `{envelope}`"),
    })
}

/// Everything a good answer has.
pub(super) const GOOD: &str =
    r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600,"token_type":"Bearer"}"#;

/// 300 KiB: more than is read of any answer.
const HUGE: usize = 300 * 1024;
