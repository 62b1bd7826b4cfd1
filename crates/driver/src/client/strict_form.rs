//! Reads the field `model` of a form with parts (RFC 7578) in the one way in which every reader reads it, or not at all.
//!
//! What readers of forms differ in is refused: quoting, folding, casing, `name*`, lines without carriage returns, text before and
//! after the parts, boundaries within them.

use memchr::memmem;

/// A form that cannot be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubtful;

/// The boundary that a content type names; `None` if it is no form with parts.
///
/// # Errors
/// A form whose boundary two readers could read differently.
pub(super) fn boundary(content_type: &str) -> Result<Option<String>, Doubtful> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
        return Ok(None);
    }
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(Doubtful);
    }
    let mut found = None;
    for (name, value) in parameters_of(parameters)? {
        match name.as_str() {
            "boundary" if found.is_none() && is_boundary(&value) => found = Some(value),
            "charset" if value.eq_ignore_ascii_case("utf-8") => {}
            _ => return Err(Doubtful),
        }
    }
    found.map(Some).ok_or(Doubtful)
}

/// The one model that the form names, if it names one.
///
/// # Errors
/// A form that names it twice, or that two readers could read differently.
pub(super) fn model(whole: &[u8], boundary: &str) -> Result<Option<String>, Doubtful> {
    let mark = format!("--{boundary}");
    let mut rest = whole.strip_prefix(mark.as_bytes()).ok_or(Doubtful)?;
    let mut model = None;
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return if matches!(end, b"" | b"\r\n") {
                Ok(model)
            } else {
                Err(Doubtful)
            };
        }
        rest = rest.strip_prefix(b"\r\n").ok_or(Doubtful)?;
        // Wherever the boundary stands next, it must be one, for everybody.
        let next = memmem::find(rest, mark.as_bytes()).ok_or(Doubtful)?;
        let part = rest[..next].strip_suffix(b"\r\n").ok_or(Doubtful)?;
        let split = memmem::find(part, b"\r\n\r\n").ok_or(Doubtful)?;
        if is_model(&part[..split])? {
            let value = plain_text(&part[split + 4..])?;
            if model.replace(value).is_some() {
                return Err(Doubtful);
            }
        }
        rest = &rest[next + mark.len()..];
    }
}

/// Whether a part with this head is the field `model`.
fn is_model(head: &[u8]) -> Result<bool, Doubtful> {
    let head = std::str::from_utf8(head).map_err(|_| Doubtful)?;
    let (mut name, mut is_plain) = (None, true);
    for line in head.split("\r\n") {
        let (field, value) = line.split_once(':').ok_or(Doubtful)?;
        let is_token = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_token || value.contains(|c: char| c.is_control() && c != '\t') {
            return Err(Doubtful);
        }
        let value = value.trim().to_owned();
        match field.to_ascii_lowercase().as_str() {
            "content-disposition" if name.is_none() => name = Some(name_in(&value)?),
            "content-type" => {
                let kind = value.to_ascii_lowercase();
                is_plain = matches!(
                    kind.as_str(),
                    "text/plain" | "text/plain; charset=utf-8" | "text/plain;charset=utf-8"
                );
                if kind.starts_with("multipart/") {
                    return Err(Doubtful);
                }
            }
            "content-transfer-encoding" if !matches!(value.as_str(), "binary" | "8bit" | "7bit") => {
                return Err(Doubtful);
            }
            "content-transfer-encoding" | "content-length" | "mime-version" => {}
            "content-disposition" => return Err(Doubtful),
            // What it means is nobody's business here.
            _ => {}
        }
    }
    match name.ok_or(Doubtful)? {
        Name::Model if !is_plain => Err(Doubtful),
        Name::Model => Ok(true),
        Name::Other => Ok(false),
    }
}

/// What a field is.
enum Name {
    Model,
    Other,
}

/// What the value of a `Content-Disposition` names.
fn name_in(value: &str) -> Result<Name, Doubtful> {
    let (kind, parameters) = value.split_once(';').ok_or(Doubtful)?;
    if kind != "form-data" {
        return Err(Doubtful);
    }
    let mut name = None;
    for (parameter, value) in parameters_of(parameters)? {
        match parameter.as_str() {
            "name" if name.is_none() => name = Some(value),
            "filename" | "filename*" => {}
            _ => return Err(Doubtful),
        }
    }
    let name = name.ok_or(Doubtful)?;
    let plain = name.trim().to_ascii_lowercase();
    // As every client writes it: .NET without quotes.
    if matches!(value, "form-data; name=\"model\"" | "form-data; name=model") {
        return Ok(Name::Model);
    }
    // Some servers read `model[]`, `model.x` and capitals as the same, undo what is written in percents, and take another
    // charset from a field.
    let alike = plain
        .strip_prefix("model")
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    if alike || plain == "_charset_" || name.contains(['%', '\'']) {
        return Err(Doubtful);
    }
    Ok(Name::Other)
}

