//! The one model that a body names, where that decides whether it may go out: read so that no provider can read another one.

use std::collections::HashSet;
use std::fmt;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::body::{Body, KEPT_EACH, Progress};
use super::multipart::Multipart;

impl Body {
    /// The model that the body names, for a client key that is held to some models; `None` if it names none. The whole body is
    /// read, because what stands last in it may be what counts, and goes out all the same.
    ///
    /// # Errors
    /// A body that names a model twice, in another writing, or in a form in which it cannot be looked for.
    #[doc(hidden)]
    pub async fn sole_model(&mut self, headers: &HeaderMap) -> Result<Option<String>, Failure> {
        match self.read(|_| false).await? {
            Progress::Ended | Progress::Enough => {}
            Progress::Full => return Err(too_large()),
        }
        let whole = self.gathered();
        if whole.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(unreadable("it is compressed"));
        }
        let typed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(form) = typed.and_then(Multipart::new) {
            return of_form(form, &whole);
        }
        of_json(&whole)
    }
}

fn of_json(text: &[u8]) -> Result<Option<String>, Failure> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = (&mut found).deserialize(&mut reader).and_then(|()| reader.end());
    match (read, found.doubt) {
        (_, Some(doubt)) => Err(unreadable(doubt)),
        (Err(_), None) => Err(unreadable("it is no JSON object")),
        (Ok(()), None) => Ok(found.model),
    }
}

fn of_form(mut form: Multipart, whole: &[u8]) -> Result<Option<String>, Failure> {
    form.feed(whole);
    let model = form.found();
    let small = whole.to_ascii_lowercase();
    let fields: usize = WRITINGS
        .iter()
        .map(|writing| memchr::memmem::find_iter(&small, writing).count())
        .sum();
    match (fields, &model) {
        (0, None) => Ok(None),
        (1, Some(_)) => Ok(model),
        (_, _) => Err(unreadable(
            "its form names a model more than once, or in a way of its own",
        )),
    }
}

/// What was found at the top of an object.
#[derive(Default)]
struct Found {
    model: Option<String>,
    doubt: Option<&'static str>,
}

/// A text as it is written, and whether there are escapes in it.
struct Written {
    text: String,
    escaped: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Found {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key_seed(Text)? {
            let small = name.text.to_ascii_lowercase();
            // Some parsers know no capitals in the names of members.
            if small == "models" {
                self.doubt = Some("it names several models to choose from");
            }
            if small != "model" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if name.escaped || name.text != "model" {
                self.doubt = Some("it writes the name of `model` in a way of its own");
            }
            if !seen.insert(small) {
                self.doubt = Some("it names a model more than once");
            }
            let value = map.next_value_seed(Text)?;
            if value.escaped {
                self.doubt = Some("it writes its model with escapes");
            }
            self.model = Some(value.text);
        }
        Ok(())
    }
}

/// Reads a text; anything else is an error.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Written;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Written, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    /// Only what has no escapes can be lent.
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Written, E> {
        Ok(Written {
            text: text.to_owned(),
            escaped: false,
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Written, E> {
        Ok(Written {
            text: text.to_owned(),
            escaped: true,
        })
    }
}

fn unreadable(why: &str) -> Failure {
    let message = format!("a client key that is held to some models cannot send this body: {why}");
    Failure::new(Code::ClientKeyForbidden, message).with_remedy(Remedy::ChangeRequest)
}

fn too_large() -> Failure {
    let limit = KEPT_EACH / (1024 * 1024);
    let message =
        format!("a client key that is held to some models can send at most {limit} MiB, which must be read first");
    Failure::new(Code::BodyTooLarge, message).with_remedy(Remedy::ChangeRequest)
}

/// How the field of a form is named, by clients and by whoever wants to be misread.
const WRITINGS: [&[u8]; 4] = [b"name=\"model\"", b"name='model'", b"name=model", b"name*="];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Result<Option<&str>, ()>) {
        let found = of_json(body.as_bytes());
        assert_eq!(found.as_ref().map(Option::as_deref).map_err(|_| ()), expected, "{body}");
    }

    #[test]
    fn a_model_is_named_once_and_plainly() {
        check(
            r#"{"model":"grok-4.3","messages":[{"model":"x"}]}"#,
            Ok(Some("grok-4.3")),
        );
        check(r#" {"messages":"\u0061", "model" : "a/b:c" } "#, Ok(Some("a/b:c")));
        check("{}", Ok(None));
        for body in [
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","mod\u0065l":"b"}"#,
            r#"{"mod\u0065l":"a"}"#,
            r#"{"model":"\u0061"}"#,
            r#"{"model":"a","Model":"b"}"#,
            r#"{"MODEL":"a"}"#,
            r#"{"model":"a","models":["b"]}"#,
            r#"{"model":"a"}{"model":"b"}"#,
            r#"{"model":["a"]}"#,
            r#"{"model":null}"#,
            r#"{"model":"a",}"#,
            r#"{"model":"a""#,
            r#"[{"model":"a"}]"#,
            "model=a",
        ] {
            check(body, Err(()));
        }
    }

    #[test]
    fn a_form_names_it_once_too() {
        let form = |fields: &[(&str, &str)]| {
            let mut text = String::new();
            for (head, value) in fields {
                text.push_str(&format!(
                    "--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n"
                ));
            }
            text + "--b--\r\n"
        };
        let read = |text: &str| {
            of_form(
                Multipart::new("multipart/form-data; boundary=b").unwrap(),
                text.as_bytes(),
            )
        };
        let model = ("name=\"model\"", "whisper-1");
        assert_eq!(read(&form(&[model])).unwrap().as_deref(), Some("whisper-1"));
        assert_eq!(
            read(&form(&[("name=\"file\"; filename=\"a.mp3\"", "x")])).unwrap(),
            None
        );
        for second in ["name=\"model\"", "NAME=Model", "name*=utf-8''model", "name='model'"] {
            assert!(read(&form(&[model, (second, "other")])).is_err(), "{second}");
        }
    }
}