/// Parameters as in `; a="b"; c=d`, their names in small letters, nothing between them that one could read another way.
fn parameters_of(text: &str) -> Result<Vec<(String, String)>, Doubtful> {
    let mut found = Vec::new();
    // No quoted text that is let through has a `;` in it.
    for parameter in text.split(';') {
        let (name, value) = parameter.trim().split_once('=').ok_or(Doubtful)?;
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').ok_or(Doubtful)?,
            None if value.is_empty() || value.contains([' ', '\t']) => return Err(Doubtful),
            None => value,
        };
        let is_token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte));
        if !is_token || value.contains(['"', '\\']) || value.contains(char::is_control) {
            return Err(Doubtful);
        }
        found.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Ok(found)
}

/// RFC 2046 section 5.1.1, without the characters that would need a quoted text, and without a space.
fn is_boundary(text: &str) -> bool {
    (1..=70).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.+'".contains(&byte))
}

fn plain_text(value: &[u8]) -> Result<String, Doubtful> {
    let text = std::str::from_utf8(value).map_err(|_| Doubtful)?;
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        return Err(Doubtful);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n";
    const FILE: &str =
        "content-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\nx\r\n";

    fn read(parts: &[&str]) -> Result<Option<String>, Doubtful> {
        let parts: String = parts.iter().map(|part| format!("--b\r\n{part}")).collect();
        model(format!("{parts}--b--\r\n").as_bytes(), "b")
    }

    #[test]
    fn a_form_as_clients_write_it_is_read() {
        let found = Ok(Some("whisper-1".to_owned()));
        assert_eq!(read(&[MODEL]), found);
        assert_eq!(read(&[FILE, MODEL]), found);
        assert_eq!(read(&[FILE]), Ok(None));
        let dotnet = "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper-1\r\n";
        let its_file = "Content-Disposition: form-data; name=file; filename=a.mp3; filename*=utf-8''a.mp3\r\n\r\nx\r\n";
        assert_eq!(read(&[its_file, dotnet]), found);
        assert_eq!(read(&[MODEL, dotnet]), Err(Doubtful));
        let typed = MODEL.replacen("\r\n\r\n", "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", 1);
        assert_eq!(read(&[&typed]), found);
        let listed = "Content-Disposition: form-data; name=\"timestamp_granularities[]\"\r\n\r\nword\r\n";
        let named = "Content-Disposition: form-data; name=\"file\"; filename=\"\u{fc}.mp3\"; filename*=UTF-8''%C3%BC.mp3\r\n\r\nx\r\n";
        assert_eq!(read(&[listed, MODEL, named, listed]), found);
    }

    #[test]
    fn what_two_readers_read_differently_is_in_doubt() {
        for head in [
            "Content-Disposition: form-data; name=\"model\"",
            "Content-Disposition: form-data; name = \"model\"",
            "Content-Disposition: form-data; name=\"Model\"",
            "Content-Disposition: form-data; name=\"x\"; name=\"model\"",
            "Content-Disposition: form-data; name=\"x;name=model\"",
            "Content-Disposition: form-data;\r\n name=\"model\"",
            "Content-Disposition: form-data; name*=utf-8''model",
            "Content-Disposition: form-data",
            "X: y",
            "X",
        ] {
            assert_eq!(read(&[MODEL, &format!("{head}\r\n\r\nx\r\n")]), Err(Doubtful), "{head}");
        }
        assert_eq!(
            read(&[MODEL, "Content-Disposition: form-data; name=\"x\"\r\n\r\na\n--b\nb\r\n"]),
            Err(Doubtful)
        );
        assert_eq!(model(b"", "b"), Err(Doubtful));
        assert_eq!(model(b"--b--", "b"), Ok(None));
        assert_eq!(model(format!("--b\r\n{MODEL}").as_bytes(), "b"), Err(Doubtful));
    }

    #[test]
    fn a_boundary_is_named_once_and_plainly() {
        let named = |text: &str| boundary(text).map(|found| found.unwrap_or_default());
        assert_eq!(named("Multipart/Form-Data; boundary=----X1"), Ok("----X1".to_owned()));
        assert_eq!(
            named("multipart/form-data; charset=utf-8; boundary=\"a b\""),
            Err(Doubtful)
        );
        assert_eq!(named("multipart/form-data; boundary=\"ab\""), Ok("ab".to_owned()));
        assert_eq!(named("application/json"), Ok(String::new()));
        for doubtful in [
            "multipart/form-data",
            "multipart/mixed; boundary=a",
            "multipart/form-data; boundary=a; boundary=b",
            "multipart/form-data; boundary*=utf-8''a",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(named(doubtful), Err(Doubtful), "{doubtful}");
        }
    }
}
